//! Whether a sealed case is still in somebody's hands. Decides from the people of its circle as they
//! are now, whom the store brings along for sealed cases alone; it never decides who sees what.
//!
//! Invariant: no step of staff, no change of the circle, no exclusion and no leaving takes a sealed
//! case from the last who can take it on. What the time or the person brings is never refused for
//! that: it goes to whoever in the circle can act, or the circle is told to let somebody in.

use crate::{
    access::{self, Viewer},
    case::{AccountId, Actor, Case, Fact, Staff},
    decide::{self, Ctx, Draft},
    pack::Right,
    people,
    refusal::Refusal,
    secrecy::Closed,
    workflow::{Action, Code, Effect, StateKind, Target, Workflow},
};
use std::collections::BTreeSet;

/// In whose hands a case is, from worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hands {
    /// Nobody in the circle could even let somebody in.
    Lost,
    /// Nobody in the circle can take it on, but somebody may let in one who can.
    Waits,
    /// Somebody in the circle can take it on, and somebody may change the circle.
    Held,
}

/// In whose hands the case is with these people in its circle, or with fewer: those who were
/// dismissed or are kept out do not count.
pub fn hands(ctx: Ctx<'_>, case: &Case, people: &[Staff]) -> Hands {
    let guarded = &case.guarded;
    if !guarded.is_sealed() {
        return Hands::Held;
    }
    let inside = |s: &&Staff| guarded.admits(s.account) && !guarded.bars(s);
    let may_admit =
        |s: &Staff| access::may(ctx.pack, &Viewer::Staff(s.clone(), ctx.now), case, Right::Seal);
    if !people.iter().filter(inside).any(may_admit) {
        return Hands::Lost;
    }
    let goes_on = |s: &Staff| goes_on(ctx, case, s);
    let held = !case.is_open(ctx.pack) || people.iter().filter(inside).any(goes_on);
    if held { Hands::Held } else { Hands::Waits }
}

/// Whether somebody may go down to these roles, or leave when there are none, without taking the case
/// from the last who can take it on. Somebody who owns it hands it over before.
pub fn may_give_up(
    ctx: Ctx<'_>,
    case: &Case,
    people: &[Staff],
    (whom, kept): (AccountId, &[Code]),
) -> bool {
    let mut after = people.to_vec();
    after.retain(|s| s.account != whom || !kept.is_empty());
    for me in after.iter_mut().filter(|s| s.account == whom) {
        me.roles = kept.to_vec();
    }
    let owns = case.owner == Some(whom) && !people::can_own(ctx.pack, case, kept);
    !owns && hands(ctx, case, &after) >= hands(ctx, case, people)
}

/// Whether this person can do something that brings the case on.
fn goes_on(ctx: Ctx<'_>, case: &Case, staff: &Staff) -> bool {
    let Some(flow) = ctx.pack.flow_of(case) else { return false };
    let actor = Actor::Staff(staff.clone());
    decide::allowed(Ctx { actor: &actor, ..ctx }, case).any(|a| brings_on(flow, case, a))
}

/// A step into another state, or one that meets a duty before which no such step is open. To rest
/// the case, or to make it another's, is no work on it.
fn brings_on(flow: &Workflow, case: &Case, action: &Action) -> bool {
    let owed = flow.duties.iter().filter(|d| case.owed.contains(&d.code));
    if owed.into_iter().any(|d| d.met_by.contains(&action.code)) {
        return true;
    }
    let Target::State(to) = &action.to else { return false };
    let rests = flow.state(to).is_none_or(|s| matches!(s.kind, StateKind::Held { .. }));
    let links = action.effects.iter().any(|e| matches!(e, Effect::Link { .. }));
    *to != case.state && !rests && !links
}

/// Keeps a draft in somebody's hands, or says why not. `before` is the case as it was.
///
/// # Errors
/// When staff would leave it to nobody, or the circle was not brought along.
pub(crate) fn keep(ctx: Ctx<'_>, before: &Case, mut draft: Draft) -> Result<Draft, Refusal> {
    if !draft.case.guarded.is_sealed() {
        return Ok(draft);
    }
    let people = ctx.circle.ok_or(Refusal::WouldBeLost)?;
    let (was, is) = (hands(ctx, before, people), hands(ctx, &draft.case, people));
    if is >= was {
        return Ok(draft);
    }
    let after = &draft.case;
    let moves = before.state != after.state || before.unit != after.unit;
    let closes_out = before.guarded != after.guarded;
    if matches!(ctx.actor, Actor::Staff(_)) && (moves || closes_out) {
        return Err(refusal(is, closes_out).into());
    }
    if moves && let Some(unit) = elsewhere(ctx, after, people) {
        assign(&mut draft, unit);
    }
    if hands(ctx, &draft.case, people) < was {
        draft.push(Fact::Queued { message: ctx.pack.secrecy.nobody_acts.clone() });
    }
    Ok(draft)
}

fn refusal(is: Hands, closes_out: bool) -> Closed {
    match is {
        Hands::Lost => Closed::NobodyAdmits,
        Hands::Waits | Hands::Held if closes_out => Closed::NobodyGoesOn,
        Hands::Waits | Hands::Held => Closed::PassedToNobody,
    }
}

/// The unit to which a case goes that nobody could take on where it was brought: the nearest above,
/// and then that of anybody in the circle, where somebody in the circle can.
fn elsewhere(ctx: Ctx<'_>, case: &Case, people: &[Staff]) -> Option<Code> {
    let above = ctx.pack.units.upward(&case.unit).skip(1).map(|u| u.code.as_str());
    let theirs: BTreeSet<&str> = people.iter().map(|s| s.unit.as_str()).collect();
    let stamp = ctx.stamp();
    let mut candidates = above.chain(theirs).filter(|u| !case.guarded.units.contains(*u));
    let fits = |unit: &&str| {
        let mut there = case.clone();
        there.apply(&stamp, &Fact::Assigned { unit: (*unit).to_owned(), rule: None });
        decide::is_manned(ctx.pack, &there) && hands(ctx, &there, people) == Hands::Held
    };
    candidates.find(fits).map(str::to_owned)
}

/// Whoever was to handle it where nobody can, handles it there.
fn assign(draft: &mut Draft, unit: Code) {
    let old = draft.case.unit.clone();
    let handles = draft.facts.iter().any(|f| matches!(f, Fact::Handling { unit } if *unit == old));
    draft.push(Fact::Assigned { unit: unit.clone(), rule: None });
    if handles {
        draft.push(Fact::Handling { unit });
    }
}
