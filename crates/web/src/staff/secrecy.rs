//! The page of who may know of a case: seal and circle, who is kept out, broken glass, lent
//! identities. Shows what the viewer may decide and sends each decision to the store; the rules are
//! `domain::secrecy`'s.

use super::case;
use crate::{
    app::App,
    error::Oops,
    form::{Form, fresh_command},
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view::clock_time,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{
    access,
    case::{AccountId, Staff},
    guarded::{Barred, Glass, Judgement},
    pack::{Right, Standing},
    secrecy::{Change, Closed},
};
use jiff::Timestamp;
use store::{CasePage, Guarding};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/cases/{number}/secrecy", get(page)).add(
        Access::Staff,
        "/cases/{number}/secrecy/{what}",
        post(change),
    )
}

/// Somebody on the page, and what may be done about them.
struct Somebody {
    /// Account, or code of a unit.
    id: String,
    name: String,
    note: String,
}

/// A breaking of the glass.
struct GlassView {
    id: String,
    name: String,
    until: String,
    judged: String,
    waits: bool,
}

#[derive(Template)]
#[template(path = "staff/secrecy.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a form that is shown or not")]
struct SecrecyPage<'a> {
    page: &'a Page,
    number: String,
    command: String,
    sensitivity: String,
    sealed: bool,
    may_seal: bool,
    may_exclude: bool,
    may_lend: bool,
    may_ask: bool,
    may_supervise: bool,
    error: String,
    circle: Vec<Somebody>,
    people: Vec<Somebody>,
    units: Vec<Somebody>,
    proposals: Vec<Somebody>,
    glass: Vec<GlassView>,
    asked: Vec<Somebody>,
    lent: Vec<Somebody>,
}

async fn page(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let shown = case::find(&app, &me, &number).await?;
    show(&app, &me, &page, &shown, String::new()).await
}

async fn show(
    app: &App,
    me: &LoggedIn,
    page: &Page,
    shown: &CasePage,
    error: String,
) -> Result<Response, Oops> {
    let (pack, guarded, now) = (&page.pack, &shown.case.guarded, app.now());
    let sensitivity = shown.case.sensitivity(pack);
    let lendable = access::may_ask_identity(pack, &me.staff(), &shown.case);
    let mut view = SecrecyPage {
        page,
        number: shown.number.clone(),
        command: fresh_command(),
        sensitivity: page.t(&format!("sensitivity.{}", sensitivity.code())).to_owned(),
        sealed: guarded.is_sealed(),
        may_seal: shown.rights.may(Right::Seal),
        may_exclude: shown.rights.may(Right::Exclude),
        may_lend: shown.rights.may(Right::Lend),
        may_ask: lendable && !guarded.lent.iter().any(|l| is_live(l.account, l.until, me, now)),
        may_supervise: shown.rights.may(Right::Supervise),
        error,
        circle: Vec::new(),
        people: Vec::new(),
        units: Vec::new(),
        proposals: Vec::new(),
        glass: Vec::new(),
        asked: Vec::new(),
        lent: Vec::new(),
    };
    for account in guarded.circle.iter().flatten() {
        view.circle.push(somebody(app, page, *account, String::new()).await?);
    }
    if view.may_exclude {
        for account in &guarded.people {
            view.people.push(somebody(app, page, *account, String::new()).await?);
        }
        view.units.extend(guarded.units.iter().map(|unit| Somebody {
            id: unit.clone(),
            name: page.unit(unit).to_owned(),
            note: String::new(),
        }));
        let eyes = (&me.staff(), now);
        for insider in app.store().exclusion_proposals(pack, eyes, shown.case.id).await? {
            let ground = page.t(&format!("secrecy.ground.{}", insider.ground.key())).to_owned();
            view.proposals.push(somebody(app, page, insider.account, ground).await?);
        }
    }
    for glass in guarded.glass.iter().rev() {
        view.glass.push(glass_view(app, page, glass).await?);
    }
    for lent in &guarded.lent {
        let until = lent.until.filter(|until| *until > now).map(|at| clock_time(page, at));
        match (lent.until, until) {
            (None, _) => view.asked.push(somebody(app, page, lent.account, String::new()).await?),
            (_, Some(until)) => view.lent.push(somebody(app, page, lent.account, until).await?),
            (Some(_), None) => {}
        }
    }
    page.show(&view)
}

fn is_live(account: AccountId, until: Option<Timestamp>, me: &LoggedIn, now: Timestamp) -> bool {
    account == me.account.id && until.is_none_or(|until| until > now)
}

async fn somebody(
    app: &App,
    page: &Page,
    account: AccountId,
    note: String,
) -> Result<Somebody, Oops> {
    let known = app.store().account_by_id(account).await?;
    let name = known.map_or_else(
        || page.t("traces.nobody").to_owned(),
        |a| format!("{} {}", page.unit(&a.unit), a.name),
    );
    Ok(Somebody { id: account.to_string(), name, note })
}

async fn glass_view(app: &App, page: &Page, glass: &Glass) -> Result<GlassView, Oops> {
    let Somebody { id, name, .. } = somebody(app, page, glass.account, String::new()).await?;
    let judged = match glass.judged {
        Some(Judgement::Right) => page.t("secrecy.judged_right").to_owned(),
        Some(Judgement::Wrong) => page.t("secrecy.judged_wrong").to_owned(),
        None => page.tf("secrecy.judge_by", &[("at", &clock_time(page, glass.judge_by))]),
    };
    let waits = glass.judged.is_none();
    Ok(GlassView { id, name, until: clock_time(page, glass.until), judged, waits })
}

