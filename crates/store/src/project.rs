//! Projections: the rows that a case casts into the lists and counts. Pure; the command writes
//! the difference between before and after, and `verify` compares with what stands.

use crate::db::P;
use domain::{
    access,
    case::{AccountId, Case, Staff, is_paused, is_running},
    clock::{ClockError, Light},
    pack::Pack,
    rights, waiting,
    workflow::{State, Workflow},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A row of the work lists: one for each unit that covers the case, one for each open task, and one
/// for the person who took it; of a sealed case one for each person in its circle alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeskRow {
    /// Unit in whose list it stands.
    pub unit: String,
    /// The list: workflow and state of the case, marked for a unit above; or workflow and the kind
    /// of a task owed, or the account of whoever took it, marked so.
    pub state: String,
    /// 0 for an open case that stands before all others, 1 for the rest.
    pub tier: i64,
    /// Sort key: when it is due while open, when it was closed afterwards; microseconds.
    pub rank: i64,
    /// Case.
    pub case: i64,
    /// When the light turns yellow; microseconds.
    pub yellow: i64,
    /// Risk grade.
    pub grade: String,
    /// Category.
    pub category: String,
}

impl DeskRow {
    /// The values of the key, in its order.
    pub fn key(&self) -> [P<'_>; 5] {
        let (unit, state) = ((&self.unit).into(), (&self.state).into());
        [unit, state, self.tier.into(), self.rank.into(), self.case.into()]
    }
}

/// The tiers of open cases, in order. Within a tier the deadline decides.
pub const TIERS: [i64; 2] = [FIRST, REST];
/// Grades that need an answer at once.
const FIRST: i64 = 0;
/// All other grades, and everything that is closed.
pub const REST: i64 = 1;

/// The mark of a task row.
const TASK_MARK: char = '~';
/// The mark of a row in the list of a unit above the responsible one.
const ABOVE_MARK: char = '^';
/// The mark of a row in the list of the unit above for which the case waits.
const BROUGHT_MARK: char = '!';
/// The mark of a row in the list of whoever took the case.
const TAKEN_MARK: char = '@';
/// The mark of an index of cases that somebody is kept out of.
const BARRED_MARK: char = '-';

/// The list of the cases of one state that a unit holds itself. Workflows may share the names of
/// states, their lists are apart.
pub fn own_list(flow: &str, state: &str) -> String {
    format!("{flow}:{state}")
}

/// The list of the cases of one state that the units below hold.
pub fn below_list(flow: &str, state: &str) -> String {
    format!("{ABOVE_MARK}{flow}:{state}")
}

/// The list of the cases of one state that the units below hold and that wait for this one.
pub fn brought_list(flow: &str, state: &str) -> String {
    format!("{BROUGHT_MARK}{flow}:{state}")
}

/// The list of the open cases that somebody took.
pub fn taken_list(flow: &str, account: AccountId) -> String {
    format!("{TAKEN_MARK}{flow}:{account}")
}

/// Whether a list holds what somebody took.
pub fn is_taken_list(list: &str) -> bool {
    list.starts_with(TAKEN_MARK)
}

/// The lists in which a unit finds its own cases of a state and those of the units below.
pub fn case_lists(flow: &Workflow, state: &State) -> Vec<String> {
    let mut lists = vec![own_list(&flow.code, &state.code), below_list(&flow.code, &state.code)];
    if waiting::ways(flow, state).any(waiting::from_above) {
        lists.push(brought_list(&flow.code, &state.code));
    }
    lists
}

/// What stands in place of a unit for the sealed cases that somebody knows of: they are in the
/// lists of those people and in no other.
pub fn circle_unit(account: AccountId) -> String {
    format!("{TAKEN_MARK}{account}")
}

/// What stands in place of a unit for what is said to the security administrators. Like what is said
/// to a circle it is read on the page of notices and never sent.
pub const SECURITY: &str = "@security";

/// What stands in place of a unit for the cases that somebody is kept out of.
fn barred_unit(name: &str) -> String {
    format!("{BARRED_MARK}{name}")
}

/// What stands in place of a unit for the cases that this person is kept out of, by name or unit.
pub fn barred_units(staff: &Staff) -> [String; 2] {
    [barred_unit(&staff.account.to_string()), barred_unit(&staff.unit)]
}

fn barred(case: &Case) -> impl Iterator<Item = String> {
    let people = case.guarded.people.iter().map(|account| barred_unit(&account.to_string()));
    people.chain(case.guarded.units.iter().map(|unit| barred_unit(unit)))
}

/// The list of the tasks of one kind that a unit owes.
pub fn task_list(flow: &str, kind: &str) -> String {
    format!("{TASK_MARK}{flow}:{kind}")
}

/// The kind of task of a list of tasks.
pub fn task_of(list: &str) -> Option<&str> {
    list.strip_prefix(TASK_MARK)?.split_once(':').map(|(_, kind)| kind)
}

/// In whose lists a case stands, as the pack had it: what of its rows does not follow from the case
/// alone. It is kept beside the case, so that its rows are found again whatever tree of units, roles
/// or risks they were written under.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Whether cases of its grade stand before all others.
    #[serde(rename = "f", default, skip_serializing_if = "std::ops::Not::not")]
    first: bool,
    /// The responsible unit and those above it, from the bottom up.
    #[serde(rename = "u", default, skip_serializing_if = "Vec::is_empty")]
    units: Vec<String>,
    /// The one of them for which it waits, unless that is the responsible one.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    brought: Option<String>,
    /// Where each open request about its data waits.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    requests: Vec<String>,
}

