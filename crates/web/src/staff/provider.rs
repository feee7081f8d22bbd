//! Coming in by the city's identity provider, and binding an identity there to one's own account.
//!
//! Nobody is ever redirected to another site: a page leads on, to the one address that the provider
//! itself named. Whoever comes back must hold the cookie with which they set out, which is worth
//! nothing else and is taken once. An identity that is bound to nobody never makes an account.

use super::{login, me, proof::too_often};
use crate::{
    app::App,
    coming_in::{self, Guess, Proved},
    cookies,
    edge::Visitor,
    error::Oops,
    form::Form,
    lang::Lang,
    page::Page,
    routes::{Access, Routes},
    session::{self, LoggedIn, STAFF_COOKIE},
    traces,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
    routing::{get, post},
};
use domain::case::AccountId;
use proofs::{Journey, Provider, Setting, Shown, Trouble};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{AccountChange, Binding, Exchange, Stage, db::WriteError};

/// Where the provider sends people back to.
const BACK: &str = "/login/provider/back";
/// Where it sends them back to: who came, and who has logged out there.
pub const WAYS: [&str; 2] = [BACK, "/login"];
/// The cookie of somebody who is on the way.
const COOKIE: &str = "journey";
/// Whoever takes longer at the provider starts again.
const SECONDS: u32 = 600;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, "/login/provider", post(set_out))
        .add(Access::Public, BACK, get(come_back))
        .add(Access::Staff, "/me/provider", post(set_out_to_bind))
        .add(Access::Staff, "/me/provider/unbind", post(unbind))
}

/// What the cookie of somebody who is on the way stands for.
#[derive(Serialize, Deserialize)]
struct Way {
    journey: Journey,
    /// The session that wants to bind what it finds; none for somebody who wants to come in.
    session: Option<String>,
}

/// What somebody wants at the provider.
#[derive(Clone, Copy)]
enum Wish {
    ComeIn,
    Bind,
}

impl Way {
    fn wish(session: Option<&String>) -> Wish {
        session.map_or(Wish::ComeIn, |_| Wish::Bind)
    }
}

#[derive(Template)]
#[template(path = "staff/onward.html")]
struct OnwardPage<'a> {
    page: &'a Page,
    title: String,
    lead: String,
    error: String,
    go: String,
    href: String,
    /// Goes on by itself.
    at_once: bool,
    /// The way to the log-in page beside it.
    stay: bool,
}

/// The page for somebody who has logged out here and may be logged in at the provider still, who
/// would let the next person at this machine in again by one click. None for an account that is not
/// bound there, and where the provider offers no way out or does not answer.
pub(super) async fn way_out(
    app: &App,
    page: &Page,
    account: AccountId,
) -> Result<Option<Response>, Oops> {
    let Some(provider) = app.provider() else { return Ok(None) };
    if !app.store().is_bound(account, &provider.config().issuer).await? {
        return Ok(None);
    }
    let now = app.now();
    let Ok(Some(href)) = ask(app, move |provider| provider.end(now)).await else {
        return Ok(None);
    };
    // Whoever has left is nobody any more on the page that says so.
    let mut page = page.clone();
    page.who = None;
    let name = name(app, &page).unwrap_or_default();
    let shown = page.show(&OnwardPage {
        page: &page,
        title: page.t("provider.left").to_owned(),
        lead: page.tf("provider.left_lead", &[("name", &name)]),
        error: String::new(),
        go: page.tf("provider.leave", &[("name", &name)]),
        href,
        at_once: false,
        stay: true,
    })?;
    Ok(Some(shown))
}

/// The name of the provider on pages; none where there is none.
pub(super) fn name(app: &App, page: &Page) -> Option<String> {
    let provider = app.provider()?;
    let config = provider.config();
    let en = page.lang == Lang::En && !config.name_en.is_empty();
    Some(if en { config.name_en.clone() } else { config.name.clone() })
}

/// Asks the provider something, where waiting is allowed; few may wait at once.
async fn ask<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&Provider) -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let provider = app.provider().ok_or(Trouble::Away)?;
    let permit = app.journeys().try_acquire_owned().map_err(|_| Trouble::Away)?;
    let asked = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        question(&provider)
    });
    asked.await.unwrap_or(Err(Trouble::Away))
}

fn setting(app: &App) -> Setting {
    Setting { now: app.now(), idle_minutes: app.pack().idle_minutes }
}

