//! Lists that leave the system: the work list as it is filtered, as a workbook or CSV, for roles to
//! which the pack gives that right. A closed list of columns, read through the same question as the
//! page, so that nothing is in the file that its maker does not see; no name and no telephone is
//! among them. Each file says who took it out and carries a tag that leads back to the deed.

use super::desk::{self, Wanted};
use crate::{
    app::App,
    download,
    error::Oops,
    form::Form,
    outlet::{self, Outlet},
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    traces,
    view::{category_name, clock_time, state_name},
};
use askama::Template;
use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{audit::Deed, clock::Light};
use futures_util::stream;
use serde::Deserialize;
use sheets::{Cell, Form as FileForm, Head};
use std::{collections::BTreeMap, io};
use store::{Content, DeskCase, Fetched, Store};

/// So many rows at most: more than anybody works through, and fewer than would be worth carrying off.
const MOST_ROWS: usize = 5_000;

/// Keys of the names of the columns, in their order; the tag follows as the last.
const COLUMNS: &[&str] = &[
    "desk.number",
    "desk.summary",
    "export.category_code",
    "desk.category",
    "export.place_code",
    "desk.place",
    "desk.grade",
    "desk.state",
    "export.task",
    "export.unit_code",
    "desk.unit",
    "export.opened",
    "export.due",
    "desk.light",
    "export.tag",
];

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/desk/export", post(make))
        .add(Access::Staff, "/exports", get(list))
        .add(Access::Staff, "/exports/{export}", get(fetch))
}

struct Line {
    href: String,
    name: String,
    rows: String,
    at: String,
    until: String,
    tag: String,
}

#[derive(Template)]
#[template(path = "staff/exports.html")]
struct ExportsPage<'a> {
    page: &'a Page,
    note: String,
    done: String,
    full: bool,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Came {
    #[serde(default)]
    done: String,
}

/// To everybody without the right there is no such page.
fn may(page: &Page, me: &LoggedIn) -> Result<(), Oops> {
    if page.pack.exports(&me.account.roles) { Ok(()) } else { Err(Oops::NotFound) }
}

