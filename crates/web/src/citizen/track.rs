//! Following a case by number and receipt. An unknown number and a wrong receipt are answered
//! alike; many wrong tries have to wait. Grants a short pass and shows nothing itself.

use crate::{
    app::App,
    cookies,
    error::Oops,
    form::Form,
    page::Page,
    session,
    throttle::{Limit, Throttle},
};
use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use std::sync::Arc;

/// Wrong tries for a number; the page says that the wait is ten minutes.
const GUESSES: Limit = Limit { free: 10, first: 600, longest: 600 };

/// The digits of a number, so that spaces and dashes make no new one.
fn plain(number: &str) -> String {
    number
        .chars()
        .filter_map(|c| c.to_digit(10))
        .filter_map(|d| char::from_digit(d, 10))
        .take(16)
        .collect()
}

#[derive(Template)]
#[template(path = "citizen/track.html")]
struct TrackPage<'a> {
    page: &'a Page,
    number: &'a str,
    receipt: &'a str,
    error: &'a str,
}

pub(super) async fn ask(page: Page) -> Result<Response, Oops> {
    page.show(&TrackPage { page: &page, number: "", receipt: "", error: "" })
}

pub(super) async fn find(
    State(app): State<App>,
    Extension(throttle): Extension<Arc<Throttle>>,
    page: Page,
    form: Form,
) -> Result<Response, Oops> {
    let (number, receipt) = (form.get("number"), form.get("receipt"));
    let now = app.now();
    // Right is right even after many wrong tries: a number is no secret, and nobody who knows it
    // may shut its owner out. The receipt itself is too long to be guessed.
    if let Some(case) = app.store().track(&page.pack, number, receipt).await? {
        let pass = app.store().write_pass(case, now, session::PASS_SECONDS);
        let cookie = cookies::set(session::PASS_COOKIE, &pass, Some(session::PASS_SECONDS));
        let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
        return Ok((headers, Redirect::to("/my")).into_response());
    }
    let key = plain(number);
    let (status, error) = if throttle.wait(&key, GUESSES, now).is_some() {
        (StatusCode::TOO_MANY_REQUESTS, page.t("track.wait"))
    } else {
        throttle.wrong(&key, now);
        (StatusCode::UNPROCESSABLE_ENTITY, page.t("track.wrong"))
    };
    let view = TrackPage { page: &page, number, receipt, error };
    Ok((status, page.show(&view)?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_dashes_make_no_new_number() {
        assert_eq!(plain("26-1111-2222-3"), "26111122223");
        assert_eq!(plain("26 1111 2222 3"), plain("26-1111-2222-3"));
        assert_ne!(plain("26-1111-2222-4"), plain("26-1111-2222-3"));
    }
}
