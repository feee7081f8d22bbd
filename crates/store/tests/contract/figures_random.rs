//! Random histories of many cases: openings by people who share telephones, every action that is
//! offered, merges, returns, other units and categories, acts that are entered under an earlier
//! day. After each history the figures equal a second, slow count that follows the entries in its own
//! way, every number leads to as many records, and `verify` finds nothing.

use crate::figures::{records, told};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Fact, Staff},
    decide::{self, Ctx},
    field::{FieldKind, Meaning, Raw, check},
    figure::AnyAmount,
    workflow::{Action, Relation},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRng, TestRunner},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};
use store::{Act, CasePage, FigureAsk, FigurePart};
use testkit::{Appeal, Stand, command_id, unit};

/// One stroke of a history: what to choose among what is possible, and how much time passes.
#[derive(Debug, Clone)]
struct Stroke {
    open: bool,
    case: usize,
    action: usize,
    unit: usize,
    phone: u8,
    hours: i64,
}

fn stroke() -> impl Strategy<Value = Stroke> {
    (0..10u8, 0..64usize, 0..64usize, 0..8usize, 0..4u8, -700..900i64).prop_map(
        |(kind, case, action, unit, phone, hours)| Stroke {
            open: kind < 3,
            case,
            action,
            unit,
            phone,
            hours,
        },
    )
}

#[test]
fn figures_equal_a_slow_count_on_sqlite() {
    histories(6, Stand::sqlite);
}

#[test]
fn figures_equal_a_slow_count_on_postgres() {
    histories(3, Stand::postgres);
}

/// What happened in all histories together. A history in which nothing of it happens proves nothing.
#[derive(Debug, Default)]
struct Happened {
    merged: usize,
    unmerged: usize,
    late: usize,
    categories: usize,
    units: usize,
    reopened: usize,
}

