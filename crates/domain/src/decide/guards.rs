//! The conditions on an action, one by one.

use super::{Ctx, OPENING};
use crate::{
    case::{Actor, By, Case, is_running},
    contact::{self, Barred, Plan, Way},
    field::{Checked, Value},
    figure,
    refusal::Bar,
    workflow::{Action, Code, Guard},
};

/// Whether the field, as given now or known before, holds only these values.
fn field_in(
    case: &Case,
    field: &str,
    values: &[String],
    (action, given): (&Action, Option<&Checked>),
) -> bool {
    let value = match given {
        Some(given) => given.coded.get(field).or_else(|| case.coded.get(field)),
        None => case.coded.get(field),
    };
    // What the form will ask is open, whatever was answered another time.
    let asked = action.fields.iter().any(|f| f.code == *field);
    let open = given.is_none() && (asked || value.is_none());
    open || value.is_some_and(|v| v.all().iter().all(|v| values.contains(v)))
}

/// Whether the condition holds; with a form that is still open, whether it may yet hold.
pub(super) fn pass(
    ctx: Ctx<'_>,
    case: &Case,
    guard: &Guard,
    (action, given): (&Action, Option<&Checked>),
) -> Result<(), Bar> {
    let pass = |ok: bool, bar: Bar| if ok { Ok(()) } else { Err(bar) };
    let did = |actions: &[Code], same: &dyn Fn(&By) -> bool| {
        case.deeds.iter().any(|d| actions.contains(&d.action) && same(&d.by))
    };
    match guard {
        Guard::NotActorOf(actions) => {
            let Actor::Staff(me) = ctx.actor else { return Ok(()) };
            let same = |by: &By| matches!(by, By::Staff(a, _) if *a == me.account);
            let opened = case.opener == Some(me.account) && actions.iter().any(|a| a == OPENING);
            pass(!opened && !did(actions, &same), Bar::SamePerson)
        }
        Guard::NotOwner => pass(!is_owner(ctx, case), Bar::SamePerson),
        Guard::NotUnitOf(actions) => {
            let Actor::Staff(me) = ctx.actor else { return Ok(()) };
            let same = |by: &By| matches!(by, By::Staff(_, u) if *u == me.unit);
            pass(!did(actions, &same), Bar::SameUnit)
        }
        Guard::OtherUnit(field) => {
            let Actor::Staff(me) = ctx.actor else { return Ok(()) };
            let named = given.and_then(|g| g.coded.get(field)).map(Value::one);
            pass(named != Some(me.unit.as_str()), Bar::Field)
        }
        Guard::AtMost { action, times } => pass(case.times(action) < *times, Bar::TooOften),
        Guard::AtLeast { action, times } => pass(case.times(action) >= *times, Bar::TooFewDays),
        Guard::OnDays { action, days } => {
            let done = ctx.pack.flow_of(case).map_or(0, |flow| case.days_of(flow, action));
            pass(done >= *days, Bar::TooFewDays)
        }
        Guard::FieldIn { field, values } => {
            pass(field_in(case, field, values, (action, given)), Bar::Field)
        }
        Guard::GradeIn(grades) => pass(grades.contains(&case.grade), Bar::Grade),
        Guard::GradeNotIn(grades) => pass(!grades.contains(&case.grade), Bar::Grade),
        Guard::Sensitive(yes) => pass(ctx.pack.is_sensitive(&case.category) == *yes, Bar::Kind),
        Guard::Anonymous(yes) => pass(case.anonymous == *yes, Bar::Kind),
        Guard::Flagged(flag) => pass(case.flags.contains(flag), Bar::Kind),
        Guard::NotFlagged(flag) => pass(!case.flags.contains(flag), Bar::Kind),
        Guard::NoOpenTasks(kind) => pass(!case.open_tasks().any(|t| t.kind == *kind), Bar::Tasks),
        Guard::HasOpenTasks(kind) => pass(case.open_tasks().any(|t| t.kind == *kind), Bar::Tasks),
        Guard::OwesTask(kind) => {
            let Actor::Staff(me) = ctx.actor else { return Err(Bar::Tasks) };
            let owes = case.open_tasks().any(|t| t.kind == *kind && t.unit == me.unit);
            pass(owes, Bar::Tasks)
        }
        Guard::BeforeDue(clock) => {
            let running = case.clocks.get(clock).filter(|c| is_running(c));
            pass(running.is_none_or(|c| ctx.now < c.due()), Bar::TooLate)
        }
        Guard::ChannelIn(channels) => pass(channels.contains(&case.channel), Bar::Kind),
        Guard::NotLower(field) => {
            let wanted = given.and_then(|g| g.coded.get(field)).map(Value::one);
            let order = |grade| ctx.pack.risk.order(grade);
            pass(wanted.is_none_or(|g| order(g) >= order(&case.grade)), Bar::Grade)
        }
        Guard::Climbs(field) => pass(climbs(ctx, case, field, given), Bar::Rung),
        Guard::WithinDays(days) => {
            let age = ctx.now.as_second() - case.entered.as_second();
            pass(age <= i64::from(*days) * 86_400, Bar::TooLate)
        }
        Guard::Protected(yes) => pass(case.needs_protection(ctx.pack) == *yes, Bar::Kind),
        Guard::Milestone(kind) => {
            let today = ctx.pack.date_of(ctx.now);
            pass(case.live_milestones().any(|m| m.kind == *kind && m.is_live(today)), Bar::Kind)
        }
        Guard::Contact { field, or } => contact_guard(ctx, case, (field.as_deref(), *or), given),
        Guard::NotAmong { field, among } => not_among(case, field, among, given),
        Guard::SampleSound => figure::sample_sound(ctx, case),
    }
}

