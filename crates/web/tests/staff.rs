//! The daily work of staff, through the pages they use.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod office;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use office::{Office, PASSWORD};
use web::DemoAccount;

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const DISPATCHER: &str = "dispatcher@hotline-9901";
const COUNTY: &str = "handler@wf-990101";
const TOWN: &str = "handler@wf-990101001";
const REVIEWER: &str = "reviewer@wf-990101";
const LEADER: &str = "leader@wf-9901";

async fn office() -> Office {
    Office::open(Vec::new()).await
}

async fn log_in(
    office: &Office,
    name: &str,
    password: &str,
    from: &str,
) -> axum::response::Response {
    let body = format!("username={}&password={}", office::encode(name), office::encode(password));
    let request = Request::post("/login")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-forwarded-for", from)
        .body(Body::from(body))
        .unwrap();
    office.raw(request).await
}

#[tokio::test]
async fn logging_in_needs_the_right_password() {
    let office = office().await;
    office.hire(TRIAGE).await;
    for (name, password) in [(TRIAGE, "wrong"), ("nobody@x", PASSWORD), (TRIAGE, ""), ("", "")] {
        let answer = log_in(&office, name, password, "10.0.0.1").await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
    }
    let answer = log_in(&office, TRIAGE, PASSWORD, "10.0.0.1").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/desk");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let desk = Request::get("/desk").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    assert_eq!(office.raw(desk).await.status(), StatusCode::OK);
    let stranger = Request::get("/desk").body(Body::empty()).unwrap();
    let sent = office.raw(stranger).await;
    assert_eq!(sent.headers()[header::LOCATION], "/login");
}

