//! The home page and the pages that explain: service promises, privacy, accessibility. Their
//! words come from the city and the texts; nothing here knows of any case.

use crate::{
    app::App,
    error::Oops,
    lang::Lang,
    page::Page,
    staff::setup::processing::{PurposeView, purposes},
};
use askama::Template;
use axum::{extract::State, response::Response};
use packs::HomeText;

/// A category group as the home page offers it.
pub(crate) struct Topic {
    /// Code.
    pub(crate) code: String,
    /// Name.
    pub(crate) name: String,
    /// What belongs to it, in a few words.
    pub(crate) examples: String,
    /// Whether it is the one that was chosen.
    pub(crate) chosen: bool,
}

/// The category groups that residents may choose.
pub(crate) fn topics(page: &Page, chosen: &str) -> Vec<Topic> {
    let all = &page.pack.categories;
    let groups = all.values().filter(|c| c.code.len() == 2 && c.public);
    groups
        .map(|group| {
            let parts = all
                .values()
                .filter(|c| c.public && c.code.len() == 4 && c.code.starts_with(&group.code));
            let names: Vec<&str> = parts.take(3).map(|c| page.either(&c.name, &c.en)).collect();
            Topic {
                code: group.code.clone(),
                name: page.either(&group.name, &group.en).to_owned(),
                examples: names.join(page.t("list.comma")),
                chosen: group.code == chosen,
            }
        })
        .collect()
}

#[derive(Template)]
#[template(path = "citizen/home.html")]
struct HomePage<'a> {
    page: &'a Page,
    home: &'a HomeText,
    topics: Vec<Topic>,
}

pub(super) async fn home(State(app): State<App>, page: Page) -> Result<Response, Oops> {
    let city = app.city();
    let home = words(&page, &city);
    page.show(&HomePage { page: &page, home, topics: topics(&page, "") })
}

#[derive(Template)]
#[template(path = "citizen/about.html")]
struct AboutPage<'a> {
    page: &'a Page,
    home: &'a HomeText,
}

pub(super) async fn about(State(app): State<App>, page: Page) -> Result<Response, Oops> {
    let city = app.city();
    page.show(&AboutPage { page: &page, home: words(&page, &city) })
}

fn words<'a>(page: &Page, city: &'a packs::City) -> &'a HomeText {
    if page.lang == Lang::En { &city.home.en } else { &city.home.zh }
}

/// A question and its answer.
struct Part<'a> {
    title: &'a str,
    words: String,
}

#[derive(Template)]
#[template(path = "citizen/plain.html")]
struct PlainPage<'a> {
    page: &'a Page,
    title: &'a str,
    lead: &'a str,
    parts: Vec<Part<'a>>,
    purposes: Vec<PurposeView>,
}

pub(super) async fn privacy(page: Page) -> Result<Response, Oops> {
    plain(
        &page,
        ("privacy.title", "privacy.lead"),
        &[
            ("privacy.what", "privacy.what.text"),
            ("privacy.who", "privacy.who.text"),
            ("privacy.how", "privacy.how.text"),
            ("privacy.phone", "privacy.phone.text"),
            ("privacy.cookies", "privacy.cookies.text"),
            ("privacy.rights", "privacy.rights.text"),
        ],
    )
}

pub(super) async fn accessibility(page: Page) -> Result<Response, Oops> {
    plain(
        &page,
        ("access.title", "access.lead"),
        &[
            ("access.can", "access.can.text"),
            ("access.not_yet", "access.not_yet.text"),
            ("access.tell", "access.tell.text"),
        ],
    )
}

fn plain<'a>(
    page: &'a Page,
    (title, lead): (&'a str, &'a str),
    parts: &[(&'a str, &'a str)],
) -> Result<Response, Oops> {
    let brand = [
        ("owner", page.owner()),
        ("platform", page.platform()),
        ("hotline", page.brand.hotline.as_str()),
    ];
    let parts = parts
        .iter()
        .map(|(title, words)| Part { title: page.t(title), words: page.tf(words, &brand) })
        .collect();
    let public = title == "privacy.title";
    let purposes = if public { purposes(page) } else { Vec::new() };
    page.show(&PlainPage { page, title: page.t(title), lead: page.t(lead), parts, purposes })
}
