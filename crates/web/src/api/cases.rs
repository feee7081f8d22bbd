//! Work lists and single cases, for staff programs.

use super::{
    body::Sent,
    case_json::{self, Names, light_word},
};
use crate::{app::App, error::Oops, page::Page, session::LoggedIn, traces};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use domain::{audit::Deed, case::By, clock::Light};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::btree_map::Entry;
use store::{CasePage, Cursor, DeskFilter};

/// The most hits of a search.
const HITS: usize = 50;
/// The longest search in characters.
const LONGEST: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    light: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    cursor: String,
}

pub(crate) async fn list(
    State(app): State<App>,
    who: LoggedIn,
    page: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Oops> {
    let (light, cursor) = (light_of(&wanted.light)?, read_cursor(&app, &wanted.cursor)?);
    if !wanted.q.trim().is_empty() {
        return search(&app, &who, &page, (&wanted, light)).await;
    }
    let filled = |text: String| Some(text).filter(|t| !t.is_empty());
    let filter = DeskFilter {
        state: filled(wanted.state),
        unit: filled(wanted.unit),
        light,
        cursor,
        ..DeskFilter::default()
    };
    let found = app.store().desk(&page.pack, &who.staff(), app.now(), &filter).await?;
    let items: Vec<Value> = found
        .cases
        .iter()
        .map(|one| {
            let mut item = case_json::line(&page, &one.case, &one.number, &one.summary);
            item["light"] = json!(light_word(one.lamp.light));
            item["due"] = json!(one.lamp.due.to_string());
            item["task"] = json!(one.task);
            item
        })
        .collect();
    let next = found.next.map(|next| app.store().cursor_text(next));
    Ok(Json(json!({ "items": items, "next_cursor": next, "cut": false })))
}

async fn search(
    app: &App,
    who: &LoggedIn,
    page: &Page,
    (wanted, light): (&Wanted, Option<Light>),
) -> Result<Json<Value>, Oops> {
    if wanted.q.chars().count() > LONGEST {
        return Err(Oops::Bad("error.too_much_text"));
    }
    let found = app.store().search(&page.pack, &who.viewer(), &wanted.q, HITS).await?;
    let hits = u32::try_from(found.hits.len()).unwrap_or(u32::MAX);
    traces::note(app, who, Deed::Searched { hits }).await?;
    let now = app.now();
    let mut items = Vec::new();
    for hit in found.hits {
        let lamp = case_json::lamp(page, &hit.case, now);
        let fits = (wanted.state.is_empty() || wanted.state == hit.case.state)
            && (wanted.unit.is_empty() || wanted.unit == hit.case.unit)
            && light.is_none_or(|l| lamp.is_some_and(|lamp| lamp.light == l));
        if fits {
            let mut item = case_json::line(page, &hit.case, &hit.number, &hit.summary);
            item["light"] = json!(lamp.map(|l| light_word(l.light)));
            item["due"] = json!(lamp.map(|l| l.due.to_string()));
            item["task"] = Value::Null;
            items.push(item);
        }
    }
    Ok(Json(json!({ "items": items, "next_cursor": null, "cut": found.cut })))
}

fn light_of(word: &str) -> Result<Option<Light>, Oops> {
    match word {
        "" => Ok(None),
        "green" => Ok(Some(Light::Green)),
        "yellow" => Ok(Some(Light::Yellow)),
        "red" => Ok(Some(Light::Red)),
        _ => Err(Oops::Bad("api.bad_light")),
    }
}

fn read_cursor(app: &App, text: &str) -> Result<Option<Cursor>, Oops> {
    if text.is_empty() {
        return Ok(None);
    }
    app.store().cursor_of(text).map(Some).ok_or(Oops::Bad("api.bad_cursor"))
}

pub(crate) async fn show(
    State(app): State<App>,
    who: LoggedIn,
    page: Page,
    Path(number): Path<String>,
) -> Result<Json<Value>, Oops> {
    let shown = app.store().case(&page.pack, &who.viewer(), &number).await?;
    let shown = shown.ok_or(Oops::NotFound)?;
    traces::reading(&app, &who, [&shown]).await?;
    let names = names(&app, &shown).await?;
    Ok(Json(case_json::whole(&app, &page, &who, (&shown, &names))))
}

#[derive(Deserialize)]
struct Masked {
    /// Position of the entry, `version` in the timeline.
    version: i64,
    field: String,
}

/// Shows one masked field whole, which is remembered first.
pub(crate) async fn reveal(
    State(app): State<App>,
    who: LoggedIn,
    Path(number): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Json<Value>, Oops> {
    super::command(&headers, "reveal", &who.actor())?;
    let asked: Masked = sent.read(&["field"])?;
    let shown = app.store().case(&app.pack(), &who.viewer(), &number).await?;
    let shown = shown.ok_or(Oops::NotFound)?;
    let eyes = (&who.staff(), app.now());
    let field = (asked.version, asked.field.as_str());
    let found = app.store().reveal(&app.pack(), eyes, shown.case.id, field).await?;
    let revealed = found.ok_or(Oops::NotFound)?;
    Ok(Json(json!({ "field": revealed.field, "text": revealed.text })))
}

/// The names of everybody who took part, each asked for once.
async fn names(app: &App, shown: &CasePage) -> Result<Names, Oops> {
    let mut names = Names::new();
    for entry in &shown.entries {
        let By::Staff(account, _) = entry.by else { continue };
        if let Entry::Vacant(place) = names.entry(account) {
            let known = app.store().account_by_id(account).await?;
            place.insert(known.map_or(String::new(), |a| a.name));
        }
    }
    Ok(names)
}
