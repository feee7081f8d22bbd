//! Following a case by number and receipt. An unknown number and a wrong receipt are answered
//! alike; many wrong tries have to wait. Grants a short pass and shows nothing itself.

use super::{chosen, my};
use crate::{
    app::App,
    cookies,
    edge::Visitor,
    error::Oops,
    form::{Form, Kept},
    pace::Pace,
    page::{self, Page},
    session,
    throttle::{Limit, Throttle},
};
use askama::Template;
use axum::{
    Extension,
    extract::{FromRequest, Request, State},
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
    /// What was sent after the pass had ended, to be carried along.
    said: Vec<(String, String)>,
}

pub(super) async fn ask(page: Page) -> Result<Response, Oops> {
    page.show(&TrackPage { page: &page, number: "", receipt: "", error: "", said: Vec::new() })
}

pub(super) async fn find(
    State(app): State<App>,
    Extension(throttle): Extension<Arc<Throttle>>,
    (page, visitor): (Page, Visitor),
    form: Form,
) -> Result<Response, Oops> {
    let (number, receipt) = (form.get("number"), form.get("receipt"));
    let now = app.now();
    if let Err(slow) = Pace::LookUp.take(&app, visitor) {
        let (words, said) = (slow.words(&page), carried_on(&form));
        let view = TrackPage { page: &page, number, receipt, error: &words, said };
        let mut shown = page.show(&view)?;
        *shown.status_mut() = slow.status();
        if let Oops::Slow(seconds) = slow {
            shown.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        return Ok(shown);
    }
    // Right is right even after many wrong tries: a number is no secret, and nobody who knows it
    // may shut its owner out. The receipt itself is too long to be guessed.
    if let Some(case) = app.store().track(&page.pack, number, receipt).await? {
        let pass = app.store().write_pass(case, now, session::PASS_SECONDS);
        let cookie =
            cookies::set(app.edge(), session::PASS_COOKIE, &pass, Some(session::PASS_SECONDS));
        let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
        let action = form.get(ACTION);
        if !action.is_empty() {
            let said = form.taken_from(SAID);
            let shown = my::resume(&app, page, session::Pass { case }, action, said).await?;
            return Ok((headers, shown).into_response());
        }
        return Ok((headers, Redirect::to("/my")).into_response());
    }
    let key = plain(number);
    let (status, error) = if throttle.wait(&key, GUESSES, now).is_some() {
        (StatusCode::TOO_MANY_REQUESTS, page.t("track.wait"))
    } else {
        throttle.wrong(&key, now);
        (StatusCode::UNPROCESSABLE_ENTITY, page.t("track.wrong"))
    };
    let view = TrackPage { page: &page, number, receipt, error, said: carried_on(&form) };
    Ok((status, page.show(&view)?).into_response())
}

/// Before the names of fields that are carried along.
const SAID: &str = "said.";
/// The field that says for which action they were typed.
const ACTION: &str = "action";

/// What came carried along already.
fn carried_on(form: &Form) -> Vec<(String, String)> {
    carried(form.get(ACTION), &form.taken_from(SAID))
}

/// What was typed for an action, as hidden fields; nothing when there was no action.
fn carried(action: &str, said: &Form) -> Vec<(String, String)> {
    if action.is_empty() {
        return Vec::new();
    }
    let mut fields = said.put_under(SAID);
    fields.push((ACTION.to_owned(), action.to_owned()));
    fields
}

/// Answers a form that came after its pass had ended: asks for number and receipt again and
/// carries along what was typed, in the page and never in an address. Chosen files wait.
pub(crate) async fn ended(app: &App, request: Request) -> Result<Response, Oops> {
    let path = request.uri().path().to_owned();
    let (mut parts, body) = request.into_parts();
    let mut page = page::of(app, &parts);
    "/track".clone_into(&mut page.path);
    parts.headers.remove(header::COOKIE);
    let kept = Kept::from_request(Request::from_parts(parts, body), app).await?;
    chosen::keep(app, &kept.form).await?;
    let said = carried(path.strip_prefix("/my/").unwrap_or_default(), &kept.form);
    let view = TrackPage { page: &page, number: "", receipt: "", error: "", said };
    Ok((StatusCode::UNAUTHORIZED, page.show(&view)?).into_response())
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
