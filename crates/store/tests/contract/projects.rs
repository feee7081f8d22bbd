//! Projects: what was promised, by whom it is changed and accepted, and what anybody may know of it.

use crate::cast::*;
use domain::{
    access::Viewer,
    case::{Actor, CaseId},
    figure::{Nature, Plan, TargetLight, held, promised_on},
    refusal::{Bar, Refusal},
};
use store::{
    Act, Attachment, CasesOf, DeskFilter, Done, NewCase, No, Project, Reading, db::WriteError,
};
use testkit::{Appeal, Stand, actor, checked, command_id, step, unit};

testkit::both!(
    a_project_is_promised_once_for_a_year_and_by_more_than_one_person,
    a_changed_target_leaves_the_old_one_where_it_was,
    who_leads_and_the_budget_are_changed_as_targets_are,
    milestones_are_promised_whole_and_lie_on_the_way,
    an_agency_leads_a_project_and_sees_nothing_else_by_it,
    progress_comes_from_records_month_by_month,
    another_unit_accepts_and_the_result_is_announced,
    the_public_knows_what_was_made_public,
    what_is_typed_in_counts_for_its_figure_alone,
);

const FLOW: &str = "project";
const TARGET: [(&str, &str); 6] = [
    ("year", "2025"),
    ("for_whom", "women"),
    ("figure", "appeals_received"),
    ("goal", "10"),
    ("from", "2025-01-01"),
    ("until", "2025-12-31"),
];

fn city_handler() -> Actor {
    actor(7, unit::CITY, "handler")
}

fn city_reviewer() -> Actor {
    actor(8, unit::CITY, "reviewer")
}

fn west_reviewer() -> Actor {
    actor(32, unit::WEST, "reviewer")
}

async fn propose(
    stand: &Stand,
    programme: Option<&str>,
    fields: &[(&str, &str)],
) -> Result<CaseId, WriteError<No>> {
    let uses = &stand.pack.workflow(FLOW).unwrap().opening.fields;
    let new = NewCase {
        command: command_id(),
        actor: city_handler(),
        workflow: FLOW.to_owned(),
        programme: programme.map(str::to_owned),
        given: checked(FLOW, uses, fields),
        then: Vec::new(),
        files: Vec::new(),
        receipt: stand.store.receipt_for(&command_id()),
        imported: None,
    };
    let opened = stand.store.open_case(&stand.pack, stand.clock.now(), new).await?;
    Ok(opened.done.case)
}

async fn tries(
    stand: &Stand,
    (by, case): (&Actor, CaseId),
    action: &str,
    fields: &[(&str, &str)],
) -> Result<Done, WriteError<No>> {
    tries_with(stand, (by, case), (action, fields), Vec::new()).await
}

async fn tries_with(
    stand: &Stand,
    (by, case): (&Actor, CaseId),
    (action, fields): (&str, &[(&str, &str)]),
    files: Vec<Attachment>,
) -> Result<Done, WriteError<No>> {
    let steps = vec![step(FLOW, action, fields)];
    let act = Act { command: command_id(), actor: by.clone(), case, steps, files };
    stand.store.act(&stand.pack, stand.clock.now(), act).await
}

/// What shows that something was done.
fn roll() -> Vec<Attachment> {
    let (name, kind) = ("名册.csv".to_owned(), "text/csv".to_owned());
    vec![Attachment { name, kind, body: b"1".to_vec() }]
}

/// Asks for acceptance, with evidence.
async fn submits(stand: &Stand, who: (&Actor, CaseId), fields: &[(&str, &str)]) {
    let done = tries_with(stand, who, ("submit", fields), roll()).await;
    done.unwrap_or_else(|no| panic!("submit is refused: {no:?}"));
}

async fn does(stand: &Stand, who: (&Actor, CaseId), action: &str, fields: &[(&str, &str)]) {
    let done = tries(stand, who, action, fields).await;
    done.unwrap_or_else(|no| panic!("{action} is refused: {no:?}"));
}

