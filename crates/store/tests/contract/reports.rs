//! Reports of a unit for a period: frozen with their records, checked, locked, revised.

use crate::{cast::*, figures::told, raw};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Staff},
    figure::{Frozen, Look, Sample},
    refusal::{Bar, Refusal},
};
use store::{Act, Attachment, Done, FrozenAt, NewCase, No, db::WriteError};
use testkit::{Appeal, Stand, actor, checked, command_id, step, unit};

testkit::both!(
    a_report_keeps_its_numbers_and_their_records,
    a_report_is_checked_by_others_and_locked_in_time,
    every_drawn_record_is_looked_at_before_a_report_passes,
    a_revision_stands_beside_what_was_locked,
    a_unit_reports_a_period_once,
    forged_lists_are_found,
    what_is_typed_in_needs_evidence_and_another_person,
    the_city_reports_on_all_below_it,
);

const PERIOD: &str = "2025-03";

fn new_case(workflow: &str, by: &Actor, stand: &Stand, fields: &[(&str, &str)]) -> NewCase {
    let uses = &stand.pack.workflow(workflow).unwrap().opening.fields;
    NewCase {
        command: command_id(),
        actor: by.clone(),
        workflow: workflow.to_owned(),
        programme: None,
        given: checked(workflow, uses, fields),
        then: Vec::new(),
        files: Vec::new(),
        receipt: stand.store.receipt_for(&command_id()),
        imported: None,
    }
}

async fn report(stand: &Stand, by: &Actor) -> Result<CaseId, WriteError<No>> {
    let new = new_case("report", by, stand, &[("form", "monthly"), ("period", PERIOD)]);
    let opened = stand.store.open_case(&stand.pack, stand.clock.now(), new).await?;
    Ok(opened.done.case)
}

async fn step_of(
    stand: &Stand,
    workflow: &str,
    (by, case): (&Actor, CaseId),
    (action, fields): (&str, &[(&str, &str)]),
) -> Result<Done, WriteError<No>> {
    let steps = vec![step(workflow, action, fields)];
    let act = Act { command: command_id(), actor: by.clone(), case, steps, files: Vec::new() };
    stand.store.act(&stand.pack, stand.clock.now(), act).await
}

async fn does(stand: &Stand, who: (&Actor, CaseId), action: &str, fields: &[(&str, &str)]) {
    let done = step_of(stand, "report", who, (action, fields)).await;
    done.unwrap_or_else(|no| panic!("{action} is refused: {no:?}"));
}

/// A number that was frozen.
async fn frozen(stand: &Stand, case: CaseId, freezing: usize, figure: &str) -> (usize, Frozen) {
    let page = stand.page(case).await;
    let values = &page.case.frozen[freezing].values;
    let found = values.iter().enumerate().find(|(_, v)| v.figure == figure);
    found.map(|(n, v)| (n, v.clone())).unwrap()
}

async fn listed(stand: &Stand, case: CaseId, freezing: usize, figure: &str) -> usize {
    let (n, value) = frozen(stand, case, freezing, figure).await;
    let places: Vec<u64> = (0..value.records + 5).collect();
    let at = FrozenAt { case, freezing, n };
    let found = stand.store.frozen_records((&stand.pack, &Viewer::System), at, &places).await;
    found.unwrap().len()
}

/// The town reports on two appeals that were dispatched to it.
async fn submitted(stand: &Stand) -> CaseId {
    for summary in ["村里的路", "邻居争水"] {
        assigned(stand, &Appeal::new("1302", summary), unit::EAST_TOWN).await;
    }
    let case = report(stand, &town_handler()).await.unwrap();
    does(stand, (&town_handler(), case), "submit", &[]).await;
    case
}

/// Every record that was drawn from the newest numbers.
async fn drawn(stand: &Stand, case: CaseId) -> (usize, Vec<(usize, u64)>) {
    let page = stand.page(case).await;
    let sample = Sample::of(&stand.pack, &page.case).expect("a sample");
    let numbers = page.case.frozen[sample.freezing].values.len();
    let places = (0..numbers).flat_map(|n| sample.drawn(n).iter().map(move |place| (n, *place)));
    (sample.freezing, places.collect())
}

async fn look(
    stand: &Stand,
    who: (&Actor, CaseId),
    freezing: usize,
    looks: &[Look],
) -> Result<Done, WriteError<No>> {
    let codes: Vec<String> = looks.iter().map(|look| look.code(freezing)).collect();
    let fields: Vec<(&str, &str)> = codes.iter().map(|code| ("seen", code.as_str())).collect();
    step_of(stand, "report", who, ("look", &fields)).await
}

