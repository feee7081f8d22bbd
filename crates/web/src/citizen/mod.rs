//! The pages of those who seek help: home, asking, following, rating. They show codes and words of
//! the pack and never more than a stranger with a stolen phone may read.

mod area;
mod chosen;
mod help;
mod help_page;
mod home;
mod my;
mod my_page;
mod projects;
pub(crate) mod receipt;
pub(crate) mod rights;
pub(crate) mod track;

use crate::{
    routes::{Access, Routes},
    throttle::Throttle,
};
use axum::{
    Extension,
    routing::{get, post},
};
use std::sync::Arc;

/// The workflow in which residents ask for help.
const FLOW: &str = "appeal";

pub(crate) fn routes(routes: Routes) -> Routes {
    let throttle = Extension(Arc::new(Throttle::default()));
    routes
        .add(Access::Public, "/", get(home::home))
        .add(Access::Public, "/about", get(home::about))
        .add(Access::Public, "/privacy", get(home::privacy))
        .add(Access::Public, "/projects/public", get(projects::board))
        .add(Access::Public, "/accessibility", get(home::accessibility))
        .add(Access::Public, "/help", get(help::start).post(help::next))
        .add(Access::Public, "/track", get(track::ask).post(track::find).layer(throttle))
        .add(Access::Appellant, "/my", get(my::show))
        .add(Access::Appellant, "/my/{action}", post(my::act))
        .add(Access::Appellant, "/my/rights/{right}", post(rights::ask))
        .add(Access::Appellant, "/my/copy", get(rights::copy))
        .add(Access::Appellant, "/my/copy/docx", get(rights::copy_docx))
        .add(Access::Appellant, "/my/copy/json", get(rights::copy_json))
        .add(Access::Appellant, "/my/copy/zip", get(rights::copy_zip))
}

/// One line of an error summary.
#[derive(Debug, Clone)]
pub(crate) struct ErrorLine {
    /// Identity of the field in the page.
    pub(crate) anchor: String,
    /// What to mend.
    pub(crate) words: String,
}
