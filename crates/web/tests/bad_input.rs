//! Bad input over HTTP: every route of the table with every method, and on each the tables below:
//! paths, questions, bodies, headers. Whatever comes is answered in words, without a fault, and
//! writes nothing.
//!
//! A new route is tried without a line here; a new kind of bad input is one line of a table.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(dead_code, reason = "of the office only a part is needed")]

#[path = "bad_input/bodies.rs"]
mod bodies;
mod office;
#[path = "bad_input/tables.rs"]
mod tables;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header},
};
use office::Office;
use serde_json::{Value, json};
use store::NewAccount;
use tables::{HEADERS, METHODS, NAMES, PATHS, QUERIES, VALUES};
use testkit::unit::HOTLINE;

/// What a page must never repeat as it came.
const SCRIPT: &str = "<script>alert(1)";

/// An office with one appeal, and somebody who holds every role, so that nothing is refused only
/// for want of a right.
struct Target {
    office: Office,
    account: i64,
    number: String,
    pass: String,
    entries: u64,
}

/// Somebody who is logged in, as staff, as program and as appellant at once.
struct Caller {
    cookie: String,
    bearer: String,
    csrf: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Target {
    async fn new() -> Self {
        let office = Office::open(Vec::new()).await;
        let store = office.app.store();
        let everything = NewAccount {
            username: "everything".to_owned(),
            password: String::new(),
            name: "全能".to_owned(),
            unit: HOTLINE.to_owned(),
            roles: office.app.pack().roles.keys().cloned().collect(),
        };
        let account = store.create_account(everything).await.unwrap();
        office.promise(account).await;
        let mut target =
            Self { account, number: String::new(), pass: String::new(), entries: 0, office };
        let body = json!({ "channel": "web", "category": "1301", "summary": "想学月嫂技能",
            "contact": { "name": "样小燕", "phone": "10000000001" } });
        let sent = target.json("/api/v1/appeals", None, &body).await;
        assert_eq!(sent.status, 201, "{}", sent.body);
        let kept: Value = serde_json::from_str(&sent.body).unwrap();
        kept["number"].as_str().unwrap().clone_into(&mut target.number);
        let (app, receipt) = (&target.office.app, kept["receipt"].as_str().unwrap());
        let case = app.store().track(&app.pack(), &target.number, receipt).await.unwrap().unwrap();
        target.pass = app.store().write_pass(case, app.now(), 86_400);
        target.entries = target.sound().await;
        target
    }

    /// Entries of a store in which `verify` finds nothing.
    async fn sound(&self) -> u64 {
        let app = &self.office.app;
        let report = app.store().verify(&app.pack()).await.unwrap();
        assert_eq!(report.troubles, []);
        report.entries
    }

    async fn unchanged(&self, after: &str) {
        assert_eq!(self.sound().await, self.entries, "something was written by {after}");
    }

    /// A new session: what is tried may end the one before.
    async fn caller(&self) -> Caller {
        let (store, now) = (self.office.app.store(), self.office.app.now());
        let token = store.log_in(self.account, now).await.unwrap();
        let csrf = store.session(&token, now).await.unwrap().unwrap().csrf;
        let cookie = format!("staff={token}; pass={}", self.pass);
        Caller { cookie, bearer: format!("Bearer {token}"), csrf }
    }

    /// The path of a route with what really exists in its place.
    fn path(&self, route: &str) -> String {
        let known = [
            ("{number}", self.number.as_str()),
            ("{action}", "register"),
            ("{workflow}", "appeal"),
        ];
        let path = known.iter().fold(route.to_owned(), |path, (name, v)| path.replace(name, v));
        filled(&path, "1")
    }

    /// Every route of the table.
    fn routes(&self) -> Vec<&'static str> {
        let table = web::route_table(&self.office.app);
        assert!(table.len() > 50, "{} routes", table.len());
        table.into_iter().map(|rule| rule.path).collect()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.office.raw(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn json(&self, path: &str, caller: Option<&Caller>, body: &Value) -> Answer {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(caller) = caller {
            request = request.header(header::AUTHORIZATION, &caller.bearer);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Sends, and looks at the answer as everything here is looked at.
    async fn probe(&self, what: &str, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let shown: String = format!("{method} {}", request.uri()).chars().take(200).collect();
        let what = format!("{shown} with {what}");
        let answer = self.send(request).await;
        answer.is_in_order(&what);
        if answer.status.is_client_error() && method != Method::HEAD {
            answer.has_words(&what, &path);
        }
        answer
    }
}

impl Caller {
    fn ask(&self, method: &Method, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::AUTHORIZATION, &self.bearer)
    }
}

impl Answer {
    fn kind(&self) -> &str {
        self.headers.get(header::CONTENT_TYPE).map_or("", |v| v.to_str().unwrap())
    }

    /// No fault, no script, no way to another site, no header of the sender.
    fn is_in_order(&self, what: &str) {
        assert!(self.status.as_u16() < 500, "{what}: {} {}", self.status, self.body);
        assert_eq!(self.headers["x-content-type-options"], "nosniff", "{what}");
        assert!(!self.headers.contains_key("x-evil"), "{what}");
        if self.kind().starts_with("text/html") {
            assert!(!self.body.contains(SCRIPT), "{what}: {}", self.body);
        }
        if let Some(to) = self.headers.get(header::LOCATION) {
            let to = to.to_str().unwrap();
            // The one way out is the neutral page that hides this one.
            let leaves = what.contains(" /leave");
            assert!(leaves || (to.starts_with('/') && !to.starts_with("//")), "{what}: {to}");
        }
    }

    /// A refusal says something to whoever asked, in the form that they understand.
    fn has_words(&self, what: &str, path: &str) {
        let words = if path.starts_with("/api/") {
            assert_eq!(self.kind(), "application/problem+json", "{what}");
            let problem: Value = serde_json::from_str(&self.body).unwrap();
            assert_eq!(problem["status"], self.status.as_u16(), "{what}");
            [&problem["title"], &problem["detail"]].map(|w| w.as_str().unwrap_or_default().len())
        } else if path.starts_with("/open311") {
            assert!(self.kind().contains("xml") || self.kind().contains("json"), "{what}");
            [self.body.find("description").unwrap_or_default(), self.body.len()]
        } else {
            assert!(self.kind().starts_with("text/html"), "{what}: {} {}", self.kind(), self.body);
            assert!(self.body.contains("<h1"), "{what}: {}", self.body);
            let main = self.body.split("<main").nth(1).unwrap_or_default();
            [main.len(), self.body.len()]
        };
        assert!(words.iter().all(|length| *length > 0), "{what}: {}", self.body);
    }
}

/// The path of a route with one value in all places that are still open.
fn filled(route: &str, value: &str) -> String {
    let mut parts = route.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + value + part.split_once('}').map_or("", |p| p.1))
}

/// What may be sent as a header at all; the rest never gets past the server's own parser.
fn sendable(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).unwrap()
}

#[tokio::test]
async fn no_path_and_no_method_breaks_anything() {
    let target = Target::new().await;
    for route in target.routes() {
        let mut tried = vec![target.path(route)];
        if route.contains('{') {
            tried.extend(PATHS.iter().map(|value| filled(route, value)));
            tried.push(filled(route, &"a".repeat(8_000)));
        }
        tried.extend(
            ["/", "/..%2f..%2fetc%2fpasswd", "%00", ".xml"]
                .map(|end| format!("{}{end}", target.path(route))),
        );
        for path in tried {
            for method in METHODS {
                let method: Method = method.parse().unwrap();
                let caller = target.caller().await;
                let request = caller.ask(&method, &path).body(Body::empty()).unwrap();
                let answer = target.probe("nothing", request).await;
                let refused = answer.status == StatusCode::METHOD_NOT_ALLOWED;
                let named = answer.headers.contains_key(header::ALLOW);
                assert!(named || !refused, "{method} {path} does not say what is allowed");
            }
        }
        target.unchanged(route).await;
    }
}

#[tokio::test]
async fn no_question_breaks_anything() {
    let target = Target::new().await;
    let caller = target.caller().await;
    for route in target.routes() {
        let path = target.path(route);
        let one_by_one = NAMES.iter().flat_map(|n| VALUES.iter().map(move |v| format!("{n}={v}")));
        let together = VALUES.iter().map(|value| NAMES.map(|n| format!("{n}={value}")).join("&"));
        let many = ["a=1&".repeat(10_000), format!("q={}", "a".repeat(60_000))];
        let fixed = QUERIES.iter().map(|&query| query.to_owned());
        // Only what answers questions at all is asked each of them.
        let plain = caller.ask(&Method::GET, &path).body(Body::empty()).unwrap();
        let asks = target.send(plain).await.status != StatusCode::METHOD_NOT_ALLOWED;
        let one_by_one = one_by_one.filter(|_| asks);
        for query in one_by_one.chain(together).chain(many).chain(fixed) {
            let request = caller.ask(&Method::GET, &format!("{path}?{query}"));
            target.probe("a question", request.body(Body::empty()).unwrap()).await;
        }
        target.unchanged(route).await;
    }
}

#[tokio::test]
async fn no_body_breaks_anything() {
    let target = Target::new().await;
    for route in target.routes() {
        let path = target.path(route);
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let empty = target.caller().await.ask(&method, &path).body(Body::empty()).unwrap();
            if target.send(empty).await.status == StatusCode::METHOD_NOT_ALLOWED {
                continue;
            }
            let caller = target.caller().await;
            for (what, kind, body) in bodies::all(&caller.csrf) {
                // Logging out is a good thing to ask for, whatever stands beside it.
                let caller = if route.contains("logout") || route.ends_with("sessions/current") {
                    &target.caller().await
                } else {
                    &caller
                };
                let request = caller.ask(&method, &path).header(header::CONTENT_TYPE, kind);
                target.probe(&what, request.body(Body::from(body)).unwrap()).await;
            }
        }
        target.unchanged(route).await;
    }
}

