//! The call screen: an appeal is taken, graded and passed on in one command while the caller is
//! on the line. Serves the workflow that the pack's channel of calls opens; one without these
//! actions refuses them.

use super::{
    case,
    offers::{self, Near},
    opening,
    panels::{self, LinkView},
};
use crate::{
    app::App,
    error::{Oops, field_words},
    form::{Form, fresh_command},
    page::Page,
    session::LoggedIn,
    view::{FieldView, GradeView, OptionView, category_name, field_views},
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    decide::Step,
    field::{self, Checked, FieldFault, Raw, Why},
    pack::Answer,
    refusal::Refusal,
    workflow::{FieldUse, Workflow},
};
use std::collections::{BTreeMap, BTreeSet};
use store::{KnownCase, NewCase};

/// The role that answers calls.
const ROLE: &str = "operator";
/// The step that grades.
const REGISTER: &str = "register";
/// The field of an answer on the spot.
const ANSWER: &str = "answer";

/// Cases of the same name that are shown beside those of the telephone.
const MOST_NAMED: usize = 10;

/// How and when the caller may be reached.
const PLAN: &[&str] = &[
    "no_contact",
    "contact_ways",
    "contact_days",
    "contact_from",
    "contact_until",
    "contact_message",
    "code_word",
    "who_answers",
    "blocked_numbers",
];

#[derive(Template)]
#[template(path = "staff/call.html")]
struct CallPage<'a> {
    page: &'a Page,
    command: String,
    who: Vec<FieldView>,
    what: Vec<FieldView>,
    place: Vec<FieldView>,
    safe: Vec<FieldView>,
    plan: Vec<FieldView>,
    plan_open: bool,
    victim: Vec<FieldView>,
    answer: Vec<FieldView>,
    risk: Vec<FieldView>,
    groups: Vec<OptionView>,
    kinds: Vec<OptionView>,
    category_error: String,
    panel: Panel,
    wrong: Vec<case::Wrong>,
    error: String,
}

#[derive(Template)]
#[template(path = "staff/call_panel.html")]
struct PanelPage<'a> {
    page: &'a Page,
    panel: Panel,
}

/// What the program knows of the call so far.
#[derive(Debug, Default)]
struct Panel {
    grade: Option<GradeView>,
    meaning: String,
    reasons: Vec<String>,
    emergency: bool,
    asked: bool,
    same: Vec<LinkView>,
}

/// What goes wrong on the screen: faults of fields, or one sentence.
#[derive(Default)]
struct Trouble {
    faults: Vec<FieldFault>,
    error: String,
}

pub(super) async fn page(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
) -> Result<Response, Oops> {
    let flow = flow(&page)?;
    show(&app, &me, &page, flow, (&Form::default(), Trouble::default())).await
}

pub(super) async fn blank_panel(page: Page) -> Result<Response, Oops> {
    flow(&page)?;
    page.show(&PanelPage { page: &page, panel: Panel::default() })
}

pub(super) async fn panel(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    form: Form,
) -> Result<Response, Oops> {
    flow(&page)?;
    let panel = look(&app, &me, &page, &form).await?;
    page.show(&PanelPage { page: &page, panel })
}

pub(super) async fn send(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    form: Form,
) -> Result<Response, Oops> {
    let flow = flow(&page)?;
    let last = match form.get("do") {
        "register" => "to_triage",
        "answer" => "answer_on_spot",
        "urgent" => "urgent",
        _ => return show(&app, &me, &page, flow, (&form, Trouble::default())).await,
    };
    let (given, then) = match checked(&page, &me, flow, &form, last) {
        Ok(wish) => wish,
        Err(faults) => {
            let trouble = Trouble { faults, error: page.t("refusal.fields").to_owned() };
            let body = show(&app, &me, &page, flow, (&form, trouble)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response());
        }
    };
    let command = form.command();
    let receipt = app.store().receipt_for(&command);
    let new = NewCase {
        command,
        actor: me.actor(),
        workflow: flow.code.clone(),
        programme: None,
        given,
        then,
        files: Vec::new(),
        receipt: receipt.clone(),
        imported: None,
    };
    match app.store().open_case(&page.pack, app.now(), new).await.map_err(Oops::from) {
        Ok(opened) => {
            let done = flow.action(last).map_or("", |a| page.either(&a.name, &a.en));
            opening::told(&page, &opened, &receipt, page.tf("call.done", &[("action", done)]))
        }
        Err(oops @ Oops::Refused(_)) => {
            let trouble = Trouble { error: oops.words(&page), ..Trouble::default() };
            let body = show(&app, &me, &page, flow, (&form, trouble)).await?;
            Ok((oops.status(), body).into_response())
        }
        Err(oops) => Err(oops),
    }
}

