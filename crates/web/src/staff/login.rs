//! Logging in and out. A wrong name and a wrong password are told the same, and take the same
//! time; after five wrong tries the pair of name and address must wait.

use crate::{
    app::App,
    cookies,
    error::Oops,
    form::Form,
    page::Page,
    password,
    session::{LoggedIn, STAFF_COOKIE},
    throttle::Limit,
};
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::pack::Level;

/// Wrong tries of one name from one address.
const LIMIT: Limit = Limit { free: 5, first: 60, longest: 900 };
/// Wrong tries of one name from anywhere.
const LIMIT_OF_NAME: Limit = Limit { free: 25, ..LIMIT };
/// The longest name or password that is looked at.
const LONGEST: usize = 200;

#[derive(Template)]
#[template(path = "staff/login.html")]
struct LoginPage<'a> {
    page: &'a Page,
    username: String,
    error: String,
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
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Oops> {
    let (name, typed) = (form.get("username").trim().to_owned(), form.get("password"));
    let now = app.now();
    let keys = [format!("{name}\n{}", address(&headers)), name.clone()];
    let limits = keys.iter().zip([LIMIT, LIMIT_OF_NAME]);
    let waits = limits.filter_map(|(key, limit)| app.log_ins().wait(key, limit, now));
    if let Some(seconds) = waits.max() {
        let minutes = (seconds + 59) / 60;
        let words = page.tf("login.wait", &[("n", &minutes.to_string())]);
        let body = show(&app, &page, name, words)?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response());
    }
    let sane = name.len() <= LONGEST && typed.len() <= LONGEST;
    let account = if sane { app.store().account(&name).await? } else { None };
    let hash = account.as_ref().map(|a| a.password.clone());
    let fits = password::fits(app.hashing(), typed.to_owned(), hash).await?;
    let Some(account) = account.filter(|_| fits) else {
        for key in keys.iter().filter(|_| sane) {
            app.log_ins().wrong(key, now);
        }
        let body = show(&app, &page, name, page.t("login.wrong").to_owned())?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response());
    };
    for key in &keys {
        app.log_ins().right(key);
    }
    let token = app.store().log_in(account.id, now).await?;
    let cookie = cookies::set(STAFF_COOKIE, &token, None);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/desk")).into_response())
}

pub(super) async fn log_out(
    State(app): State<App>,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    me.check(form.get("csrf"))?;
    app.store().log_out(&me.token).await?;
    let cookie = cookies::set(STAFF_COOKIE, "", Some(0));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

/// Where the request comes from, as the nearest proxy says. Who reaches the program without one
/// is on the same machine.
fn address(headers: &HeaderMap) -> String {
    let told = headers.get("x-forwarded-for").and_then(|v| v.to_str().ok()).unwrap_or_default();
    told.rsplit(',').next().unwrap_or_default().trim().chars().take(64).collect()
}

fn show(app: &App, page: &Page, username: String, error: String) -> Result<Response, Oops> {
    page.show(&LoginPage { page, username, error, demo: demo_groups(app, page) })
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
