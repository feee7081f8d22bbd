//! Notices for the viewer's unit, in the neutral words of the pack.

use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view,
};
use askama::Template;
use axum::{extract::State, response::Response, routing::get};
use domain::sending::{self, Said};
use store::Message;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/notices", get(list))
}

struct NoticeView {
    at: String,
    words: String,
    number: String,
    href: String,
    state: String,
    ended: bool,
}

#[derive(Template)]
#[template(path = "staff/notices.html")]
struct NoticesPage<'a> {
    page: &'a Page,
    unit: String,
    notices: Vec<NoticeView>,
}

async fn list(State(app): State<App>, page: Page, me: LoggedIn) -> Result<Response, Oops> {
    let found = app.store().notices(&page.pack, &me.staff(), app.now()).await?;
    let notices = found.iter().map(|message| notice(&page, message)).collect();
    let unit = page.unit(&me.account.unit).to_owned();
    page.show(&NoticesPage { page: &page, unit, notices })
}

fn notice(page: &Page, message: &Message) -> NoticeView {
    let (flow, state) = &message.state;
    let found = page.pack.workflow(flow).and_then(|f| f.state(state));
    NoticeView {
        // How far the case is says something of it.
        state: if message.number.is_empty() {
            String::new()
        } else {
            view::state_name(page, flow, state)
        },
        ended: found.is_some_and(|s| !s.is_open()),
        at: view::clock_time(page, message.at),
        words: words(page, message),
        href: href(message),
        number: number(page, message),
    }
}

/// Where it leads: to the case, or to the account it is about.
fn href(message: &Message) -> String {
    match message.whom {
        Some(account) => format!("/people/{account}"),
        None if message.number.is_empty() => "/people".to_owned(),
        None => format!("/cases/{}", message.number),
    }
}

fn number(page: &Page, message: &Message) -> String {
    if message.number.is_empty() {
        page.t("notices.person").to_owned()
    } else {
        message.number.clone()
    }
}

fn words(page: &Page, message: &Message) -> String {
    let due = message.due.map_or_else(|| "—".to_owned(), |at| view::clock_time(page, at));
    let said =
        Said { number: &message.number, due: Some(&due), step: message.step, sender: page.short() };
    let text = page.pack.messages.get(&message.message).map_or("", |m| page.either(&m.text, &m.en));
    sending::filled(&page.pack, text, said).unwrap_or_default()
}
