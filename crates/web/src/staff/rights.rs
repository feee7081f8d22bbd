//! The rights of the person on the staff side: writing down what somebody asks who comes in person,
//! answering, the two persons of an erasure, the legal hold, and the copy that is handed over. What
//! this viewer may do now is asked of the domain, which also refuses it.

use super::{case, history::accounts, papers};
use crate::{
    app::App,
    citizen::rights::{AskView, RequestView, asked, asks, requests},
    copy, copy_zip,
    error::Oops,
    form::{Form, fresh_command},
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    traces,
    view::{self, OptionView},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{
    access::Viewer,
    case::{By, Fact},
    decide::Ctx,
    refusal::Refusal,
    reporter::REPORTER,
    retention,
    rights::{self, Event, HOLD_REASON, REASON, Request, Right, Wish},
};
use std::collections::BTreeMap;
use store::{CasePage, Comparison, RightWish};

/// The longest reason, in characters.
const MOST: usize = 2_000;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/cases/{number}/rights", get(show))
        .add(Access::Staff, "/cases/{number}/rights/ask/{right}", post(ask))
        .add(Access::Staff, "/cases/{number}/rights/{wish}", post(act))
        .add(Access::Staff, "/cases/{number}/copy", get(copy_page))
        .add(Access::Staff, "/cases/{number}/copy/docx", get(copy_docx))
        .add(Access::Staff, "/cases/{number}/copy/json", get(copy_json))
        .add(Access::Staff, "/cases/{number}/copy/zip", get(copy_file))
}

/// Old and new wording of a correction, as far as whoever decides has seen them.
enum Wording {
    /// There is nothing to be looked at, or nothing for this viewer to decide.
    None,
    /// They must be looked at first.
    Unseen,
    /// They are shown.
    Seen(Comparison),
}

impl Wording {
    fn is_unseen(&self) -> bool {
        matches!(self, Self::Unseen)
    }

    fn seen(&self) -> Option<&Comparison> {
        match self {
            Self::Seen(found) => Some(found),
            Self::None | Self::Unseen => None,
        }
    }
}

/// A request with what this viewer may do about it.
struct Answering {
    view: RequestView,
    wanted: String,
    wording: Wording,
    wish: String,
    found: String,
    who: String,
    check: bool,
    grant: bool,
    online: bool,
    refuse: Vec<OptionView>,
    barred: String,
    command: String,
}

#[derive(Template)]
#[template(path = "staff/rights.html")]
struct RightsPage<'a> {
    page: &'a Page,
    number: String,
    error: String,
    erased: String,
    withdrawn: String,
    kept: String,
    hold: String,
    hold_reason: String,
    holds: Vec<OptionView>,
    release: bool,
    copy: bool,
    open: Vec<Answering>,
    done: Vec<RequestView>,
    asks: Vec<AskView>,
    action: String,
    ask_action: String,
    command: String,
}

/// What the case page says about rights: a notice, and the way to this page.
pub(super) struct Told {
    pub(super) href: String,
    pub(super) link: String,
    pub(super) notices: Vec<String>,
}

/// What the case page says about rights.
pub(super) fn told(page: &Page, shown: &CasePage) -> Told {
    let of = &shown.case.rights;
    let mut notices = Vec::new();
    for request in of.open() {
        let name = page.t(crate::citizen::rights::key(request.right));
        let due = view::day(page, request.clock.due());
        notices.push(page.tf("rights.notice", &[("name", name), ("due", &due)]));
    }
    notices.extend(of.hold.as_ref().map(|hold| ground(page, "rights.held", &hold.basis)));
    notices
        .extend(of.withdrawn.map(|d| page.tf("rights.withdrawn_on", &[("day", &d.to_string())])));
    let link = page.t("rights.title").to_owned();
    Told { href: format!("/cases/{}/rights", shown.number), link, notices }
}

fn ground(page: &Page, key: &str, code: &str) -> String {
    let basis = page.pack.rights.basis(code);
    let name = basis.map_or(code, |b| page.either(&b.name, &b.en));
    page.tf(key, &[("ground", name)])
}