#[tokio::test]
async fn guessing_must_wait_and_leaves_others_alone() {
    let office = office().await;
    office.hire(TRIAGE).await;
    for _ in 0..5 {
        let answer = log_in(&office, TRIAGE, "guess", "10.0.0.1").await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let answer = log_in(&office, TRIAGE, PASSWORD, "10.0.0.1").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(office::page(answer).await.has("1 分钟后"));
    let elsewhere = log_in(&office, TRIAGE, PASSWORD, "10.0.0.2").await;
    assert_eq!(elsewhere.status(), StatusCode::SEE_OTHER);
    office.pass(61);
    let later = log_in(&office, TRIAGE, PASSWORD, "10.0.0.1").await;
    assert_eq!(later.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let office = office().await;
    let gone = office.post(TRIAGE, "/logout", &[]).await;
    assert_eq!((gone.status, gone.to.as_str()), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(office.get(TRIAGE, "/desk").await.to, "/login");
}

#[tokio::test]
async fn demonstration_accounts_are_listed_in_a_demonstration_only() {
    let account = DemoAccount {
        username: TRIAGE.to_owned(),
        password: "known-to-all".to_owned(),
        role: "triage".to_owned(),
        unit: "hotline-9901".to_owned(),
    };
    for (demo, listed) in [(vec![account], true), (Vec::new(), false)] {
        let office = Office::open(demo).await;
        let request = Request::get("/login").body(Body::empty()).unwrap();
        let shown = office::page(office.raw(request).await).await;
        assert_eq!(shown.has("known-to-all"), listed);
    }
}

#[tokio::test]
async fn a_call_is_assessed_before_it_is_registered() {
    let office = office().await;
    office.call(&[]).await;
    let typed = [
        ("do", "check"),
        ("command", "00112233445566778899aabbccddeeff"),
        ("contact_phone", "13800001234"),
        ("group", "02"),
        ("summary", "昨晚拿刀威胁"),
        ("risk.weapon_used", "yes"),
        ("risk.leaving", "unknown"),
    ];
    let shown = office.post(OPERATOR, "/call", &typed).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.has("grade-red") && shown.has("拿刀、棍棒") && shown.has("没有问清的 1 项"));
    assert!(shown.has("tel:110") && shown.has("昨晚拿刀威胁"));
    assert!(shown.has("婚姻家庭 · 离婚纠纷"), "the same telephone called before");
    let panel = office.post(OPERATOR, "/call/check", &typed).await;
    assert!(panel.has("grade-red") && !panel.has("<html"));
    assert_eq!(office.get(OPERATOR, "/call/check").await.status, StatusCode::OK);
    // From another telephone, by the name in the same county; elsewhere it is somebody else.
    let named = |place: &'static str| {
        let mut named: Vec<_> = typed[..2].to_vec();
        named.extend([
            ("contact_phone", "13900009999"),
            ("contact_name", "林小禾"),
            ("place", place),
        ]);
        named
    };
    let here = office.post(OPERATOR, "/call/check", &named("东一街道")).await;
    assert!(here.has("同名、同区县 · 婚姻家庭 · 离婚纠纷"), "{}", here.words());
    let elsewhere = office.post(OPERATOR, "/call/check", &named("西一镇")).await;
    assert!(elsewhere.has("没有来过"), "{}", elsewhere.words());
    // Nothing has been opened by looking.
    let found = office.post(OPERATOR, "/search", &[("q", "昨晚拿刀")]).await;
    assert!(found.has("没有找到"), "{}", found.words());
}

#[tokio::test]
async fn the_three_buttons_of_a_call() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    assert_eq!(office.state(&number).await, "triage");
    let (number, _) = office.call(&[("do", "answer"), ("answer", "可以到婚姻登记处咨询。")]).await;
    assert_eq!(office.state(&number).await, "answered");
    let red = [("do", "urgent"), ("group", "02"), ("category", ""), ("risk.choking", "yes")];
    let (number, _) = office.call(&red).await;
    assert_eq!(office.state(&number).await, "handling");
    // What is not red cannot be sent out at once; what was typed stays.
    let mild =
        [("do", "urgent"), ("group", "01"), ("summary", "探望孩子的时间"), ("contact_phone", "1")];
    let refused = office.post(OPERATOR, "/call", &mild).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mild = [("do", "urgent"), ("group", "01"), ("summary", "探望孩子的时间")];
    let refused = office.post(OPERATOR, "/call", &mild).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("探望孩子的时间") && refused.has("当前风险等级不允许"));
    // Group and kind must not contradict.
    let torn = [("do", "register"), ("group", "02"), ("category", "0101"), ("summary", "x")];
    let refused = office.post(OPERATOR, "/call", &torn).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    // A second press of the button tells the same number and the same secret.
    let command = ("command", "000102030405060708090a0b0c0d0e0f");
    let first = office.call(&[command]).await;
    assert_eq!(office.call(&[command]).await, first);
    // Others do not take calls.
    assert_eq!(office.get(TRIAGE, "/call").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_case_goes_all_the_way_round() {
    let office = office().await;
    let (number, _) = office.call(&[("place", "东一街道")]).await;
    let to_county = [("unit", "wf-990101"), ("instruction", "请三日内联系")];
    office.must(TRIAGE, &number, "dispatch_to", &to_county).await;
    let wrong = [("return_reason", "wrong_area"), ("reason", "")];
    let refused = office.act(COUNTY, &number, "return", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("error-summary") && refused.has("#return-reason"));
    let back = [("return_reason", "wrong_area"), ("reason", "当事人住在街道，由街道办理更快")];
    office.must(COUNTY, &number, "return", &back).await;
    let offered = office.get(DISPATCHER, &format!("/cases/{number}")).await;
    assert!(offered.has("value=\"wf-990101001\"") && offered.has("按规则"), "{}", offered.words());
    office.must(DISPATCHER, &number, "redispatch", &[("unit", "wf-990101001")]).await;
    office.must(TOWN, &number, "sign", &[]).await;
    let answer = [("answer", "已陪同到法院咨询，约定了探望时间。"), ("outcome", "resolved")];
    office.must(TOWN, &number, "submit_reply", &answer).await;
    office.must(REVIEWER, &number, "approve_reply", &[]).await;
    assert_eq!(office.state(&number).await, "visiting");
    let tried = [("try_channel", "phone")];
    office.must("county_visitor@wf-990101", &number, "try_contact", &tried).await;
    let said = [("attitude", "5"), ("result", "4"), ("visit_note", "已经见到孩子。")];
    office.must("county_visitor@wf-990101", &number, "record_visit", &said).await;
    assert_eq!(office.state(&number).await, "closed");
    let shown = office.get(TOWN, &format!("/cases/{number}")).await;
    for words in ["回访完成，办结", "改派", "退回", "由街道办理更快", "handler某", "/papers/1"]
    {
        assert!(shown.has(words), "{words} is missing:\n{}", shown.words());
    }
}

#[tokio::test]
async fn a_repeated_press_does_nothing_twice() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let shown = office.get(TRIAGE, &format!("/cases/{number}")).await;
    let (version, command) = (shown.value("version"), "aa".repeat(16));
    let fields = [("version", version.as_str()), ("command", command.as_str()), ("note", "记一笔")];
    for _ in 0..2 {
        let done = office.post(TRIAGE, &format!("/cases/{number}/note"), &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    }
    let shown = office.get(TRIAGE, &format!("/cases/{number}")).await;
    assert_eq!(shown.body.matches("<b>记一笔</b>").count(), 1);
}

#[tokio::test]
async fn what_is_no_longer_possible_says_what_is() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let stale = office.get(TRIAGE, &format!("/cases/{number}")).await.value("version");
    office.must(DISPATCHER, &number, "dispatch", &[]).await;
    let path = format!("/cases/{number}/dispatch_to");
    let kept =
        [("version", stale.as_str()), ("unit", "wf-990101"), ("instruction", "请当天联系家长")];
    let refused = office.post(TRIAGE, &path, &kept).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    for words in ["事项已经变化", "记一笔", "请当天联系家长", "待签收"] {
        assert!(refused.has(words), "{words}:\n{}", refused.words());
    }
    // Still possible, but somebody was quicker: read first, nothing typed is lost.
    let note = [("version", stale.as_str()), ("note", "家长下午有空")];
    let refused = office.post(TRIAGE, &format!("/cases/{number}/note"), &note).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("家长下午有空") && refused.has("有了新的进展"));
}

