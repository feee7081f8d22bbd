//! Press texts for those who make them: how a draft reads with the numbers of today, what was signed,
//! what has changed since, and the way from each number to the records it was counted from.

use super::{fill_of, paragraphs, trial, when, words, words::RefusedView, workflow};
use crate::{
    app::App, error::Oops, figures::typed, page::Page, session::LoggedIn, staff, traces, view,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    case::{AccountId, Actor},
    decide::{self, Ctx},
    figure::AnyAmount,
    press::{Edition, Fill, Filled, releasing},
    workflow::StateKind,
};
use jiff::{Timestamp, civil::Date};
use std::collections::BTreeMap;
use store::{CasePage, SignedText, Use};

/// Releases of a list.
const LISTED: u32 = 50;

struct LineView {
    title: String,
    href: String,
    when: String,
    state: String,
}

#[derive(Template)]
#[template(path = "staff/releases.html")]
struct ListPage<'a> {
    page: &'a Page,
    begin: String,
    desk: String,
    releases: Vec<LineView>,
}

struct NumberView {
    said: String,
    name: String,
    /// Says that it was typed in; empty of what was counted.
    typed: String,
    exact: String,
    today: String,
    changed: bool,
    href: String,
}

struct DifferenceView {
    of: String,
    before: String,
    after: String,
}

struct SignedView {
    /// Whether the reader must not be told its numbers yet.
    kept_from: bool,
    paragraphs: Vec<String>,
    english: Vec<String>,
    signed: String,
    out: String,
    seal: String,
    reason: String,
    numbers: Vec<NumberView>,
    differences: Vec<DifferenceView>,
    claims: Vec<(String, String)>,
    changed: bool,
}

/// The form in which a draft is changed, with what was written last.
struct EditView {
    action: String,
    version: i64,
    fill: Fill,
    title: String,
    body: String,
    english: String,
    day: String,
}

#[derive(Template)]
#[template(path = "staff/release.html")]
struct OnePage<'a> {
    page: &'a Page,
    number: &'a str,
    title: String,
    state: String,
    edit: Option<EditView>,
    draft: Vec<String>,
    refused: Vec<RefusedView>,
    signed: Vec<SignedView>,
    uses: Vec<Use>,
    /// Who read it before its hour: name and unit, and when first.
    read: Vec<(String, String)>,
}

pub(super) async fn list(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
) -> Result<Response, Oops> {
    let flow = workflow(&page).ok_or(Oops::NotFound)?;
    let releases = app.store().newest_releases(&page.pack, LISTED).await?;
    let lines = releases.iter().filter_map(|release| {
        let newest = release.signed.last()?;
        Some(LineView {
            title: newest.title.clone(),
            href: format!("/news/{}", release.number),
            when: newest.edition.published.map_or(String::new(), |at| when(&page, at)),
            state: view::state_name(&page, &release.case.workflow, &release.case.state),
        })
    });
    let begins = flow.opening.by.iter().any(|who| me.account.roles.contains(&who.role));
    page.show(&ListPage {
        begin: if begins { format!("/new/{}", flow.code) } else { String::new() },
        desk: format!("/desk?flow={}&own=unit", flow.code),
        releases: lines.collect(),
        page: &page,
    })
}

pub(super) async fn one(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let shown = staff::case::find(&app, &me, &number).await?;
    traces::reading(&app, &me, [&shown]).await?;
    let release = app.store().release(&page.pack, &me.viewer(), &number).await?;
    let release = release.ok_or(Oops::NotFound)?;
    let flow = page.pack.flow_of(&shown.case).ok_or(Oops::NotFound)?;
    let fill = fill_of(flow).ok_or(Oops::NotFound)?;
    let open = flow
        .state(&shown.case.state)
        .is_some_and(|state| matches!(state.kind, StateKind::Open { .. }));
    let waits = release.signed.last().is_some_and(|last| last.edition.published.is_none());
    let (mut draft, mut refused) = (Vec::new(), Vec::new());
    if open && !waits {
        let day = shown.case.coded.get(&fill.day).and_then(|v| v.one().parse::<Date>().ok());
        let day = day.unwrap_or_else(|| page.today());
        let text = shown.text(&fill.body).unwrap_or_default();
        match trial::tried(&app, &page, (&me, releasing(&shown.case)), (text, day)).await? {
            Ok(text) => draft = paragraphs(&text),
            Err(why) => refused = why.iter().map(|why| words::view(&page, why)).collect(),
        }
    }
    let mut signed = Vec::new();
    let mut before: Option<&Edition> = None;
    for one in &release.signed {
        signed.push(signed_view((&app, &me), &page, &shown, (one, before)).await?);
        before = Some(&one.edition);
    }
    signed.reverse();
    page.show(&OnePage {
        edit: edit(&app, &page, (&me, &shown), fill),
        title: shown.text(&fill.title).unwrap_or_default().to_owned(),
        number: &shown.number,
        state: view::state_name(&page, &shown.case.workflow, &shown.case.state),
        draft,
        refused,
        signed,
        read: read(&app, &page, &release.read).await?,
        uses: release.uses,
        page: &page,
    })
}

