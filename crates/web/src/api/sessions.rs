//! Tokens for staff programs.

use super::{GUESSES, body::Sent};
use crate::{app::App, error::Oops, password, session::LoggedIn, throttle::Throttle};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::case::Actor;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Longer names and passwords are nobody's, and need not be hashed to know it.
const MOST: usize = 200;

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

pub(crate) async fn create(
    State(app): State<App>,
    Extension(throttle): Extension<Arc<Throttle>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<(StatusCode, Json<Value>), Oops> {
    // A second log-in harms nothing, so a repeated key is not looked up; a bad one is refused.
    super::command(&headers, "sessions", &Actor::Public)?;
    let login: Login = sent.read(&["username", "password"])?;
    let now = app.now();
    if throttle.wait(&login.username, GUESSES, now).is_some() {
        return Err(Oops::Plain(StatusCode::TOO_MANY_REQUESTS, "error.too_often"));
    }
    let possible = login.username.len() <= MOST
        && login.password.len() <= MOST
        && !login.username.chars().any(char::is_control);
    let account = if possible { app.store().account(&login.username).await? } else { None };
    let hash = account.as_ref().map(|a| a.password.clone());
    let password = if possible { login.password } else { String::new() };
    let fits = password::fits(app.hashing(), password, hash).await?;
    let Some(account) = account.filter(|_| fits) else {
        throttle.wrong(&login.username, now);
        return Err(Oops::Plain(StatusCode::UNAUTHORIZED, "api.wrong_password"));
    };
    throttle.right(&login.username);
    let token = app.store().log_in(account.id, now).await?;
    let body = json!({
        "token": token,
        "account": { "name": account.name, "unit": account.unit, "roles": account.roles },
    });
    Ok((StatusCode::CREATED, Json(body)))
}

pub(crate) async fn end(State(app): State<App>, who: LoggedIn) -> Result<StatusCode, Oops> {
    app.store().log_out(&who.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
