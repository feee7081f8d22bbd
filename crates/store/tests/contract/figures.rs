//! Figures: what each step of a case does to them, and the way from a number to its records.

use crate::{cast::*, raw};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Staff},
    figure::{AnyAmount, Figures, Period},
    pack::{Pack, Unit, Units},
};
use std::sync::Arc;
use store::{FigureAsk, FigureRecord, RecordCursor};
use testkit::{Appeal, Stand, actor, unit};

testkit::both!(
    each_step_moves_what_it_must,
    merged_cases_count_once,
    a_person_counts_once_and_a_visit_each_time,
    what_nobody_said_is_not_zero,
    a_number_leads_to_its_records,
    forged_figures_are_found,
    cells_of_people_are_added_once,
    another_definition_is_counted_again,
    lists_and_counts_follow_a_unit_that_moved,
    a_unit_that_moved_is_counted_where_it_is_now,
);

/// What a figure says: its number, or none.
pub async fn told(stand: &Stand, figure: &str, unit: &str, period: &str) -> Option<i64> {
    let figure = stand.pack.figures.get(figure).unwrap_or_else(|| panic!("no figure {figure}"));
    let period = Period::parse(period).unwrap();
    let today = stand.pack.date_of(stand.clock.now());
    let ask = FigureAsk { figure, unit, period };
    let value = stand.store.figure_values(&[ask], today).await.unwrap().remove(0);
    value.amount.map(|amount| {
        assert_eq!(amount.word(), figure.word);
        amount.count()
    })
}