impl Happened {
    fn count(&mut self, stand: &Stand, page: &CasePage) {
        let flow = stand.pack.flow_of(&page.case).unwrap();
        let open = |state: &str| flow.state(state).unwrap().is_open();
        let mut last = page.entries[0].at;
        let (mut category, mut unit) = (None::<&str>, None::<&str>);
        for entry in &page.entries {
            self.late += usize::from(entry.at < last);
            last = last.max(entry.at);
            for fact in &entry.facts {
                match fact {
                    Fact::Acted { action, from, to } => {
                        self.reopened += usize::from(!open(from) && open(to));
                        self.unmerged += usize::from(action == "unmerge");
                    }
                    Fact::Linked { kind, .. } if kind == "merged_into" => self.merged += 1,
                    Fact::Opened { category: now, .. } | Fact::Categorised { category: now } => {
                        self.categories += usize::from(category.is_some_and(|was| was != now));
                        category = Some(now);
                    }
                    Fact::Assigned { unit: now, .. } => {
                        self.units += usize::from(unit.is_some_and(|was| was != now));
                        unit = Some(now);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn histories<F: Future<Output = Stand>>(cases: u32, stand: impl Fn() -> F) {
    let rt = tokio::runtime::Runtime::new().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let strategy = proptest::collection::vec(stroke(), 80);
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let happened = Mutex::new(Happened::default());
    let ran = runner.run(&strategy, |strokes| {
        rt.block_on(async {
            let stand = stand().await;
            let mut cases = Vec::new();
            for stroke in &strokes {
                play(&stand, &mut cases, stroke).await;
            }
            compare(&stand, &cases).await;
            for case in &cases {
                let page = stand.page(*case).await;
                happened.lock().unwrap().count(&stand, &page);
            }
        });
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    let all = happened.into_inner().unwrap();
    let Happened { merged, unmerged, late, categories, units, reopened } = all;
    for (what, n) in [
        ("merges", merged),
        ("merges that were undone", unmerged),
        ("late acts", late),
        ("other categories", categories),
        ("other units", units),
        ("cases that were taken up again", reopened),
    ] {
        assert!(n > 0, "no {what} in any history: {all:?}");
    }
}

async fn play(stand: &Stand, cases: &mut Vec<CaseId>, stroke: &Stroke) {
    let now = stand.clock.now();
    if stroke.open || cases.is_empty() {
        let category = ["1302", "0503", "0101"][stroke.unit % 3];
        let phone = ["", "10000000001", "10000000002", "10000000003"][usize::from(stroke.phone)];
        let appeal = Appeal::new(category, "随便什么事").with("contact_phone", phone);
        let at = now.saturating_add(SignedDuration::from_hours(stroke.hours.min(0))).unwrap();
        let new = appeal.new_case();
        cases.push(stand.store.import_case(&stand.pack, at, new).await.unwrap().done.case);
        return;
    }
    let case = cases[stroke.case % cases.len()];
    let at = if stroke.hours < -500 {
        // Entered late, under the day on which it was done.
        now.saturating_add(SignedDuration::from_hours(stroke.hours + 500)).unwrap()
    } else {
        stand.clock.advance_hours(stroke.hours.max(0) / 8);
        stand.clock.now()
    };
    if stroke.action == 63 {
        stand.tick().await;
        return;
    }
    act(stand, cases, (case, at), stroke).await;
}

async fn act(stand: &Stand, cases: &[CaseId], (case, at): (CaseId, Timestamp), stroke: &Stroke) {
    let page = stand.page(case).await;
    let flow = stand.pack.flow_of(&page.case).unwrap();
    let mut doable: Vec<(&Action, Actor)> = Vec::new();
    for action in flow.actions_from(&page.case.state).filter(|a| a.auto.is_none()) {
        let actors = action.by.iter().flat_map(|who| actors(&page, &who.role, who.relation));
        let may = |actor: &Actor| {
            let ctx = Ctx::bare(at, &stand.pack, actor);
            decide::permit(ctx, &page.case, action, None).is_ok()
        };
        doable.extend(actors.into_iter().find(may).map(|actor| (action, actor)));
    }
    // What leads on is done more often than notes.
    doable.sort_by_key(|(a, _)| matches!(a.to, domain::workflow::Target::Same));
    let moving = doable.iter().filter(|(a, _)| !matches!(a.to, domain::workflow::Target::Same));
    let moving = moving.count().max(1);
    let n = if stroke.action < 48 { stroke.action % moving } else { stroke.action };
    let Some((action, actor)) = doable.get(n % doable.len().max(1)) else { return };
    let other = stand.page(cases[stroke.unit % cases.len()]).await.number;
    let mut raw = Raw::new();
    for used in &action.fields {
        let field = flow.fields.get(&used.code).unwrap();
        if used.required || stroke.phone == 1 {
            raw.insert(used.code.clone(), fill(stand, field, stroke, &other));
        }
    }
    let Ok(given) = check(&stand.pack, flow, &action.fields, &raw) else { return };
    let steps = vec![decide::Step { action: action.code.clone(), given }];
    let act = Act { command: command_id(), actor: actor.clone(), case, steps, files: Vec::new() };
    // A refusal writes nothing, and that must hold for the figures too.
    let _ = stand.store.act(&stand.pack, at, act).await;
}

fn actors(page: &CasePage, role: &str, relation: Relation) -> Vec<Actor> {
    if relation == Relation::Appellant {
        return vec![Actor::Appellant(page.case.id)];
    }
    let units =
        [unit::HOTLINE, unit::CITY, unit::EAST, unit::WEST, unit::EAST_TOWN, unit::WEST_TOWN];
    let own = page.case.unit.as_str();
    let staff = |(n, unit): (usize, &str), shift: i64| {
        let account =
            100 * (i64::try_from(n).unwrap() + 1) + shift + i64::try_from(role.len()).unwrap();
        Actor::Staff(Staff { account, unit: unit.to_owned(), roles: vec![role.to_owned()] })
    };
    let all = units.iter().copied().chain([own]).enumerate();
    all.flat_map(|at| [staff(at, 0), staff(at, 50)]).collect()
}

fn fill(stand: &Stand, field: &domain::field::Field, stroke: &Stroke, other: &str) -> Vec<String> {
    let units = [unit::EAST, unit::WEST, unit::EAST_TOWN, unit::WEST_TOWN];
    let text = match &field.kind {
        FieldKind::Choice(options) | FieldKind::Choices(options) => {
            options[stroke.unit % options.len()].value.clone()
        }
        FieldKind::Category => ["1302", "0503", "0504"][stroke.unit % 3].to_owned(),
        FieldKind::Grade => ["green", "yellow", "orange"][stroke.unit % 3].to_owned(),
        FieldKind::Place => unit::WEST_PLACE.to_owned(),
        FieldKind::Unit | FieldKind::Units => units[stroke.unit % 4].to_owned(),
        FieldKind::Case => other.to_owned(),
        FieldKind::Date => stand.pack.date_of(stand.clock.now()).tomorrow().unwrap().to_string(),
        FieldKind::Time => "09:00".to_owned(),
        FieldKind::Number { min, .. } => (min + i64::try_from(stroke.unit).unwrap()).to_string(),
        FieldKind::Flag => "yes".to_owned(),
        FieldKind::Channel => "web".to_owned(),
        FieldKind::Risk => return Vec::new(),
        FieldKind::Line { .. } | FieldKind::Text { .. } if field.meaning == Meaning::Phone => {
            format!("1000000000{}", stroke.phone + 1)
        }
        FieldKind::Line { .. } | FieldKind::Text { .. } => "随便一句".to_owned(),
        FieldKind::Figure => "appeals_received".to_owned(),
        FieldKind::Form => "monthly".to_owned(),
        FieldKind::Period => "2025-03".to_owned(),
        FieldKind::Figures => "appeals_received wf-9901 2025-03".to_owned(),
        FieldKind::Sample => "0.0.0=sound".to_owned(),
    };
    vec![text]
}

/// A case as the slow count sees it: straight from its entries, with days as they were entered.
#[derive(Debug, Default)]
struct Slow {
    unit: String,
    handling: Option<String>,
    phone: Option<String>,
    category: String,
    /// Entering a state, or an act: action, state, day, unit after the entry's last assignment.
    acts: Vec<(String, String, Date, String)>,
    answers: Vec<Date>,
    extension: Option<(Date, Option<i64>)>,
    merged: bool,
}

fn follow(stand: &Stand, page: &CasePage) -> Slow {
    let mut slow = Slow::default();
    let flow = stand.pack.flow_of(&page.case).unwrap();
    for entry in &page.entries {
        let day = stand.pack.date_of(entry.at);
        for texts in entry.texts.values() {
            if let Some(phone) = texts.get("contact_phone") {
                slow.phone = Some(phone.clone());
            }
        }
        for fact in &entry.facts {
            match fact {
                Fact::Categorised { category } => slow.category.clone_from(category),
                Fact::Opened { state, unit, category, .. } => {
                    slow.unit.clone_from(unit);
                    slow.category.clone_from(category);
                    slow.acts.push(("open".into(), state.clone(), day, unit.clone()));
                }
                Fact::Acted { action, from, to } => {
                    slow.acts.push((action.clone(), to.clone(), day, slow.unit.clone()));
                    if action == "request_extension" {
                        slow.extension = Some((day, None));
                    }
                    if from != to && flow.state(to).unwrap().is_open() {
                        slow.merged = false;
                    }
                }
                Fact::Linked { kind, .. } if kind == "merged_into" => slow.merged = true,
                Fact::Assigned { unit, .. } => {
                    slow.unit.clone_from(unit);
                    slow.acts.last_mut().unwrap().3.clone_from(unit);
                }
                Fact::Handling { unit } => slow.handling = Some(unit.clone()),
                Fact::Issued { template, .. } if template == "answer_letter" => {
                    slow.answers.push(day);
                }
                Fact::Given { coded, .. } => {
                    if let (Some(days), Some(last)) = (coded.get("days"), &mut slow.extension) {
                        last.1 = days.one().parse().ok();
                    }
                }
                _ => {}
            }
        }
    }
    slow
}

/// Figure and unit to what happened: day and how much, or who.
type Flows = BTreeMap<(&'static str, String), Vec<(Date, i64, Option<String>)>>;

fn flows(stand: &Stand, all: &[Slow]) -> Flows {
    let mut flows = Flows::new();
    for slow in all.iter().filter(|slow| !slow.merged) {
        let credit = slow.handling.as_ref().unwrap_or(&slow.unit);
        let above: Vec<String> = stand.pack.units.upward(credit).map(|u| u.code.clone()).collect();
        let mut add = |figure: &'static str, day: Date, n: i64, who: Option<&String>| {
            for unit in &above {
                let row = flows.entry((figure, unit.clone())).or_default();
                row.push((day, n, who.cloned()));
            }
        };
        add("appeals_received", slow.acts[0].2, 1, None);
        let is_closed = |state: &str| state == "closed" || state == "archived";
        let last = slow.acts.last().unwrap();
        if is_closed(&last.1) {
            let run = slow.acts.iter().rev().take_while(|a| is_closed(&a.1)).last().unwrap();
            add("appeals_closed", run.2, 1, None);
            if slow.phone.is_some() {
                add("appeals_people", run.2, 1, slow.phone.as_ref());
            }
        }
        let visits = ["record_visit", "visit_dissatisfied", "rate", "rate_dissatisfied"];
        for act in slow.acts.iter().filter(|a| visits.contains(&a.0.as_str())) {
            add("appeals_visited", act.2, 1, None);
        }
        for day in &slow.answers {
            add("appeal_answers", *day, 1, None);
        }
        if let Some((day, Some(days))) = slow.extension {
            add("extension_days", day, days, None);
        }
    }
    flows
}

/// Open at the end of a day with a unit or below it: of the acts that bear that day or an earlier
/// one, the one that was entered last decides.
fn open_at(stand: &Stand, slow: &Slow, unit: &str, end: Date) -> i64 {
    let last = slow.acts.iter().rev().find(|(_, _, day, _)| *day <= end);
    let not_in_hand = ["closed", "archived", "merged"];
    let open = last.filter(|(_, state, _, _)| !not_in_hand.contains(&state.as_str()));
    i64::from(open.is_some_and(|(_, _, _, at)| stand.pack.units.covers(unit, at)))
}

/// What is split by category, unit by unit: the slow count of the cases of each category.
async fn compare_categories(stand: &Stand, all: Vec<Slow>) {
    let mut of: BTreeMap<String, Vec<Slow>> = BTreeMap::new();
    for slow in all {
        of.entry(slow.category.clone()).or_default().push(slow);
    }
    let period = domain::figure::Period::Year(2025);
    let today = stand.pack.date_of(stand.clock.now());
    for (category, cases) in of {
        let flows = flows(stand, &cases);
        for figure in stand.pack.figures.of("appeal").filter(|f| !f.dimensions.is_empty()) {
            for unit in [unit::CITY, unit::EAST, unit::WEST] {
                let (ask, part) =
                    (FigureAsk { figure, unit, period }, FigurePart::Category(&category));
                let found = stand.store.figure_parts(&Viewer::System, ask, &[part], today).await;
                let found = found.unwrap().remove(0).amount.map_or(0, AnyAmount::count);
                let right = flow(&flows, (figure.code.as_str(), unit), period);
                assert_eq!(found, right, "{} {unit} {category}", figure.code);
                let who = (&*stand.pack, &Viewer::System);
                let page = stand.store.records_in(who, (ask, part), today, None).await.unwrap();
                let sum: i64 = page.records.iter().filter_map(|record| record.amount).sum();
                assert!(sum == right || page.next.is_some(), "{} {category}", figure.code);
            }
        }
    }
}

async fn compare(stand: &Stand, cases: &[CaseId]) {
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    let mut all = Vec::new();
    for case in cases {
        all.push(follow(stand, &stand.page(*case).await));
    }
    let today = stand.pack.date_of(stand.clock.now());
    let flows = flows(stand, &all);
    let units = [unit::CITY, unit::HOTLINE, unit::EAST, unit::WEST, unit::EAST_TOWN];
    let periods = ["2025-02", "2025-03", "2025-04", "2025", "to-2025-03", "to-2025-12"];
    for period in periods {
        let span = domain::figure::Period::parse(period).unwrap();
        if span.first().is_some_and(|first| first > today) {
            continue;
        }
        for unit in units {
            for figure in stand.pack.figures.of("appeal").map(|f| f.code.as_str()) {
                let right = if figure == "appeals_open" {
                    let end = span.last();
                    all.iter().filter(|s| !s.merged).map(|s| open_at(stand, s, unit, end)).sum()
                } else {
                    flow(&flows, (figure, unit), span)
                };
                let found = told(stand, figure, unit, period).await;
                // A number of which every part is unknown is no number.
                assert_eq!(found.unwrap_or(0), right, "{figure} {unit} {period}");
                if unit == unit::CITY || unit == unit::EAST {
                    let all = records(stand, &Viewer::System, (figure, unit, period)).await;
                    let known = all.iter().filter_map(|r| r.amount);
                    let sum: i64 = known.sum();
                    let distinct = figure == "appeals_people";
                    assert!(sum == right || (distinct && sum >= right), "{figure} {unit} {period}");
                }
            }
        }
    }
    compare_categories(stand, all).await;
}

fn flow(flows: &Flows, (figure, unit): (&str, &str), span: domain::figure::Period) -> i64 {
    let key = flows.keys().find(|(f, u)| *f == figure && u == unit);
    let rows = key.and_then(|key| flows.get(key)).map_or(&[][..], Vec::as_slice);
    let inside = |day: &Date| span.first().is_none_or(|first| *day >= first) && *day <= span.last();
    let rows = rows.iter().filter(|(day, _, _)| inside(day));
    if figure == "appeals_people" {
        let people: BTreeSet<&Option<String>> = rows.map(|(_, _, who)| who).collect();
        return i64::try_from(people.len()).unwrap();
    }
    rows.map(|(_, n, _)| n).sum()
}
