//! What one case adds to the figures: a mark for each time it is counted. Decides which marks a case
//! makes; where they are added up is decided in `cell`.

use super::{
    definition::{Credit, Dimension, Figure, Filter, Measure, Take, Version},
    tally::{Step, Tally},
};
use crate::{
    case::Case,
    pack::{Level, Pack},
    workflow::{Code, Effect, Target},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The kind of link by which a case is merged into another.
const MERGED: &str = "merged_into";

/// One thing that a figure counts in one case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// Figure.
    #[serde(rename = "f")]
    pub figure: Code,
    /// Version of its definition.
    #[serde(rename = "v")]
    pub version: u32,
    /// The unit to which it is credited.
    #[serde(rename = "u")]
    pub unit: Code,
    /// The day on which it happened, or from which it stands.
    #[serde(rename = "d")]
    pub day: Date,
    /// Stock only: the first day on whose end it does not stand any more.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Ordinal among the marks of the case for this figure.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub n: u32,
    /// How many or how much; none when nobody said.
    #[serde(rename = "m", default = "one", skip_serializing_if = "is_one")]
    pub amount: Option<i64>,
    /// Category, where the figure is split by it.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Code>,
    /// Programme, where the figure is split by it.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<Code>,
    /// The tag that tells the person or household apart.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether it stands from a day on, and not on one day.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    pub stands: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's own type")]
fn one() -> Option<i64> {
    Some(1)
}

#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn is_one(amount: &Option<i64>) -> bool {
    *amount == Some(1)
}

/// Whether a case counts in figures at all. A sealed one does not: a number that moves would tell of
/// it.
fn counts(case: &Case) -> bool {
    !case.guarded.is_sealed()
}

/// The marks of a case, in order.
pub(super) fn marks(pack: &Pack, case: &Case, tally: &Tally) -> Vec<Mark> {
    let mut all = Vec::new();
    if !counts(case) {
        return all;
    }
    let mut figures = pack.figures.of(&case.workflow).peekable();
    if figures.peek().is_none() || is_merged(pack, case) {
        return all;
    }
    for figure in figures {
        let mut n = 0;
        for version in &figure.versions {
            if version.filter.fits(case) {
                let of = Of { pack, figure, version, case, tally };
                of.add(&mut all, &mut n);
            }
        }
    }
    all.sort();
    all
}

/// Whether the case is merged into another and goes on with it; one that came back out counts again.
fn is_merged(pack: &Pack, case: &Case) -> bool {
    if !case.links.iter().any(|(kind, _)| kind == MERGED) {
        return false;
    }
    let Some(flow) = pack.flow_of(case) else { return true };
    for deed in case.deeds.iter().rev() {
        let Some(action) = flow.action(&deed.action) else { continue };
        let links = |e: &Effect| matches!(e, Effect::Link { kind, .. } if kind == MERGED);
        if action.effects.iter().any(links) {
            return true;
        }
        let Target::State(to) = &action.to else { continue };
        if flow.state(to).is_some_and(crate::workflow::State::is_open) {
            return false;
        }
    }
    false
}

impl Filter {
    /// Whether a case passes, as it is now.
    pub fn fits(&self, case: &Case) -> bool {
        let one_of =
            |codes: &[Code], code: &str| codes.is_empty() || codes.iter().any(|c| c == code);
        let begins = self.category.is_empty()
            || self.category.iter().any(|c| case.category.starts_with(c.as_str()));
        let holds = |(field, values): (&Code, &Vec<String>)| {
            let held = case.coded.get(field).map_or(&[][..], crate::field::Value::all);
            held.iter().any(|v| values.contains(v))
        };
        begins
            && one_of(&self.channel, &case.channel)
            && one_of(&self.grade, &case.grade)
            && one_of(&self.programme, case.programme.as_deref().unwrap_or_default())
            && self.fields.iter().all(holds)
    }
}

/// One definition and one case.
struct Of<'a> {
    pack: &'a Pack,
    figure: &'a Figure,
    version: &'a Version,
    case: &'a Case,
    tally: &'a Tally,
}

/// A step that counts, and the unit that was responsible after it.
struct Hit<'a> {
    step: &'a Step,
    unit: &'a str,
    amount: Option<i64>,
}

impl<'a> Of<'a> {
    fn add(&self, all: &mut Vec<Mark>, n: &mut u32) {
        if let Measure::InState { states } = &self.version.measure {
            for (unit, from, until) in self.stays(states) {
                if let Some(mark) = self.standing(unit, (from, until), *n) {
                    all.push(mark);
                    *n += 1;
                }
            }
            return;
        }
        for hit in self.hits() {
            let day = self.day_of(hit.step);
            if self.holds_on(day) {
                all.push(self.mark(self.credit(&hit), day, *n, hit.amount));
                *n += 1;
            }
        }
    }

    /// Whether this version, and no other, holds on a day.
    fn holds_on(&self, day: Date) -> bool {
        self.figure.version_on(day).is_some_and(|v| v.number == self.version.number)
    }

    fn day_of(&self, step: &Step) -> Date {
        let said = self.version.day.as_ref().and_then(|field| self.case.coded.get(field));
        said.and_then(|value| value.one().parse().ok()).unwrap_or(step.day)
    }

