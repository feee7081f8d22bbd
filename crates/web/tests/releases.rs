//! A press text through its pages: tried, drafted, checked, signed, published, corrected; and what
//! everybody else sees of it at each step.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod office;

use axum::http::StatusCode;
use office::{Office, Page};

const TRIAGE: &str = "triage@hotline-9901";
const WRITER: &str = "handler@wf-9901";
const CHECKER: &str = "reviewer@wf-9901";
const LEADER: &str = "leader@wf-9901";
const COUNTY: &str = "leader@wf-990101";
const BODY: &str = "今年，全市收到诉求{appeals_received 2026}件。";

async fn received(office: &Office, n: usize) {
    received_by(office, n, "wf-990101").await;
}

async fn received_by(office: &Office, n: usize, unit: &str) {
    for _ in 0..n {
        let (number, _) = office.call(&[]).await;
        office.must(TRIAGE, &number, "dispatch_to", &[("unit", unit)]).await;
    }
}

fn number_of(page: &Page) -> String {
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.words());
    page.to.trim_start_matches("/cases/").split('?').next().unwrap().to_owned()
}

async fn drafted(office: &Office, body: &str) -> String {
    let fields = [
        ("title", "今年的诉求"),
        ("body", body),
        ("english", "Appeals this year: {appeals_received 2026}."),
        ("goes_out_on", "2026-01-08"),
    ];
    number_of(&office.post(WRITER, "/new/release", &fields).await)
}

async fn checked(office: &Office, body: &str) -> String {
    let number = drafted(office, body).await;
    office.must(WRITER, &number, "submit", &[]).await;
    office.must(CHECKER, &number, "check", &[]).await;
    number
}

