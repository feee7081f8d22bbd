//! Press texts: what has gone out, for everybody; how a text is made, for staff. Whether a text is true
//! of its numbers is decided in the domain; who may see what, by the store.

mod claims;
mod feed;
mod public;
mod staff;
mod table;
mod trial;
pub(crate) mod words;

use crate::{
    page::Page,
    routes::{Access, Routes},
};
use axum::routing::get;
use domain::{
    press::Fill,
    workflow::{Effect, Workflow},
};
use jiff::Timestamp;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, "/news", get(public::list))
        .add(Access::Public, "/news/feed", get(feed::atom))
        .add(Access::Public, "/news/{number}", get(public::one))
        .add(Access::Staff, "/releases", get(staff::list))
        .add(Access::Staff, "/releases/try", get(trial::ask).post(trial::answer))
        .add(Access::Staff, "/releases/claims", get(claims::page))
        .add(Access::Staff, "/releases/{number}", get(staff::one))
}

/// What a workflow fills when it signs a text, if it does.
fn fill_of(flow: &Workflow) -> Option<&Fill> {
    let effects = flow.actions.iter().flat_map(|action| &action.effects);
    effects.into_iter().find_map(|effect| match effect {
        Effect::Fill(fill) => Some(fill),
        _ => None,
    })
}

/// The workflow of press texts.
fn workflow(page: &Page) -> Option<&Workflow> {
    page.pack.workflows.values().find(|flow| fill_of(flow).is_some())
}

/// Day and hour, as everybody writes them.
fn when(page: &Page, at: Timestamp) -> String {
    let wall = page.pack.work_time.offset().to_datetime(at);
    wall.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A text as paragraphs.
fn paragraphs(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