#[tokio::test]
async fn no_header_breaks_anything() {
    let target = Target::new().await;
    for route in target.routes() {
        let path = target.path(route);
        for method in [Method::GET, Method::POST] {
            let caller = target.caller().await;
            let long = [("cookie", vec![b'a'; 100_000]), ("accept-language", vec![b'z'; 100_000])];
            let fixed = HEADERS.iter().map(|&(name, value)| (name, value.to_vec()));
            for (name, value) in fixed.chain(long) {
                let mut request = caller.ask(&method, &path).body(Body::empty()).unwrap();
                let name: HeaderName = name.parse().unwrap();
                request.headers_mut().insert(&name, sendable(&value));
                let value: String = String::from_utf8_lossy(&value).chars().take(60).collect();
                target.probe(&format!("{name}: {value}"), request).await;
            }
        }
        target.unchanged(route).await;
    }
}

#[tokio::test]
async fn a_value_that_is_none_of_its_kind_is_refused_by_name() {
    let target = Target::new().await;
    let caller = target.caller().await;
    let path = format!("/api/v1/cases/{}", target.number);
    let request = caller.ask(&Method::GET, &path).body(Body::empty()).unwrap();
    let case: Value = serde_json::from_str(&target.send(request).await.body).unwrap();
    let mut tried = 0;
    for action in case["allowed_actions"].as_array().unwrap() {
        let code = action["code"].as_str().unwrap();
        for field in action["fields"].as_array().unwrap() {
            let (name, kind) = (field["code"].as_str().unwrap(), field["type"].as_str().unwrap());
            for value in tables::misfits(kind) {
                let body = json!({ name: value });
                let to = format!("{path}/actions/{code}");
                let answer = target.json(&to, Some(&caller), &body).await;
                let what = format!("{code} {name} {kind} {}", short(&value));
                assert_eq!(answer.status, 422, "{what}: {}", answer.body);
                let problem: Value = serde_json::from_str(&answer.body).unwrap();
                let errors = problem["errors"].as_array().unwrap();
                assert!(errors.iter().any(|e| e["field"] == name), "{what}: {problem}");
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "{tried}");
    target.unchanged("a misfit").await;
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// Words that look like programs are words: kept as they are, and shown as words everywhere.
#[tokio::test]
async fn hostile_words_are_kept_and_shown_as_words() {
    let target = Target::new().await;
    let caller = target.caller().await;
    let words = format!("{SCRIPT}</script>=HYPERLINK(\"x\")'\"&{{{{7*7}}}}]]>");
    let body = json!({ "channel": "web", "category": "1301", "summary": words,
        "narrative": words, "place": words, "contact": { "name": words, "safe_contact": words } });
    let sent = target.json("/api/v1/appeals", None, &body).await;
    assert_eq!(sent.status, 422, "a name has at most forty letters: {}", sent.body);
    let short = &words[..40];
    let body = json!({ "channel": "web", "category": "1301", "summary": words,
        "narrative": words, "place": words, "contact": { "name": short, "safe_contact": words } });
    let sent = target.json("/api/v1/appeals", None, &body).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let kept: Value = serde_json::from_str(&sent.body).unwrap();
    let (number, receipt) = (kept["number"].as_str().unwrap(), kept["receipt"].as_str().unwrap());
    let app = &target.office.app;
    let case = app.store().track(&app.pack(), number, receipt).await.unwrap().unwrap();
    let pass = app.store().write_pass(case, app.now(), 86_400);
    let staff = caller.cookie.split(';').next().unwrap();
    let caller = Caller { cookie: format!("{staff}; pass={pass}"), ..caller };
    let mut shown = Vec::new();
    for route in target.routes() {
        let path = filled(&route.replace("{number}", number).replace("{workflow}", "appeal"), "1");
        let request = caller.ask(&Method::GET, &path).body(Body::empty()).unwrap();
        let answer = target.probe("a hostile case", request).await;
        if answer.body.contains("&#60;script&#62;alert(1)") {
            shown.push(route);
        }
    }
    let expected = ["/cases/{number}", "/desk"];
    assert!(expected.iter().all(|route| shown.contains(route)), "shown on {shown:?}");
}

/// A whole appeal with one thing wrong; the same appeal with nothing wrong is taken.
#[tokio::test]
async fn an_appeal_that_is_wrong_in_one_place_writes_nothing() {
    let target = Target::new().await;
    let send = async |(what, kind, body): bodies::Sent| {
        let request = Request::post("/help").header(header::CONTENT_TYPE, kind);
        target.probe(&what, request.body(Body::from(body)).unwrap()).await
    };
    for (sent, expected) in bodies::wrong_appeals() {
        let what = sent.0.clone();
        let answer = send(sent).await;
        assert_eq!(answer.status.as_u16(), expected, "{what}: {}", answer.body);
        target.unchanged(&what).await;
    }
    for (n, sent) in (1..).zip(bodies::right_appeals()) {
        let what = sent.0.clone();
        let answer = send(sent).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        assert_eq!(target.sound().await, target.entries + n, "{what}");
    }
}

/// The body of a request that says more than it sends, or that never ends.
#[tokio::test]
async fn a_length_that_lies_is_refused() {
    let target = Target::new().await;
    let caller = target.caller().await;
    for path in ["/help", "/login", "/api/v1/appeals", "/open311/v2/requests.json", "/call"] {
        for length in ["99999999999999999999", "-1", "1e9", "53000000000", ""] {
            let request = caller.ask(&Method::POST, path).header(header::CONTENT_LENGTH, length);
            target.probe(length, request.body(Body::from(Bytes::from_static(b"x"))).unwrap()).await;
        }
    }
    target.unchanged("a length").await;
}
