//! Looking for cases. What was typed is personal data, so it travels in the body of the request
//! and never stands in an address.

use super::panels;
use crate::{
    app::App,
    error::Oops,
    form::Form,
    page::Page,
    session::LoggedIn,
    traces,
    view::{GradeView, category_name, day, state_name},
};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::audit::Deed;
use store::{Found, Hit};

/// The most cases that are shown.
const MOST: usize = 50;
/// The longest query that is looked at, in characters.
const LONGEST: usize = 100;

#[derive(Template)]
#[template(path = "staff/search.html")]
struct SearchPage<'a> {
    page: &'a Page,
    typed: String,
    asked: bool,
    full: bool,
    /// What must be said about the search itself.
    notes: Vec<&'static str>,
    count: String,
    hits: Vec<HitView>,
}

struct HitView {
    number: String,
    summary: String,
    category: String,
    place: String,
    grade: GradeView,
    state: String,
    state_class: &'static str,
    unit: String,
    opened: String,
}

pub(super) async fn page(_me: LoggedIn, page: Page) -> Result<Response, Oops> {
    show(&page, String::new(), None)
}

pub(super) async fn find(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    form: Form,
) -> Result<Response, Oops> {
    let typed: String = form.get("q").trim().chars().take(LONGEST).collect();
    let found = app.store().search(&page.pack, &me.viewer(), &typed, MOST).await?;
    let hits = u32::try_from(found.hits.len()).unwrap_or(u32::MAX);
    traces::note(&app, &me, Deed::Searched { hits }).await?;
    show(&page, typed, Some(found))
}

fn show(page: &Page, typed: String, found: Option<Found>) -> Result<Response, Oops> {
    let asked = found.is_some() && !typed.is_empty();
    let found = found.unwrap_or_default();
    let hits: Vec<HitView> = found.hits.iter().map(|h| view(page, h)).collect();
    let count = page.tf("search.count", &[("n", &hits.len().to_string())]);
    let short = asked && typed.chars().count() == 1;
    let notes = [(short, "search.short"), (found.cut, "search.cut")];
    let notes = notes.into_iter().filter(|(said, _)| *said).map(|(_, key)| key).collect();
    page.show(&SearchPage { page, full: hits.len() >= MOST, notes, typed, asked, count, hits })
}

fn view(page: &Page, hit: &Hit) -> HitView {
    let case = &hit.case;
    HitView {
        number: hit.number.clone(),
        summary: hit.summary.clone(),
        category: category_name(page, &case.category),
        place: page.pack.regions.get(&case.place).map_or(String::new(), |r| r.name.clone()),
        grade: GradeView::new(page, &case.grade),
        state: state_name(page, &case.workflow, &case.state),
        state_class: panels::state_class(page, case),
        unit: page.unit(&case.unit).to_owned(),
        opened: day(page, case.opened),
    }
}
