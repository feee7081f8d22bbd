//! A case as the fold of its facts, and nothing else.
//!
//! Invariant: `Case::apply` cannot fail and decides nothing. A case always has exactly one
//! responsible unit, because there is one field for it.

pub use crate::fact::{Cause, ClockChange, Fact};

use crate::{
    clock::{Clock, State},
    field::Value,
    figure::{Freezing, Promise},
    guarded::Guarded,
    milestone::Milestone,
    pack::{Pack, Sensitivity},
    press::Edition,
    rights::Rights,
    workflow::{Code, StateKind, Target, Workflow},
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Identifies a case inside one installation.
pub type CaseId = i64;
/// Identifies a staff account.
pub type AccountId = i64;

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A member of staff, acting for a unit.
    Staff(Staff),
    /// The person who appealed, shown by the receipt of this case.
    Appellant(CaseId),
    /// Anybody, before a case exists.
    Public,
    /// The program itself.
    System,
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// Account.
    pub account: AccountId,
    /// Unit for which the person acts.
    pub unit: Code,
    /// Roles held there.
    pub roles: Vec<Code>,
}

/// Who did something, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A member of staff, for a unit.
    #[serde(rename = "s")]
    Staff(AccountId, Code),
    /// The appellant.
    #[serde(rename = "a")]
    Appellant,
    /// Anybody.
    #[serde(rename = "p")]
    Public,
    /// The program.
    #[serde(rename = "x")]
    System,
}

impl From<&Actor> for By {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Staff(s) => Self::Staff(s.account, s.unit.clone()),
            Actor::Appellant(_) => Self::Appellant,
            Actor::Public => Self::Public,
            Actor::System => Self::System,
        }
    }
}

/// A part of a case that another unit owes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Ordinal within the case.
    pub id: u32,
    /// Kind: co-handling, supervision …
    pub kind: Code,
    /// Unit that owes it.
    pub unit: Code,
    /// Its own clock.
    pub clock: Clock,
    /// How it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<TaskEnd>,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEnd {
    /// The unit answered.
    Answered,
    /// It was withdrawn.
    Dropped,
}

/// One action in the history of a case, as far as later guards need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Action code.
    #[serde(rename = "a")]
    pub action: Code,
    /// Who.
    #[serde(rename = "b")]
    pub by: By,
    /// Civil day in the city.
    #[serde(rename = "d")]
    pub day: Date,
}

/// A case as the fold of its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Identity.
    pub id: CaseId,
    /// Workflow code.
    pub workflow: Code,
    /// Programme code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<Code>,
    /// Edition of the rules it lives under.
    pub pack: String,
    /// Present state.
    pub state: Code,
    /// When it entered this state.
    pub entered: Timestamp,
    /// When it was opened.
    pub opened: Timestamp,
    /// The one responsible unit.
    pub unit: Code,
    /// The member of staff who opened it, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opener: Option<AccountId>,
    /// The unit that was responsible before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_unit: Option<Code>,
    /// The unit that handles or handled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling: Option<Code>,
    /// The person who took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountId>,
    /// Channel of intake.
    pub channel: Code,
    /// Category.
    pub category: Code,
    /// Region code.
    pub place: Code,
    /// Risk grade.
    pub grade: Code,
    /// Whether the person stays unknown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Clocks by code, running or not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clocks: BTreeMap<Code, Clock>,
    /// Escalation steps taken, by clock.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub climbed: BTreeMap<Code, u8>,
    /// Tasks of other units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// Flags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub flags: BTreeSet<Code>,
    /// The latest value of each coded field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub coded: BTreeMap<Code, Value>,
    /// Danger questions answered "yes" at the latest grading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risk_yes: Vec<Code>,
    /// Actions done, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deeds: Vec<Deed>,
    /// Links to other cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<(Code, CaseId)>,
    /// Templates of the documents issued, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Code>,
    /// Duties of the law that stand open.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owed: BTreeSet<Code>,
    /// Duties of the law that were met.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub met: BTreeSet<Code>,
    /// Papers of the law, in the order of recording; the last of a kind counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
    /// Requests of the person, holds, erasure.
    #[serde(default, skip_serializing_if = "Rights::is_empty")]
    pub rights: Rights,
    /// Every unit that was ever responsible.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub been: BTreeSet<Code>,
    /// Numbers that were frozen, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frozen: Vec<Freezing>,
    /// Press texts that were signed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<Edition>,
    /// Targets that were approved, in order; the last one holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<Promise>,
    /// Who is let in or kept out beside what roles say.
    #[serde(default, skip_serializing_if = "Guarded::is_plain")]
    pub guarded: Guarded,
}

/// When and by whom facts were recorded.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Instant.
    pub at: Timestamp,
    /// Civil day in the city.
    pub day: Date,
    /// Actor.
    pub by: By,
}

