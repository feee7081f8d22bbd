//! Sealing a case, keeping people out of it, looking in an emergency, lending an identity. Decides
//! who may and which facts follow; it never decides what somebody sees (that is `access`).
//!
//! Invariant: nothing here takes a case from everybody. A sealed case keeps its responsible unit and
//! its clocks, and stays in the hands of somebody in its circle (`circle`).

use crate::{
    access::{self, Viewer},
    case::{AccountId, Actor, Case, Fact, Staff},
    circle,
    clock::{self, Span},
    decide::{self, Ctx, Draft},
    effect,
    guarded::{Barred, Judgement},
    pack::Right,
    refusal::Refusal,
    workflow::Code,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody wants to change about who may know of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only these people, and whoever seals it, know of it from now on.
    Seal {
        /// The circle, as accounts are now.
        circle: Vec<Staff>,
    },
    /// It is open again to whomever roles let in.
    Unseal,
    /// One more person in the circle.
    Admit(Staff),
    /// One person fewer.
    Dismiss(AccountId),
    /// Keep somebody out.
    Bar(Barred),
    /// No longer keep somebody out.
    Unbar(Barred),
    /// Look in an emergency.
    BreakGlass {
        /// Code of the reason.
        reason: Code,
    },
    /// Judge that somebody looked.
    Judge {
        /// Who had looked.
        account: AccountId,
        /// Whether rightly.
        judgement: Judgement,
    },
    /// Ask a second person to lend the identity.
    AskIdentity,
    /// Lend it to whoever asked.
    Lend {
        /// Who asked.
        account: AccountId,
    },
}

/// Why it cannot be changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// That is not for this person to decide.
    #[error("this is not for this person to decide")]
    NotYours,
    /// Nobody decides about themselves.
    #[error("nobody decides this about themselves")]
    Oneself,
    /// It is sealed already.
    #[error("the case is sealed already")]
    Sealed,
    /// It is not sealed.
    #[error("the case is not sealed")]
    NotSealed,
    /// Somebody named is kept out of the case.
    #[error("somebody named is kept out of this case")]
    KeptOut,
    /// Nobody named could take the next step.
    #[error("nobody in the circle could take the next step")]
    NobodyGoesOn,
    /// Nobody named could change the circle.
    #[error("nobody in the circle could let somebody in")]
    NobodyAdmits,
    /// Nobody who knows of it could take it on there.
    #[error("nobody in the circle could take it on there")]
    PassedToNobody,
    /// The last person stays in the circle.
    #[error("the last person stays in the circle")]
    LastOfCircle,
    /// There is no such reason, person or unit.
    #[error("there is no such thing")]
    Unknown,
    /// Nothing waits for this.
    #[error("nothing waits for this")]
    NothingWaits,
    /// No unit would be left that could be responsible.
    #[error("no unit would be left that could be responsible")]
    NoUnitLeft,
    /// This person sees as much already.
    #[error("this person sees as much already")]
    SeesAlready,
}

impl Closed {
    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::NotYours => "not_yours",
            Self::Oneself => "oneself",
            Self::Sealed => "sealed",
            Self::NotSealed => "not_sealed",
            Self::KeptOut => "kept_out",
            Self::NobodyGoesOn => "nobody_goes_on",
            Self::NobodyAdmits => "nobody_admits",
            Self::PassedToNobody => "passed_to_nobody",
            Self::LastOfCircle => "last_of_circle",
            Self::Unknown => "unknown",
            Self::NothingWaits => "nothing_waits",
            Self::NoUnitLeft => "no_unit_left",
            Self::SeesAlready => "sees_already",
        }
    }
}

