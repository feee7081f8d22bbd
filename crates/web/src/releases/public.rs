//! What has gone out, for everybody: the text with the definition of each of its numbers, earlier
//! versions beside it, and its numbers by unit where nobody can be found in them.

use super::{
    feed, paragraphs,
    table::{self, SplitView},
    when, words,
};
use crate::{app::App, error::Oops, lang::Lang, page::Page};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::press::Edition;
use store::{Release, SignedText};

/// Releases of a list.
const LISTED: u32 = 50;

struct LineView {
    title: String,
    href: String,
    when: String,
    withdrawn: bool,
}

#[derive(Template)]
#[template(path = "citizen/news.html")]
struct ListPage<'a> {
    page: &'a Page,
    releases: Vec<LineView>,
}

struct NumberView {
    said: String,
    definition: String,
    version: String,
}

struct DifferenceView {
    before: String,
    after: String,
    definition: String,
}

struct TextView {
    title: String,
    paragraphs: Vec<String>,
    when: String,
    seal: String,
    reason: String,
    differences: Vec<DifferenceView>,
}

#[derive(Template)]
#[template(path = "citizen/release.html")]
struct OnePage<'a> {
    page: &'a Page,
    withdrawn: String,
    newest: TextView,
    older: Vec<TextView>,
    numbers: Vec<NumberView>,
    splits: Vec<SplitView>,
    /// The same for programs.
    article: String,
}

pub(super) async fn list(State(app): State<App>, page: Page) -> Result<Response, Oops> {
    let releases = app.store().newest_releases(&page.pack, LISTED).await?;
    let releases = releases.iter().filter_map(|release| line(&page, release)).collect();
    page.show(&ListPage { page: &page, releases })
}

fn line(page: &Page, release: &Release) -> Option<LineView> {
    let newest = release.signed.last()?;
    Some(LineView {
        title: newest.title.clone(),
        href: format!("/news/{}", release.number),
        when: newest.edition.published.map_or(String::new(), |at| when(page, at)),
        withdrawn: newest.edition.withdrawn.is_some(),
    })
}

pub(super) async fn one(
    State(app): State<App>,
    page: Page,
    Path(number): Path<String>,
) -> Result<Response, Oops> {
    let release = app.store().published(&page.pack, &number).await?.ok_or(Oops::NotFound)?;
    let newest = release.signed.last().ok_or(Oops::NotFound)?;
    let mut texts: Vec<TextView> = Vec::new();
    let mut before: Option<&Edition> = None;
    for signed in &release.signed {
        texts.push(text(&page, signed, before));
        before = Some(&signed.edition);
    }
    texts.reverse();
    let mut texts = texts.into_iter();
    page.show(&OnePage {
        withdrawn: newest.edition.withdrawn.map_or(String::new(), |at| when(&page, at)),
        numbers: numbers(&page, newest),
        newest: texts.next().ok_or(Oops::NotFound)?,
        older: texts.collect(),
        article: feed::article(&page, &release),
        splits: table::split(&page, newest),
        page: &page,
    })
}

fn text(page: &Page, signed: &SignedText, before: Option<&Edition>) -> TextView {
    let english = page.lang == Lang::En && !signed.english.is_empty();
    let differences = before.map_or(Vec::new(), |before| signed.edition.differences(before));
    TextView {
        title: signed.title.clone(),
        paragraphs: paragraphs(if english { &signed.english } else { &signed.text }),
        when: signed.edition.published.map_or(String::new(), |at| when(page, at)),
        seal: signed.seal.clone(),
        reason: signed.reason.clone(),
        differences: differences
            .into_iter()
            .map(|d| DifferenceView {
                definition: words::definition(page, d.of.split(['/', ' ']).next().unwrap_or("")),
                before: d.before,
                after: d.after,
            })
            .collect(),
    }
}

fn numbers(page: &Page, signed: &SignedText) -> Vec<NumberView> {
    let places = signed.edition.places.iter();
    let known = places.filter_map(|filled| Some((filled, signed.values.get(filled.number)?)));
    known
        .map(|(filled, value)| {
            let versions: Vec<String> = value.versions.iter().map(ToString::to_string).collect();
            let unit = page.unit(&value.unit).to_owned();
            let version =
                page.tf("figures.version", &[("v", &versions.join(page.t("list.comma")))]);
            NumberView {
                said: if page.lang == Lang::En {
                    filled.english.clone()
                } else {
                    filled.said.clone()
                },
                definition: words::definition(page, &value.figure),
                version: format!("{version} · {unit} · {}", value.period),
            }
        })
        .collect()
}
