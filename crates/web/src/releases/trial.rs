//! Trying a press text: it is filled with the numbers of today, or told why it cannot be. Nothing is
//! kept, and nobody learns a number here that they could not ask for.

use super::words::{self, RefusedView};
use crate::{app::App, error::Oops, form::Form, page::Page, session::LoggedIn};
use askama::Template;
use axum::{extract::State, response::Response};
use domain::{
    access,
    press::{Material, Refused, Setting, Template as Text, compose},
};
use jiff::civil::Date;
use std::collections::BTreeMap;
use store::may_count;

/// The most characters of a text that is tried.
const MOST: usize = 20_000;

struct StandardView {
    text: String,
}

#[derive(Template)]
#[template(path = "staff/press_try.html")]
struct TryPage<'a> {
    page: &'a Page,
    text: String,
    day: String,
    done: Vec<String>,
    refused: Vec<RefusedView>,
    standard: Vec<StandardView>,
    figures: Vec<(String, String)>,
}

impl<'a> TryPage<'a> {
    fn new(page: &'a Page, text: &str, day: Date) -> Self {
        let sentences = page.pack.press.sentences.iter();
        let figures = page
            .pack
            .figures
            .iter()
            .map(|figure| (figure.code.clone(), words::definition(page, &figure.code)));
        Self {
            text: text.to_owned(),
            day: day.to_string(),
            done: Vec::new(),
            refused: Vec::new(),
            standard: sentences.map(|s| StandardView { text: s.text.clone() }).collect(),
            figures: figures.collect(),
            page,
        }
    }
}

pub(super) async fn ask(page: Page, _me: LoggedIn) -> Result<Response, Oops> {
    page.show(&TryPage::new(&page, "", page.today()))
}

pub(super) async fn answer(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    // The form of a draft may be tried before it is kept: its fields have the names of the workflow.
    let fill = super::workflow(&page).and_then(super::fill_of);
    let named = |plain: &str, own: Option<&String>| {
        let own = own.map_or("", |code| form.get(code));
        if own.is_empty() { form.get(plain).to_owned() } else { own.to_owned() }
    };
    let text: String = named("text", fill.map(|f| &f.body)).chars().take(MOST).collect();
    let day = named("day", fill.map(|f| &f.day)).parse::<Date>().unwrap_or_else(|_| page.today());
    let mut view = TryPage::new(&page, &text, day);
    let unit = access::list_root(&page.pack, &me.staff()).unwrap_or_default();
    match tried(&app, &page, (&me, &unit), (&text, day)).await? {
        Ok(text) => view.done = super::paragraphs(&text),
        Err(refused) => {
            view.refused = refused.iter().map(|why| words::view(&page, why)).collect();
        }
    }
    page.show(&view)
}

/// A text with the numbers of today, as far as this viewer may ask for them.
pub(super) async fn tried(
    app: &App,
    page: &Page,
    (me, unit): (&LoggedIn, &str),
    (text, day): (&str, Date),
) -> Result<Result<String, Vec<Refused>>, Oops> {
    let pack = &page.pack;
    let template = match Text::parse(text) {
        Ok(template) => template,
        Err(faults) => return Ok(Err(faults.into_iter().map(Refused::Unreadable).collect())),
    };
    let numbers = if may_count(pack, &me.viewer(), unit) {
        app.store().numbers_today((pack, &me.viewer()), unit, &template, page.today()).await?
    } else {
        BTreeMap::new()
    };
    let setting = Setting::of(pack, day).by(unit);
    let material = Material { setting, numbers: &numbers, register: &[] };
    Ok(compose(text, &material).map(|done| done.text))
}
