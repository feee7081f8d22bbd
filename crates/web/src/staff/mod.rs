//! What staff work with. Each area adds its own routes; every one of them states who may use it.

mod act;
mod actions;
mod bulk;
mod call;
mod case;
mod core;
mod desk;
mod files;
mod history;
mod login;
mod offers;
mod opening;
mod panels;
mod search;

use crate::routes::Routes;

pub(crate) fn routes(routes: Routes) -> Routes {
    core::routes(routes)
}