/// Every record of a number, page after page.
pub async fn records(
    stand: &Stand,
    viewer: &Viewer,
    (figure, unit, period): (&str, &str, &str),
) -> Vec<FigureRecord> {
    let figure = stand.pack.figures.get(figure).unwrap();
    let ask = FigureAsk { figure, unit, period: Period::parse(period).unwrap() };
    let today = stand.pack.date_of(stand.clock.now());
    let (mut all, mut cursor): (Vec<FigureRecord>, Option<RecordCursor>) = (Vec::new(), None);
    loop {
        let asked = stand.store.records_of((&stand.pack, viewer), ask, today, cursor.as_ref());
        let page = asked.await.unwrap();
        all.extend(page.records);
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

async fn sound(stand: &Stand) {
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn each_step_moves_what_it_must(stand: Stand) {
    let march = "2025-03";
    let case = assigned(&stand, &Appeal::new("1302", "村里的路"), unit::EAST).await;
    for (unit, received, open) in [
        (unit::CITY, 1, 1),
        (unit::EAST, 1, 1),
        (unit::WEST, 0, 0),
        (unit::EAST_TOWN, 0, 0),
        (unit::HOTLINE, 0, 0),
    ] {
        assert_eq!(told(&stand, "appeals_received", unit, march).await, Some(received), "{unit}");
        assert_eq!(told(&stand, "appeals_open", unit, march).await, Some(open), "{unit}");
        assert_eq!(told(&stand, "appeals_closed", unit, march).await, Some(0), "{unit}");
    }
    // Before it begins and in what has not come there is no number.
    assert_eq!(told(&stand, "appeals_received", unit::CITY, "2017").await, None);
    assert_eq!(told(&stand, "appeals_received", unit::CITY, "2025-04").await, None);
    assert_eq!(told(&stand, "appeals_received", unit::CITY, "2025-02").await, Some(0));

    stand.act(&east_handler(), case, "sign", &[]).await;
    reply(&stand, case, &east_handler(), &east_reviewer()).await;
    stand.clock.advance_hours(24 * 30);
    visited(&stand, case, &city_visitor(), "record_visit", "5").await;
    // It waited for its visit one level higher, and still does at the end of March.
    assert_eq!(told(&stand, "appeals_open", unit::EAST, march).await, Some(0));
    assert_eq!(told(&stand, "appeals_open", unit::CITY, march).await, Some(1));
    assert_eq!(told(&stand, "appeals_open", unit::CITY, "2025-04").await, Some(0));
    assert_eq!(told(&stand, "appeals_closed", unit::EAST, "2025-04").await, Some(1));
    assert_eq!(told(&stand, "appeal_answers", unit::CITY, march).await, Some(1));
    assert_eq!(told(&stand, "appeals_visited", unit::CITY, "2025").await, Some(1));
    sound(&stand).await;

    // Taken up again, it was not closed; closed again, it counts once, in the later month.
    stand.act(&Actor::Appellant(case), case, "reopen", &[("reason", "又有新情况")]).await;
    assert_eq!(told(&stand, "appeals_closed", unit::CITY, "2025-04").await, Some(0));
    assert_eq!(told(&stand, "appeals_open", unit::CITY, "2025-04").await, Some(1));
    stand.act(&dispatcher(), case, "dispatch_to", &[("unit", unit::WEST)]).await;
    stand.act(&west_handler(), case, "sign", &[]).await;
    assert_eq!(told(&stand, "appeals_received", unit::EAST, march).await, Some(0));
    assert_eq!(told(&stand, "appeals_received", unit::WEST, march).await, Some(1));
    assert_eq!(told(&stand, "appeals_open", unit::CITY, march).await, Some(1), "what was, was");
    assert_eq!(told(&stand, "appeals_open", unit::WEST, "2025-04").await, Some(1));
    sound(&stand).await;
}

async fn merged_cases_count_once(stand: Stand) {
    let main = stand.open(&Appeal::new("1302", "主件")).await;
    let other = to_triage(&stand, &Appeal::new("1302", "从件"), "1302").await;
    let city = |figure| told(&stand, figure, unit::CITY, "2025-03");
    assert_eq!(city("appeals_received").await, Some(2));
    stand.act(&triage(), other, "merge", &[("main", &main.number)]).await;
    assert_eq!((city("appeals_received").await, city("appeals_open").await), (Some(1), Some(1)));
    stand.act(&triage(), other, "unmerge", &[("reason", "不是同一件事")]).await;
    assert_eq!((city("appeals_received").await, city("appeals_open").await), (Some(2), Some(2)));
    stand.act(&triage(), other, "merge", &[("main", &main.number)]).await;
    let main = main.done.case;
    stand.act(&operator(), main, "register", &[("category", "1302")]).await;
    stand.act(&operator(), main, "to_triage", &[]).await;
    stand.act(&dispatcher(), main, "dispatch_to", &[("unit", unit::EAST)]).await;
    stand.act(&east_handler(), main, "sign", &[]).await;
    reply(&stand, main, &east_handler(), &east_reviewer()).await;
    visited(&stand, main, &city_visitor(), "record_visit", "5").await;
    stand.tick().await;
    assert_eq!(stand.page(other).await.case.state, "closed");
    assert_eq!(city("appeals_closed").await, Some(1));
    let first = records(&stand, &Viewer::System, ("appeals_closed", unit::CITY, "2025")).await;
    assert_eq!(first.len(), 1);
    sound(&stand).await;
}

async fn closed(stand: &Stand, appeal: &Appeal) -> CaseId {
    let case = visiting(stand, appeal).await;
    visited(stand, case, &city_visitor(), "record_visit", "5").await;
    case
}

async fn a_person_counts_once_and_a_visit_each_time(stand: Stand) {
    let one = || Appeal::new("1302", "又是我");
    closed(&stand, &one()).await;
    closed(&stand, &one().with("contact_phone", "100 0000 0001")).await;
    closed(&stand, &one().with("contact_phone", "10000000002")).await;
    stand.clock.advance_hours(24 * 31);
    let april = closed(&stand, &one()).await;
    for (period, people, visits) in [
        ("2025-03", 2, 3),
        ("2025-04", 1, 1),
        ("2025", 2, 4),
        ("to-2025-03", 2, 3),
        ("to-2025-04", 2, 4),
    ] {
        assert_eq!(
            told(&stand, "appeals_people", unit::CITY, period).await,
            Some(people),
            "{period}"
        );
        assert_eq!(
            told(&stand, "appeals_visited", unit::CITY, period).await,
            Some(visits),
            "{period}"
        );
    }
    sound(&stand).await;
    // Another telephone makes another person of the last one.
    stand.act(&Actor::Appellant(april), april, "reopen", &[("reason", "换了号码")]).await;
    assert_eq!(told(&stand, "appeals_people", unit::CITY, "2025-04").await, Some(0));
    sound(&stand).await;
    let rows = raw::rows(&stand, "SELECT tag FROM visits").await;
    assert!(rows.iter().all(|r| r[0].len() == 32 && !r[0].contains("10000000")), "{rows:?}");
}

async fn what_nobody_said_is_not_zero(stand: Stand) {
    let silent = Appeal::new("1302", "不留电话").with("contact_phone", "");
    closed(&stand, &silent).await;
    assert_eq!(told(&stand, "appeals_people", unit::CITY, "2025-03").await, None);
    closed(&stand, &Appeal::new("1302", "留了电话")).await;
    let figure = stand.pack.figures.get("appeals_people").unwrap();
    let ask = FigureAsk { figure, unit: unit::CITY, period: Period::Month(2025, 3) };
    let today = stand.pack.date_of(stand.clock.now());
    let value = stand.store.figure_values(&[ask], today).await.unwrap().remove(0);
    assert_eq!((value.amount.map(AnyAmount::count), value.unknown), (Some(1), 1));
    let all = records(&stand, &Viewer::System, ("appeals_people", unit::CITY, "2025")).await;
    let mut amounts: Vec<Option<i64>> = all.iter().map(|r| r.amount).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [None, Some(1)]);
    sound(&stand).await;
}

async fn a_number_leads_to_its_records(stand: Stand) {
    for n in 0..45 {
        let to = [unit::EAST, unit::WEST, unit::EAST_TOWN][n % 3];
        assigned(&stand, &Appeal::new("1302", "很多件"), to).await;
    }
    let staff = |role: &str, unit: &str| {
        let staff = Staff { account: 9, unit: unit.to_owned(), roles: vec![role.to_owned()] };
        Viewer::Staff(staff, stand.clock.now())
    };
    for (unit, count) in
        [(unit::CITY, 45), (unit::EAST, 30), (unit::WEST, 15), (unit::EAST_TOWN, 15)]
    {
        for figure in ["appeals_received", "appeals_open"] {
            assert_eq!(told(&stand, figure, unit, "2025-03").await, Some(count), "{figure} {unit}");
            let all = records(&stand, &Viewer::System, (figure, unit, "2025-03")).await;
            let mut numbers: Vec<String> =
                all.into_iter().map(|r| r.case.expect("shown").number).collect();
            numbers.sort();
            numbers.dedup();
            assert_eq!(numbers.len(), usize::try_from(count).unwrap(), "{figure} {unit}");
        }
    }
    let west =
        records(&stand, &staff("leader", unit::WEST), ("appeals_open", unit::WEST, "2025")).await;
    assert_eq!(west.len(), 15);
    assert!(west.iter().all(|r| r.case.is_some()));
    let asked = ("appeals_open", unit::CITY, "2025");
    assert!(records(&stand, &staff("leader", unit::WEST), asked).await.is_empty(), "not theirs");
    assert!(records(&stand, &Viewer::Public, asked).await.is_empty());

    let marks = stand.store.figures_of((&stand.pack, &Viewer::System), 1).await.unwrap().unwrap();
    let names: Vec<&str> = marks.iter().map(|m| m.figure.as_str()).collect();
    assert!(names.contains(&"appeals_received") && names.contains(&"appeals_open"), "{names:?}");
    let hidden = stand.store.figures_of((&stand.pack, &Viewer::Public), 1).await.unwrap();
    assert_eq!(hidden, None);
    sound(&stand).await;
}

async fn forged_figures_are_found(stand: Stand) {
    let case = closed(&stand, &Appeal::new("1302", "原来的")).await;
    sound(&stand).await;
    for (broken, mended, what) in [
        (
            "UPDATE counts SET n = n + 1 WHERE name LIKE 'figure appeals_closed.1 wf-9901 %'",
            "UPDATE counts SET n = n - 1 WHERE name LIKE 'figure appeals_closed.1 wf-9901 %'",
            "a recount gives",
        ),
        (
            "UPDATE marks SET amount = 2 WHERE figure = 'appeals_closed.1'",
            "UPDATE marks SET amount = 1 WHERE figure = 'appeals_closed.1'",
            "missing or differs",
        ),
        ("UPDATE visits SET n = 2", "UPDATE visits SET n = 1", "more or less often"),
        (
            "UPDATE cases SET tally = replace(tally, '\"a\":\"sign\"', '\"a\":\"take\"')",
            "UPDATE cases SET tally = replace(tally, '\"a\":\"take\"', '\"a\":\"sign\"')",
            "differs from the entries",
        ),
    ] {
        raw::run(&stand, broken).await;
        let troubles = stand.troubles().await;
        assert!(troubles.iter().any(|t| t.contains(what)), "{broken}: {troubles:#?}");
        raw::run(&stand, mended).await;
        assert_eq!(stand.troubles().await, Vec::<String>::new(), "after {mended}");
    }
    let _ = case;
}

/// The table of visits as it was before: a row for the unit that is credited and for each above it.
async fn people_of_every_level(stand: &Stand) {
    raw::run(
        stand,
        "CREATE TABLE figure_people (
           name TEXT NOT NULL, tag TEXT NOT NULL, month TEXT NOT NULL, n BIGINT NOT NULL)",
    )
    .await;
    for row in raw::rows(stand, "SELECT figure, tag, units, month, n FROM visits").await {
        for unit in row[2].split_whitespace() {
            let (figure, tag, month, n) = (&row[0], &row[1], &row[3], &row[4]);
            let values = format!("('figure {figure} {unit} ', '{tag}', '{month}', {n})");
            raw::run(stand, &format!("INSERT INTO figure_people VALUES {values}")).await;
        }
    }
    raw::run(stand, "DROP TABLE visits").await;
}

/// An older program counted people without the cells of who came first in a year, and of its parts, and
/// anew for each level of units.
async fn cells_of_people_are_added_once(stand: Stand) {
    for n in 0..3 {
        let phone = format!("1000000{n:04}");
        closed(&stand, &Appeal::new("1302", "来过").with("contact_phone", &phone)).await;
        stand.clock.advance_hours(24 * 31);
        closed(&stand, &Appeal::new("1302", "又来").with("contact_phone", &phone)).await;
    }
    sound(&stand).await;
    // Whoever comes again in another month is no other person.
    let figure = stand.pack.figures.get("appeals_people").unwrap();
    let today = stand.pack.date_of(stand.clock.now());
    let course =
        stand.store.course(&Viewer::System, (figure, unit::CITY), 2025, today).await.unwrap();
    let people: Vec<Option<i64>> = course.iter().map(|r| r.value).collect();
    assert_eq!(people, [0, 0, 1, 2, 3, 3].map(Some));
    for (period, people) in [("2025-q1", 1), ("2025-q2", 3), ("2025-h1", 3), ("2025-h2", 0)] {
        let told = told(&stand, "appeals_people", unit::CITY, period).await;
        let begun = period != "2025-h2";
        assert_eq!(told, begun.then_some(people), "{period}");
    }
    let cells = "SELECT COUNT(*) FROM counts WHERE name LIKE 'figure appeals_people.1 %y' \
        OR unit LIKE '2025-q_' OR unit LIKE '2025-h_'";
    let before = raw::number(&stand, cells).await;
    assert!(before > 3, "{before}");
    for cells in ["name LIKE 'figure %y'", "unit LIKE '2025-q_'", "unit LIKE '2025-h_'"] {
        raw::run(&stand, &format!("DELETE FROM counts WHERE {cells}")).await;
    }
    people_of_every_level(&stand).await;
    raw::run(&stand, "DROP TABLE export_pieces").await;
    raw::run(&stand, "DELETE FROM migrations WHERE version >= 11").await;
    let stand = stand.reopened().await;
    sound(&stand).await;
    assert_eq!(raw::number(&stand, cells).await, before);
}

/// A program that counted nothing, or counted otherwise, left its cases behind.
async fn another_definition_is_counted_again(stand: Stand) {
    let pack: &Arc<_> = &stand.pack;
    closed(&stand, &Appeal::new("1302", "旧的")).await;
    assigned(&stand, &Appeal::new("1302", "新的"), unit::WEST).await;
    assert_eq!(stand.store.count_figures(pack, |_| {}).await.unwrap(), 2);
    assert_eq!(stand.store.count_figures(pack, |_| {}).await.unwrap(), 0, "nothing has changed");
    sound(&stand).await;
    // As an older program would have left them; tags of persons cannot be made again.
    raw::run(&stand, "DELETE FROM marks").await;
    raw::run(&stand, "DELETE FROM visits").await;
    raw::run(&stand, "DELETE FROM counts WHERE name LIKE 'figure %'").await;
    raw::run(&stand, "UPDATE cases SET tally = NULL").await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains("never counted")), "{troubles:#?}");
    raw::run(&stand, "DELETE FROM figure_signature").await;
    assert_eq!(stand.store.count_figures(pack, |_| {}).await.unwrap(), 2);
    sound(&stand).await;
    assert_eq!(told(&stand, "appeals_received", unit::CITY, "2025-03").await, Some(2));
    assert_eq!(told(&stand, "appeals_closed", unit::EAST, "2025").await, Some(1));
    let other = raw::blob(&stand, &"ab".repeat(32));
    raw::run(&stand, &format!("UPDATE figure_signature SET signature = {other}")).await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains("other definitions")), "{troubles:#?}");
}