#[tokio::test]
async fn eyes_see_what_their_role_sees() {
    let office = office().await;
    let (number, _) = office.call(&[("address", "柳荫小区三号楼二单元")]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(COUNTY, &number, "sign", &[]).await;
    let path = format!("/cases/{number}");
    let agency = "agency@justice-990101";
    let outsider = office.get(agency, &path).await;
    let unknown = office.get(agency, "/cases/26-0000-0000-0").await;
    let year_off = office.get(agency, &path.replace("26-", "25-")).await;
    for answer in [&outsider, &unknown, &year_off] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let without = |body: &str, path: &str| body.replace(path, "");
    let alike = without(&outsider.body, &path) == without(&unknown.body, "/cases/26-0000-0000-0");
    assert!(alike, "a foreign case answers like one that does not exist");
    let invited = [("units", "justice-990101"), ("instruction", "请派法律援助")];
    office.must(COUNTY, &number, "invite", &invited).await;
    let (story, phone, name) = ("孩子跟着爷爷奶奶", "138 0000 1234", "林小禾");
    let (masked, first, plan) = ("138****1234", "林某某", "图书到期");
    let cases = [
        (
            COUNTY,
            vec![story, masked, first, plan, "柳荫小区"],
            vec![phone, name, "二单元", "按权限隐去"],
        ),
        (
            LEADER,
            vec![first, "按权限隐去", "想离婚"],
            vec![story, phone, masked, name, plan, "二单元"],
        ),
        (agency, vec![masked, first, "按权限隐去"], vec![story, phone, name, plan, "二单元"]),
        (DISPATCHER, vec!["想离婚", masked, first], vec![story, phone, name, plan]),
        ("visitor@wf-9901", vec![masked, first, plan], vec![story, phone, name]),
    ];
    for (who, seen, unseen) in cases {
        let shown = office.get(who, &path).await;
        assert_eq!(shown.status, StatusCode::OK, "{who}");
        for words in seen {
            assert!(shown.has(words), "{who} must see {words}:\n{}", shown.words());
        }
        for words in unseen {
            assert!(!shown.has(words), "{who} must not see {words}");
        }
    }
    office.must(agency, &number, "give_opinion", &[("opinion", "已指派律师。")]).await;
    for admin in ["system_admin@wf-9901", "handler@wf-990121"] {
        assert_eq!(office.get(admin, &path).await.status, StatusCode::NOT_FOUND, "{admin}");
    }
}

#[tokio::test]
async fn the_work_list_is_filtered_and_masked() {
    let office = office().await;
    let (red, _) = office.call(&[("risk.choking", "yes"), ("summary", "丈夫动手")]).await;
    let (mild, _) = office.call(&[("category", "0102"), ("summary", "探望孩子")]).await;
    let lists = [
        ("/desk", true, true),
        ("/desk?grade=red", true, false),
        ("/desk?category=01&grade=yellow", false, true),
        ("/desk?category=02", false, false),
        ("/desk?light=red", false, false),
        ("/desk?state=triage", true, true),
        ("/desk?state=closed", false, false),
        ("/desk?flow=mediation", false, false),
        ("/desk?flow=nonsense&state=%27--&light=blue&grade=9&after=x_y", true, true),
        ("/desk?unit=wf-990121", false, false),
    ];
    for (path, sees_red, sees_mild) in lists {
        let shown = office.get(TRIAGE, path).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}");
        assert_eq!((shown.has(&red), shown.has(&mild)), (sees_red, sees_mild), "{path}");
    }
    let shown = office.get(TRIAGE, "/desk?state=triage").await;
    assert!(shown.has("待分级 <span>2</span>"), "{}", shown.words());
    office.pass(31 * 60);
    let late = office.get(TRIAGE, "/desk?light=red").await;
    assert!(late.has(&red) && !late.has(&mild));
    let foreign = office.get("handler@wf-990121", "/desk?unit=wf-990101&own=0").await;
    assert!(!foreign.has(&red) && !foreign.has("<span>2</span>"));
    let empty = office.get(COUNTY, "/desk").await;
    assert!(empty.has("这里没有要办的事"));
}