async fn change(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    Path((number, what)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Oops> {
    let shown = case::find(&app, &me, &number).await?;
    let who: Vec<&str> = form
        .get("who")
        .split(|c: char| what == "seal" && (c.is_whitespace() || ",，;；、".contains(c)))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let wish = match wish(&app, &page, &what, &who).await? {
        Ok(wish) => wish,
        Err(why) => {
            let error = Oops::Refused(why.into()).words(&page);
            let body = show(&app, &me, &page, &shown, error).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response());
        }
    };
    let guarding = Guarding {
        command: form.command(),
        actor: me.actor(),
        case: shown.case.id,
        change: wish,
        reason: form.get("reason").chars().take(MOST_REASON).collect(),
    };
    match app.store().guard(&page.pack, app.now(), guarding).await.map_err(Oops::from) {
        Ok(_) => {
            let viewer = me.viewer();
            let still = app.store().case_by_id(&page.pack, &viewer, shown.case.id).await?;
            let to = match still {
                Some(_) => format!("/cases/{}/secrecy", shown.number),
                None => "/desk?done=moved".to_owned(),
            };
            Ok(Redirect::to(&to).into_response())
        }
        Err(oops @ Oops::Refused(_)) => {
            let error = oops.words(&page);
            let body = show(&app, &me, &page, &shown, error).await?;
            Ok((oops.status(), body).into_response())
        }
        Err(oops) => Err(oops),
    }
}

/// The most characters of a reason.
pub(crate) const MOST_REASON: usize = 500;

/// What is asked for: a change by its word, and whom it is about, by log-in name, number of the
/// account or, for units, code or name.
pub(crate) async fn wish(
    app: &App,
    page: &Page,
    what: &str,
    who: &[&str],
) -> Result<Result<Change, Closed>, Oops> {
    let first = who.first().copied().unwrap_or_default();
    let staff = async || Ok::<_, Oops>(named(app, first).await?.ok_or(Closed::Unknown));
    let account = async || account(app, first).await;
    Ok(match what {
        "seal" => {
            let mut circle = Vec::new();
            for name in who {
                match named(app, name).await? {
                    Some(staff) => circle.push(staff),
                    None => return Ok(Err(Closed::Unknown)),
                }
            }
            Ok(Change::Seal { circle })
        }
        "unseal" => Ok(Change::Unseal),
        "admit" => staff().await?.map(Change::Admit),
        "dismiss" => account().await?.map(Change::Dismiss),
        "bar" => account().await?.map(|account| Change::Bar(Barred::Person(account))),
        "unbar" => account().await?.map(|account| Change::Unbar(Barred::Person(account))),
        "bar-unit" => unit(page, first).map(|unit| Change::Bar(Barred::Unit(unit))),
        "unbar-unit" => Ok(Change::Unbar(Barred::Unit(first.to_owned()))),
        "judge-right" | "judge-wrong" => {
            let right = what == "judge-right";
            let judgement = if right { Judgement::Right } else { Judgement::Wrong };
            account().await?.map(|account| Change::Judge { account, judgement })
        }
        "ask" => Ok(Change::AskIdentity),
        "lend" => account().await?.map(|account| Change::Lend { account }),
        _ => return Err(Oops::NotFound),
    })
}

/// An account by its number or its log-in name.
async fn account(app: &App, typed: &str) -> Result<Result<AccountId, Closed>, Oops> {
    if let Ok(account) = typed.parse::<AccountId>() {
        return Ok(Ok(account));
    }
    Ok(named(app, typed).await?.map(|staff| staff.account).ok_or(Closed::Unknown))
}

async fn named(app: &App, username: &str) -> Result<Option<Staff>, Oops> {
    Ok(app.store().account(username).await?.map(|account| account.staff()))
}

/// A unit by its code or by one of its names.
fn unit(page: &Page, typed: &str) -> Result<String, Closed> {
    let units = &page.pack.units;
    let called =
        |u: &&domain::pack::Unit| [&u.code, &u.name, &u.short, &u.en].contains(&&typed.to_owned());
    units.iter().find(called).map(|u| u.code.clone()).ok_or(Closed::Unknown)
}

/// Where the page of who may know is, for whoever may decide anything there.
pub(super) fn href(page: &Page, me: &LoggedIn, shown: &CasePage) -> String {
    let decides = [Right::Seal, Right::Exclude, Right::Lend, Right::Supervise];
    let asks = access::may_ask_identity(&page.pack, &me.staff(), &shown.case);
    if asks || decides.iter().any(|right| shown.rights.may(*right)) {
        format!("/cases/{}/secrecy", shown.number)
    } else {
        String::new()
    }
}

/// Until when broken glass shows this case to the viewer, if it does and nothing else opens it.
pub(super) fn through_glass(page: &Page, me: &LoggedIn, shown: &CasePage) -> Option<Timestamp> {
    let account = me.account.id;
    let mine = shown.case.guarded.glass.iter().filter(|g| g.account == account && g.until > me.at);
    let until = mine.map(|g| g.until).max()?;
    let rows = access::rows(&page.pack, (&me.staff(), me.at), &shown.case);
    rows.iter().all(|(_, standing, _)| *standing == Standing::Glass).then_some(until)
}
