//! The way in, one's own account, and the administration of others, through their pages.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "the staff tests share it")]
mod office;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use office::{Office, PASSWORD, Page, Session, encode};
use store::Stage;
use vault::totp;
use web::DemoAccount;

const TRIAGE: &str = "triage@hotline-9901";
const HANDLER: &str = "handler@wf-990101";
const COLLEAGUE: &str = "reviewer@wf-990101";
const SYSTEM: &str = "system_admin@wf-9901";
const SECURITY: &str = "security_admin@wf-9901";
const AUDITOR: &str = "audit_admin@wf-9901";

/// A browser: it keeps its cookie and follows nothing by itself.
struct Browser<'a> {
    office: &'a Office,
    session: Session,
}

impl<'a> Browser<'a> {
    fn new(office: &'a Office) -> Self {
        Self { office, session: Session { cookie: String::new(), csrf: String::new() } }
    }

    async fn send(&mut self, request: Request<Body>) -> Page {
        let response = self.office.raw(request).await;
        if let Some(set) = response.headers().get(header::SET_COOKIE) {
            let cookie = set.to_str().unwrap().split(';').next().unwrap();
            cookie.clone_into(&mut self.session.cookie);
        }
        office::page(response).await
    }

    async fn get(&mut self, path: &str) -> Page {
        let request = Request::get(path).header(header::COOKIE, &self.session.cookie);
        let page = self.send(request.body(Body::empty()).unwrap()).await;
        if page.has("name=\"csrf\"") {
            self.session.csrf = page.value("csrf");
        }
        page
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = ("csrf", self.session.csrf.clone());
        let all = std::iter::once((csrf.0, csrf.1.as_str())).chain(fields.iter().copied());
        let body: Vec<String> = all.map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &self.session.cookie)
            .header(header::REFERER, "http://city.example/cases/26-0000-0001-2?done=take")
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux) Firefox/130.0");
        self.send(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    async fn log_in(&mut self, who: &str, password: &str) -> Page {
        self.post("/login", &[("username", who), ("password", password)]).await
    }

    /// The six digits that an authenticator shows for the secret on the page.
    fn code(&self, page: &Page, later: i64) -> String {
        let text = page.body.split("<p class=\"secret\">").nth(1).unwrap();
        let text = text.split("</p>").next().unwrap();
        let secret: String =
            text.split("<span>").skip(1).map(|s| s.split('<').next().unwrap()).collect();
        self.digits(&unbase32(&secret), later)
    }

    fn digits(&self, secret: &[u8], later: i64) -> String {
        let step = self.office.app.now().as_second() / totp::STEP_SECONDS;
        format!("{:06}", totp::code(secret, step + later))
    }
}