#[tokio::test]
async fn many_at_once_are_checked_one_by_one() {
    let office = office().await;
    let (good, _) = office.call(&[]).await;
    let (gone, _) = office.call(&[]).await;
    office.must(TRIAGE, &gone, "dispatch_to", &[("unit", "wf-990101")]).await;
    let unknown = "26-1234-5678-9";
    let picks = [
        ("flow", "appeal"),
        ("action", "dispatch"),
        ("command", "one"),
        ("pick", good.as_str()),
        ("pick", gone.as_str()),
        ("pick", unknown),
    ];
    for _ in 0..2 {
        let result = office.post(TRIAGE, "/desk/bulk", &picks).await;
        assert_eq!(result.status, StatusCode::OK);
        assert!(result.has("已办好 1 件") && result.has("没有办成 2 件"), "{}", result.words());
        assert!(result.has("事项已经变化") && result.has("没有这个编号"));
    }
    assert_eq!(office.state(&good).await, "assigned");
    // An action that needs a field asks for it once.
    let (third, _) = office.call(&[]).await;
    let ask = [("flow", "appeal"), ("action", "dispatch_to"), ("pick", third.as_str())];
    let asked = office.post(TRIAGE, "/desk/bulk", &ask).await;
    assert!(asked.has("name=\"unit\"") && asked.has("已选 1 件"));
    assert_eq!(office.state(&third).await, "triage");
    let mut answered = ask.to_vec();
    answered.push(("asked", "yes"));
    let refused = office.post(TRIAGE, "/desk/bulk", &answered).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    answered.push(("unit", "wf-990121"));
    assert!(office.post(TRIAGE, "/desk/bulk", &answered).await.has("已办好 1 件"));
    // Only what the pack allows for many.
    let sly = [("flow", "appeal"), ("action", "note"), ("pick", third.as_str())];
    let refused = office.post(TRIAGE, "/desk/bulk", &sly).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn records_of_other_programmes_are_opened_by_their_own_form() {
    let office = office().await;
    let form = office.get(TOWN, "/new/mediation").await;
    assert!(form.has("name=\"summary\"") && form.has("name=\"place\""));
    let refused = office.post(TOWN, "/new/mediation", &[("summary", "邻里争水")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("邻里争水") && refused.has("error-summary"));
    let filled = [
        ("summary", "婆媳争吵"),
        ("channel", "patrol"),
        ("category", "0101"),
        ("place", "甲社区"),
        ("programme", "mediation"),
    ];
    let opened = office.post(TOWN, "/new/mediation", &filled).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.words());
    let shown = office.get(TOWN, &opened.to).await;
    assert!(shown.has("婆媳争吵") && shown.has("东区东一街道甲社区"), "{}", shown.words());
    assert!(office.get(TOWN, "/desk?flow=mediation").await.has("婆媳争吵"));
    assert_eq!(office.get(TRIAGE, "/new/mediation").await.status, StatusCode::FORBIDDEN);
    assert_eq!(office.get(TRIAGE, "/new/nothing").await.status, StatusCode::NOT_FOUND);
}

/// Whoever comes, writes or is met; and whoever sends it on, with a number and a deadline of their own.
#[tokio::test]
async fn what_does_not_come_by_telephone_or_web_is_registered_on_its_own_form() {
    let office = office().await;
    let own = [("external_number", "济12345-0077"), ("external_due", "2026-01-20")];
    for (channel, name, theirs) in [
        ("visit", "来访", &[][..]),
        ("letter", "来信", &[]),
        ("patrol", "巡访发现", &[]),
        ("leader", "领导批示", &[]),
        ("transfer_12345", "12345政务服务便民热线转办", &own),
        ("agency", "部门转办", &own),
    ] {
        let mut filled = vec![
            ("channel", channel),
            ("category", "1302"),
            ("summary", "台阶太高，推不上婴儿车"),
            ("contact_name", "秦小妹"),
            ("place", "东一街道"),
        ];
        filled.extend(theirs);
        let opened = office.post(OPERATOR, "/new/appeal", &filled).await;
        let (number, _) = opened.receipt();
        let shown = office.get(OPERATOR, &format!("/cases/{number}")).await;
        assert!(shown.has(name) && shown.has("台阶太高"), "{channel}: {}", shown.words());
        assert_eq!(shown.has("济12345-0077"), !theirs.is_empty(), "{channel}");
        // Their deadline runs beside ours, to the end of that day's hours.
        assert_eq!(shown.has("来件单位时限"), !theirs.is_empty(), "{channel}: {}", shown.words());
        assert_eq!(shown.has("2026-01-20"), !theirs.is_empty(), "{channel}");
        assert_eq!(office.state(&number).await, "received", "{channel}");
    }
    // Only what arrives by one of the channels of the city.
    let strange = [("channel", "fax"), ("category", "1302"), ("summary", "传真")];
    let refused = office.post(OPERATOR, "/new/appeal", &strange).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("传真"), "{}", refused.words());
}

