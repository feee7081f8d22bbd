//! How the pages look to this visitor, and leaving them quickly. Kept in cookies; decides nothing
//! else, and never leads to another site than the neutral one of the texts.

use crate::{
    app::App,
    cookies,
    edge::Visitor,
    error::Oops,
    lang::Lang,
    pace::Pace,
    page::Page,
    routes::{Access, Routes},
    session::PASS_COOKIE,
};
use axum::{
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;

/// A choice of language or letter size lasts a year.
const CHOICE_SECONDS: u32 = 365 * 86_400;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, "/look", get(look)).add(Access::Public, "/leave", get(leave))
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    large: String,
    #[serde(default)]
    to: String,
}

async fn look(
    State(app): State<App>,
    visitor: Visitor,
    Query(choice): Query<Choice>,
) -> Result<Response, Oops> {
    Pace::Step.take(&app, visitor)?;
    let mut chosen = Vec::new();
    if let Some(lang) = Lang::tagged(&choice.lang) {
        chosen.push(cookies::set(app.edge(), "lang", lang.tag(), Some(CHOICE_SECONDS)));
    }
    if matches!(choice.large.as_str(), "0" | "1") {
        chosen.push(cookies::set(app.edge(), "large", &choice.large, Some(CHOICE_SECONDS)));
    }
    let mut response = Redirect::to(local(&choice.to)).into_response();
    for cookie in chosen {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A path of this site, or the home page: nobody may use us to send people elsewhere.
fn local(to: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    let ours = to.starts_with('/') && !to.starts_with("//") && to.len() <= 200;
    if ours && to.chars().all(plain) { to } else { "/" }
}

async fn leave(State(app): State<App>, page: Page) -> Response {
    let headers = AppendHeaders([
        (header::SET_COOKIE, cookies::set(app.edge(), PASS_COOKIE, "", Some(0))),
        (header::HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\"")),
    ]);
    (headers, Redirect::to(&page.brand.leave)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_paths_are_followed() {
        for (to, expected) in [
            ("/help", "/help"),
            ("/my", "/my"),
            ("/case/26-1234", "/case/26-1234"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x=1", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(local(to), expected, "{to:?}");
        }
    }
}
