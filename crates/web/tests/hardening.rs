//! What holds for every route, whoever added it: headers, the secret of forms, no way in from other
//! sites. The routes are walked by the table of the program itself, so that none is left out.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "these tests use a part of the office")]
mod office;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header, request::Builder},
};
use office::{Office, Session};
use std::collections::BTreeMap;
use store::db::Stmt;
use web::{Access, Edge, RouteRule};

const TRIAGE: &str = "triage@hotline-9901";
const HANDLER: &str = "handler@wf-990101";
/// Eyes of which some pair sees each page.
const EYES: &[&str] = &[
    TRIAGE,
    "operator@hotline-9901",
    HANDLER,
    "leader@wf-9901",
    "visitor@hotline-9901",
    "system_admin@wf-9901",
    "security_admin@wf-9901",
    "audit_admin@wf-9901",
];

/// What is said about a form without its secret.
const FORGED: &str = "放得太久";

/// Routes whose good answer the walk does not meet, and why that is right.
const NEVER_GOOD: &[(&str, &str)] = &[
    ("/leave", "leads away"),
    ("/look", "leads back"),
    ("/login/code", "nobody in the walk owes a code"),
    ("/login/password", "nobody in the walk owes a password"),
    ("/login/unlock", "nobody in the walk is locked out"),
    ("/api/v1/demo/accounts", "only in a demonstration"),
    ("/open311/v2/tokens/{token}", "nobody in the walk has sent a request"),
    ("/open311/v2/requests/{id}", "nobody in the walk has sent a request"),
];

/// A city with a case that has a file and a paper, and its appellant.
struct Walk {
    office: Office,
    number: String,
    pass: String,
}

impl Walk {
    async fn begin(edge: Edge) -> Self {
        let office = Office::open_at(Vec::new(), 720, edge).await;
        let (number, receipt) = office.call(&[]).await;
        office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
        office.must(HANDLER, &number, "sign", &[]).await;
        let form = [("number", number.as_str()), ("receipt", receipt.as_str())];
        let request = form_to("/track", &form);
        let answer = office.raw(request.body(Body::from(encoded(&form))).unwrap()).await;
        let pass = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let pass = pass.split(';').next().unwrap().to_owned();
        Self { office, number, pass }
    }

    /// The address of a route, its parameters filled in. A parameter that is not known here stops
    /// the walk: whoever adds one says how it is walked.
    fn address(&self, rule: RouteRule) -> String {
        let mut path = rule.path.to_owned();
        for (name, value) in [
            ("{number}", self.number.as_str()),
            ("{action}", "note"),
            ("{workflow}", "appeal"),
            ("{ordinal}", "1"),
            ("{seq}", "1"),
            ("{n}", "0"),
            ("{account}", "1"),
            ("{what}", "roles"),
            ("{unit}", "wf-9901"),
            ("{code}", if path.contains("/units/") { "wf-9901" } else { "appeal" }),
            ("{name}", "xiaohe.css"),
            ("{id}", "1"),
            ("{token}", "1"),
            ("{edition}", "1"),
            ("{export}", "1"),
            ("{right}", "copy"),
            ("{wish}", "check"),
            ("{figure}", "appeals_received"),
            ("{freezing}", "0"),
        ] {
            path = path.replace(name, value);
        }
        assert!(!path.contains('{'), "the walk does not know the parameters of {}", rule.path);
        path
    }