/// The workflow that a call opens, for those who answer calls.
fn flow(page: &Page) -> Result<&Workflow, Oops> {
    let (_, flow) = page.pack.calls().ok_or(Oops::NotFound)?;
    if page.has_role(&[ROLE]) {
        Ok(flow)
    } else {
        Err(Oops::Refused(Refusal::MayNotOpen(flow.code.clone())))
    }
}

/// The fields of an action.
fn uses<'a>(flow: &'a Workflow, action: &str) -> &'a [FieldUse] {
    flow.action(action).map_or(&[], |a| a.fields.as_slice())
}

/// The opening and the steps after it.
fn checked(
    page: &Page,
    me: &LoggedIn,
    flow: &Workflow,
    form: &Form,
    last: &str,
) -> Result<(Checked, Vec<Step>), Vec<FieldFault>> {
    let pack = &page.pack;
    let near = opening::own_place(page, me);
    let mut faults = Vec::new();
    let mut check = |uses: &[FieldUse]| {
        let raw = raw(page, flow, uses, near, form);
        field::check(pack, flow, uses, &raw).unwrap_or_else(|found| {
            faults.extend(found);
            Checked::default()
        })
    };
    let given = check(&flow.opening.fields);
    let steps = [REGISTER, last]
        .map(|action| Step { action: action.to_owned(), given: check(uses(flow, action)) });
    if category(form).is_none() {
        let fault = |field| FieldFault::of(field, Why::NotAnOption);
        faults.extend(flow.fields.get("category").map(fault));
    }
    let mut seen = Vec::new();
    faults.retain(|f| {
        let new = !seen.contains(&f.field);
        seen.push(f.field.clone());
        new
    });
    if faults.is_empty() { Ok((given, steps.into())) } else { Err(faults) }
}

fn raw(page: &Page, flow: &Workflow, uses: &[FieldUse], near: &str, form: &Form) -> Raw {
    let mut raw = form.raw(uses.iter().map(|u| u.code.as_str()));
    offers::settle(&page.pack, flow, uses, near, &mut raw);
    let asked = |code: &str| uses.iter().any(|u| u.code == code);
    if let Some((channel, _)) = page.pack.calls().filter(|_| asked("channel")) {
        raw.insert("channel".to_owned(), vec![channel.code.clone()]);
    }
    if let Some(category) = category(form).filter(|c| asked("category") && !c.is_empty()) {
        raw.insert("category".to_owned(), vec![category.to_owned()]);
    }
    raw
}

/// The kind of matter, or its group when no kind was chosen; none when the two contradict.
fn category(form: &Form) -> Option<&str> {
    let (group, kind) = (form.get("group"), form.get("category"));
    if kind.is_empty() { Some(group) } else { kind.starts_with(group).then_some(kind) }
}

/// Grade, reasons and earlier cases for what was typed so far.
async fn look(app: &App, me: &LoggedIn, page: &Page, form: &Form) -> Result<Panel, Oops> {
    let pack = &page.pack;
    let known = category(form).and_then(|c| pack.categories.get(c));
    let base = known
        .map(|c| c.grade.as_str())
        .or_else(|| pack.risk.grades.first().map(|g| g.code.as_str()));
    let assessment = pack.risk.assess(base.unwrap_or_default(), &answers(form));
    let mut reasons = Vec::new();
    if let Some(category) = known {
        let grade = GradeView::new(page, &category.grade).name;
        let name = category_name(page, &category.code);
        reasons.push(page.tf("call.why_category", &[("category", &name), ("grade", &grade)]));
    }
    for question in assessment.yes.iter().filter_map(|q| pack.risk.question(q)).filter(|q| q.red) {
        let text = page.either(&question.text, &question.en);
        reasons.push(page.tf("call.why_red", &[("question", text)]));
    }
    let counted =
        [("call.why_yes", assessment.yes.len()), ("call.why_unknown", assessment.unknown.len())];
    for (key, n) in counted.into_iter().filter(|(_, n)| *n > 0) {
        reasons.push(page.tf(key, &[("n", &n.to_string())]));
    }
    let fields = flow(page)?.fields.values().filter(|f| f.kind.is_text());
    let told: Vec<&str> = fields.map(|f| form.get(&f.code)).collect();
    let same = same_person(app, me, page, form).await?;
    let grade = pack.risk.grade(&assessment.grade);
    Ok(Panel {
        meaning: grade.map_or("", |g| page.either(&g.meaning, &g.meaning_en)).to_owned(),
        grade: Some(GradeView::new(page, &assessment.grade)),
        reasons,
        emergency: told.iter().any(|text| pack.risk.is_emergency(text))
            || known.is_some_and(|c| c.emergency),
        asked: ["contact_phone", "contact_name"].iter().any(|code| !form.get(code).is_empty()),
        same,
    })
}

