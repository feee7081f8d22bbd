//! The supervision board, the queue of return visits, the configuration pages, the dry run of the
//! routing rules, papers and notices, as browsers get them.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod town;

use axum::http::{StatusCode, header};
use domain::pack::Matter;
use std::io::Read;
use testkit::unit;
use town::{Answer, Town};

/// A family matter, dispatched to the county.
const FAMILY: &str = "0101";
const EAST: &str = "990101000000";
const WEST: &str = "990121000000";
const DESK: &str = unit::HOTLINE;
const TOP: &str = unit::CITY;

/// Words that mean that something was not filled in.
const BLANK: &str = "（未填写）";

fn ok(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

#[tokio::test]
async fn the_board_counts_what_was_put_in() {
    let town = Town::new().await;
    let (first, east) = town.dispatched(FAMILY, EAST).await;
    town.dispatched(FAMILY, EAST).await;
    let (_, west) = town.dispatched(FAMILY, WEST).await;
    assert_eq!((east.as_str(), west.as_str()), ("wf-990101", "wf-990121"));
    town.act(first.done.case, ("handler", &east), "sign", &[]).await;
    // A week later what nobody has signed for is late, what is handled is not.
    town.wait(7 * 24);
    town.triaged(FAMILY, EAST).await;

    let leader = town.cookie("leader", TOP).await;
    let board = town.get("/board", &leader).await;
    let text = ok(&board);
    let short = |unit: &str| town.pack.units.short(unit).to_owned();
    assert_eq!(board.row(&short(&east))[..4], [short(&east), "2".into(), "0".into(), "1".into()]);
    assert_eq!(board.row(&short(&west))[..4], [short(&west), "1".into(), "0".into(), "1".into()]);
    assert_eq!(board.row(&short(DESK))[..4], [short(DESK), "1".into(), "0".into(), "0".into()]);
    assert_eq!(board.row("合计")[1..4], ["4", "0", "2"]);
    for link in [
        "href=\"/desk?flow=appeal&#38;unit=wf-9901&#38;light=red\">2</a>",
        "href=\"/desk?flow=appeal&#38;unit=wf-990101&#38;light=red\">1</a>",
        "href=\"/desk?flow=appeal&#38;unit=wf-9901&#38;state=assigned\">待签收 <b>2</b>",
        "href=\"/desk?flow=appeal&#38;unit=wf-9901&#38;state=handling\">办理中 <b>1</b>",
        "href=\"/board/wf-990101\"",
        "占未结 50.0%",
        "aria-label=\"正常 1，临期 0，超期 1\"><i class=\"w-50\"></i><i class=\"r w-50\"></i>",
    ] {
        assert!(text.contains(link), "{link} in {text}");
    }
}

#[tokio::test]
async fn drilling_down_ends_at_the_own_unit() {
    let town = Town::new().await;
    town.dispatched(FAMILY, EAST).await;
    town.dispatched(FAMILY, WEST).await;
    let county = town.cookie("leader", "wf-990101").await;
    assert!(ok(&town.get("/board", &county).await).contains("东区妇联"));
    let own = town.get("/board/wf-990101", &county).await;
    assert_eq!(own.row("合计")[1], "1");
    let nothing = ok(&town.get("/board/wf-990121", &county).await);
    assert!(nothing.contains("这里没有您可以督办的单位"), "{nothing}");
    for path in ["/board/wf-9901", "/board/no-such-unit"] {
        assert_eq!(ok(&town.get(path, &county).await), nothing, "{path}");
    }
    // Who works on single cases supervises nobody, not even the own unit.
    let handler = town.cookie("handler", "wf-990101").await;
    assert!(ok(&town.get("/board", &handler).await).contains("这里没有您可以督办的单位"));
}

/// Walks an appeal to its end; documents 1 to 6.
async fn closed_case(town: &Town) -> String {
    let (opened, unit) = town.dispatched(FAMILY, EAST).await;
    let case = opened.done.case;
    let handler = ("handler", unit.as_str());
    let leader = ("leader", unit.as_str());
    town.act(case, handler, "sign", &[]).await;
    town.act(case, handler, "request_extension", &[("days", "10"), ("reason", "情况复杂")]).await;
    town.act(case, leader, "approve_extension", &[]).await;
    let order = [("level", "notice"), ("instruction", "三日内报告")];
    town.act(case, leader, "chase", &[("instruction", "请抓紧")]).await;
    town.act(case, leader, "supervise", &order).await;
    let reply = [("answer", "已经调解，双方和好"), ("outcome", "resolved")];
    town.act(case, handler, "submit_reply", &reply).await;
    town.act(case, ("reviewer", &unit), "rework", &[("reason", "内部意见")]).await;
    town.act(case, handler, "submit_reply", &reply).await;
    town.act(case, ("reviewer", &unit), "approve_reply", &[]).await;
    let visit = [("attitude", "5"), ("result", "4"), ("visit_note", "都好")];
    town.act(case, ("visitor", DESK), "record_visit", &visit).await;
    opened.number
}

/// The text of a Word file.
fn word_text(bytes: Vec<u8>) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    zip.by_name("word/document.xml").unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn every_paper_of_an_appeal_is_printed_whole() {
    let town = Town::new().await;
    let closed = closed_case(&town).await;
    let refused = town.triaged(FAMILY, EAST).await;
    let why = [("reason", "不属于受理范围"), ("where_to_go", "人民法院")];
    town.act(refused.done.case, ("triage", DESK), "propose_refusal", &why).await;
    town.act(refused.done.case, ("leader", TOP), "confirm_refusal", &[]).await;
    let sent = town.triaged(FAMILY, EAST).await;
    let to = [("body", "市公安局"), ("reason", "依法由其处理")];
    town.act(sent.done.case, ("triage", DESK), "forward", &to).await;
    let (rested, unit) = town.dispatched(FAMILY, EAST).await;
    town.act(rested.done.case, ("handler", &unit), "sign", &[]).await;
    let rest = [("reason", "等待鉴定"), ("pause_until", "2026-07-01")];
    town.act(rested.done.case, ("leader", &unit), "suspend", &rest).await;

    // A reviewer of the city may read everything that a paper holds, and take it out.
    let reader = town.cookie("reviewer", TOP).await;
    for (number, ordinal, title, short, words) in [
        (&closed, 1, "受理告知书", "受", "东区妇女联合会"),
        (&closed, 2, "交办单", "交", "当天联系"),
        (&closed, 3, "延期告知书", "延", "情况复杂"),
        (&closed, 4, "督办单", "督", "书面督办"),
        (&closed, 5, "答复意见书", "复", "已经调解，双方和好"),
        (&closed, 6, "办结报告", "结", "非常满意"),
        (&refused.number, 1, "不予受理告知书", "不受", "人民法院"),
        (&sent.number, 1, "转办函", "转", "邻居家的事"),
        (&rested.number, 3, "中止告知书", "中", "2026年7月1日"),
    ] {
        let path = format!("/cases/{number}/papers/{ordinal}");
        let text = ok(&town.get(&path, &reader).await);
        let document_number = format!("样妇{short}〔2026〕{number}-{ordinal}号");
        for part in [title, document_number.as_str(), words, "2026年6月10日"] {
            assert!(text.contains(part), "{title}: {part} in {text}");
        }
        assert!(!text.contains(BLANK), "{title} has a hole: {text}");
        let word = town.get(&format!("{path}/docx"), &reader).await;
        assert_eq!(word.status, StatusCode::OK);
        assert!(word.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains(".docx"));
        assert!(word_text(word.bytes).contains(&document_number), "{title}");
    }
    // A reason that was given among staff for something else is not repeated in the last report,
    // and the report names who handled the case, not who called.
    let report = ok(&town.get(&format!("/cases/{closed}/papers/6"), &reader).await);
    assert!(!report.contains("内部意见") && !report.contains("情况复杂"), "{report}");
    assert!(report.contains("东区妇女联合会"), "{report}");
    for missing in ["0", "7", "x", "99999999999"] {
        let path = format!("/cases/{closed}/papers/{missing}");
        assert_eq!(town.get(&path, &reader).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_paper_shows_no_more_than_its_reader_may_see() {
    let town = Town::new().await;
    let number = closed_case(&town).await;
    let path = format!("/cases/{number}/papers/1");
    // Whoever may take papers out reads them with masks and takes them out whole; the operator no
    // longer holds this case.
    let reviewer = town.cookie("reviewer", "wf-9901").await;
    let shown = ok(&town.get(&path, &reviewer).await);
    assert!(shown.contains("样某某") && !shown.contains("样小燕"), "{shown}");
    assert!(shown.contains(&format!("action=\"{path}\"")), "it can be asked for whole");
    let word = town.get(&format!("{path}/docx"), &reviewer).await;
    assert!(word_text(word.bytes).contains("样小燕"));
    let operator = ok(&town.get(&path, &town.cookie("operator", DESK).await).await);
    assert!(operator.contains("样某某") && !operator.contains("样小燕"), "{operator}");
    assert!(!operator.contains(&format!("action=\"{path}\"")), "nor is more of it offered");
    let masked = ok(&town.get(&path, &town.cookie("dispatcher", DESK).await).await);
    assert!(masked.contains("样某某") && !masked.contains("样小燕"), "{masked}");
}

#[tokio::test]
async fn a_foreign_case_is_an_unknown_case() {
    let town = Town::new().await;
    let number = closed_case(&town).await;
    let stranger = town.cookie("handler", "wf-990121").await;
    let foreign = town.get(&format!("/cases/{number}/papers/1"), &stranger).await;
    let unknown = town.get("/cases/26-0000-0000-0/papers/1", &stranger).await;
    assert_eq!((foreign.status, unknown.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    let plain = |a: &Answer| a.text().replace(&number, "N").replace("26-0000-0000-0", "N");
    assert_eq!(plain(&foreign), plain(&unknown));
    let docx = town.get(&format!("/cases/{number}/papers/1/docx"), &stranger).await;
    assert_eq!(docx.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn residents_get_their_own_letters_only() {
    let town = Town::new().await;
    let (opened, unit) = town.dispatched(FAMILY, EAST).await;
    let handler = ("handler", unit.as_str());
    town.act(opened.done.case, handler, "sign", &[]).await;
    let wish = [("days", "10"), ("reason", "情况复杂")];
    town.act(opened.done.case, handler, "request_extension", &wish).await;
    town.act(opened.done.case, ("leader", &unit), "approve_extension", &[]).await;
    let pass = format!("pass={}", town.store.write_pass(opened.done.case, town.now(), 900));
    let accepted = ok(&town.get("/my/papers/1", &pass).await);
    assert!(accepted.contains("受理告知书") && accepted.contains("/my/papers/1/docx"));
    let extended = ok(&town.get("/my/papers/3", &pass).await);
    assert!(extended.contains("情况复杂") && !extended.contains(BLANK), "{extended}");
    assert!(word_text(town.get("/my/papers/3/docx", &pass).await.bytes).contains(&opened.number));
    // The dispatch order is between offices.
    for path in ["/my/papers/2", "/my/papers/2/docx", "/my/papers/4"] {
        assert_eq!(town.get(path, &pass).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    town.wait(1);
    assert_eq!(town.get("/my/papers/1", &pass).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_dry_run_is_the_routing() {
    let town = Town::new().await;
    let cookie = town.cookie("leader", TOP).await;
    for (category, grade, place) in [
        (FAMILY, "green", EAST),
        ("1003", "red", WEST),
        ("1304", "yellow", EAST),
        ("0601", "yellow", "990101001000"),
        ("", "", EAST),
    ] {
        let matter = Matter { category, grade, channel: "", place };
        let route = town.pack.routing.route(&town.pack, matter).unwrap();
        let path =
            format!("/setup/routing/dry-run?category={category}&grade={grade}&place={place}");
        let text = ok(&town.get(&path, &cookie).await);
        let unit = format!("<b>{}</b></a>", town.pack.units.short(&route.unit));
        assert!(text.contains(&unit), "{unit} in {text}");
        assert!(text.contains(&route.why), "{}", route.why);
        for co in &route.co {
            let co = format!("<span class=\"state\">{}</span>", town.pack.units.short(co));
            assert!(text.contains(&co), "{co}");
        }
    }
    assert!(!ok(&town.get("/setup/routing/dry-run", &cookie).await).contains("会派给谁"));
}

#[tokio::test]
async fn past_cases_are_counted_by_rule_and_differences_are_listed() {
    let town = Town::new().await;
    let (same, _) = town.dispatched(FAMILY, EAST).await;
    let other = town.triaged(FAMILY, EAST).await;
    let to = [("unit", "wf-990121")];
    town.act(other.done.case, ("triage", DESK), "dispatch_to", &to).await;
    let waiting = town.triaged(FAMILY, WEST).await;
    let case = town.store.case_by_id(&town.pack, &domain::access::Viewer::System, same.done.case);
    let grade = case.await.unwrap().unwrap().case.grade;
    let matter = Matter { category: FAMILY, grade: &grade, channel: "web", place: EAST };
    let rule = town.pack.routing.route(&town.pack, matter).unwrap().rule;

    let city = town.get("/setup/routing/dry-run", &town.cookie("leader", TOP).await).await;
    let text = ok(&city);
    assert!(text.contains(&format!("data-rule=\"{rule}\">3</td>")), "{text}");
    assert_eq!(city.row(&other.number).last().map(String::as_str), text_of_rule(&town, &rule));
    assert!(city.row(&other.number).contains(&town.pack.units.short("wf-990121").to_owned()));
    // The same unit is no difference, and a case that still waits has none to differ from.
    assert!(city.row(&same.number).is_empty() && city.row(&waiting.number).is_empty());
    // Another county sees its own case only.
    let cookie = town.cookie("leader", "wf-990121").await;
    let west = ok(&town.get("/setup/routing/dry-run", &cookie).await);
    assert!(west.contains(&format!("data-rule=\"{rule}\">1</td>")), "{west}");
}

fn text_of_rule<'a>(town: &'a Town, code: &str) -> Option<&'a str> {
    town.pack.routing.rules.iter().find(|r| r.code == code).map(|r| r.name.as_str())
}

#[tokio::test]
async fn the_picture_of_a_workflow_is_a_drawing() {
    let town = Town::new().await;
    let cookie = town.cookie("handler", "wf-990101").await;
    for code in town.pack.workflows.keys() {
        let picture = town.get(&format!("/setup/workflows/{code}/picture.svg"), &cookie).await;
        assert_eq!(picture.status, StatusCode::OK);
        assert_eq!(picture.headers[header::CONTENT_TYPE], "image/svg+xml");
        let page = ok(&town.get(&format!("/setup/workflows/{code}"), &cookie).await);
        assert!(page.contains(&format!("src=\"/setup/workflows/{code}/picture.svg\"")));
    }
    let none = town.get("/setup/workflows/nothing/picture.svg", &cookie).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_page_is_in_words_and_staff_only() {
    let town = Town::new().await;
    closed_case(&town).await;
    let cookie = town.cookie("leader", TOP).await;
    for path in [
        "/board",
        "/board/wf-990101",
        "/board?flow=mediation",
        "/visits",
        "/notices",
        "/setup",
        "/setup/workflows/appeal",
        "/setup/workflows/mediation",
        "/setup/workflows/recognition",
        "/setup/categories",
        "/setup/units",
        "/setup/units/wf-990101",
        "/setup/units/police-9901",
        "/setup/roles",
        "/setup/clocks",
        "/setup/clocks?year=2025",
        "/setup/clocks?year=1999",
        "/setup/routing",
        "/setup/routing/dry-run?category=0101",
    ] {
        for lang in ["zh-Hans", "zh-Hant", "en"] {
            let text = ok(&town.get(path, &format!("{cookie}; lang={lang}")).await);
            for area in ["board", "visits", "notices", "setup", "dry", "paper"] {
                let start = format!("{area}.");
                // A sentence may end with the word itself; a key goes on behind the dot.
                let is_key = |w: &&str| w.starts_with(&start) && w.len() > start.len();
                let bare = text.split(['<', '>', '"', ' ']).find(is_key);
                assert_eq!(bare, None, "a key instead of words at {path}");
            }
            assert!(!text.contains("style="), "{path}");
            // Scripts of our own may be named; none stands in the page.
            let scripts = text.matches("<script").count();
            assert_eq!(scripts, text.matches("<script src=\"/static/").count(), "{path}");
            assert_eq!(text.matches("<h1").count(), 1, "{path}");
        }
        assert_eq!(town.get(path, "").await.headers[header::LOCATION], "/login", "{path}");
    }
}

#[tokio::test]
async fn visits_wait_with_their_tries_and_notices_say_nothing_of_the_matter() {
    let town = Town::new().await;
    let (opened, unit) = town.dispatched(FAMILY, EAST).await;
    let case = opened.done.case;
    town.act(case, ("handler", &unit), "sign", &[]).await;
    let reply = [("answer", "已经调解"), ("outcome", "resolved")];
    town.act(case, ("handler", &unit), "submit_reply", &reply).await;
    town.act(case, ("reviewer", &unit), "approve_reply", &[]).await;
    for hours in [0, 1, 24] {
        town.wait(hours);
        town.act(case, ("visitor", DESK), "try_contact", &[("try_channel", "phone")]).await;
    }
    let visitor = town.get("/visits", &town.cookie("visitor", DESK).await).await;
    let text = ok(&visitor);
    let row = visitor.row(&opened.number);
    for word in ["邻居家的事", "东区妇联", "安全联系方式：只在上午打", "2 / 3", "开始"]
    {
        assert!(row.iter().any(|w| w == word), "{word} in {row:?}");
    }
    assert!(text.contains("对办理结果") && text.contains("非常不满意"), "{text}");
    // Whoever handled it sees it, but does not make the call.
    let handler = town.get("/visits", &town.cookie("reviewer", &unit).await).await;
    assert!(!handler.row(&opened.number).contains(&"开始".to_owned()));

    let notices = ok(&town.get("/notices", &town.cookie("handler", &unit).await).await);
    // The day that was named when it was assigned: the next working day, not a later stage.
    let words = format!("编号{}已派至你单位，请于2026-06-11 18:00前登录系统签收", opened.number);
    assert!(notices.contains(&words), "{notices}");
    assert!(notices.contains("<span class=\"state\">待回访</span>"), "{notices}");
    assert!(!notices.contains("{{") && !notices.contains("邻居"), "{notices}");
}
