//! The rights of the person on the appellant's own page: asking for a copy, a correction, an end of
//! consent, an erasure; seeing until when it is answered, and the answer. What may be asked and who
//! decides it is the domain's.

use super::{
    my,
    my_page::{self, Said},
};
use crate::{
    app::App,
    copy, copy_zip,
    error::Oops,
    form::{Form, fresh_command},
    page::Page,
    session::Pass,
    staff::papers,
    view::{self, LightView, OptionView},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::Viewer,
    case::{Actor, Fact},
    clock::Light,
    rights::{self, ANSWERED, Event, REASON, Request, Right, WANTED, WISH, Wish},
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use store::{CasePage, RightWish};

/// The longest text of a request, in characters.
const MOST: usize = 2_000;

/// One request, as its owner sees it.
pub(crate) struct RequestView {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) asked: String,
    pub(crate) state: &'static str,
    pub(crate) class: &'static str,
    pub(crate) light: Option<LightView>,
    pub(crate) due: String,
    pub(crate) ground: String,
    pub(crate) reason: String,
}

/// A form for one right.
pub(crate) struct AskView {
    pub(crate) code: &'static str,
    pub(crate) name: String,
    pub(crate) note: String,
    pub(crate) command: String,
    pub(crate) fields: Vec<OptionView>,
}

/// The part of the page that is about rights.
pub(crate) struct Section {
    pub(crate) requests: Vec<RequestView>,
    pub(crate) asks: Vec<AskView>,
    pub(crate) copy: bool,
    pub(crate) erased: String,
    pub(crate) withdrawn: String,
}

/// The requests of a case in words.
pub(crate) fn requests(page: &Page, case: &CasePage, now: Timestamp) -> Vec<RequestView> {
    case.case.rights.requests.iter().rev().map(|r| request(page, case, r, now)).collect()
}

fn request(page: &Page, case: &CasePage, request: &Request, now: Timestamp) -> RequestView {
    let due = request.clock.due();
    let light = request.clock.light(now, page.pack.lights, &page.pack.work_time);
    let light = light.unwrap_or(if now >= due { Light::Red } else { Light::Green });
    let open = request.end.is_none();
    let (state, class) = match &request.end {
        None if request.checked.is_some() => ("rights.checked", "state-wait"),
        None => ("rights.open", "state-wait"),
        Some(end) if end.basis.is_none() => ("rights.granted", "state-end"),
        Some(_) => ("rights.refused", "state-end"),
    };
    let basis = request.end.as_ref().and_then(|end| page.pack.rights.basis(end.basis.as_deref()?));
    let ends = |fact: &Fact| {
        matches!(fact, Fact::Right { event: Event::Granted { id, .. } | Event::Refused { id, .. } }
            if *id == request.id)
    };
    let answer = case.entries.iter().find(|e| e.facts.iter().any(ends));
    let reason = answer.and_then(|e| e.texts.get(ANSWERED)?.get(REASON));
    RequestView {
        id: request.id,
        name: name(page, request),
        asked: view::clock_time(page, request.clock.started()),
        state,
        class,
        light: open.then(|| LightView::new(page, light, due, now)),
        due: match &request.end {
            None => page.tf("rights.due", &[("at", &view::day(page, due))]),
            Some(end) => page.tf("rights.answered_on", &[("at", &view::day(page, end.at))]),
        },
        ground: basis.map_or(String::new(), |b| page.either(&b.name, &b.en).to_owned()),
        reason: reason.cloned().unwrap_or_default(),
    }
}

/// What was asked for, with the field where it is a correction.
fn name(page: &Page, request: &Request) -> String {
    let words = page.t(key(request.right)).to_owned();
    let fields = page.pack.workflows.values();
    let code = request.field.as_deref();
    match code.and_then(|code| fields.into_iter().find_map(|w| w.fields.get(code))) {
        Some(field) => {
            format!("{words}{}{}", page.t("staff.colon"), page.either(&field.label, &field.en))
        }
        None => words,
    }
}

/// The words for a right.
pub(crate) fn key(right: Right) -> &'static str {
    match right {
        Right::Copy => "rights.copy",
        Right::Correct => "rights.correct",
        Right::Withdraw => "rights.withdraw",
        Right::Erase => "rights.erase",
    }
}

fn note(right: Right) -> &'static str {
    match right {
        Right::Copy => "rights.copy.note",
        Right::Correct => "rights.correct.note",
        Right::Withdraw => "rights.withdraw.note",
        Right::Erase => "rights.erase.note",
    }
}

/// The fields that may be corrected.
pub(crate) fn correctable(page: &Page, case: &CasePage) -> Vec<OptionView> {
    let flow = page.pack.flow_of(&case.case);
    let fields = flow.into_iter().flat_map(|f| f.opening.fields.iter().map(move |u| (f, u)));
    let fields = fields.filter_map(|(f, u)| Some((f, f.fields.get(&u.code)?)));
    let can = fields.filter(|(flow, field)| rights::is_correctable(flow, field));
    can.map(|(_, f)| OptionView::new(&f.code, page.either(&f.label, &f.en), false)).collect()
}

