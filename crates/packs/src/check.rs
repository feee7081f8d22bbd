//! What must hold between the files of a pack, beyond the proof of each workflow.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    clock::Span,
    pack::{Channel, Level, Pack, RouteTo, Rules},
    soundness,
    workflow::{Code, Locus, Relation, Workflow},
};

use crate::{document::Entry, faults::Faults, open311::Offer};

/// No stage of a case takes longer; a longer one is a slip of the pen.
const LONGEST_CLOCK_DAYS: u32 = 400;

/// Rules name things that exist, and the last one fits everything everywhere.
fn routing(pack: &Pack, faults: &mut Faults) {
    for rule in &pack.routing.rules {
        for category in &rule.category {
            let ok = pack.categories.keys().any(|c| c.starts_with(category.as_str()));
            faults.known(&rule.at, ok, "category", category);
        }
        for area in &rule.area {
            faults.known(&rule.at, pack.regions.get(area).is_some(), "region", area);
        }
        for grade in &rule.risk {
            faults.known(&rule.at, pack.risk.grade(grade).is_some(), "grade", grade);
        }
        for channel in &rule.channel {
            faults.known(&rule.at, pack.channels.contains_key(channel), "channel", channel);
        }
        for RouteTo { kind, level: _ } in rule.co.iter().chain([&rule.to]) {
            faults.known(&rule.at, pack.units.kind(kind).is_some(), "unit kind", kind);
        }
    }
    let Some(last) = pack.routing.rules.last() else { return };
    let everywhere =
        pack.units.kind(&last.to.kind).is_none_or(|kind| kind.levels.contains(&Level::City));
    let conditions = [&last.category, &last.area, &last.risk, &last.channel];
    let fits_all = conditions.iter().all(|list| list.is_empty());
    if !fits_all || !everywhere {
        let what = format!("the last rule `{}` does not fit every case", last.code);
        let advice = "end with a rule without category, area, risk and channel, to a kind of unit \
                      that exists for the city";
        faults.add(&last.at, what, advice);
    }
}

/// One channel at most is that of the calls, and what it opens exists.
fn channels(pack: &Pack, channels: &[Entry<Channel>], faults: &mut Faults) {
    let calls = channels.iter().filter_map(|c| Some((c, c.value.opens.as_ref()?)));
    for (n, (Entry { code, at, .. }, opens)) in calls.enumerate() {
        faults.known(at, pack.workflows.contains_key(opens), "workflow", opens);
        if n > 0 {
            let what = format!("the channel of calls is given already; `{code}` is a second one");
            faults.add(at, what, "leave opens with the one channel that the call screen serves");
        }
    }
}

/// What forms, routing, channels, programmes and services name exists.
pub(crate) fn parts(
    pack: &Pack,
    known: &[Entry<Channel>],
    programmes_at: &BTreeMap<Code, Locus>,
    offered: &[Entry<Offer>],
    faults: &mut Faults,
) {
    crate::forms::check(pack, faults);
    routing(pack, faults);
    channels(pack, known, faults);
    programmes(pack, programmes_at, faults);
    services(pack, offered, faults);
}

/// A programme is a workflow under a name of the city.
fn programmes(pack: &Pack, at: &BTreeMap<Code, Locus>, faults: &mut Faults) {
    for programme in pack.programmes.values() {
        if let Some(at) = at.get(&programme.code) {
            let ok = pack.workflows.contains_key(&programme.workflow);
            faults.known(at, ok, "workflow", &programme.workflow);
        }
    }
}

/// What arrives by Open311 is public, so its category must not be sensitive.
fn services(pack: &Pack, services: &[Entry<Offer>], faults: &mut Faults) {
    for Entry { code, at, value } in services {
        let category = pack.categories.get(&value.category);
        faults.known(at, category.is_some(), "category", &value.category);
        if category.is_some_and(|c| c.sensitive) {
            let what = format!("the service `{code}` would publish the sensitive category");
            let advice = "choose a category that is not sensitive; what arrives here is public";
            faults.add(at, format!("{what} `{}`", value.category), advice);
        }
    }
}

/// Every workflow is sound, and somebody can hold the roles that it relies on.
pub(crate) fn workflows<T>(
    pack: &Pack,
    rules: &Rules,
    papers: &BTreeMap<Code, T>,
    faults: &mut Faults,
) {
    let documents: BTreeSet<Code> = papers.keys().cloned().collect();
    let holders = holders(pack);
    for flow in rules.workflows.values() {
        for fault in soundness::prove(pack, flow, &documents) {
            faults.push(fault);
        }
        clocks(pack, flow, faults);
        for state in flow.states.iter().filter(|s| s.is_open()) {
            for role in state.expected().filter(|r| pack.roles.contains_key(*r)) {
                if !holders.contains(role) {
                    let what =
                        format!("nobody can hold the role `{role}` of state `{}`", state.code);
                    let advice = "name a role that is held in a kind of unit that exists";
                    faults.add(&state.at, what, advice);
                }
                // A part of the case (task) is not the case, and residents only ask.
                let acts = flow.actions_from(&state.code).flat_map(|a| &a.by).any(|w| {
                    w.role == *role && !matches!(w.relation, Relation::Task | Relation::Appellant)
                });
                if !acts {
                    let what =
                        format!("the role `{role}` can do nothing in state `{}`", state.code);
                    let advice = "let it do an action from this state, or name another role";
                    faults.add(&state.at, what, advice);
                }
            }
        }
    }
}

/// Roles that can be held in at least one unit.
fn holders(pack: &Pack) -> BTreeSet<&str> {
    let units: BTreeSet<(&str, Level)> =
        pack.units.iter().map(|u| (u.kind.as_str(), u.level)).collect();
    let can = |kinds: &[Code], levels: &[Level]| {
        kinds.iter().any(|k| levels.iter().any(|l| units.contains(&(k.as_str(), *l))))
    };
    let roles = pack.roles.values().filter(|r| can(&r.kinds, &r.levels));
    roles.map(|r| r.code.as_str()).collect()
}

fn clocks(pack: &Pack, flow: &Workflow, faults: &mut Faults) {
    for clock in flow.clocks.values() {
        for grade in clock.by_grade.keys() {
            faults.known(&clock.at, pack.risk.grade(grade).is_some(), "grade", grade);
        }
        let longest = clock.by_grade.values().chain([&clock.span]).map(|s| days(*s)).max();
        if longest.is_some_and(|days| days > LONGEST_CLOCK_DAYS) {
            let what =
                format!("the clock `{}` runs longer than {LONGEST_CLOCK_DAYS} days", clock.code);
            faults.add(&clock.at, what, "write a shorter span; a longer wait is a pause");
        }
    }
}

/// Days that a span takes at least, counting every day as whole.
fn days(span: Span) -> u32 {
    match span {
        Span::WorkingDays(days) | Span::CalendarDays { days, .. } => days,
        Span::WorkingMinutes(minutes) | Span::CalendarMinutes(minutes) => minutes / (24 * 60),
    }
}
