//! What waits for one person: by the role that a state expects, by tasks owed, by cases taken.

use crate::{
    cast::*,
    desk::{drawn, live, walk},
};
use domain::{
    access::Viewer,
    case::{Case, CaseId, Staff},
};
use std::collections::BTreeSet;
use store::{CasesOf, DeskFilter};
use testkit::{Appeal, Stand, staff, unit};

testkit::both!(
    what_waits_for_each_is_listed_and_nothing_else,
    a_decision_goes_to_the_nearest_who_can_take_it,
    what_somebody_took_stays_theirs,
);

const MINE: CasesOf = CasesOf::Mine;

fn mine() -> DeskFilter {
    DeskFilter { whose: MINE, ..DeskFilter::default() }
}

/// Who is expected in a state of an appeal, and whether from anywhere, from the responsible unit
/// (or the nearest above it that has such people), as the workflow of the sample city says.
fn expected_in(state: &str) -> (&'static str, bool) {
    match state {
        "received" | "registered" => ("operator", true),
        "triage" | "answered" | "merged" => ("triage", true),
        "forwarded" | "returned" => ("dispatcher", true),
        "visiting" => ("visitor", true),
        "assigned" | "handling" | "consulting" => ("handler", false),
        "review" => ("reviewer", false),
        "not_accepted" | "extension_pending" | "suspended" => ("leader", false),
        other => panic!("nobody is expected in {other}"),
    }
}

/// The kinds of task that a role answers.
fn answered_by(role: &str) -> &'static [&'static str] {
    match role {
        "handler" => &["co", "supervision"],
        "agency" | "assistant" => &["co"],
        _ => &[],
    }
}

fn waits_for(stand: &Stand, who: &Staff, case: &Case) -> bool {
    let role = who.roles[0].as_str();
    let (expected, anywhere) = expected_in(&case.state);
    let mut upward = stand.pack.units.upward(&case.unit);
    let nearest = upward.find(|u| stand.pack.can_hold(expected, u)).map(|u| u.code.as_str());
    let by_state = role == expected && (anywhere || nearest == Some(who.unit.as_str()));
    let by_task = case
        .open_tasks()
        .any(|t| t.unit == who.unit && answered_by(role).contains(&t.kind.as_str()));
    let taken = case.owner == Some(who.account) && case.unit == who.unit;
    by_state || by_task || taken
}

async fn listed(stand: &Stand, who: &Staff, filter: &DeskFilter) -> Vec<CaseId> {
    let found = walk(stand, who, stand.clock.now(), filter).await;
    assert!(found.is_sorted_by_key(|c| (c.case.grade != "red", c.lamp.due, c.case.id)));
    let whole: Vec<_> = found.iter().map(|c| (c.case.id, c.task.clone())).collect();
    let once: BTreeSet<_> = whole.iter().collect();
    assert_eq!(once.len(), whole.len(), "nothing twice");
    found.iter().map(|c| c.case.id).collect()
}

async fn what_waits_for_each_is_listed_and_nothing_else(stand: Stand) {
    let fates = drawn(80);
    for fate in &fates {
        live(&stand, fate).await;
    }
    let mut cases = Vec::new();
    for id in 0.. {
        match stand.seen(&Viewer::System, id).await {
            Some(page) => cases.push(page.case),
            None => break,
        }
    }
    assert_eq!(cases.len(), fates.len());
    let people = [
        (staff(1, unit::HOTLINE, "operator"), true),
        (staff(2, unit::HOTLINE, "triage"), true),
        (staff(3, unit::HOTLINE, "dispatcher"), false),
        (staff(4, unit::CITY, "visitor"), false),
        (staff(5, unit::CITY, "leader"), false),
        (staff(6, unit::CITY, "archivist"), false),
        (staff(13, unit::EAST, "leader"), false),
        (staff(11, unit::EAST, "handler"), true),
        (staff(90, unit::EAST_TOWN, "handler"), true),
        (staff(91, unit::WEST_TOWN, "handler"), true),
        (staff(41, unit::EAST_POLICE, "agency"), true),
    ];
    let mut shown = 0;
    for (who, busy) in &people {
        let found: BTreeSet<CaseId> = listed(&stand, who, &mine()).await.into_iter().collect();
        let expected: BTreeSet<CaseId> =
            cases.iter().filter(|c| waits_for(&stand, who, c)).map(|c| c.id).collect();
        assert_eq!(found, expected, "{who:?}");
        assert!(!*busy || !found.is_empty(), "nothing waits for {who:?}");
        shown += found.len();
    }
    assert!(shown > cases.len() / 2, "{shown}");
}

