//! The routes of the daily work: log in, work list, case, call, search.

use super::{act, bulk, call, case, desk, files, login, opening, search};
use crate::routes::{Access, Routes};
use axum::routing::{get, post};

/// Adds the routes of the daily work.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, "/login", get(login::page).post(login::log_in))
        .add(Access::Staff, "/logout", post(login::log_out))
        .add(Access::Staff, "/desk", get(desk::page))
        .add(Access::Staff, "/desk/bulk", post(bulk::act))
        .add(Access::Staff, "/new/{workflow}", get(opening::page).post(opening::open))
        .add(Access::Staff, "/cases/{number}", get(case::page))
        .add(Access::Staff, "/cases/{number}/{action}", post(act::act))
        .add(Access::Staff, "/cases/{number}/files/{seq}/{n}", get(files::download))
        .add(Access::Staff, "/call", get(call::page).post(call::send))
        .add(Access::Staff, "/call/check", get(call::blank_panel).post(call::panel))
        .add(Access::Staff, "/search", get(search::page).post(search::find))
}