#[tokio::test]
async fn people_of_a_case_are_added_with_their_role() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(COUNTY, &number, "sign", &[]).await;
    let nameless = office.act(COUNTY, &number, "add_person", &[("person_role", "witness")]).await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);
    let who = [
        ("person_role", "respondent"),
        ("person_name", "贺大川"),
        ("person_phone", "13700005678"),
        ("person_note", "在外地打工"),
    ];
    office.must(COUNTY, &number, "add_person", &who).await;
    let shown = office.get(COUNTY, &format!("/cases/{number}")).await;
    for words in ["被反映人", "贺某某", "137****5678"] {
        assert!(shown.has(words), "{words}: {}", shown.words());
    }
    assert!(!shown.has("贺大川") && !shown.has("13700005678"), "{}", shown.words());
    let found = office.post(COUNTY, "/search", &[("q", "贺大川")]).await;
    assert!(found.has(&number), "{}", found.words());
    // Who neither handles it nor takes calls adds nobody.
    let path = format!("/cases/{number}/add_person");
    let foreign = office.post("handler@wf-990121", &path, &who).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn search_shows_what_may_be_seen_and_nothing_in_addresses() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let finds = [
        ("孩子跟着爷爷奶奶", true),
        ("林小禾", true),
        (number.as_str(), true),
        ("拆迁补偿", false),
    ];
    for (typed, found) in finds {
        let shown = office.post(OPERATOR, "/search", &[("q", typed)]).await;
        assert_eq!(shown.has(&format!("/cases/{number}")), found, "{typed}");
    }
    for typed in ["孩子跟着爷爷奶奶", "林小禾", number.as_str()] {
        let shown = office.post("handler@wf-990121", "/search", &[("q", typed)]).await;
        assert!(shown.has("没有找到") && !shown.has(&format!("/cases/{number}")));
    }
    assert!(office.post(OPERATOR, "/search", &[("q", "林")]).await.has("只有一个字"));
    let asked = office.get(OPERATOR, "/search?q=x").await;
    assert!(asked.status == StatusCode::OK && !asked.has("value=\"x\""));
}

