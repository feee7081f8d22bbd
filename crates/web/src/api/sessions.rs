//! Tokens for staff programs.

use super::{GUESSES, body::Sent};
use crate::{
    app::App,
    coming_in::{self, Proved},
    error::Oops,
    password,
    session::LoggedIn,
    throttle::Throttle,
    traces,
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{audit::Deed, case::Actor};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Account, Stage};

/// Longer names and passwords are nobody's, and need not be hashed to know it.
const MOST: usize = 200;

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
    /// One-time code, where the account has a second factor.
    #[serde(default)]
    code: Option<String>,
}

pub(crate) async fn create(
    State(app): State<App>,
    Extension(throttle): Extension<Arc<Throttle>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<(StatusCode, Json<Value>), Oops> {
    // A second log-in harms nothing, so a repeated key is not looked up; a bad one is refused.
    super::command(&headers, "sessions", &Actor::Public)?;
    let login: Login = sent.read(&["username", "password", "code"])?;
    let now = app.now();
    if throttle.wait(&login.username, GUESSES, now).is_some() {
        return Err(Oops::Plain(StatusCode::TOO_MANY_REQUESTS, "error.too_often"));
    }
    let possible = login.username.len() <= MOST
        && login.password.len() <= MOST
        && !login.username.chars().any(char::is_control);
    let account = if possible { app.store().account(&login.username).await? } else { None };
    let hash = account.as_ref().map(|a| a.password.clone());
    let known = account.as_ref().map(|a| a.id);
    let password = if possible { login.password } else { String::new() };
    let fits = password::fits(app.hashing(), password, hash).await?;
    let Some(account) = account.filter(|_| fits) else {
        throttle.wrong(&login.username, now);
        traces::wrong(&app, known, "password").await?;
        return Err(Oops::Plain(StatusCode::UNAUTHORIZED, "api.wrong_password"));
    };
    prove(&app, &account, login.code.as_deref().unwrap_or_default(), (&throttle, &login.username))
        .await?;
    throttle.right(&login.username);
    let begun = app.store().begin_session(account.id, Stage::Program, ("", None), now);
    let token = begun.await?;
    traces::came_in(&app, &account, "token").await?;
    let body = json!({
        "token": token,
        "account": { "name": account.name, "unit": account.unit, "roles": account.roles },
    });
    Ok((StatusCode::CREATED, Json(body)))
}

/// The code of an account that has a second factor. Whoever owes something else first must come in
/// by the pages once.
async fn prove(
    app: &App,
    account: &Account,
    code: &str,
    (throttle, name): (&Throttle, &str),
) -> Result<(), Oops> {
    let mut stage = coming_in::next_stage(app, account, Proved::One).await?;
    if stage == Stage::Code {
        let typed = if code.len() <= MOST { code } else { "" };
        if app.store().take_code(account.id, typed, app.now()).await?.is_none() {
            if !code.is_empty() {
                throttle.wrong(name, app.now());
                traces::wrong(app, Some(account.id), "code").await?;
            }
            return Err(Oops::Plain(StatusCode::UNAUTHORIZED, "api.code_needed"));
        }
        stage = coming_in::next_stage(app, account, Proved::Two).await?;
    }
    let owed = app.store().pledged(account.id).await? != app.pack().pledge.version;
    match stage {
        Stage::Full if !owed => Ok(()),
        _ => Err(Oops::Plain(StatusCode::FORBIDDEN, "api.set_up_first")),
    }
}

pub(crate) async fn end(State(app): State<App>, who: LoggedIn) -> Result<StatusCode, Oops> {
    app.store().log_out(&who.token).await?;
    traces::note(&app, &who, Deed::LoggedOut).await?;
    Ok(StatusCode::NO_CONTENT)
}
