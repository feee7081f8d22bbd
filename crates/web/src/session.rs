//! Who is asking: sessions of staff by cookie or token, of an appellant by a short-lived pass.
//!
//! The middleware of a route's access rule puts the finding into the request; an extractor only
//! finds what the rule has put there.

use crate::{app::App, citizen::track, cookies, error::Oops};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Staff},
};
use store::Account;

/// Name of the staff cookie.
pub(crate) const STAFF_COOKIE: &str = "staff";
/// Name of the appellant's cookie.
pub(crate) const PASS_COOKIE: &str = "pass";
/// An appellant's pass lasts so many seconds: the phone may be read by somebody else soon.
pub(crate) const PASS_SECONDS: u32 = 900;

/// A member of staff who is logged in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Account.
    pub account: Account,
    /// Secret that every form carries.
    pub csrf: String,
    /// Session token, for logging out.
    pub token: String,
}

impl LoggedIn {
    /// As the rules see it.
    pub fn staff(&self) -> Staff {
        self.account.staff()
    }

    /// As reads see it.
    pub fn viewer(&self) -> Viewer {
        Viewer::Staff(self.staff())
    }

    /// As commands see it.
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.staff())
    }

    /// Whether the form was made for this session.
    ///
    /// # Errors
    /// [`Oops::Forged`] when it was not.
    pub fn check(&self, csrf: &str) -> Result<(), Oops> {
        if csrf == self.csrf { Ok(()) } else { Err(Oops::Forged) }
    }
}

/// An appellant who has shown number and receipt.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// The case.
    pub case: CaseId,
}

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Oops> {
        parts.extensions.get::<Self>().cloned().ok_or(Oops::LogIn)
    }
}

impl FromRequestParts<App> for Pass {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Oops> {
        parts.extensions.get::<Self>().copied().ok_or(Oops::NotFound)
    }
}

pub(crate) async fn staff(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let token = cookies::get(request.headers(), STAFF_COOKIE).unwrap_or_default();
    match logged_in(&app, token).await {
        Ok(Some(found)) => {
            request.extensions_mut().insert(found);
            next.run(request).await
        }
        Ok(None) => Redirect::to("/login").into_response(),
        Err(oops) => oops.into_response(),
    }
}

pub(crate) async fn token(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let token = bearer(request.headers()).unwrap_or_default();
    match logged_in(&app, token).await {
        Ok(Some(found)) => {
            request.extensions_mut().insert(found);
            next.run(request).await
        }
        Ok(None) => Oops::LogIn.into_response(),
        Err(oops) => oops.into_response(),
    }
}

pub(crate) async fn appellant(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let pass = cookies::get(request.headers(), PASS_COOKIE).unwrap_or_default();
    match app.store().read_pass(&pass, app.now()) {
        Some(case) => {
            request.extensions_mut().insert(Pass { case });
            next.run(request).await
        }
        // Whoever wrote for longer than a pass lasts must not lose the words.
        None if request.method() == Method::POST => {
            track::ended(&app, request).await.unwrap_or_else(IntoResponse::into_response)
        }
        None => Redirect::to("/track").into_response(),
    }
}

pub(crate) async fn demo(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.demo().is_empty() { Oops::NotFound.into_response() } else { next.run(request).await }
}

/// Whose bearer token a request to a public route carries, if it carries one.
///
/// # Errors
/// [`Oops::LogIn`] when the token is not, or no longer, valid.
pub(crate) async fn by_token(app: &App, headers: &HeaderMap) -> Result<Option<LoggedIn>, Oops> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let found = logged_in(app, bearer(headers).unwrap_or_default()).await?;
    found.map(Some).ok_or(Oops::LogIn)
}

async fn logged_in(app: &App, token: String) -> Result<Option<LoggedIn>, Oops> {
    if token.is_empty() {
        return Ok(None);
    }
    let session = app.store().session(&token, app.now()).await?;
    Ok(session.map(|s| LoggedIn { account: s.account, csrf: s.csrf, token }))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|t| t.trim().to_owned())
}
