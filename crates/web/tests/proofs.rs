//! Coming in by the city's identity provider and by a passkey, through the pages, with a provider and
//! a device that lie where they are told to.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "these tests use a part of the office")]
mod office;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use office::{Office, PASSWORD, Page, encode};
use proofs::{Address, Config, Passkeys, Provider};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use store::{AccountChange, Binding, Stage};
use testkit::{Authenticator, CLIENT, CLIENT_SECRET, Signed, TestProvider};
use web::Doors;

/// Must have a second factor.
const HANDLER: &str = "handler@wf-990101";
const COLLEAGUE: &str = "reviewer@wf-990101";
const ORIGIN: &str = "https://care.example";
const NAME: &str = "统一身份认证";

/// A city with every door open.
struct City {
    office: Office,
    provider: TestProvider,
}

impl City {
    async fn new() -> Self {
        let (office, provider) =
            (Office::open_idle(Vec::new(), 30).await, TestProvider::start().await);
        let config = Config {
            name: NAME.into(),
            name_en: "City identity".into(),
            issuer: provider.issuer(),
            client_id: CLIENT.into(),
            secret_file: None,
            ca_file: None,
            second_factor_amr: vec!["otp".into()],
            second_factor_acr: Vec::new(),
        };
        let site = Address::parse(ORIGIN).unwrap();
        let way = (&site, web::PROVIDER_WAYS);
        let ready = Provider::new(&config, way, |_| Some(CLIENT_SECRET.into())).unwrap();
        let doors =
            Doors { provider: Some(Arc::new(ready)), passkeys: Passkeys::new(&site, "Care") };
        office.app.open_doors(doors);
        Self { office, provider }
    }

    async fn hire_and_bind(&self, who: &str) -> i64 {
        let id = self.office.hire(who).await;
        let store = self.office.app.store();
        let binding = Binding::of(store.keys(), &self.provider.issuer(), "subject-1");
        let place = (&self.office.app.pack(), self.office.app.now());
        store.administer(place, None, id, AccountChange::Bind(binding)).await.unwrap();
        id
    }

    fn second(&self) -> i64 {
        self.office.app.now().as_second()
    }
}

/// A browser: it keeps its cookies and follows nothing by itself.
struct Browser<'a> {
    city: &'a City,
    cookies: BTreeMap<String, String>,
    csrf: String,
    lang: &'static str,
}

impl<'a> Browser<'a> {
    fn new(city: &'a City) -> Self {
        Self { city, cookies: BTreeMap::new(), csrf: String::new(), lang: "zh-Hans" }
    }

    async fn send(&mut self, request: Request<Body>) -> Page {
        let response = self.city.office.raw(request).await;
        for set in response.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            assert!(set.contains("; HttpOnly; SameSite="), "{set}");
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(to) = response.headers().get(header::LOCATION) {
            assert!(to.to_str().unwrap().starts_with('/'), "nobody is redirected elsewhere");
        }
        let page = office::page(response).await;
        if page.has("name=\"csrf\"") {
            self.csrf = page.value("csrf");
        }
        page
    }

    fn cookie(&self) -> String {
        let all = self.cookies.iter().map(|(name, value)| format!("{name}={value}; "));
        all.collect::<String>() + "lang=" + self.lang
    }