async fn a_decision_goes_to_the_nearest_who_can_take_it(stand: Stand) {
    // The hotline has no leader: what it refuses is decided in the federation above.
    let refused = to_triage(&stand, &Appeal::new("1302", "不属于受理范围"), "1302").await;
    let fields = [("reason", "属于法院管辖"), ("where_to_go", "区人民法院")];
    stand.act(&triage(), refused, "propose_refusal", &fields).await;
    // The county has its own leader; the city's may decide, but it does not wait for them.
    let asked = handling(&stand, &Appeal::new("1302", "需要更多时间")).await;
    let fields = [("days", "10"), ("reason", "等鉴定")];
    stand.act(&east_handler(), asked, "request_extension", &fields).await;
    let east = staff(13, unit::EAST, "leader");
    let city = staff(5, unit::CITY, "leader");
    let west = staff(33, unit::WEST, "leader");
    assert_eq!(listed(&stand, &city, &mine()).await, [refused]);
    assert_eq!(listed(&stand, &east, &mine()).await, [asked]);
    assert_eq!(listed(&stand, &west, &mine()).await, [] as [CaseId; 0]);
    let area = listed(&stand, &city, &DeskFilter::default()).await;
    assert_eq!(area.len(), 2, "both are in the city");
    for (state, expected) in [("not_accepted", vec![refused]), ("extension_pending", vec![])] {
        let one = DeskFilter { state: Some(state.to_owned()), ..mine() };
        assert_eq!(listed(&stand, &city, &one).await, expected, "{state}");
    }
    let flow = &stand.pack.workflows["appeal"];
    let now = stand.clock.now();
    let board = stand.store.board(&stand.pack, &city, (flow, unit::CITY), now).await.unwrap();
    assert_eq!(board[0].open, 2);
    stand.clock.advance_hours(24 * 30);
    let now = stand.clock.now();
    let board = stand.store.board(&stand.pack, &city, (flow, unit::CITY), now).await.unwrap();
    assert_eq!((board[0].open, board[0].late), (2, 2));
}

async fn what_somebody_took_stays_theirs(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "我签收的")).await;
    let (taker, other) = (staff(11, unit::EAST, "handler"), staff(19, unit::EAST, "handler"));
    let pending = DeskFilter { state: Some("extension_pending".to_owned()), ..mine() };
    // It waits for every handler of the unit, and is told once to the one who took it.
    assert_eq!(listed(&stand, &taker, &mine()).await, [case]);
    assert_eq!(listed(&stand, &other, &mine()).await, [case]);
    assert_eq!(listed(&stand, &taker, &pending).await, [] as [CaseId; 0]);
    let fields = [("days", "10"), ("reason", "等鉴定")];
    stand.act(&east_handler(), case, "request_extension", &fields).await;
    // Now it waits for the leader; whoever took it sees it as long as something can be done.
    let can = stand.page(case).await.case;
    let actor = east_handler();
    let ctx = domain::decide::Ctx::bare(stand.clock.now(), &stand.pack, &actor);
    let quiet = domain::workflow::Tone::Quiet;
    let can = domain::decide::allowed(ctx, &can).any(|a| a.tone != quiet);
    let expected: Vec<CaseId> = if can { vec![case] } else { vec![] };
    assert_eq!(listed(&stand, &taker, &mine()).await, expected);
    assert_eq!(listed(&stand, &taker, &pending).await, expected);
    assert_eq!(listed(&stand, &other, &mine()).await, [] as [CaseId; 0]);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
