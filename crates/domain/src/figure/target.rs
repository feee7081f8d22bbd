//! Targets: what was promised of a figure, how far it should be on a day, how far behind it is, and
//! where it goes if it goes on like this.
//!
//! Decides from numbers and days alone; it never asks what the number is. Invariant: where there is
//! no number there is no light, because missing is not zero, and a target that is met stays green.

use super::definition::Nature;
use crate::workflow::Code;
use jiff::{Span, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// What was promised of a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The figure.
    pub figure: Code,
    /// What the figure said before; for a flow it is there to compare only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<i64>,
    /// What it shall say in the end.
    pub goal: i64,
    /// The first day of the work.
    pub from: Date,
    /// The day by which the goal shall be met.
    pub until: Date,
    /// What it shall say on days between, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Stage>,
    /// The unit that leads the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Code>,
    /// What may be spent, in yuan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<i64>,
}

/// A milestone on the way to a goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StageRow", into = "StageRow")]
pub struct Stage {
    /// The day.
    pub on: Date,
    /// What the figure shall say on it.
    pub value: i64,
    /// What is there by then, as the workflow names it.
    pub what: Option<Code>,
}

/// A milestone as it is written down.
#[derive(Serialize, Deserialize)]
struct StageRow(Date, i64, #[serde(default, skip_serializing_if = "Option::is_none")] Option<Code>);

impl From<StageRow> for Stage {
    fn from(StageRow(on, value, what): StageRow) -> Self {
        Self { on, value, what }
    }
}

impl From<Stage> for StageRow {
    fn from(Stage { on, value, what }: Stage) -> Self {
        Self(on, value, what)
    }
}

/// How a milestone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// The figure is there.
    Yes,
    /// Its day is to come.
    NotYet,
    /// Its day is over.
    Missed,
}

impl Target {
    /// Whether both lead the same way: figure, beginning, goal, days and steps.
    pub fn goes_like(&self, other: &Self) -> bool {
        let way = |t: &Self| (t.figure.clone(), t.baseline, t.goal, t.from, t.until);
        way(self) == way(other) && self.steps == other.steps
    }
}

/// When a target turns yellow and red, and what is told of it: data of the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRules {
    /// So many points behind the plan it turns yellow.
    pub yellow_points: u32,
    /// More points behind than this and it turns red.
    pub red_points: u32,
    /// Before so many days of work nothing is forecast.
    pub forecast_days: u32,
    /// Numbers of people below this are not told to the public.
    pub small: u32,
}

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetLight {
    /// On plan, or met.
    Green,
    /// Behind, or past its day and not quite there.
    Yellow,
    /// Far behind.
    Red,
}

/// Where a target goes at the pace so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// What the figure will say on the last day.
    pub end: i64,
    /// The day on which the goal will be met; none if it goes nowhere.
    pub met: Option<Date>,
}

/// Nobody plans further ahead than this.
const FAR_DAYS: i128 = 36_500;

/// A target with a beginning, which can be compared with numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    start: i64,
    goal: i64,
    /// The day from which records count.
    counted: Date,
    /// Planned values: the first day, the steps, the last day.
    points: Vec<(Date, i64)>,
}

impl Plan {
    /// The plan of a target; none where it says nothing: no days, no distance to go, steps that do
    /// not lie on the way, or a stock or cumulative figure of which nobody knows where it stood.
    ///
    /// A flow begins at nothing with its year, whatever the year before brought.
    pub fn new(nature: Nature, target: &Target) -> Option<Self> {
        let (start, counted) = match nature {
            Nature::Flow => (0, Date::new(target.from.year(), 1, 1).ok()?),
            Nature::Stock | Nature::Cumulative => (target.baseline?, target.from),
        };
        let mut points = vec![(target.from, start)];
        points.extend(target.steps.iter().map(|stage| (stage.on, stage.value)));
        points.push((target.until, target.goal));
        let rises = target.goal > start;
        let on_the_way = points.windows(2).all(|pair| match pair {
            [(day, value), (next_day, next)] => {
                day < next_day && (value == next || (value < next) == rises)
            }
            _ => true,
        });
        let goes = target.goal != start && on_the_way;
        goes.then_some(Self { start, goal: target.goal, counted, points })
    }

    /// How a milestone of this plan stands when the figure says `value` on a day.
    pub fn reached(&self, stage: &Stage, day: Date, value: i64) -> Reached {
        let there =
            if self.goal > self.start { value >= stage.value } else { value <= stage.value };
        match there {
            true => Reached::Yes,
            false if day <= stage.on => Reached::NotYet,
            false => Reached::Missed,
        }
    }

    /// The last day.
    pub fn until(&self) -> Date {
        self.points.last().map_or(self.counted, |p| p.0)
    }

