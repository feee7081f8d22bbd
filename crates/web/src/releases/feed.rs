//! What has gone out, for programs: an Atom feed, and the words of schema.org on the page of a release.
//! Both say what everybody reads and nothing else.

use super::paragraphs;
use crate::{app::App, error::Oops, lang::Lang, page::Page};
use askama::Template;
use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Release, SignedText};

/// Releases of the feed.
const NEWEST: u32 = 20;

struct EntryView {
    number: String,
    title: String,
    published: String,
    updated: String,
    paragraphs: Vec<String>,
}

#[derive(Template)]
#[template(path = "citizen/news.xml")]
struct Feed<'a> {
    page: &'a Page,
    updated: String,
    entries: Vec<EntryView>,
}

pub(super) async fn atom(State(app): State<App>, page: Page) -> Result<Response, Oops> {
    let releases = app.store().newest_releases(&page.pack, NEWEST).await?;
    let entries: Vec<EntryView> = releases.iter().filter_map(entry).collect();
    let updated = entries.iter().map(|entry| entry.updated.clone()).max();
    let updated = updated.unwrap_or_else(|| Timestamp::UNIX_EPOCH.to_string());
    let feed = Feed { page: &page, updated, entries };
    let body = feed.render().map_err(|e| Oops::fault(&e))?;
    Ok(([(CONTENT_TYPE, "application/atom+xml; charset=utf-8")], body).into_response())
}

fn entry(release: &Release) -> Option<EntryView> {
    let (first, newest) = (release.signed.first()?, release.signed.last()?);
    Some(EntryView {
        number: release.number.clone(),
        title: newest.title.clone(),
        published: first.edition.published?.to_string(),
        updated: touched(newest)?.to_string(),
        paragraphs: paragraphs(&newest.text),
    })
}

/// When everybody last read something new of it.
fn touched(newest: &SignedText) -> Option<Timestamp> {
    newest.edition.withdrawn.or(newest.edition.published)
}

/// The release as a `NewsArticle`, to stand in a page: no sign of it can end the block it stands in.
pub(super) fn article(page: &Page, release: &Release) -> String {
    let (Some(first), Some(newest)) = (release.signed.first(), release.signed.last()) else {
        return String::new();
    };
    let english = page.lang == Lang::En && !newest.english.is_empty();
    let (lang, body) = if english { ("en", &newest.english) } else { ("zh-Hans", &newest.text) };
    let said = json!({
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": newest.title,
        "articleBody": body,
        "inLanguage": lang,
        "datePublished": first.edition.published.map(|at| at.to_string()),
        "dateModified": touched(newest).map(|at| at.to_string()),
        "identifier": release.number,
        "publisher": { "@type": "GovernmentOrganization", "name": page.owner() },
    });
    kept(&said)
}

fn kept(said: &Value) -> String {
    said.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_ends_the_block() {
        let kept = super::kept(&serde_json::json!({ "headline": "</script><b>&" }));
        assert!(!kept.contains('<') && !kept.contains('&'), "{kept}");
        let read: serde_json::Value = serde_json::from_str(&kept).expect("JSON");
        assert_eq!(read["headline"], "</script><b>&");
    }
}
