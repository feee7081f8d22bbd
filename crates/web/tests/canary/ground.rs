//! The sample city as a running application on either database, with people in it, and everything
//! it writes down: answers, letters, log lines.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use domain::{
    case::{CaseId, Staff},
    pack::Pack,
};
use packs::City;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use store::NewAccount;
use testkit::Stand;
use tower::ServiceExt;
use web::{App, DemoAccount};

pub struct Ground {
    pub stand: Stand,
    pub app: App,
    pub router: Router,
    staff: Mutex<BTreeMap<String, Staff>>,
}

/// Somebody who asks, with whatever proves who they are.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    pub name: String,
    pub staff: Option<Staff>,
    pub cookie: String,
    pub bearer: String,
    pub csrf: String,
}

/// What a request carries beside its address.
#[derive(Debug, Clone)]
pub enum Load {
    Nothing,
    Form(Vec<(String, String)>),
    Json(Value),
}

/// A request that has not been sent.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub load: Load,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), load: Load::Nothing }
    }

    pub fn post(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { method: Method::POST, path: path.into(), load: Load::Form(fields) }
    }

    pub fn json(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, path: path.into(), load: Load::Json(body) }
    }

    /// The same request by another method.
    #[must_use]
    pub fn by(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The request with a value wherever `slot` stands: spelled for an address, a form, or JSON.
    #[must_use]
    pub fn with(&self, slot: &str, value: &str) -> Self {
        let path = self.path.replace(slot, &encode(value));
        let load = match &self.load {
            Load::Nothing => Load::Nothing,
            Load::Form(fields) => {
                let all = fields.iter().map(|(k, v)| (k.clone(), v.replace(slot, value)));
                Load::Form(all.collect())
            }
            Load::Json(body) => {
                let quoted = Value::from(value).to_string();
                let text = body.to_string().replace(slot, quoted.trim_matches('"'));
                Load::Json(serde_json::from_str(&text).expect("JSON"))
            }
        };
        Self { method: self.method.clone(), path, load }
    }

    /// Whether anything in it is still to be filled in.
    pub fn names(&self, slot: &str) -> bool {
        self.path.contains(slot)
            || match &self.load {
                Load::Nothing => false,
                Load::Form(fields) => fields.iter().any(|(_, v)| v.contains(slot)),
                Load::Json(body) => body.to_string().contains(slot),
            }
    }
}

impl Reply {
    pub fn kind(&self) -> &str {
        self.headers.get(header::CONTENT_TYPE).map_or("", |v| v.to_str().unwrap_or("unreadable"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The status line and every header, as text.
    pub fn head(&self) -> String {
        let lines = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
        format!("{}\n{}", self.status, lines.collect::<Vec<_>>().join("\n"))
    }
}

impl Caller {
    pub fn nobody() -> Self {
        Self { name: "nobody".to_owned(), ..Self::default() }
    }
}

impl Ground {
    /// The sample city on this database.
    pub fn on(stand: Stand) -> Self {
        Self::of(stand, testkit::city().clone())
    }

    /// A city on this database.
    pub fn of(mut stand: Stand, city: City) -> Self {
        stand.pack = city.pack.clone();
        let clock = stand.clock.clone();
        // As a demonstration, so that its own route answers too.
        let word = str::to_owned;
        let (username, password) = (word("demo"), word("demo"));
        let demo = DemoAccount { username, password, role: word("operator"), unit: word("x") };
        let app = App::new(stand.store.clone(), city, move || clock.now(), vec![demo]);
        let router = web::router(app.clone());
        Self { stand, app, router, staff: Mutex::default() }
    }

    pub fn pack(&self) -> &Arc<Pack> {
        &self.stand.pack
    }

    /// The n-th person of a unit who holds these roles; made when first named.
    pub async fn person(&self, unit: &str, roles: &[&str], n: usize) -> Staff {
        let username = format!("{}-{n}@{unit}", roles.join("."));
        if let Some(known) = self.staff.lock().unwrap().get(&username) {
            return known.clone();
        }
        let new = NewAccount {
            username: username.clone(),
            password: String::new(),
            name: format!("员工{n}"),
            unit: unit.to_owned(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        };
        let account = self.stand.store.create_account(new).await.unwrap();
        let staff = self.stand.store.account_by_id(account).await.unwrap().unwrap().staff();
        let now = self.stand.clock.now();
        self.stand.store.pledge(now, &staff, &self.pack().pledge.version).await.unwrap();
        self.staff.lock().unwrap().insert(username, staff.clone());
        staff
    }

    /// Everybody whose number is below the walkers'.
    pub fn planters(&self) -> Vec<Staff> {
        let staff = self.staff.lock().unwrap();
        let walks = |name: &str| name.contains("-9@");
        staff.iter().filter(|(name, _)| !walks(name)).map(|(_, staff)| staff.clone()).collect()
    }

    /// Somebody who is logged in, in a browser and by token.
    pub async fn caller(&self, name: &str, staff: &Staff) -> Caller {
        let (store, now) = (&self.stand.store, self.stand.clock.now());
        let token = store.log_in(staff.account, now).await.unwrap();
        let csrf = store.session(&token, now).await.unwrap().unwrap().csrf;
        Caller {
            name: name.to_owned(),
            staff: Some(staff.clone()),
            cookie: format!("staff={token}"),
            bearer: format!("Bearer {token}"),
            csrf,
        }
    }

    /// The person who appealed, with the pass of their own case.
    pub fn appellant(&self, case: CaseId) -> Caller {
        let pass = self.stand.store.write_pass(case, self.stand.clock.now(), 86_400);
        Caller { name: "appellant".to_owned(), cookie: format!("pass={pass}"), ..Caller::default() }
    }
}

/// Sends a request to any router.
pub async fn send(router: &Router, caller: &Caller, ask: &Ask) -> Reply {
    let mut request = Request::builder().method(&ask.method).uri(&ask.path);
    if !caller.cookie.is_empty() {
        request = request.header(header::COOKIE, &caller.cookie);
    }
    if !caller.bearer.is_empty() {
        request = request.header(header::AUTHORIZATION, &caller.bearer);
    }
    let body = match &ask.load {
        Load::Nothing => String::new(),
        Load::Json(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            body.to_string()
        }
        Load::Form(fields) => {
            let kind = "application/x-www-form-urlencoded";
            request = request.header(header::CONTENT_TYPE, kind);
            let own = std::iter::once(("csrf", caller.csrf.as_str()));
            let all = own.chain(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())));
            let pairs = all.map(|(k, v)| format!("{}={}", encode(k), encode(v)));
            pairs.collect::<Vec<_>>().join("&")
        }
    };
    let request = request.body(Body::from(body)).unwrap_or_else(|e| panic!("{}: {e}", ask.path));
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Reply { status: parts.status, headers: parts.headers, bytes }
}

pub fn encode(text: &str) -> String {
    let one = |b: u8| match b {
        b if b.is_ascii_alphanumeric() || b == b'-' => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}
