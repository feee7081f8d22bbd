//! Following a case by number and receipt. An unknown number and a wrong receipt are answered
//! alike; many wrong tries have to wait. Grants a short pass and shows nothing itself.

use crate::{app::App, cookies, error::Oops, form::Form, page::Page, session};
use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// So many wrong tries for a number …
const TRIES: u32 = 10;
/// … within so many seconds.
const WINDOW_SECONDS: i64 = 600;
/// Numbers remembered at most; a flood of them forgets the old ones.
const MOST_NUMBERS: usize = 10_000;

/// Wrong tries by number, in the memory of this node only.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<String, (u32, i64)>>);

impl Throttle {
    /// Notes a wrong try; answers whether there have been too many.
    fn is_too_much(&self, number: &str, now: Timestamp) -> bool {
        let now = now.as_second();
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MOST_NUMBERS {
            tries.retain(|_, (_, since)| now - *since < WINDOW_SECONDS);
        }
        if tries.len() >= MOST_NUMBERS {
            tries.clear();
        }
        let (count, since) = tries.entry(plain(number)).or_insert((0, now));
        if now - *since >= WINDOW_SECONDS {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
        *count > TRIES
    }
}

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
    let (status, error) = if throttle.is_too_much(number, now) {
        (StatusCode::TOO_MANY_REQUESTS, page.t("track.wait"))
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, page.t("track.wrong"))
    };
    let view = TrackPage { page: &page, number, receipt, error };
    Ok((status, page.show(&view)?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_in_ten_minutes() {
        let throttle = Throttle::default();
        let at = |s: i64| Timestamp::from_second(1_790_000_000 + s).unwrap();
        for n in 0..10 {
            assert!(!throttle.is_too_much("26-1111-2222-3", at(n)));
        }
        assert!(throttle.is_too_much("26 1111 2222 3", at(11)));
        assert!(!throttle.is_too_much("26-1111-2222-4", at(11)));
        assert!(!throttle.is_too_much("26-1111-2222-3", at(600)));
    }
}
