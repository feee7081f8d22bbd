//! A gateway for tests: a real HTTP server on loopback. It signs what it got with a library that
//! is not ours and compares, can fail so many times, and can fall silent.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{net::TcpListener, sync::Notify};

/// The secret that test gateways share with the application; worth nothing.
pub const GATEWAY_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A letter as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its id.
    pub id: String,
    /// When it was signed, in seconds.
    pub second: i64,
    /// The whole body.
    pub body: String,
    /// What the gateway answered; 0 when it fell silent.
    pub answered: u16,
}

impl Received {
    /// A text of the body by its path, for example `/data/text`.
    ///
    /// # Panics
    /// When the body is no JSON.
    pub fn text(&self, path: &str) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).expect("JSON");
        body.pointer(path).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
    }
}

#[derive(Default)]
struct Seen {
    received: Vec<Received>,
    forged: usize,
    answers: Vec<u16>,
    silent: bool,
}

struct Inner {
    seen: Mutex<Seen>,
    arrived: Notify,
    released: Notify,
}

/// A running gateway. It ends with the test.
#[derive(Clone)]
pub struct TestGateway {
    inner: Arc<Inner>,
    url: String,
}

impl TestGateway {
    /// On a port of its own.
    ///
    /// # Panics
    /// When loopback cannot be used.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/messages", listener.local_addr().expect("an address"));
        let (seen, arrived, released) = (Mutex::default(), Notify::new(), Notify::new());
        let inner = Arc::new(Inner { seen, arrived, released });
        let router = Router::new().route("/messages", post(take)).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, url }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers the next letters with these statuses, then with 204 again.
    pub fn answer(&self, statuses: &[u16]) {
        self.with(|seen| seen.answers = statuses.iter().rev().copied().collect());
    }

    /// From now on takes letters and answers nothing, until it is told otherwise.
    pub fn fall_silent(&self, silent: bool) {
        self.with(|seen| seen.silent = silent);
        if !silent {
            self.inner.released.notify_waiters();
        }
    }

    /// Waits until a letter has come since the last wait.
    pub async fn arrival(&self) {
        self.inner.arrived.notified().await;
    }

    /// Every letter so far, refused ones too, in the order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.with(|seen| seen.received.clone())
    }

    /// The letters that were taken.
    pub fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|r| (200..300).contains(&r.answered)).collect()
    }

    /// Requests whose signature was wrong.
    pub fn forged(&self) -> usize {
        self.with(|seen| seen.forged)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let (status, silent) = note(&inner, &headers, &body);
    inner.arrived.notify_one();
    if silent {
        inner.released.notified().await;
    }
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn note(inner: &Inner, headers: &HeaderMap, body: &Bytes) -> (u16, bool) {
    let mut seen = inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((id, second)) = signed(headers, body) else {
        seen.forged += 1;
        return (401, false);
    };
    let answered = if seen.silent { 0 } else { seen.answers.pop().unwrap_or(204) };
    let body = String::from_utf8_lossy(body).into_owned();
    seen.received.push(Received { id, second, body, answered });
    (if seen.silent { 503 } else { answered }, seen.silent)
}

/// Id and time of a request whose signature is right. The library's own check wants the time of
/// day, which tests do not have; so it signs again, and the two must agree.
fn signed(headers: &HeaderMap, body: &[u8]) -> Option<(String, i64)> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let (id, second) = (header(HEADER_WEBHOOK_ID)?, header(HEADER_WEBHOOK_TIMESTAMP)?);
    let second: i64 = second.parse().ok()?;
    let expected = Webhook::new(GATEWAY_SECRET).ok()?.sign(id, second, body).ok()?;
    let given = header(HEADER_WEBHOOK_SIGNATURE)?;
    given.split(' ').any(|one| one == expected).then(|| (id.to_owned(), second))
}
