//! What the pages of asking for help show: progress, the fields of the step, the answers that
//! travel along, the way to the police whenever the matter sounds dangerous.

use super::{
    ErrorLine, FLOW,
    area::{self, AreaView},
    chosen::KeptView,
    help::{CARRIED, Step},
    home::{Topic, topics},
};
use crate::{
    error::{Oops, field_words},
    form::Form,
    page::Page,
    view::{FieldView, OptionView, category_name, field_views},
};
use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    field::{FieldFault, FieldKind},
    workflow::{FieldUse, Workflow},
};

/// How and when somebody may be reached: what most people answer.
const PLAN: &[&str] = &["contact_ways", "contact_days", "contact_from", "contact_until"];
/// The rest of it, folded away, so that the page stays short.
const MORE: &[&str] = &[
    "no_contact",
    "contact_message",
    "code_word",
    "who_answers",
    "blocked_numbers",
    "safe_contact",
];

fn is_one(code: &str, of: &[&str]) -> bool {
    of.contains(&code)
}

/// What stands in the way of going on.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Fields to be mended.
    pub(super) fields: Vec<FieldFault>,
    /// Why it could not be taken: a file, or the machine.
    pub(super) file: Option<Oops>,
    /// Whether the consent is missing.
    pub(super) consent: bool,
    /// Whether words that call for help at once were just written.
    pub(super) alarm: bool,
    /// Files that wait for the form to be sent.
    pub(super) kept: Vec<KeptView>,
    /// Files that could not be kept.
    pub(super) lost: bool,
}

impl Trouble {
    pub(super) fn none() -> Self {
        Self::fields(Vec::new())
    }

    pub(super) fn fields(fields: Vec<FieldFault>) -> Self {
        Self { fields, file: None, consent: false, alarm: false, kept: Vec::new(), lost: false }
    }

    pub(super) fn alarm() -> Self {
        Self { alarm: true, ..Self::none() }
    }