async fn tried(office: &Office, who: &str, text: &str) -> Page {
    let fields = [("text", text), ("day", "2026-01-08")];
    let page = office.post(who, "/releases/try", &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    page
}

async fn news(office: &Office, number: &str) -> Page {
    let request = axum::http::Request::get(format!("/news/{number}"));
    office::page(office.raw(request.body(axum::body::Body::empty()).unwrap()).await).await
}

#[tokio::test]
async fn a_text_is_tried_with_the_numbers_of_today() {
    let office = Office::open(Vec::new()).await;
    received(&office, 10).await;
    let text = "今年收到诉求{appeals_received 2026 余1}件";
    let page = tried(&office, LEADER, text).await;
    assert!(page.has("实际数正好是 10，没有超过 10"), "{}", page.words());
    assert!(page.has("{appeals_received 2026} → 10"), "{}", page.words());
    assert!(page.has("收到诉求（件）：期间发生数。"), "the definition is named: {}", page.words());
    received(&office, 1).await;
    let page = tried(&office, LEADER, text).await;
    assert!(page.has("今年收到诉求10余件"), "{}", page.words());
    for (wrong, why) in [
        ("今年收到诉求{appeals_received 2026}人次", "指标的计量单位是“件”，句子里写的是“人次”"),
        ("今年累计收到诉求{appeals_received 2026}件", "这是一个期间的数，句子却写了“累计”"),
        ("去年收到诉求{appeals_received 2026}件", "占位取的是 2026 的数，句子说的是“去年”"),
        ("收到{appeals_received 2026", "没有闭合"),
        ("率先建成平台", "“率先”没有登记依据"),
    ] {
        let page = tried(&office, LEADER, wrong).await;
        assert!(page.has(why), "{wrong}: {}", page.words());
    }
    // What somebody may not ask for is not told here either.
    for unit in ["wf-990121", "wf-9901", "no-such-unit"] {
        let text = format!("今年收到诉求{{appeals_received 2026 {unit}}}件");
        let page = tried(&office, COUNTY, &text).await;
        assert!(page.has("不在发布单位之下"), "{}", page.words());
    }
}

#[tokio::test]
async fn what_was_published_stays_and_staff_see_what_has_changed() {
    let office = Office::open(Vec::new()).await;
    received(&office, 3).await;
    received_by(&office, 8, "wf-990121").await;
    let number = checked(&office, BODY).await;
    let path = format!("/releases/{number}");
    let page = office.get(WRITER, &path).await;
    assert!(page.has("今年，全市收到诉求11件。"), "{}", page.words());
    assert_eq!(news(&office, &number).await.status, StatusCode::NOT_FOUND);
    office.must(LEADER, &number, "sign_now", &[]).await;
    let public = news(&office, &number).await;
    assert_eq!(public.status, StatusCode::OK, "{}", public.words());
    assert!(public.has("今年，全市收到诉求11件。"), "{}", public.words());
    assert!(public.has("收到诉求（件）") && public.has("口径第 1 版"), "{}", public.words());
    // Three people of one county are not told: neither in its row nor by the rows beside it.
    let row = |n: &str| format!("<td class=\"n\">{n}</td>");
    assert_eq!(public.body.matches(&row("*")).count(), 2, "{}", public.words());
    assert!(!public.has(&row("3")) && !public.has(&row("8")), "{}", public.words());

    received(&office, 2).await;
    assert_eq!(news(&office, &number).await.body, public.body, "not a letter has changed");
    let page = office.get(LEADER, &path).await;
    assert!(page.has("今年，全市收到诉求11件。") && page.has("有变化"), "{}", page.words());
    let records = office.get(LEADER, &format!("/cases/{number}/figures/0/0")).await;
    assert!(records.has("固定时的记录，共 11 条"), "{}", records.words());

    office.must(WRITER, &number, "correct", &[("reason", "补录了两件")]).await;
    office.must(WRITER, &number, "submit", &[]).await;
    office.must(CHECKER, &number, "check", &[]).await;
    office.must(LEADER, &number, "sign_now", &[]).await;
    let public = news(&office, &number).await;
    for words in [
        "今年，全市收到诉求13件。",
        "<s lang=\"zh-Hans\">11</s>",
        "<b lang=\"zh-Hans\">13</b>",
        "补录了两件",
        "旧版",
        "收到诉求11件",
    ] {
        assert!(public.has(words), "{words}: {}", public.words());
    }
    let list = office.get(WRITER, "/releases").await;
    assert!(list.has(&format!("href=\"/news/{number}\"")), "{}", list.words());
    office.must(LEADER, &number, "withdraw", &[("reason", "口径有误")]).await;
    assert!(news(&office, &number).await.has("已经撤回"), "it stays readable");
}

#[tokio::test]
async fn before_its_hour_a_text_is_like_none() {
    let office = Office::open(Vec::new()).await;
    received(&office, 3).await;
    let number = checked(&office, BODY).await;
    let hour = [("goes_out_on", "2026-01-08"), ("goes_out_at", "10:00")];
    office.must(LEADER, &number, "sign", &hour).await;
    let none = news(&office, "260105-0000-0000").await;
    let hidden = news(&office, &number).await;
    assert_eq!((hidden.status, none.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(hidden.words(), none.words());
    let page = office.get(COUNTY, &format!("/releases/{number}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "another unit knows nothing of it");
    let page = office.get(LEADER, &format!("/releases/{number}")).await;
    assert!(page.has("今年，全市收到诉求3件。"), "{}", page.words());
    office.pass(3 * 86_400);
    let (store, pack) = (office.app.store(), office.app.pack());
    store.tick(&pack, office.app.now(), 100).await.unwrap();
    assert_eq!(news(&office, &number).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_named_unit_reads_before_the_hour_and_the_page_says_who_did() {
    let office = Office::open(Vec::new()).await;
    received(&office, 3).await;
    let fields = [
        ("title", "今年的诉求"),
        ("body", BODY),
        ("goes_out_on", "2026-01-08"),
        ("readers", "wf-990101"),
    ];
    let number = number_of(&office.post(WRITER, "/new/release", &fields).await);
    let path = format!("/releases/{number}");
    let page = office.get(LEADER, &path).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "it does not wait for the leaders yet");
    office.must(WRITER, &number, "submit", &[]).await;
    office.must(CHECKER, &number, "check", &[]).await;
    let page = office.get(LEADER, &path).await;
    let read = page.words();
    let table = read.split("发布前看过的人").nth(1).unwrap_or_else(|| panic!("{read}"));
    let county = office.app.pack().units.get("wf-990101").unwrap().short.clone();
    assert!(!table.contains(&county), "nobody of the county has read it: {read}");
    office
        .must(LEADER, &number, "sign", &[("goes_out_on", "2026-01-08"), ("goes_out_at", "10:00")])
        .await;
    let page = office.get(COUNTY, &path).await;
    assert!(page.has("今年，全市收到诉求3件。"), "{}", page.words());
    assert_eq!(office.get(COUNTY, &format!("/cases/{number}")).await.status, StatusCode::OK);
    let west = office.get("leader@wf-990121", &path).await;
    assert_eq!(west.status, StatusCode::NOT_FOUND);
    let read = office.get(LEADER, &path).await.words();
    let table = read.split("发布前看过的人").nth(1).unwrap_or_else(|| panic!("{read}"));
    assert!(table.contains(&county), "{read}");
}

#[tokio::test]
async fn a_text_that_is_not_true_is_not_signed_and_says_why() {
    let office = Office::open(Vec::new()).await;
    received(&office, 3).await;
    let number = checked(&office, "今年，全市收到诉求{appeals_received 2026}人次，活动8场。").await;
    let refused = office.act(LEADER, &number, "sign_now", &[]).await;
    assert!(refused.status.is_client_error(), "{}", refused.words());
    for why in ["句子里写的是“人次”", "“8场”没有登记依据"] {
        assert!(refused.has(why), "{why}: {}", refused.words());
    }
    assert_eq!(office.state(&number).await, "checked");
}

/// Every claim and every use stands in one list, for whoever may open the release; what runs out is found
/// by itself.
#[tokio::test]
async fn one_list_has_the_claims_and_uses_of_all_releases() {
    let office = Office::open(Vec::new()).await;
    received(&office, 6).await;
    let list = office.get(LEADER, "/releases").await;
    assert!(list.has("href=\"/releases/claims\""), "{}", list.words());
    let empty = office.get(LEADER, "/releases/claims").await;
    assert!(empty.has("没有这样的说法"), "{}", empty.words());
    let mut numbers = Vec::new();
    for (says, until) in
        [("率先建成全市家事调解平台", "2026-01-20"), ("全省首个妇女维权热线", "2027-01-01")]
    {
        let body = format!("{BODY}{says}。");
        let number = drafted(&office, &body).await;
        let claim = [("says", says), ("evidence", "省妇联〔2025〕9号"), ("says_until", until)];
        office.must(WRITER, &number, "claim", &claim).await;
        office.must(WRITER, &number, "submit", &[]).await;
        office.must(CHECKER, &number, "check", &[]).await;
        let early = office.get(LEADER, "/releases/claims").await;
        assert!(!early.has(says), "nothing before it is out: {}", early.words());
        office.must(LEADER, &number, "sign_now", &[]).await;
        numbers.push(number);
    }
    let used =
        [("used_on", "2026-01-09"), ("used_in", "年度工作会议"), ("used_words", "收到诉求6件")];
    office.must(WRITER, &numbers[0], "used", &used).await;
    let page = office.get(LEADER, "/releases/claims").await;
    for words in
        ["率先建成", "全省首个", "省妇联〔2025〕9号", "2026-01-20", "年度工作会议", "收到诉求 · "]
    {
        assert!(page.has(words), "{words}: {}", page.words());
    }
    for number in &numbers {
        assert!(page.has(&format!("href=\"/releases/{number}\"")), "{number}");
    }
    for (show, there, not) in
        [("expiring", "率先建成", "全省首个"), ("valid", "全省首个", "率先建成")]
    {
        let page = office.get(LEADER, &format!("/releases/claims?show={show}")).await;
        assert!(page.has(there) && !page.has(not), "{show}: {}", page.words());
    }
    // Whoever may not open the release finds nothing of it here.
    let county = office.get(COUNTY, "/releases/claims").await;
    assert_eq!(county.status, StatusCode::OK);
    assert!(!county.has("首个妇女") && !county.has("年度工作会议"), "{}", county.words());
    office.pass(20 * 86_400);
    office.come_in_anew();
    let page = office.get(LEADER, "/releases/claims?show=expired").await;
    assert!(page.has("率先建成") && !page.has("全省首个"), "{}", page.words());
}
