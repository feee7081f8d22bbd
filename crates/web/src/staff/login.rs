//! Logging in and out. A wrong name and a wrong password are told the same, and take the same
//! time; after some wrong tries name and address must wait. What else must be proved before anything
//! is shown is `proof`'s part.

use super::provider;
use crate::{
    app::App,
    coming_in::{self, Guess, LONGEST, Proved},
    cookies,
    edge::{self, Visitor},
    error::Oops,
    form::Form,
    page::Page,
    password,
    session::{LoggedIn, STAFF_COOKIE},
    traces,
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{audit::Deed, pack::Level};

#[derive(Template)]
#[template(path = "staff/login.html")]
struct LoginPage<'a> {
    page: &'a Page,
    username: String,
    error: String,
    /// Name of the provider, where there is one.
    provider: Option<String>,
    demo: Vec<DemoGroup>,
}

/// Accounts of the demonstration on one level.
struct DemoGroup {
    name: String,
    rows: Vec<DemoRow>,
}

struct DemoRow {
    username: String,
    password: String,
    role: String,
    unit: String,
}

pub(super) async fn page(State(app): State<App>, page: Page) -> Result<Response, Oops> {
    show(&app, &page, String::new(), String::new())
}

pub(super) async fn log_in(
    State(app): State<App>,
    page: Page,
    (visitor, headers): (Visitor, HeaderMap),
    form: Form,
) -> Result<Response, Oops> {
    edge::from_our_page(&app, &headers)?;
    let (name, typed) = (form.get("username").trim().to_owned(), form.get("password"));
    let guess = Guess::of(&name, visitor);
    if let Some(minutes) = guess.wait(&app) {
        let words = page.tf("login.wait", &[("n", &minutes.to_string())]);
        let body = show(&app, &page, name, words)?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response());
    }
    let sane = name.len() <= LONGEST && typed.len() <= LONGEST;
    let account = if sane { app.store().account(&name).await? } else { None };
    let hash = account.as_ref().map(|a| a.password.clone());
    let known = account.as_ref().map(|a| a.id);
    let fits = password::fits(app.hashing(), typed.to_owned(), hash).await?;
    let Some(account) = account.filter(|_| fits) else {
        traces::wrong(&app, known, "password").await?;
        if sane {
            guess.wrong(&app);
        }
        let body = show(&app, &page, name, page.t("login.wrong").to_owned())?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response());
    };
    guess.right(&app);
    let stage = coming_in::next_stage(&app, &account, Proved::One).await?;
    let device = coming_in::device(&headers);
    let token = coming_in::session_for(&app, &account, stage, (&device, None, "password")).await?;
    Ok(coming_in::onward(&app, &token, stage))
}

pub(super) async fn log_out(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
) -> Result<Response, Oops> {
    app.store().log_out(&me.token).await?;
    traces::note(&app, &me, Deed::LoggedOut).await?;
    let cookie = cookies::set(app.edge(), STAFF_COOKIE, "", Some(0));
    let cookie = [(header::SET_COOKIE, cookie)];
    Ok(match provider::way_out(&app, &page, me.account.id).await? {
        Some(body) => (cookie, body).into_response(),
        None => (cookie, Redirect::to("/login")).into_response(),
    })
}

pub(super) fn show(
    app: &App,
    page: &Page,
    username: String,
    error: String,
) -> Result<Response, Oops> {
    let provider = provider::name(app, page);
    page.show(&LoginPage { page, username, error, provider, demo: demo_groups(app, page) })
}

/// The demonstration's accounts from the city down, the partner agencies last.
fn demo_groups(app: &App, page: &Page) -> Vec<DemoGroup> {
    let pack = &page.pack;
    let keys = [
        (Some(Level::City), "login.city"),
        (Some(Level::County), "login.county"),
        (Some(Level::Town), "login.town"),
        (Some(Level::Village), "login.village"),
        (None, "login.agencies"),
    ];
    let groups = keys.into_iter().map(|(level, key)| {
        let fits = |unit: &str| {
            pack.units.get(unit).is_some_and(|u| (!u.agency).then_some(u.level) == level)
        };
        let rows = app.demo().iter().filter(|a| fits(&a.unit)).map(|a| DemoRow {
            username: a.username.clone(),
            password: a.password.clone(),
            role: pack
                .roles
                .get(&a.role)
                .map_or_else(|| a.role.clone(), |r| page.either(&r.name, &r.en).to_owned()),
            unit: page.unit(&a.unit).to_owned(),
        });
        DemoGroup { name: page.t(key).to_owned(), rows: rows.collect() }
    });
    groups.filter(|g| !g.rows.is_empty()).collect()
}
