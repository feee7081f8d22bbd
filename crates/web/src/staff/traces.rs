//! The record of deeds as pages: who has looked at a case, for supervisors; what everybody did,
//! for the audit administrator, who learns no case by it; what one did oneself, for everybody.

use super::case;
use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    traces, view,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use domain::{
    audit::{Deed, remembers_readers},
    case::AccountId,
    pack::{Admin, Right},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use store::{CaseName, CasePage, DeedCursor, DeedLine, DeedPage, NOBODY, Whose};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/traces", get(everybody))
        .add(Access::Staff, "/traces/mine", get(mine))
        .add(Access::Staff, "/traces/tag", get(of_tag))
        .add(Access::Staff, "/traces/people/{account}", get(one_account))
        .add(Access::Staff, "/cases/{number}/readers", get(readers))
}

/// Where a list goes on.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    after: String,
}

/// The tag on something that was found outside.
#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    tag: String,
}

struct LineView {
    at: String,
    who: String,
    who_href: String,
    unit: String,
    what: String,
    more: String,
    case: String,
    case_href: String,
}

#[derive(Template)]
#[template(path = "staff/traces.html")]
struct TracesPage<'a> {
    page: &'a Page,
    title: String,
    note: String,
    tabs: bool,
    /// Whether the tag on something can be looked up.
    finds: bool,
    back: String,
    lines: Vec<LineView>,
    next: String,
}

/// The page of a case's readers; empty for those who may not ask, and where nobody is remembered.
pub(super) fn readers_href(page: &Page, shown: &CasePage) -> String {
    let asked = shown.rights.may(Right::Supervise) && remembers_readers(&page.pack, &shown.case);
    if asked { format!("/cases/{}/readers", shown.number) } else { String::new() }
}

async fn everybody(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let found = ask(&app, &page, &me, (Whose::Everybody, &asked)).await?;
    let note = if auditor(&page) { "traces.note_audit" } else { "traces.note_below" };
    let (title, note) = (page.t("traces.title").to_owned(), page.t(note).to_owned());
    show(&app, &page, (title, note, String::new()), ("/traces", found)).await
}

async fn mine(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let found = ask(&app, &page, &me, (Whose::Account(me.account.id), &asked)).await?;
    let words = (page.t("traces.mine").to_owned(), page.t("traces.note_mine").to_owned());
    show(&app, &page, (words.0, words.1, String::new()), ("/traces/mine", found)).await
}

/// Who took out what carries this tag: for the audit administrator alone.
async fn of_tag(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(sought): Query<Found>,
) -> Result<Response, Oops> {
    let tag: String = sought.tag.chars().take(40).collect();
    let asked = Asked { after: String::new() };
    let found = ask(&app, &page, &me, (Whose::Tag(tag), &asked)).await?;
    let note = page.t(if found.lines.is_empty() { "traces.tag_none" } else { "traces.tag_note" });
    let title = page.t("traces.tag_title").to_owned();
    show(&app, &page, (title, note.to_owned(), "/traces".to_owned()), ("/traces", found)).await
}

async fn one_account(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(account): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let account: AccountId = account.parse().map_err(|_| Oops::NotFound)?;
    let found = ask(&app, &page, &me, (Whose::Account(account), &asked)).await?;
    let known = app.store().account_by_id(account).await?.ok_or(Oops::NotFound)?;
    let title = page.tf("traces.of", &[("name", &known.name)]);
    let path = format!("/traces/people/{account}");
    show(&app, &page, (title, String::new(), "/traces".to_owned()), (&path, found)).await
}

async fn readers(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let shown = case::find(&app, &me, &number).await?;
    // Not whoever supervises something somewhere, but whoever supervises this case.
    if !shown.rights.may(Right::Supervise) {
        return Err(Oops::NotFound);
    }
    let found = ask(&app, &page, &me, (Whose::Case(shown.case.id), &asked)).await?;
    let title = page.tf("traces.readers", &[("number", &shown.number)]);
    let note = page.t("traces.note_readers").to_owned();
    let back = format!("/cases/{}", shown.number);
    let path = format!("{back}/readers");
    show(&app, &page, (title, note, back), (&path, found)).await
}

/// Whether the viewer is the audit administrator.
fn auditor(page: &Page) -> bool {
    page.who.as_ref().and_then(|who| page.pack.administers(&who.roles)) == Some(Admin::Audit)
}