async fn show(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let shown = case::find(&app, &me, &number).await?;
    print(&app, &page, &me, &shown, Said::default()).await
}

/// What the page says beside the case.
#[derive(Default)]
struct Said {
    error: String,
    /// The request whose old and new wording are shown.
    compared: Option<(u32, Comparison)>,
}

async fn print(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    shown: &CasePage,
    said: Said,
) -> Result<Response, Oops> {
    traces::reading(app, me, [shown]).await?;
    let (actor, now) = (me.actor(), app.now());
    let ctx = Ctx::bare(now, &page.pack, &actor);
    let case = &shown.case;
    let may = |wish: &Wish| rights::possible(ctx, case, wish).is_ok();
    let mut names = BTreeMap::new();
    for account in accounts(&shown.entries) {
        let known = app.store().account_by_id(account).await?;
        names.insert(account, known.map(|a| a.name).unwrap_or_default());
    }
    let grounds = |fits: &dyn Fn(&rights::Basis) -> bool| -> Vec<OptionView> {
        let all = page.pack.rights.bases.iter().filter(|b| fits(b));
        all.map(|b| OptionView::new(&b.code, page.either(&b.name, &b.en), false)).collect()
    };
    let (open, done): (Vec<_>, Vec<_>) = requests(page, shown, now)
        .into_iter()
        .partition(|r| case.rights.request(r.id).is_some_and(|r| r.end.is_none()));
    let answering = |view: RequestView| {
        let request = case.rights.request(view.id)?;
        let mut answering = answer(page, ctx, shown, (request, &names), view);
        answering.look(said.compared.as_ref());
        Some(answering)
    };
    let first = page.pack.rights.bases.iter().find(|b| b.holds).map(|b| b.code.clone());
    let can_hold = first.is_some_and(|basis| may(&Wish::Hold { basis }));
    let taker = Wish::Ask { right: Right::Copy, field: None };
    let twice = Err(Refusal::Right(rights::Bar::Twice));
    let asked = rights::possible(ctx, case, &taker);
    let of = &case.rights;
    page.show(&RightsPage {
        number: shown.number.clone(),
        error: said.error.clone(),
        erased: of
            .erased
            .as_ref()
            .map_or(String::new(), |g| page.tf("rights.erased_on", &[("day", &g.day.to_string())])),
        withdrawn: of
            .withdrawn
            .map_or(String::new(), |d| page.tf("rights.withdrawn_on", &[("day", &d.to_string())])),
        kept: kept(page, shown),
        hold: of.hold.as_ref().map_or(String::new(), |h| ground(page, "rights.held", &h.basis)),
        hold_reason: shown.text(HOLD_REASON).filter(|_| of.hold.is_some()).unwrap_or("").to_owned(),
        holds: if can_hold { grounds(&|b| b.holds) } else { Vec::new() },
        release: may(&Wish::Release),
        copy: rights::may_hand_copy(&page.pack, &me.viewer(), case),
        open: open.into_iter().filter_map(answering).collect(),
        done,
        asks: if asked.is_ok() || asked == twice { asks(page, shown) } else { Vec::new() },
        action: format!("/cases/{}/rights", shown.number),
        ask_action: format!("/cases/{}/rights/ask", shown.number),
        command: fresh_command(),
        page,
    })
}

/// Until when the case is kept, once it is closed.
fn kept(page: &Page, shown: &CasePage) -> String {
    if shown.case.rights.erased.is_some() {
        return String::new();
    }
    let Some((until, code)) = retention::kept_until(&page.pack, &shown.case) else {
        return String::new();
    };
    let rule = page.pack.retention.rules.iter().find(|r| r.code == code);
    let rule = rule.map_or("", |r| page.either(&r.name, &r.en));
    page.tf("rights.kept_until", &[("day", &until.to_string()), ("rule", rule)])
}