    fn status(&self) -> StatusCode {
        match &self.file {
            Some(Oops::Fault(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Some(Oops::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Some(Oops::Slow(_)) => StatusCode::TOO_MANY_REQUESTS,
            None if self.fields.is_empty() && !self.consent => StatusCode::OK,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// A step of the progress bar.
struct Mark<'a> {
    name: &'a str,
    done: bool,
    now: bool,
}

/// An answer in the review.
struct Fact {
    label: String,
    value: String,
}

/// The answers of one step in the review.
struct Part<'a> {
    title: &'a str,
    step: &'static str,
    facts: Vec<Fact>,
}

#[expect(clippy::struct_excessive_bools, reason = "each says what the page draws or not")]
#[derive(Template)]
#[template(path = "citizen/help.html")]
struct HelpPage<'a> {
    page: &'a Page,
    step: &'static str,
    marks: Vec<Mark<'a>>,
    hidden: Vec<(&'static str, &'a str)>,
    title: String,
    lead: String,
    alarm: bool,
    heard: bool,
    errors: Vec<ErrorLine>,
    topics: Vec<Topic>,
    kinds: Vec<OptionView>,
    group: String,
    advice: &'a str,
    fields: Vec<FieldView>,
    plan: Vec<FieldView>,
    more: Vec<FieldView>,
    more_open: bool,
    area: AreaView,
    area_error: &'a str,
    parts: Vec<Part<'a>>,
    consent: bool,
    consent_error: bool,
    kept: &'a [KeptView],
    files_note: &'a str,
}

/// Shows a step with everything answered so far.
pub(super) fn show(
    page: &Page,
    step: Step,
    form: &Form,
    trouble: &Trouble,
) -> Result<Response, Oops> {
    let Some(flow) = page.pack.workflow(FLOW) else { return Err(Oops::NotFound) };
    let step = if step == Step::Kind && kinds(page, form).len() < 2 { Step::Group } else { step };
    let group = page.pack.categories.get(form.get("group"));
    let shown = |code: &&&str| match step {
        Step::Group => **code == "group",
        _ => step.fields().contains(*code),
    };
    let key = |part: &str| format!("help.{}.{part}", step.name());
    let errors = errors(page, trouble);
    let fields = fields(page, flow, step, form, &trouble.fields);
    let (more, fields): (Vec<_>, Vec<_>) = fields.into_iter().partition(|f| is_one(&f.code, MORE));
    let (plan, fields): (Vec<_>, Vec<_>) = fields.into_iter().partition(|f| is_one(&f.code, PLAN));
    let view = HelpPage {
        page,
        step: step.name(),
        marks: marks(page, step),
        hidden: CARRIED
            .iter()
            .filter(|code| !shown(code))
            .flat_map(|code| form.all(code).iter().map(move |value| (*code, value.as_str())))
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        title: page.t(&key("title")).to_owned(),
        lead: page.t(&key("lead")).to_owned(),
        heard: trouble.alarm,
        alarm: trouble.alarm || step == Step::Group || is_alarming(page, form),
        topics: if step == Step::Group { topics(page, form.get("group")) } else { Vec::new() },
        kinds: if step == Step::Kind { kinds(page, form) } else { Vec::new() },
        group: group.map_or(String::new(), |g| page.either(&g.name, &g.en).to_owned()),
        advice: advice(page, step, form),
        fields,
        plan,
        more_open: more.iter().any(|f| !f.error.is_empty()),
        more,
        area: if step == Step::Story { area::view(page, form) } else { AreaView::default() },
        area_error: if trouble.fields.iter().any(|f| f.field == "place") {
            page.t("help.area.which")
        } else {
            ""
        },
        parts: if step == Step::Review { parts(page, flow, form) } else { Vec::new() },
        consent: form.get("consent") == "yes",
        consent_error: trouble.consent,
        kept: if step == Step::Review { &trouble.kept } else { &[] },
        files_note: page.t(if trouble.lost { "errors.files" } else { "errors.kept" }),
        errors,
    };
    let mut shown = (trouble.status(), page.show(&view)?).into_response();
    if let Some(Oops::Slow(seconds)) = trouble.file {
        shown.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(shown)
}

/// Whether the chosen category or anything that was written sounds like danger.
pub(super) fn is_alarming(page: &Page, form: &Form) -> bool {
    let chosen = [form.get("category"), form.get("group")];
    let category = chosen.into_iter().find(|c| !c.is_empty()).unwrap_or_default();
    let grave = page.pack.categories.get(category).is_some_and(|c| c.emergency || c.sensitive);
    grave || is_emergency(page, form)
}

/// Whether anything that was written calls for help at once.
pub(super) fn is_emergency(page: &Page, form: &Form) -> bool {
    let flow = page.pack.workflow(FLOW);
    let fields = flow.into_iter().flat_map(|f| f.fields.values()).filter(|f| f.kind.is_text());
    let mut texts = fields.map(|f| form.get(&f.code)).chain([form.get("find")]);
    texts.any(|text| page.pack.risk.is_emergency(text))
}

fn marks(page: &Page, step: Step) -> Vec<Mark<'_>> {
    let place = match step {
        Step::Group | Step::Kind => 0,
        Step::Story => 1,
        Step::Contact => 2,
        Step::Review => 3,
    };
    ["help.mark.what", "help.mark.story", "help.mark.contact", "help.mark.review"]
        .into_iter()
        .enumerate()
        .map(|(n, key)| Mark { name: page.t(key), done: n < place, now: n == place })
        .collect()
}

/// The categories of the chosen group, and "none of these", which is the group itself.
fn kinds(page: &Page, form: &Form) -> Vec<OptionView> {
    let (group, chosen) = (form.get("group"), form.get("category"));
    let all = page.pack.categories.values();
    let mut kinds: Vec<OptionView> = all
        .filter(|c| c.public && c.code.len() == 4 && c.code.get(..2) == Some(group))
        .map(|c| OptionView::of(&c.code, page.either(&c.name, &c.en), chosen))
        .collect();
    if page.pack.categories.contains_key(group) {
        kinds.push(OptionView::of(group, page.t("help.kind.other"), chosen));
    }
    kinds
}

/// What the pack advises for the category; the group's words while the category is chosen.
fn advice<'a>(page: &'a Page, step: Step, form: &Form) -> &'a str {
    let code = match step {
        Step::Kind => form.get("group"),
        Step::Story => form.get("category"),
        _ => return "",
    };
    page.pack.categories.get(code).map_or("", |c| page.either(&c.advice, &c.advice_en))
}

fn fields(
    page: &Page,
    flow: &Workflow,
    step: Step,
    form: &Form,
    faults: &[FieldFault],
) -> Vec<FieldView> {
    let by_hand = |code: &str| matches!(code, "category" | "place");
    let uses: Vec<FieldUse> = step
        .fields()
        .iter()
        .filter(|c| !by_hand(c))
        .filter_map(|c| flow.opening.fields.iter().find(|u| u.code == **c))
        .cloned()
        .collect();
    let mut views = field_views(page, flow, &uses, "f-", (form, faults));
    for view in &mut views {
        let (label, hint) =
            (format!("help.label.{}", view.code), format!("help.hint.{}", view.code));
        view.label = own(page, &label).unwrap_or(&view.label).to_owned();
        view.help = own(page, &hint).unwrap_or(&view.help).to_owned();
        if view.code == "contact_phone" {
            view.required = form.get("anonymous") != "yes";
        }
        if view.code == "anonymous" {
            if !view.error.is_empty() {
                page.t("help.reach.choose").clone_into(&mut view.error);
            }
            // Two plain answers instead of a box to tick: silence must not decide who is called.
            view.kind = "radio";
            view.required = true;
            let chosen = form.get("anonymous");
            view.options = vec![
                OptionView::of("no", page.t("help.reach.yes"), chosen),
                OptionView::of("yes", page.t("help.reach.no"), chosen),
            ];
        }
    }
    views
}

/// The words of these pages for a field, where they differ from those for staff.
pub(super) fn own<'a>(page: &'a Page, key: &'a str) -> Option<&'a str> {
    Some(page.t(key)).filter(|words| *words != key)
}

fn errors(page: &Page, trouble: &Trouble) -> Vec<ErrorLine> {
    let mut lines: Vec<ErrorLine> = trouble
        .fields
        .iter()
        .map(|f| ErrorLine {
            anchor: format!("f-{}", f.field),
            words: match f.field.as_str() {
                "category" => page.t("help.choose").to_owned(),
                "place" => page.t("help.area.which").to_owned(),
                "anonymous" => page.t("help.reach.choose").to_owned(),
                _ => field_words(page, f),
            },
        })
        .collect();
    if let Some(oops) = &trouble.file {
        // Only the last page has a place for files.
        let anchor = if matches!(oops, Oops::Slow(_)) { "main" } else { "f-files" };
        lines.push(ErrorLine { anchor: anchor.to_owned(), words: oops.words(page) });
    }
    if trouble.consent {
        let words = page.t("help.consent.missing").to_owned();
        lines.push(ErrorLine { anchor: "f-consent".to_owned(), words });
    }
    lines
}

/// Everything that was answered, to be read once more.
fn parts<'a>(page: &'a Page, flow: &Workflow, form: &Form) -> Vec<Part<'a>> {
    let steps = [
        (Step::Kind, "help.mark.what", Step::Group),
        (Step::Story, "help.mark.story", Step::Story),
        (Step::Contact, "help.mark.contact", Step::Contact),
    ];
    steps
        .into_iter()
        .map(|(step, title, back)| Part {
            title: page.t(title),
            step: back.name(),
            facts: step.fields().iter().filter_map(|code| fact(page, flow, form, code)).collect(),
        })
        .collect()
}

fn fact(page: &Page, flow: &Workflow, form: &Form, code: &str) -> Option<Fact> {
    let field = flow.fields.get(code)?;
    let given = form.get(code);
    if form.get("anonymous") == "yes" && matches!(code, "contact_name" | "contact_phone") {
        return None;
    }
    let value = match &field.kind {
        FieldKind::Category => category_name(page, given),
        FieldKind::Place => page.pack.regions.full_name(given),
        FieldKind::Flag if given == "yes" => page.t("help.reach.no").to_owned(),
        FieldKind::Flag => page.t("help.reach.yes").to_owned(),
        FieldKind::Choice(options) | FieldKind::Choices(options) => {
            let chosen = options.iter().filter(|o| form.all(code).contains(&o.value));
            let names: Vec<&str> = chosen.map(|o| page.either(&o.label, &o.en)).collect();
            names.join(page.t("staff.comma"))
        }
        _ => given.to_owned(),
    };
    let key = format!("help.fact.{code}");
    let label = own(page, &key).unwrap_or(page.either(&field.label, &field.en)).to_owned();
    Some(Fact { label, value }).filter(|f| !f.value.is_empty())
}