impl Change {
    /// The right it takes; none for what has rules of its own.
    fn right(&self) -> Option<Right> {
        match self {
            Self::Seal { .. } | Self::Unseal | Self::Admit(_) | Self::Dismiss(_) => {
                Some(Right::Seal)
            }
            Self::Bar(_) | Self::Unbar(_) => Some(Right::Exclude),
            Self::Judge { .. } => Some(Right::Supervise),
            Self::Lend { .. } => Some(Right::Lend),
            Self::BreakGlass { .. } | Self::AskIdentity => None,
        }
    }
}

/// Decides a change; `said` names the sealed fields that came with it.
///
/// # Errors
/// As [`Closed`] says; a case that would be left with nobody to take it on is refused as always.
pub fn change(ctx: Ctx<'_>, case: &Case, change: &Change, said: &[Code]) -> Result<Draft, Refusal> {
    let Actor::Staff(me) = ctx.actor else { return Err(Closed::NotYours.into()) };
    let viewer = Viewer::of(ctx.actor, ctx.now);
    let lacks = |right: Right| !access::may(ctx.pack, &viewer, case, right);
    if change.right().is_some_and(lacks) {
        return Err(Closed::NotYours.into());
    }
    let mut draft = Draft::of(case, ctx.stamp());
    match change {
        Change::Seal { circle } => seal(&mut draft, me, circle)?,
        Change::Unseal => {
            sealed(case)?;
            draft.push(Fact::Unsealed);
        }
        Change::Admit(staff) => {
            sealed(case)?;
            if case.guarded.bars(staff) {
                return Err(Closed::KeptOut.into());
            }
            draft.push(Fact::Admitted { account: staff.account });
        }
        Change::Dismiss(account) => {
            let circle = sealed(case)?;
            if !circle.contains(account) {
                return Err(Closed::Unknown.into());
            }
            if circle.len() == 1 {
                return Err(Closed::LastOfCircle.into());
            }
            draft.push(Fact::Dismissed { account: *account });
        }
        Change::Bar(who) => bar(ctx, &mut draft, me, who)?,
        Change::Unbar(who) => draft.push(Fact::Unbarred { who: who.clone() }),
        Change::BreakGlass { reason } => break_glass(ctx, &mut draft, me, reason)?,
        Change::Judge { account, judgement } => judge(ctx, &mut draft, me, (*account, *judgement))?,
        Change::AskIdentity => ask_identity(ctx, &mut draft, me)?,
        Change::Lend { account } => lend(ctx, &mut draft, me, *account)?,
    }
    if !said.is_empty() {
        draft.push(Fact::Given { coded: BTreeMap::new(), texts: said.to_vec() });
    }
    let people = people(ctx, case, me, change);
    let ctx = Ctx { circle: people.as_deref(), ..ctx };
    decide::settle(ctx, circle::keep(ctx, case, draft)?)
}

/// Everybody who is or comes to be in the circle; none when those who are were not brought along.
fn people(ctx: Ctx<'_>, case: &Case, me: &Staff, change: &Change) -> Option<Vec<Staff>> {
    if case.guarded.is_sealed() && ctx.circle.is_none() {
        return None;
    }
    let new: Vec<&Staff> = match change {
        Change::Seal { circle } => circle.iter().chain([me]).collect(),
        Change::Admit(staff) => vec![staff],
        _ => Vec::new(),
    };
    let mut all = ctx.circle.unwrap_or_default().to_vec();
    for staff in new {
        if !all.iter().any(|s| s.account == staff.account) {
            all.push(staff.clone());
        }
    }
    Some(all)
}

/// The circle of a sealed case.
fn sealed(case: &Case) -> Result<&BTreeSet<AccountId>, Closed> {
    case.guarded.circle.as_ref().ok_or(Closed::NotSealed)
}

/// Whoever seals a case stays in the circle: a person could otherwise hide it from those who lead.
fn seal(draft: &mut Draft, me: &Staff, circle: &[Staff]) -> Result<(), Closed> {
    if draft.case.guarded.is_sealed() {
        return Err(Closed::Sealed);
    }
    let all: Vec<&Staff> = circle.iter().chain([me]).collect();
    if all.iter().any(|s| draft.case.guarded.bars(s)) {
        return Err(Closed::KeptOut);
    }
    draft.push(Fact::Sealed { circle: all.iter().map(|s| s.account).collect() });
    Ok(())
}

