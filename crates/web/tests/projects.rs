//! Practical projects as browsers get them: the table and the case page of staff, the board of the
//! public.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod town;

use axum::http::StatusCode;
use domain::{access::Viewer, case::Actor, field, guarded::Barred, secrecy::Change};
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
    propose_by(town, CITY, (programme, figure, goal), &[]).await
}

async fn propose_by(
    town: &Town,
    unit: &str,
    (programme, figure, goal): (&str, &str, &str),
    more: &[(&str, &str)],
) -> (i64, String) {
    let flow = town.pack.workflow("project").unwrap();
    let fields = [
        ("year", "2026"),
        ("for_whom", "women"),
        ("figure", figure),
        ("goal", goal),
        ("from", "2026-01-01"),
        ("until", "2026-12-31"),
    ];
    let all = fields.iter().chain(more);
    let raw = all.map(|(k, v)| ((*k).to_owned(), vec![(*v).to_owned()])).collect();
    let given = field::check(&town.pack, flow, &flow.opening.fields, &raw).unwrap();
    let new = NewCase {
        command: rand_command(&format!("{programme} {unit}")),
        actor: Actor::Staff(town.staff("handler", unit).await),
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

/// Made public by a unit for itself.
async fn promised_by(town: &Town, unit: &str) {
    promised_of(town, unit, ("project_dark", "appeals_people", "50")).await;
}

async fn promised_of(town: &Town, unit: &str, target: (&str, &str, &str)) {
    let (case, _) = propose_by(town, unit, target, &[]).await;
    town.act(case, ("reviewer", unit), "screen", &[]).await;
    town.act(case, ("leader", unit), "approve", &[]).await;
    town.act(case, ("reviewer", unit), "publish", &[("lead", unit)]).await;
}

/// One person, helped to the end.
async fn helped(town: &Town) {
    helped_in(town, EAST, "10000000001").await;
}

/// Somebody with this telephone in this place, helped to the end.
async fn helped_in(town: &Town, place: &str, phone: &str) {
    let fields = [
        ("channel", "web"),
        ("category", "0101"),
        ("summary", "邻居家的事"),
        ("place", place),
        ("contact_name", "样小燕"),
        ("contact_phone", phone),
    ];
    let case = town.open("appeal", &fields).await.done.case;
    town.act(case, ("operator", unit::HOTLINE), "register", &[("category", "0101")]).await;
    town.act(case, ("triage", unit::HOTLINE), "to_triage", &[]).await;
    let triage = ("triage", unit::HOTLINE);
    town.act(case, triage, "dispatch", &[("instruction", "当天联系")]).await;
    let unit = town.unit_of(case).await;
    let handler = ("handler", unit.as_str());
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

/// What is refused without a programme does not call it optional.
#[tokio::test]
async fn a_project_is_opened_under_a_programme() {
    let town = Town::new().await;
    let handler = town.cookie("handler", CITY).await;
    let page = ok(&town.get("/new/project", &handler).await);
    let label = |page: &str| {
        let label = page.split("<label for=\"programme\">").nth(1).expect("a programme");
        label.split("</select>").next().unwrap_or_default().to_owned()
    };
    assert!(label(&page).contains(" required>") && !label(&page).contains("可不填"), "{page}");
    let page = ok(&town.get("/new/mediation", &handler).await);
    assert!(label(&page).contains("可不填") && !label(&page).contains(" required>"), "{page}");
}

#[tokio::test]
async fn milestones_are_told_with_how_they_stand() {
    let town = Town::new().await;
    let stages = [
        ("stage_1", "placed"),
        ("stage_1_on", "2026-02-01"),
        ("stage_1_value", "2"),
        ("stage_2", "half"),
        ("stage_2_on", "2026-09-30"),
        ("stage_2_value", "5"),
    ];
    let target = ("project_visits", "appeals_received", "10");
    let (case, number) = propose_by(&town, CITY, target, &stages).await;
    approve(&town, case).await;
    publish(&town, case).await;
    let leader = town.cookie("leader", CITY).await;
    let on_the_case = |page: &str| {
        let table = page.split("<caption>节点</caption>").nth(1).expect("the milestones");
        table.split("</table>").next().unwrap_or_default().to_owned()
    };
    let told = on_the_case(&ok(&town.get(&format!("/cases/{number}"), &leader).await));
    for words in ["场地设备到位", "2026年2月1日", "2 件", "未按期达到", "任务过半", "未到期"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let board = ok(&town.get("/projects/public?year=2026", "").await);
    assert!(board.contains("2026年2月1日、场地设备到位：2 件"), "{board}");
    assert!(board.contains("未按期达到") && !board.contains("已达到"), "{board}");
    for _ in 0..2 {
        town.dispatched("0101", EAST).await;
    }
    let told = on_the_case(&ok(&town.get(&format!("/cases/{number}"), &leader).await));
    assert!(told.contains("已达到") && !told.contains("未按期达到"), "{told}");
    // What was promised of milestones is told as what was promised, not as what was typed.
    let page = ok(&town.get(&format!("/cases/{number}"), &leader).await);
    assert!(!page.contains("<dt>节点一</dt>"), "{page}");
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
    // Nor does the course through the year.
    let kept_out = Actor::Staff(town.staff("leader", CITY).await);
    let figure = town.pack.figures.get("appeals_received").unwrap();
    let today = town.pack.date_of(town.now());
    for (viewer, told) in [(Viewer::System, 2), (Viewer::of(&kept_out, town.now()), 1)] {
        let course = town.store.course(&viewer, (figure, CITY), 2026, today).await.unwrap();
        assert_eq!(course.last().unwrap().value, Some(told));
    }
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
    assert!(page.contains("由此可以推出，不公布") && !page.contains("1 人"), "{page}");
    assert!(!page.contains("<progress") && !page.contains("class=\"light"), "{page}");
    let leader = town.cookie("leader", CITY).await;
    let staff = ok(&town.get("/projects?year=2026", &leader).await);
    assert!(staff.contains("1 人") && !staff.contains("不公布"), "{staff}");
}

/// A county's number of anything is a part of the city's, which a release would keep back where it is
/// small; what one kept back stands on no board either, nor what would tell it.
#[tokio::test]
async fn a_board_keeps_back_what_a_release_keeps_back() {
    const WEST: &str = "990121000000";
    let town = Town::new().await;
    let received = ("project_visits", "appeals_received", "50");
    for unit in [CITY, unit::EAST, unit::WEST] {
        promised_of(&town, unit, received).await;
    }
    let board = |unit: &'static str| {
        let path = format!("/projects/public?year=2026&unit={unit}");
        let town = &town;
        async move { ok(&town.get(&path, "").await) }
    };
    for place in [EAST, EAST, EAST, WEST, WEST, WEST, WEST, WEST] {
        town.dispatched("0101", place).await;
    }
    assert!(board(CITY).await.contains("<b>进度：8 件</b>"));
    for unit in [unit::EAST, unit::WEST] {
        let page = board(unit).await;
        assert!(page.contains("由此可以推出，不公布") && !page.contains("<progress"), "{page}");
        assert!(!page.contains("3 件") && !page.contains("5 件，"), "{page}");
    }
    town.released("今年，收到诉求{appeals_received 2026}件").await;
    // Nothing is small now, but the release said how many there were of each, and kept two back.
    for place in [EAST, EAST, EAST, WEST] {
        town.dispatched("0101", place).await;
    }
    assert!(board(CITY).await.contains("<b>进度：12 件</b>"));
    for unit in [unit::EAST, unit::WEST] {
        let page = board(unit).await;
        assert!(page.contains("由此可以推出，不公布"), "{page}");
        assert!(!page.contains("<b>进度：6 件</b>"), "{page}");
    }
}

/// What a board tells of the one number on it.
fn told(page: &str) -> Option<i64> {
    let (_, rest) = page.split_once("<b>进度：").unwrap();
    let (words, _) = rest.split_once("</b>").unwrap();
    words.strip_suffix(" 人").map(|n| n.parse().unwrap())
}

/// The boards of the city and of its counties lie side by side, and somebody subtracts. After each
/// person who is helped, nobody finds a number of people below five from what they tell.
#[tokio::test]
async fn nobody_finds_few_people_by_subtracting_one_board_from_another() {
    const WEST: &str = "990121000000";
    let town = Town::new().await;
    for unit in [CITY, unit::EAST, unit::WEST] {
        promised_by(&town, unit).await;
    }
    let few = |n: i64| (1..5).contains(&n);
    let mut kept_back = 0;
    let places = [EAST, EAST, WEST, EAST, EAST, EAST, EAST, WEST, EAST, WEST, WEST, WEST, EAST];
    let mut helped = std::collections::BTreeMap::from([(EAST, 0), (WEST, 0)]);
    for (n, place) in places.into_iter().enumerate() {
        helped_in(&town, place, &format!("1000000{n:04}")).await;
        *helped.get_mut(place).unwrap() += 1;
        let mut boards = Vec::new();
        for unit in [CITY, unit::EAST, unit::WEST] {
            let page = ok(&town.get(&format!("/projects/public?year=2026&unit={unit}"), "").await);
            let number = told(&page);
            // What would tell it in another way goes with the number.
            assert_eq!(page.contains("<progress"), number.is_some(), "{page}");
            assert_eq!(page.contains("class=\"light"), number.is_some(), "{page}");
            boards.push(number);
        }
        let [city, east, west] = boards.try_into().unwrap();
        for number in [city, east, west].into_iter().flatten() {
            assert!(!few(number), "{number} is told");
        }
        for below in [east, west].into_iter().flatten() {
            let rest = city.unwrap() - below;
            assert!(!few(rest), "{rest} are found from {city:?} and {below}");
        }
        kept_back += usize::from(helped[EAST] >= 5 && east.is_none());
        let all = if few(helped[EAST]) || few(helped[WEST]) { None } else { Some(helped[EAST]) };
        assert_eq!(east, all, "{helped:?}");
    }
    assert!(kept_back > 3, "a county of many was kept back beside one of few: {kept_back}");
}

#[tokio::test]
async fn the_budget_and_who_leads_are_shown_with_their_days() {
    let town = Town::new().await;
    let target = ("project_visits", "appeals_received", "10");
    let (case, number) = propose_by(&town, CITY, target, &[("budget", "500000")]).await;
    approve(&town, case).await;
    publish(&town, case).await;
    let board = ok(&town.get("/projects/public?year=2026", "").await);
    assert!(board.contains("预算：50万元"), "{board}");
    town.wait(48);
    let change = [
        ("lead", unit::WEST),
        ("budget", "1234567"),
        ("reason", "东区人手不足"),
        ("public_note", "牵头单位和预算有调整。"),
    ];
    town.act(case, ("handler", unit::EAST), "propose_change", &change).await;
    let board = ok(&town.get("/projects/public?year=2026", "").await);
    assert!(board.contains("预算：50万元") && !board.contains("牵头单位和预算有调整"), "{board}");
    let leader = town.cookie("leader", CITY).await;
    let waits = ok(&town.get(&format!("/cases/{number}"), &leader).await);
    assert!(waits.contains("<b>50万元</b>"), "what is proposed does not hold: {waits}");
    town.act(case, ("leader", CITY), "approve_change", &[]).await;
    let page = ok(&town.get(&format!("/cases/{number}"), &leader).await);
    for told in [
        "50万元 <span class=\"soft small\">自2026年6月10日起，至2026年6月12日止",
        "<b>1,234,567元</b> <span class=\"soft small\">自2026年6月12日起执行",
        "<b>西县妇联</b>",
        "东区妇联 <span",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("class=\"plan was\""), "the way to the goal is the same: {page}");
    let list = ok(&town.get("/projects?year=2026", &leader).await);
    assert!(list.contains("1,234,567元") && list.contains("西县妇联"), "{list}");
    let board = ok(&town.get("/projects/public?year=2026", "").await);
    assert!(board.contains("预算由 50万元 调整为 1,234,567元"), "{board}");
    assert!(board.contains("更换了牵头单位") && board.contains("牵头单位和预算有调整"), "{board}");
    for hidden in ["目标由", "东区", "西县", "人手不足"] {
        assert!(!board.contains(hidden), "{hidden}: {board}");
    }
}

#[tokio::test]
async fn an_agency_finds_the_project_that_it_leads_and_no_appeal() {
    let town = Town::new().await;
    let (case, number) = propose(&town, "project_visits", "appeals_received", "10").await;
    approve(&town, case).await;
    let (appeal, _) = town.dispatched("0101", EAST).await;
    let agency = town.cookie("agency", "education-990101").await;
    let path = format!("/cases/{number}");
    assert_eq!(town.get(&path, &agency).await.status, StatusCode::NOT_FOUND);
    town.act(case, ("reviewer", CITY), "publish", &[("lead", "education-990101")]).await;
    let page = ok(&town.get(&path, &agency).await);
    for action in ["月报", "提出调整", "申请验收"] {
        assert!(page.contains(action), "{action}: {page}");
    }
    assert!(!page.contains("/figures/"), "no way to records: {page}");
    let desk = ok(&town.get("/desk?flow=project", &agency).await);
    assert!(desk.contains(&path), "{desk}");
    let list = ok(&town.get("/projects?year=2026", &agency).await);
    assert!(list.contains(&path) && !list.contains("/figures/"), "{list}");
    let hidden = format!("/cases/{}", appeal.number);
    assert_eq!(town.get(&hidden, &agency).await.status, StatusCode::NOT_FOUND);
    let records = "/figures/appeals_received?unit=education-990101&period=2026";
    assert_ne!(town.get(records, &agency).await.status, StatusCode::OK);
}