impl Case {
    /// The case that a first fact makes; anything but `Opened` makes none.
    pub fn begin(id: CaseId, stamp: &Stamp, fact: &Fact) -> Option<Self> {
        let Fact::Opened {
            workflow,
            programme,
            pack,
            state,
            unit,
            channel,
            category,
            place,
            grade,
            anonymous,
        } = fact
        else {
            return None;
        };
        Some(Self {
            id,
            workflow: workflow.clone(),
            programme: programme.clone(),
            pack: pack.clone(),
            state: state.clone(),
            entered: stamp.at,
            opened: stamp.at,
            unit: unit.clone(),
            opener: match &stamp.by {
                By::Staff(account, _) => Some(*account),
                By::Appellant | By::Public | By::System => None,
            },
            previous_unit: None,
            handling: None,
            owner: None,
            channel: channel.clone(),
            category: category.clone(),
            place: place.clone(),
            grade: grade.clone(),
            anonymous: *anonymous,
            clocks: BTreeMap::new(),
            climbed: BTreeMap::new(),
            tasks: Vec::new(),
            flags: BTreeSet::new(),
            coded: BTreeMap::new(),
            risk_yes: Vec::new(),
            deeds: Vec::new(),
            links: Vec::new(),
            documents: Vec::new(),
            owed: BTreeSet::new(),
            met: BTreeSet::new(),
            milestones: Vec::new(),
            rights: Rights::default(),
            been: BTreeSet::from([unit.clone()]),
            frozen: Vec::new(),
            editions: Vec::new(),
            promises: Vec::new(),
            guarded: Guarded::default(),
        })
    }

    /// The case after one more fact.
    pub fn apply(&mut self, stamp: &Stamp, fact: &Fact) {
        match fact {
            // A second opening cannot be recorded; the first one stands.
            Fact::Opened { .. } | Fact::Queued { .. } => {}
            Fact::Acted { action, from, to } => {
                if from != to {
                    self.state.clone_from(to);
                    self.entered = stamp.at;
                }
                self.deeds.push(Deed {
                    action: action.clone(),
                    by: stamp.by.clone(),
                    day: stamp.day,
                });
            }
            Fact::Given { coded, texts: _ } => self.coded.extend(coded.clone()),
            Fact::Assigned { unit, rule: _ } => {
                self.previous_unit = Some(std::mem::replace(&mut self.unit, unit.clone()));
                self.been.insert(unit.clone());
                self.owner = None;
            }
            Fact::Taken { account } => self.owner = Some(*account),
            Fact::Handling { unit } => self.handling = Some(unit.clone()),
            Fact::Clock { change, clock } => self.wind(stamp, *change, clock),
            Fact::Graded { grade, yes, .. } => {
                self.grade.clone_from(grade);
                self.risk_yes.clone_from(yes);
            }
            Fact::Categorised { category } => self.category.clone_from(category),
            Fact::Placed { place } => self.place.clone_from(place),
            Fact::Flagged { flag } => drop(self.flags.insert(flag.clone())),
            Fact::Unflagged { flag } => drop(self.flags.remove(flag)),
            Fact::TaskOpened { task } => self.tasks.push(task.clone()),
            Fact::TaskEnded { id, end } => self.task(*id, |task| task.end = Some(*end)),
            Fact::TaskMoved { id, clock } => self.task(*id, |task| task.clock.clone_from(clock)),
            Fact::Issued { template, ordinal: _ } => self.documents.push(template.clone()),
            Fact::Linked { kind, case } => self.links.push((kind.clone(), *case)),
            Fact::Owed { duty } => drop(self.owed.insert(duty.clone())),
            Fact::Met { duty } => {
                self.owed.remove(duty);
                self.met.insert(duty.clone());
            }
            Fact::MilestoneSet { milestone } => self.milestones.push(milestone.clone()),
            Fact::Breached { kind } => self.last_milestone(kind, |m| m.breached = true),
            Fact::Alarmed { kind, days } => self.last_milestone(kind, |m| m.told = Some(*days)),
            Fact::Climbed { clock, step, unit: _ } => {
                self.climbed.insert(clock.clone(), *step);
            }
            Fact::Right { event } => self.rights.apply((stamp.at, stamp.day, &stamp.by), event),
            Fact::Froze { .. } | Fact::Looked { .. } | Fact::Promised { .. } => {
                self.stand_for(stamp, fact);
            }
            Fact::Filled { .. } | Fact::Published | Fact::Withdrawn => self.edit(stamp, fact),
            Fact::Repacked { pack } => self.pack.clone_from(pack),
            Fact::Released => self.owner = None,
            Fact::Sealed { .. }
            | Fact::Unsealed
            | Fact::Admitted { .. }
            | Fact::Dismissed { .. }
            | Fact::Barred { .. }
            | Fact::Unbarred { .. }
            | Fact::GlassBroken { .. }
            | Fact::GlassJudged { .. }
            | Fact::GlassTold { .. }
            | Fact::IdentityAsked { .. }
            | Fact::IdentityLent { .. } => self.guarded.apply(fact),
        }
    }

