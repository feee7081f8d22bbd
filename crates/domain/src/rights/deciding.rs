//! What may be wished for under the rights of the person, by whom, and which facts follow. Decides;
//! what is erased is erased by the store.

use super::{BY_REQUEST, Bar, End, Event, Request, Right};
use crate::{
    access::{self, Viewer},
    case::{Actor, By, Case, Fact, Staff},
    clock::{Clock, escalation_step_at, escalation_steps},
    decide::{Ctx, Draft},
    field::{Field, Meaning},
    pack::{Pack, Sight, Unit},
    refusal::Refusal,
    retention, sending, tick,
    workflow::{Action, Code, State, Target, Workflow},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// So many open requests may stand on one case.
const MOST_OPEN: usize = 8;

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Ask for something.
    Ask {
        /// For what.
        right: Right,
        /// Field to be corrected.
        field: Option<Code>,
    },
    /// Find, as the first of two persons, that the case may be erased.
    Check {
        /// Request.
        id: u32,
    },
    /// Grant it.
    Grant {
        /// Request.
        id: u32,
        /// Let a copy be fetched from the page of the case.
        online: bool,
        /// The list under which an erasure is certified.
        list: String,
    },
    /// Refuse it.
    Refuse {
        /// Request.
        id: u32,
        /// The ground.
        basis: Code,
    },
    /// Set a legal hold.
    Hold {
        /// The ground.
        basis: Code,
    },
    /// Lift the hold.
    Release,
    /// Erase what has been kept long enough.
    Expire {
        /// The list that was confirmed.
        list: String,
    },
}

/// The facts that a wish leads to. `texts` names the sealed texts that come with it.
///
/// # Errors
/// When it may not be.
pub fn decide(ctx: Ctx<'_>, case: &Case, wish: &Wish, texts: &[Code]) -> Result<Draft, Refusal> {
    let events = events(ctx, case, wish, texts.is_empty())?;
    let mut draft = Draft::of(case, ctx.stamp());
    for event in events {
        draft.push(Fact::Right { event });
    }
    if !texts.is_empty() {
        draft.push(Fact::Given { coded: BTreeMap::new(), texts: texts.to_vec() });
    }
    Ok(draft)
}

fn events(ctx: Ctx<'_>, case: &Case, wish: &Wish, wordless: bool) -> Result<Vec<Event>, Refusal> {
    bar(case.rights.erased.is_some(), Bar::Gone)?;
    Ok(vec![match wish {
        Wish::Ask { right, field } => ask(ctx, case, *right, (field.as_ref(), wordless))?,
        Wish::Check { id } => {
            let request = open_request(case, *id)?;
            of_staff(ctx, case, &ctx.pack.rights.answers)?;
            erasable(ctx, case, *id)?;
            bar(request.right != Right::Erase || request.checked.is_some(), Bar::NoRequest)?;
            bar(wordless, Bar::NoWords)?;
            Event::Checked { id: *id }
        }
        Wish::Grant { id, online, list } => {
            return Ok(grant(ctx, case, *id, (*online, list))?);
        }
        Wish::Refuse { id, basis } => {
            let request = open_request(case, *id)?;
            may_answer(ctx, case, request)?;
            let ground = ctx.pack.rights.basis(basis);
            bar(!ground.is_some_and(|b| b.refuses.contains(&request.right)), Bar::NoBasis)?;
            bar(wordless, Bar::NoWords)?;
            Event::Refused { id: *id, basis: basis.clone() }
        }
        Wish::Hold { basis } => {
            of_staff(ctx, case, &ctx.pack.rights.holds)?;
            bar(case.rights.hold.is_some(), Bar::Held)?;
            bar(!ctx.pack.rights.basis(basis).is_some_and(|b| b.holds), Bar::NoBasis)?;
            bar(wordless, Bar::NoWords)?;
            Event::Held { basis: basis.clone() }
        }
        Wish::Release => {
            of_staff(ctx, case, &ctx.pack.rights.holds)?;
            bar(case.rights.hold.is_none(), Bar::NotHeld)?;
            bar(wordless, Bar::NoWords)?;
            Event::Released
        }
        Wish::Expire { list } => {
            bar(*ctx.actor != Actor::System, Bar::NotYours)?;
            let rule = retention::due(ctx.pack, case, ctx.now).ok_or(Bar::NotDue)?;
            Event::Erased { rule, list: list.clone() }
        }
    }])
}

