//! What the tests of the JSON API and of Open311 share: the first city of the packs on a fresh
//! SQLite database, a fixed clock, and requests made without a network.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};
use store::{NewAccount, Store};
use tower::ServiceExt;
use web::{App, DemoAccount};

/// Tuesday 2026-03-10 10:00 in the city.
pub const START: i64 = 1_773_108_000;

pub struct City {
    pub app: App,
    pub router: Router,
    pub clock: Arc<AtomicI64>,
    folder: PathBuf,
}

impl Drop for City {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn kind(&self) -> &str {
        self.headers.get("content-type").map_or("", |v| v.to_str().unwrap())
    }

    /// Asserts a problem document with this status, and answers it.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.kind(), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        for name in ["type", "title", "detail"] {
            let words = body[name].as_str().unwrap_or_default();
            assert!(!words.is_empty(), "{name} in {body}");
        }
        assert!(body["type"].as_str().unwrap().starts_with("urn:xiaohe:problem:"));
        body
    }
}

impl City {
    pub async fn new() -> Self {
        Self::with(Vec::new(), None).await
    }

    pub async fn demo() -> Self {
        Self::demo_on(None).await
    }

    /// A demonstration on a database of its own, or the one given.
    pub async fn demo_on(url: Option<String>) -> Self {
        let word = |w: &str| w.to_owned();
        let account = DemoAccount {
            username: word("operator@x"),
            password: word("p"),
            role: word("operator"),
            unit: word("x"),
        };
        Self::with(vec![account], url).await
    }

    async fn with(demo: Vec<DemoAccount>, url: Option<String>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("xiaohe-api-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let keys = format!("root={}\nwrap.1={}", "01".repeat(32), "02".repeat(32));
        let keys = Arc::new(vault::Keys::parse(&keys).unwrap());
        let url = url.unwrap_or_else(|| format!("sqlite:{}", folder.join("test.db").display()));
        let store = Store::open(&url, keys).await.unwrap();
        let clock = Arc::new(AtomicI64::new(START));
        let now = clock.clone();
        let now = move || jiff::Timestamp::from_second(now.load(Ordering::Relaxed)).unwrap();
        let app = App::new(store, packs::load(&first_pack()).unwrap(), now, demo);
        Self { router: web::router(app.clone()), app, clock, folder }
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method.parse::<Method>().unwrap()).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).expect("answers are UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send("GET", path, &[("authorization", &bearer(token))], Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send("POST", path, &headers, body.to_string()).await
    }

    pub async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        let bearer = bearer(token);
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        self.send("POST", path, &headers, body.to_string()).await
    }

    /// A token for somebody new who holds a role in a unit.
    pub async fn token(&self, role: &str, unit: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let account = NewAccount {
            username: format!("{role}{n}"),
            password: String::new(),
            name: format!("somebody {n}"),
            unit: unit.to_owned(),
            roles: vec![role.to_owned()],
        };
        let id = self.app.store().create_account(account).await.unwrap();
        self.promise(id).await;
        self.app.store().log_in(id, self.app.now()).await.unwrap()
    }

    /// Gives the promise of confidentiality, without which nothing is shown.
    pub async fn promise(&self, account: i64) {
        let (store, pack) = (self.app.store(), self.app.pack());
        let staff = store.account_by_id(account).await.unwrap().unwrap().staff();
        store.pledge(self.app.now(), &staff, &pack.pledge.version).await.unwrap();
    }

    /// The one unit of a kind for the whole city.
    pub fn top(&self, kind: &str) -> String {
        let pack = self.app.pack();
        let root = pack.regions.root();
        pack.units.iter().find(|u| u.kind == kind && u.region == root).unwrap().code.clone()
    }
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The first city beside the common base: the tests hold for every city.
fn first_pack() -> PathBuf {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut all: Vec<PathBuf> = std::fs::read_dir(packs)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.join("pack.toml").exists())
        .collect();
    all.sort();
    all.into_iter().next().unwrap()
}