/// Asks, and remembers that it was asked about others. Who may not ask finds nothing there.
async fn ask(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (whose, asked): (Whose, &Asked),
) -> Result<DeedPage, Oops> {
    let (pack, before) = (&page.pack, cursor(&asked.after));
    let found = app.store().deeds(pack, &me.staff(), &whose, before).await?;
    let found = found.ok_or(Oops::NotFound)?;
    let deed = match whose {
        Whose::Account(account) if account == me.account.id => return Ok(found),
        Whose::Account(account) => Deed::Audited { whom: Some(account), case: None },
        Whose::Case(case) => Deed::Audited { whom: None, case: Some(case) },
        Whose::Everybody | Whose::Tag(_) => Deed::Audited { whom: None, case: None },
    };
    traces::note(app, me, deed).await?;
    Ok(found)
}

fn cursor(text: &str) -> Option<DeedCursor> {
    let mut parts = text.split('_').map(str::parse::<i64>);
    let mut next = || parts.next().and_then(Result::ok);
    Some((next()?, next()?, next()?, next()?))
}

async fn show(
    app: &App,
    page: &Page,
    (title, note, back): (String, String, String),
    (path, found): (&str, DeedPage),
) -> Result<Response, Oops> {
    let mut names = BTreeMap::new();
    let mut people: BTreeSet<AccountId> = found.lines.iter().filter_map(|l| l.whom).collect();
    people.extend(found.lines.iter().map(|l| l.account));
    for id in people {
        let known = app.store().account_by_id(id).await?;
        let nobody = || page.t("traces.nobody").to_owned();
        names.insert(id, known.map_or_else(nobody, |a| a.name));
    }
    let next =
        found.next.map(|(at, stream, seq, n)| format!("{path}?after={at}_{stream}_{seq}_{n}"));
    let tabs = page.may_audit() && back.is_empty();
    let lines = found.lines.iter().map(|l| line(page, l, &names, tabs)).collect();
    let next = next.unwrap_or_default();
    let finds = auditor(page) && path == "/traces";
    page.show(&TracesPage { page, title, note, tabs, finds, back, lines, next })
}

fn line(
    page: &Page,
    line: &DeedLine,
    names: &BTreeMap<AccountId, String>,
    linked: bool,
) -> LineView {
    let name = |id: AccountId| names.get(&id).cloned().unwrap_or_default();
    let (case, case_href) = match &line.case {
        None => (String::new(), String::new()),
        Some(CaseName::Number(number)) => (number.clone(), format!("/cases/{number}")),
        Some(CaseName::Tag(tag)) => (page.tf("traces.tag", &[("tag", tag)]), String::new()),
    };
    let mut more: Vec<String> = Vec::new();
    more.extend(line.whom.map(name));
    more.extend(Some(detail(page, &line.kind, &line.detail)).filter(|d| !d.is_empty()));
    if line.amount > 0 {
        more.push(page.tf("traces.amount", &[("n", &line.amount.to_string())]));
    }
    LineView {
        at: view::clock_time(page, line.at),
        who: name(line.account),
        who_href: if linked && line.account != NOBODY {
            format!("/traces/people/{}", line.account)
        } else {
            String::new()
        },
        unit: page.unit(&line.unit).to_owned(),
        what: page.t(&format!("traces.kind.{}", line.kind)).to_owned(),
        more: more.join(page.t("staff.comma")),
        case,
        case_href,
    }
}

/// The code that says more, in words where there are words for it.
fn detail(page: &Page, kind: &str, code: &str) -> String {
    if kind == "revealed" {
        let field = page.pack.workflows.values().find_map(|w| w.fields.get(code));
        return field.map_or_else(|| code.to_owned(), |f| page.either(&f.label, &f.en).to_owned());
    }
    let (what, rest) = code.split_once(':').unwrap_or((code, ""));
    let key = format!("traces.what.{what}");
    let words = page.t(&key);
    let words = if words == key { what } else { words };
    let rest: Vec<&str> = rest.split(',').filter(|r| !r.is_empty()).collect();
    let rest: Vec<&str> = rest
        .into_iter()
        .map(|r| page.pack.roles.get(r).map_or(r, |role| page.either(&role.name, &role.en)))
        .collect();
    if rest.is_empty() {
        words.to_owned()
    } else {
        format!("{words} {}", rest.join(page.t("staff.comma")))
    }
}