fn bar(stands: bool, bar: Bar) -> Result<(), Bar> {
    if stands { Err(bar) } else { Ok(()) }
}

fn ask(
    ctx: Ctx<'_>,
    case: &Case,
    right: Right,
    (field, wordless): (Option<&Code>, bool),
) -> Result<Event, Refusal> {
    match ctx.actor {
        Actor::Appellant(id) if *id == case.id => {}
        Actor::Staff(staff) => {
            let takes = holds_one(staff, &ctx.pack.rights.takes) && may_act(ctx, case);
            bar(!takes, Bar::NotYours)?;
        }
        Actor::Appellant(_) | Actor::Public | Actor::System => return Err(Bar::NotYours.into()),
    }
    let mut open = case.rights.open();
    bar(open.any(|r| r.right == right && r.field.as_ref() == field), Bar::Twice)?;
    bar(case.rights.open().count() >= MOST_OPEN, Bar::Others)?;
    if right == Right::Correct {
        let flow = ctx.pack.flow_of(case);
        let known = field.and_then(|code| flow?.fields.get(code));
        bar(!known.is_some_and(|f| flow.is_some_and(|w| is_correctable(w, f))), Bar::NoField)?;
        bar(wordless, Bar::NoWords)?;
    }
    let span = ctx.pack.rights.span.ok_or(Bar::NotYours)?;
    let id = u32::try_from(case.rights.requests.len()).unwrap_or(u32::MAX - 1) + 1;
    // The law counts for everybody alike, so the time of today's pack does, whatever rules the
    // case lives under.
    let clock = Clock::start(clock_code(id), ctx.now, span, &ctx.pack.work_time)?;
    let field = field.filter(|_| right == Right::Correct).cloned();
    Ok(Event::Asked { id, right, field, clock })
}

fn clock_code(id: u32) -> String {
    format!("right-{id}")
}

/// Whether the person may have another wording put into this field: what the opening asked, except
/// how to reach somebody safely, which has an action of its own.
pub fn is_correctable(flow: &Workflow, field: &Field) -> bool {
    let asked = flow.opening.fields.iter().any(|u| u.code == field.code);
    asked
        && field.kind.is_text()
        && match field.meaning {
            Meaning::Name
            | Meaning::Phone
            | Meaning::IdNumber
            | Meaning::Address
            | Meaning::Story => true,
            // The summary is the line by which staff know the case in their lists.
            Meaning::Summary
            | Meaning::SafeContact
            | Meaning::Reporter
            | Meaning::Answer
            | Meaning::Work
            | Meaning::ExternalNumber
            | Meaning::Public => false,
        }
}

fn open_request(case: &Case, id: u32) -> Result<&Request, Bar> {
    case.rights.request(id).filter(|r| r.end.is_none()).ok_or(Bar::NoRequest)
}

/// Whoever looks through broken glass decides nothing. Whether somebody may know of the case at all
/// is asked before; a unit that handled it answers for it, though it no longer works on it.
fn may_act(ctx: Ctx<'_>, case: &Case) -> bool {
    match ctx.actor {
        Actor::Staff(staff) => !case.guarded.shows_through_glass(staff.account, ctx.now),
        Actor::Appellant(_) | Actor::Public | Actor::System => true,
    }
}

fn holds_one(staff: &Staff, roles: &[Code]) -> bool {
    staff.roles.iter().any(|role| roles.contains(role))
}

