//! Pages, forms, the JSON API and the standard feeds, by feature.
//!
//! A handler parses, asks or commands the store once, and prints; it holds no rule. Every route
//! states who may use it when it is added, or it cannot be added at all.

mod api;
pub mod app;
mod assets;
mod citizen;
mod coming_in;
mod cookies;
mod copy;
mod copy_zip;
mod download;
pub mod edge;
pub mod error;
mod figures;
mod form;
pub mod lang;
mod look;
mod open311;
mod ops;
mod outlet;
mod pace;
pub mod page;
pub mod password;
mod releases;
mod routes;
mod session;
mod staff;
mod throttle;
mod traces;
mod upload;
mod view;

pub use app::{App, DemoAccount, Doors};
pub use edge::Edge;
pub use routes::{Access, RouteRule};
pub use staff::WAYS as PROVIDER_WAYS;

use axum::{Router, middleware};
use routes::Routes;
use tower_http::{compression::CompressionLayer, limit::RequestBodyLimitLayer};

/// The largest request that is read at all: five files of ten megabytes and their form.
const MOST_BYTES: usize = 52 * 1024 * 1024;

/// All routes with their rules.
fn all(app: &App) -> Routes {
    let routes = Routes::new(app.clone());
    let routes = assets::routes(routes);
    let routes = ops::routes(routes);
    let routes = look::routes(routes);
    let routes = citizen::routes(routes);
    let routes = staff::routes(routes);
    let routes = figures::routes(routes);
    let routes = releases::routes(routes);
    let routes = api::routes(routes);
    open311::routes(routes)
}

/// The whole application.
pub fn router(app: App) -> Router {
    all(&app)
        .into_router()
        .fallback(error::no_such_page)
        .layer(RequestBodyLimitLayer::new(MOST_BYTES))
        .layer(middleware::from_fn_with_state(app.clone(), error::dress))
        .layer(middleware::from_fn_with_state(app.clone(), ops::safe_headers))
        .layer(CompressionLayer::new())
        .with_state(app)
}

/// The rule of every route, for the tests that walk them.
pub fn route_table(app: &App) -> Vec<RouteRule> {
    all(app).table()
}