async fn set_out(
    State(app): State<App>,
    page: Page,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Oops> {
    app.provider().ok_or(Oops::NotFound)?;
    // Another site must not send people on their way.
    if headers.get("sec-fetch-site").is_some_and(|from| from == "cross-site") {
        return Err(Oops::Forged);
    }
    let guess = Guess::journey(visitor);
    if let Some(minutes) = guess.wait(&app) {
        let body = login::show(&app, &page, String::new(), too_often(&page, minutes))?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response());
    }
    guess.wrong(&app);
    depart(&app, &page, None).await
}

async fn set_out_to_bind(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    app.provider().ok_or(Oops::NotFound)?;
    if !me::knows_password(&app, &me, (visitor, &form)).await? {
        return me::refused(&app, &page, &me, "proof.wrong_password").await;
    }
    depart(&app, &page, Some(me.token)).await
}

/// The page that leads to the provider, with the cookie that must come back.
async fn depart(app: &App, page: &Page, session: Option<String>) -> Result<Response, Oops> {
    let (setting, wish) = (setting(app), Way::wish(session.as_ref()));
    let (href, journey) = match ask(app, move |provider| provider.begin(setting)).await {
        Ok(begun) => begun,
        Err(trouble) => return tell(app, page, (trouble, wish)).await,
    };
    let token = store::new_receipt() + &store::new_receipt();
    let way = serde_json::to_string(&Way { journey, session }).map_err(|e| Oops::fault(&e))?;
    let exchange = (Exchange::Journey, token.as_str());
    app.store().begin_exchange(exchange, &way, (setting.now, SECONDS)).await?;
    let name = name(app, page).unwrap_or_default();
    let body = page.show(&OnwardPage {
        page,
        title: page.tf("provider.out", &[("name", &name)]),
        lead: page.t("provider.out_lead").to_owned(),
        error: String::new(),
        go: page.t("proof.go").to_owned(),
        href,
        at_once: true,
        stay: false,
    })?;
    let cookie = cookies::set_across(app.edge(), COOKIE, &token, SECONDS);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), body).into_response())
}

async fn come_back(
    State(app): State<App>,
    page: Page,
    (visitor, headers): (Visitor, HeaderMap),
    Query(told): Query<BTreeMap<String, String>>,
) -> Result<Response, Oops> {
    let provider = app.provider().ok_or(Oops::NotFound)?;
    let told = |key: &str| told.get(key).map_or("", String::as_str);
    let cookie = cookies::get(app.edge(), &headers, COOKIE).filter(|token| !token.is_empty());
    let kept = match cookie {
        Some(token) => app.store().take_exchange((Exchange::Journey, &token), app.now()).await?,
        None => None,
    };
    let way: Option<Way> = kept.and_then(|text| serde_json::from_str(&text).ok());
    // Whoever was sent here with somebody else's answer holds another cookie, or none.
    let own = |way: &Way| store::digest(&way.journey.state) == store::digest(told("state"));
    let Some(Way { journey, session }) = way.filter(own) else {
        return failed(&app, &page, "provider.lost", Wish::ComeIn);
    };
    let wish = Way::wish(session.as_ref());
    if told("error") == "access_denied" {
        return failed(&app, &page, "provider.cancelled", wish);
    }
    let issuer = &provider.config().issuer;
    let mixed = !told("iss").is_empty() && told("iss") != issuer;
    if mixed || !told("error").is_empty() || told("code").is_empty() {
        return tell(&app, &page, (Trouble::Refused, wish)).await;
    }
    let (code, setting) = (told("code").to_owned(), setting(&app));
    let asked = ask(&app, move |provider| provider.finish(&journey, &code, setting)).await;
    match (asked, session) {
        (Err(trouble), _) => tell(&app, &page, (trouble, wish)).await,
        (Ok(shown), Some(session)) => bind(&app, &page, &session, (issuer, &shown)).await,
        (Ok(shown), None) => come_in(&app, &page, (visitor, &headers), (issuer, &shown)).await,
    }
}

fn binding(app: &App, issuer: &str, shown: &Shown) -> Binding {
    Binding::of(app.store().keys(), issuer, &shown.subject)
}