/// The sample city after a reform: the eastern town belongs to the western county, and from April on
/// only appeals of one category are counted as received.
fn reformed() -> Pack {
    let mut pack = Arc::into_inner(testkit::own_pack()).unwrap();
    let units: Vec<Unit> = pack.units.iter().cloned().collect();
    let kinds: Vec<_> =
        units.iter().filter_map(|unit| pack.units.kind(&unit.kind)).cloned().collect();
    let moved = units.into_iter().map(|mut unit| {
        if unit.code == unit::EAST_TOWN {
            unit.parent = Some(unit::WEST.to_owned());
        }
        unit
    });
    pack.units = Units::new(kinds, moved);
    let mut figures: Vec<_> = pack.figures.iter().cloned().collect();
    let received = figures.iter_mut().find(|f| f.code == "appeals_received").unwrap();
    let mut next = received.versions[0].clone();
    (next.number, next.since) = (2, "2025-04-01".parse().unwrap());
    next.filter.category = vec!["0503".to_owned()];
    received.versions.push(next);
    pack.figures = Figures::new(figures);
    pack
}

/// Dispatched to the town, with the category that counts from April on.
async fn of_another_category(stand: &Stand, summary: &str) -> CaseId {
    let case = to_triage(stand, &Appeal::new("0503", summary), "0503").await;
    stand.act(&dispatcher(), case, "dispatch_to", &[("unit", unit::EAST_TOWN)]).await;
    case
}

