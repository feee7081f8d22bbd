//! The way in for staff: which proof is owed next, and how long somebody who guesses must wait.
//!
//! Password, then code, then whatever must be put right first (a first password, a second factor
//! that a role needs). Each step replaces the session by one with a new token.

use crate::{
    app::App,
    cookies,
    edge::Visitor,
    error::Oops,
    session::{self, STAFF_COOKIE},
    throttle::Limit,
    traces,
};
use axum::{
    http::{HeaderMap, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use store::{Account, Stage};

/// Wrong tries of one name from one address.
const LIMIT: Limit = Limit { free: 5, first: 60, longest: 900 };
/// Wrong tries of one name from anywhere.
const LIMIT_OF_NAME: Limit = Limit { free: 25, ..LIMIT };
/// Wrong tries of whatever name from one address: an office may share one.
const LIMIT_OF_ADDRESS: Limit = Limit { free: 60, ..LIMIT };
/// The longest name, password or code that is looked at.
pub(crate) const LONGEST: usize = 200;

/// Somebody who tries something, for the throttle.
pub(crate) struct Guess {
    keys: Vec<(String, Limit)>,
}

impl Guess {
    /// A guess at what `name` knows, from where the request comes.
    pub(crate) fn of(name: &str, visitor: Visitor) -> Self {
        let from = visitor.house().unwrap_or_default();
        Self {
            keys: vec![
                (format!("{name}\n{from}"), LIMIT),
                (name.to_owned(), LIMIT_OF_NAME),
                (format!("\n{from}"), LIMIT_OF_ADDRESS),
            ],
        }
    }

    /// Somebody who sets out for the provider: each way costs work here and there, and counts as
    /// wrong until somebody comes in by it.
    pub(crate) fn journey(visitor: Visitor) -> Self {
        let from = visitor.house().unwrap_or_default();
        Self { keys: vec![(format!("provider\n\n{from}"), LIMIT_OF_ADDRESS)] }
    }

    /// Minutes that must still be waited.
    pub(crate) fn wait(&self, app: &App) -> Option<i64> {
        let now = app.now();
        let waits = self.keys.iter().filter_map(|(key, l)| app.log_ins().wait(key, *l, now));
        waits.max().map(|seconds| (seconds + 59) / 60)
    }

    /// It was wrong.
    pub(crate) fn wrong(&self, app: &App) {
        for (key, _) in &self.keys {
            app.log_ins().wrong(key, app.now());
        }
    }

    /// It was right. What others tried from the same address is not forgiven.
    pub(crate) fn right(&self, app: &App) {
        for (key, _) in self.keys.iter().take(2) {
            app.log_ins().right(key);
        }
    }
}

/// Whether nobody need have a second factor here. Only in a demonstration, which listens on
/// loopback alone and whose passwords are known to all: **never anywhere else**.
fn second_factor_is_waived(app: &App) -> bool {
    !app.demo().is_empty()
}

/// What somebody has proved so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proved {
    /// The password, or who they are to the provider.
    One,
    /// A second factor of this program too.
    Two,
    /// Who they are to the provider, which took a second factor that is trusted.
    Elsewhere,
}

/// What somebody owes next who has proved so much.
///
/// # Errors
/// When the store fails.
pub(crate) async fn next_stage(
    app: &App,
    account: &Account,
    proved: Proved,
) -> Result<Stage, Oops> {
    let ready = app.store().factor(account.id).await?.any();
    if ready && proved == Proved::One {
        return Ok(Stage::Code);
    }
    if app.store().must_change_password(account.id).await? {
        return Ok(Stage::NewPassword);
    }
    let needed = app.pack().needs_second_factor(&account.roles)
        && !second_factor_is_waived(app)
        && proved != Proved::Elsewhere;
    Ok(if needed && !ready { Stage::SetUp } else { Stage::Full })
}

/// Lets somebody in as far as they have proved, on this device, in place of an earlier session.
/// Only whoever is all the way in has logged in.
///
/// # Errors
/// When the store fails.
pub(crate) async fn session_for(
    app: &App,
    account: &Account,
    stage: Stage,
    (device, instead_of, with): (&str, Option<&str>, &str),
) -> Result<String, Oops> {
    let begun = app.store().begin_session(account.id, stage, (device, instead_of), app.now());
    let token = begun.await?;
    if stage == Stage::Full {
        traces::came_in(app, account, with).await?;
    }
    Ok(token)
}

/// Sends somebody on with the cookie of a session at this stage.
pub(crate) fn onward(app: &App, token: &str, stage: Stage) -> Response {
    (with_cookie(app, token), Redirect::to(session::step(stage))).into_response()
}

/// The header that hands out the cookie of a session.
pub(crate) fn with_cookie(
    app: &App,
    token: &str,
) -> AppendHeaders<[(header::HeaderName, header::HeaderValue); 1]> {
    AppendHeaders([(header::SET_COOKIE, cookies::set(app.edge(), STAFF_COOKIE, token, None))])
}

/// The kind of browser and machine, coarse enough to say nothing about a person.
pub(crate) fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let first = |known: &[(&str, &str)]| {
        let found = known.iter().find(|(sign, _)| agent.contains(sign));
        found.map_or("", |(_, name)| *name).to_owned()
    };
    let browser = first(&[
        ("MicroMessenger", "WeChat"),
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let machine = first(&[
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    [browser, machine].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// A path of this site to go on to; anything else becomes the work list.
pub(crate) fn local_path(text: &str) -> &str {
    let fits = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= LONGEST
        && text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if fits { text } else { "/desk" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        for (text, expected) in [
            ("/cases/26-0000-0001-2?done=take", "/cases/26-0000-0001-2?done=take"),
            ("//evil.example", "/desk"),
            ("/\\evil.example", "/desk"),
            ("https://evil.example/", "/desk"),
            ("", "/desk"),
            ("/a\nb", "/desk"),
        ] {
            assert_eq!(local_path(text), expected, "{text}");
        }
    }

    #[test]
    fn devices_are_named_coarsely() {
        let mut headers = HeaderMap::new();
        assert_eq!(device(&headers), "");
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                     Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0";
        headers.insert(header::USER_AGENT, agent.parse().unwrap());
        assert_eq!(device(&headers), "Edge · Windows");
    }
}
