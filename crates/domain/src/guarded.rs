//! Who beside the rules of the roles is let in to a case, and who is kept out. A fold of facts, and
//! nothing else.

use crate::{
    case::{AccountId, Staff},
    fact::Fact,
    workflow::Code,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Seal, exclusions, broken glass and lent identities of one case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarded {
    /// The people who alone know of a sealed case; none while it is not sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<BTreeSet<AccountId>>,
    /// People who may not know of it, whatever they are.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub people: BTreeSet<AccountId>,
    /// Units whose people may not know of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub units: BTreeSet<Code>,
    /// Breakings of the glass, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub glass: Vec<Glass>,
    /// Identities that are asked for or lent, one for each person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lent: Vec<Lent>,
}

/// Somebody looked in an emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glass {
    /// Who.
    pub account: AccountId,
    /// Until when it shows the case.
    pub until: Timestamp,
    /// Until when somebody else has to judge it.
    pub judge_by: Timestamp,
    /// The judgement, once it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judgement>,
    /// Whether the unit above has been told that nobody judged it in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
}

/// Whether the glass was broken rightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It was needed.
    Right,
    /// It was not; the security administrators are told who it was, and not of which case.
    Wrong,
}

/// Somebody needs to know who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lent {
    /// Who needs it.
    pub account: AccountId,
    /// Until when it is shown, once a second person has lent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Who is kept out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barred {
    /// One person.
    Person(AccountId),
    /// Everybody of a unit.
    Unit(Code),
}

impl Guarded {
    /// Whether nothing of it is in use.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether only a circle of named people knows of the case.
    pub fn is_sealed(&self) -> bool {
        self.circle.is_some()
    }

    /// Whether this person is kept out, by name or with their unit.
    pub fn bars(&self, staff: &Staff) -> bool {
        self.people.contains(&staff.account) || self.units.contains(&staff.unit)
    }

    /// Whether this person was let in by name.
    pub fn admits(&self, account: AccountId) -> bool {
        self.circle.as_ref().is_some_and(|c| c.contains(&account))
    }

    /// Whether the glass that this person broke still shows the case.
    pub fn shows_through_glass(&self, account: AccountId, at: Timestamp) -> bool {
        self.glass.iter().any(|g| g.account == account && at < g.until)
    }

    /// Whether this person is lent the identity now.
    pub fn is_lent(&self, account: AccountId, at: Timestamp) -> bool {
        self.lent.iter().any(|l| l.account == account && l.until.is_some_and(|until| at < until))
    }

    /// What one more fact makes of it; facts about other things change nothing.
    pub(crate) fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::Sealed { circle } => self.circle = Some(circle.clone()),
            Fact::Unsealed => self.circle = None,
            Fact::Admitted { account } => self.circle.iter_mut().for_each(|circle| {
                circle.insert(*account);
            }),
            Fact::Dismissed { account } => self.circle.iter_mut().for_each(|circle| {
                circle.remove(account);
            }),
            Fact::Barred { who } => self.bar(who),
            Fact::Unbarred { who } => self.unbar(who),
            Fact::GlassBroken { account, until, judge_by, reason: _ } => self.glass.push(Glass {
                account: *account,
                until: *until,
                judge_by: *judge_by,
                judged: None,
                told: false,
            }),
            Fact::GlassJudged { account, judgement } => {
                self.unjudged(*account, |glass| glass.judged = Some(*judgement));
            }
            Fact::GlassTold { account } => self.unjudged(*account, |glass| glass.told = true),
            Fact::IdentityAsked { account } => self.lend(*account, None),
            Fact::IdentityLent { account, until } => self.lend(*account, Some(*until)),
            _ => {}
        }
    }

    /// Every breaking by this person that nobody has judged: one judgement covers them.
    fn unjudged(&mut self, account: AccountId, change: impl Fn(&mut Glass)) {
        let open = |g: &&mut Glass| g.account == account && g.judged.is_none();
        self.glass.iter_mut().filter(open).for_each(change);
    }

    /// Keeps somebody out, and out of the circle too.
    fn bar(&mut self, who: &Barred) {
        match who {
            Barred::Person(account) => {
                self.people.insert(*account);
                if let Some(circle) = &mut self.circle {
                    circle.remove(account);
                }
            }
            Barred::Unit(unit) => drop(self.units.insert(unit.clone())),
        }
    }

    /// No longer keeps somebody out.
    fn unbar(&mut self, who: &Barred) {
        match who {
            Barred::Person(account) => drop(self.people.remove(account)),
            Barred::Unit(unit) => drop(self.units.remove(unit)),
        }
    }

    /// Notes that the identity is asked for, or lent until then.
    fn lend(&mut self, account: AccountId, until: Option<Timestamp>) {
        self.lent.retain(|l| l.account != account);
        self.lent.push(Lent { account, until });
    }
}