    /// A request by somebody for whom the route is made.
    async fn request(&self, rule: RouteRule, method: &Method, who: &str) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(self.address(rule));
        request = match rule.access {
            Access::Public | Access::Demo => request,
            Access::Appellant => request.header(header::COOKIE, &self.pass),
            Access::Staff | Access::ComingIn => {
                request.header(header::COOKIE, fresh(self, who).await.cookie)
            }
            Access::Token => {
                let account = self.office.hire(TRIAGE).await;
                let stage = store::Stage::Program;
                let now = self.office.app.now();
                let begun = self.office.app.store().begin_session(account, stage, ("", None), now);
                request.header(header::AUTHORIZATION, format!("Bearer {}", begun.await.unwrap()))
            }
        };
        request.body(Body::empty()).unwrap()
    }

    /// The methods of a route, as it says itself when it is asked for one that it does not have.
    async fn methods(&self, rule: RouteRule) -> Vec<Method> {
        let odd = Method::from_bytes(b"TRACE").unwrap();
        let answer = self.office.raw(self.request(rule, &odd, TRIAGE).await).await;
        if rule.access == Access::Demo {
            return vec![Method::GET];
        }
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{}", rule.path);
        check(rule.path, answer.headers(), "");
        let allow = answer.headers()[header::ALLOW].to_str().unwrap().to_owned();
        allow.split(',').map(|m| m.trim().parse().unwrap()).collect()
    }

    fn table(&self) -> Vec<RouteRule> {
        let table = web::route_table(&self.office.app);
        assert!(table.len() > 70, "only {} routes", table.len());
        table
    }

    /// What must not change by a form that is refused.
    async fn state(&self) -> Vec<String> {
        static STATE: Stmt = Stmt::new(
            "SELECT CAST((SELECT COUNT(*) FROM entries) AS TEXT),
               CAST((SELECT COUNT(*) FROM cases) AS TEXT),
               CAST((SELECT COUNT(*) FROM accounts) AS TEXT),
               CAST((SELECT COUNT(*) FROM sessions) AS TEXT),
               CAST((SELECT COALESCE(SUM(seen), 0) FROM sessions) AS TEXT),
               (SELECT group_concat(password) FROM accounts),
               CAST((SELECT COUNT(*) FROM factors) AS TEXT),
               CAST((SELECT COUNT(*) FROM kept_files) AS TEXT),
               CAST((SELECT COUNT(*) FROM recovery) AS TEXT)",
        );
        let mut reader = self.office.app.store().db().read().await.unwrap();
        let row = reader.row(&STATE, &[]).await.unwrap().unwrap();
        (0..9).map(|n| row.text(n).unwrap().to_owned()).collect()
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let one = |(k, v): &(&str, &str)| format!("{}={}", office::encode(k), office::encode(v));
    fields.iter().map(one).collect::<Vec<_>>().join("&")
}

