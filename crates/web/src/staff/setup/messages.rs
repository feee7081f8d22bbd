//! Messages that leave the program: by which gateway, how many wait, which could not be sent. Only
//! the system administrator sees the last ones and opens them again; no case is named to anybody.

use super::version;
use crate::{
    app::App,
    error::Oops,
    form::Form,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use store::{Audience, DeadLetter};

/// Who deals with messages that could not be sent.
const ADMIN: &str = "system_admin";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/setup/messages", get(list)).add(
        Access::Staff,
        "/setup/messages/retry",
        post(retry),
    )
}

#[derive(Deserialize)]
struct Asked {
    retried: Option<String>,
}

struct WayView<'a> {
    to: &'a str,
    gateway: &'a str,
    missing: bool,
    open: i64,
}

struct DeadView {
    id: i64,
    at: String,
    message: String,
    to: String,
    failures: u32,
    why: String,
}

#[derive(Template)]
#[template(path = "staff/setup_messages.html")]
struct MessagesPage<'a> {
    page: &'a Page,
    version: String,
    ways: Vec<WayView<'a>>,
    missing: bool,
    dead: Vec<DeadView>,
    others: String,
    admin: bool,
    retried: bool,
}

async fn list(
    State(app): State<App>,
    page: Page,
    _: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let size = app.store().outbox_size().await?;
    let admin = page.has_role(&[ADMIN]);
    let dead = if admin { app.store().dead_letters().await? } else { Vec::new() };
    let ways: Vec<WayView<'_>> = Audience::ALL
        .into_iter()
        .map(|audience| {
            let gateway = app.way(audience);
            WayView {
                to: page.t(match audience {
                    Audience::Persons => "send.to.persons",
                    Audience::Units => "send.to.units",
                }),
                gateway: gateway.unwrap_or(page.t("send.way.none")),
                missing: gateway.is_none(),
                open: size.open(audience),
            }
        })
        .collect();
    let others = if admin || size.dead == 0 {
        String::new()
    } else {
        page.tf("send.dead.admin", &[("n", &size.dead.to_string())])
    };
    page.show(&MessagesPage {
        page: &page,
        version: version(&page),
        missing: ways.iter().any(|w| w.missing),
        ways,
        dead: dead.iter().map(|letter| dead_view(&page, letter)).collect(),
        others,
        admin,
        retried: asked.retried.is_some(),
    })
}

fn dead_view(page: &Page, letter: &DeadLetter) -> DeadView {
    DeadView {
        id: letter.id,
        at: view::clock_time(page, letter.at),
        message: letter.message.clone(),
        to: if letter.unit.is_empty() {
            page.t("send.to.persons").to_owned()
        } else {
            page.pack.units.short(&letter.unit).to_owned()
        },
        failures: letter.failures,
        why: letter.why.clone(),
    }
}

async fn retry(State(app): State<App>, page: Page, form: Form) -> Result<Response, Oops> {
    // To everybody else there is no such list.
    if !page.has_role(&[ADMIN]) {
        return Err(Oops::NotFound);
    }
    let id = form.get("id").parse().map_err(|_| Oops::NotFound)?;
    // Pressed twice, it is open again already: the page says the same.
    app.store().revive_message(id, app.now()).await?;
    Ok(Redirect::to("/setup/messages?retried").into_response())
}