    /// The first day of the work.
    pub fn from(&self) -> Date {
        self.points.first().map_or(self.counted, |p| p.0)
    }

    /// Where it begins.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// Where it leads.
    pub fn goal(&self) -> i64 {
        self.goal
    }

    /// The corners of its line, for a picture.
    pub fn points(&self) -> &[(Date, i64)] {
        &self.points
    }

    /// What the figure should say on a day, as a fraction.
    fn planned_exactly(&self, day: Date) -> (i128, i128) {
        let before = self.points.iter().rev().find(|p| p.0 <= day);
        let after = self.points.iter().find(|p| p.0 > day);
        match (before, after) {
            (Some((d0, v0)), Some((d1, v1))) => {
                let (gone, all) = (days(*d0, day), days(*d0, *d1).max(1));
                let (v0, v1) = (i128::from(*v0), i128::from(*v1));
                (v0 * all + (v1 - v0) * gone, all)
            }
            (Some((_, value)), None) | (None, Some((_, value))) => (i128::from(*value), 1),
            (None, None) => (i128::from(self.goal), 1),
        }
    }

    /// What the figure should say on a day: whole things only, so what is not finished is left out.
    pub fn planned(&self, day: Date) -> i64 {
        let (num, den) = self.planned_exactly(day);
        let start = i128::from(self.start);
        whole(start + (num - start * den) / den)
    }

    /// Points behind the plan as a fraction of a positive number: 100 is the whole way.
    fn behind_exactly(&self, day: Date, value: i64) -> (i128, i128) {
        let (num, den) = self.planned_exactly(day);
        let way = i128::from(self.goal) - i128::from(self.start);
        let missing = (num - i128::from(value) * den) * 100;
        (missing * way.signum(), den * way.abs())
    }

    /// Points behind the plan, rounded up; less than nothing when ahead.
    pub fn behind(&self, day: Date, value: i64) -> i64 {
        let (num, den) = self.behind_exactly(day, value);
        whole(num.div_euclid(den) + i128::from(num.rem_euclid(den) != 0))
    }

    /// How much of the way is gone, in a hundred; between nothing and all of it.
    pub fn share(&self, value: i64) -> i64 {
        let way = i128::from(self.goal) - i128::from(self.start);
        let gone = (i128::from(value) - i128::from(self.start)) * way.signum();
        whole((gone * 100).div_euclid(way.abs()).clamp(0, 100))
    }

    /// Whether the goal is met.
    pub fn is_met(&self, value: i64) -> bool {
        if self.goal > self.start { value >= self.goal } else { value <= self.goal }
    }

    /// How it stands. Past its last day, what is not met is no longer green.
    pub fn light(&self, day: Date, value: i64, rules: &TargetRules) -> TargetLight {
        if self.is_met(value) {
            return TargetLight::Green;
        }
        let (num, den) = self.behind_exactly(day, value);
        if num > i128::from(rules.red_points) * den {
            TargetLight::Red
        } else if num >= i128::from(rules.yellow_points) * den || day > self.until() {
            TargetLight::Yellow
        } else {
            TargetLight::Green
        }
    }

    /// Where it goes at the pace so far; none before enough days, and none once it is over.
    pub fn forecast(&self, day: Date, value: i64, rules: &TargetRules) -> Option<Forecast> {
        let gone = days(self.counted, day);
        if gone < i128::from(rules.forecast_days.max(1)) || day >= self.until() {
            return None;
        }
        let (start, goal) = (i128::from(self.start), i128::from(self.goal));
        let (made, way) = (i128::from(value) - start, goal - start);
        let end = start + made * days(self.counted, self.until()) / gone;
        let moves = made.signum() == way.signum();
        let needed = (way.abs() * gone + made.abs() - 1).checked_div(made.abs());
        let met = needed.filter(|n| moves && *n <= FAR_DAYS).and_then(|n| {
            let span: Span = i64::try_from(n).ok()?.days();
            self.counted.checked_add(span).ok()
        });
        Some(Forecast { end: whole(end), met })
    }
}

/// Numbers of single periods, added up one after another. A period without a number adds nothing and
/// hides nothing: before the first number there is none.
pub fn running_sums(values: impl IntoIterator<Item = Option<i64>>) -> Vec<Option<i64>> {
    let mut sum: Option<i64> = None;
    let add = |value: Option<i64>| {
        if let Some(value) = value {
            sum = Some(sum.unwrap_or(0).saturating_add(value));
        }
        sum
    };
    values.into_iter().map(add).collect()
}

fn days(from: Date, to: Date) -> i128 {
    i128::from(to.duration_since(from).as_hours() / 24)
}

