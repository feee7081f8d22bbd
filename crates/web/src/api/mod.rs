//! The JSON API: what programs may ask and do. A handler reads, asks or commands the store once,
//! and prints; it decides nothing. Whatever goes wrong is an [`Oops`](crate::error::Oops), which
//! the layer around all routes turns into problem details.

mod acts;
pub(crate) mod appeals;
mod body;
mod case_json;
mod cases;
mod categories;
mod idempotency;
mod secrecy;
mod sessions;
mod spec;

pub(crate) use appeals::{APPEAL, same_opening};
pub(crate) use idempotency::command;

use crate::{
    app::{App, DemoAccount},
    routes::{Access, Routes},
    throttle::{Limit, Throttle},
};
use axum::{
    Extension, Json,
    extract::State,
    routing::{delete, get, post},
};
use std::sync::Arc;

/// Wrong tries for one name; the wait is the one that the answer names in `Retry-After`.
const GUESSES: Limit = Limit { free: 10, first: 60, longest: 60 };

pub(crate) fn routes(routes: Routes) -> Routes {
    let throttle = || Extension(Arc::new(Throttle::default()));
    routes
        .add(Access::Public, "/api/openapi.json", get(spec::document))
        .add(Access::Public, "/api/v1/categories", get(categories::tree))
        .add(Access::Public, "/api/v1/appeals", post(appeals::create))
        .add(Access::Public, "/api/v1/appeals/track", get(appeals::track).layer(throttle()))
        .add(Access::Public, "/api/v1/sessions", post(sessions::create).layer(throttle()))
        .add(Access::Token, "/api/v1/sessions/current", delete(sessions::end))
        .add(Access::Token, "/api/v1/cases", get(cases::list).post(acts::open))
        .add(Access::Token, "/api/v1/cases/{number}", get(cases::show))
        .add(Access::Token, "/api/v1/cases/{number}/actions/{action}", post(acts::act))
        .add(Access::Token, "/api/v1/cases/{number}/reveal", post(cases::reveal))
        .add(Access::Token, "/api/v1/cases/{number}/secrecy", get(secrecy::show))
        .add(Access::Token, "/api/v1/cases/{number}/secrecy/{what}", post(secrecy::change))
        .add(Access::Demo, "/api/v1/demo/accounts", get(demo_accounts))
}

async fn demo_accounts(State(app): State<App>) -> Json<Vec<DemoAccount>> {
    Json(app.demo().to_vec())
}
