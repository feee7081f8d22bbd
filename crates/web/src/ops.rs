//! For those who run the program: health, readiness, figures, and the headers of every answer.

use crate::{
    app::App,
    error::Oops,
    routes::{Access, Routes},
};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};

/// Nothing inline, nothing from elsewhere; forms go home only.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
    script-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, "/healthz", get(|| async { "ok" }))
        .add(Access::Public, "/readyz", get(ready))
        .add(Access::Public, "/metrics", get(metrics))
}

async fn ready(State(app): State<App>) -> Result<&'static str, Oops> {
    app.store().db().read().await?;
    Ok("ready")
}

/// Counts that hold nothing about any case.
async fn metrics(State(app): State<App>) -> Response {
    let stats = app.store().db().stats();
    let text = format!(
        "# TYPE xiaohe_writes_total counter\nxiaohe_writes_total {}\n\
         # TYPE xiaohe_commits_total counter\nxiaohe_commits_total {}\n\
         # TYPE xiaohe_replays_total counter\nxiaohe_replays_total {}\n",
        stats.works, stats.commits, stats.replays
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// Headers of every answer. Pages are never stored: the phone may be read by somebody else.
pub(crate) async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