impl Places {
    /// As this pack has it.
    pub fn of(pack: &Pack, case: &Case) -> Self {
        let requests = case.rights.open().map(|request| rights::waits_at(pack, case, request));
        Self {
            first: pack.risk.is_first(&case.grade),
            units: pack.units.upward(&case.unit).map(|unit| unit.code.clone()).collect(),
            brought: waiting::brought_to(pack, case).map(|unit| unit.code.clone()),
            requests: requests.map(ToOwned::to_owned).collect(),
        }
    }
}

/// The rows of a case that stands in these places.
///
/// # Errors
/// When a light cannot be computed.
pub fn desk(pack: &Pack, case: &Case, places: &Places) -> Result<BTreeSet<DeskRow>, ClockError> {
    let mut rows = BTreeSet::new();
    let rules = pack.of(case);
    let (rank, yellow) = rank(pack, case)?;
    let open = case.is_open(pack);
    let tier = if open && places.first { FIRST } else { REST };
    let row = |unit: &str, state: String, rank: i64, yellow: i64| DeskRow {
        unit: unit.to_owned(),
        state,
        tier,
        rank,
        case: case.id,
        yellow,
        grade: case.grade.clone(),
        category: case.category.clone(),
    };
    for index in barred(case) {
        rows.insert(row(&index, case.workflow.clone(), rank, yellow));
    }
    if let Some(circle) = &case.guarded.circle {
        let list = own_list(&case.workflow, &case.state);
        rows.extend(circle.iter().map(|a| row(&circle_unit(*a), list.clone(), rank, yellow)));
        return Ok(rows);
    }
    for unit in &places.units {
        let list = match unit {
            unit if *unit == case.unit => own_list,
            unit if Some(unit) == places.brought.as_ref() => brought_list,
            _ => below_list,
        };
        rows.insert(row(unit, list(&case.workflow, &case.state), rank, yellow));
    }
    if let Some(account) = case.owner.filter(|_| open) {
        rows.insert(row(&case.unit, taken_list(&case.workflow, account), rank, yellow));
    }
    for task in case.open_tasks() {
        let due = task.clock.due();
        let turns = task.clock.yellow_at(rules.lights, &rules.work_time)?.unwrap_or(due);
        let state = task_list(&case.workflow, &task.kind);
        rows.insert(row(&task.unit, state, due.as_microsecond(), turns.as_microsecond()));
    }
    for (request, unit) in case.rights.open().zip(&places.requests) {
        let due = request.clock.due();
        let turns = request.clock.yellow_at(rules.lights, &pack.work_time)?.unwrap_or(due);
        let state = task_list(&case.workflow, rights::KIND);
        let (due, turns) = (due.as_microsecond(), turns.as_microsecond());
        rows.insert(row(unit, state, due, turns));
    }
    Ok(rows)
}

/// When the case is due and when its light turns yellow: its most urgent clock decides.
fn rank(pack: &Pack, case: &Case) -> Result<(i64, i64), ClockError> {
    if !case.is_open(pack) {
        let closed = case.entered.as_microsecond();
        return Ok((closed, i64::MAX));
    }
    let mut rank = i64::MAX;
    let mut yellow = i64::MAX;
    for clock in case.clocks.values() {
        if is_running(clock) {
            rank = rank.min(clock.due().as_microsecond());
            let rules = pack.of(case);
            let turns = clock.yellow_at(rules.lights, &rules.work_time)?;
            yellow = yellow.min(turns.map_or(i64::MAX, Timestamp::as_microsecond));
        } else if is_paused(clock) && rank == i64::MAX {
            // A paused case sorts behind the running ones of the same day, by its end.
            rank = clock.resumes_at().unwrap_or_else(|| clock.due()).as_microsecond();
        }
    }
    Ok((rank, yellow))
}

/// The light of a row at an instant: red from the deadline on, as on the clock itself.
pub fn light(rank: i64, yellow: i64, now: Timestamp) -> Light {
    let now = now.as_microsecond();
    if yellow == i64::MAX {
        Light::Green
    } else if now >= rank {
        Light::Red
    } else if now >= yellow {
        Light::Yellow
    } else {
        Light::Green
    }
}

/// The count of open cases by the edition of their rules, which stands in place of a unit.
pub const EDITION: &str = "edition";

/// What a case that stands in these places adds to the counts: (name, unit) → 1, for every unit that covers it; and, while it
/// is open, for the rules it lives under. What only named people know of counts nowhere that anybody looks.
pub fn counts(pack: &Pack, case: &Case, places: &Places) -> BTreeMap<(String, String), i64> {
    let mut all = BTreeMap::new();
    if case.is_open(pack) {
        all.insert((EDITION.to_owned(), case.pack.clone()), 1);
    }
    if access::is_uncounted(pack, case) {
        return all;
    }
    for unit in &places.units {
        all.insert((format!("{}:{}", case.workflow, case.state), unit.clone()), 1);
    }
    all
}

/// What changes in the counts when a case that stood so stands so now.
pub fn counts_between(
    pack: &Pack,
    (before, from): (&Case, &Places),
    (after, to): (&Case, &Places),
) -> BTreeMap<(String, String), i64> {
    let mut delta = counts(pack, after, to);
    for (key, n) in counts(pack, before, from) {
        *delta.entry(key).or_default() -= n;
    }
    delta.retain(|_, n| *n != 0);
    delta
}

/// What a case is counted as for ever when it is opened: workflow, and category as it is then.
pub fn opened(case: &Case) -> (String, String) {
    (format!("{}:opened", case.workflow), case.category.clone())
}
