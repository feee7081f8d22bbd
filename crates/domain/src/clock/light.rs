//! What a clock looks like and how far it has escalated. Decides the light and the number of
//! escalation steps from the clock and the moment alone; never sends or stores anything, so a
//! restart repeats no step and forgets none.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Clock, ClockError, DAY, Span, State, WorkTime, settle, span_end};

/// The time light of a clock; always shown with a word beside the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Enough time.
    Green,
    /// Little time left.
    Yellow,
    /// Overdue.
    Red,
}

/// When a light turns yellow: whichever of the two comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// No more than this share of the time is left, in percent (office time for working spans).
    pub yellow_percent: u8,
    /// No more than this many working days are left after today (0: on the last day); only for
    /// clocks longer than that.
    pub yellow_working_days: u32,
}

impl Default for Thresholds {
    /// 20 % or 2 working days, the usual supervision practice.
    fn default() -> Self {
        Self { yellow_percent: 20, yellow_working_days: 2 }
    }
}

/// How an overdue clock climbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The time from one step to the next; the first step comes when the clock is due.
    pub every: Span,
    /// The last step.
    pub max_steps: u8,
}

impl Clock {
    /// The light at `now`; red from `due` on. A paused or stopped clock keeps the light it had then.
    pub fn light(
        &self,
        now: Timestamp,
        thresholds: Thresholds,
        time: &WorkTime,
    ) -> Result<Light, ClockError> {
        let shown = self.shows(now);
        if shown >= self.due() {
            return Ok(Light::Red);
        }
        let yellow = shown >= self.turns_yellow(thresholds, time)?;
        Ok(if yellow { Light::Yellow } else { Light::Green })
    }

    /// The moment from which a running clock is yellow (it is red from `due` on). None while it is
    /// paused or stopped, because then no light changes.
    pub fn yellow_at(
        &self,
        thresholds: Thresholds,
        time: &WorkTime,
    ) -> Result<Option<Timestamp>, ClockError> {
        match self.state() {
            State::Running => self.turns_yellow(thresholds, time).map(Some),
            State::Paused { .. } | State::Stopped { .. } => Ok(None),
        }
    }

    fn turns_yellow(
        &self,
        thresholds: Thresholds,
        time: &WorkTime,
    ) -> Result<Timestamp, ClockError> {
        let (started, due) = (time.local(self.started()), time.local(self.due()));
        // Pauses move the end but are no part of the whole: they must not make a light yellow.
        let whole_end = self.unpaused_end(time)?;
        let share = |whole: i64| whole * i64::from(thresholds.yellow_percent.min(100)) / 100;
        let by_share = if self.span().is_working() {
            time.open_left(due, share(time.open_between(started, whole_end)?))?
        } else {
            due - share(whole_end - started)
        };
        let days = thresholds.yellow_working_days;
        let (first, last) = (started.div_euclid(DAY), last_day(whole_end));
        // The calendar is asked only if it can matter: an urgent clock of hours must have its light
        // even in a year whose file is missing.
        let long = last - first > i64::from(days) && time.workdays_after(first, last)? > days;
        let by_days = if long { time.day_with_left(last_day(due), days)? * DAY } else { by_share };
        time.instant(by_share.min(by_days).max(started))
    }
}

/// How many escalation steps an overdue clock has reached at `now`: one from `due` on, one more
/// after each `policy.every`. A paused or stopped clock climbs no further.
pub fn escalation_steps(
    clock: &Clock,
    now: Timestamp,
    policy: &Policy,
    time: &WorkTime,
) -> Result<u8, ClockError> {
    let shown = clock.shows(now);
    let mut at = clock.due();
    let mut steps = 0;
    while steps < policy.max_steps && shown >= at {
        steps += 1;
        at = match step_after(at, policy.every, time) {
            Ok(next) => next,
            // A step in a year that has not begun is not reached; its missing file must not hold
            // back the steps before it.
            Err(ClockError::MissingYear(missing)) if missing.year > time.year_at(shown) => break,
            Err(error) => return Err(error),
        };
    }
    Ok(steps)
}

/// The moment at which a clock reaches escalation step `step`, counted from 1: the moment to look
/// at it again when it has climbed the steps before.
pub fn escalation_step_at(
    clock: &Clock,
    step: u8,
    policy: &Policy,
    time: &WorkTime,
) -> Result<Timestamp, ClockError> {
    (1..step).try_fold(clock.due(), |at, _| step_after(at, policy.every, time))
}

fn step_after(at: Timestamp, every: Span, time: &WorkTime) -> Result<Timestamp, ClockError> {
    let from = time.local(at);
    let end = span_end(from, last_day(from), every, time)?;
    time.instant(settle(end, every, time)?)
}

/// The day an end belongs to: midnight is the 24:00 of the day before.
fn last_day(end: i64) -> i64 {
    (end - 1).div_euclid(DAY)
}
