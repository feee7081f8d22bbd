//! What was promised: a target that somebody proposed and another person approved, with the day from
//! which it holds. Goal, days, leading unit and budget are one promise, so all are changed by one rule.
//!
//! Invariant: what is proposed holds for nothing. A refused proposal leaves nothing behind: the next
//! one begins at the target that holds, whatever was typed in before.

use super::{
    definition::Nature,
    target::{Plan, Stage, Target},
};
use crate::{
    case::Fact,
    decide::{Ctx, Draft},
    field::{Checked, Value},
    refusal::Refusal,
    workflow::{Code, Relation, TargetFields},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A target, and the day from which it held. An earlier one stays where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The day on which it was approved.
    pub since: Date,
    /// The target.
    pub target: Target,
}

/// One thing that was promised, with the days on which it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<T> {
    /// What was promised.
    pub what: T,
    /// The day from which it held.
    pub since: Date,
    /// The day from which something else held; none while it holds.
    pub until: Option<Date>,
}

/// The promise that held on a day: what was said before a change is measured by what was promised
/// then.
pub fn promised_on(promises: &[Promise], day: Date) -> Option<&Promise> {
    promises.iter().rev().find(|p| p.since <= day)
}

/// One part of what was promised, through all changes: a change of another part does not end it.
pub fn held<'a, T: PartialEq>(
    promises: &'a [Promise],
    part: impl Fn(&'a Target) -> Option<T>,
) -> Vec<Held<T>> {
    let mut all: Vec<Held<T>> = Vec::new();
    for promise in promises {
        let Some(what) = part(&promise.target) else { continue };
        match all.last_mut() {
            Some(last) if last.what == what => continue,
            Some(last) => last.until = Some(promise.since),
            None => {}
        }
        all.push(Held { what, since: promise.since, until: None });
    }
    all
}

impl TargetFields {
    /// What the fields would hold if they said this target; an empty value where it says nothing.
    fn filled_in(&self, target: &Target) -> BTreeMap<Code, Value> {
        let number = |n: Option<i64>| n.map_or(String::new(), |n| n.to_string());
        let stages = self.steps.iter().enumerate().flat_map(|(n, fields)| {
            let stage = target.steps.get(n);
            let what = stage.and_then(|s| s.what.clone()).unwrap_or_default();
            [
                (Some(&fields.on), stage.map_or(String::new(), |s| s.on.to_string())),
                (Some(&fields.value), number(stage.map(|s| s.value))),
                (fields.what.as_ref(), what),
            ]
        });
        let all = [
            (Some(&self.figure), target.figure.clone()),
            (Some(&self.goal), target.goal.to_string()),
            (self.baseline.as_ref(), number(target.baseline)),
            (Some(&self.from), target.from.to_string()),
            (Some(&self.until), target.until.to_string()),
            (self.lead.as_ref(), target.lead.clone().unwrap_or_default()),
            (self.budget.as_ref(), number(target.budget)),
        ];
        let all = all.into_iter().chain(stages);
        all.filter_map(|(code, v)| Some((code?.clone(), Value::One(v)))).collect()
    }

    /// The target that these values say, if it is one. What no field speaks of stays as it is;
    /// milestones stay as long as the way is the same.
    fn read(
        &self,
        value: impl Fn(&Code) -> Option<String>,
        holds: Option<&Target>,
    ) -> Option<Target> {
        let day = |code: &Code| value(code).and_then(|v| v.parse::<Date>().ok());
        let number = |code: &Code| value(code).and_then(|v| v.parse::<i64>().ok());
        let mut steps = Vec::new();
        for fields in &self.steps {
            let what = fields.what.as_ref().and_then(&value);
            match (day(&fields.on), number(&fields.value)) {
                (Some(on), Some(value)) => steps.push(Stage { on, value, what }),
                (None, None) if what.is_none() => {}
                // Half of a milestone is none, and not to be dropped without a word.
                _ => return None,
            }
        }
        let mut target = Target {
            figure: value(&self.figure)?,
            baseline: match &self.baseline {
                Some(code) => number(code),
                None => holds.and_then(|h| h.baseline),
            },
            goal: number(&self.goal)?,
            from: day(&self.from)?,
            until: day(&self.until)?,
            steps: holds.map_or(Vec::new(), |h| h.steps.clone()),
            lead: match &self.lead {
                Some(code) => value(code),
                None => holds.and_then(|h| h.lead.clone()),
            },
            budget: match &self.budget {
                Some(code) => number(code),
                None => holds.and_then(|h| h.budget),
            },
        };
        if !self.steps.is_empty() || !holds.is_some_and(|h| h.goes_like(&target)) {
            target.steps = steps;
        }
        Some(target)
    }
}

