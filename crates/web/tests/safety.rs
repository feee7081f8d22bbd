//! What keeps people safe, through the pages: the contact plan, emergency words, the history of
//! danger, leaving at once, and nothing kept by a browser.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "other tests use more of it")]
mod office;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use office::{Office, PASSWORD, Page};

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const HANDLER: &str = "handler@wf-990101";
const VISITOR: &str = "visitor@wf-9901";
const HOUR: i64 = 3_600;

/// On Mondays and Tuesdays from nine to eleven, by telephone, with a code word.
const PLAN: &[(&str, &str)] = &[
    ("contact_ways", "phone"),
    ("contact_days", "1"),
    ("contact_days", "2"),
    ("contact_from", "09:00"),
    ("contact_until", "11:00"),
    ("code_word", "暗号图书到期"),
    ("blocked_numbers", "13911112222"),
];

async fn office() -> Office {
    Office::open(Vec::new()).await
}

#[tokio::test]
async fn the_plan_stands_before_the_number_and_shuts_the_button() {
    let office = office().await;
    let (number, _) = office.call(PLAN).await;
    let path = format!("/cases/{number}");
    let shown = office.get(OPERATOR, &path).await;
    let place = |text: &str| shown.body.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(place("安全联系约定") < place("138****1234"), "first the plan, then the number");
    assert!(place("暗号图书到期") < place("138****1234"));
    assert!(shown.has("13911112222") && shown.has("周一、周二 09:00–11:00"));
    assert!(shown.has("现在可以联系"), "Monday at ten");
    office.must(OPERATOR, &number, "contact", &[("note", "打过")]).await;

    office.pass(2 * HOUR);
    let later = office.get(OPERATOR, &path).await;
    assert!(later.has("现在不能联系"), "{}", later.words());
    let refused = office.act(OPERATOR, &number, "contact", &[("note", "再打一次")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    for words in ["电话", "周一、周二 09:00–11:00", "下次可以联系的时间", "再打一次"]
    {
        assert!(refused.has(words), "{words}: {}", refused.words());
    }
    // Another way is never allowed, an own call of the person always is.
    let visit = [("note", "上门"), ("reach_way", "visit")];
    let visit = office.act(OPERATOR, &number, "contact", &visit).await;
    assert_eq!(visit.status, StatusCode::CONFLICT);
    assert!(!visit.has("下次可以联系的时间"));
    let called = [("note", "本人来电"), ("reach_way", "incoming")];
    office.must(OPERATOR, &number, "contact", &called).await;
}

#[tokio::test]
async fn a_program_is_refused_like_a_page() {
    let office = office().await;
    let (number, _) = office.call(PLAN).await;
    office.pass(2 * HOUR);
    office.hire(OPERATOR).await;
    let post = |path: String, token: String, body: String| {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        request.body(Body::from(body)).unwrap()
    };
    let login = format!(r#"{{"username":"{OPERATOR}","password":"{PASSWORD}"}}"#);
    let logged = office.raw(post("/api/v1/sessions".to_owned(), String::new(), login)).await;
    let token = office::page(logged).await.body;
    let token: serde_json::Value = serde_json::from_str(&token).unwrap();
    let path = format!("/api/v1/cases/{number}/actions/contact");
    let token = token["token"].as_str().unwrap().to_owned();
    let refused = office.raw(post(path, token, r#"{"note":"打过"}"#.to_owned())).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let body: serde_json::Value = serde_json::from_str(&office::page(refused).await.body).unwrap();
    assert_eq!(body["contact"]["ways"], serde_json::json!(["phone"]));
    assert_eq!(body["contact"]["hours"]["until"], "11:00");
    assert_eq!(body["contact"]["next"], "2026-01-06T01:00:00Z");
    assert!(body["allowed_actions"].as_array().unwrap().iter().any(|a| a == "set_contact"));
}

#[tokio::test]
async fn the_queue_of_visits_says_who_may_be_called_now() {
    let office = office().await;
    let (number, _) = office.call(PLAN).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(HANDLER, &number, "sign", &[]).await;
    let reply = [("answer", "已经办好"), ("outcome", "resolved")];
    office.must(HANDLER, &number, "submit_reply", &reply).await;
    office.must("reviewer@wf-990101", &number, "approve_reply", &[]).await;
    let open = office.get(VISITOR, "/visits").await;
    assert!(open.has(">开始<") && open.has("不能打的号码：13911112222"), "{}", open.words());
    office.pass(2 * HOUR);
    let shut = office.get(VISITOR, "/visits").await;
    assert!(
        shut.has("现在不能联系") && !shut.has(">开始<") && !shut.has("可以主动联系您吗"),
        "{}",
        shut.words()
    );
}

#[tokio::test]
async fn every_asking_stands_on_the_case_with_its_reasons() {
    let office = office().await;
    let (number, _) = office.call(&[("risk.control", "yes"), ("risk.jealous", "unknown")]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(HANDLER, &number, "sign", &[]).await;
    office.pass(HOUR);
    let asked = [("risk.choking", "yes"), ("risk.control", "yes")];
    office.must(HANDLER, &number, "assess", &asked).await;
    let shown = office.get(HANDLER, &format!("/cases/{number}")).await;
    let start = shown.body.find("历次风险评估").unwrap();
    let history = &shown.body[start..];
    assert_eq!(history.split("</ol>").next().unwrap().matches("<time>").count(), 2);
    assert!(history.contains("直接定级") && history.contains("掐过您的脖子"));
    assert!(history.contains("不清楚") && history.contains("grade-red"));
    assert!(shown.has("二十四小时内联系本人") && shown.has("再次危险性询问"));
    // Whoever may not read the answers sees how many there were.
    let masked = office.get(OPERATOR, &format!("/cases/{number}")).await;
    assert!(masked.has("历次风险评估") && !masked.has("直接定级"));
}

#[tokio::test]
async fn a_duty_stands_above_everything_until_it_is_met() {
    let office = office().await;
    let child = [("group", "10"), ("category", "1001"), ("do", "urgent")];
    let (number, _) = office.call(&child).await;
    let shown = office.get(HANDLER, &format!("/cases/{number}")).await;
    assert!(shown.has("强制报告：还没有办") && shown.has("立即向公安机关报告"));
    assert!(!shown.has(&format!("/cases/{number}/submit_reply")), "no answer before the report");
    let report = [
        ("found_on", "2026-01-05"),
        ("found_at", "10:02"),
        ("report_to", "police"),
        ("report_receipt", "东公接字1号"),
    ];
    office.must(HANDLER, &number, "file_report", &report).await;
    let shown = office.get(HANDLER, &format!("/cases/{number}")).await;
    assert!(!shown.has("还没有办") && shown.has("东公接字1号") && shown.has("10:02"));
}

/// A step of the form for residents.
async fn ask(office: &Office, fields: &[(&str, &str)]) -> Page {
    office.send(None, "/help", fields).await
}

#[tokio::test]
async fn words_that_call_for_help_are_answered_before_going_on() {
    let office = office().await;
    let command = "0123456789abcdef0123456789abcdef";
    let base = [("command", command), ("group", "01"), ("category", "0101")];
    let told = |summary| [&base[..], &[("step", "story"), ("summary", summary)]].concat();
    let calm = ask(&office, &told("想了解探望孩子的办法")).await;
    assert!(calm.has(r#"name="step" value="contact""#) && !calm.has("tel:120"));
    let heard = ask(&office, &told("他拿 刀，要杀我")).await;
    assert_eq!(heard.status, StatusCode::OK);
    for call in ["tel:110", "tel:120", "tel:12356", r#"role="alert""#, "他拿 刀，要杀我"] {
        assert!(heard.has(call), "{call}: {}", heard.words());
    }
    assert!(heard.has(r#"name="step" value="story""#), "nothing else happens first");
    let seen = heard.value("alarm_seen");
    let on = [&told("他拿 刀，要杀我")[..], &[("alarm_seen", seen.as_str())]].concat();
    let contact = ask(&office, &on).await;
    assert!(contact.has(r#"name="step" value="contact""#), "{}", contact.words());

    // The same in any other field, on the step where it is written.
    let reach = [("step", "contact"), ("anonymous", "yes"), ("code_word", "别打，他会打死我")];
    let late = ask(&office, &[&base[..], &[("summary", "离婚")], &reach].concat()).await;
    assert!(late.has("tel:110") && late.has(r#"name="step" value="contact""#));

    let filed = [("step", "review"), ("anonymous", "yes"), ("consent", "yes")];
    let filed = ask(&office, &[&on[..3], &on[4..], &filed].concat()).await;
    let (number, _) = filed.receipt();
    let desk = office.get(TRIAGE, "/notices").await;
    assert!(desk.has(&number) && desk.has("须立即查看"), "{}", desk.words());
    let case = office.get(TRIAGE, &format!("/cases/{number}")).await;
    assert!(case.has("出现紧急词语") && case.has("紧急词语处置"), "{}", case.words());
}

/// The pass for which number and receipt are exchanged.
async fn pass(office: &Office, (number, receipt): (&str, &str)) -> String {
    let track = [("number", number), ("receipt", receipt)];
    let body: Vec<String> =
        track.iter().map(|(k, v)| format!("{k}={}", office::encode(v))).collect();
    let request = Request::post("/track")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")));
    let passed = office.raw(request.unwrap()).await;
    let pass = passed.headers()[header::SET_COOKIE].to_str().unwrap();
    pass.split(';').next().unwrap().to_owned()
}

/// A page of the person whose pass this is.
async fn own(office: &Office, pass: &str, path: &str) -> Page {
    let request = Request::get(path).header(header::COOKIE, pass).body(Body::empty()).unwrap();
    office::page(office.raw(request).await).await
}

/// A form of the person whose pass this is.
async fn sent(office: &Office, pass: &str, path: &str, body: &'static str) -> Page {
    let request = Request::post(path)
        .header(header::COOKIE, pass)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body));
    office::page(office.raw(request.unwrap()).await).await
}

#[tokio::test]
async fn a_resident_says_when_and_how_and_may_change_it() {
    let office = office().await;
    let answers = [
        ("command", "00112233445566778899aabbccddeeff"),
        ("group", "01"),
        ("category", "0101"),
        ("summary", "想了解办法"),
        ("anonymous", "no"),
        ("contact_name", "林女士"),
        ("contact_phone", "13800000000"),
        ("relation", "self"),
    ];
    let plan = [&answers[..], PLAN].concat();
    let review = ask(&office, &[&plan[..], &[("step", "contact")]].concat()).await;
    assert!(review.has("周一、周二"), "{}", review.words());
    assert_eq!(review.body.matches(r#"name="contact_days""#).count(), 2, "both days travel on");
    let wrong = [&answers[..], &[("step", "contact"), ("contact_from", "九点")]].concat();
    let wrong = ask(&office, &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("请填写时间，例如 09:30"));
    let filed =
        ask(&office, &[&plan[..], &[("step", "review"), ("consent", "yes")]].concat()).await;
    let (number, secret) = filed.receipt();
    let case = office.get(OPERATOR, &format!("/cases/{number}")).await;
    assert!(case.has("周一、周二 09:00–11:00") && case.has("暗号图书到期"));

    let pass = pass(&office, (&number, &secret)).await;
    let mine = own(&office, &pass, "/my").await;
    assert!(mine.has("/my/set_contact") && !mine.has("暗号图书到期"), "never shown to the screen");
    let change = sent(&office, &pass, "/my/set_contact", "no_contact=yes").await;
    assert_eq!(change.status, StatusCode::SEE_OTHER);
    let case = office.get(OPERATOR, &format!("/cases/{number}")).await;
    assert!(case.has("不要用任何方式主动联系") && !case.has("周一、周二 09:00–11:00"));
}

/// A path of the table with something in place of its parameters.
fn filled(path: &str, number: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{number}" => number,
        part if part.starts_with('{') => "1",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn no_browser_keeps_what_a_case_says() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let staff = office.session(OPERATOR).await;
    let mut asked = 0;
    for rule in web::route_table(&office.app) {
        let access = format!("{:?}", rule.access);
        if !["Appellant", "Staff", "Token"].contains(&access.as_str()) {
            continue;
        }
        for method in [Method::GET, Method::POST] {
            for cookie in ["", &staff.cookie] {
                let request = Request::builder()
                    .method(&method)
                    .uri(filled(rule.path, &number))
                    .header(header::COOKIE, cookie)
                    .body(Body::empty());
                let answer = office.raw(request.unwrap()).await;
                let kept = answer.headers().get(header::CACHE_CONTROL);
                let kept = kept.map_or("", |v| v.to_str().unwrap());
                assert!(kept.contains("no-store"), "{method} {}: {kept:?}", rule.path);
                asked += 1;
            }
        }
    }
    assert!(asked > 80, "only {asked} routes hold something about a case");
}

/// Whether the scripts travel inside this program; without them every page works all the same.
async fn scripts_are_built(office: &Office) -> bool {
    let request = Request::get("/static/exit.js").body(Body::empty()).unwrap();
    office.raw(request).await.status() == StatusCode::OK
}

/// The way out of a page for residents: a plain link above all else, honest about what it cannot do,
/// and made quick by its script.
fn offers_the_way_out(page: &Page, what: &str, is_built: bool) {
    assert!(page.has(r#"<a href="/leave""#), "{what}: {}", page.words());
    assert!(page.has("浏览器历史里仍有"), "{what}: it says what it cannot do");
    assert!(page.body.find("/leave") < page.body.find("<main"), "{what}: above all else");
    let script = page.body.matches(r#"<script src="/static/exit.js?v="#).count();
    assert_eq!(script, usize::from(is_built), "{what}: Esc twice leaves");
}

#[tokio::test]
async fn leaving_is_possible_from_the_own_case_and_from_a_press_text() {
    let office = office().await;
    let is_built = scripts_are_built(&office).await;
    let (number, secret) = office.call(&[("safe_contact", "")]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(HANDLER, &number, "sign", &[]).await;
    let pass = pass(&office, (&number, &secret)).await;
    assert_eq!(sent(&office, &pass, "/my/rights/copy", "").await.status, StatusCode::SEE_OTHER);
    let granted = [("id", "1"), ("reason", "准许网上领取"), ("online", "yes")];
    let done = office.post(HANDLER, &format!("/cases/{number}/rights/grant"), &granted).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    for path in ["/my", "/my/copy", "/my/papers/1"] {
        let page = own(&office, &pass, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.words());
        offers_the_way_out(&page, path, is_built);
    }
    let refused = sent(&office, &pass, "/my/supplement", "narrative=").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    offers_the_way_out(&refused, "what was refused", is_built);

    let text = [
        ("title", "三月活动"),
        ("body", "全市各级妇联组织了普法宣传。"),
        ("english", "The federations explained the law."),
        ("goes_out_on", "2026-01-08"),
    ];
    let drafted = office.post("handler@wf-9901", "/new/release", &text).await;
    let release = drafted.to.trim_start_matches("/cases/").split('?').next().unwrap().to_owned();
    office.must("handler@wf-9901", &release, "submit", &[]).await;
    office.must("reviewer@wf-9901", &release, "check", &[]).await;
    office.must("leader@wf-9901", &release, "sign_now", &[]).await;
    let news = own(&office, "", &format!("/news/{release}")).await;
    assert_eq!(news.status, StatusCode::OK, "{}", news.words());
    offers_the_way_out(&news, "/news/{number}", is_built);
}

#[tokio::test]
async fn leaving_is_possible_at_every_step_of_asking_for_help() {
    let office = office().await;
    let is_built = scripts_are_built(&office).await;
    let command = "aabbccddeeff00112233445566778899";
    let base = [("command", command), ("group", "01")];
    let kind = [("category", "0101")];
    let story = [("summary", "想了解探望孩子的办法")];
    let reach = [("anonymous", "yes")];
    let told = [&base[..], &kind, &story, &reach].concat();
    let steps: [(&str, Vec<(&str, &str)>); 5] = [
        ("group", base.to_vec()),
        ("kind", [&base[..], &kind].concat()),
        ("story", [&base[..], &kind, &story].concat()),
        ("contact", told.clone()),
        ("review", [&told[..], &[("consent", "yes")]].concat()),
    ];
    let mut receipt = None;
    for (step, fields) in steps {
        let page = ask(&office, &[&fields[..], &[("step", step)]].concat()).await;
        assert_eq!(page.status, StatusCode::OK, "{step}: {}", page.words());
        offers_the_way_out(&page, step, is_built);
        receipt = Some(page);
    }
    let (number, _) = receipt.unwrap().receipt();
    // Also where something was typed wrong, and where a number is not known.
    let nine = [("step", "contact"), ("contact_from", "九点")];
    let wrong = ask(&office, &[&told[..], &nine].concat()).await;
    let track = [("number", number.as_str()), ("receipt", "ABCDEFGHJKMNPQRSTVWXYZ0123")];
    for page in [wrong, office.send(None, "/track", &track).await] {
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.words());
        offers_the_way_out(&page, "what was typed wrong", is_built);
    }
}

#[tokio::test]
async fn leaving_is_a_plain_link_on_every_public_page() {
    let office = office().await;
    let is_built = scripts_are_built(&office).await;
    let mut pages = 0;
    for rule in web::route_table(&office.app) {
        if format!("{:?}", rule.access) != "Public" {
            continue;
        }
        let request = Request::get(filled(rule.path, "1")).body(Body::empty()).unwrap();
        let answer = office.raw(request).await;
        let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
        let html = kind.is_some_and(|k| k.to_str().unwrap().starts_with("text/html"));
        let page = office::page(answer).await;
        // The door for staff is no page for residents.
        if !html || page.status != StatusCode::OK || rule.path == "/login" {
            continue;
        }
        offers_the_way_out(&page, rule.path, is_built);
        pages += 1;
    }
    assert!(pages >= 6, "only {pages} public pages were looked at");
    let leave =
        Request::get("/leave").header(header::COOKIE, "pass=x").body(Body::empty()).unwrap();
    let left = office.raw(leave).await;
    assert_eq!(left.status(), StatusCode::SEE_OTHER);
    assert!(left.headers()[header::LOCATION].to_str().unwrap().starts_with("https://"));
    assert!(left.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("pass=;"));
}
