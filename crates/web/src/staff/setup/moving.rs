//! Moving open cases under the rules of today: what would change, confirmed as one list. For the
//! administrator of the system, who sees numbers and deadlines here and no content anywhere.

use super::{counted, version};
use crate::{
    app::App,
    error::Oops,
    form::Form,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view::{LightView, clock_time},
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{clock::Light, moving::Shift, pack::Admin, workflow::Workflow};
use jiff::Timestamp;
use store::{Listed, MoveList, MoveProgress, NoMove, db::WriteError};

/// So many cases are moved before the answer; the reminder moves the rest.
const AT_ONCE: u32 = 200;
/// So many deadlines of one clock are shown; the totals count all.
const MOST_LINES: usize = 200;
/// The longest reason, in characters.
const MOST_REASON: usize = 300;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/setup/moving", get(show).post(confirm))
}

/// The way to this page, for those who may take it.
pub(super) fn tile(page: &Page, me: &LoggedIn) -> Option<super::TileView> {
    may(page, me).ok().map(|()| super::TileView {
        name: page.t("moving.title").to_owned(),
        href: "/setup/moving".to_owned(),
        note: page.t("moving.note").to_owned(),
    })
}

/// For everybody else there is no such page.
fn may(page: &Page, me: &LoggedIn) -> Result<(), Oops> {
    let is = page.pack.administers(&me.account.roles) == Some(Admin::System);
    if is { Ok(()) } else { Err(Oops::NotFound) }
}

struct GroupView {
    title: String,
    note: String,
    lines: Vec<LineView>,
}

struct LineView {
    number: String,
    due: String,
    light: Option<LightView>,
    then: String,
    light_then: Option<LightView>,
}

struct StuckView {
    number: String,
    why: String,
}

struct LastView {
    words: String,
    left: i64,
    done: i64,
    total: i64,
}

#[derive(Template)]
#[template(path = "staff/setup_moving.html")]
struct MovingPage<'a> {
    page: &'a Page,
    version: String,
    list: String,
    total: String,
    unchanged: String,
    groups: Vec<GroupView>,
    stuck: Vec<StuckView>,
    last: Option<LastView>,
    reason: String,
    error: &'a str,
}

async fn show(State(app): State<App>, page: Page, me: LoggedIn) -> Result<Response, Oops> {
    may(&page, &me)?;
    print(&app, &page, "", "").await
}

async fn confirm(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    may(&page, &me)?;
    let reason: String = form.get("reason").trim().chars().take(MOST_REASON).collect();
    let (now, list) = (app.now(), form.get("list"));
    match app.store().confirm_move(&page.pack, now, &me.actor(), (list, &reason)).await {
        Ok(_) => {
            app.store().carry_moves(&page.pack, now, AT_ONCE).await?;
            Ok(Redirect::to("/setup/moving").into_response())
        }
        Err(WriteError::Refused(why)) => {
            let (status, key) = match why {
                NoMove::Changed => (StatusCode::CONFLICT, "moving.changed"),
                NoMove::NoReason => (StatusCode::UNPROCESSABLE_ENTITY, "moving.no_reason"),
            };
            Ok((status, print(&app, &page, &reason, key).await?).into_response())
        }
        Err(WriteError::Db(error)) => Err(error.into()),
    }
}

async fn print(app: &App, page: &Page, reason: &str, error: &str) -> Result<Response, Oops> {
    let now = app.now();
    let list = app.store().move_list(&page.pack, now).await?;
    let before = app.store().move_progress(&page.pack).await?;
    let shifts: usize = list.cases.iter().map(|c| c.shifts.len()).sum();
    page.show(&MovingPage {
        version: version(page),
        total: page.tf(
            "moving.total",
            &[("cases", &list.cases.len().to_string()), ("shifts", &shifts.to_string())],
        ),
        unchanged: match list.unchanged() {
            0 => String::new(),
            n => counted(page, "moving.unchanged", n),
        },
        groups: groups(page, &list, now),
        stuck: list.stuck.iter().map(|(case, _)| stuck(page, case)).collect(),
        last: before.map(|l| progress(page, &l)),
        list: if list.cases.is_empty() { String::new() } else { list.id },
        reason: reason.to_owned(),
        error,
        page,
    })
}

fn groups(page: &Page, list: &MoveList, now: Timestamp) -> Vec<GroupView> {
    let group = |((flow, clock), lines): ((&str, &str), Vec<(&Listed, &Shift)>)| {
        let flow = page.pack.workflow(flow);
        GroupView {
            title: format!(
                "{} · {}",
                flow.map_or("", |f| page.either(&f.name, &f.en)),
                flow.and_then(|f| f.clocks.get(clock)).map_or(clock, |c| c.name.as_str())
            ),
            note: note(page, lines.len()),
            lines: lines.iter().take(MOST_LINES).map(|l| line(page, *l, now)).collect(),
        }
    };
    list.by_clock().into_iter().map(group).collect()
}

fn note(page: &Page, n: usize) -> String {
    let key = if n > MOST_LINES { "moving.first_of" } else { "moving.deadlines" };
    page.tf(key, &[("n", &n.to_string()), ("most", &MOST_LINES.to_string())])
}

fn line(page: &Page, (case, shift): (&Listed, &Shift), now: Timestamp) -> LineView {
    let light = |light: Option<Light>, due| light.map(|l| LightView::new(page, l, due, now));
    LineView {
        number: case.number.clone(),
        due: clock_time(page, shift.due),
        light: light(shift.light, shift.due),
        then: clock_time(page, shift.then),
        light_then: light(shift.light_then, shift.then),
    }
}

fn stuck(page: &Page, case: &Listed) -> StuckView {
    let has = |f: &Workflow| f.state(&case.state).is_some();
    let known = page.pack.workflow(&case.workflow).is_some_and(has);
    let key = if known { "moving.stuck.clock" } else { "moving.stuck.state" };
    StuckView { number: case.number.clone(), why: page.t(key).to_owned() }
}

fn progress(page: &Page, last: &MoveProgress) -> LastView {
    let done = last.total - last.left;
    let numbers = [
        ("time", clock_time(page, last.at)),
        ("total", last.total.to_string()),
        ("left", last.left.to_string()),
        ("reason", last.reason.clone()),
    ];
    let numbers: Vec<(&str, &str)> = numbers.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let key = if last.left == 0 { "moving.done" } else { "moving.going_on" };
    LastView { words: page.tf(key, &numbers), left: last.left, done, total: last.total }
}
