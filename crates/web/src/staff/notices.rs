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
    let found = app.store().notices(&page.pack, &me.staff()).await?;
    let notices = found.iter().map(|message| notice(&page, message)).collect();
    let unit = page.unit(&me.account.unit).to_owned();
    page.show(&NoticesPage { page: &page, unit, notices })
}

fn notice(page: &Page, message: &Message) -> NoticeView {
    let (flow, state) = &message.state;
    let found = page.pack.workflow(flow).and_then(|f| f.state(state));
    NoticeView {
        state: view::state_name(page, flow, state),
        ended: found.is_some_and(|s| !s.is_open()),
        at: view::clock_time(page, message.at),
        words: words(page, message),
        href: format!("/cases/{}", message.number),
        number: message.number.clone(),
    }
}

fn words(page: &Page, message: &Message) -> String {
    let text = page.pack.messages.get(&message.message).map_or("", |m| page.either(&m.text, &m.en));
    let due = message.due.map_or_else(|| "—".to_owned(), |at| view::clock_time(page, at));
    let step = message.step.to_string();
    let values = [
        ("case_number", message.number.as_str()),
        ("platform_short", page.short()),
        ("hotline", page.brand.hotline.as_str()),
        ("due_date", due.as_str()),
        ("step", step.as_str()),
    ];
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    })
}