fn whole(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const RULES: TargetRules =
        TargetRules { yellow_points: 10, red_points: 30, forecast_days: 30, small: 5 };

    fn target(baseline: Option<i64>, goal: i64) -> Target {
        Target {
            figure: "f".to_owned(),
            baseline,
            goal,
            from: date(2026, 1, 1),
            until: date(2026, 12, 31),
            steps: Vec::new(),
            lead: None,
            budget: None,
        }
    }

    fn plan(nature: Nature, baseline: Option<i64>, goal: i64) -> Plan {
        Plan::new(nature, &target(baseline, goal)).expect("a plan")
    }

    fn after(n: i64) -> Date {
        date(2026, 1, 1).saturating_add(n.days())
    }

    fn stage(on: Date, value: i64) -> Stage {
        Stage { on, value, what: None }
    }

    #[test]
    fn what_says_nothing_is_no_plan() {
        let flow = |t: &Target| Plan::new(Nature::Flow, t);
        assert_eq!(flow(&target(None, 0)), None, "nothing to do");
        assert_eq!(
            Plan::new(Nature::Stock, &target(None, 9)),
            None,
            "nobody knows where it stands"
        );
        assert_eq!(Plan::new(Nature::Cumulative, &target(Some(9), 9)), None);
        assert_eq!(flow(&Target { until: date(2026, 1, 1), ..target(None, 9) }), None);
        let stepped = |steps| flow(&Target { steps, ..target(None, 9) });
        assert_eq!(stepped(vec![stage(date(2026, 6, 30), 10)]), None, "beyond the goal");
        assert_eq!(stepped(vec![stage(date(2027, 6, 30), 5)]), None, "after the end");
        assert!(stepped(vec![stage(date(2026, 6, 30), 5)]).is_some());
    }

    #[test]
    fn a_flow_begins_at_nothing_and_the_others_where_they_stood() {
        let flow = plan(Nature::Flow, Some(400), 1000);
        assert_eq!((flow.start(), flow.share(500)), (0, 50));
        let named = plan(Nature::Cumulative, Some(400), 1000);
        assert_eq!((named.start(), named.share(700), named.share(100)), (400, 50, 0));
        // What there is too much of goes down.
        let waiting = plan(Nature::Stock, Some(100), 20);
        assert_eq!((waiting.share(60), waiting.is_met(20), waiting.is_met(21)), (50, true, false));
        assert_eq!(waiting.light(after(182), 60, &RULES), TargetLight::Green);
        assert_eq!(waiting.light(after(182), 100, &RULES), TargetLight::Red);
    }

    #[test]
    fn lights_change_at_their_points() {
        // 100 to go in 100 days: each day is a point.
        let hundred = Target { until: after(100), ..target(None, 100) };
        let plan = Plan::new(Nature::Flow, &hundred).expect("a plan");
        let light = |behind: i64| plan.light(after(60), 60 - behind, &RULES);
        assert_eq!([light(-5), light(0), light(9)], [TargetLight::Green; 3]);
        assert_eq!([light(10), light(30)], [TargetLight::Yellow; 2]);
        assert_eq!(light(31), TargetLight::Red);
        assert_eq!(plan.behind(after(60), 50), 10);
        // Past its day, what is nearly met is not green any more; what is met is.
        assert_eq!(plan.light(after(101), 99, &RULES), TargetLight::Yellow);
        assert_eq!(plan.light(after(101), 100, &RULES), TargetLight::Green);
    }

    #[test]
    fn a_step_bends_the_plan() {
        let late =
            Target { steps: vec![stage(after(80), 20)], until: after(100), ..target(None, 100) };
        let plan = Plan::new(Nature::Flow, &late).expect("a plan");
        let planned = [0, 40, 80, 90, 100, 200].map(|n| plan.planned(after(n)));
        assert_eq!(planned, [0, 10, 20, 60, 100, 100]);
    }

    #[test]
    fn a_milestone_is_reached_missed_or_to_come() {
        let way = |baseline, goal, value| {
            let stage = stage(after(50), value);
            let nature = if baseline > 0 { Nature::Stock } else { Nature::Flow };
            let steps = vec![stage.clone()];
            let target = Target { steps, ..target(Some(baseline), goal) };
            (Plan::new(nature, &target).expect("a plan"), stage)
        };
        for (baseline, goal, value, short) in [(0, 100, 20, 19), (100, 0, 80, 81)] {
            let (plan, stage) = way(baseline, goal, value);
            assert_eq!(plan.reached(&stage, after(1), value), Reached::Yes);
            assert_eq!(plan.reached(&stage, after(50), short), Reached::NotYet);
            assert_eq!(plan.reached(&stage, after(51), short), Reached::Missed);
        }
    }

    #[test]
    fn a_milestone_without_a_name_is_read_as_it_was_written() {
        let old = r#"["2026-06-30",5]"#;
        let read: Stage = serde_json::from_str(old).expect("a milestone");
        assert_eq!(read, stage(date(2026, 6, 30), 5));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), old);
        let named = Stage { what: Some("opened".to_owned()), ..read };
        let text = serde_json::to_string(&named).expect("JSON");
        assert_eq!(serde_json::from_str::<Stage>(&text).expect("a milestone"), named);
    }

    #[test]
    fn nothing_is_forecast_too_early_or_too_late() {
        let plan = plan(Nature::Flow, None, 365);
        assert_eq!(plan.forecast(after(29), 29, &RULES), None);
        let usual = plan.forecast(after(100), 50, &RULES).expect("a forecast");
        assert_eq!((usual.end, usual.met), (182, Some(after(730))));
        let still = plan.forecast(after(100), 0, &RULES).expect("a forecast");
        assert_eq!((still.end, still.met), (0, None));
        assert_eq!(plan.forecast(after(364), 360, &RULES), None);
    }

    #[test]
    fn missing_months_are_not_zero() {
        let sums = running_sums([None, Some(2), None, Some(3)]);
        assert_eq!(sums, [None, Some(2), Some(2), Some(5)]);
    }

    fn any_plan() -> impl Strategy<Value = Plan> {
        let nature = prop_oneof![Just(Nature::Flow), Just(Nature::Stock), Just(Nature::Cumulative)];
        (nature, -1_000_000_i64..1_000_000, -1_000_000_i64..1_000_000, 2_i64..900, any::<bool>())
            .prop_filter_map(
                "a target that says something",
                |(nature, base, goal, length, step)| {
                    let begin = if nature == Nature::Flow { 0 } else { base };
                    let middle = stage(after(length / 2), begin + (goal - begin) / 3);
                    let steps = if step && length > 3 { vec![middle] } else { Vec::new() };
                    let until = after(length);
                    Plan::new(nature, &Target { until, steps, ..target(Some(base), goal) })
                },
            )
    }

    proptest! {
        #[test]
        fn the_plan_goes_one_way_and_never_beyond(plan in any_plan(), n in -50_i64..1000, more in 0_i64..200) {
            let (low, high) = (plan.start().min(plan.goal()), plan.start().max(plan.goal()));
            let (now, then) = (plan.planned(after(n)), plan.planned(after(n + more)));
            prop_assert!((low..=high).contains(&now));
            let way = (plan.goal() - plan.start()).signum();
            prop_assert!((then - now) * way >= 0, "{now} then {then}");
            prop_assert_eq!(plan.planned(plan.until()), plan.goal());
        }

        #[test]
        fn more_is_never_worse(plan in any_plan(), n in 0_i64..1000, value in -2_000_000_i64..2_000_000, more in 0_i64..10_000) {
            let better = if plan.goal() > plan.start() { value + more } else { value - more };
            let (before, after_more) =
                (plan.light(after(n), value, &RULES), plan.light(after(n), better, &RULES));
            prop_assert!(after_more <= before);
            prop_assert!(plan.behind(after(n), better) <= plan.behind(after(n), value));
        }

        #[test]
        fn what_is_met_stays_green(plan in any_plan(), n in 0_i64..5000) {
            prop_assert_eq!(plan.light(after(n), plan.goal(), &RULES), TargetLight::Green);
            prop_assert_eq!(plan.share(plan.goal()), 100);
        }

        #[test]
        fn the_light_says_what_the_points_say(plan in any_plan(), n in 0_i64..900, value in -1_000_000_i64..1_000_000) {
            let (day, behind) = (after(n), plan.behind(after(n), value));
            let expected = match behind {
                _ if plan.is_met(value) => TargetLight::Green,
                31.. => TargetLight::Red,
                11..=30 => TargetLight::Yellow,
                _ if day > plan.until() => TargetLight::Yellow,
                // Rounded up: ten points may be nine and a half.
                10 => return Ok(()),
                _ => TargetLight::Green,
            };
            prop_assert_eq!(plan.light(day, value, &RULES), expected);
        }

        #[test]
        fn a_forecast_meets_its_goal_in_time_or_ends_short_of_it(plan in any_plan(), n in 30_i64..900, value in -1_000_000_i64..1_000_000) {
            let day = after(n);
            let Some(forecast) = plan.forecast(day, value, &RULES) else {
                prop_assert!(day >= plan.until());
                return Ok(());
            };
            let in_time = forecast.met.is_some_and(|met| met <= plan.until());
            prop_assert_eq!(in_time, plan.is_met(forecast.end));
        }
    }
}
