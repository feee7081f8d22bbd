//! Breaking the glass: somebody who may not know of a case looks at it in an emergency, for a reason,
//! with a second proof, for a while, and others are told at once.

use super::proof::{self, Taken, too_often};
use crate::{
    app::App,
    edge::Visitor,
    error::Oops,
    form::Form,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    traces,
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::{audit::Deed, pack::Standing, secrecy::Change};
use store::Guarding;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/glass", get(page).post(break_it))
}

#[derive(Template)]
#[template(path = "staff/glass.html")]
struct GlassPage<'a> {
    page: &'a Page,
    lead: String,
    may: bool,
    reasons: Vec<(String, String, bool)>,
    number: &'a str,
    words: &'a str,
    error: String,
}

async fn page(page: Page, me: LoggedIn) -> Result<Response, Oops> {
    show(&page, &me, &Form::default(), String::new())
}

fn show(page: &Page, me: &LoggedIn, form: &Form, error: String) -> Result<Response, Oops> {
    let secrecy = &page.pack.secrecy;
    let roles = me.account.roles.iter().filter_map(|r| page.pack.roles.get(r));
    let mut grants = roles.flat_map(|r| &r.grants);
    let chosen = form.get("why");
    page.show(&GlassPage {
        page,
        lead: page.tf("glass.note", &[("n", &secrecy.glass_minutes.to_string())]),
        may: grants.any(|g| g.standings.contains(&Standing::Glass)),
        reasons: secrecy
            .glass_reasons
            .iter()
            .map(|r| (r.code.clone(), page.either(&r.label, &r.en).to_owned(), r.code == chosen))
            .collect(),
        number: form.get("number"),
        words: form.get("reason"),
        error,
    })
}

fn again(page: &Page, me: &LoggedIn, form: &Form, key: &str) -> Result<Response, Oops> {
    let body = show(page, me, form, page.t(key).to_owned())?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response())
}

async fn break_it(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    let reason = form.get("reason").trim();
    if reason.chars().count() < LEAST_WORDS || page.pack.secrecy.reason(form.get("why")).is_none() {
        return again(&page, &me, &form, "glass.needs_reason");
    }
    match proof::take_code(&app, &me.account, visitor, form.get("code")).await? {
        Taken::TooOften(minutes) => {
            let body = show(&page, &me, &form, too_often(&page, minutes))?;
            return Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response());
        }
        Taken::Wrong => return again(&page, &me, &form, "glass.wrong_code"),
        Taken::Right(_) => {}
    }
    let (pack, staff) = (&page.pack, me.staff());
    // A number that nobody has, and one that is not for this person, are answered alike.
    let Some(case) = app.store().behind_glass(pack, &staff, form.get("number").trim()).await?
    else {
        return again(&page, &me, &form, "glass.no_such");
    };
    let why = form.get("why").to_owned();
    traces::note(&app, &me, Deed::BrokeGlass { case, reason: why.clone() }).await?;
    let guarding = Guarding {
        command: form.command(),
        actor: me.actor(),
        case,
        change: Change::BreakGlass { reason: why },
        reason: reason.chars().take(500).collect(),
    };
    app.store().guard(pack, app.now(), guarding).await?;
    Ok(Redirect::to(&format!("/cases/{}", form.get("number").trim())).into_response())
}

/// A reason in words has at least so many characters.
const LEAST_WORDS: usize = 6;