    async fn get(&mut self, path: &str) -> Page {
        let request = Request::get(path).header(header::COOKIE, self.cookie());
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf.clone();
        let all = std::iter::once(("csrf", csrf.as_str())).chain(fields.iter().copied());
        let body: Vec<String> = all.map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, self.cookie());
        self.send(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    async fn log_in(&mut self, who: &str) -> Page {
        self.post("/login", &[("username", who), ("password", PASSWORD)]).await
    }

    /// Sets out for the provider; answers where to.
    async fn set_out(&mut self) -> String {
        let page = self.post("/login/provider", &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.words());
        onward(&page)
    }

    /// Out to the provider, which says this of somebody, and back.
    async fn way(&mut self, changes: &Value) -> Page {
        let url = self.set_out().await;
        let back = self.city.provider.let_in(&url, self.city.second(), changes);
        self.get(&format!("/login/provider/back?{back}")).await
    }

    /// Whether work may be seen, and if not, what is in the way.
    async fn stands_at(&mut self) -> String {
        let desk = self.get("/desk").await;
        if desk.status == StatusCode::OK { "/desk".to_owned() } else { desk.to }
    }
}

fn plain(html: &str) -> String {
    [("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">")]
        .iter()
        .fold(html.to_owned(), |text, (sign, c)| text.replace(sign, c))
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

/// Where a page leads on to by itself.
fn onward(page: &Page) -> String {
    let start = "http-equiv=\"refresh\" content=\"0;url=";
    let at = page.body.find(start).unwrap_or_else(|| panic!("{}", page.words())) + start.len();
    let href = plain(page.body[at..].split('"').next().unwrap());
    assert!(plain(&page.body).contains(&format!("href=\"{href}\"")), "and as a link");
    href
}

/// What the script of a page asks the browser.
fn question(page: &Page) -> String {
    let start = "data-options=\"";
    let at = page.body.find(start).unwrap_or_else(|| panic!("{}", page.words())) + start.len();
    plain(page.body[at..].split('"').next().unwrap())
}

fn refused(page: &Page, words: &str) {
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.words());
    assert!(page.has(words), "{words}: {}", page.words());
    assert!(!page.has("subject-1"));
}

#[tokio::test]
async fn a_bound_identity_comes_in_and_owes_what_the_role_needs() {
    let city = City::new().await;
    city.hire_and_bind(HANDLER).await;
    let mut browser = Browser::new(&city);
    assert!(browser.get("/login").await.has(&format!("用{NAME}登录")));
    let back = browser.way(&json!({})).await;
    assert_eq!(onward(&back), "/login/factor", "the provider alone is no second factor");
    assert_eq!(browser.stands_at().await, "/login/factor");

    let mut trusted = Browser::new(&city);
    let back = trusted.way(&json!({ "amr": ["pwd", "otp"] })).await;
    assert_eq!(onward(&back), "/desk");
    assert_eq!(trusted.stands_at().await, "/desk");
    assert!(!trusted.cookies.contains_key("journey"), "the way is over");

    let mine = trusted.get("/traces/mine").await;
    assert!(mine.has("统一身份认证"), "it is remembered: {}", mine.words());
}

#[tokio::test]
async fn a_second_factor_that_is_set_up_is_owed_after_the_provider() {
    let city = City::new().await;
    let id = city.hire_and_bind(HANDLER).await;
    let mut browser = Browser::new(&city);
    browser.log_in(HANDLER).await;
    let page = browser.get("/login/factor").await;
    let device = Authenticator::new(ORIGIN, "care.example");
    let made = device.make(&question(&page));
    assert_eq!(browser.post("/login/passkey/new", &[("answer", &made)]).await.status, 200);
    for (changes, stage) in [(json!({}), "/login/code"), (json!({ "amr": ["otp"] }), "/desk")] {
        let mut browser = Browser::new(&city);
        assert_eq!(onward(&browser.way(&changes).await), stage);
        assert_eq!(browser.stands_at().await, stage);
    }
    // Somebody who left does not come in.
    let place = (&city.office.app.pack(), city.office.app.now());
    city.office.app.store().administer(place, None, id, AccountChange::Close).await.unwrap();
    refused(&Browser::new(&city).way(&json!({})).await, "还没有绑定");
}

#[tokio::test]
async fn hostile_answers_let_nobody_in() {
    let city = City::new().await;
    city.hire_and_bind(HANDLER).await;
    let now = city.second();
    for (changes, words) in [
        (json!({ "nonce": "a-nonce-of-another-journey" }), "没有通过核对"),
        (json!({ "aud": "another-program" }), "没有通过核对"),
        (json!({ "iss": "https://evil.example" }), "没有通过核对"),
        (json!({ "exp": now - 61 }), "已经过期"),
        (json!({ "auth_time": now - 1_861 }), "太久以前"),
        (json!({ "sub": "subject-2" }), "还没有绑定"),
    ] {
        let mut browser = Browser::new(&city);
        refused(&browser.way(&changes).await, words);
        assert_eq!(browser.stands_at().await, "/login", "{changes}");
    }
    city.provider.sign(Signed::ByAnother);
    refused(&Browser::new(&city).way(&json!({})).await, "没有通过核对");
    city.provider.sign(Signed::Rightly);
    assert_eq!(onward(&Browser::new(&city).way(&json!({})).await), "/login/factor");
}

#[tokio::test]
async fn an_answer_belongs_to_the_browser_that_set_out_and_counts_once() {
    let city = City::new().await;
    city.hire_and_bind(HANDLER).await;
    city.provider.forget_to_forget();
    let mut browser = Browser::new(&city);
    let url = browser.set_out().await;
    let back = city.provider.let_in(&url, city.second(), &json!({}));
    let path = format!("/login/provider/back?{back}");

    let mut stranger = Browser::new(&city);
    refused(&stranger.get(&path).await, "不是从这个浏览器开始");
    stranger.set_out().await;
    refused(&stranger.get(&path).await, "不是从这个浏览器开始");
    assert_eq!(stranger.stands_at().await, "/login");

    let kept = browser.cookies.clone();
    assert_eq!(onward(&browser.get(&path).await), "/login/factor");
    let mut again = Browser::new(&city);
    again.cookies = kept;
    refused(&again.get(&path).await, "已经过期");
    assert_eq!(again.stands_at().await, "/login", "even when the provider takes the code twice");

    let mut slow = Browser::new(&city);
    let url = slow.set_out().await;
    let back = city.provider.let_in(&url, city.second(), &json!({}));
    city.office.pass(601);
    refused(&slow.get(&format!("/login/provider/back?{back}")).await, "已经过期");
}

#[tokio::test]
async fn another_site_sends_nobody_on_their_way() {
    let city = City::new().await;
    for (from, status) in [("cross-site", 403), ("same-origin", 200), ("none", 200)] {
        let request = Request::post("/login/provider").header("sec-fetch-site", from);
        let answer = city.office.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status().as_u16(), status, "{from}");
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_told_plainly() {
    let city = City::new().await;
    for (query, words) in [
        ("error=access_denied", "取消了登录"),
        ("error=server_error&error_description=%3Cscript%3Ex", "没有确认这次登录"),
        ("code=invented", "没有确认这次登录"),
        ("code=", "没有确认这次登录"),
        ("code=x&iss=https://evil.example", "没有确认这次登录"),
    ] {
        let mut browser = Browser::new(&city);
        let url = browser.set_out().await;
        let state = testkit::query(&url)["state"].clone();
        let page = browser.get(&format!("/login/provider/back?state={state}&{query}")).await;
        refused(&page, words);
        assert!(!page.has("<script>x"));
    }
}

#[tokio::test]
async fn an_unknown_identity_makes_no_account() {
    let city = City::new().await;
    city.office.hire(HANDLER).await;
    let before = city.office.app.store().accounts().await.unwrap().len();
    let mut browser = Browser::new(&city);
    refused(&browser.way(&json!({ "email": HANDLER, "name": HANDLER })).await, "还没有绑定");
    assert_eq!(browser.stands_at().await, "/login");
    assert_eq!(city.office.app.store().accounts().await.unwrap().len(), before);
}

/// A browser of somebody who is all the way in.
async fn inside<'a>(city: &'a City, who: &str) -> Browser<'a> {
    let session = city.office.session(who).await;
    let mut browser = Browser::new(city);
    let (name, value) = session.cookie.split_once('=').unwrap();
    browser.cookies.insert(name.into(), value.into());
    browser.get("/me").await;
    browser
}

#[tokio::test]
async fn an_identity_is_bound_by_whoever_knows_the_password() {
    let city = City::new().await;
    let mut browser = inside(&city, HANDLER).await;
    let wrong = browser.post("/me/provider", &[("old", "wrong")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let out = browser.post("/me/provider", &[("old", PASSWORD)]).await;
    let back = city.provider.let_in(&onward(&out), city.second(), &json!({}));
    // The cookie of the session does not come back from another site.
    let staff = browser.cookies.remove("staff").unwrap();
    let done = browser.get(&format!("/login/provider/back?{back}")).await;
    assert_eq!(onward(&done), "/me?done=bound");
    assert!(!browser.cookies.contains_key("staff"), "binding lets nobody in");
    browser.cookies.insert("staff".into(), staff);
    assert!(browser.get("/me?done=bound").await.has("已绑定"));
    assert!(browser.get("/traces/mine").await.has("绑定统一身份认证"));

    let mut second = inside(&city, COLLEAGUE).await;
    let out = second.post("/me/provider", &[("old", PASSWORD)]).await;
    let back = city.provider.let_in(&onward(&out), city.second(), &json!({}));
    refused(&second.get(&format!("/login/provider/back?{back}")).await, "已经绑定了别的账号");

    let wrong = browser.post("/me/provider/unbind", &[("old", "wrong")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = browser.post("/me/provider/unbind", &[("old", PASSWORD)]).await;
    assert_eq!(gone.to, "/me?done=unbound");
    refused(&Browser::new(&city).way(&json!({})).await, "还没有绑定");
}

#[tokio::test]
async fn a_session_that_ended_on_the_way_binds_nothing() {
    let city = City::new().await;
    let store = city.office.app.store();
    for (who, idle) in [(HANDLER, true), (COLLEAGUE, false)] {
        let mut browser = inside(&city, who).await;
        let out = browser.post("/me/provider", &[("old", PASSWORD)]).await;
        let token = browser.cookies["staff"].clone();
        if idle {
            store.seen(&token, None).await.unwrap();
        } else {
            store.log_out(&token).await.unwrap();
        }
        let back = city.provider.let_in(&onward(&out), city.second(), &json!({}));
        refused(&browser.get(&format!("/login/provider/back?{back}")).await, "请重新开始");
        let id = store.account(who).await.unwrap().unwrap().id;
        assert!(!store.is_bound(id, &city.provider.issuer()).await.unwrap(), "{who}");
    }
}

/// Whoever came by the provider is still in there: on a shared machine the next person would be in
/// here again by one click.
#[tokio::test]
async fn who_logs_out_is_shown_the_way_out_of_the_provider() {
    let city = City::new().await;
    city.hire_and_bind(HANDLER).await;
    let mut browser = Browser::new(&city);
    browser.way(&json!({ "amr": ["otp"] })).await;
    browser.get("/me").await;
    let left = browser.post("/logout", &[]).await;
    assert_eq!(left.status, StatusCode::OK, "{}", left.words());
    assert!(left.has("您已退出本站") && left.has(NAME), "{}", left.words());
    let body = plain(&left.body);
    let url = body.split("href=\"").find(|part| part.contains("/session/end?")).expect("a way out");
    let url = url.split('"').next().unwrap();
    assert!(url.starts_with(&city.provider.issuer()), "{url}");
    assert!(url.contains("post_logout_redirect_uri") && url.contains("%2Flogin"), "{url}");
    assert!(left.has("href=\"/login\"") && !left.has("http-equiv=\"refresh\""), "nobody is sent");
    assert_eq!(browser.stands_at().await, "/login", "here it is over already");
    // Whoever has nothing there, and a provider that is away, keep nobody waiting.
    let mut other = Browser::new(&city);
    city.office.hire("operator@hotline-9901").await;
    other.log_in("operator@hotline-9901").await;
    other.get("/me").await;
    assert_eq!(other.post("/logout", &[]).await.to, "/login");
    browser.way(&json!({ "amr": ["otp"] })).await;
    // Longer than what the provider said of itself is believed.
    city.office.pass(601);
    city.provider.set_away(true);
    browser.get("/me").await;
    assert_eq!(browser.post("/logout", &[]).await.to, "/login");
}

#[tokio::test]
async fn while_the_provider_is_away_the_password_works() {
    let city = City::new().await;
    city.office.hire(HANDLER).await;
    city.provider.set_away(true);
    let mut browser = Browser::new(&city);
    let away = browser.post("/login/provider", &[]).await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.has("现在没有回应。请用口令登录"), "{}", away.words());
    assert!(away.has("name=\"password\""));
    assert_eq!(browser.log_in(HANDLER).await.to, "/login/factor");
}

#[tokio::test]
async fn setting_out_again_and_again_must_wait() {
    let city = City::new().await;
    city.hire_and_bind(HANDLER).await;
    let mut browser = Browser::new(&city);
    for _ in 0..59 {
        browser.set_out().await;
    }
    browser.way(&json!({})).await;
    for _ in 0..60 {
        browser.set_out().await;
    }
    let page = browser.post("/login/provider", &[]).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(browser.log_in(HANDLER).await.to, "/login/factor", "passwords wait apart");
}

#[tokio::test]
async fn a_passkey_is_set_up_and_shown_instead_of_a_code() {
    let city = City::new().await;
    city.office.hire(HANDLER).await;
    let mut device = Authenticator::new(ORIGIN, "care.example");
    let mut browser = Browser::new(&city);
    browser.log_in(HANDLER).await;
    let page = browser.get("/login/factor").await;
    assert!(page.has("通行密钥须在支持它的浏览器中打开 JavaScript"));
    let answer = device.make(&question(&page));
    let fields = [("answer", answer.as_str()), ("name", "单位\u{7}电脑")];
    let done = browser.post("/login/passkey/new", &fields).await;
    assert_eq!(done.body.matches("<li><span>").count(), 8, "{}", done.words());
    assert_eq!(browser.stands_at().await, "/desk");
    let me = browser.get("/me").await;
    assert!(me.has("单位电脑"), "{}", me.words());
    let repeated = browser.post("/login/passkey/new", &fields).await;
    refused(&repeated, "没有通过核对");

    let mut again = Browser::new(&city);
    assert_eq!(again.log_in(HANDLER).await.to, "/login/code");
    let page = again.get("/login/code").await;
    let answer = device.show(&question(&page));
    let shown = again.post("/login/passkey", &[("answer", &answer)]).await;
    assert_eq!(shown.to, "/desk", "{}", shown.words());
    assert_eq!(again.stands_at().await, "/desk");
    assert!(again.get("/traces/mine").await.has("通行密钥"));

    // A recovery code works without an authenticator program.
    let code = done.body.split("<li><span>").nth(1).unwrap().split('<').next().unwrap();
    let mut lost = Browser::new(&city);
    lost.log_in(HANDLER).await;
    lost.get("/login/code").await;
    assert_eq!(lost.post("/login/code", &[("code", code)]).await.to, "/desk");
}

#[tokio::test]
async fn a_passkey_answers_one_question_of_one_session_once() {
    let city = City::new().await;
    city.office.hire(HANDLER).await;
    let mut device = Authenticator::new(ORIGIN, "care.example");
    let mut browser = Browser::new(&city);
    browser.log_in(HANDLER).await;
    let page = browser.get("/login/factor").await;
    browser.post("/login/passkey/new", &[("answer", &device.make(&question(&page)))]).await;

    let (mut one, mut other) = (Browser::new(&city), Browser::new(&city));
    one.log_in(HANDLER).await;
    other.log_in(HANDLER).await;
    let stolen = device.show(&question(&one.get("/login/code").await));
    other.get("/login/code").await;
    refused(&other.post("/login/passkey", &[("answer", &stolen)]).await, "没有通过核对");
    assert_eq!(one.post("/login/passkey", &[("answer", &stolen)]).await.to, "/desk");

    // The same answer, for a session at the same point.
    let mut replay = Browser::new(&city);
    replay.log_in(HANDLER).await;
    replay.get("/login/code").await;
    refused(&replay.post("/login/passkey", &[("answer", &stolen)]).await, "没有通过核对");
    assert_eq!(replay.stands_at().await, "/login/code");

    // Too late, from elsewhere, and a copy that counts behind.
    let late = device.show(&question(&replay.get("/login/code").await));
    city.office.pass(301);
    refused(&replay.post("/login/passkey", &[("answer", &late)]).await, "没有通过核对");
    city.office.pass(1_000);
    device.origin = "https://care.example.evil".into();
    let phished = device.show(&question(&replay.get("/login/code").await));
    refused(&replay.post("/login/passkey", &[("answer", &phished)]).await, "没有通过核对");
    device.origin = ORIGIN.into();
    device.counter = 0;
    let copied = device.show(&question(&replay.get("/login/code").await));
    refused(&replay.post("/login/passkey", &[("answer", &copied)]).await, "没有通过核对");
    assert_eq!(replay.stands_at().await, "/login/code");
    device.counter = 50;
    let right = device.show(&question(&replay.get("/login/code").await));
    assert_eq!(replay.post("/login/passkey", &[("answer", &right)]).await.to, "/desk");
}

/// A locked page opens to the passkey of its own account, asked of its own session, and to nothing
/// that was answered elsewhere.
#[tokio::test]
async fn a_passkey_opens_a_locked_page() {
    let city = City::new().await;
    city.office.hire(HANDLER).await;
    let mut device = Authenticator::new(ORIGIN, "care.example");
    let mut browser = Browser::new(&city);
    browser.log_in(HANDLER).await;
    let page = browser.get("/login/factor").await;
    browser.post("/login/passkey/new", &[("answer", &device.make(&question(&page)))]).await;
    browser.get("/me").await;
    // Nobody who is all the way in is asked for one here.
    assert_eq!(browser.post("/login/passkey", &[("answer", "{}")]).await.to, "/desk");
    browser.get("/me").await;
    assert_eq!(browser.post("/me/lock", &[]).await.to, "/login/unlock?next=/desk");

    let mut other = Browser::new(&city);
    other.log_in(HANDLER).await;
    let stolen = device.show(&question(&other.get("/login/code").await));
    let unlock = "/login/unlock?next=/visits%3Fafter%3D1.2";
    browser.get(unlock).await;
    let refusal = browser.post("/login/passkey", &[("answer", &stolen)]).await;
    refused(&refusal, "没有通过核对");
    assert!(refusal.has("页面已锁定"), "{}", refusal.words());
    assert!(browser.get("/desk").await.to.starts_with("/login/unlock"));

    let page = browser.get(unlock).await;
    assert_eq!(page.value("next"), "/visits?after=1.2");
    let answer = device.show(&question(&page));
    let fields = [("answer", answer.as_str()), ("next", "/visits?after=1.2")];
    assert_eq!(browser.post("/login/passkey", &fields).await.to, "/visits?after=1.2");
    assert_eq!(browser.stands_at().await, "/desk");
    // An answer opens once, and leads nowhere else.
    browser.get("/me").await;
    browser.post("/me/lock", &[]).await;
    browser.get(unlock).await;
    refused(&browser.post("/login/passkey", &fields).await, "没有通过核对");
    let answer = device.show(&question(&browser.get(unlock).await));
    let fields = [("answer", answer.as_str()), ("next", "//evil.example")];
    assert_eq!(browser.post("/login/passkey", &fields).await.to, "/desk");
    assert!(browser.get("/traces/mine").await.has("解锁"));
}

#[tokio::test]
async fn wrong_passkeys_must_wait_like_wrong_codes() {
    let city = City::new().await;
    city.office.hire(HANDLER).await;
    let mut browser = Browser::new(&city);
    browser.log_in(HANDLER).await;
    let page = browser.get("/login/factor").await;
    let device = Authenticator::new(ORIGIN, "care.example");
    browser.post("/login/passkey/new", &[("answer", &device.make(&question(&page)))]).await;
    let mut guessing = Browser::new(&city);
    guessing.log_in(HANDLER).await;
    guessing.get("/login/code").await;
    for _ in 0..5 {
        refused(&guessing.post("/login/passkey", &[("answer", "{}")]).await, "没有通过核对");
    }
    let waits = guessing.post("/login/passkey", &[("answer", "{}")]).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_last_second_factor_of_a_role_that_needs_one_stays() {
    let city = City::new().await;
    let mut browser = inside(&city, HANDLER).await;
    let wrong = browser.post("/me/passkeys", &[("old", "wrong")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for n in 0..2 {
        let page = browser.post("/me/passkeys", &[("old", PASSWORD)]).await;
        let device = Authenticator::new(ORIGIN, "care.example");
        let answer = device.make(&question(&page));
        let done = browser.post("/login/passkey/new", &[("answer", &answer)]).await;
        if n == 0 {
            assert_eq!(done.body.matches("<li><span>").count(), 8);
        } else {
            assert_eq!(done.to, "/me?done=passkey", "recovery codes are given once");
        }
    }
    let handle = browser.get("/me").await.value("handle");
    let wrong = browser.post("/me/passkeys/remove", &[("old", "wrong"), ("handle", &handle)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("old", PASSWORD), ("handle", handle.as_str())];
    assert_eq!(browser.post("/me/passkeys/remove", &fields).await.to, "/me?done=no_passkey");
    refused(&browser.post("/me/passkeys/remove", &fields).await, "已经不在了");
    let handle = browser.get("/me").await.value("handle");
    let fields = [("old", PASSWORD), ("handle", handle.as_str())];
    refused(&browser.post("/me/passkeys/remove", &fields).await, "这是最后一种第二重验证");

    // Forgetting the second factor is the security administrator's business, and takes all of it.
    let store = city.office.app.store();
    let id = store.account(HANDLER).await.unwrap().unwrap().id;
    let place = (&city.office.app.pack(), city.office.app.now());
    store.administer(place, None, id, AccountChange::ForgetFactor).await.unwrap();
    assert_eq!(store.factor(id).await.unwrap(), store::Factor::default());
}

#[tokio::test]
async fn a_session_on_the_way_in_adds_no_passkey() {
    let city = City::new().await;
    let id = city.office.hire(HANDLER).await;
    let mut browser = Browser::new(&city);
    browser.log_in(HANDLER).await;
    let page = browser.get("/login/factor").await;
    let device = Authenticator::new(ORIGIN, "care.example");
    browser.post("/login/passkey/new", &[("answer", &device.make(&question(&page)))]).await;

    // Whoever owes the second factor cannot make a new one instead.
    let mut thief = Browser::new(&city);
    assert_eq!(thief.log_in(HANDLER).await.to, "/login/code");
    thief.get("/login/code").await;
    let own = Authenticator::new(ORIGIN, "care.example");
    let answer = own.make(&question(&page));
    assert_eq!(thief.post("/login/passkey/new", &[("answer", &answer)]).await.to, "/login/code");
    assert_eq!(thief.post("/me/passkeys", &[("old", PASSWORD)]).await.to, "/login/code");
    // Nor without the secret of the form.
    let token = city.office.app.store();
    let session = token.begin_session(id, Stage::SetUp, ("", None), city.office.app.now()).await;
    thief.cookies.insert("staff".into(), session.unwrap());
    let forged = thief.post("/login/passkey/new", &[("answer", &answer)]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(token.passkeys(id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_doors_there_is_nothing_to_open() {
    let office = Office::open(Vec::new()).await;
    for path in ["/login/provider", "/me/provider", "/me/provider/unbind", "/me/passkeys"] {
        let page = office.post(HANDLER, path, &[("old", PASSWORD)]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let login = office.get(HANDLER, "/login").await;
    assert!(!login.has("/login/provider"));
    assert!(!office.get(HANDLER, "/me").await.has("通行密钥"));
}

/// The pages that only these doors show, in English.
#[tokio::test]
async fn every_page_is_english_in_english() {
    let city = City::new().await;
    city.hire_and_bind(HANDLER).await;
    let mut seen = Vec::new();
    let mut browser = Browser::new(&city);
    browser.lang = "en";
    seen.push(browser.get("/login").await);
    seen.push(browser.post("/login/provider", &[]).await);
    seen.push(browser.way(&json!({ "sub": "subject-2" })).await);
    seen.push(browser.way(&json!({ "nonce": "x" })).await);
    seen.push(browser.way(&json!({})).await);
    let factor = browser.get("/login/factor").await;
    let device = Authenticator::new(ORIGIN, "care.example");
    let answer = device.make(&question(&factor));
    seen.push(browser.post("/login/passkey/new", &[("answer", "{}")]).await);
    seen.push(factor);
    let page = browser.get("/login/factor").await;
    let answer_two = device.make(&question(&page));
    assert_ne!(answer, answer_two);
    seen.push(browser.post("/login/passkey/new", &[("answer", &answer_two)]).await);
    seen.push(browser.get("/me").await);
    seen.push(browser.post("/me/passkeys", &[("old", PASSWORD)]).await);
    seen.push(browser.post("/me/passkeys/remove", &[("old", PASSWORD)]).await);
    let mut code = Browser::new(&city);
    code.lang = "en";
    code.log_in(HANDLER).await;
    seen.push(code.get("/login/code").await);
    seen.push(code.post("/login/passkey", &[("answer", "{}")]).await);
    for page in seen {
        let main = page.body.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
        // The name of the account, and of its place, which has no other.
        let main = main.replace('某', "").replace("东区", "");
        let han = main.chars().position(|c| ('\u{2e80}'..='\u{9fff}').contains(&c));
        assert_eq!(han, None, "{}", page.words());
    }
}