/// What the fields speak of could become the target. What was not typed in now is what holds.
///
/// # Errors
/// When it says nothing or nothing new, or names a unit in which nobody could lead.
pub(crate) fn propose(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    given: &Checked,
    fields: &TargetFields,
) -> Result<(), Refusal> {
    let holds = draft.case.promises.last().map(|p| p.target.clone());
    if let Some(holds) = &holds {
        let known = |code: &Code| draft.case.coded.get(code).map_or("", Value::one);
        let mut kept = fields.filled_in(holds);
        kept.retain(|code, value| !given.coded.contains_key(code) && known(code) != value.one());
        if !kept.is_empty() {
            draft.push(Fact::Given { coded: kept, texts: Vec::new() });
        }
    }
    let target = target(ctx, draft, given, fields)?;
    if holds.is_some_and(|holds| holds == target) {
        return Err(Refusal::SameTarget);
    }
    if target.lead.as_ref().is_some_and(|unit| !can_lead(ctx, draft, unit)) {
        return Err(Refusal::NoUnit);
    }
    Ok(())
}

/// Takes what was proposed as the target that holds from now on.
///
/// # Errors
/// When it says nothing.
pub(crate) fn promise(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    given: &Checked,
    fields: &TargetFields,
) -> Result<(), Refusal> {
    let target = target(ctx, draft, given, fields)?;
    draft.push(Fact::Promised { target });
    Ok(())
}

/// The target that the fields speak of, if it says anything: what is typed in now goes before what
/// was typed in earlier.
fn target(
    ctx: Ctx<'_>,
    draft: &Draft,
    given: &Checked,
    fields: &TargetFields,
) -> Result<Target, Refusal> {
    let value = |code: &Code| {
        let known = given.coded.get(code).or_else(|| draft.case.coded.get(code));
        known.map(|v| v.one().to_owned()).filter(|v| !v.is_empty())
    };
    let holds = draft.case.promises.last().map(|p| &p.target);
    let target = fields.read(value, holds).ok_or(Refusal::BadTarget)?;
    let nature: Option<Nature> = ctx.pack.figures.get(&target.figure).map(|f| f.nature);
    let fits = nature.and_then(|nature| Plan::new(nature, &target)).is_some();
    if fits { Ok(target) } else { Err(Refusal::BadTarget) }
}