fn answer(
    page: &Page,
    ctx: Ctx<'_>,
    shown: &CasePage,
    (request, names): (&Request, &BTreeMap<i64, String>),
    view: RequestView,
) -> Answering {
    let (id, case) = (request.id, &shown.case);
    let grant = |online| Wish::Grant { id, online, list: String::new() };
    let granted = rights::possible(ctx, case, &grant(false));
    let check = rights::possible(ctx, case, &Wish::Check { id });
    let refuses = |b: &&rights::Basis| {
        let wish = Wish::Refuse { id, basis: b.code.clone() };
        b.refuses.contains(&request.right) && rights::possible(ctx, case, &wish).is_ok()
    };
    let bases = page.pack.rights.bases.iter().filter(refuses);
    let bases: Vec<OptionView> =
        bases.map(|b| OptionView::new(&b.code, page.either(&b.name, &b.en), false)).collect();
    let entry = |is: &dyn Fn(&Event) -> bool| {
        let tells = |f: &Fact| matches!(f, Fact::Right { event } if is(event));
        shown.entries.iter().find(|e| e.facts.iter().any(tells))
    };
    let asked = entry(&|e| matches!(e, Event::Asked { id: found, .. } if *found == id));
    let texts = asked.and_then(|e| e.texts.get(rights::ASKED));
    let text = |field: &str| texts.and_then(|t| t.get(field)).cloned().unwrap_or_default();
    let checked = entry(&|e| matches!(e, Event::Checked { id: found } if *found == id));
    let found = checked.and_then(|e| e.texts.get(rights::CHECKED)?.get(REASON)).cloned();
    let wanted = request.field.as_ref().map(|f| {
        let plain = format!("{}{f}", rights::WANTED);
        let apart = text(&format!("{REPORTER}{plain}"));
        if apart.is_empty() { text(&plain) } else { apart }
    });
    let barred = match (&granted, &check) {
        (Err(Refusal::Right(bar)), Err(_)) => {
            page.t(&format!("refusal.right.{}", bar.key())).to_owned()
        }
        _ => String::new(),
    };
    Answering {
        wording: match &wanted {
            Some(_) if granted.is_ok() => Wording::Unseen,
            _ => Wording::None,
        },
        wanted: wanted.unwrap_or_default(),
        wish: text(rights::WISH),
        found: found.unwrap_or_default(),
        who: match &request.by {
            By::Staff(account, unit) => {
                let name = names.get(account).map_or("", String::as_str);
                format!("{} {name}", page.unit(unit))
            }
            By::Appellant | By::Public => page.t("history.appellant").to_owned(),
            By::System => page.t("history.system").to_owned(),
        },
        check: check.is_ok() && request.right == Right::Erase,
        grant: granted.is_ok(),
        online: request.right == Right::Copy && rights::possible(ctx, case, &grant(true)).is_ok(),
        refuse: bases,
        barred,
        command: fresh_command(),
        view,
    }
}

impl Answering {
    /// What is compared now is seen, and may be decided.
    fn look(&mut self, compared: Option<&(u32, Comparison)>) {
        let mine = compared.filter(|(id, _)| *id == self.view.id);
        if let Some((_, found)) = mine {
            self.wording = Wording::Seen(found.clone());
        }
    }
}