    fn wind(&mut self, stamp: &Stamp, change: ClockChange, clock: &Clock) {
        // What was moved out of the red can run out again, and is then told again.
        let anew = change == ClockChange::Moved && clock.due() > stamp.at;
        if anew || change == ClockChange::Started {
            self.climbed.remove(clock.code());
        }
        self.clocks.insert(clock.code().to_owned(), clock.clone());
    }

    fn task(&mut self, id: u32, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.tasks.iter_mut().find(|t| t.id == id) {
            change(task);
        }
    }

    fn last_milestone(&mut self, kind: &str, change: impl FnOnce(&mut Milestone)) {
        if let Some(milestone) = self.milestones.iter_mut().rev().find(|m| m.kind == kind) {
            change(milestone);
        }
    }

    /// The milestones that count: the last of each kind.
    pub fn live_milestones(&self) -> impl Iterator<Item = &Milestone> {
        let all = &self.milestones;
        all.iter()
            .enumerate()
            .filter(|(n, m)| !all.iter().skip(n + 1).any(|later| later.kind == m.kind))
            .map(|(_, m)| m)
    }

    /// Whether there is danger: a high grade or a danger question answered "yes".
    pub fn is_in_danger(&self, pack: &Pack) -> bool {
        let risk = &pack.risk;
        !self.risk_yes.is_empty() || risk.order(&self.grade) >= risk.order(&risk.many_grade)
    }

    /// Whether the person needs protection: danger, or a category of violence and harm.
    pub fn needs_protection(&self, pack: &Pack) -> bool {
        self.is_in_danger(pack) || pack.is_sensitive(&self.category)
    }

    /// How sensitive it is.
    pub fn sensitivity(&self, pack: &Pack) -> Sensitivity {
        if self.guarded.is_sealed() {
            Sensitivity::Sealed
        } else if self.needs_protection(pack) {
            Sensitivity::Sensitive
        } else {
            Sensitivity::Ordinary
        }
    }

    /// Folds recorded entries into a case.
    pub fn fold<'a>(
        id: CaseId,
        entries: impl IntoIterator<Item = (&'a Stamp, &'a [Fact])>,
    ) -> Option<Self> {
        let mut case: Option<Self> = None;
        for (stamp, facts) in entries {
            for fact in facts {
                match &mut case {
                    None => case = Some(Self::begin(id, stamp, fact)?),
                    Some(case) => case.apply(stamp, fact),
                }
            }
        }
        case
    }

    /// The unit that leads by the target that holds.
    pub fn lead(&self) -> Option<&str> {
        self.promises.last()?.target.lead.as_deref()
    }

    /// Open tasks.
    pub fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|t| t.end.is_none())
    }

    /// Times an action has been done.
    pub fn times(&self, action: &str) -> u32 {
        let n = self.deeds.iter().filter(|d| d.action == action).count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    /// On how many different days an action has been done since the case came into its state: tries of an
    /// earlier round do not count for the next one.
    pub fn days_of(&self, flow: &Workflow, action: &str) -> u32 {
        let stays =
            |deed: &&Deed| flow.action(&deed.action).is_none_or(|action| action.to == Target::Same);
        let done = self.deeds.iter().rev().take_while(stays).filter(|d| d.action == action);
        let days: BTreeSet<Date> = done.map(|d| d.day).collect();
        u32::try_from(days.len()).unwrap_or(u32::MAX)
    }

    /// The case into which this one was merged.
    pub fn main_case(&self) -> Option<CaseId> {
        self.links.iter().rev().find(|(kind, _)| kind == "merged_into").map(|(_, id)| *id)
    }

    /// Whether the case is open under the workflow it walks; unknown states count as open,
    /// so that nothing disappears from the lists by a broken pack.
    pub fn is_open(&self, pack: &Pack) -> bool {
        pack.flow_of(self)
            .and_then(|w| w.state(&self.state))
            .is_none_or(crate::workflow::State::is_open)
    }

    /// The first promise: an open case has a running clock, or an approved pause with an end.
    pub fn keeps_promise(&self, pack: &Pack) -> bool {
        let Some(state) = pack.flow_of(self).and_then(|w| w.state(&self.state)) else {
            return false;
        };
        match state.kind {
            StateKind::Open { .. } => self.clocks.values().any(is_running),
            StateKind::Held { .. } => self.clocks.values().any(is_paused),
            StateKind::Closed | StateKind::End => true,
        }
    }
}

/// Whether time counts on this clock.
pub fn is_running(clock: &Clock) -> bool {
    matches!(clock.state(), State::Running)
}

/// Whether this clock rests under an approved pause.
pub fn is_paused(clock: &Clock) -> bool {
    matches!(clock.state(), State::Paused { .. })
}
