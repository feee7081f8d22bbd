//! A city with people in it, driven through its pages: real store, real forms, a clock that stands
//! still until it is moved.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};
use store::{NewAccount, Store};
use tower::ServiceExt;
use vault::Keys;
use web::{App, DemoAccount, Edge};

/// The password of everybody.
pub const PASSWORD: &str = "liánhuā-2026";
/// Monday, 5 January 2026, 10:00 in the city.
const START: i64 = 1_767_578_400;

/// Everything a test needs.
pub struct Office {
    pub app: App,
    pub router: Router,
    now: Arc<AtomicI64>,
    hash: String,
    sessions: std::sync::Mutex<BTreeMap<String, Session>>,
    folder: PathBuf,
}

/// A browser of somebody who is logged in.
#[derive(Clone)]
pub struct Session {
    pub cookie: String,
    pub csrf: String,
}

/// An answer.
pub struct Page {
    pub status: StatusCode,
    pub to: String,
    pub body: String,
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Office {
    pub async fn open(demo: Vec<DemoAccount>) -> Self {
        Self::open_idle(demo, 720).await
    }

    /// With pages that are locked after so many minutes.
    pub async fn open_idle(demo: Vec<DemoAccount>, idle_minutes: u32) -> Self {
        Self::open_at(demo, idle_minutes, Edge::default()).await
    }

    /// With other surroundings; the proxy on this machine is always believed.
    pub async fn open_at(demo: Vec<DemoAccount>, idle_minutes: u32, edge: Edge) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("xiaohe-staff-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let keys = format!("root={}\nwrap.1={}", "01".repeat(32), "02".repeat(32));
        let keys = Arc::new(Keys::parse(&keys).unwrap());
        let url = format!("sqlite:{}", folder.join("test.db").display());
        let store = Store::open(&url, keys).await.unwrap();
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
        let mut city = packs::load(&dir).unwrap();
        Arc::get_mut(&mut city.pack).unwrap().idle_minutes = idle_minutes;
        let now = Arc::new(AtomicI64::new(START));
        let clock = now.clone();
        let read = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
        let app = App::new(store, city, read, demo);
        app.stand(Edge { from_header: Some("x-forwarded-for".parse().unwrap()), ..edge });
        Self {
            router: web::router(app.clone()),
            app,
            now,
            hash: web::password::hash(PASSWORD).unwrap(),
            sessions: std::sync::Mutex::default(),
            folder,
        }
    }

    pub fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Everybody comes in anew, as after days of which nobody's session lasts.
    #[allow(dead_code, reason = "some tests last for days")]
    pub fn come_in_anew(&self) {
        self.sessions.lock().unwrap().clear();
    }

    /// An account `role@unit`, made when it is first needed.
    pub async fn hire(&self, who: &str) -> i64 {
        if let Some(known) = self.app.store().account(who).await.unwrap() {
            return known.id;
        }
        let (role, unit) = who.split_once('@').unwrap();
        assert!(self.app.pack().units.get(unit).is_some(), "no unit {unit}");
        assert!(self.app.pack().roles.contains_key(role), "no role {role}");
        let new = NewAccount {
            username: who.to_owned(),
            password: self.hash.clone(),
            name: format!("{role}某"),
            unit: unit.to_owned(),
            roles: vec![role.to_owned()],
        };
        let id = self.app.store().create_account(new).await.unwrap();
        self.promise(id).await;
        id
    }

    /// Gives the promise of confidentiality, without which nothing is shown.
    pub async fn promise(&self, account: i64) {
        let (store, pack) = (self.app.store(), self.app.pack());
        let staff = store.account_by_id(account).await.unwrap().unwrap().staff();
        store.pledge(self.app.now(), &staff, &pack.pledge.version).await.unwrap();
    }

    pub async fn session(&self, who: &str) -> Session {
        if let Some(known) = self.sessions.lock().unwrap().get(who) {
            return known.clone();
        }
        let account = self.hire(who).await;
        let now = self.app.now();
        let token = self.app.store().log_in(account, now).await.unwrap();
        let csrf = self.app.store().session(&token, now).await.unwrap().unwrap().csrf;
        let session = Session { cookie: format!("staff={token}"), csrf };
        self.sessions.lock().unwrap().insert(who.to_owned(), session.clone());
        session
    }

    pub async fn get(&self, who: &str, path: &str) -> Page {
        let session = self.session(who).await;
        let request = Request::get(path).header(header::COOKIE, session.cookie);
        page(self.raw(request.body(Body::empty()).unwrap()).await).await
    }

    /// Sends a form as its page would, with the secret of the session.
    pub async fn post(&self, who: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let session = self.session(who).await;
        let csrf = ("csrf", session.csrf.as_str());
        let all: Vec<(&str, &str)> = std::iter::once(csrf).chain(fields.iter().copied()).collect();
        self.send(Some(&session), path, &all).await
    }

    pub async fn send(
        &self,
        session: Option<&Session>,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let body: Vec<String> =
            fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let mut request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(session) = session {
            request = request.header(header::COOKIE, &session.cookie);
        }
        page(self.raw(request.body(Body::from(body.join("&"))).unwrap()).await).await
    }

    /// Sends a request as the proxy on this machine does.
    pub async fn raw(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Does an action as the case page offers it: the form must be there, with its version.
    pub async fn act(
        &self,
        who: &str,
        number: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let shown = self.get(who, &format!("/cases/{number}")).await;
        assert_eq!(shown.status, StatusCode::OK, "{who} opens {number}");
        let form = format!("action=\"/cases/{number}/{action}\"");
        assert!(shown.body.contains(&form), "{who} is not offered {action}:\n{}", shown.words());
        let version = shown.value("version");
        let mut all = vec![("version", version.as_str())];
        all.extend_from_slice(fields);
        self.post(who, &format!("/cases/{number}/{action}"), &all).await
    }

    /// Like [`act`](Self::act), and it must succeed.
    pub async fn must(
        &self,
        who: &str,
        number: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let done = self.act(who, number, action, fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{who} {action}:\n{}", done.words());
        done
    }

    /// A call that is registered and sent to triage; answers number and secret.
    pub async fn call(&self, fields: &[(&str, &str)]) -> (String, String) {
        let mut all = vec![
            ("do", "register"),
            ("contact_phone", "138 0000 1234"),
            ("contact_name", "林小禾"),
            ("group", "01"),
            ("category", "0101"),
            ("place", "东一街道"),
            ("summary", "想离婚又怕见不到孩子"),
            ("narrative", "去年冬天开始分居，孩子跟着爷爷奶奶。"),
            ("safe_contact", "上午打，暗号图书到期"),
        ];
        all.retain(|(name, _)| !fields.iter().any(|(n, _)| n == name));
        all.extend_from_slice(fields);
        let told = self.post("operator@hotline-9901", "/call", &all).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.words());
        told.receipt()
    }

    pub async fn state(&self, number: &str) -> String {
        let pack = self.app.pack();
        let system = domain::access::Viewer::System;
        self.app.store().case(&pack, &system, number).await.unwrap().unwrap().case.state
    }
}

impl Page {
    /// The first value of a hidden field.
    pub fn value(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.body.find(&start).unwrap_or_else(|| panic!("no field {name}")) + start.len();
        self.body[at..].split('"').next().unwrap().to_owned()
    }

    /// Number and secret of a receipt.
    pub fn receipt(&self) -> (String, String) {
        let mut parts = self.body.split("<dd class=\"secret\">").skip(1).map(|part| {
            let part = part.split("</dd>").next().unwrap();
            part.split("<span>").skip(1).map(|s| s.split('<').next().unwrap()).collect::<String>()
        });
        let (number, secret) = (parts.next().unwrap(), parts.next().unwrap());
        assert_eq!(secret.len(), 26, "{secret}");
        (number, secret)
    }

    pub fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    /// The page without its tags, for messages.
    pub fn words(&self) -> String {
        let mut text = String::new();
        let mut inside = false;
        for c in self.body.chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => text.push(c),
                _ => {}
            }
        }
        format!("{} {}", self.status, text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

pub async fn page(response: Response) -> Page {
    let status = response.status();
    let to = response.headers().get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned());
    let body = to_bytes(response.into_body(), 8 << 20).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    Page { status, to: to.unwrap_or_default(), body }
}

pub fn encode(text: &str) -> String {
    let one = |b: u8| {
        if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }
    };
    text.bytes().map(one).collect()
}
