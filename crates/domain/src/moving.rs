//! Moving a running case under the rules of today's pack: what would change, and the facts of it.
//!
//! Decides where the deadlines of a case would fall; never whether that is wanted. Invariants: a
//! clock that has stopped never changes, no clock that counts is lost, and the case keeps the first
//! promise or is not moved.

use crate::{
    case::{Case, ClockChange, Fact, is_paused, is_running},
    clock::{Clock, Light, Span},
    decide::{self, Ctx, Draft},
    pack::Rules,
    refusal::Refusal,
    workflow::{ClockSpec, Code, StateKind, Workflow},
};
use jiff::Timestamp;

/// A deadline that a move would put elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The clock as it is called today.
    pub clock: Code,
    /// The task whose deadline it is; none for a clock of the case itself.
    pub task: Option<u32>,
    /// When it is due now.
    pub due: Timestamp,
    /// When it would be due.
    pub then: Timestamp,
    /// The light it shows now; none for a year without holiday data.
    pub light: Option<Light>,
    /// The light it would show.
    pub light_then: Option<Light>,
}

/// A move that could be made.
#[derive(Debug, Clone)]
pub struct Move {
    /// The case as it would be, and the facts; no facts for a case that needs no move.
    pub draft: Draft,
    /// Deadlines that would change; a move may change none.
    pub shifts: Vec<Shift>,
}

/// What moving the case under today's rules would do.
///
/// # Errors
/// When today's workflow has no place for the case, or a clock cannot be reckoned.
pub fn moved(ctx: Ctx<'_>, case: &Case) -> Result<Move, Refusal> {
    let (old, new) = (ctx.pack.of(case), &ctx.pack.rules);
    let mut made = Move { draft: Draft::of(case, ctx.stamp()), shifts: Vec::new() };
    // Who moves cases may not know of a sealed one: it keeps its rules until it is open.
    if case.pack == new.edition || !case.is_open(ctx.pack) || case.guarded.is_sealed() {
        return Ok(made);
    }
    let turn = Turn::new(ctx, old, case)?;
    made.draft.push(Fact::Repacked { pack: new.edition.clone() });
    for clock in case.clocks.values().filter(|c| counts(c)) {
        let next = turn.turned(clock, &turn.name_today(clock.code()))?;
        made.note(&turn, None, clock, &next);
        if next.code() != clock.code() {
            let stopped = clock.stop(ctx.now)?;
            made.draft.push(Fact::Clock { change: ClockChange::Stopped, clock: stopped });
        }
        if next != *clock {
            made.draft.push(Fact::Clock { change: ClockChange::Moved, clock: next });
        }
    }
    for task in case.open_tasks() {
        let next = turn.turned(&task.clock, task.clock.code())?;
        made.note(&turn, Some(task.id), &task.clock, &next);
        if next != task.clock {
            made.draft.push(Fact::TaskMoved { id: task.id, clock: next });
        }
    }
    made.draft = decide::settle(ctx, made.draft)?;
    Ok(made)
}

fn counts(clock: &Clock) -> bool {
    is_running(clock) || is_paused(clock)
}

/// A turn of one case from its old rules to today's.
struct Turn<'a> {
    ctx: Ctx<'a>,
    case: &'a Case,
    old: &'a Rules,
    flow: &'a Workflow,
    /// The clock of the stage, as it was and as it is called today.
    stage: Option<(&'a str, &'a str)>,
}

impl<'a> Turn<'a> {
    /// Today's workflow must have the state in which the case stands, and mean the same by it.
    fn new(ctx: Ctx<'a>, old: &'a Rules, case: &'a Case) -> Result<Self, Refusal> {
        let unknown = |what, code: &str| Refusal::Unknown { what, code: code.to_owned() };
        let flow = ctx.pack.rules.workflow(&case.workflow);
        let flow = flow.ok_or_else(|| unknown("workflow", &case.workflow))?;
        let is = flow.state(&case.state).ok_or_else(|| unknown("state", &case.state))?;
        let was = old.workflow(&case.workflow).and_then(|f| f.state(&case.state));
        let stage = match (was.map(|s| &s.kind), &is.kind) {
            (Some(StateKind::Open { clock: was, .. }), StateKind::Open { clock: is, .. }) => {
                Some((was.as_str(), is.as_str()))
            }
            (Some(StateKind::Held { .. }), StateKind::Held { .. }) => None,
            _ => return Err(Refusal::WouldBeLost),
        };
        Ok(Self { ctx, case, old, flow, stage })
    }

    /// The name of a clock today. Only that of the stage may have got another, and it takes no
    /// name under which something else is counted.
    fn name_today(&self, code: &str) -> Code {
        let renamed = self.stage.filter(|(was, is)| *was == code && was != is);
        let free = renamed.filter(|(_, is)| !self.case.clocks.get(*is).is_some_and(counts));
        free.map_or(code, |(_, is)| is).to_owned()
    }

    /// The clock under a name, with the length and in the working time of today.
    fn turned(&self, clock: &Clock, name: &str) -> Result<Clock, Refusal> {
        let was = self.old.workflow(&self.case.workflow).and_then(|f| f.clocks.get(clock.code()));
        let span = match (was, self.flow.clocks.get(name)) {
            (Some(was), Some(is)) => self.span(was, is, clock.span()),
            _ => clock.span(),
        };
        Ok(clock.under(span, &self.ctx.pack.rules.work_time)?.renamed(name))
    }

    /// What the policy of today makes of a length that the old one gave. The grade of a case may
    /// have changed since the clock started, so the length itself says under which it started; a
    /// length that no policy gave (a partner's own deadline) stays.
    fn span(&self, was: &ClockSpec, is: &ClockSpec, span: Span) -> Span {
        let others = self.ctx.pack.risk.grades.iter().map(|g| g.code.as_str());
        let mut grades = std::iter::once(self.case.grade.as_str()).chain(others);
        let under = grades.find(|g| was.span_for(g) == span);
        under.map_or(span, |g| is.span_for(g))
    }
}

impl Move {
    fn note(&mut self, turn: &Turn<'_>, task: Option<u32>, was: &Clock, is: &Clock) {
        if was.due() == is.due() {
            return;
        }
        let light = |clock: &Clock, rules: &Rules| {
            clock.light(turn.ctx.now, rules.lights, &rules.work_time).ok()
        };
        self.shifts.push(Shift {
            clock: is.code().to_owned(),
            task,
            due: was.due(),
            then: is.due(),
            light: light(was, turn.old),
            light_then: light(is, &turn.ctx.pack.rules),
        });
    }
}