async fn ask(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path((number, right)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Oops> {
    let right = Right::named(&right).ok_or(Oops::NotFound)?;
    let (wish, texts) = asked(right, &form);
    let wished = Wished { command: form.command(), wish, texts, seen: String::new() };
    decide(&app, &page, &me, &number, wished).await
}

async fn act(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path((number, wish)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Oops> {
    let id = form.get("id").parse().unwrap_or(0);
    let basis = form.get("basis").to_owned();
    let (wish, field) = match wish.as_str() {
        "check" => (Wish::Check { id }, REASON),
        "grant" => {
            let online = form.get("online") == "yes";
            (Wish::Grant { id, online, list: String::new() }, REASON)
        }
        "refuse" => (Wish::Refuse { id, basis }, REASON),
        "hold" => (Wish::Hold { basis }, HOLD_REASON),
        "release" => (Wish::Release, HOLD_REASON),
        "compare" => return compare(&app, &page, &me, (&number, id)).await,
        _ => return Err(Oops::NotFound),
    };
    let reason: String = form.get("reason").trim().chars().take(MOST).collect();
    let texts = BTreeMap::from([(field.to_owned(), reason)]);
    let seen = form.get("seen").to_owned();
    decide(&app, &page, &me, &number, Wished { command: form.command(), wish, texts, seen }).await
}

/// Shows old and new wording of a correction to whoever may decide on it; this is remembered.
async fn compare(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (number, id): (&str, u32),
) -> Result<Response, Oops> {
    let shown = case::find(app, me, number).await?;
    let eyes = (&me.staff(), app.now());
    let found = app.store().compare(&page.pack, eyes, (shown.case.id, id)).await?;
    let compared = Some((id, found.ok_or(Oops::NotFound)?));
    print(app, page, me, &shown, Said { compared, ..Said::default() }).await
}

/// What a form asks for.
struct Wished {
    command: [u8; 16],
    wish: Wish,
    texts: BTreeMap<String, String>,
    seen: String,
}

async fn decide(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    number: &str,
    Wished { command, wish, texts, seen }: Wished,
) -> Result<Response, Oops> {
    let shown = case::find(app, me, number).await?;
    let (actor, case) = (me.actor(), shown.case.id);
    let wished = RightWish { command, actor, case, wish, texts, seen };
    match app.store().right(&page.pack, app.now(), wished).await.map_err(Oops::from) {
        Ok(_) => {
            // A certificate that cannot be written now is written by the reminder.
            if app.store().certify(app.now()).await.unwrap_or(0) > 0
                && let Err(error) = app.store().scrub().await
            {
                tracing::warn!(%error, "the files were not cleared of what was erased");
            }
            Ok(Redirect::to(&format!("/cases/{}/rights", shown.number)).into_response())
        }
        Err(oops @ Oops::Refused(_)) => {
            let shown = case::find(app, me, number).await?;
            let said = Said { error: oops.words(page), ..Said::default() };
            let body = print(app, page, me, &shown, said).await?;
            Ok((StatusCode::CONFLICT, body).into_response())
        }
        Err(oops) => Err(oops),
    }
}

/// The copy of a case: what its person may see, for staff who may hand it over.
async fn handed(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    number: &str,
) -> Result<(CasePage, String), Oops> {
    let shown = case::find(app, me, number).await?;
    if !rights::may_hand_copy(&page.pack, &me.viewer(), &shown.case) {
        return Err(Oops::NotFound);
    }
    let eyes = Viewer::Appellant(shown.case.id);
    let own = app.store().case_by_id(&page.pack, &eyes, shown.case.id).await?;
    let own = own.ok_or(Oops::NotFound)?;
    let words = papers::chinese(page);
    let mark = traces::taking_out_marked(app, &words, me, ("copy", &own)).await?;
    Ok((own, mark))
}

async fn copy_page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let (case, mark) = handed(&app, &page, &me, &number).await?;
    let back = format!("/cases/{}/rights", case.number);
    let docx = format!("/cases/{}/copy/docx", case.number);
    let paper = copy::paper(&page, &case, app.now());
    papers::staff_page(&page, &case.number, (back, docx, mark), paper)
}

async fn copy_docx(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let (case, mark) = handed(&app, &page, &me, &number).await?;
    let mut paper = copy::paper(&page, &case, app.now());
    paper.blocks.push(paper::Block::Note(mark));
    Ok(copy::word_file(&case.number, &paper))
}

async fn copy_json(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let (case, _) = handed(&app, &page, &me, &number).await?;
    Ok(copy::json_file(&page, &case))
}

async fn copy_file(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let (case, mark) = handed(&app, &page, &me, &number).await?;
    copy_zip::answer(&app, &papers::chinese(&page), &case, Some(mark))
}