#[tokio::test]
async fn attachments_are_handed_out_to_those_who_may_see_evidence() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(COUNTY, &number, "sign", &[]).await;
    let shown = office.get(COUNTY, &format!("/cases/{number}")).await;
    let session = office.session(COUNTY).await;
    let fields = [
        ("csrf", session.csrf.clone()),
        ("version", shown.value("version")),
        ("note", "附上协议".to_owned()),
    ];
    let mut body = String::new();
    for (name, value) in fields {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend([&head, &value, "\r\n"]);
    }
    body.push_str("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"协议.pdf\"\r\nContent-Type: text/html\r\n\r\n%PDF-1.4 x\r\n--b--\r\n");
    let request = Request::post(format!("/cases/{number}/note"))
        .header(header::COOKIE, &session.cookie)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(Body::from(body))
        .unwrap();
    let done = office::page(office.raw(request).await).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.words());
    let shown = office.get(COUNTY, &format!("/cases/{number}")).await;
    assert!(shown.has("协议.pdf"));
    let at = shown.body.find(&format!("/cases/{number}/files/")).unwrap();
    let path = shown.body[at..].split('"').next().unwrap().to_owned();
    let request =
        Request::get(&path).header(header::COOKIE, &session.cookie).body(Body::empty()).unwrap();
    let file = office.raw(request).await;
    assert_eq!(file.status(), StatusCode::OK);
    assert_eq!(file.headers()[header::CONTENT_TYPE], "application/pdf");
    assert_eq!(file.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let disposition = file.headers()[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(disposition.starts_with("attachment;") && disposition.contains("%E5%8D%8F"));
    for who in [TRIAGE, LEADER] {
        assert_eq!(office.get(who, &path).await.status, StatusCode::NOT_FOUND, "{who}");
        let shown = office.get(who, &format!("/cases/{number}")).await;
        assert!(!shown.has("协议.pdf") && shown.has("按权限隐去"), "{who}");
    }
}

#[tokio::test]
async fn forms_of_another_session_are_refused() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let session = office.session(OPERATOR).await;
    let act = format!("/cases/{number}/note");
    for path in ["/call", "/call/check", "/desk/bulk", "/search", "/logout", "/new/appeal", &act] {
        for csrf in ["", "0000000000000000000000000A"] {
            let forged = office.send(Some(&session), path, &[("csrf", csrf), ("note", "x")]).await;
            assert_eq!(forged.status, StatusCode::FORBIDDEN, "{path}");
        }
        let stranger = office.send(None, path, &[("csrf", &session.csrf)]).await;
        assert_eq!(stranger.to, "/login", "{path}");
    }
}

