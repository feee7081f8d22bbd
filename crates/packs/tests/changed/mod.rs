//! A city whose rules have changed: other lengths, other lights, another name for a stage clock, and
//! what must hold when a case is moved under them.

use std::sync::Arc;

use domain::{
    case::{Case, ClockChange, Fact, is_paused, is_running},
    clock::{Clock, Span},
    moving::Move,
    pack::Pack,
    workflow::{StateKind, Workflow},
};
use proptest::prelude::*;

/// The same city under changed rules; it still knows the old ones.
pub fn changed(pack: Arc<Pack>) -> Pack {
    let mut pack = Arc::try_unwrap(pack).expect("nobody else has it");
    let old = pack.rules.clone();
    "changed".clone_into(&mut pack.rules.edition);
    pack.rules.lights.yellow_percent /= 2;
    for flow in pack.rules.workflows.values_mut() {
        for clock in flow.clocks.values_mut() {
            clock.span = other(clock.span);
            clock.by_grade.values_mut().for_each(|span| *span = other(*span));
        }
        rename_a_clock(flow);
    }
    pack.recall(old);
    pack
}

/// Short ones get longer, long ones shorter.
fn other(span: Span) -> Span {
    let turned = |n: u32| if n > 4 { n / 2 } else { n + 3 };
    match span {
        Span::WorkingDays(n) => Span::WorkingDays(turned(n)),
        Span::WorkingMinutes(n) => Span::WorkingMinutes(turned(n)),
        Span::CalendarDays { days, roll } => Span::CalendarDays { days: turned(days), roll },
        Span::CalendarMinutes(n) => Span::CalendarMinutes(turned(n)),
    }
}

/// Gives the first stage clock that nothing but its states names another name.
fn rename_a_clock(flow: &mut Workflow) {
    let named = format!("{:?} {:?}", flow.actions, flow.opening);
    let free = |code: &str| !named.contains(&format!("\"{code}\""));
    let Some(old) = flow.clocks.keys().find(|code| free(code)).cloned() else { return };
    let mut spec = flow.clocks.remove(&old).expect("it was found");
    let new = format!("{old}_anew");
    spec.code.clone_from(&new);
    flow.clocks.insert(new.clone(), spec);
    for state in &mut flow.states {
        if let StateKind::Open { clock, .. } = &mut state.kind
            && *clock == old
        {
            clock.clone_from(&new);
        }
    }
}

fn counts(clock: &Clock) -> bool {
    is_running(clock) || is_paused(clock)
}

/// A move loses no clock, wakes none that has stopped, and says of every deadline where it goes.
pub fn is_fair(pack: &Pack, before: &Case, made: &Move) -> Result<(), TestCaseError> {
    let after = &made.draft.case;
    let live = |case: &Case| case.clocks.values().filter(|c| counts(c)).count();
    prop_assert_eq!(live(before), live(after), "as many clocks count as before");
    prop_assert!(after.keeps_promise(pack));
    for (code, clock) in before.clocks.iter().filter(|(_, c)| !counts(c)) {
        let stays = after.clocks.get(code);
        let reused = stays.is_some_and(counts);
        prop_assert!(reused || stays == Some(clock), "{code} had stopped");
    }
    for (was, is) in before.tasks.iter().zip(&after.tasks).filter(|(was, _)| was.end.is_some()) {
        prop_assert_eq!(was, is, "a task that has ended");
    }
    let pairs = before.clocks.values().filter(|c| counts(c)).map(|was| {
        let is = after.clocks.get(was.code()).filter(|c| counts(c));
        (was, is.or_else(|| after.clocks.get(&format!("{}_anew", was.code()))))
    });
    let moved = pairs.filter(|(was, is)| is.is_some_and(|is| is.due() != was.due())).count();
    let tasks = before.tasks.iter().zip(&after.tasks);
    let tasks = tasks.filter(|(was, is)| was.clock.due() != is.clock.due()).count();
    prop_assert_eq!(made.shifts.len(), moved + tasks, "every deadline that moves is listed");
    let only = made.draft.facts.iter().all(|f| {
        matches!(
            f,
            Fact::Repacked { .. }
                | Fact::TaskMoved { .. }
                | Fact::Clock { change: ClockChange::Moved | ClockChange::Stopped, .. }
        )
    });
    prop_assert!(only, "a move does nothing else: {:?}", made.draft.facts);
    Ok(())
}
