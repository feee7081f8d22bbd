//! The promise of confidentiality: read and given once per version before any case is seen; and the
//! list, for the security administrator, of who has not given it yet. What it says is the pack's.

use super::people;
use crate::{
    app::App,
    error::Oops,
    form::Form,
    page::Page,
    routes::{Access, Routes},
    session::{self, ComingIn, LoggedIn},
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::pack::Admin;
use store::Stage;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::ComingIn, "/login/pledge", get(page).post(give)).add(
        Access::Staff,
        "/people/pledges",
        get(missing),
    )
}

#[derive(Template)]
#[template(path = "staff/pledge.html")]
struct PledgePage<'a> {
    page: &'a Page,
    csrf: &'a str,
    title: &'a str,
    points: &'a [String],
    version: &'a str,
    /// Whether it is still to be given.
    owed: bool,
    error: bool,
}

#[derive(Template)]
#[template(path = "staff/pledges.html")]
struct PledgesPage<'a> {
    page: &'a Page,
    lead: String,
    more: bool,
    people: Vec<people::PersonLine>,
}

/// Whoever has to prove something else first is sent there.
fn elsewhere(me: &ComingIn) -> Option<Response> {
    let to = match me.stage {
        Stage::Full if me.locked => "/login/unlock",
        Stage::Full => return None,
        stage => session::step(stage),
    };
    Some(Redirect::to(to).into_response())
}

fn show(page: &Page, me: &ComingIn, error: bool) -> Result<Response, Oops> {
    let pledge = &page.pack.pledge;
    let english = page.lang == crate::lang::Lang::En;
    page.show(&PledgePage {
        page,
        csrf: &me.csrf,
        title: page.either(&pledge.title, &pledge.title_en),
        points: if english { &pledge.points_en } else { &pledge.points },
        version: &pledge.version,
        owed: me.owes_pledge(&page.pack),
        error,
    })
}

async fn page(page: Page, me: ComingIn) -> Result<Response, Oops> {
    elsewhere(&me).map_or_else(|| show(&page, &me, false), Ok)
}

async fn give(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    form: Form,
) -> Result<Response, Oops> {
    if let Some(there) = elsewhere(&me) {
        return Ok(there);
    }
    let version = &page.pack.pledge.version;
    // The words may have changed while they were read: then the new ones are shown.
    if form.get("agree") != "yes" || form.get("version") != version {
        let shown = show(&page, &me, form.get("version") == version)?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response());
    }
    if me.owes_pledge(&page.pack) {
        app.store().pledge(app.now(), &me.account.staff(), version).await?;
    }
    Ok(Redirect::to("/desk").into_response())
}

async fn missing(State(app): State<App>, page: Page, me: LoggedIn) -> Result<Response, Oops> {
    if page.pack.administers(&me.account.roles) != Some(Admin::Security) {
        return Err(Oops::NotFound);
    }
    let version = &page.pack.pledge.version;
    let (found, count) = app.store().unpledged(version).await?;
    let values = [("n", count.to_string()), ("version", version.clone())];
    let values: Vec<(&str, &str)> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    page.show(&PledgesPage {
        page: &page,
        lead: page.tf("pledge.missing_lead", &values),
        more: usize::try_from(count).is_ok_and(|count| count > found.len()),
        people: found.iter().map(|account| people::line(&page, account)).collect(),
    })
}