async fn make(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    may(&page, &me)?;
    let kind = FileForm::coded(form.get("form")).ok_or(Oops::Bad("error.unreadable"))?;
    let asked: BTreeMap<String, String> = desk::FILTERS
        .iter()
        .map(|name| ((*name).to_owned(), form.get(name).to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let (mark, now) = (app.store().export_mark(), app.now());
    let head = Head {
        title: page.t("nav.desk").to_owned(),
        mark: traces::mark(&app, &page, &me, ("export.mark", &mark.tag)),
        tag: mark.tag.clone(),
        author: format!("{}（{}）", me.account.name, me.account.username),
        columns: COLUMNS.iter().map(|key| page.t(key).to_owned()).collect(),
        ..Head::default()
    };
    let kept = (mark, page.pack.export_hours);
    let mut outlet = Outlet::begin(app.store(), now, kept, (kind, &head))?;
    let cut = Box::pin(all(&app, &page, &me, (&asked, &head.tag, &mut outlet))).await?;
    let line = cut.then(|| outlet::cut_line(&page, MOST_ROWS));
    let kept = outlet.end((now, &me.staff()), "desk", line.as_deref()).await?;
    let done = match (kept, cut) {
        (false, _) => "full",
        (true, true) => "cut",
        (true, false) => "made",
    };
    Ok(Redirect::to(&format!("/exports?done={done}")).into_response())
}

/// Every case of the list that this person sees, page by page; answers whether there were too many.
async fn all(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (asked, tag, outlet): (&BTreeMap<String, String>, &str, &mut Outlet<'_>),
) -> Result<bool, Oops> {
    let (staff, now) = (me.staff(), app.now());
    let wanted = Wanted::read(&page.pack, &staff, asked);
    let mut cursor = None;
    loop {
        let found = app.store().desk(&page.pack, &staff, now, &wanted.filter(cursor)).await?;
        for one in &found.cases {
            if outlet.room(MOST_ROWS) == 0 {
                return Ok(true);
            }
            let cells = cells(page, one).into_iter().map(Cell::from).chain([Cell::from(tag)]);
            outlet.row(Some(one.case.id), cells)?;
        }
        outlet.lay_away().await?;
        cursor = found.next;
        if cursor.is_none() {
            return Ok(false);
        }
    }
}

/// The cells of a case, in the order of [`COLUMNS`] without the tag.
fn cells(page: &Page, found: &DeskCase) -> Vec<String> {
    let (pack, case) = (&page.pack, &found.case);
    let open = case.is_open(pack);
    let light = match found.lamp.light {
        Light::Green => "light.green",
        Light::Yellow => "light.yellow",
        Light::Red => "light.red",
    };
    let task = found.task.as_ref().map(|kind| super::history::task_name(page, kind));
    let grade = pack.risk.grade(&case.grade);
    vec![
        found.number.clone(),
        found.summary.clone(),
        case.category.clone(),
        category_name(page, &case.category),
        case.place.clone(),
        pack.regions.get(&case.place).map_or(String::new(), |region| region.name.clone()),
        grade.map_or(String::new(), |grade| page.either(&grade.name, &grade.en).to_owned()),
        state_name(page, &case.workflow, &case.state),
        task.unwrap_or_default(),
        case.unit.clone(),
        page.unit(&case.unit).to_owned(),
        pack.date_of(case.opened).to_string(),
        if open { clock_time(page, found.lamp.due) } else { String::new() },
        if open { page.t(light).to_owned() } else { String::new() },
    ]
}

async fn list(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(came): Query<Came>,
) -> Result<Response, Oops> {
    may(&page, &me)?;
    let ready = app.store().exports(me.account.id, app.now()).await?;
    let lines = ready.iter().map(|one| Line {
        href: format!("/exports/{}", one.handle),
        name: one.kind.to_uppercase(),
        rows: one.rows.to_string(),
        at: clock_time(&page, one.at),
        until: clock_time(&page, one.until),
        tag: one.tag.clone(),
    });
    let done = ["made", "cut", "long", "full"].into_iter().find(|d| *d == came.done);
    let most = if came.done == "long" { outlet::MOST_ROWS } else { MOST_ROWS };
    let most = most.to_string();
    let done = done.map(|d| page.tf(&format!("export.done.{d}"), &[("n", &most)]));
    page.show(&ExportsPage {
        page: &page,
        note: page.tf("export.note", &[("n", &page.pack.export_hours.to_string())]),
        full: came.done == "full",
        done: done.unwrap_or_default(),
        lines: lines.collect(),
    })
}

async fn fetch(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(handle): Path<String>,
) -> Result<Response, Oops> {
    may(&page, &me)?;
    let who = (&me.staff(), app.now());
    let (one, file) = match app.store().export(&page.pack, who, &handle).await? {
        Some(Fetched::File(one, file)) => (one, file),
        Some(Fetched::Gone) => return Err(Oops::Plain(StatusCode::GONE, "export.gone")),
        None => return Err(Oops::NotFound),
    };
    let rows = u32::try_from(one.rows).unwrap_or(u32::MAX);
    let deed = Deed::Exported { what: "desk_file".to_owned(), case: None, rows, tag: one.tag };
    traces::note(&app, &me, deed).await?;
    let kind = FileForm::coded(&one.kind).ok_or(Oops::NotFound)?;
    let name = format!("{}.{}", page.pack.date_of(one.at), kind.code());
    Ok(download::stream(kind.media_type(), &name, pieces(app.store().clone(), file)))
}

/// A file as it is read, one piece after the other.
fn pieces(store: Store, file: Content) -> Body {
    let parts = stream::unfold((store, file, 0), |(store, file, n)| async move {
        match store.export_piece(&file, n).await {
            Ok(piece) => Some((Ok(Bytes::from(piece?)), (store, file, n + 1))),
            // A file that lacks a piece must not look whole: it breaks off.
            Err(error) => {
                tracing::error!(%error, "a file that was fetched broke off");
                Some((Err(io::Error::other(error)), (store, file, i64::MAX)))
            }
        }
    });
    download::parts(parts)
}
