//! Who is asking: sessions of staff by cookie or token, of an appellant by a short-lived pass.
//!
//! The middleware of a route's access rule puts the finding into the request; an extractor only
//! finds what the rule has put there. The same middleware asks every form of staff for the secret of
//! its session before a handler runs, so that no handler can forget to.

use crate::{
    app::App, citizen::track, coming_in::local_path, cookies, edge, error::Oops, form::Kept,
};
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts, uri::PathAndQuery},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Staff},
    pack::Pack,
    people::with_deputised,
};
use jiff::Timestamp;
use std::fmt::Write as _;
use store::{Account, Stage};

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
    /// The instant of the request.
    pub at: Timestamp,
    /// Names of those for whom this person acts while they are away; their roles are among the
    /// account's.
    pub standing_in: Vec<String>,
}

impl LoggedIn {
    /// As the rules see it.
    pub fn staff(&self) -> Staff {
        self.account.staff()
    }

    /// As reads see it.
    pub fn viewer(&self) -> Viewer {
        Viewer::Staff(self.staff(), self.at)
    }

    /// As commands see it.
    pub fn actor(&self) -> Actor {
        Actor::Staff(self.staff())
    }
}

/// A member of staff on the way in, or before a locked page: the password was right once, and
/// nothing may be seen yet.
#[derive(Debug, Clone)]
pub struct ComingIn {
    /// Account.
    pub account: Account,
    /// Secret that every form carries.
    pub csrf: String,
    /// Session token.
    pub token: String,
    /// How far they have come.
    pub stage: Stage,
    /// Nobody was there for too long.
    pub locked: bool,
    /// Kind of browser and machine.
    pub device: String,
    /// Version of the promise of confidentiality that they gave.
    pub pledge: String,
}

impl ComingIn {
    /// Whether the promise that the pack asks for now is still to be given.
    pub fn owes_pledge(&self, pack: &Pack) -> bool {
        self.pledge != pack.pledge.version
    }
}

impl ComingIn {}