fn form_to(path: &str, _: &[(&str, &str)]) -> Builder {
    Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

/// Checks one answer against everything that holds for all.
fn check(at: &str, headers: &HeaderMap, body: &str) {
    let get = |name: &str| {
        let value = headers.get(name).unwrap_or_else(|| panic!("{at} has no {name}"));
        value.to_str().unwrap().to_owned()
    };
    let policy = get("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{at}: {policy}");
    for loose in ["unsafe", "data:", "blob:", "http", " *"] {
        assert!(!policy.contains(loose), "{at}: {policy}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(get(name), value, "{at}: {name}");
    }
    assert!(get("permissions-policy").contains("camera=()"), "{at}");
    let kept = get("cache-control");
    assert!(kept == "no-store" || at.contains("/static/"), "{at} may be stored: {kept}");
    let kind = headers.get("content-type").map_or("", |v| v.to_str().unwrap());
    let shown = ["text/", "application/json", "application/problem+json", "application/atom+xml"];
    if kind.starts_with("image/svg") {
        assert!(policy.contains("sandbox"), "{at}: {policy}");
    } else if !kind.is_empty() && !shown.iter().any(|s| kind.starts_with(s)) {
        assert!(get("content-disposition").starts_with("attachment"), "{at}: {kind}");
        assert!(policy.contains("sandbox"), "{at}: {policy}");
    }
    if kind.starts_with("text/html") {
        assert_eq!(inline(body), None, "{at}");
    }
}

/// The first piece of script or style that stands in a page itself.
fn inline(body: &str) -> Option<String> {
    let tags = body.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
    let bad = |tag: &&str| {
        let names = tag.split_whitespace().filter_map(|part| part.split_once('='));
        let mut names = names.map(|(name, _)| name.to_ascii_lowercase());
        // A block of schema.org is data, which no browser runs.
        let data = *tag == "script type=\"application/ld+json\"";
        (tag.starts_with("script") && !tag.contains("src=") && !data)
            || tag.starts_with("style")
            || tag.contains("javascript:")
            || names.any(|name| name == "style" || name.starts_with("on"))
    };
    tags.into_iter().find(bad).map(str::to_owned)
}

#[test]
fn what_stands_in_a_page_is_found() {
    for bad in
        ["<script>x</script>", "<p style=\"a:b\">", "<a onclick=\"x\">", "<style>a{}</style>"]
    {
        assert!(inline(bad).is_some(), "{bad}");
    }
    assert_eq!(inline("<script src=\"/static/a.js\" defer></script><p class=\"one\">"), None);
}

#[tokio::test]
async fn every_answer_of_every_route_carries_the_headers() {
    let walk = Walk::begin(Edge::default()).await;
    let mut never = Vec::new();
    for rule in walk.table() {
        let mut good = false;
        for method in walk.methods(rule).await {
            let eyes = if method == Method::GET { EYES } else { &EYES[..1] };
            for who in eyes {
                let request = walk.request(rule, &method, who).await;
                let answer = walk.office.raw(request).await;
                let (status, headers) = (answer.status(), answer.headers().clone());
                assert!(!status.is_server_error(), "{method} {} {status}", rule.path);
                let body = to_bytes(answer.into_body(), 8 << 20).await.unwrap();
                check(
                    &format!("{method} {}", rule.path),
                    &headers,
                    &String::from_utf8_lossy(&body),
                );
                good |= status == StatusCode::OK || method != Method::GET;
                if rule.access != Access::Staff && rule.access != Access::ComingIn {
                    break;
                }
            }
        }
        if !good {
            never.push(rule.path);
        }
    }
    never.retain(|path| !NEVER_GOOD.iter().any(|(known, _)| known == path));
    assert!(never.is_empty(), "only refusals were walked of {never:?}");
    for odd in ["/no/such/page", "/api/no/such", "/cases/%ff", "/open311/v2/nothing.xml"] {
        let answer = walk.office.raw(Request::get(odd).body(Body::empty()).unwrap()).await;
        let headers = answer.headers().clone();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        check(odd, &headers, &String::from_utf8_lossy(&body));
    }
}

#[tokio::test]
async fn no_form_of_staff_is_taken_without_the_secret_of_its_session() {
    let walk = Walk::begin(Edge::default()).await;
    let mut forms = 0;
    for rule in walk.table() {
        if !matches!(rule.access, Access::Staff | Access::ComingIn) {
            continue;
        }
        let methods = walk.methods(rule).await;
        assert!(
            methods.iter().all(|m| [Method::GET, Method::HEAD, Method::POST].contains(m)),
            "{}: forms know GET and POST only",
            rule.path
        );
        if !methods.contains(&Method::POST) {
            continue;
        }
        forms += 1;
        let (mine, other) = (fresh(&walk, TRIAGE).await, fresh(&walk, HANDLER).await);
        let before = walk.state().await;
        let wrong = "w".repeat(mine.csrf.len());
        let secrets: [&[(&str, &str)]; 4] =
            [&[], &[("csrf", "")], &[("csrf", &wrong)], &[("csrf", &other.csrf)]];
        for secret in secrets {
            let fields = [secret, &[("note", "x"), ("do", "register"), ("q", "x")]].concat();
            let page = walk.office.send(Some(&mine), &walk.address(rule), &fields).await;
            let at = format!("{} with {secret:?}", rule.path);
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{at}: {}", page.words());
            assert!(page.has(FORGED), "{at}: {}", page.words());
        }
        // From another site the right secret is not enough either.
        let right = [("csrf", mine.csrf.as_str())];
        let request = form_to(&walk.address(rule), &right)
            .header(header::COOKIE, &mine.cookie)
            .header("sec-fetch-site", "cross-site");
        let sent = walk.office.raw(request.body(Body::from(encoded(&right))).unwrap()).await;
        assert_eq!(sent.status(), StatusCode::FORBIDDEN, "{}", rule.path);
        assert_eq!(walk.state().await, before, "{} wrote something", rule.path);
        // It was the secret that was missing, and nothing else.
        let page = walk.office.send(Some(&mine), &walk.address(rule), &right).await;
        assert!(!page.has(FORGED), "{}: {}", rule.path, page.words());
    }
    assert!(forms > 20, "only {forms} forms were walked");
}

/// A new session of somebody, because some forms end the one they are sent in.
async fn fresh(walk: &Walk, who: &str) -> Session {
    let account = walk.office.hire(who).await;
    let (store, now) = (walk.office.app.store(), walk.office.app.now());
    let token = store.log_in(account, now).await.unwrap();
    let csrf = store.session(&token, now).await.unwrap().unwrap().csrf;
    Session { cookie: format!("staff={token}"), csrf }
}

#[tokio::test]
async fn no_other_site_sends_forms_in_the_name_of_an_appellant_or_logs_anybody_in() {
    let walk = Walk::begin(Edge::default()).await;
    let before = walk.state().await;
    let login = [("username", TRIAGE), ("password", office::PASSWORD)];
    let note = [("text", "x")];
    for (path, cookie, fields) in
        [("/login", "", &login[..]), ("/my/supplement", walk.pass.as_str(), &note[..])]
    {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]
        {
            let request = form_to(path, fields).header(header::COOKIE, cookie).header(name, value);
            let answer = walk.office.raw(request.body(Body::from(encoded(fields))).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {value}");
            assert!(answer.headers().get(header::SET_COOKIE).is_none());
        }
    }
    assert_eq!(walk.state().await, before);
    let request = form_to("/login", &login).header("sec-fetch-site", "same-origin");
    let answer = walk.office.raw(request.body(Body::from(encoded(&login))).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_cookie_opens_nothing_of_the_api() {
    let walk = Walk::begin(Edge::default()).await;
    let session = walk.office.session(TRIAGE).await;
    for rule in walk.table().into_iter().filter(|r| r.access == Access::Token) {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request = Request::builder().method(&method).uri(walk.address(rule));
            let request = request.header(header::COOKIE, &session.cookie);
            let status = walk.office.raw(request.body(Body::empty()).unwrap()).await.status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {}", rule.path);
        }
    }
}

#[tokio::test]
async fn behind_tls_cookies_are_secure_and_browsers_are_told_to_stay() {
    let edge = Edge { address: Some("https://care.example".to_owned()), ..Edge::default() };
    let office = Office::open_at(Vec::new(), 720, edge).await;
    office.hire(TRIAGE).await;
    let login = [("username", TRIAGE), ("password", office::PASSWORD)];
    let request = form_to("/login", &login).body(Body::from(encoded(&login))).unwrap();
    let answer = office.raw(request).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-staff=") && cookie.contains("; Secure"), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let (opening, _) = cookie.split_once(';').unwrap();
    for (sent, to) in [(opening, ""), (opening.strip_prefix("__Host-").unwrap(), "/login")] {
        let request = Request::get("/desk").header(header::COOKIE, sent);
        let shown = office::page(office.raw(request.body(Body::empty()).unwrap()).await).await;
        assert_eq!(shown.to, to, "{sent}");
    }
    let plain = Office::open(Vec::new()).await;
    let answer = plain.raw(Request::get("/").body(Body::empty()).unwrap()).await;
    assert!(answer.headers().get("strict-transport-security").is_none(), "not over plain HTTP");
}

/// A public form from an address, as the proxy tells it.
async fn public(
    office: &Office,
    path: &str,
    from: &str,
    fields: &[(&str, &str)],
) -> (StatusCode, BTreeMap<String, String>, String) {
    let request = form_to(path, fields).header("x-forwarded-for", from);
    let answer = office.raw(request.body(Body::from(encoded(fields))).unwrap()).await;
    let status = answer.status();
    let name = |(k, v): (&header::HeaderName, &header::HeaderValue)| {
        (k.to_string(), v.to_str().unwrap_or_default().to_owned())
    };
    let headers = answer.headers().iter().map(name).collect();
    let body = to_bytes(answer.into_body(), 8 << 20).await.unwrap();
    (status, headers, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_flood_from_one_house_is_slowed_and_keeps_what_was_typed() {
    let office = Office::open(Vec::new()).await;
    let story = [("step", "story"), ("group", "01"), ("category", "0101"), ("summary", "想离婚")];
    let mut slow = None;
    for n in 0..300 {
        let (status, headers, body) = public(&office, "/help", "1.2.3.4", &story).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            slow = Some((n, headers, body));
            break;
        }
    }
    let (n, headers, body) = slow.expect("a flood is slowed");
    assert!(n >= 200, "real people have room: {n}");
    assert_eq!(headers["retry-after"], "1");
    assert!(body.contains("value=\"想离婚\"") && body.contains("秒再试"), "{body}");
    // The neighbour, somebody on this machine, and whoever waits are answered.
    for from in ["1.2.3.5", "9.9.9.9", ""] {
        let (status, ..) = public(&office, "/help", from, &story).await;
        assert_ne!(status, StatusCode::TOO_MANY_REQUESTS, "{from}");
    }
    // Words that call for help at once have room of their own, and show the numbers to call.
    let danger = [&story[..3], &[("summary", "他拿着刀站在门口")]].concat();
    let (status, _, body) = public(&office, "/help", "1.2.3.4", &danger).await;
    assert_ne!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(body.contains("110"), "{body}");
    let mut last = status;
    for _ in 0..210 {
        let (status, _, body) = public(&office, "/help", "1.2.3.4", &danger).await;
        assert!(body.contains("href=\"tel:110\""), "the numbers always show");
        last = status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "even that room has an end");
    office.pass(5);
    let (status, ..) = public(&office, "/help", "1.2.3.4", &story).await;
    assert_ne!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn many_houses_of_one_network_are_slowed_together_at_last() {
    let office = Office::open(Vec::new()).await;
    let look = |n: u32| {
        let from = format!("2001:db8:1:{:x}::1", n % 60_000);
        Request::get("/look?lang=en&to=/").header("x-forwarded-for", from)
    };
    let mut refused = 0;
    for n in 0..2_500 {
        let answer = office.raw(look(n).body(Body::empty()).unwrap()).await;
        refused += u32::from(answer.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 100, "2,400 come at once, and no more while the clock stands");
}

#[tokio::test]
async fn programs_are_told_when_to_come_again() {
    let office = Office::open(Vec::new()).await;
    let ask = |from: &'static str| {
        let request = Request::get("/api/v1/appeals/track?number=26-0000-0000-0&receipt=x");
        request.header("x-forwarded-for", from).body(Body::empty()).unwrap()
    };
    let mut told = None;
    for _ in 0..200 {
        let answer = office.raw(ask("1.2.3.4")).await;
        let named =
            answer.headers().get(header::RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned());
        let page = office::page(answer).await;
        if page.status == StatusCode::TOO_MANY_REQUESTS && page.has("urn:xiaohe:problem:error:slow")
        {
            told = Some((named, page.body));
            break;
        }
    }
    let (named, body) = told.expect("slowed");
    assert_eq!(named.as_deref(), Some("5"), "{body}");
    let mut loopback = 0;
    for _ in 0..200 {
        let page = office::page(office.raw(ask("")).await).await;
        loopback += usize::from(page.has("error:slow"));
    }
    assert_eq!(loopback, 0, "nobody on this machine is slowed");
    let unpaced = Office::open_at(Vec::new(), 720, Edge { unpaced: true, ..Edge::default() }).await;
    for _ in 0..200 {
        let page = office::page(unpaced.raw(ask("1.2.3.4")).await).await;
        assert!(!page.has("error:slow"));
    }
}
