//! Tasks of other units: opened, answered, withdrawn.

use crate::{
    case::{Actor, Fact, Task, TaskEnd},
    clock::Clock,
    decide::{Ctx, Draft},
    refusal::Refusal,
    workflow::{Code, Workflow},
};

pub(crate) fn open_tasks(
    ctx: Ctx<'_>,
    flow: &Workflow,
    draft: &mut Draft,
    kind: &str,
    (units, clock): (&[Code], &str),
) -> Result<(), Refusal> {
    let span = flow
        .clocks
        .get(clock)
        .map(|c| c.span_for(&draft.case.grade))
        .ok_or_else(|| Refusal::Unknown { what: "clock", code: clock.to_owned() })?;
    for unit in units {
        if draft.case.guarded.units.contains(unit) {
            return Err(Refusal::UnitBarred);
        }
        if draft.case.open_tasks().any(|t| t.kind == kind && t.unit == *unit) {
            continue;
        }
        let id = u32::try_from(draft.case.tasks.len()).unwrap_or(u32::MAX - 1) + 1;
        let clock = Clock::start(clock, ctx.now, span, &ctx.pack.of(&draft.case).work_time)?;
        let task = Task { id, kind: kind.to_owned(), unit: unit.clone(), clock, end: None };
        draft.push(Fact::TaskOpened { task });
    }
    Ok(())
}

pub(super) fn answer_task(ctx: Ctx<'_>, draft: &mut Draft, kind: &str) {
    let Actor::Staff(me) = ctx.actor else { return };
    let id = draft.case.open_tasks().find(|t| t.kind == kind && t.unit == me.unit).map(|t| t.id);
    if let Some(id) = id {
        draft.push(Fact::TaskEnded { id, end: TaskEnd::Answered });
    }
}

/// Withdraws open tasks, of one kind or of all.
pub(crate) fn drop_tasks(draft: &mut Draft, kind: Option<&str>) {
    drop_where(draft, |task| kind.is_none_or(|k| task.kind == k));
}

/// Withdraws the open tasks of one unit.
pub(crate) fn drop_tasks_of(draft: &mut Draft, unit: &str) {
    drop_where(draft, |task| task.unit == unit);
}

fn drop_where(draft: &mut Draft, fits: impl Fn(&Task) -> bool) {
    let ids: Vec<u32> = draft.case.open_tasks().filter(|t| fits(t)).map(|t| t.id).collect();
    for id in ids {
        draft.push(Fact::TaskEnded { id, end: TaskEnd::Dropped });
    }
}