/// Who read a text before its hour, the first one first.
async fn read(
    app: &App,
    page: &Page,
    read: &BTreeMap<AccountId, Timestamp>,
) -> Result<Vec<(String, String)>, Oops> {
    let mut order: Vec<(Timestamp, AccountId)> = read.iter().map(|(id, at)| (*at, *id)).collect();
    order.sort_unstable();
    let mut lines = Vec::with_capacity(order.len());
    for (at, id) in order {
        let known = app.store().account_by_id(id).await?;
        let name = known.map_or_else(
            || page.t("traces.nobody").to_owned(),
            |account| format!("{} {}", page.unit(&account.unit), account.name),
        );
        lines.push((name, when(page, at)));
    }
    Ok(lines)
}

/// The form for whoever may change the text now.
fn edit(
    app: &App,
    page: &Page,
    (me, shown): (&LoggedIn, &CasePage),
    fill: &Fill,
) -> Option<EditView> {
    let actor = Actor::Staff(me.staff());
    let ctx = Ctx::bare(app.now(), &page.pack, &actor);
    let mut allowed = decide::allowed(ctx, &shown.case);
    let writes = allowed.find(|action| action.fields.iter().any(|f| f.code == fill.body))?;
    let text = |field: &str| shown.text(field).unwrap_or_default().to_owned();
    Some(EditView {
        action: format!("/cases/{}/{}", shown.number, writes.code),
        version: shown.version,
        title: text(&fill.title),
        body: text(&fill.body),
        english: text(&fill.english),
        day: shown.case.coded.get(&fill.day).map_or(String::new(), |v| v.one().to_owned()),
        fill: fill.clone(),
    })
}

async fn signed_view(
    (app, me): (&App, &LoggedIn),
    page: &Page,
    shown: &CasePage,
    (signed, before): (&SignedText, Option<&Edition>),
) -> Result<SignedView, Oops> {
    let edition = &signed.edition;
    let who = (page.pack.as_ref(), &me.viewer());
    let told = app.store().said_today(who, &signed.values, page.today()).await?;
    let today: Vec<Option<i64>> = told
        .iter()
        .map(|value| value.as_ref().and_then(|v| v.amount).map(AnyAmount::count))
        .collect();
    let numbers = edition
        .places
        .iter()
        .filter_map(|filled| number(page, (shown, edition), (filled, signed), &today));
    let numbers: Vec<NumberView> = numbers.collect();
    let kept_from = signed.text.is_empty();
    let before = before.filter(|_| !kept_from);
    let differences = before.map_or(Vec::new(), |before| edition.differences(before));
    Ok(SignedView {
        kept_from,
        paragraphs: paragraphs(&signed.text),
        english: paragraphs(&signed.english),
        signed: when(page, edition.at),
        out: edition.published.map_or(String::new(), |at| when(page, at)),
        seal: signed.seal.clone(),
        reason: signed.reason.clone(),
        changed: numbers.iter().any(|number| number.changed),
        numbers,
        differences: differences
            .into_iter()
            .map(|d| DifferenceView { of: counted(page, &d.of), before: d.before, after: d.after })
            .collect(),
        claims: signed.claims.iter().map(|c| (c.says.clone(), c.evidence.clone())).collect(),
    })
}

/// What is counted, in words: figure, or part and whole, with period and unit.
fn counted(page: &Page, of: &str) -> String {
    let (figures, rest) = of.split_once(' ').unwrap_or((of, ""));
    let name = |code| {
        page.pack.figures.get(code).map_or(code, |figure| page.either(&figure.name, &figure.en))
    };
    let names: Vec<&str> = figures.split('/').map(name).collect();
    let (period, unit) = rest.split_once(' ').unwrap_or((rest, ""));
    let unit = if unit.is_empty() { "" } else { page.unit(unit) };
    let parts = [names.join("/"), unit.to_owned(), period.to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn number(
    page: &Page,
    (shown, edition): (&CasePage, &Edition),
    (filled, signed): (&Filled, &SignedText),
    today: &[Option<i64>],
) -> Option<NumberView> {
    let value = signed.values.get(filled.number)?;
    let figure = page.pack.figures.get(&value.figure);
    let name = figure.map_or(value.figure.as_str(), |f| page.either(&f.name, &f.en));
    let text = |n: Option<i64>| n.map_or_else(|| "—".to_owned(), |n| n.to_string());
    let now = today.get(filled.number).copied().flatten();
    let freezing = edition.freezing?;
    Some(NumberView {
        said: filled.said.clone(),
        typed: figure.map_or("", |figure| typed(page, figure)).to_owned(),
        name: format!("{name} · {} · {}", page.unit(&value.unit), value.period),
        exact: text(value.amount),
        today: text(now),
        changed: now != value.amount,
        href: format!("/cases/{}/figures/{freezing}/{}", shown.number, filled.number),
    })
}