/// The member of staff who acts, if one of the roles is held in a unit that covers the case.
fn of_staff<'a>(ctx: Ctx<'a>, case: &Case, roles: &[Code]) -> Result<&'a Staff, Bar> {
    match ctx.actor {
        Actor::Staff(staff)
            if holds_one(staff, roles)
                && may_act(ctx, case)
                && ctx.pack.units.covers(&staff.unit, home(ctx.pack, case)) =>
        {
            Ok(staff)
        }
        _ => Err(Bar::NotYours),
    }
}

/// Whoever answers did not write the request down, so that nobody answers themselves.
fn may_answer(ctx: Ctx<'_>, case: &Case, request: &Request) -> Result<(), Bar> {
    let roles = [ctx.pack.rights.answers.as_slice(), ctx.pack.rights.approves.as_slice()].concat();
    let staff = of_staff(ctx, case, &roles)?;
    bar(is(staff, &request.by), Bar::SamePerson)
}

fn is(staff: &Staff, by: &By) -> bool {
    matches!(by, By::Staff(account, _) if *account == staff.account)
}

fn grant(
    ctx: Ctx<'_>,
    case: &Case,
    id: u32,
    (online, list): (bool, &str),
) -> Result<Vec<Event>, Bar> {
    let request = open_request(case, id)?;
    match request.right {
        Right::Erase => {
            let staff = of_staff(ctx, case, &ctx.pack.rights.approves)?;
            erasable(ctx, case, id)?;
            let checked = request.checked.as_ref().ok_or(Bar::Unchecked)?;
            bar(is(staff, checked) || is(staff, &request.by), Bar::SamePerson)?;
            let (rule, list) = (BY_REQUEST.to_owned(), list.to_owned());
            Ok(vec![Event::Granted { id, online: false }, Event::Erased { rule, list }])
        }
        right @ (Right::Copy | Right::Correct | Right::Withdraw) => {
            may_answer(ctx, case, request)?;
            let online = online && right == Right::Copy;
            bar(online && !may_be_online(ctx.pack, case), Bar::InPerson)?;
            Ok(vec![Event::Granted { id, online }])
        }
    }
}

/// Whether a copy may be fetched with number and receipt: not where a violent relative may hold
/// them too.
pub fn may_be_online(pack: &Pack, case: &Case) -> bool {
    !case.needs_protection(pack) && !case.flags.contains(sending::UNSAFE)
}

/// Whether a copy may be fetched from the page of the case now.
pub fn copy_is_online(pack: &Pack, case: &Case, now: Timestamp) -> bool {
    let days = i64::from(pack.rights.page_days) * 86_400;
    let fresh = |end: &End| end.online && now.as_second() - end.at.as_second() <= days;
    let granted = |r: &Request| r.right == Right::Copy && r.end.as_ref().is_some_and(fresh);
    may_be_online(pack, case) && case.rights.requests.iter().any(granted)
}

/// Whether this member of staff may hand a copy over: one was granted, the role takes requests or
/// answers them, and sees everything that the copy holds anyway.
pub fn may_hand_copy(pack: &Pack, viewer: &Viewer, case: &Case) -> bool {
    let Viewer::Staff(staff, _) = viewer else { return false };
    let roles = [pack.rights.takes.as_slice(), pack.rights.answers.as_slice()].concat();
    let sees = access::sees(pack, viewer, case);
    let whole = [sees.identity, sees.contact, sees.story].iter().all(|s| *s == Sight::Full);
    let granted = |r: &Request| {
        r.right == Right::Copy && r.end.as_ref().is_some_and(|end| end.basis.is_none())
    };
    whole && holds_one(staff, &roles) && case.rights.requests.iter().any(granted)
}