/// The forms that are open to ask.
pub(crate) fn asks(page: &Page, case: &CasePage) -> Vec<AskView> {
    let open = |right| case.case.rights.open().any(|r| r.right == right && r.field.is_none());
    let free = |right: &Right| !case.erased && !open(*right);
    let form = |right: Right| AskView {
        code: right.code(),
        name: page.t(key(right)).to_owned(),
        note: page.t(note(right)).to_owned(),
        command: fresh_command(),
        fields: if right == Right::Correct { correctable(page, case) } else { Vec::new() },
    };
    Right::ALL.into_iter().filter(free).map(form).collect()
}

pub(super) fn section(page: &Page, case: &CasePage, now: Timestamp) -> Section {
    let of = &case.case.rights;
    let day = |key: &str, day: &jiff::civil::Date| page.tf(key, &[("day", &day.to_string())]);
    Section {
        requests: requests(page, case, now),
        asks: asks(page, case),
        copy: rights::copy_is_online(&page.pack, &case.case, now),
        erased: of.erased.as_ref().map_or(String::new(), |g| day("rights.erased_on", &g.day)),
        withdrawn: of.withdrawn.as_ref().map_or(String::new(), |d| day("rights.withdrawn_on", d)),
    }
}

/// What a form asks for, and the texts of it.
pub(crate) fn asked(right: Right, form: &Form) -> (Wish, BTreeMap<String, String>) {
    let short = |name: &str| form.get(name).trim().chars().take(MOST).collect::<String>();
    let mut texts = BTreeMap::new();
    let field =
        Some(form.get("field").to_owned()).filter(|f| right == Right::Correct && !f.is_empty());
    if let Some(field) = &field {
        let wording = short("wording");
        if !wording.is_empty() {
            texts.insert(format!("{WANTED}{field}"), wording);
        }
    }
    let wish = short("wish");
    // A correction without a wording has nothing to put in place.
    if !wish.is_empty() && (right != Right::Correct || !texts.is_empty()) {
        texts.insert(WISH.to_owned(), wish);
    }
    (Wish::Ask { right, field }, texts)
}

pub(super) async fn ask(
    State(app): State<App>,
    mut page: Page,
    pass: Pass,
    Path(code): Path<String>,
    form: Form,
) -> Result<Response, Oops> {
    "/my".clone_into(&mut page.path);
    let right = Right::named(&code).ok_or(Oops::NotFound)?;
    let (wish, texts) = asked(right, &form);
    let (actor, case, command) = (Actor::Appellant(pass.case), pass.case, form.command());
    let seen = String::new();
    let wished = RightWish { command, actor, case, wish, texts, seen };
    match app.store().right(&page.pack, app.now(), wished).await.map_err(Oops::from) {
        Ok(_) => Ok(Redirect::to("/my#rights").into_response()),
        Err(oops @ Oops::Refused(_)) => {
            let case = my::load(&app, &page, pass).await?;
            let said = Said { oops: Some(oops), ..Said::default() };
            my_page::show(&app, &page, &case, &said).await
        }
        Err(oops) => Err(oops),
    }
}

async fn own(app: &App, page: &Page, pass: Pass) -> Result<CasePage, Oops> {
    let viewer = Viewer::Appellant(pass.case);
    let case = app.store().case_by_id(&page.pack, &viewer, pass.case).await?;
    case.filter(|c| rights::copy_is_online(&page.pack, &c.case, app.now())).ok_or(Oops::NotFound)
}

pub(super) async fn copy(State(app): State<App>, page: Page, pass: Pass) -> Result<Response, Oops> {
    let case = own(&app, &page, pass).await?;
    let paper = copy::paper(&page, &case, app.now());
    papers::own_page(&page, &case.number, "/my/copy/docx", paper)
}

pub(super) async fn copy_docx(
    State(app): State<App>,
    page: Page,
    pass: Pass,
) -> Result<Response, Oops> {
    let case = own(&app, &page, pass).await?;
    Ok(copy::word_file(&case.number, &copy::paper(&page, &case, app.now())))
}

pub(super) async fn copy_json(
    State(app): State<App>,
    page: Page,
    pass: Pass,
) -> Result<Response, Oops> {
    let case = own(&app, &page, pass).await?;
    Ok(copy::json_file(&page, &case))
}

pub(super) async fn copy_zip(
    State(app): State<App>,
    page: Page,
    pass: Pass,
) -> Result<Response, Oops> {
    let case = own(&app, &page, pass).await?;
    copy_zip::answer(&app, &papers::chinese(&page), &case, None)
}