    fn credit(&self, hit: &Hit<'a>) -> &'a str {
        match self.version.credit {
            Credit::Then => hit.unit,
            Credit::Now => &self.case.unit,
            Credit::Handling => self.case.handling.as_ref().unwrap_or(&self.case.unit),
            Credit::Actor => hit.step.by.as_deref().unwrap_or(hit.unit),
            Credit::Place => {
                let (kind, place) = (&self.figure.owner, &self.case.place);
                let near = self.pack.units.nearest(kind, place, Level::Village);
                near.map_or(self.case.unit.as_str(), |unit| &unit.code)
            }
        }
    }

    fn mark(&self, unit: &str, day: Date, n: u32, amount: Option<i64>) -> Mark {
        let split = |by: Dimension| self.figure.dimensions.contains(&by);
        let key = self.version.distinct.as_ref().map(|field| self.tally.keys.get(field).cloned());
        Mark {
            figure: self.figure.code.clone(),
            version: self.version.number,
            unit: unit.to_owned(),
            day,
            until: None,
            n,
            // Somebody whom nothing tells apart is nobody that could be counted.
            amount: if key == Some(None) { None } else { amount },
            category: split(Dimension::Category).then(|| self.case.category.clone()),
            programme: self.case.programme.clone().filter(|_| split(Dimension::Programme)),
            key: key.flatten(),
            stands: false,
        }
    }

    /// A stay, cut to the days on which this version holds; none when no day end is left of it.
    fn standing(&self, unit: &str, (from, until): (Date, Option<Date>), n: u32) -> Option<Mark> {
        let from = from.max(self.version.since);
        let end = self.figure.end_of(self.version);
        let until = [until, end].into_iter().flatten().min();
        if until.is_some_and(|until| until <= from) {
            return None;
        }
        Some(Mark { until, stands: true, ..self.mark(unit, from, n, Some(1)) })
    }

    /// Every step with the unit and the state after it.
    fn walk(&self) -> impl Iterator<Item = (&'a Step, &'a str, &'a str)> {
        let (mut unit, mut state) = ("", "");
        self.tally.steps.iter().map(move |step| {
            unit = step.unit.as_deref().unwrap_or(unit);
            state = step.state.as_deref().unwrap_or(state);
            (step, unit, state)
        })
    }

    /// Unit, first day and end of every stay in some states. What is entered later holds from the day
    /// that it bears and overrules what was known of the days after it, so that an act that is entered
    /// late never leaves a case in two places on one day.
    fn stays(&self, states: &[Code]) -> Vec<(&'a str, Date, Option<Date>)> {
        let mut stays: Vec<(&str, Date, Option<Date>)> = Vec::new();
        for (step, unit, state) in self.walk() {
            for stay in &mut stays {
                if stay.2.is_none_or(|until| until > step.day) {
                    stay.2 = Some(step.day);
                }
            }
            if !states.iter().any(|s| s == state) {
                continue;
            }
            match stays.last_mut() {
                Some(last) if last.0 == unit && last.1 <= step.day && last.2 == Some(step.day) => {
                    last.2 = None;
                }
                _ => stays.push((unit, step.day, None)),
            }
        }
        stays
    }

    fn hits(&self) -> Vec<Hit<'a>> {
        let did = |step: &Step, actions: &[Code]| {
            step.action.as_ref().is_some_and(|action| actions.contains(action))
        };
        let all = |test: &dyn Fn(&Step) -> bool| -> Vec<Hit<'a>> {
            let steps = self.walk().filter(|(step, _, _)| test(step));
            steps.map(|(step, unit, _)| Hit { step, unit, amount: Some(1) }).collect()
        };
        match &self.version.measure {
            Measure::Opened => all(&|_| true).into_iter().take(1).collect(),
            Measure::InState { .. } => Vec::new(),
            Measure::Entered { states, take } => self.entered(states, *take),
            Measure::Acted { actions, take } => take.of(all(&|step| did(step, actions))),
            Measure::Issued { templates } => {
                let mut hits = all(&|step| step.papers.iter().any(|p| templates.contains(p)));
                for hit in &mut hits {
                    let papers = hit.step.papers.iter().filter(|p| templates.contains(p)).count();
                    hit.amount = i64::try_from(papers).ok();
                }
                hits
            }
            Measure::Given { states, field, take } => {
                let mut numbers = self.tally.steps.iter().rev();
                let known = numbers.find_map(|step| step.numbers.get(field)).copied();
                let mut hits = self.entered(states, *take);
                for hit in &mut hits {
                    hit.amount = known;
                }
                hits
            }
            Measure::Sum { actions, field, take } => {
                let mut hits = all(&|step| did(step, actions));
                for hit in &mut hits {
                    hit.amount = hit.step.numbers.get(field).copied();
                }
                take.of(hits)
            }
        }
    }

    fn entered(&self, states: &[Code], take: Take) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        let mut inside = false;
        for (step, unit, state) in self.walk() {
            let now = states.iter().any(|s| s == state);
            if now && !inside {
                hits.push(Hit { step, unit, amount: Some(1) });
            }
            inside = now;
        }
        if take == Take::Standing && !inside { Vec::new() } else { take.of(hits) }
    }
}

impl Take {
    fn of<T>(self, mut all: Vec<T>) -> Vec<T> {
        match self {
            Self::Every => {}
            Self::First => all.truncate(1),
            Self::Last | Self::Standing => {
                all.drain(..all.len().saturating_sub(1));
            }
        }
        all
    }
}