async fn come_in(
    app: &App,
    page: &Page,
    (visitor, headers): (Visitor, &HeaderMap),
    (issuer, shown): (&str, &Shown),
) -> Result<Response, Oops> {
    let bound = app.store().bound_to(&binding(app, issuer, shown)).await?;
    let account = match bound {
        Some(id) => app.store().active_account(id).await?,
        None => None,
    };
    let Some(account) = account else {
        traces::wrong(app, None, "provider").await?;
        return failed(app, page, "provider.unbound", Wish::ComeIn);
    };
    Guess::journey(visitor).right(app);
    let proved = if shown.second_factor { Proved::Elsewhere } else { Proved::One };
    let stage = coming_in::next_stage(app, &account, proved).await?;
    let device = coming_in::device(headers);
    let token = coming_in::session_for(app, &account, stage, (&device, None, "provider")).await?;
    // Only a page of this site may lead on: browsers keep the cookie of a session from whoever
    // comes by a redirect from elsewhere.
    let body = page.show(&OnwardPage {
        page,
        title: page.t("provider.in").to_owned(),
        lead: page.tf("provider.in_lead", &[("name", &account.name)]),
        error: String::new(),
        go: page.t("proof.go").to_owned(),
        href: session::step(stage).to_owned(),
        at_once: true,
        stay: false,
    })?;
    let session = (header::SET_COOKIE, cookies::set(app.edge(), STAFF_COOKIE, &token, None));
    Ok((AppendHeaders([session, arrived(app)]), body).into_response())
}

/// Binds what was shown to the account of the session that set out, if it is still there.
async fn bind(
    app: &App,
    page: &Page,
    session: &str,
    (issuer, shown): (&str, &Shown),
) -> Result<Response, Oops> {
    let now = app.now();
    let idle = i64::from(app.pack().idle_minutes) * 60;
    let session = app.store().session(session, now).await?;
    let session =
        session.filter(|s| s.stage == Stage::Full && now.as_second() - s.seen.as_second() <= idle);
    let Some(session) = session else { return failed(app, page, "provider.lost", Wish::Bind) };
    let (who, change) = (session.account, binding(app, issuer, shown));
    let (pack, change) = (app.pack(), AccountChange::Bind(change));
    match app.store().administer((&pack, now), Some(&who.staff()), who.id, change).await {
        Ok(_) => {
            let body = page.show(&OnwardPage {
                page,
                title: page.t("me.done.bound").to_owned(),
                lead: String::new(),
                error: String::new(),
                go: page.t("provider.to_me").to_owned(),
                href: "/me?done=bound".to_owned(),
                at_once: true,
                stay: false,
            })?;
            Ok((AppendHeaders([arrived(app)]), body).into_response())
        }
        Err(WriteError::Refused(no)) => {
            failed(app, page, &format!("people.no.{}", no.key()), Wish::Bind)
        }
        Err(WriteError::Db(error)) => Err(error.into()),
    }
}

/// The cookie of the way, taken back.
fn arrived(app: &App) -> (header::HeaderName, header::HeaderValue) {
    (header::SET_COOKIE, cookies::set_across(app.edge(), COOKIE, "", 0))
}

async fn unbind(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    let provider = app.provider().ok_or(Oops::NotFound)?;
    if !me::knows_password(&app, &me, (visitor, &form)).await? {
        return me::refused(&app, &page, &me, "proof.wrong_password").await;
    }
    let change = AccountChange::Unbind(provider.config().issuer.clone());
    me::change_own(&app, (&page, &me), change, "unbound").await
}

/// Says what went wrong at the provider, and remembers it when somebody was refused.
async fn tell(app: &App, page: &Page, (trouble, wish): (Trouble, Wish)) -> Result<Response, Oops> {
    // The code says nothing about anybody; whoever runs the program needs it.
    tracing::warn!(%trouble, "somebody did not come in by the provider");
    if trouble != Trouble::Away {
        traces::wrong(app, None, "provider").await?;
    }
    let key = match trouble {
        Trouble::Away => "provider.away",
        Trouble::Refused => "provider.refused",
        Trouble::Wrong("log_in_time") => "provider.too_long_ago",
        Trouble::Wrong("expired") => "provider.clock",
        Trouble::Wrong(_) => "provider.wrong",
    };
    failed(app, page, key, wish)
}

/// The log-in page with a sentence, or, for somebody who is in already, a page that leads back.
fn failed(app: &App, page: &Page, key: &str, wish: Wish) -> Result<Response, Oops> {
    let name = name(app, page).unwrap_or_default();
    let error = page.tf(key, &[("name", &name)]);
    let status = match key {
        "provider.away" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let body = match wish {
        Wish::ComeIn => login::show(app, page, String::new(), error)?,
        Wish::Bind => page.show(&OnwardPage {
            page,
            title: page.t("provider.not_bound").to_owned(),
            lead: String::new(),
            error,
            go: page.t("provider.to_me").to_owned(),
            href: "/me".to_owned(),
            at_once: false,
            stay: false,
        })?,
    };
    Ok((status, AppendHeaders([arrived(app)]), body).into_response())
}
