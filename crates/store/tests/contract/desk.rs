//! Work lists: the pages one after the other are the whole list, in order, whatever the filter.
//! Red cases stand first.

use crate::{cast::*, raw};
use domain::{
    case::{Actor, Staff},
    clock::Light,
};
use jiff::{SignedDuration, Timestamp};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use store::{CasesOf, DeskCase, DeskFilter, light};
use testkit::{Appeal, Stand, staff, unit};

testkit::both!(
    pages_are_the_whole_list,
    red_comes_first_however_late_the_others_are,
    a_place_in_an_address_names_no_case,
    a_narrow_filter_gives_up_and_goes_on,
    workflows_that_share_states_keep_apart,
    the_board_counts_what_the_lists_hold,
);

/// How far a random case goes, where, when, and as what.
#[derive(Debug, Clone)]
pub struct Fate {
    steps: usize,
    west: bool,
    category: &'static str,
    minutes: i64,
}

fn fates() -> impl Strategy<Value = Fate> {
    let category = prop::sample::select(vec!["1302", "0503", "0201", "0101", "1201"]);
    (0..7_usize, any::<bool>(), category, 0..600_i64)
        .prop_map(|(steps, west, category, minutes)| Fate { steps, west, category, minutes })
}

/// As many random cases, the same ones in every run.
pub fn drawn(number: usize) -> Vec<Fate> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    prop::collection::vec(fates(), number).new_tree(&mut runner).unwrap().current()
}

/// Who does what, with what filled in.
type Step<'a> = (Actor, &'a str, &'a [(&'a str, &'a str)]);

pub async fn live(stand: &Stand, fate: &Fate) {
    stand.clock.advance(SignedDuration::from_mins(fate.minutes));
    let place = if fate.west { unit::WEST_PLACE } else { unit::EAST_STREET };
    let appeal = Appeal::new(fate.category, "列表").with("place", place);
    let case = stand.open(&appeal).await.done.case;
    let steps: [Step<'_>; 5] = [
        (operator(), "register", &[("category", fate.category)]),
        (operator(), "to_triage", &[]),
        (dispatcher(), "dispatch", &[]),
        (city_leader(), "chase", &[("instruction", "速办")]),
        (city_leader(), "supervise", &[("level", "notice"), ("instruction", "速办")]),
    ];
    for (who, action, fields) in steps.into_iter().take(if fate.steps < 4 { fate.steps } else { 5 })
    {
        stand.act(&who, case, action, fields).await;
    }
    if fate.steps >= 5 {
        let unit = stand.page(case).await.case.unit;
        let handler = testkit::actor(90, &unit, "handler");
        stand.act(&handler, case, "sign", &[]).await;
        if fate.steps == 6 {
            let leader = [("reason", "等判决"), ("pause_until", "2025-06-30")];
            let red = stand.page(case).await.case.grade == "red";
            if !red {
                stand.act(&city_leader(), case, "suspend", &leader).await;
            }
        }
    }
}

/// Every page, one after the other.
pub async fn walk(
    stand: &Stand,
    who: &Staff,
    now: Timestamp,
    filter: &DeskFilter,
) -> Vec<DeskCase> {
    let mut all = Vec::new();
    let mut filter = filter.clone();
    for _ in 0..200 {
        let page = stand.store.desk(&stand.pack, who, now, &filter).await.unwrap();
        all.extend(page.cases);
        match page.next {
            Some(next) => filter.cursor = Some(next),
            None => return all,
        }
    }
    panic!("the list does not end");
}

/// Where a row stands: before all others or not, by when, which case, for which task.
type Row = (bool, i64, i64, Option<String>);