async fn a_unit_that_moved_is_counted_where_it_is_now(mut stand: Stand) {
    assigned(&stand, &Appeal::new("1302", "县里的"), unit::EAST).await;
    assigned(&stand, &Appeal::new("1302", "街上的"), unit::EAST_TOWN).await;
    closed(&stand, &Appeal::new("1302", "办完的")).await;
    stand.clock.set("2025-04-10T09:00+08:00");
    assigned(&stand, &Appeal::new("1302", "四月的"), unit::EAST_TOWN).await;
    of_another_category(&stand, "四月的另一件").await;
    sound(&stand).await;
    assert_eq!(told(&stand, "appeals_received", unit::EAST, "2025").await, Some(5));
    assert_eq!(told(&stand, "appeals_received", unit::WEST, "2025").await, Some(0));

    stand.pack = Arc::new(reformed());
    assert_eq!(stand.store.count_figures(&stand.pack, |_| {}).await.unwrap(), 5);
    sound(&stand).await;
    for (figure, unit, period, number) in [
        // March by the old definition, April by the new one.
        ("appeals_received", unit::CITY, "2025-03", 3),
        ("appeals_received", unit::CITY, "2025-04", 1),
        ("appeals_received", unit::CITY, "2025", 4),
        ("appeals_received", unit::EAST, "2025", 2),
        ("appeals_received", unit::WEST, "2025", 2),
        ("appeals_received", unit::EAST_TOWN, "2025", 2),
        // What stands in the town stands in its county of now, in months before the reform too.
        ("appeals_open", unit::EAST, "2025-03", 1),
        ("appeals_open", unit::WEST, "2025-03", 1),
        ("appeals_open", unit::EAST, "2025-04", 1),
        ("appeals_open", unit::WEST, "2025-04", 3),
        ("appeals_open", unit::CITY, "2025-04", 4),
        ("appeals_people", unit::EAST, "2025", 1),
        ("appeals_people", unit::WEST, "2025", 0),
        ("appeals_people", unit::CITY, "2025", 1),
    ] {
        assert_eq!(
            told(&stand, figure, unit, period).await,
            Some(number),
            "{figure} {unit} {period}"
        );
        let found = records(&stand, &Viewer::System, (figure, unit, period)).await;
        let sum: i64 = found.iter().filter_map(|record| record.amount).sum();
        assert_eq!(sum, number, "records of {figure} {unit} {period}");
    }
    let figure = stand.pack.figures.get("appeals_received").unwrap();
    let ask = FigureAsk { figure, unit: unit::WEST, period: Period::Year(2025) };
    let today = stand.pack.date_of(stand.clock.now());
    let value = stand.store.figure_values(&[ask], today).await.unwrap().remove(0);
    assert_eq!(value.versions, [1, 2]);
    // Who has moved is helped on: the next step is counted in the new county alone.
    let next = of_another_category(&stand, "改革以后的").await;
    assert_eq!(told(&stand, "appeals_received", unit::WEST, "2025-04").await, Some(2));
    assert_eq!(stand.page(next).await.case.unit, unit::EAST_TOWN);
    sound(&stand).await;
}