fn is_owner(ctx: Ctx<'_>, case: &Case) -> bool {
    matches!(ctx.actor, Actor::Staff(me) if case.owner == Some(me.account))
}

/// Whether the plan lets this actor reach the person now by the way that was chosen.
fn contact_guard(
    ctx: Ctx<'_>,
    case: &Case,
    (field, or): (Option<&str>, Option<Way>),
    given: Option<&Checked>,
) -> Result<(), Bar> {
    let chosen = field.and_then(|f| given?.coded.get(f));
    // The form is still open: any way may yet be chosen in it.
    if given.is_none() && field.is_some() {
        return Ok(());
    }
    // An answer that is no way of ours, such as “the person called us”, is no contact by us.
    let way = match chosen {
        Some(value) => Way::named(value.one()),
        None => or,
    };
    let Some(way) = way else { return Ok(()) };
    contact::may_reach(ctx.pack, case, way, ctx.now).map_err(|barred| Bar::Contact {
        until: match barred {
            Barred::Until(at) => Some(at),
            Barred::Never => None,
        },
        plan: Plan::of(ctx.pack, case),
    })
}

/// Whether no option between the last choice and this one is left out.
fn climbs(ctx: Ctx<'_>, case: &Case, field: &str, given: Option<&Checked>) -> bool {
    let Some(chosen) = given.and_then(|g| g.coded.get(field)) else { return true };
    let known = ctx.pack.flow_of(case).and_then(|flow| flow.fields.get(field));
    let rung = |value: &Value| known.and_then(|f| f.kind.place_of(value.one()));
    let highest = case.coded.get(field).and_then(rung).map_or(0, |last| last + 1);
    rung(chosen).is_some_and(|rung| rung <= highest)
}

/// Nobody who is suspected may be the one; as long as nobody knows who is suspected, no one may.
fn not_among(case: &Case, field: &str, among: &str, given: Option<&Checked>) -> Result<(), Bar> {
    let Some(given) = given else { return Ok(()) };
    let value = |code: &str| given.coded.get(code).or_else(|| case.coded.get(code));
    let suspected = value(among).map_or(&[][..], Value::all);
    let named = given.coded.get(field).map_or(&[][..], Value::all);
    let free = !suspected.is_empty() && !named.iter().any(|n| suspected.contains(n));
    if free { Ok(()) } else { Err(Bar::Suspect) }
}