#[tokio::test]
async fn hostile_input_is_refused_or_shown_as_text() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let long = "长".repeat(20_000);
    let nasty = [
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "\u{0}\u{7}",
        "%00",
        "{{7*7}}",
        "\u{202e}文",
        &long,
    ];
    let note = format!("/cases/{number}/note");
    for text in nasty {
        let posts: [(&str, Vec<(&str, &str)>); 6] = [
            (
                "/call",
                vec![
                    ("do", "register"),
                    ("summary", text),
                    ("narrative", text),
                    ("group", text),
                    ("place", text),
                    ("risk.choking", text),
                    ("contact_phone", text),
                ],
            ),
            ("/call/check", vec![("contact_phone", text), ("category", text), ("risk.x", "yes")]),
            ("/search", vec![("q", text)]),
            (
                "/new/appeal",
                vec![
                    ("channel", text),
                    ("summary", text),
                    ("anonymous", text),
                    ("programme", text),
                ],
            ),
            ("/desk/bulk", vec![("flow", "appeal"), ("action", "to_triage"), ("pick", text)]),
            (&note, vec![("version", text), ("command", text), ("note", text)]),
        ];
        for (path, fields) in posts {
            let answer = office.post(OPERATOR, path, &fields).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.words());
            assert!(!answer.has("<script>"), "{path}");
        }
        let short: String = text.chars().take(500).collect();
        let coded = office::encode(&short);
        for path in [
            format!("/cases/{coded}"),
            format!("/desk?state={coded}&after={coded}&unit={coded}"),
            format!("/new/{coded}"),
            format!("/cases/{number}/files/{coded}/1"),
        ] {
            let answer = office.get(OPERATOR, &path).await;
            assert!(answer.status.as_u16() < 500, "{path}");
        }
    }
    for path in [
        "/cases/%FF",
        "/desk?after=9223372036854775807_-9223372036854775808",
        "/cases/26-1-1/files/-1/99999999999999999999",
    ] {
        assert!(office.get(OPERATOR, path).await.status.as_u16() < 500, "{path}");
    }
}

/// A case that is dispatched again gets a second order, and no two of its papers share a number.
#[tokio::test]
async fn every_paper_has_its_own_number() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101001")]).await;
    let why = [("return_reason", "not_ours"), ("reason", "不在本街道")];
    office.must(TOWN, &number, "return", &why).await;
    office.must(DISPATCHER, &number, "redispatch", &[("unit", "wf-990101")]).await;
    let mut numbers = std::collections::BTreeSet::new();
    let mut orders = 0;
    for ordinal in 1..=3 {
        let paper = office.get(TRIAGE, &format!("/cases/{number}/papers/{ordinal}")).await;
        assert_eq!(paper.status, StatusCode::OK, "{ordinal}");
        let words = paper.words();
        let (before, after) = words.split_once("〔2026〕").unwrap();
        let kind = before.rsplit(' ').next().unwrap();
        orders += usize::from(kind.ends_with('交'));
        numbers.insert(format!("{kind}{}", after.split_once('号').unwrap().0));
    }
    assert_eq!((numbers.len(), orders), (3, 2), "{numbers:?}");
}