/// Cases of a town that nobody has signed for and that somebody works on, and one of its county.
async fn on_the_lists_of_the_town(stand: &Stand) -> [CaseId; 3] {
    let open = assigned(stand, &Appeal::new("1302", "等签收"), unit::EAST_TOWN).await;
    let signed = assigned(stand, &Appeal::new("1302", "在办的"), unit::EAST_TOWN).await;
    stand.act(&town_handler(), signed, "sign", &[]).await;
    let county = assigned(stand, &Appeal::new("1302", "县里的"), unit::EAST).await;
    [open, signed, county]
}

/// Lists and counts go along with a unit; people go on working while it is moved, before the program
/// has come to their case and after it.
async fn lists_and_counts_follow_a_unit_that_moved(mut stand: Stand) {
    let [open, signed, _] = on_the_lists_of_the_town(&stand).await;
    let at = |unit: &'static str| format!("SELECT COUNT(*) FROM desk WHERE unit = '{unit}'");
    assert_eq!(raw::number(&stand, &at(unit::EAST)).await, 3);
    assert_eq!(raw::number(&stand, &at(unit::WEST)).await, 0);

    stand.pack = Arc::new(reformed());
    // The program has not come to this one yet.
    stand.act(&town_handler(), open, "sign", &[]).await;
    assert_eq!(raw::number(&stand, &at(unit::WEST)).await, 1);
    assert_eq!(stand.store.count_figures(&stand.pack, |_| {}).await.unwrap(), 3);
    assert_eq!(raw::number(&stand, &at(unit::WEST)).await, 2);
    assert_eq!(raw::number(&stand, &at(unit::EAST)).await, 1);
    sound(&stand).await;
    stand.act(&actor(22, unit::EAST_TOWN, "handler"), signed, "take", &[]).await;
    sound(&stand).await;

    // And back again.
    stand.pack = testkit::own_pack();
    assert_eq!(stand.store.count_figures(&stand.pack, |_| {}).await.unwrap(), 3);
    assert_eq!(raw::number(&stand, &at(unit::WEST)).await, 0);
    sound(&stand).await;
}