async fn look_at_all(
    stand: &Stand,
    who: (&Actor, CaseId),
    sound: bool,
) -> Result<Done, WriteError<No>> {
    let (freezing, places) = drawn(stand, who.1).await;
    let looks: Vec<Look> =
        places.iter().map(|(n, place)| Look::from((*n, *place, sound))).collect();
    look(stand, who, freezing, &looks).await
}

async fn locked(stand: &Stand) -> CaseId {
    let case = submitted(stand).await;
    look_at_all(stand, (&east_reviewer(), case), true).await.unwrap();
    does(stand, (&east_reviewer(), case), "check", &[]).await;
    does(stand, (&east_leader(), case), "approve", &[]).await;
    stand.clock.advance_hours(240);
    stand.tick().await;
    assert_eq!(stand.page(case).await.case.state, "locked");
    case
}

async fn a_report_keeps_its_numbers_and_their_records(stand: Stand) {
    let case = submitted(&stand).await;
    let (_, received) = frozen(&stand, case, 0, "appeals_received").await;
    assert_eq!((received.amount, received.records), (Some(2), 2));
    assert_eq!(received.unit, unit::EAST_TOWN);
    // What is frozen is what the cells say, and every figure of the form is there.
    let page = stand.page(case).await;
    assert_eq!(page.case.frozen[0].values.len(), stand.pack.forms["monthly"].figures.len());
    for value in &page.case.frozen[0].values {
        let now = told(&stand, &value.figure, &value.unit, &value.period).await;
        assert_eq!(value.amount, now, "{}", value.figure);
    }
    assigned(&stand, &Appeal::new("1302", "又来一件"), unit::EAST_TOWN).await;
    assert_eq!(told(&stand, "appeals_received", unit::EAST_TOWN, PERIOD).await, Some(3));
    let (_, still) = frozen(&stand, case, 0, "appeals_received").await;
    assert_eq!(still, received);
    assert_eq!(listed(&stand, case, 0, "appeals_received").await, 2);
    // A stranger who asks for the records sees that there are some, and nothing of them.
    let stranger = actor(77, unit::WEST, "handler");
    let Actor::Staff(stranger) = stranger else { panic!("staff") };
    let viewer = Viewer::Staff(stranger, stand.clock.now());
    let at = FrozenAt { case, freezing: 0, n: 0 };
    let found = stand.store.frozen_records((&stand.pack, &viewer), at, &[0, 1]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(_, record)| record.case.is_none()));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_report_is_checked_by_others_and_locked_in_time(stand: Stand) {
    let case = submitted(&stand).await;
    let received = frozen(&stand, case, 0, "appeals_received").await.0;
    let (_, places) = drawn(&stand, case).await;
    assert_eq!(places.iter().filter(|(n, _)| *n == received).count(), 1, "never none");
    // Whoever submits neither looks nor checks nor approves, and nothing is approved unchecked.
    let own = actor(21, unit::EAST, "reviewer");
    assert_eq!(bar(look_at_all(&stand, (&own, case), true).await).0, Bar::SamePerson);
    let refused = step_of(&stand, "report", (&own, case), ("check", &[])).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    let refused = step_of(&stand, "report", (&east_leader(), case), ("approve", &[])).await;
    assert_eq!(bar(refused).0, Bar::State);
    // A sample with mistakes cannot pass; it goes back with a reason.
    look_at_all(&stand, (&east_reviewer(), case), false).await.unwrap();
    let refused = step_of(&stand, "report", (&east_reviewer(), case), ("check", &[])).await;
    let all = places.len() as u64;
    assert_eq!(bar(refused).0, Bar::Sample { missing: 0, wrong: all });
    does(&stand, (&east_reviewer(), case), "return", &[("reason", "有一件类别不对")]).await;
    assert_eq!(stand.page(case).await.case.unit, unit::EAST_TOWN);
    does(&stand, (&town_handler(), case), "submit", &[]).await;
    assert_eq!(stand.page(case).await.case.frozen.len(), 2);
    look_at_all(&stand, (&east_reviewer(), case), true).await.unwrap();
    does(&stand, (&east_reviewer(), case), "check", &[]).await;
    does(&stand, (&east_leader(), case), "approve", &[]).await;
    assert_eq!(stand.page(case).await.case.state, "approved");
    stand.clock.advance_hours(240);
    stand.tick().await;
    assert_eq!(stand.page(case).await.case.state, "locked");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn every_drawn_record_is_looked_at_before_a_report_passes(stand: Stand) {
    let case = submitted(&stand).await;
    let (freezing, places) = drawn(&stand, case).await;
    let all = places.len() as u64;
    let reviewer = east_reviewer();
    let check = async || step_of(&stand, "report", (&reviewer, case), ("check", &[])).await;
    assert_eq!(bar(check().await).0, Bar::Sample { missing: all, wrong: 0 });
    // One at a time, by two people; a later look takes the place of the earlier one.
    let ((n, place), rest) = places.split_first().unwrap();
    let first = |sound: bool| [Look::from((*n, *place, sound))];
    look(&stand, (&reviewer, case), freezing, &first(false)).await.unwrap();
    assert_eq!(bar(check().await).0, Bar::Sample { missing: all - 1, wrong: 1 });
    let leader = actor(91, unit::EAST, "leader");
    look(&stand, (&leader, case), freezing, &first(true)).await.unwrap();
    assert_eq!(bar(check().await).0, Bar::Sample { missing: all - 1, wrong: 0 });
    // What was not drawn, or from other numbers, is nothing that could be found sound.
    let stray = [Look::from((*n, place + 1_000, true))];
    for (of, looks) in [(freezing, stray), (freezing + 1, first(true))] {
        let refused = look(&stand, (&reviewer, case), of, &looks).await;
        let Err(WriteError::Refused(No::Refused(Refusal::NotDrawn))) = refused else {
            panic!("{refused:?}")
        };
    }
    let looks: Vec<Look> = rest.iter().map(|(n, place)| Look::from((*n, *place, true))).collect();
    look(&stand, (&reviewer, case), freezing, &looks).await.unwrap();
    let page = stand.page(case).await;
    let sample = Sample::of(&stand.pack, &page.case).unwrap();
    assert_eq!(sample.people().iter().map(|(_, n)| n).sum::<u64>(), all);
    assert_eq!(sample.people().len(), 2);
    // After a new submission everything is to be looked at again.
    does(&stand, (&reviewer, case), "return", &[("reason", "说明不清")]).await;
    does(&stand, (&town_handler(), case), "submit", &[]).await;
    let (_, places) = drawn(&stand, case).await;
    let missing = places.len() as u64;
    assert_eq!(bar(check().await).0, Bar::Sample { missing, wrong: 0 });
    look_at_all(&stand, (&reviewer, case), true).await.unwrap();
    check().await.unwrap();
    // Whoever looked does not approve.
    does(&stand, (&east_leader(), case), "approve", &[]).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_revision_stands_beside_what_was_locked(stand: Stand) {
    let case = locked(&stand).await;
    // A case that turns out to be of the other county leaves the figures of this one.
    let moved = stand.page(case).await.case.frozen[0].values.clone();
    let first = assigned(&stand, &Appeal::new("1302", "迟到的一件"), unit::EAST_TOWN).await;
    assert_eq!(stand.page(first).await.case.unit, unit::EAST_TOWN);
    let refused = step_of(&stand, "report", (&town_handler(), case), ("submit", &[])).await;
    assert_eq!(bar(refused).0, Bar::State, "locked is locked");
    does(&stand, (&east_reviewer(), case), "propose_revision", &[("reason", "补录一件")]).await;
    let own = actor(12, unit::EAST, "leader");
    let refused = step_of(&stand, "report", (&own, case), ("accept_revision", &[])).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    does(&stand, (&east_leader(), case), "accept_revision", &[]).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.state, "locked");
    assert_eq!(page.case.frozen.len(), 2);
    assert_eq!(page.case.frozen[0].values, moved, "what was locked stays as it was");
    assert_eq!(page.case.frozen[1].action, "accept_revision");
    assert_eq!(listed(&stand, case, 0, "appeals_received").await, 2);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_unit_reports_a_period_once(stand: Stand) {
    let case = report(&stand, &town_handler()).await.unwrap();
    let Err(WriteError::Refused(No::Refused(Refusal::OnlyOnce))) =
        report(&stand, &town_handler()).await
    else {
        panic!("a second report was opened")
    };
    report(&stand, &west_handler()).await.unwrap();
    let values = ["monthly".to_owned(), PERIOD.to_owned()];
    let units = [unit::EAST_TOWN, unit::EAST, unit::WEST];
    let viewer = Viewer::System;
    let asked = stand.store.only_cases((&stand.pack, &viewer), "report", &units, &values).await;
    let found: Vec<bool> = asked.unwrap().iter().map(Option::is_some).collect();
    assert_eq!(found, [true, false, true]);
    assert_eq!(stand.page(case).await.case.state, "draft");
}

async fn forged_lists_are_found(stand: Stand) {
    let case = submitted(&stand).await;
    let list = raw::rows(&stand, "SELECT body FROM frozen WHERE n = 0").await.remove(0).remove(0);
    let forged = list.replacen("\"wf-990101001\"", "\"wf-990121100\"", 1);
    assert_ne!(list, forged);
    let change = |to: &str| {
        let to = to.replace('\'', "''");
        format!("UPDATE frozen SET body = '{to}' WHERE case_id = {case} AND n = 0")
    };
    raw::run(&stand, &change(&forged)).await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains("not those that were frozen")), "{troubles:?}");
    raw::run(&stand, &change(&list)).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    raw::run(&stand, &format!("DELETE FROM frozen WHERE case_id = {case} AND n = 0")).await;
    assert!(!stand.troubles().await.is_empty(), "a list that is gone is found");
}

