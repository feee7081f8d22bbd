//! Who may hold which roles together, who may administer whom, and what stands in the way of
//! somebody's leaving. Pure; the store asks it inside the transaction that changes the account.

use crate::{
    case::{Case, Staff},
    decide::{Ctx, Draft},
    fact::Fact,
    pack::{Admin, Pack},
    secrecy::Closed,
    workflow::Code,
};

/// Why a change of an account is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSo {
    /// That is another administrator's business, or none's.
    #[error("this is not for you to change")]
    NotYours,
    /// Nobody administers their own account.
    #[error("nobody may change this about their own account")]
    Oneself,
    /// There is no such unit.
    #[error("there is no unit {0}")]
    NoUnit(Code),
    /// There is no such role, or it cannot be held in this unit.
    #[error("nobody can be {0} in this unit")]
    NotHeldThere(Code),
    /// Two kinds of administration in one hand.
    #[error("system, security and audit administration cannot be held together")]
    TwoAdministrations,
    /// Administration together with a role that sees cases.
    #[error("an administrator cannot hold a role that sees cases")]
    AdministersAndSees,
    /// The last administrator of the kind cannot leave.
    #[error("this is the last administrator of its kind")]
    LastAdministrator,
    /// Open cases would be without an owner; how many.
    #[error("{0} open cases still belong to this account: hand them over first")]
    OwnsCases(u32),
    /// Open cases of the unit would wait for a role that nobody there holds.
    #[error("nobody else in the unit is {0}, for whom open cases wait")]
    NobodyLeft(Code),
    /// Whoever is named is not there, not active, of another unit, or without the role it takes.
    #[error("this person cannot take it over")]
    Unfit,
    /// The log-in name is taken or cannot be one.
    #[error("this log-in name cannot be used")]
    BadName,
    /// Something can be handed over by this person alone, before they leave.
    #[error("this person must hand something over personally first")]
    OnlyInsider,
    /// The days do not follow one another, or are too many.
    #[error("these days cannot be used")]
    BadDays,
    /// A role needs a second factor, and this is the only one.
    #[error("this is the last second factor, and the roles need one")]
    LastFactor,
    /// An identity or a passkey is somebody's already, or this account has one already.
    #[error("this is bound already")]
    Bound,
    /// What should be removed is not there.
    #[error("this is not there any more")]
    Gone,
}

impl NotSo {
    /// Key of the sentence that explains it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NotYours => "not_yours",
            Self::Oneself => "oneself",
            Self::NoUnit(_) => "no_unit",
            Self::NotHeldThere(_) => "not_held_there",
            Self::TwoAdministrations => "two_administrations",
            Self::AdministersAndSees => "administers_and_sees",
            Self::LastAdministrator => "last_administrator",
            Self::OwnsCases(_) => "owns_cases",
            Self::NobodyLeft(_) => "nobody_left",
            Self::Unfit => "unfit",
            Self::BadName => "bad_name",
            Self::OnlyInsider => "only_insider",
            Self::BadDays => "bad_days",
            Self::LastFactor => "last_factor",
            Self::Bound => "bound",
            Self::Gone => "gone",
        }
    }
}

/// What is done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Make it.
    Create,
    /// Close it for good, after its cases are handed over.
    Close,
    /// Give it a first password again.
    Password,
    /// Note an absence and who stands in.
    Absence,
    /// Change its roles.
    Roles,
    /// Forget its second factor.
    Factor,
    /// End its sessions.
    Sessions,
    /// Bind an identity of the provider to it.
    Bind,
    /// Bind no identity of the provider to it any more.
    Unbind,
    /// Give it a passkey.
    AddPasskey,
    /// Take a passkey from it.
    RemovePasskey,
    /// Note where they live.
    Home,
}

impl Duty {
    /// Whose duty it is. A password and a second factor lie in different hands, so that no single
    /// administrator can become somebody else. A way in of one's own is no administrator's at all.
    pub fn of(self) -> Option<Admin> {
        match self {
            Self::Create | Self::Close | Self::Password | Self::Absence | Self::Home => {
                Some(Admin::System)
            }
            Self::Roles | Self::Factor | Self::Sessions => Some(Admin::Security),
            Self::Bind | Self::Unbind | Self::AddPasskey | Self::RemovePasskey => None,
        }
    }

