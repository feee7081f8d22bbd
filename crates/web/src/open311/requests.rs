//! How requests stand, for anybody: number, service, status, two instants. The text of a request
//! may name people, so neither it nor its place is ever repeated here.

use super::node::{Format, Node};
use crate::{app::App, error::Oops};
use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, Uri},
    response::Response,
};
use domain::pack::Pack;
use jiff::{Timestamp, civil::Date};
use packs::Offer;
use serde::Deserialize;
use store::{Feed, PublicRequest};

/// The longest span that the standard lets a client ask for, in seconds.
const SPAN: i64 = 90 * 86_400;
/// The most requests of an answer.
const MOST: usize = 1_000;
/// The most requests asked for by number at once.
const NUMBERS: usize = 50;

const NO_SUCH: Oops = Oops::Plain(StatusCode::NOT_FOUND, "open311.request");
const BAD_SPAN: Oops = Oops::Plain(StatusCode::BAD_REQUEST, "open311.span");

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    service_request_id: String,
    #[serde(default)]
    service_code: String,
    #[serde(default)]
    start_date: String,
    #[serde(default)]
    end_date: String,
    #[serde(default)]
    status: String,
}

pub(super) async fn list(
    State(app): State<App>,
    uri: Uri,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Oops> {
    let (city, pack) = (app.city(), app.pack());
    // Numbers override every other filter, says the standard.
    let found = if wanted.service_request_id.is_empty() {
        app.store().feed(&pack, &wanted.feed(&pack, app.now())?).await?
    } else {
        let mut found = Vec::new();
        for number in wanted.service_request_id.split(',').take(NUMBERS) {
            found.extend(app.store().requested(&pack, number).await?);
        }
        found
    };
    let all = found.iter().map(|one| line(&city.services, one)).collect();
    Ok(Format::of(uri.path()).print("service_requests", &Node::List("request", all)))
}

impl Wanted {
    fn feed(&self, pack: &Pack, now: Timestamp) -> Result<Feed, Oops> {
        let (from, to) = self.span(pack, now)?;
        let open = match self.status.replace(' ', "").as_str() {
            "" | "open,closed" | "closed,open" => None,
            "open" => Some(true),
            "closed" => Some(false),
            _ => return Err(Oops::Bad("error.unreadable")),
        };
        let codes = self.service_code.split(',').map(str::trim).filter(|c| !c.is_empty());
        let services = codes.map(str::to_owned).collect();
        Ok(Feed { from, to, services, open, limit: MOST })
    }

    /// The span that is asked for: the newest ninety days unless it says otherwise.
    fn span(&self, pack: &Pack, now: Timestamp) -> Result<(Timestamp, Timestamp), Oops> {
        let read = |text: &str, end: bool| match text {
            "" => Ok(None),
            text => instant(pack, text, end).map(Some).ok_or(Oops::Bad("error.unreadable")),
        };
        let moved = |at: Timestamp, seconds: i64| {
            Timestamp::from_second(at.as_second() + seconds).map_err(|_| BAD_SPAN)
        };
        let (from, to) = match (read(&self.start_date, false)?, read(&self.end_date, true)?) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, moved(from, SPAN)?.min(now.max(from))),
            (None, Some(to)) => (moved(to, -SPAN)?, to),
            (None, None) => (moved(now, -SPAN)?, now),
        };
        let length = to.as_second() - from.as_second();
        if (0..=SPAN).contains(&length) { Ok((from, to)) } else { Err(BAD_SPAN) }
    }
}

/// A date and time with its offset, or a whole day of the city.
fn instant(pack: &Pack, text: &str, end: bool) -> Option<Timestamp> {
    // In a query an unescaped plus has become a space.
    let text = text.trim().replace(' ', "+");
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let date: Date = text.parse().ok()?;
    let date = if end { date } else { date.yesterday().ok()? };
    Some(pack.end_of(date))
}

pub(super) async fn one(
    State(app): State<App>,
    Path(last): Path<String>,
) -> Result<Response, Oops> {
    let (number, format) = Format::split(&last);
    let found = app.store().requested(&app.pack(), number).await?.ok_or(NO_SUCH)?;
    let all = vec![line(&app.city().services, &found)];
    Ok(format.print("service_requests", &Node::List("request", all)))
}

pub(super) async fn of_token(
    State(app): State<App>,
    Path(last): Path<String>,
) -> Result<Response, Oops> {
    let (token, format) = Format::split(&last);
    let command = Some(token).filter(|t| t.len() == 32);
    let command = command.and_then(|t| u128::from_str_radix(t, 16).ok()).ok_or(NO_SUCH)?;
    let found = app.store().requested_by_command(&app.pack(), &command.to_be_bytes()).await?;
    let node = Node::Map(vec![
        ("service_request_id", Node::text(found.ok_or(NO_SUCH)?.number)),
        ("token", Node::text(token)),
    ]);
    Ok(format.print("service_requests", &Node::List("request", vec![node])))
}

fn line(services: &[Offer], one: &PublicRequest) -> Node {
    let name = services.iter().find(|s| s.code == one.service).map_or("", |s| s.name.as_str());
    Node::Map(vec![
        ("service_request_id", Node::text(one.number.as_str())),
        ("status", Node::text(if one.open { "open" } else { "closed" })),
        ("status_notes", Node::Nothing),
        ("service_name", Node::text(name)),
        ("service_code", Node::text(one.service.as_str())),
        ("description", Node::text(name)),
        ("agency_responsible", Node::Nothing),
        ("service_notice", Node::Nothing),
        ("requested_datetime", seconds(one.opened)),
        ("updated_datetime", seconds(one.updated)),
        ("expected_datetime", Node::Nothing),
        ("address", Node::Nothing),
        ("address_id", Node::Nothing),
        ("zipcode", Node::Nothing),
        ("lat", Node::Nothing),
        ("long", Node::Nothing),
        ("media_url", Node::Nothing),
    ])
}

/// An instant without fractions of a second, which some clients cannot read.
fn seconds(at: Timestamp) -> Node {
    Node::text(Timestamp::from_second(at.as_second()).unwrap_or(at).to_string())
}