async fn what_is_typed_in_needs_evidence_and_another_person(stand: Stand) {
    let fields = [
        ("item", "online_views"),
        ("held_on", "2025-03-02"),
        ("amount", "4800"),
        ("source", "直播后台导出"),
    ];
    let mut new = new_case("hand_entry", &town_handler(), &stand, &fields);
    let bare = stand.store.open_case(&stand.pack, stand.clock.now(), new.clone()).await;
    let Err(WriteError::Refused(No::Refused(Refusal::NoEvidence))) = bare else {
        panic!("it was taken without evidence: {bare:?}")
    };
    let (name, kind) = ("后台.csv".to_owned(), "text/csv".to_owned());
    new.files.push(Attachment { name, kind, body: b"views,4800".to_vec() });
    let opened = stand.store.open_case(&stand.pack, stand.clock.now(), new).await.unwrap();
    let case = opened.done.case;
    assert_eq!(told(&stand, "online_views", unit::EAST, PERIOD).await, Some(0));
    let own: Staff = match actor(21, unit::EAST, "reviewer") {
        Actor::Staff(staff) => staff,
        _ => panic!("staff"),
    };
    let refused = step_of(&stand, "hand_entry", (&Actor::Staff(own), case), ("confirm", &[])).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    step_of(&stand, "hand_entry", (&east_reviewer(), case), ("confirm", &[])).await.unwrap();
    for at in [unit::EAST_TOWN, unit::EAST, unit::CITY] {
        assert_eq!(told(&stand, "online_views", at, PERIOD).await, Some(4800), "{at}");
    }
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// The city has nobody above it: its own people report, check and approve, no one of them twice.
async fn the_city_reports_on_all_below_it(stand: Stand) {
    for (summary, to) in
        [("村里的路", unit::EAST_TOWN), ("邻居争水", unit::EAST), ("井盖", unit::WEST)]
    {
        assigned(&stand, &Appeal::new("1302", summary), to).await;
    }
    let (writer, checker) = (actor(31, unit::CITY, "handler"), actor(32, unit::CITY, "reviewer"));
    let case = report(&stand, &writer).await.unwrap();
    does(&stand, (&writer, case), "submit", &[]).await;
    assert_eq!(stand.page(case).await.case.unit, unit::CITY, "nobody stands above it");
    let (_, received) = frozen(&stand, case, 0, "appeals_received").await;
    assert_eq!((received.unit.as_str(), received.amount), (unit::CITY, Some(3)));
    for value in &stand.page(case).await.case.frozen[0].values {
        let now = told(&stand, &value.figure, &value.unit, &value.period).await;
        assert_eq!(value.amount, now, "{}", value.figure);
    }
    let both = Staff {
        account: 31,
        unit: unit::CITY.to_owned(),
        roles: ["handler", "reviewer"].map(str::to_owned).to_vec(),
    };
    let refused = look_at_all(&stand, (&Actor::Staff(both), case), true).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    look_at_all(&stand, (&checker, case), true).await.unwrap();
    does(&stand, (&checker, case), "check", &[]).await;
    does(&stand, (&city_leader(), case), "approve", &[]).await;
    stand.clock.advance_hours(240);
    stand.tick().await;
    assert_eq!(stand.page(case).await.case.state, "locked");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
