//! The route table. A route is added together with its access rule; the rule is what lets a
//! handler get at a session at all.

use crate::{app::App, session};
use axum::{Router, middleware, routing::MethodRouter};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; the answer holds nothing about any case.
    Public,
    /// Whoever shows number and receipt of the case.
    Appellant,
    /// Staff on the way in: the password was right, and nothing may be seen yet.
    ComingIn,
    /// Staff, by session cookie; what they see is decided case by case.
    Staff,
    /// Staff, by bearer token.
    Token,
    /// Only while the program runs as a demonstration.
    Demo,
}

/// One line of the route table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteRule {
    /// Path with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// Routes under construction.
pub(crate) struct Routes {
    app: App,
    router: Router<App>,
    table: Vec<RouteRule>,
}

impl Routes {
    pub(crate) fn new(app: App) -> Self {
        Self { app, router: Router::new(), table: Vec::new() }
    }

    /// Adds a route with its rule.
    pub(crate) fn add(
        mut self,
        access: Access,
        path: &'static str,
        methods: MethodRouter<App>,
    ) -> Self {
        let app = self.app.clone();
        let guarded = match access {
            Access::Public => methods,
            Access::Appellant => {
                methods.layer(middleware::from_fn_with_state(app, session::appellant))
            }
            Access::ComingIn => {
                methods.layer(middleware::from_fn_with_state(app, session::coming_in))
            }
            Access::Staff => methods.layer(middleware::from_fn_with_state(app, session::staff)),
            Access::Token => methods.layer(middleware::from_fn_with_state(app, session::token)),
            Access::Demo => methods.layer(middleware::from_fn_with_state(app, session::demo)),
        };
        self.router = self.router.route(path, guarded);
        self.table.push(RouteRule { path, access });
        self
    }

    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }

    pub(crate) fn table(self) -> Vec<RouteRule> {
        self.table
    }
}