    /// Whether people do it to their own account.
    fn is_own(self) -> bool {
        matches!(self, Self::Absence | Self::Home) || self.of().is_none()
    }

    /// The code under which it is remembered.
    pub fn code(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Close => "close",
            Self::Password => "reset_password",
            Self::Absence => "absence",
            Self::Roles => "roles",
            Self::Factor => "forget_factor",
            Self::Sessions => "end_sessions",
            Self::Bind => "bind",
            Self::Unbind => "unbind",
            Self::AddPasskey => "add_passkey",
            Self::RemovePasskey => "remove_passkey",
            Self::Home => "home",
        }
    }
}

/// Whether somebody may do this to an account. Whoever commands the machine itself (`None`) may;
/// nobody may to their own account, except say when they are away, where they live,
/// and how they prove who they are.
///
/// # Errors
/// [`NotSo::NotYours`] or [`NotSo::Oneself`].
pub fn may(pack: &Pack, doer: Option<&Staff>, whom: &Staff, duty: Duty) -> Result<(), NotSo> {
    let Some(doer) = doer else { return Ok(()) };
    if doer.account == whom.account {
        return if duty.is_own() { Ok(()) } else { Err(NotSo::Oneself) };
    }
    let theirs = duty.of().is_some_and(|kind| pack.administers(&doer.roles) == Some(kind));
    if theirs { Ok(()) } else { Err(NotSo::NotYours) }
}

/// Whether somebody with these roles may be left with so many second factors: the last one of a
/// role that needs one stays, or whoever knows the password could set up their own.
///
/// # Errors
/// [`NotSo::LastFactor`].
pub fn may_keep(pack: &Pack, roles: &[Code], factors: usize) -> Result<(), NotSo> {
    let enough = factors > 0 || !pack.needs_second_factor(roles);
    if enough { Ok(()) } else { Err(NotSo::LastFactor) }
}

/// Whether these roles may be held together in this unit.
///
/// # Errors
/// As [`NotSo`] says.
pub fn may_hold(pack: &Pack, unit: &str, roles: &[Code]) -> Result<(), NotSo> {
    let found = pack.units.get(unit).ok_or_else(|| NotSo::NoUnit(unit.to_owned()))?;
    if let Some(role) = roles.iter().find(|role| !pack.can_hold(role, found)) {
        return Err(NotSo::NotHeldThere(role.clone()));
    }
    let held = || roles.iter().filter_map(|code| pack.roles.get(code));
    let mut kinds: Vec<Admin> = held().filter_map(|role| role.administers).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() > 1 {
        return Err(NotSo::TwoAdministrations);
    }
    let sees = held().any(|role| !role.grants.is_empty());
    if sees && !kinds.is_empty() { Err(NotSo::AdministersAndSees) } else { Ok(()) }
}

/// The roles that somebody acts with who stands in for others of the same unit: never those of an
/// administrator, and none for an administrator.
pub fn with_deputised(pack: &Pack, own: &[Code], absent: &[Code]) -> Vec<Code> {
    let mut all = own.to_vec();
    if pack.administers(own).is_some() || pack.administers(absent).is_some() {
        return all;
    }
    for role in absent {
        if !all.contains(role) {
            all.push(role.clone());
        }
    }
    all
}

/// A log-in name: what can be said on the telephone and typed anywhere.
pub fn is_name(username: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    (2..=64).contains(&username.len()) && username.chars().all(fits)
}

/// Whether somebody may own a case of this state: they hold a role that the state waits for.
pub fn can_own(pack: &Pack, case: &Case, roles: &[Code]) -> bool {
    let state = pack.workflow(&case.workflow).and_then(|flow| flow.state(&case.state));
    state.is_some_and(|state| state.expects(roles))
}

/// Gives the case to another owner, because the owner leaves.
///
/// # Errors
/// When whoever should have it may not know of it.
pub fn hand_over(ctx: Ctx<'_>, case: &Case, to: &Staff) -> Result<Draft, Closed> {
    let guarded = &case.guarded;
    if guarded.bars(to) || (guarded.is_sealed() && !guarded.admits(to.account)) {
        return Err(Closed::KeptOut);
    }
    let mut draft = Draft::of(case, ctx.stamp());
    draft.push(Fact::Taken { account: to.account });
    Ok(draft)
}