/// Proposed, approved, public, and in the hands of the eastern county.
async fn running(stand: &Stand) -> CaseId {
    let case = propose(stand, Some("project_visits"), &TARGET).await.unwrap();
    does(stand, (&city_reviewer(), case), "screen", &[]).await;
    does(stand, (&city_leader(), case), "approve", &[]).await;
    let hands = [("lead", unit::EAST), ("partners", unit::EAST_POLICE)];
    does(stand, (&city_reviewer(), case), "publish", &hands).await;
    case
}

async fn changed(stand: &Stand, case: CaseId) {
    let fields = [
        ("goal", "4"),
        ("until", "2025-12-31"),
        ("reason", "上半年人手不足"),
        ("public_note", "因机构调整，目标相应调减。"),
    ];
    does(stand, (&east_handler(), case), "propose_change", &fields).await;
}

async fn known(stand: &Stand, viewer: &Viewer) -> Vec<Project> {
    let flow = stand.pack.workflow(FLOW).unwrap();
    let asked = stand.store.projects((&stand.pack, viewer), flow, (unit::CITY, 2025)).await;
    asked.unwrap()
}

async fn course(stand: &Stand, figure: &str) -> Vec<Reading> {
    let figure = stand.pack.figures.get(figure).unwrap();
    let today = stand.pack.date_of(stand.clock.now());
    stand.store.course(&Viewer::System, (figure, unit::CITY), 2025, today).await.unwrap()
}

async fn a_project_is_promised_once_for_a_year_and_by_more_than_one_person(stand: Stand) {
    let bare = propose(&stand, None, &TARGET).await;
    assert!(
        matches!(bare, Err(WriteError::Refused(No::Refused(Refusal::NoProgramme)))),
        "{bare:?}"
    );
    let case = propose(&stand, Some("project_visits"), &TARGET).await.unwrap();
    let again = propose(&stand, Some("project_visits"), &TARGET).await;
    assert!(matches!(again, Err(WriteError::Refused(No::Refused(Refusal::OnlyOnce)))), "{again:?}");
    propose(&stand, Some("project_dark"), &TARGET).await.expect("another one of the same year");
    // Whoever proposed it screens nothing, and whoever screened it approves nothing.
    let same = actor(7, unit::CITY, "reviewer");
    let refused = tries(&stand, (&same, case), "screen", &[]).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    does(&stand, (&city_reviewer(), case), "screen", &[]).await;
    let same = actor(8, unit::CITY, "leader");
    let refused = tries(&stand, (&same, case), "approve", &[]).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    assert!(stand.page(case).await.case.promises.is_empty(), "nothing is promised yet");
    does(&stand, (&city_leader(), case), "approve", &[]).await;
    assert_eq!(stand.page(case).await.case.promises[0].target.goal, 10);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    // A target that says nothing is not even proposed.
    let nowhere: Vec<_> =
        TARGET.iter().map(|(k, v)| (*k, if *k == "until" { "2024-12-31" } else { *v })).collect();
    let nowhere: Vec<_> =
        nowhere.into_iter().map(|(k, v)| (k, if k == "year" { "2024" } else { v })).collect();
    let refused = propose(&stand, Some("project_visits"), &nowhere).await;
    let said = |no: &No| matches!(no, No::Refused(Refusal::BadTarget));
    assert!(matches!(&refused, Err(WriteError::Refused(no)) if said(no)), "{refused:?}");
}

