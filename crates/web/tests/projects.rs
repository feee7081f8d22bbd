//! Practical projects as browsers get them: the table and the case page of staff, the board of the
//! public.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod town;

use axum::http::StatusCode;
use domain::{case::Actor, field, guarded::Barred, secrecy::Change};
use store::{Guarding, NewCase};
use testkit::unit;
use town::{Answer, Town};

const EAST: &str = "990101000000";
const CITY: &str = unit::CITY;

fn ok(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

/// Proposed under a programme with a figure and a goal for 2026.
async fn propose(town: &Town, programme: &str, figure: &str, goal: &str) -> (i64, String) {
    let flow = town.pack.workflow("project").unwrap();
    let fields = [
        ("year", "2026"),
        ("for_whom", "women"),
        ("figure", figure),
        ("goal", goal),
        ("from", "2026-01-01"),
        ("until", "2026-12-31"),
    ];
    let raw = fields.map(|(k, v)| (k.to_owned(), vec![v.to_owned()])).into_iter().collect();
    let given = field::check(&town.pack, flow, &flow.opening.fields, &raw).unwrap();
    let new = NewCase {
        command: rand_command(programme),
        actor: Actor::Staff(town.staff("handler", CITY).await),
        workflow: "project".to_owned(),
        programme: Some(programme.to_owned()),
        given,
        then: Vec::new(),
        files: Vec::new(),
        receipt: store::new_receipt(),
        imported: None,
    };
    let opened = town.store.open_case(&town.pack, town.now(), new).await.unwrap();
    (opened.done.case, opened.number)
}

fn rand_command(name: &str) -> [u8; 16] {
    store::digest(name)
}

async fn approve(town: &Town, case: i64) {
    town.act(case, ("reviewer", CITY), "screen", &[]).await;
    town.act(case, ("leader", CITY), "approve", &[]).await;
}

async fn publish(town: &Town, case: i64) {
    town.act(case, ("reviewer", CITY), "publish", &[("lead", unit::EAST)]).await;
}

/// One person, helped to the end.
async fn helped(town: &Town) {
    let (opened, unit) = town.dispatched("0101", EAST).await;
    let (case, handler) = (opened.done.case, ("handler", unit.as_str()));
    town.act(case, handler, "sign", &[]).await;
    let reply = [("answer", "已上门调解"), ("outcome", "resolved")];
    town.act(case, handler, "submit_reply", &reply).await;
    town.act(case, ("reviewer", &unit), "approve_reply", &[]).await;
    let visit = [("attitude", "5"), ("result", "4"), ("visit_note", "本人接听")];
    town.act(case, ("visitor", unit::HOTLINE), "record_visit", &visit).await;
}

#[tokio::test]
async fn staff_see_light_forecast_and_the_way_to_the_records() {
    let town = Town::new().await;
    let (case, number) = propose(&town, "project_visits", "appeals_received", "10").await;
    approve(&town, case).await;
    publish(&town, case).await;
    let leader = town.cookie("leader", CITY).await;
    let page = ok(&town.get("/projects?year=2026", &leader).await);
    // 0 of 10 in June: 44 points behind.
    assert!(page.contains("light-red") && page.contains("落后 44 个百分点"), "{page}");
    assert!(page.contains("达不到目标") && page.contains(&format!("/cases/{number}")), "{page}");
    for _ in 0..4 {
        town.dispatched("0101", EAST).await;
    }
    let answer = town.get("/projects?year=2026", &leader).await;
    let page = ok(&answer);
    assert!(page.contains("4 件") && !page.contains("light-red"), "{page}");
    assert!(page.contains("/figures/appeals_received?unit=wf-9901"), "{page}");
    assert!(page.contains("共 1 项：绿灯 1"), "{page}");
    // Another year has none of it.
    assert!(!ok(&town.get("/projects?year=2025", &leader).await).contains("诉求回访"));
}

/// Whoever is kept out of a case finds her own number in the list, as on every other page of staff.
#[tokio::test]
async fn the_list_counts_nothing_that_one_is_kept_out_of() {
    let town = Town::new().await;
    let (case, _) = propose(&town, "project_visits", "appeals_received", "10").await;
    approve(&town, case).await;
    publish(&town, case).await;
    let (hidden, unit) = town.dispatched("0101", EAST).await;
    town.dispatched("0101", EAST).await;
    let leader = town.cookie("leader", CITY).await;
    assert!(ok(&town.get("/projects?year=2026", &leader).await).contains("</span>2 件</a>"));
    let out = Guarding {
        command: rand_command("bar"),
        actor: Actor::Staff(town.staff("leader", &unit).await),
        case: hidden.done.case,
        change: Change::Bar(Barred::Person(town.staff("leader", CITY).await.account)),
        reason: "与当事人同村".to_owned(),
    };
    town.store.guard(&town.pack, town.now(), out).await.unwrap();
    let page = ok(&town.get("/projects?year=2026", &leader).await);
    assert!(page.contains("</span>1 件</a>"), "{page}");
}

#[tokio::test]
async fn the_case_page_draws_the_course_and_keeps_old_targets() {
    let town = Town::new().await;
    let (case, number) = propose(&town, "project_visits", "appeals_received", "10").await;
    let leader = town.cookie("leader", CITY).await;
    let before = ok(&town.get(&format!("/cases/{number}"), &leader).await);
    assert!(
        before.contains("诉求回访 · 2026年") && !before.contains("class=\"chart\""),
        "{before}"
    );
    approve(&town, case).await;
    publish(&town, case).await;
    town.dispatched("0101", EAST).await;
    let change = [
        ("goal", "2"),
        ("until", "2026-12-31"),
        ("reason", "人手不足"),
        ("public_note", "因机构调整，目标调减。"),
    ];
    town.wait(48);
    town.act(case, ("handler", unit::EAST), "propose_change", &change).await;
    town.act(case, ("leader", CITY), "approve_change", &[]).await;
    // Two days later a session is over.
    let leader = town.cookie("leader", CITY).await;
    let page = ok(&town.get(&format!("/cases/{number}"), &leader).await);
    assert!(page.contains("<svg class=\"chart\"") && page.contains("<desc id=\"pj-d\">"), "{page}");
    assert!(page.contains("class=\"plan was\""), "the line of the old target: {page}");
    assert!(page.contains("自2026年6月10日起，至2026年6月12日止"), "{page}");
    assert!(page.contains("2 件，2026年12月31日前完成"), "{page}");
    let months = town.get(&format!("/cases/{number}"), &leader).await;
    assert_eq!(months.row("2026年5月")[1..3], ["0 件", "尚无目标"], "no target, no light");
    assert_eq!(months.row("2026年6月")[1], "1 件");
    // The county that has nothing is a gap.
    assert!(page.contains("本期没有数"), "{page}");
}

#[tokio::test]
async fn the_public_board_tells_what_was_promised_and_nothing_of_staff() {
    let town = Town::new().await;
    let board = |year: &'static str| {
        let town = &town;
        async move { ok(&town.get(&format!("/projects/public?year={year}"), "").await) }
    };
    assert!(board("2026").await.contains("这一年的项目还没有公布"));
    let (case, number) = propose(&town, "project_visits", "appeals_received", "10").await;
    approve(&town, case).await;
    assert!(board("2026").await.contains("这一年的项目还没有公布"));
    publish(&town, case).await;
    for _ in 0..3 {
        town.dispatched("0101", EAST).await;
    }
    let page = board("2026").await;
    assert!(page.contains("诉求回访") && page.contains("为妇女办的实事"), "{page}");
    assert!(page.contains("10 件，2026年12月31日前完成") && page.contains("3 件"), "{page}");
    assert!(page.contains("落后"), "the light in words: {page}");
    for hidden in ["/cases/", &number, "东", "handler", "leader"] {
        assert!(!page.contains(hidden), "{hidden}: {page}");
    }
    let change = [
        ("goal", "6"),
        ("until", "2026-12-31"),
        ("reason", "人手不足"),
        ("public_note", "因机构调整，目标调减。"),
    ];
    town.act(case, ("handler", unit::EAST), "propose_change", &change).await;
    let page = board("2026").await;
    assert!(
        page.contains("10 件，") && !page.contains("调减"),
        "not before it is approved: {page}"
    );
    town.act(case, ("leader", CITY), "approve_change", &[]).await;
    let page = board("2026").await;
    assert!(page.contains("目标由 10 件 调整为 6 件") && page.contains("目标调减"), "{page}");
    assert!(!page.contains("人手不足"), "the reason is for staff: {page}");
    assert!(page.len() < 100_000);
    assert!(board("2025").await.contains("这一年的项目还没有公布"));
    assert!(board("999999999").await.contains("诉求回访"), "no such year is this year");
    let home = ok(&town.get("/", "").await);
    assert!(home.contains("href=\"/projects/public\""), "{home}");
}

#[tokio::test]
async fn few_people_are_not_told_to_the_public() {
    let town = Town::new().await;
    let (case, _) = propose(&town, "project_dark", "appeals_people", "10").await;
    approve(&town, case).await;
    publish(&town, case).await;
    let none = ok(&town.get("/projects/public?year=2026", "").await);
    assert!(none.contains("0 人"), "{none}");
    helped(&town).await;
    let page = ok(&town.get("/projects/public?year=2026", "").await);
    assert!(page.contains("不足 5 人"), "{page}");
    assert!(!page.contains("<progress") && !page.contains("class=\"light"), "{page}");
    let leader = town.cookie("leader", CITY).await;
    let staff = ok(&town.get("/projects?year=2026", &leader).await);
    assert!(staff.contains("1 人") && !staff.contains("不足 5"), "{staff}");
}