/// Cases of the telephone, then those of the name in the same county.
async fn same_person(
    app: &App,
    me: &LoggedIn,
    page: &Page,
    form: &Form,
) -> Result<Vec<LinkView>, Oops> {
    let (pack, viewer) = (&page.pack, me.viewer());
    let mut found = app.store().same_phone(pack, &viewer, form.get("contact_phone")).await?;
    let by_phone = found.len();
    let near = opening::own_place(page, me);
    if let Some(region) = offers::region(pack, near, form.get("place")) {
        let who = (form.get("contact_name"), region.code.as_str());
        let known: BTreeSet<i64> = found.iter().map(|one| one.id).collect();
        let named = app.store().same_name(pack, &viewer, who).await?;
        let others = named.into_iter().filter(|one| !known.contains(&one.id));
        found.extend(others.take(MOST_NAMED));
    }
    let link = |(n, one): (usize, &KnownCase)| {
        let mut note = category_name(page, &one.category);
        if n >= by_phone {
            note = page.tf("call.same_name", &[("category", &note)]);
        }
        panels::case_link(page, one, &note)
    };
    Ok(found.iter().enumerate().map(link).collect())
}

fn answers(form: &Form) -> BTreeMap<String, Answer> {
    let raw = form.raw(["risk"]);
    let given = raw.get("risk").map_or(&[][..], Vec::as_slice);
    let one = |pair: &String| {
        let (question, answer) = pair.split_once('=')?;
        let answer = match answer {
            "yes" => Answer::Yes,
            "no" => Answer::No,
            "unknown" => Answer::Unknown,
            _ => return None,
        };
        Some((question.to_owned(), answer))
    };
    given.iter().filter_map(one).collect()
}

async fn show(
    app: &App,
    me: &LoggedIn,
    page: &Page,
    flow: &Workflow,
    (form, trouble): (&Form, Trouble),
) -> Result<Response, Oops> {
    let asked =
        flow.opening.fields.iter().chain(uses(flow, REGISTER)).chain(uses(flow, "answer_on_spot"));
    let mut all: Vec<FieldUse> = Vec::new();
    for one in asked {
        if all.iter().all(|known| known.code != one.code) {
            all.push(one.clone());
        }
    }
    let faults = trouble.faults.as_slice();
    let mut fields = field_views(page, flow, &all, "c-", (form, faults));
    let near = Near { place: opening::own_place(page, me), own: &me.account.unit, case: None };
    offers::fill(page, flow, near, form, &mut fields);
    let pick = |codes: &[&str]| -> Vec<FieldView> {
        let one = |code: &&str| fields.iter().find(|f| f.code == **code).cloned();
        codes.iter().filter_map(one).collect()
    };
    let panel = if form.get("command").is_empty() {
        Panel::default()
    } else {
        look(app, me, page, form).await?
    };
    let said = form.get("command");
    page.show(&CallPage {
        page,
        command: if said.is_empty() { fresh_command() } else { said.to_owned() },
        who: pick(&["contact_phone", "contact_name"]),
        what: pick(&["summary", "narrative"]),
        place: pick(&["place", "address"]),
        safe: pick(&["safe_contact", "relation", "anonymous"]),
        plan_open: PLAN.iter().any(|code| !form.get(code).is_empty())
            || faults.iter().any(|f| PLAN.contains(&f.field.as_str())),
        plan: pick(PLAN),
        victim: pick(&["victim", "suspected"]),
        answer: pick(&[ANSWER]),
        risk: pick(&["risk"]),
        groups: groups(page, form),
        kinds: kinds(page, form),
        category_error: faults
            .iter()
            .find(|f| f.field == "category")
            .map_or(String::new(), |f| field_words(page, f)),
        panel,
        wrong: faults
            .iter()
            .map(|f| case::Wrong { id: format!("c-{}", f.field), text: field_words(page, f) })
            .collect(),
        error: trouble.error,
    })
}

/// The groups of matters as quick keys.
fn groups(page: &Page, form: &Form) -> Vec<OptionView> {
    let groups = page.pack.categories.values().filter(|c| c.code.len() == 2);
    groups
        .map(|c| OptionView::of(&c.code, page.either(&c.name, &c.en), form.get("group")))
        .collect()
}

/// The kinds of the chosen group, or all.
fn kinds(page: &Page, form: &Form) -> Vec<OptionView> {
    let group = category(form).and_then(|c| c.get(..2)).unwrap_or_default();
    let kinds = page.pack.categories.values();
    let kinds = kinds.filter(|c| c.code.len() > 2 && c.code.starts_with(group));
    kinds
        .map(|c| OptionView::of(&c.code, &category_name(page, &c.code), form.get("category")))
        .collect()
}