fn unbase32(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.chars() {
        let digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
        bits = (bits << 5) | u32::try_from(digit).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    bytes
}

async fn office() -> Office {
    Office::open(Vec::new()).await
}

#[tokio::test]
async fn a_role_that_needs_a_second_factor_sets_it_up_before_anything_is_shown() {
    let office = office().await;
    office.hire(HANDLER).await;
    let mut browser = Browser::new(&office);
    assert_eq!(browser.log_in(HANDLER, PASSWORD).await.to, "/login/factor");
    for path in ["/desk", "/search", "/me", "/traces/mine"] {
        assert_eq!(browser.get(path).await.to, "/login/factor", "{path}");
    }
    let page = browser.get("/login/factor").await;
    assert!(page.has("<svg class=\"qr\"") && page.has("设置第二重验证"), "{}", page.words());
    let before = browser.session.cookie.clone();
    let wrong = browser.post("/login/factor", &[("code", "12345")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let code = browser.code(&page, 0);
    let done = browser.post("/login/factor", &[("code", &code)]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert_eq!(done.body.matches("<li><span>").count(), 8, "recovery codes");
    assert_ne!(browser.session.cookie, before, "a new token after each proof");
    assert_eq!(browser.get("/desk").await.status, StatusCode::OK);
    browser.session.cookie = before;
    assert_eq!(browser.get("/desk").await.to, "/login", "the old one is worth nothing");

    let mut again = Browser::new(&office);
    assert_eq!(again.log_in(HANDLER, PASSWORD).await.to, "/login/code");
    assert_eq!(again.get("/desk").await.to, "/login/code");
    assert_eq!(again.get("/login/factor").await.to, "/login/code", "no way around it");
    again.get("/login/code").await;
    let used = again.post("/login/code", &[("code", &code)]).await;
    assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY, "a code is taken once");
    let next = again.code(&page, 1);
    assert_eq!(again.post("/login/code", &[("code", &next)]).await.to, "/desk");
    assert_eq!(again.get("/desk").await.status, StatusCode::OK);

    let recovery = done.body.split("<li><span>").nth(1).unwrap().split('<').next().unwrap();
    let mut lost = Browser::new(&office);
    lost.log_in(HANDLER, PASSWORD).await;
    lost.get("/login/code").await;
    assert_eq!(lost.post("/login/code", &[("code", recovery)]).await.to, "/desk");
    let mine = lost.get("/traces/mine").await;
    assert!(mine.has("恢复码") && mine.has("动态口令") && mine.has("登录失败"), "{}", mine.words());
    assert!(lost.get("/me").await.has("剩余恢复码 7 个"));
}

#[tokio::test]
async fn guessing_codes_must_wait() {
    let office = office().await;
    let account = office.hire(HANDLER).await;
    let store = office.app.store();
    let secret = store.begin_factor(account).await.unwrap().unwrap();
    let mut browser = Browser::new(&office);
    let code = browser.digits(&secret, 0);
    let record =
        store::Record::about(account, domain::case::By::System, domain::audit::Deed::Unlocked);
    let now = office.app.now();
    store.confirm_factor(account, &code, now, record).await.unwrap().unwrap();
    browser.log_in(HANDLER, PASSWORD).await;
    browser.get("/login/code").await;
    for _ in 0..5 {
        let wrong = browser.post("/login/code", &[("code", "000000")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let right = browser.digits(&secret, 1);
    let waits = browser.post("/login/code", &[("code", &right)]).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
    office.pass(61);
    let right = browser.digits(&secret, 0);
    assert_eq!(browser.post("/login/code", &[("code", &right)]).await.to, "/desk");
}

#[tokio::test]
async fn only_a_demonstration_waives_the_second_factor() {
    let demo = DemoAccount {
        username: HANDLER.to_owned(),
        password: PASSWORD.to_owned(),
        role: "handler".to_owned(),
        unit: "wf-990101".to_owned(),
    };
    for (accounts, expected) in [(vec![demo], "/desk"), (Vec::new(), "/login/factor")] {
        let office = Office::open(accounts).await;
        office.hire(HANDLER).await;
        let mut browser = Browser::new(&office);
        assert_eq!(browser.log_in(HANDLER, PASSWORD).await.to, expected);
    }
}

#[tokio::test]
async fn an_idle_page_is_locked_and_goes_on_where_one_was() {
    let office = Office::open_idle(Vec::new(), 15).await;
    office.hire(TRIAGE).await;
    let mut browser = Browser::new(&office);
    assert_eq!(browser.log_in(TRIAGE, PASSWORD).await.to, "/desk");
    office.pass(14 * 60);
    assert_eq!(browser.get("/desk").await.status, StatusCode::OK);
    office.pass(14 * 60);
    assert_eq!(browser.get("/desk").await.status, StatusCode::OK, "a sign of life counts");
    office.pass(15 * 60 + 1);
    let to = browser.get("/visits?after=1.2").await.to;
    assert_eq!(to, "/login/unlock?next=/visits%3Fafter%3D1.2");
    let sent = browser.post("/search", &[("q", "x")]).await.to;
    assert_eq!(sent, "/login/unlock?next=/cases/26-0000-0001-2%3Fdone%3Dtake");
    let page = browser.get(&to).await;
    assert!(page.has("页面已锁定") && page.value("next") == "/visits?after=1.2");
    assert!(!page.has("href=\"/desk\""), "nothing of the desk is shown");
    let wrong = browser.post("/login/unlock", &[("password", "wrong"), ("next", "/visits")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(browser.get("/desk").await.to.starts_with("/login/unlock"));
    let away = ("next", "//evil.example");
    let back = browser.post("/login/unlock", &[("password", PASSWORD), away]).await;
    assert_eq!(back.to, "/desk");
    assert_eq!(browser.get("/desk").await.status, StatusCode::OK);
    browser.get("/me").await;
    assert_eq!(browser.post("/me/lock", &[]).await.to, "/login/unlock?next=/desk");
    assert!(browser.get("/desk").await.to.starts_with("/login/unlock"));
}

#[tokio::test]
async fn ones_own_password_and_devices() {
    let office = office().await;
    office.hire(TRIAGE).await;
    let (mut here, mut there) = (Browser::new(&office), Browser::new(&office));
    here.log_in(TRIAGE, PASSWORD).await;
    there.log_in(TRIAGE, PASSWORD).await;
    let me = here.get("/me").await;
    assert_eq!(me.body.matches("Firefox · Linux").count(), 2, "{}", me.words());
    let handle = me.value("handle");
    assert_eq!(here.post("/me/devices", &[("handle", &handle)]).await.to, "/me?done=devices");
    assert_eq!(there.get("/desk").await.to, "/login");
    there.log_in(TRIAGE, PASSWORD).await;
    for (old, new, again, why) in [
        ("wrong", "一句自己记得住的话啊", "一句自己记得住的话啊", "口令不对"),
        (PASSWORD, "short", "short", "至少 10 个字"),
        (PASSWORD, "一句自己记得住的话啊", "另一句", "两遍不一样"),
        (PASSWORD, "triage-of-2026", "triage-of-2026", "不能有姓名"),
        (PASSWORD, "1234567890", "1234567890", "太常见"),
        (PASSWORD, PASSWORD, PASSWORD, "与原来的相同"),
    ] {
        let fields = [("old", old), ("new", new), ("again", again)];
        let refused = here.post("/me/password", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
        assert!(refused.has(why), "{why}: {}", refused.words());
    }
    let new = "一句自己记得住的话啊";
    let fields = [("old", PASSWORD), ("new", new), ("again", new)];
    assert_eq!(here.post("/me/password", &fields).await.to, "/me?done=password");
    assert_eq!(here.get("/desk").await.status, StatusCode::OK);
    assert_eq!(there.get("/desk").await.to, "/login", "the others are out");
    assert_eq!(there.log_in(TRIAGE, new).await.to, "/desk");
}

#[tokio::test]
async fn an_account_is_made_given_roles_and_closed_by_different_hands() {
    let office = office().await;
    let new = [("username", "li.fang"), ("name", "李芳"), ("unit", "wf-990101")];
    for who in [SECURITY, AUDITOR, TRIAGE] {
        let made = office.post(who, "/people/new", &new).await;
        assert!(made.status.is_client_error(), "{who}: {}", made.status);
        assert!(!made.has("class=\"secret\""), "{who}");
    }
    let made = office.post(SYSTEM, "/people/new", &new).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.words());
    let secrets: Vec<&str> = made.body.split("<dd class=\"secret\"><span>").skip(1).collect();
    let first = secrets[1].split('<').next().unwrap();
    let id = office.app.store().account("li.fang").await.unwrap().unwrap().id;
    let path = format!("/people/{id}");
    assert!(made.has(&path));
    let twice = office.post(SYSTEM, "/people/new", &new).await;
    assert!(twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.has("登录名已有人用"));
    let listed = office.post(SYSTEM, "/people", &[("q", "李芳")]).await;
    assert!(listed.has(&path) && listed.has("尚未授予角色"), "{}", listed.words());

    let mut li = Browser::new(&office);
    assert_eq!(li.log_in("li.fang", first).await.to, "/login/password");
    assert_eq!(li.get("/desk").await.to, "/login/password");
    li.get("/login/password").await;
    let own = "荷花池边有一只白鹭飞";
    assert_eq!(li.post("/login/password", &[("new", own), ("again", own)]).await.to, "/desk");
    assert_eq!(li.get("/desk").await.to, "/login/pledge");
    let version = li.get("/login/pledge").await.value("version");
    let pledge = [("agree", "yes"), ("version", version.as_str())];
    assert_eq!(li.post("/login/pledge", &pledge).await.to, "/desk");
    assert_eq!(li.get("/desk").await.status, StatusCode::OK);

    let roles = format!("{path}/roles");
    assert_eq!(office.post(SYSTEM, &roles, &[("role", "handler")]).await.status, 403);
    let both = [("role", "handler"), ("role", "reviewer")];
    assert_eq!(office.post(SECURITY, &roles, &both).await.to, format!("{path}?done=1"));
    assert_eq!(li.get("/desk").await.to, "/login", "roles take effect at the next log-in");
    assert_eq!(li.log_in("li.fang", own).await.to, "/login/factor", "and need a factor now");
    assert_eq!(office.post(SECURITY, &roles, &[("role", "operator")]).await.status, 422);
    for (who, what) in
        [(SECURITY, "close"), (SECURITY, "password"), (SYSTEM, "factor"), (SYSTEM, "sessions")]
    {
        assert_eq!(office.post(who, &format!("{path}/{what}"), &[]).await.status, 403, "{what}");
    }
    assert_eq!(office.post(SECURITY, &format!("{path}/sessions"), &[]).await.status, 303);
    assert_eq!(li.get("/login/factor").await.to, "/login");
    let reset = office.post(SYSTEM, &format!("{path}/password"), &[]).await;
    assert!(reset.has("初始口令") && !reset.has(first));
    assert_eq!(office.post(SYSTEM, &format!("{path}/close"), &[]).await.to, "/people");
    assert_eq!(office.get(SYSTEM, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(li.log_in("li.fang", own).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let all = office.get(AUDITOR, "/traces").await;
    for words in ["新建账号", "授予角色 办理人", "重置口令", "停用账号"] {
        assert!(all.has(words), "{words}: {}", all.words());
    }
}

#[tokio::test]
async fn administrators_see_people_and_no_case() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let id = office.hire(TRIAGE).await;
    for who in [SYSTEM, SECURITY, AUDITOR] {
        for path in [format!("/cases/{number}"), format!("/cases/{number}/readers")] {
            assert_eq!(office.get(who, &path).await.status, StatusCode::NOT_FOUND, "{who} {path}");
        }
        assert!(!office.get(who, "/desk").await.has(&number), "{who}");
        assert!(!office.post(who, "/search", &[("q", &number)]).await.has("/cases/"), "{who}");
    }
    for (who, status) in [(SYSTEM, 200), (SECURITY, 200), (AUDITOR, 404), (TRIAGE, 404)] {
        for path in ["/people".to_owned(), format!("/people/{id}")] {
            assert_eq!(office.get(who, &path).await.status, status, "{who} {path}");
        }
    }
    let own = office.hire(SYSTEM).await;
    let close = office.post(SYSTEM, &format!("/people/{own}/close"), &[]).await;
    assert_eq!(close.status, StatusCode::FORBIDDEN);
    let audit = office.hire(AUDITOR).await;
    let last = office.post(SYSTEM, &format!("/people/{audit}/close"), &[]).await;
    assert!(last.status == StatusCode::CONFLICT && last.has("最后一位"), "{}", last.words());
}

#[tokio::test]
async fn a_deputy_acts_with_the_roles_of_the_absent() {
    let office = office().await;
    let (one, two) = (office.hire(HANDLER).await, office.hire(COLLEAGUE).await);
    let roles = async |who: i64| {
        let token = office.app.store().log_in(who, office.app.now()).await.unwrap();
        let request = Request::get("/me").header(header::COOKIE, format!("staff={token}"));
        office::page(office.raw(request.body(Body::empty()).unwrap()).await).await
    };
    assert!(!roles(two).await.has("代handler某"));
    let deputy = two.to_string();
    let away = |since, until| [("deputy", deputy.as_str()), ("since", since), ("until", until)];
    let bad = office.post(HANDLER, "/me/absence", &away("2026-01-07", "2026-01-06")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let noted = office.post(HANDLER, "/me/absence", &away("2026-01-05", "2026-01-06")).await;
    assert_eq!(noted.to, "/me?done=absence");
    let mine = office.get(HANDLER, "/me").await;
    assert!(mine.has("由reviewer某代理"), "{}", mine.words());
    assert!(roles(two).await.has("代handler某"), "the page says for whom");
    let new = office.get(COLLEAGUE, "/me").await;
    assert!(new.has("审核人"), "{}", new.words());
    office.pass(2 * 86_400);
    assert!(!roles(two).await.has("代handler某"), "it ends by itself");
    assert_ne!(one, two);
}

#[tokio::test]
async fn whoever_leaves_hands_over_without_the_administrator_learning_a_number() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(HANDLER, &number, "sign", &[]).await;
    let id = office.hire(HANDLER).await;
    let colleague = store::NewAccount {
        username: "second".to_owned(),
        password: String::new(),
        name: "接手某".to_owned(),
        unit: "wf-990101".to_owned(),
        roles: vec!["handler".to_owned()],
    };
    let to = office.app.store().create_account(colleague).await.unwrap();
    let path = format!("/people/{id}");
    let page = office.get(SYSTEM, &path).await;
    assert!(page.has("办理中") && page.has("1 件") && page.has("接手某"), "{}", page.words());
    assert!(!page.has(&number) && !page.has("停用后不能登录"), "{}", page.words());
    let early = office.post(SYSTEM, &format!("{path}/close"), &[]).await;
    assert!(early.status == 409 && early.has("1 件未办结"), "{}", early.words());
    let hand = format!("{path}/hand");
    let reviewer = office.hire(COLLEAGUE).await.to_string();
    for to in [reviewer.as_str(), "x"] {
        let unfit = office.post(SYSTEM, &hand, &[("state", "appeal:handling"), ("to", to)]).await;
        assert!(unfit.status == 422 && unfit.has("不能接手"), "{}", unfit.words());
    }
    let to = to.to_string();
    let given = [("state", "appeal:handling"), ("to", to.as_str())];
    assert!(office.post(SECURITY, &hand, &given).await.status == 403);
    assert_eq!(office.post(SYSTEM, &hand, &given).await.status, StatusCode::SEE_OTHER);
    assert_eq!(office.post(SYSTEM, &format!("{path}/close"), &[]).await.to, "/people");
    let shown = office.get("leader@wf-990101", &format!("/cases/{number}")).await;
    assert!(shown.has("接手某"), "the case says whose it is: {}", shown.words());
    let report = office.app.store().verify(&office.app.pack()).await.unwrap();
    assert_eq!(report.troubles, []);
}

#[tokio::test]
async fn programs_prove_as_much_as_people() {
    let office = office().await;
    let account = office.hire(HANDLER).await;
    let log_in = async |code: &str| {
        let body = format!(
            "{{\"username\":\"{HANDLER}\",\"password\":\"{PASSWORD}\"{}}}",
            if code.is_empty() { String::new() } else { format!(",\"code\":\"{code}\"") }
        );
        let request = Request::post("/api/v1/sessions")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .unwrap();
        office.raw(request).await
    };
    assert_eq!(log_in("").await.status(), StatusCode::FORBIDDEN, "set up in the browser first");
    let store = office.app.store();
    let secret = store.begin_factor(account).await.unwrap().unwrap();
    let browser = Browser::new(&office);
    let record =
        store::Record::about(account, domain::case::By::System, domain::audit::Deed::Unlocked);
    let code = browser.digits(&secret, 0);
    store.confirm_factor(account, &code, office.app.now(), record).await.unwrap().unwrap();
    assert_eq!(log_in("").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(log_in("000000").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&browser.digits(&secret, 1)).await.status(), StatusCode::CREATED);

    // Half of a way in is no token.
    let now = office.app.now();
    for (stage, status) in [
        (Stage::Code, StatusCode::UNAUTHORIZED),
        (Stage::SetUp, StatusCode::UNAUTHORIZED),
        (Stage::NewPassword, StatusCode::UNAUTHORIZED),
        (Stage::Program, StatusCode::OK),
    ] {
        let token = store.begin_session(account, stage, ("", None), now).await.unwrap();
        let request = Request::get("/api/v1/cases")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(office.raw(request).await.status(), status, "{stage:?}");
        let request = Request::get("/desk").header(header::COOKIE, format!("staff={token}"));
        let desk = office.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(desk.status(), StatusCode::SEE_OTHER, "{stage:?} shows no page");
    }
}