/// Whether there can be people in the unit who act for the responsible one.
fn can_lead(ctx: Ctx<'_>, draft: &Draft, unit: &str) -> bool {
    let (flow, unit) = (ctx.pack.flow_of(&draft.case), ctx.pack.units.get(unit));
    let (Some(flow), Some(unit)) = (flow, unit) else { return false };
    let mut who = flow.actions.iter().flat_map(|a| &a.by);
    who.any(|w| w.relation == Relation::Responsible && ctx.pack.can_hold(&w.role, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::PlannedStep;
    use jiff::{ToSpan, civil::date};

    fn day(n: i64) -> Date {
        date(2026, 1, 1).saturating_add(n.days())
    }

    fn promise(since: i64, goal: i64, lead: Option<&str>, budget: Option<i64>) -> Promise {
        let target = Target {
            figure: "f".to_owned(),
            baseline: None,
            goal,
            from: day(0),
            until: day(364),
            steps: vec![stage(100, 3)],
            lead: lead.map(str::to_owned),
            budget,
        };
        Promise { since: day(since), target }
    }

    fn stage(on: i64, value: i64) -> Stage {
        Stage { on: day(on), value, what: Some("opened".to_owned()) }
    }

    fn fields() -> TargetFields {
        TargetFields {
            figure: "figure".to_owned(),
            goal: "goal".to_owned(),
            baseline: None,
            from: "from".to_owned(),
            until: "until".to_owned(),
            steps: Vec::new(),
            lead: Some("lead".to_owned()),
            budget: Some("budget".to_owned()),
        }
    }

    #[test]
    fn an_old_target_tells_the_days_before_the_change() {
        let all = [promise(10, 100, None, None), promise(50, 60, None, None)];
        let goal = |n| promised_on(&all, day(n)).map(|p| p.target.goal);
        assert_eq!([goal(9), goal(10), goal(49), goal(50)], [None, Some(100), Some(100), Some(60)]);
    }

    #[test]
    fn each_part_holds_from_its_own_day_to_its_own() {
        let all = [
            promise(10, 100, None, Some(5)),
            promise(12, 100, Some("a"), Some(5)),
            promise(50, 60, Some("a"), Some(5)),
            promise(70, 60, Some("b"), Some(5)),
            promise(90, 100, Some("b"), Some(5)),
        ];
        let goals: Vec<_> = held(&all, |t| Some(t.goal));
        let told: Vec<_> = goals.iter().map(|h| (h.what, h.since, h.until)).collect();
        let (first, second) = ((100, day(10), Some(day(50))), (60, day(50), Some(day(90))));
        assert_eq!(told, [first, second, (100, day(90), None)]);
        let leads: Vec<_> = held(&all, |t| t.lead.as_deref());
        let told: Vec<_> = leads.iter().map(|h| (h.what, h.since, h.until)).collect();
        assert_eq!(told, [("a", day(12), Some(day(70))), ("b", day(70), None)]);
        let budgets = held(&all, |t| t.budget);
        assert_eq!((budgets.len(), budgets[0].since), (1, day(10)));
    }

    #[test]
    fn what_no_field_speaks_of_stays_and_steps_stay_on_the_same_way() {
        let mut holds = promise(0, 9, Some("a"), Some(5)).target;
        holds.baseline = Some(2);
        let fields = fields();
        let say = |changes: &[(&str, &str)]| {
            let mut all = fields.filled_in(&holds);
            for (code, value) in changes {
                all.insert((*code).to_owned(), Value::One((*value).to_owned()));
            }
            let value =
                |code: &Code| all.get(code).map(|v| v.one().to_owned()).filter(|v| !v.is_empty());
            fields.read(value, Some(&holds)).expect("a target")
        };
        assert_eq!(say(&[]), holds);
        let other = Target { lead: Some("b".to_owned()), budget: Some(7), ..holds.clone() };
        assert_eq!(say(&[("lead", "b"), ("budget", "7")]), other);
        let further = Target { goal: 12, steps: Vec::new(), ..holds.clone() };
        assert_eq!(say(&[("goal", "12")]), further);
    }

    #[test]
    fn milestones_are_said_whole_or_not_at_all() {
        let field = |n: usize, what: &str| format!("{what}_{n}");
        let planned = |n| PlannedStep {
            on: field(n, "on"),
            value: field(n, "value"),
            what: Some(field(n, "what")),
        };
        let fields = TargetFields { steps: vec![planned(1), planned(2)], ..fields() };
        let holds = promise(0, 9, None, None).target;
        let say = |changes: &[(&str, &str)]| {
            let mut all = fields.filled_in(&holds);
            let said = |(code, value): &(&str, &str)| {
                ((*code).to_owned(), Value::One((*value).to_owned()))
            };
            all.extend(changes.iter().map(said));
            let value =
                |code: &Code| all.get(code).map(|v| v.one().to_owned()).filter(|v| !v.is_empty());
            fields.read(value, Some(&holds)).map(|target| target.steps)
        };
        assert_eq!(say(&[]), Some(holds.steps.clone()));
        let second = [("on_2", "2026-07-20"), ("value_2", "5"), ("what_2", "opened")];
        assert_eq!(say(&second), Some(vec![stage(100, 3), stage(200, 5)]));
        for n in 0..3 {
            let mut half = second.to_vec();
            half.remove(n);
            assert_eq!(say(&half).is_some(), n == 2, "{half:?}");
        }
        assert_eq!(say(&[("on_1", ""), ("value_1", ""), ("what_1", "")]), Some(Vec::new()));
    }
}