/// Keeps somebody out. What they hold of the case goes to others in the same step.
fn bar(ctx: Ctx<'_>, draft: &mut Draft, me: &Staff, who: &Barred) -> Result<(), Refusal> {
    let oneself = match who {
        Barred::Person(account) => *account == me.account,
        Barred::Unit(unit) => *unit == me.unit,
    };
    if oneself {
        return Err(Closed::Oneself.into());
    }
    if matches!(who, Barred::Unit(unit) if ctx.pack.units.get(unit).is_none()) {
        return Err(Closed::Unknown.into());
    }
    draft.push(Fact::Barred { who: who.clone() });
    if draft.case.guarded.circle.as_ref().is_some_and(BTreeSet::is_empty) {
        return Err(Closed::LastOfCircle.into());
    }
    match who {
        Barred::Person(account) if draft.case.owner == Some(*account) => {
            draft.push(Fact::Released);
        }
        Barred::Person(_) => {}
        Barred::Unit(unit) => {
            effect::drop_tasks_of(draft, unit);
            if draft.case.unit == *unit {
                let next = effect::open_to(ctx, &draft.case, unit).ok_or(Closed::NoUnitLeft)?;
                draft.push(Fact::Assigned { unit: next, rule: None });
            }
        }
    }
    Ok(())
}

/// Those who have the case and those above are told in the same step.
fn break_glass(ctx: Ctx<'_>, draft: &mut Draft, me: &Staff, reason: &str) -> Result<(), Refusal> {
    if !access::may_break_glass(ctx.pack, me, &draft.case) {
        return Err(Closed::NotYours.into());
    }
    let secrecy = &ctx.pack.secrecy;
    if secrecy.reason(reason).is_none() {
        return Err(Closed::Unknown.into());
    }
    let until = after(ctx.now, secrecy.glass_minutes);
    let days = Span::WorkingDays(secrecy.review_days);
    // Help is not refused because the holidays of a year are not known yet.
    let judge_by = clock::due(ctx.now, days, &ctx.pack.work_time)
        .unwrap_or_else(|_| after(ctx.now, 3 * 24 * 60));
    draft.push(Fact::GlassBroken {
        account: me.account,
        reason: reason.to_owned(),
        until,
        judge_by,
    });
    for message in [&secrecy.glass_owner, &secrecy.glass_supervisor] {
        draft.push(Fact::Queued { message: message.clone() });
    }
    Ok(())
}

fn judge(
    ctx: Ctx<'_>,
    draft: &mut Draft,
    me: &Staff,
    (account, judgement): (AccountId, Judgement),
) -> Result<(), Closed> {
    if account == me.account {
        return Err(Closed::Oneself);
    }
    let waits = |g: &crate::guarded::Glass| g.account == account && g.judged.is_none();
    if !draft.case.guarded.glass.iter().any(waits) {
        return Err(Closed::NothingWaits);
    }
    draft.push(Fact::GlassJudged { account, judgement });
    // Whoever can end sessions and take roles away has to know, though not of which case.
    if judgement == Judgement::Wrong {
        draft.push(Fact::Queued { message: ctx.pack.secrecy.glass_wrong.clone() });
    }
    Ok(())
}

fn ask_identity(ctx: Ctx<'_>, draft: &mut Draft, me: &Staff) -> Result<(), Closed> {
    if !access::may_ask_identity(ctx.pack, me, &draft.case) {
        return Err(Closed::NotYours);
    }
    if draft.case.guarded.is_lent(me.account, ctx.now) {
        return Err(Closed::SeesAlready);
    }
    draft.push(Fact::IdentityAsked { account: me.account });
    draft.push(Fact::Queued { message: ctx.pack.secrecy.identity_asked.clone() });
    Ok(())
}

