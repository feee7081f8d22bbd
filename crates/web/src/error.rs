//! What can go wrong while answering, and how it is said: a page for people, problem details
//! (RFC 9457) for programs.
//!
//! A handler answers with an [`Oops`]; one layer around all routes turns it into words, because
//! only there language and kind of client are known.

use crate::{
    app::App,
    open311,
    page::{self, Page},
    view::contact,
};
use askama::Template;
use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    field::{FieldFault, Why},
    refusal::{Bar, Refusal},
};
use serde_json::{Value, json};
use std::fmt::Display;
use store::{
    No,
    db::{Error, WriteError},
};

/// What went wrong.
#[derive(Debug, Clone)]
pub enum Oops {
    /// There is nothing here, or nothing that this viewer may know of.
    NotFound,
    /// Somebody must log in first.
    LogIn,
    /// The form was not made for this session.
    Forged,
    /// What was sent cannot be read; the text key says why.
    Bad(&'static str),
    /// Too large, with a text key.
    TooLarge(&'static str),
    /// The domain says no.
    Refused(Refusal),
    /// The same command id was used for something else.
    Misused,
    /// Try again shortly.
    Busy,
    /// Too often from one place; the seconds to wait.
    Slow(i64),
    /// Another refusal of what was sent or how, with a text key.
    Plain(StatusCode, &'static str),
    /// The program's own fault; logged under this id.
    Fault(String),
}

impl Oops {
    /// A fault, logged once under a new id. The message must not hold personal data.
    pub fn fault(error: &dyn Display) -> Self {
        let id = store::new_receipt()[..8].to_owned();
        tracing::error!(%id, %error, "fault");
        Self::Fault(id)
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::Refused(Refusal::Unknown { .. }) => StatusCode::NOT_FOUND,
            Self::LogIn => StatusCode::UNAUTHORIZED,
            Self::Forged | Self::Refused(Refusal::MayNotOpen(_)) => StatusCode::FORBIDDEN,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(Refusal::Fields(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(_) | Self::Misused => StatusCode::CONFLICT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Slow(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Plain(status, _) => *status,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The text key of the explanation.
    pub fn key(&self) -> String {
        match self {
            Self::NotFound => "error.not_found".to_owned(),
            Self::LogIn => "error.log_in".to_owned(),
            Self::Forged => "error.forged".to_owned(),
            Self::Bad(key) | Self::TooLarge(key) | Self::Plain(_, key) => (*key).to_owned(),
            Self::Misused => "error.misused".to_owned(),
            Self::Busy => "error.busy".to_owned(),
            Self::Slow(_) => "error.slow".to_owned(),
            Self::Fault(_) => "error.fault".to_owned(),
            Self::Refused(refusal) => refusal_key(refusal),
        }
    }

    /// The explanation in the language of the page.
    pub fn words(&self, page: &Page) -> String {
        match self {
            Self::Refused(Refusal::OverLimit { max, .. }) => {
                page.tf(&self.key(), &[("max", &max.to_string())])
            }
            Self::Refused(Refusal::Press(why)) => {
                let why: Vec<String> =
                    why.iter().map(|why| crate::releases::words::line(page, why)).collect();
                page.tf(&self.key(), &[("why", &why.join(" "))])
            }
            Self::Slow(seconds) => page.tf(&self.key(), &[("n", &seconds.to_string())]),
            Self::Fault(id) => page.tf(&self.key(), &[("id", id)]),
            Self::Refused(Refusal::NotAllowed { why: Bar::Contact { until, plan }, .. }) => {
                contact::refusal(page, *plan, *until)
            }
            Self::Refused(Refusal::NotAllowed { why: Bar::Sample { missing, wrong }, .. }) => {
                let (missing, wrong) = (missing.to_string(), wrong.to_string());
                page.tf(&self.key(), &[("missing", &missing), ("wrong", &wrong)])
            }
            _ => page.t(&self.key()).to_owned(),
        }
    }
}

fn refusal_key(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotAllowed { why, .. } => format!("refusal.{}", why.key()),
        Refusal::MayNotOpen(_) => "refusal.may_not_open".to_owned(),
        Refusal::Unknown { .. } => "error.not_found".to_owned(),
        Refusal::Fields(_) => "refusal.fields".to_owned(),
        Refusal::NoUnit => "refusal.no_unit".to_owned(),
        Refusal::OverLimit { what, .. } => format!("refusal.{what}"),
        Refusal::DateInPast(_) => "refusal.date_in_past".to_owned(),
        Refusal::DatesCross(_) => "refusal.dates_cross".to_owned(),
        Refusal::BadLink(_) => "refusal.bad_link".to_owned(),
        Refusal::WouldBeLost => "refusal.would_be_lost".to_owned(),
        Refusal::Right(bar) => format!("refusal.right.{}", bar.key()),
        Refusal::UnitBarred => "refusal.unit_barred".to_owned(),
        Refusal::Secrecy(why) => format!("refusal.secrecy.{}", why.key()),
        Refusal::OnlyOnce => "refusal.only_once".to_owned(),
        Refusal::NoEvidence => "refusal.no_evidence".to_owned(),
        Refusal::BadTarget => "refusal.bad_target".to_owned(),
        Refusal::SameTarget => "refusal.same_target".to_owned(),
        Refusal::NoProgramme => "refusal.no_programme".to_owned(),
        Refusal::NothingCounted => "refusal.nothing_counted".to_owned(),
        Refusal::NotDrawn => "refusal.not_drawn".to_owned(),
        Refusal::NotSeen => "refusal.not_seen".to_owned(),
        Refusal::NoText => "refusal.no_text".to_owned(),
        Refusal::Press(_) => "refusal.press".to_owned(),
        Refusal::Clock(_) => "refusal.clock".to_owned(),
    }
}

/// A sentence for a field that was not accepted.
pub fn field_words(page: &Page, fault: &FieldFault) -> String {
    let label = page.either(&fault.label, &fault.label_en);
    match &fault.why {
        Why::Missing => page.tf("field.missing", &[("label", label)]),
        Why::TooLong { max } => {
            page.tf("field.too_long", &[("label", label), ("max", &max.to_string())])
        }
        Why::NotAnOption => page.tf("field.not_an_option", &[("label", label)]),
        Why::NotADate => page.tf("field.not_a_date", &[("label", label)]),
        Why::NotATime => page.tf("field.not_a_time", &[("label", label)]),
        Why::NotANumber { min, max } => page.tf(
            "field.not_a_number",
            &[("label", label), ("min", &min.to_string()), ("max", &max.to_string())],
        ),
        Why::NotAPhone => page.tf("field.not_a_phone", &[("label", label)]),
        Why::Unknown => page.tf("field.unknown", &[("label", label)]),
        Why::Unreadable => page.tf("field.unreadable", &[("label", label)]),
    }
}

impl From<Error> for Oops {
    fn from(error: Error) -> Self {
        match error {
            Error::Busy => Self::Busy,
            error => Self::fault(&error),
        }
    }
}

impl From<WriteError<No>> for Oops {
    fn from(error: WriteError<No>) -> Self {
        match error {
            WriteError::Refused(No::Refused(refusal)) => Self::Refused(refusal),
            WriteError::Refused(No::NotFound) => Self::NotFound,
            WriteError::Refused(No::Misused | No::Imported(_) | No::Changed) => Self::Misused,
            WriteError::Db(error) => error.into(),
        }
    }
}

impl From<Refusal> for Oops {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Self::Slow(seconds) = &self {
            response.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: &'a Page,
    status: u16,
    words: String,
    allowed: Vec<String>,
}

/// Nothing matched the path.
pub(crate) async fn no_such_page() -> Oops {
    Oops::NotFound
}

/// Puts an error into words. What that needs of the request is looked at only when there is one.
pub(crate) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let response = next.run(request).await;
    let Some(oops) = found(&response) else { return response };
    let page = asked.page(&app);
    let mut dressed = if page.path == "/api" || page.path.starts_with("/api/") {
        problem(&page, &oops)
    } else if page.path.starts_with("/open311") {
        open311::problem(&page, &oops)
    } else if matches!(oops, Oops::LogIn) {
        Redirect::to("/login").into_response()
    } else {
        error_page(&page, &oops)
    };
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    dressed
}

/// What of a request its error page depends on; cheap to keep.
struct Asked {
    uri: Uri,
    headers: [Option<header::HeaderValue>; 2],
}

impl Asked {
    const HEADERS: [header::HeaderName; 2] = [header::ACCEPT_LANGUAGE, header::COOKIE];

    fn of(request: &Request) -> Self {
        let headers = Self::HEADERS.map(|name| request.headers().get(name).cloned());
        Self { uri: request.uri().clone(), headers }
    }

    fn page(self, app: &App) -> Page {
        let (mut parts, ()) = axum::http::Request::new(()).into_parts();
        parts.uri = self.uri;
        for (name, value) in Self::HEADERS.into_iter().zip(self.headers) {
            if let Some(value) = value {
                parts.headers.insert(name, value);
            }
        }
        page::of(app, &parts)
    }
}

/// The error of a response: a handler's own, or one that the framework made.
fn found(response: &Response) -> Option<Oops> {
    if let Some(oops) = response.extensions().get::<Oops>() {
        return Some(oops.clone());
    }
    let bare = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|t| t.to_str().is_ok_and(|t| t.starts_with("text/plain")));
    match response.status() {
        StatusCode::NOT_FOUND if bare => Some(Oops::NotFound),
        status @ StatusCode::METHOD_NOT_ALLOWED => Some(Oops::Plain(status, "error.method")),
        StatusCode::PAYLOAD_TOO_LARGE if bare => Some(Oops::TooLarge("error.too_large")),
        status @ StatusCode::UNSUPPORTED_MEDIA_TYPE if bare => {
            Some(Oops::Plain(status, "error.media_type"))
        }
        status if status.is_client_error() && bare => Some(Oops::Bad("error.unreadable")),
        status if status.is_server_error() && bare => Some(Oops::fault(&status)),
        _ => None,
    }
}

/// The names of the actions that a refusal says are allowed.
fn allowed_actions(page: &Page, refusal: &Refusal) -> Vec<String> {
    let Refusal::NotAllowed { allowed, .. } = refusal else { return Vec::new() };
    let name = |code: &String| {
        page.pack
            .workflows
            .values()
            .find_map(|w| w.action(code))
            .map_or_else(|| code.clone(), |a| page.either(&a.name, &a.en).to_owned())
    };
    allowed.iter().map(name).collect()
}

fn error_page(page: &Page, oops: &Oops) -> Response {
    let allowed = match oops {
        Oops::Refused(refusal) => allowed_actions(page, refusal),
        _ => Vec::new(),
    };
    let status = oops.status();
    let view = ErrorPage { page, status: status.as_u16(), words: oops.words(page), allowed };
    match page.show(&view) {
        Ok(body) => (status, body).into_response(),
        Err(_) => status.into_response(),
    }
}

/// Problem details for a program.
pub(crate) fn problem(page: &Page, oops: &Oops) -> Response {
    let status = oops.status();
    let mut body = json!({
        "type": format!("urn:xiaohe:problem:{}", oops.key().replace('.', ":")),
        "title": page.t(&format!("status.{}", status.as_u16())),
        "status": status.as_u16(),
        "detail": oops.words(page),
    });
    if let Oops::Refused(refusal) = oops {
        match refusal {
            Refusal::NotAllowed { allowed, why, .. } => {
                body["allowed_actions"] = json!(allowed);
                if let Bar::Contact { until, plan } = why {
                    body["contact"] = contact::json(*plan, *until);
                }
            }
            Refusal::Fields(faults) => {
                let faults: Vec<Value> = faults
                    .iter()
                    .map(|f| json!({ "field": f.field, "detail": field_words(page, f) }))
                    .collect();
                body["errors"] = json!(faults);
            }
            _ => {}
        }
    }
    let mut response = (status, Json(body)).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
    let further = match status {
        StatusCode::SERVICE_UNAVAILABLE => (header::RETRY_AFTER, "1"),
        StatusCode::TOO_MANY_REQUESTS => (header::RETRY_AFTER, "60"),
        StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, "Bearer"),
        _ => return response,
    };
    response.headers_mut().insert(further.0, header::HeaderValue::from_static(further.1));
    response
}