/// The same list straight from the table.
async fn expected(
    stand: &Stand,
    (unit, below): (&str, bool),
    now: Timestamp,
    filter: &DeskFilter,
) -> Vec<Row> {
    let sql = format!(
        "SELECT state, rank, case_id, yellow, grade, category FROM desk WHERE unit = '{unit}'"
    );
    let open = &stand.pack.workflows["appeal"];
    let rows = raw::rows(stand, &sql).await.into_iter().filter_map(|row| {
        let number = |n: usize| row[n].parse::<i64>().unwrap();
        let (rank, case, yellow) = (number(1), number(2), number(3));
        let (list, state) = row[0].split_once(':').unwrap();
        let task = list.starts_with('~').then(|| state.to_owned());
        let wanted = match (&filter.state, &task) {
            (Some(wanted), Some(kind)) => *wanted == format!("~{kind}"),
            (None, Some(_)) => true,
            // Whatever somebody took is in this list by its state as well.
            (_, None) if list.starts_with('@') => false,
            (Some(wanted), None) => wanted == state,
            (None, None) => open.state(state).unwrap().is_open(),
        };
        let above = list.starts_with(['^', '!']);
        let mine = below && filter.whose == CasesOf::Area || !above;
        let shines = filter.light.is_none_or(|l| l == light(rank, yellow, now));
        let graded = filter.grade.as_ref().is_none_or(|g| *g == row[4]);
        let fits = filter.category.as_ref().is_none_or(|c| row[5].starts_with(c.as_str()));
        (wanted && mine && shines && graded && fits).then_some((row[4] != "red", rank, case, task))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

async fn compare(stand: &Stand, who: &Staff, list: (&str, bool), filter: &DeskFilter) -> usize {
    let now = stand.clock.now();
    let expected = expected(stand, list, now, filter).await;
    let found = walk(stand, who, now, filter).await;
    let mut rows: Vec<Row> = found
        .iter()
        .map(|c| (c.case.grade != "red", c.lamp.due.as_microsecond(), c.case.id, c.task.clone()))
        .collect();
    assert!(rows.is_sorted_by_key(|r| (r.0, r.1, r.2)), "{filter:?}");
    rows.sort();
    assert_eq!(rows, expected, "{list:?} {filter:?}");
    for case in &found {
        assert!(filter.light.is_none_or(|l| l == case.lamp.light));
    }
    rows.len()
}

async fn pages_are_the_whole_list(stand: Stand) {
    for fate in drawn(150) {
        live(&stand, &fate).await;
    }
    let text = |t: &str| Some(t.to_owned());
    let none = DeskFilter::default;
    let filters = [
        none(),
        DeskFilter { whose: CasesOf::Unit, ..none() },
        DeskFilter { light: Some(Light::Red), ..none() },
        DeskFilter { light: Some(Light::Yellow), ..none() },
        DeskFilter { light: Some(Light::Green), ..none() },
        DeskFilter { grade: text("red"), ..none() },
        DeskFilter { grade: text("red"), light: Some(Light::Yellow), ..none() },
        DeskFilter { grade: text("yellow"), light: Some(Light::Red), ..none() },
        DeskFilter { category: text("02"), ..none() },
        DeskFilter { category: text("0503"), ..none() },
        DeskFilter { state: text("assigned"), ..none() },
        DeskFilter { state: text("suspended"), ..none() },
        DeskFilter { state: text("~co"), ..none() },
        DeskFilter { state: text("nowhere"), ..none() },
        DeskFilter { workflow: text("appeal"), ..none() },
    ];
    let lists = [
        (staff(5, unit::CITY, "leader"), (unit::CITY, true)),
        (staff(13, unit::EAST, "leader"), (unit::EAST, true)),
        (staff(11, unit::EAST, "handler"), (unit::EAST, false)),
        (staff(42, unit::EAST_JUSTICE, "agency"), (unit::EAST_JUSTICE, false)),
    ];
    let mut longest = 0;
    for (who, list) in &lists {
        for filter in &filters {
            longest = longest.max(compare(&stand, who, *list, filter).await);
        }
    }
    assert!(longest > 120, "several pages: {longest}");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn red_comes_first_however_late_the_others_are(stand: Stand) {
    let mut yellow = Vec::new();
    for n in 0..60 {
        yellow.push(stand.open(&Appeal::new("1302", &format!("建议{n}"))).await.done.case);
    }
    stand.clock.advance_hours(400);
    let red = stand.open(&Appeal::new("0205", "新来的急件")).await.done.case;
    let (who, now) = (staff(2, unit::HOTLINE, "triage"), stand.clock.now());
    let found = walk(&stand, &who, now, &DeskFilter::default()).await;
    let order: Vec<i64> = found.iter().map(|c| c.case.id).collect();
    assert_eq!(order, [&[red][..], &yellow].concat());
    assert!(
        found[1..].iter().all(|c| c.lamp.light == Light::Red && c.lamp.due < found[0].lamp.due)
    );
    let late = DeskFilter { light: Some(Light::Red), ..DeskFilter::default() };
    assert_eq!(walk(&stand, &who, now, &late).await.len(), 60);
    // Graded anew, it takes its place among the others.
    let first = yellow[59];
    stand.act(&operator(), first, "register", &[("category", "1302")]).await;
    stand.act(&operator(), first, "raise_grade", &[("grade", "red"), ("reason", "持刀")]).await;
    let page = stand.store.desk(&stand.pack, &who, now, &DeskFilter::default()).await.unwrap();
    let mut head: Vec<i64> = page.cases[..2].iter().map(|c| c.case.id).collect();
    head.sort_unstable();
    assert_eq!(head, [first, red]);
    // What is closed stands newest first, whatever its grade was.
    let mut closed = Vec::new();
    for (n, grade) in ["yellow", "red", "yellow"].into_iter().enumerate() {
        let case = visiting(&stand, &Appeal::new("1302", &format!("办结{n}"))).await;
        if grade == "red" {
            let raised = [("grade", grade), ("reason", "持刀")];
            stand.act(&city_visitor(), case, "raise_grade", &raised).await;
        }
        visited(&stand, case, &city_visitor(), "record_visit", "5").await;
        stand.clock.advance_hours(1);
        closed.insert(0, case);
    }
    let ended = DeskFilter { state: Some("closed".to_owned()), ..DeskFilter::default() };
    let found = walk(&stand, &who, stand.clock.now(), &ended).await;
    assert_eq!(found.iter().map(|c| c.case.id).collect::<Vec<_>>(), closed);
    assert_eq!(found[1].case.grade, "red");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_place_in_an_address_names_no_case(stand: Stand) {
    for n in 0..51 {
        stand.open(&Appeal::new("1302", &format!("建议{n}"))).await;
    }
    let (who, now) = (staff(2, unit::HOTLINE, "triage"), stand.clock.now());
    let page = stand.store.desk(&stand.pack, &who, now, &DeskFilter::default()).await.unwrap();
    let (last, next) = (page.cases.last().unwrap(), page.next.unwrap());
    let text = stand.store.cursor_text(next);
    assert_eq!(stand.store.cursor_of(&text), Some(next));
    let number = last.number.replace('-', "");
    assert!(text.ends_with(&format!(".{}", &number[2..10])), "{text} after {number}");
    for wrong in ["", "1", "1.2", "1.2.-3", "1.2.x", "1.2.3.4", "1.2.100000000", "_"] {
        assert_eq!(stand.store.cursor_of(wrong), None, "{wrong}");
    }
}

/// One rare case behind many others in the same list is reached, page after page.
async fn a_narrow_filter_gives_up_and_goes_on(stand: Stand) {
    for n in 0..130 {
        stand.open(&Appeal::new("1302", &format!("建议{n}"))).await;
    }
    stand.clock.advance_hours(2);
    let rare = stand.open(&Appeal::new("1202", "最后一件")).await.done.case;
    let filter = DeskFilter { category: Some("1202".to_owned()), ..DeskFilter::default() };
    let who = staff(2, unit::HOTLINE, "triage");
    let found = walk(&stand, &who, stand.clock.now(), &filter).await;
    assert_eq!(found.iter().map(|c| c.case.id).collect::<Vec<_>>(), [rare]);
    // A full last page says that it is the last.
    let by_summary = DeskFilter { category: Some("1302".to_owned()), ..DeskFilter::default() };
    let found = walk(&stand, &who, stand.clock.now(), &by_summary).await;
    assert_eq!(found.len(), 130);
}

async fn workflows_that_share_states_keep_apart(stand: Stand) {
    let case = visiting(&stand, &Appeal::new("1302", "已办结")).await;
    visited(&stand, case, &city_visitor(), "record_visit", "5").await;
    let who = staff(5, unit::CITY, "leader");
    let list = async |workflow: Option<&str>| {
        let workflow = workflow.map(str::to_owned);
        let filter =
            DeskFilter { workflow, state: Some("closed".to_owned()), ..Default::default() };
        stand.store.desk(&stand.pack, &who, stand.clock.now(), &filter).await.unwrap().cases
    };
    assert_eq!(list(None).await.len(), 1);
    assert_eq!(list(Some("appeal")).await.len(), 1);
    assert_eq!(list(Some("mediation")).await.len(), 0);
    let closed = &list(None).await[0];
    assert_eq!(closed.lamp.light, Light::Green);
    assert_eq!(closed.summary, "已办结");
}

async fn the_board_counts_what_the_lists_hold(stand: Stand) {
    for fate in drawn(60) {
        live(&stand, &fate).await;
    }
    let who = staff(5, unit::CITY, "leader");
    let flow = &stand.pack.workflows["appeal"];
    let now = stand.clock.now();
    let board = stand.store.board(&stand.pack, &who, (flow, unit::CITY), now).await.unwrap();
    let count = async |unit: &str, colour: Option<Light>| {
        let filter =
            DeskFilter { unit: Some(unit.to_owned()), light: colour, ..DeskFilter::default() };
        let rows = walk(&stand, &who, now, &filter).await;
        i64::try_from(rows.iter().filter(|c| c.task.is_none()).count()).unwrap()
    };
    let mut late = 0;
    for row in &board {
        let counted = (row.open, row.late, row.soon);
        let listed = (
            count(&row.unit, None).await,
            count(&row.unit, Some(Light::Red)).await,
            count(&row.unit, Some(Light::Yellow)).await,
        );
        assert_eq!(counted, listed, "{}", row.unit);
        assert_eq!(row.states.iter().map(|s| s.cases).sum::<i64>(), row.open);
        assert_eq!(row.oldest.is_some(), row.late > 0);
        late += row.late;
    }
    assert!(board.len() >= 3 && late > 0);
    let western = staff(33, unit::WEST, "leader");
    let above = stand.store.board(&stand.pack, &western, (flow, unit::CITY), now).await.unwrap();
    assert!(above.is_empty());
}
