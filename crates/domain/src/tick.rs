//! What the passing of time alone does to a case: escalation and automatic actions.
//!
//! `tick` is a pure function of the case and the instant, so a restart repeats nothing, and
//! `wake_at` says when it is worth asking again.

use crate::{
    case::{Actor, Case, Fact, Staff, is_running},
    clock::{Clock, ClockError, State, escalation_step_at, escalation_steps},
    decide::{self, Ctx, Draft, Step},
    field::Checked,
    milestone,
    pack::{Pack, Rules},
    refusal::Refusal,
    rights, secrecy,
    workflow::{Trigger, Workflow},
};
use jiff::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Message that is queued when an overdue clock climbs a step.
pub const ESCALATED: &str = "escalated";
/// Message that is queued when a clock runs out.
pub const OVERDUE: &str = "overdue";

/// The facts that time alone brings; none when it is not yet time. Beside the case: the one that it
/// was merged into, and the people of its circle when it is sealed.
///
/// # Errors
/// When a clock cannot be computed, for example for a year without holiday data.
pub fn tick(
    now: Timestamp,
    pack: &Pack,
    case: &Case,
    (linked, circle): (Option<&Case>, Option<&[Staff]>),
) -> Result<Draft, Refusal> {
    let ctx = Ctx { linked, circle, ..Ctx::bare(now, pack, &Actor::System) };
    let mut draft = Draft::of(case, ctx.stamp());
    let Some(flow) = pack.flow_of(case) else { return Ok(draft) };
    climb(ctx, flow, &mut draft)?;
    milestone::alarm(ctx, flow, &mut draft)?;
    rights::climb(ctx, &mut draft)?;
    secrecy::remind(ctx, &mut draft);
    if let Some(action) = due_action(ctx, flow, case) {
        let step = Step { action, given: Checked::default() };
        let moved = decide::act(ctx, &draft.case, &step)?;
        draft.case = moved.case;
        draft.facts.extend(moved.facts);
    }
    Ok(draft)
}

/// One level a step: step n tells the n-th unit above the responsible one, or the top.
fn climb(ctx: Ctx<'_>, flow: &Workflow, draft: &mut Draft) -> Result<(), Refusal> {
    let running: Vec<Clock> =
        draft.case.clocks.values().filter(|c| is_running(c)).cloned().collect();
    for clock in running.iter().filter(|c| escalates(flow, c)) {
        let done = draft.case.climbed.get(clock.code()).copied().unwrap_or(0);
        let rules = ctx.pack.of(&draft.case);
        let due = escalation_steps(clock, ctx.now, &rules.escalation, &rules.work_time)?;
        if done == 0 && due > 0 {
            draft.push(Fact::Queued { message: OVERDUE.to_owned() });
        }
        for step in done + 1..=due {
            let above = ctx.pack.units.upward(&draft.case.unit).take(usize::from(step) + 1).last();
            let unit = above.map_or_else(|| draft.case.unit.clone(), |u| u.code.clone());
            draft.push(Fact::Climbed { clock: clock.code().to_owned(), step, unit });
            draft.push(Fact::Queued { message: ESCALATED.to_owned() });
        }
    }
    Ok(())
}

fn escalates(flow: &Workflow, clock: &Clock) -> bool {
    flow.clocks.get(clock.code()).is_some_and(|s| s.escalates)
}

fn due_action(ctx: Ctx<'_>, flow: &Workflow, case: &Case) -> Option<String> {
    flow.actions
        .iter()
        .filter(|a| a.from.contains(&case.state))
        .find(|a| a.auto.as_ref().is_some_and(|t| is_due(ctx, case, t)))
        .filter(|a| decide::permit(ctx, case, a, Some(&Checked::default())).is_ok())
        .map(|a| a.code.clone())
}

fn is_due(ctx: Ctx<'_>, case: &Case, trigger: &Trigger) -> bool {
    match trigger {
        Trigger::PauseEnded => {
            case.clocks.values().any(|c| c.resumes_at().is_some_and(|end| end <= ctx.now))
        }
        Trigger::ClockEnded(code) => {
            case.clocks.get(code).is_some_and(|c| is_running(c) && c.due() <= ctx.now)
        }
        Trigger::MainClosed => ctx.linked.is_some_and(|main| !main.is_open(ctx.pack)),
    }
}

/// The next instant at which `tick` may have something to say; none for a case that rests.
///
/// # Errors
/// When a clock cannot be computed.
pub fn wake_at(pack: &Pack, case: &Case) -> Result<Option<Timestamp>, Refusal> {
    let rules = pack.of(case);
    let Some(flow) = rules.workflow(&case.workflow) else { return Ok(None) };
    let mut next = milestone::wake_at(pack, flow, case);
    next = [next, rights::wake_at(pack, case)].into_iter().flatten().min();
    next = [next, secrecy::wake_at(case)].into_iter().flatten().min();
    for clock in case.clocks.values() {
        let at = match clock.state() {
            State::Paused { until, .. } => Some(until),
            State::Running => next_step(rules, flow, case, clock)?,
            State::Stopped { .. } => None,
        };
        next = [next, at].into_iter().flatten().min();
    }
    Ok(next)
}

/// When the clock runs out or, if it has, when it climbs its next step.
fn next_step(
    rules: &Rules,
    flow: &Workflow,
    case: &Case,
    clock: &Clock,
) -> Result<Option<Timestamp>, Refusal> {
    let done = case.climbed.get(clock.code()).copied().unwrap_or(0);
    let acts = flow
        .actions
        .iter()
        .any(|a| matches!(&a.auto, Some(Trigger::ClockEnded(code)) if code == clock.code()));
    if done == 0 && (acts || escalates(flow, clock)) {
        return Ok(Some(clock.due()));
    }
    if !escalates(flow, clock) || done >= rules.escalation.max_steps {
        return Ok(None);
    }
    match escalation_step_at(clock, done + 1, &rules.escalation, &rules.work_time) {
        Ok(at) => Ok(Some(at)),
        // The step lies in a year whose holidays are not yet known: ask again tomorrow, and do
        // not hold back the steps that have been reached.
        Err(ClockError::MissingYear(_)) => Ok(clock.due().checked_add(DAY).ok()),
        Err(error) => Err(error.into()),
    }
}