async fn a_changed_target_leaves_the_old_one_where_it_was(stand: Stand) {
    let case = running(&stand).await;
    let before = stand.pack.date_of(stand.clock.now());
    stand.clock.advance_hours(24 * 40);
    changed(&stand, case).await;
    // What is proposed does not hold, and whoever proposed it does not approve it.
    assert_eq!(stand.page(case).await.case.promises.last().unwrap().target.goal, 10);
    let own = actor(11, unit::CITY, "leader");
    let refused = tries(&stand, (&own, case), "approve_change", &[]).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    let hidden = &known(&stand, &Viewer::Public).await[0];
    assert_eq!(hidden.notes, ["", ""], "a note that nobody approved is nobody's");
    does(&stand, (&city_leader(), case), "approve_change", &[]).await;
    let after = stand.page(case).await.case;
    assert_eq!(after.unit, unit::EAST, "it goes back to whoever works on it");
    let goals: Vec<i64> = after.promises.iter().map(|p| p.target.goal).collect();
    assert_eq!(goals, [10, 10, 4], "approved, made public with who leads, changed");
    let today = stand.pack.date_of(stand.clock.now());
    let goal = |day| promised_on(&after.promises, day).map(|p| p.target.goal);
    assert_eq!(
        (goal(before), goal(today.yesterday().unwrap()), goal(today)),
        (Some(10), Some(10), Some(4))
    );
    let public = &known(&stand, &Viewer::Public).await[0];
    assert_eq!(public.notes, ["", "", "因机构调整，目标相应调减。"]);
    // A refused proposal leaves everything as it was, and what would change nothing is none.
    let further = [("goal", "20"), ("reason", "有余力"), ("public_note", "目标调增。")];
    does(&stand, (&east_handler(), case), "propose_change", &further).await;
    does(&stand, (&city_leader(), case), "refuse_change", &[("reason", "再努力")]).await;
    let as_it_was = stand.page(case).await.case;
    assert_eq!((as_it_was.promises.len(), as_it_was.unit.as_str()), (3, unit::EAST));
    let nothing = [("goal", "4"), ("reason", "无"), ("public_note", "无")];
    let refused = tries(&stand, (&east_handler(), case), "propose_change", &nothing).await;
    let same = |no: &No| matches!(no, No::Refused(Refusal::SameTarget));
    assert!(matches!(&refused, Err(WriteError::Refused(no)) if same(no)), "{refused:?}");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn who_leads_and_the_budget_are_changed_as_targets_are(stand: Stand) {
    let budget = TARGET.into_iter().chain([("budget", "500000")]).collect::<Vec<_>>();
    let case = propose(&stand, Some("project_visits"), &budget).await.unwrap();
    does(&stand, (&city_reviewer(), case), "screen", &[]).await;
    does(&stand, (&city_leader(), case), "approve", &[]).await;
    let hands = [("lead", unit::EAST), ("partners", unit::EAST_POLICE)];
    does(&stand, (&city_reviewer(), case), "publish", &hands).await;
    let first = stand.pack.date_of(stand.clock.now());
    stand.clock.advance_hours(24 * 20);
    let said = [("reason", "东区人手不足"), ("public_note", "牵头单位和预算有调整。")];
    // Nobody in the hotline could lead, and that is said when it is proposed.
    let nobody: Vec<_> = said.into_iter().chain([("lead", unit::HOTLINE)]).collect();
    let refused = tries(&stand, (&east_handler(), case), "propose_change", &nobody).await;
    let no_unit = |no: &No| matches!(no, No::Refused(Refusal::NoUnit));
    assert!(matches!(&refused, Err(WriteError::Refused(no)) if no_unit(no)), "{refused:?}");
    let change: Vec<_> =
        said.into_iter().chain([("lead", unit::WEST), ("budget", "800000")]).collect();
    does(&stand, (&east_handler(), case), "propose_change", &change).await;
    let waits = stand.page(case).await.case;
    assert_eq!((waits.lead(), waits.unit.as_str()), (Some(unit::EAST), unit::CITY));
    let own = actor(11, unit::CITY, "leader");
    let refused = tries(&stand, (&own, case), "approve_change", &[]).await;
    assert_eq!(bar(refused).0, Bar::SamePerson);
    does(&stand, (&city_leader(), case), "approve_change", &[]).await;
    let day = stand.pack.date_of(stand.clock.now());
    let after = stand.page(case).await.case;
    assert_eq!(after.unit, unit::WEST, "the case is with the new unit");
    let owes: Vec<&str> = after.open_tasks().map(|t| t.unit.as_str()).collect();
    assert_eq!(owes, [unit::EAST_POLICE], "what partners owe they go on owing");
    let told = held(&after.promises, |t| t.lead.as_deref());
    let leads: Vec<_> = told.iter().map(|h| (h.what, h.since, h.until)).collect();
    assert_eq!(leads, [(unit::EAST, first, Some(day)), (unit::WEST, day, None)]);
    let budgets: Vec<i64> =
        held(&after.promises, |t| t.budget).into_iter().map(|h| h.what).collect();
    assert_eq!(budgets, [500_000, 800_000]);
    assert_eq!(held(&after.promises, |t| Some(t.goal)).len(), 1, "the goal was never another");
    // The old unit has nothing more to do with it; the new one reports.
    let report = [("said", "已接手")];
    let refused = tries(&stand, (&east_handler(), case), "report", &report).await;
    assert_eq!(bar(refused).0, Bar::Role);
    does(&stand, (&west_handler(), case), "report", &report).await;
    // What was refused once is not in the next proposal.
    let back: Vec<_> = said.into_iter().chain([("lead", unit::EAST)]).collect();
    does(&stand, (&west_handler(), case), "propose_change", &back).await;
    does(&stand, (&city_leader(), case), "refuse_change", &[("reason", "刚接手")]).await;
    let more: Vec<_> = said.into_iter().chain([("goal", "12")]).collect();
    does(&stand, (&west_handler(), case), "propose_change", &more).await;
    does(&stand, (&city_leader(), case), "approve_change", &[]).await;
    let last = stand.page(case).await.case;
    let target = &last.promises.last().unwrap().target;
    assert_eq!((target.goal, target.budget), (12, Some(800_000)));
    assert_eq!((last.lead(), last.unit.as_str()), (Some(unit::WEST), unit::WEST));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

const EDUCATION: &str = "education-990101";

async fn milestones_are_promised_whole_and_lie_on_the_way(stand: Stand) {
    let first = [("stage_1", "placed"), ("stage_1_on", "2025-04-30"), ("stage_1_value", "3")];
    let target = |stages: &[(&'static str, &'static str)]| [&TARGET[..], stages].concat();
    let is_bad = |refused: Result<_, WriteError<No>>| {
        let said = |no: &No| matches!(no, No::Refused(Refusal::BadTarget));
        matches!(&refused, Err(WriteError::Refused(no)) if said(no))
    };
    // A milestone without its day, without its number, beyond the goal.
    for stages in [
        vec![first[0], first[2]],
        vec![first[0], first[1]],
        vec![first[0], first[1], ("stage_1_value", "11")],
    ] {
        let refused = propose(&stand, Some("project_visits"), &target(&stages)).await;
        assert!(is_bad(refused.map(drop)), "{stages:?}");
    }
    let case = propose(&stand, Some("project_visits"), &target(&first)).await.unwrap();
    does(&stand, (&city_reviewer(), case), "screen", &[]).await;
    does(&stand, (&city_leader(), case), "approve", &[]).await;
    let hands = [("lead", unit::EAST), ("partners", unit::EAST_POLICE)];
    does(&stand, (&city_reviewer(), case), "publish", &hands).await;
    let held = |case: domain::case::Case| {
        let steps = &case.promises.last().unwrap().target.steps;
        let told = steps.iter().map(|s| (s.on.to_string(), s.value, s.what.clone()));
        told.collect::<Vec<_>>()
    };
    let placed = [("2025-04-30".to_owned(), 3, Some("placed".to_owned()))];
    assert_eq!(held(stand.page(case).await.case), placed);
    // A goal that leaves a milestone behind is none; with another milestone it is one.
    let why = [("reason", "人手不足"), ("public_note", "目标相应调减。")];
    let less = [&why[..], &[("goal", "2")]].concat();
    let refused = tries(&stand, (&east_handler(), case), "propose_change", &less).await;
    assert!(is_bad(refused.map(drop)), "a milestone beyond the goal");
    let further = [
        &why[..],
        &[
            ("goal", "12"),
            ("stage_2", "half"),
            ("stage_2_on", "2025-08-31"),
            ("stage_2_value", "6"),
        ],
    ];
    does(&stand, (&east_handler(), case), "propose_change", &further.concat()).await;
    assert_eq!(held(stand.page(case).await.case), placed, "nobody approved it");
    does(&stand, (&city_leader(), case), "approve_change", &[]).await;
    let [placed] = placed;
    let half = ("2025-08-31".to_owned(), 6, Some("half".to_owned()));
    assert_eq!(held(stand.page(case).await.case), [placed, half]);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn an_agency_leads_a_project_and_sees_nothing_else_by_it(stand: Stand) {
    let (pack, now) = (&stand.pack, stand.clock.now());
    let agency = actor(51, EDUCATION, "agency");
    let Actor::Staff(who) = &agency else { panic!("staff") };
    let viewer = Viewer::Staff(who.clone(), now);
    let appeal = assigned(&stand, &Appeal::new("0201", "丈夫酒后动手"), unit::EAST).await;
    let case = propose(&stand, Some("project_visits"), &TARGET).await.unwrap();
    does(&stand, (&city_reviewer(), case), "screen", &[]).await;
    does(&stand, (&city_leader(), case), "approve", &[]).await;
    assert!(stand.seen(&viewer, case).await.is_none(), "not before it leads");
    does(&stand, (&city_reviewer(), case), "publish", &[("lead", EDUCATION)]).await;
    let page = stand.seen(&viewer, case).await.expect("it sees what it leads");
    assert_eq!(page.case.unit, EDUCATION);
    let none = domain::pack::Sight::None;
    assert_eq!((page.sees.identity, page.sees.contact), (none, none));
    // It finds the project among what waits for it, and nothing else.
    let mine = DeskFilter { whose: CasesOf::Mine, ..DeskFilter::default() };
    for filter in [mine, DeskFilter::default()] {
        let desk = stand.store.desk(pack, who, now, &filter).await.unwrap();
        let found: Vec<CaseId> = desk.cases.iter().map(|c| c.case.id).collect();
        assert_eq!(found, [case], "{filter:?}");
    }
    assert!(stand.seen(&viewer, appeal).await.is_none(), "leading opens no appeal");
    assert!(!store::may_count(pack, &viewer, EDUCATION), "and no figure");
    assert!(!store::may_count(pack, &viewer, unit::CITY));
    // It reports, proposes a change, and asks for acceptance; another unit accepts.
    let report = vec![step(FLOW, "report", &[("said", "本月进度")])];
    let files = roll();
    let act = Act { command: command_id(), actor: agency.clone(), case, steps: report, files };
    stand.store.act(pack, now, act).await.expect("a report with its evidence");
    let fields = [("goal", "12"), ("reason", "学校增加"), ("public_note", "目标调增。")];
    does(&stand, (&agency, case), "propose_change", &fields).await;
    does(&stand, (&city_leader(), case), "approve_change", &[]).await;
    assert_eq!(stand.page(case).await.case.unit, EDUCATION);
    let submit = [("inspector", unit::WEST), ("said", "已完成")];
    submits(&stand, (&agency, case), &submit).await;
    let frozen = stand.page(case).await.case.frozen;
    assert_eq!(frozen[0].values[0].unit, unit::CITY, "the number is that of who promised it");
    assert!(stand.seen(&viewer, case).await.is_some(), "it still leads while others look");
    let reason = [("reason", "缺少佐证")];
    does(&stand, (&west_reviewer(), case), "reject", &reason).await;
    assert_eq!(stand.page(case).await.case.unit, EDUCATION);
    submits(&stand, (&agency, case), &submit).await;
    // The numbers of the second submission are looked at, whatever was found of the first.
    let found = [("found", "属实")];
    let refused = tries(&stand, (&west_reviewer(), case), "accept", &found).await;
    let Bar::Sample { missing, wrong: 0 } = bar(refused).0 else { panic!("another bar") };
    assert_eq!(missing, 1);
    does(&stand, (&city_reviewer(), case), "look", &[("seen", "1.0.0=sound")]).await;
    does(&stand, (&west_reviewer(), case), "accept", &found).await;
    // Police of the same county has no part in it.
    let police = testkit::viewer(41, unit::EAST_POLICE, "agency");
    assert!(stand.seen(&police, case).await.is_none());
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn progress_comes_from_records_month_by_month(stand: Stand) {
    let case = running(&stand).await;
    assigned(&stand, &Appeal::new("1302", "村里的路"), unit::EAST).await;
    stand.clock.advance_hours(24 * 35);
    for summary in ["邻居争水", "灯不亮"] {
        assigned(&stand, &Appeal::new("1302", summary), unit::WEST).await;
    }
    let read = course(&stand, "appeals_received").await;
    let values: Vec<Option<i64>> = read.iter().map(|r| r.value).collect();
    assert_eq!(values, [Some(0), Some(0), Some(1), Some(3)]);
    assert_eq!(
        read[3].day,
        stand.pack.date_of(stand.clock.now()),
        "today, not the end of the month"
    );
    // A figure of the time before it was defined says nothing, and a stock is what it is.
    let open: Vec<Option<i64>> =
        course(&stand, "appeals_open").await.iter().map(|r| r.value).collect();
    assert_eq!(open, [Some(0), Some(0), Some(1), Some(3)]);
    let people = course(&stand, "appeals_people").await;
    let year = stand.pack.figures.get("appeals_people").unwrap();
    assert!(year.is_distinct() && year.nature == Nature::Flow);
    let told = crate::figures::told(&stand, "appeals_people", unit::CITY, "2025").await;
    assert_eq!(people.last().unwrap().value, told, "people add up to those of the year");
    let promises = stand.page(case).await.case.promises;
    let plan = Plan::new(Nature::Flow, &promises[0].target).unwrap();
    let light = |n: usize| {
        promised_on(&promises, read[n].day)
            .map(|_| plan.light(read[n].day, values[n].unwrap(), &stand.pack.targets))
    };
    assert_eq!((light(1), light(2)), (None, Some(TargetLight::Yellow)), "no light before a target");
}

async fn another_unit_accepts_and_the_result_is_announced(stand: Stand) {
    let case = running(&stand).await;
    assigned(&stand, &Appeal::new("1302", "村里的路"), unit::EAST).await;
    does(&stand, (&east_police(), case), "part_done", &[("said", "已配合")]).await;
    let own = [("inspector", unit::EAST), ("said", "已完成")];
    let refused = tries_with(&stand, (&east_handler(), case), ("submit", &own), roll()).await;
    assert_eq!(bar(refused).0, Bar::Field, "nobody accepts their own work");
    let other = [("inspector", unit::WEST), ("said", "已完成")];
    // Nor does anybody accept a word alone; who may not submit is told of no evidence.
    let refused = tries(&stand, (&east_handler(), case), "submit", &other).await;
    assert_eq!(refusal(refused), Refusal::NoEvidence);
    let refused = tries(&stand, (&town_handler(), case), "submit", &other).await;
    assert!(matches!(refused, Err(WriteError::Refused(No::NotFound))), "{refused:?}");
    submits(&stand, (&east_handler(), case), &other).await;
    let frozen = stand.page(case).await.case.frozen;
    let value = &frozen[0].values[0];
    assert_eq!(
        (value.figure.as_str(), value.amount, value.records),
        ("appeals_received", Some(1), 1)
    );
    assert_eq!(value.unit, unit::CITY);
    let found = [("found", "属实")];
    let refused = tries(&stand, (&west_reviewer(), case), "accept", &found).await;
    assert_eq!(bar(refused).0, Bar::Sample { missing: 1, wrong: 0 });
    // The record is none that the other county may open; somebody above looks at it.
    let seen = [("seen", "0.0.0=sound")];
    let refused = tries(&stand, (&west_reviewer(), case), "look", &seen).await;
    let Err(WriteError::Refused(No::Refused(Refusal::NotSeen))) = refused else {
        panic!("{refused:?}")
    };
    does(&stand, (&city_reviewer(), case), "look", &seen).await;
    does(&stand, (&west_reviewer(), case), "accept", &found).await;
    does(&stand, (&city_reviewer(), case), "announce", &[]).await;
    // After an objection the same numbers are looked at again.
    does(&stand, (&city_reviewer(), case), "object", &[("reason", "群众反映")]).await;
    let refused = tries(&stand, (&west_reviewer(), case), "accept", &found).await;
    assert_eq!(bar(refused).0, Bar::Sample { missing: 1, wrong: 0 });
    does(&stand, (&city_reviewer(), case), "look", &seen).await;
    does(&stand, (&west_reviewer(), case), "accept", &found).await;
    does(&stand, (&city_reviewer(), case), "announce", &[]).await;
    assert_eq!(stand.page(case).await.case.state, "announced");
    stand.clock.advance_hours(24 * 8);
    stand.tick().await;
    assert_eq!(stand.page(case).await.case.state, "archived");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn the_public_knows_what_was_made_public(stand: Stand) {
    let case = propose(&stand, Some("project_visits"), &TARGET).await.unwrap();
    assert!(known(&stand, &Viewer::Public).await.is_empty());
    does(&stand, (&city_reviewer(), case), "screen", &[]).await;
    does(&stand, (&city_leader(), case), "approve", &[]).await;
    assert!(known(&stand, &Viewer::Public).await.is_empty());
    let Actor::Staff(west) = west_handler() else { panic!("staff") };
    let stranger = Viewer::Staff(west, stand.clock.now());
    assert!(known(&stand, &stranger).await.is_empty());
    does(&stand, (&city_reviewer(), case), "publish", &[("lead", unit::EAST)]).await;
    for viewer in [Viewer::Public, stranger] {
        let all = known(&stand, &viewer).await;
        let [public] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((public.programme.as_str(), &public.number), ("project_visits", &None));
        assert!(public.case.deeds.is_empty() && public.case.opener.is_none());
        assert_eq!(public.case.promises.len(), 2, "approved, and made public with who leads");
    }
    let Actor::Staff(leader) = city_leader() else { panic!("staff") };
    let all = known(&stand, &Viewer::Staff(leader, stand.clock.now())).await;
    assert!(all[0].number.is_some(), "whoever may open it has its number");
}

async fn what_is_typed_in_counts_for_its_figure_alone(stand: Stand) {
    let uses = &stand.pack.workflow("hand_entry").unwrap().opening.fields;
    let raw = |item: &str| {
        let pairs =
            [("item", item), ("held_on", "2025-03-02"), ("amount", "7"), ("source", "名册")];
        pairs.map(|(k, v)| (k.to_owned(), vec![v.to_owned()])).into_iter().collect()
    };
    let flow = stand.pack.workflow("hand_entry").unwrap();
    let foreign = domain::field::check(&stand.pack, flow, uses, &raw("appeals_received"));
    assert!(foreign.is_err(), "nobody types in what is counted from records");
    let given = domain::field::check(&stand.pack, flow, uses, &raw("online_views")).unwrap();
    let file = Attachment {
        name: "名册.csv".to_owned(),
        kind: "text/csv".to_owned(),
        body: b"7".to_vec(),
    };
    let new = NewCase {
        command: command_id(),
        actor: town_handler(),
        workflow: "hand_entry".to_owned(),
        programme: None,
        given,
        then: Vec::new(),
        files: vec![file],
        receipt: stand.store.receipt_for(&command_id()),
        imported: None,
    };
    let opened = stand.store.open_case(&stand.pack, stand.clock.now(), new).await.unwrap();
    let steps = vec![step("hand_entry", "confirm", &[])];
    let (command, case) = (command_id(), opened.done.case);
    let act = Act { command, actor: east_reviewer(), case, steps, files: Vec::new() };
    stand.store.act(&stand.pack, stand.clock.now(), act).await.unwrap();
    let values: Vec<Option<i64>> =
        course(&stand, "online_views").await.iter().map(|r| r.value).collect();
    assert_eq!(values, [Some(0), Some(0), Some(7)]);
}