/// What stands against an erasure by request.
fn erasable(ctx: Ctx<'_>, case: &Case, id: u32) -> Result<(), Bar> {
    bar(case.is_open(ctx.pack), Bar::Open)?;
    bar(case.rights.hold.is_some(), Bar::Held)?;
    bar(case.rights.open().any(|r| r.id != id), Bar::Others)
}

/// What this actor could wish for one request now, for the buttons of a page.
pub fn possible(ctx: Ctx<'_>, case: &Case, wish: &Wish) -> Result<(), Refusal> {
    events(ctx, case, wish, false).map(drop)
}

/// Whether these roles answer requests at all.
pub fn answers(pack: &Pack, roles: &[Code]) -> bool {
    let all = [&pack.rights.answers, &pack.rights.approves];
    roles.iter().any(|role| all.iter().any(|some| some.contains(role)))
}

/// The unit that a request waits for: the nearest, upward from its home, where a role
/// that may take the next step can be held. The responsible unit itself where there is none.
pub fn waits_at<'a>(pack: &'a Pack, case: &'a Case, request: &Request) -> &'a str {
    let second = request.right == Right::Erase && request.checked.is_some();
    let roles = if second { &pack.rights.approves } else { &pack.rights.answers };
    // A unit above that never had the case cannot open it, once it has gone elsewhere.
    let knows =
        |unit: &Unit| pack.units.covers(&unit.code, &case.unit) || case.been.contains(&unit.code);
    let can = |unit: &&Unit| roles.iter().any(|role| pack.can_hold(role, unit)) && knows(unit);
    pack.units.upward(home(pack, case)).find(can).map_or(case.unit.as_str(), |unit| &unit.code)
}

/// The unit that answers for a case: the responsible one, and the one that handled it once it is
/// closed, for a closed case often lies with the desk that made the last call.
fn home<'a>(pack: &Pack, case: &'a Case) -> &'a str {
    let handled = case.handling.as_ref().filter(|_| !case.is_open(pack));
    handled.unwrap_or(&case.unit)
}

/// Whether an action may not be done any more because the case is erased: nothing could be sealed,
/// and a case that nobody can read cannot be worked on.
pub fn shuts(flow: &Workflow, case: &Case, action: &Action) -> bool {
    if case.rights.erased.is_none() {
        return false;
    }
    let reopens = match &action.to {
        Target::Same => true,
        Target::State(to) => flow.state(to).is_none_or(State::is_open),
    };
    reopens || !action.fields.is_empty()
}

/// An overdue request climbs like every other clock.
pub(crate) fn climb(ctx: Ctx<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    let clocks: Vec<Clock> = draft.case.rights.open().map(|r| r.clock.clone()).collect();
    for clock in clocks {
        let done = draft.case.climbed.get(clock.code()).copied().unwrap_or(0);
        let due = escalation_steps(&clock, ctx.now, &ctx.pack.escalation, &ctx.pack.work_time)?;
        for step in done + 1..=due {
            let upward = ctx.pack.units.upward(&draft.case.unit);
            let above = upward.take(usize::from(step) + 1).last();
            let unit = above.map_or_else(|| draft.case.unit.clone(), |u| u.code.clone());
            draft.push(Fact::Climbed { clock: clock.code().to_owned(), step, unit });
            draft.push(Fact::Queued { message: tick::ESCALATED.to_owned() });
        }
    }
    Ok(())
}

/// The next instant at which a request climbs.
pub(crate) fn wake_at(pack: &Pack, case: &Case) -> Option<Timestamp> {
    let next = |request: &Request| {
        let clock = &request.clock;
        let done = case.climbed.get(clock.code()).copied().unwrap_or(0);
        if done >= pack.escalation.max_steps {
            return None;
        }
        // A step in a year whose holidays are not yet known is asked for again when it is due.
        let at = escalation_step_at(clock, done + 1, &pack.escalation, &pack.work_time);
        Some(at.unwrap_or_else(|_| clock.due()))
    };
    case.rights.open().filter_map(next).min()
}