/// A second person lends; nobody lends to themselves.
fn lend(ctx: Ctx<'_>, draft: &mut Draft, me: &Staff, account: AccountId) -> Result<(), Closed> {
    if account == me.account {
        return Err(Closed::Oneself);
    }
    let asked = |l: &crate::guarded::Lent| l.account == account && l.until.is_none();
    if !draft.case.guarded.lent.iter().any(asked) {
        return Err(Closed::NothingWaits);
    }
    let until = after(ctx.now, ctx.pack.secrecy.lent_minutes);
    draft.push(Fact::IdentityLent { account, until });
    Ok(())
}

/// When somebody has to be told that a breaking of the glass was not judged in time.
pub(crate) fn wake_at(case: &Case) -> Option<Timestamp> {
    let open = case.guarded.glass.iter().filter(|g| g.judged.is_none() && !g.told);
    open.map(|g| g.judge_by).min()
}

/// Tells the unit above of what nobody judged in time, once.
pub(crate) fn remind(ctx: Ctx<'_>, draft: &mut Draft) {
    let late = |g: &&crate::guarded::Glass| g.judged.is_none() && !g.told && g.judge_by <= ctx.now;
    let accounts: BTreeSet<AccountId> =
        draft.case.guarded.glass.iter().filter(late).map(|g| g.account).collect();
    for account in accounts {
        draft.push(Fact::GlassTold { account });
        draft.push(Fact::Queued { message: ctx.pack.secrecy.glass_unjudged.clone() });
    }
}

fn after(now: Timestamp, minutes: u32) -> Timestamp {
    now.checked_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(now)
}

/// What is known of somebody who might have to be kept out.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The account.
    pub account: AccountId,
    /// Name.
    pub name: &'a str,
    /// Unit.
    pub unit: &'a str,
    /// Has a telephone of the household on file that somebody in the case has too.
    pub household: bool,
    /// Has the village on file in which the case lies.
    pub village: bool,
}

/// Why somebody should perhaps be kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// Bears the full name of somebody in the case.
    SameName,
    /// Has the telephone of somebody in the case at home.
    Household,
    /// Works for a unit that the case is about.
    SameUnit,
    /// Bears the surname of somebody in the case, and lives or works in the same village or town.
    SameVillage,
    /// One of these; which one would tell a name to somebody who may not know it.
    Perhaps,
}

impl Ground {
    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::SameName => "same_name",
            Self::Household => "household",
            Self::SameUnit => "same_unit",
            Self::SameVillage => "same_village",
            Self::Perhaps => "perhaps",
        }
    }
}

/// Why this person should perhaps be kept out of the case, most telling first. `names` are those of
/// everybody in the case, `texts` what was written in it, in which the name of a unit may stand.
pub fn ground(
    ctx: Ctx<'_>,
    case: &Case,
    who: Candidate<'_>,
    (names, texts): (&[&str], &[&str]),
) -> Option<Ground> {
    let bare = |name: &str| name.split_whitespace().collect::<String>();
    let own = bare(who.name);
    if names.iter().any(|n| !n.is_empty() && bare(n) == own) {
        return Some(Ground::SameName);
    }
    if who.household {
        return Some(Ground::Household);
    }
    let unit = ctx.pack.units.get(who.unit)?;
    if texts.iter().any(|t| t.contains(&unit.name) || t.contains(&unit.short)) {
        return Some(Ground::SameUnit);
    }
    let surname = own.chars().next();
    let shares = names.iter().any(|n| bare(n).chars().next() == surname && surname.is_some());
    let works_near = unit.level >= crate::pack::Level::Town
        && ctx.pack.regions.upward(&case.place).any(|r| r.code == unit.region);
    (shares && (works_near || who.village)).then_some(Ground::SameVillage)
}
