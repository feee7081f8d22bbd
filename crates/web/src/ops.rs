//! For those who run the program: health, readiness, figures, and the headers of every answer.

use crate::{
    app::App,
    download,
    error::Oops,
    routes::{Access, Routes},
};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};
use store::Audience;

/// Nothing inline, nothing from elsewhere; forms go home only.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
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

/// Upper ends of the classes of duration, in microseconds.
const BOUNDS: [u64; 8] = [1_000, 5_000, 10_000, 25_000, 100_000, 500_000, 2_000_000, 10_000_000];

/// What has been answered since the start: how, and how fast. Names no address and no case.
struct Answers {
    /// By hundreds of the status, 1xx to 5xx.
    status: [AtomicU64; 5],
    /// By class of duration; each answer is in one.
    within: [AtomicU64; BOUNDS.len()],
    /// All durations together, in microseconds.
    time: AtomicU64,
}

static ANSWERS: Answers = Answers {
    status: [const { AtomicU64::new(0) }; 5],
    within: [const { AtomicU64::new(0) }; BOUNDS.len()],
    time: AtomicU64::new(0),
};

impl Answers {
    fn count(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).wrapping_sub(1);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bound = BOUNDS.iter().position(|b| micros <= *b);
        for counter in [self.status.get(class), bound.and_then(|n| self.within.get(n))] {
            counter.map(|c| c.fetch_add(1, Relaxed));
        }
        self.time.fetch_add(micros, Relaxed);
    }

    fn print(&self) -> String {
        let mut text = "# TYPE xiaohe_http_answers_total counter\n".to_owned();
        let mut all = 0;
        for (class, count) in (1..).zip(&self.status) {
            let n = count.load(Relaxed);
            all += n;
            let _ = writeln!(text, "xiaohe_http_answers_total{{status=\"{class}xx\"}} {n}");
        }
        text += "# TYPE xiaohe_http_seconds histogram\n";
        let mut below = 0;
        for (bound, count) in BOUNDS.iter().zip(&self.within) {
            below += count.load(Relaxed);
            let end = Duration::from_micros(*bound).as_secs_f64();
            let _ = writeln!(text, "xiaohe_http_seconds_bucket{{le=\"{end}\"}} {below}");
        }
        let sum = Duration::from_micros(self.time.load(Relaxed)).as_secs_f64();
        text + &format!(
            "xiaohe_http_seconds_bucket{{le=\"+Inf\"}} {all}\nxiaohe_http_seconds_sum {sum}\n\
             xiaohe_http_seconds_count {all}\n"
        )
    }
}

/// Counts that hold nothing about any case.
async fn metrics(State(app): State<App>) -> Response {
    let stats = app.store().db().stats();
    let text = format!(
        "# TYPE xiaohe_writes_total counter\nxiaohe_writes_total {}\n\
         # TYPE xiaohe_commits_total counter\nxiaohe_commits_total {}\n\
         # TYPE xiaohe_replays_total counter\nxiaohe_replays_total {}\n\
         # TYPE xiaohe_log_syncs_total counter\nxiaohe_log_syncs_total {}\n\
         # TYPE xiaohe_build_info gauge\nxiaohe_build_info{{version=\"{}\"}} 1\n",
        stats.works,
        stats.commits,
        stats.replays,
        stats.syncs,
        env!("CARGO_PKG_VERSION")
    );
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, text + &ANSWERS.print() + &messages(&app).await).into_response()
}

/// How many messages wait, and what became of the others. Says nothing about any of them.
async fn messages(app: &App) -> String {
    let stats = app.store().sending_stats();
    let mut text = "# TYPE xiaohe_messages_total counter\n".to_owned();
    for (result, n) in [
        ("sent", stats.sent),
        ("failed", stats.failed),
        ("withheld", stats.withheld),
        ("dead", stats.dead),
    ] {
        let _ = writeln!(text, "xiaohe_messages_total{{result=\"{result}\"}} {n}");
    }
    // The figures above must not be lost with a database that is away.
    let Ok(size) = app.store().outbox_size().await else { return text };
    text += "# TYPE xiaohe_messages_queued gauge\n";
    for audience in Audience::ALL {
        let (to, n) = (audience.code(), size.open(audience));
        let _ = writeln!(text, "xiaohe_messages_queued{{to=\"{to}\"}} {n}");
    }
    text + &format!("# TYPE xiaohe_messages_dead gauge\nxiaohe_messages_dead {}\n", size.dead)
}

/// Headers of every answer. Pages are never stored: the phone may be read by somebody else.
pub(crate) async fn safe_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let mut response = next.run(request).await;
    ANSWERS.count(response.status(), start.elapsed());
    let headers = response.headers_mut();
    // A picture may hold scripts; whoever opens it by itself gets a picture and nothing more.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let drawn = kind.is_some_and(|kind| kind.starts_with("image/svg"));
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, if drawn { download::CLOSED } else { POLICY }),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.edge().is_secure() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