/// Where somebody at this stage goes on.
pub(crate) fn step(stage: Stage) -> &'static str {
    match stage {
        Stage::Full => "/desk",
        Stage::Code => "/login/code",
        Stage::SetUp => "/login/factor",
        Stage::NewPassword => "/login/password",
        Stage::Program => "/login",
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

impl FromRequestParts<App> for ComingIn {
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

/// Lets a request on that changes nothing, or that carries the secret of its session and comes from
/// our own pages. What was read of the form is handed on with it.
///
/// # Errors
/// [`Oops::Forged`], or what makes the form unreadable.
async fn with_secret(app: &App, request: Request, secret: &str) -> Result<Request, Oops> {
    if request.method().is_safe() {
        return Ok(request);
    }
    edge::from_our_page(app, request.headers())?;
    let (parts, body) = request.into_parts();
    let kept = Kept::from_request(Request::from_parts(parts.clone(), body), app).await?;
    if secret.is_empty() || !is_same(kept.form.get("csrf"), secret) {
        return Err(Oops::Forged);
    }
    let mut request = Request::from_parts(parts, Body::empty());
    request.extensions_mut().insert(kept);
    Ok(request)
}

/// Compares in a time that does not tell how much was right.
fn is_same(given: &str, secret: &str) -> bool {
    let pairs = given.bytes().zip(secret.bytes());
    given.len() == secret.len() && pairs.fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

pub(crate) async fn staff(State(app): State<App>, request: Request, next: Next) -> Response {
    let token = cookies::get(app.edge(), request.headers(), STAFF_COOKIE).unwrap_or_default();
    match found(&app, token).await {
        Ok(Some(Found { coming, .. })) if coming.locked => {
            Redirect::to(&unlock(&request)).into_response()
        }
        Ok(Some(found))
            if found.coming.stage == Stage::Full && found.coming.owes_pledge(&app.pack()) =>
        {
            Redirect::to("/login/pledge").into_response()
        }
        Ok(Some(found)) if found.coming.stage == Stage::Full => match found.logged_in(&app).await {
            Ok(me) => match with_secret(&app, request, &me.csrf).await {
                Ok(mut request) => {
                    request.extensions_mut().insert(me);
                    next.run(request).await
                }
                Err(oops) => oops.into_response(),
            },
            Err(oops) => oops.into_response(),
        },
        Ok(Some(found)) => Redirect::to(step(found.coming.stage)).into_response(),
        Ok(None) => Redirect::to("/login").into_response(),
        Err(oops) => oops.into_response(),
    }
}

/// The page that unlocks, and where it leads: to this page, or to the one whose form was sent.
fn unlock(request: &Request) -> String {
    let referer = request.headers().get(header::REFERER).and_then(|v| v.to_str().ok());
    let page = if request.method() == Method::GET {
        request.uri().path_and_query().map_or("", PathAndQuery::as_str)
    } else {
        let path = referer
            .and_then(|r| r.split_once("://"))
            .and_then(|(_, r)| r.find('/').map(|at| &r[at..]));
        path.unwrap_or_default()
    };
    let mut to = "/login/unlock?next=".to_owned();
    for byte in local_path(page).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
            to.push(char::from(byte));
        } else {
            let _ = write!(to, "%{byte:02X}");
        }
    }
    to
}

pub(crate) async fn coming_in(State(app): State<App>, request: Request, next: Next) -> Response {
    let token = cookies::get(app.edge(), request.headers(), STAFF_COOKIE).unwrap_or_default();
    match found(&app, token).await {
        Ok(Some(found)) => match with_secret(&app, request, &found.coming.csrf).await {
            Ok(mut request) => {
                request.extensions_mut().insert(found.coming);
                next.run(request).await
            }
            Err(oops) => oops.into_response(),
        },
        Ok(None) => Redirect::to("/login").into_response(),
        Err(oops) => oops.into_response(),
    }
}

pub(crate) async fn token(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match by_bearer(&app, request.headers()).await {
        Ok(Some(me)) => {
            request.extensions_mut().insert(me);
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
    let pass = cookies::get(app.edge(), request.headers(), PASS_COOKIE).unwrap_or_default();
    match app.store().read_pass(&pass, app.now()) {
        Some(case) => {
            if !request.method().is_safe()
                && let Err(oops) = edge::from_our_page(&app, request.headers())
            {
                return oops.into_response();
            }
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
    by_bearer(app, headers).await?.map(Some).ok_or(Oops::LogIn)
}

async fn by_bearer(app: &App, headers: &HeaderMap) -> Result<Option<LoggedIn>, Oops> {
    let found = found(app, bearer(headers).unwrap_or_default()).await?;
    let all_in = |c: &ComingIn| c.stage == Stage::Program || (c.stage == Stage::Full && !c.locked);
    match found {
        Some(found) if all_in(&found.coming) && !found.coming.owes_pledge(&app.pack()) => {
            found.logged_in(app).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// A sign of life is noted at most once in so many seconds.
const SEEN_SECONDS: i64 = 60;

/// A valid session, however far it goes.
struct Found {
    coming: ComingIn,
    seen: Timestamp,
    deputises: bool,
}

async fn found(app: &App, token: String) -> Result<Option<Found>, Oops> {
    if token.is_empty() {
        return Ok(None);
    }
    let Some(session) = app.store().session(&token, app.now()).await? else { return Ok(None) };
    let idle = app.now().as_second() - session.seen.as_second();
    let locked = idle > i64::from(app.pack().idle_minutes) * 60 && session.stage == Stage::Full;
    let coming = ComingIn {
        account: session.account,
        csrf: session.csrf,
        token,
        stage: session.stage,
        locked,
        device: session.device,
        pledge: session.pledge,
    };
    Ok(Some(Found { coming, seen: session.seen, deputises: session.deputises }))
}

impl Found {
    /// Somebody who is all the way in, with the roles of those for whom they stand in.
    async fn logged_in(self, app: &App) -> Result<LoggedIn, Oops> {
        let now = app.now();
        if now.as_second() - self.seen.as_second() >= SEEN_SECONDS {
            app.store().seen(&self.coming.token, Some(now)).await?;
        }
        let ComingIn { mut account, csrf, token, .. } = self.coming;
        let mut standing_in = Vec::new();
        if self.deputises {
            let pack = app.pack();
            for absent in app.store().deputy_for(account.id, now).await? {
                if absent.unit == account.unit {
                    account.roles = with_deputised(&pack, &account.roles, &absent.roles);
                    standing_in.push(absent.name);
                }
            }
        }
        Ok(LoggedIn { account, csrf, token, at: now, standing_in })
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|t| t.trim().to_owned())
}
