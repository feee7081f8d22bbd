//! The facts that make a case: the only thing that is stored for good.
//!
//! Invariant: a fact holds codes, ids and clocks, never a name, a telephone or a story. Shapes are
//! only ever added to; every stored fact must still be read.

use crate::{
    case::{AccountId, CaseId, Task, TaskEnd},
    clock::Clock,
    field::Value,
    figure::{Frozen, Look, Target},
    guarded::{Barred, Judgement},
    milestone::Milestone,
    press::{Filled, Table},
    rights,
    workflow::Code,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that happened to a case. Carries codes and ids only, never personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Fact {
    /// The case came into being.
    Opened {
        /// Workflow code.
        workflow: Code,
        /// Programme code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        programme: Option<Code>,
        /// Edition of the rules it is opened under.
        pack: String,
        /// First state.
        state: Code,
        /// Responsible unit.
        unit: Code,
        /// Channel of intake.
        channel: Code,
        /// Category; empty when not yet known.
        category: Code,
        /// Region code.
        place: Code,
        /// Risk grade.
        grade: Code,
        /// Whether the person stays unknown.
        anonymous: bool,
    },
    /// An action was done.
    Acted {
        /// Action code.
        action: Code,
        /// State before.
        from: Code,
        /// State after.
        to: Code,
    },
    /// Fields were filled in: values of coded ones, names only of sealed ones.
    Given {
        /// Coded values.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        coded: BTreeMap<Code, Value>,
        /// Sealed text fields.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        texts: Vec<Code>,
    },
    /// Another unit became responsible.
    Assigned {
        /// The unit.
        unit: Code,
        /// Routing rule that chose it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<Code>,
    },
    /// A person took the case.
    Taken {
        /// Account.
        account: AccountId,
    },
    /// The responsible unit became the handling unit.
    Handling {
        /// The unit.
        unit: Code,
    },
    /// A clock was started or changed.
    Clock {
        /// What happened to it.
        change: ClockChange,
        /// The clock as it is now.
        clock: Clock,
    },
    /// The risk grade was set.
    Graded {
        /// Grade.
        grade: Code,
        /// Danger questions answered "yes".
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        yes: Vec<Code>,
        /// Danger questions with unknown answers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown: Vec<Code>,
        /// Questions of which one "yes" decided, under the pack of that day.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        decisive: Vec<Code>,
        /// What it follows from.
        #[serde(default, skip_serializing_if = "Cause::is_answers")]
        cause: Cause,
    },
    /// The category was set.
    Categorised {
        /// Category.
        category: Code,
    },
    /// The place was set.
    Placed {
        /// Region code.
        place: Code,
    },
    /// A flag was set.
    Flagged {
        /// Flag.
        flag: Code,
    },
    /// A flag was cleared.
    Unflagged {
        /// Flag.
        flag: Code,
    },
    /// A unit was asked for its part.
    TaskOpened {
        /// The task.
        task: Task,
    },
    /// A task came to its end.
    TaskEnded {
        /// Task.
        id: u32,
        /// How.
        end: TaskEnd,
    },
    /// The deadline of a task was put where the rules of another pack put it.
    TaskMoved {
        /// Task.
        id: u32,
        /// Its clock as it is now.
        clock: Clock,
    },
    /// A numbered document was issued.
    Issued {
        /// Template code.
        template: Code,
        /// Ordinal within the case, from 1.
        ordinal: u32,
    },
    /// The case was linked to another.
    Linked {
        /// Kind of link.
        kind: Code,
        /// The other case.
        case: CaseId,
    },
    /// A message was queued.
    Queued {
        /// Message code.
        message: Code,
    },
    /// A duty of the law has to be met before the case goes on.
    Owed {
        /// Duty.
        duty: Code,
    },
    /// A duty of the law has been met, or waived with a reason.
    Met {
        /// Duty.
        duty: Code,
    },
    /// A paper of the law was recorded.
    MilestoneSet {
        /// The paper.
        milestone: Milestone,
    },
    /// A paper of the law was broken.
    Breached {
        /// Kind of paper.
        kind: Code,
    },
    /// Somebody was told that a paper of the law expires.
    Alarmed {
        /// Kind of paper.
        kind: Code,
        /// So many days before the expiry.
        days: u16,
    },
    /// An overdue clock climbed to a unit above.
    Climbed {
        /// Clock code.
        clock: Code,
        /// Step, from 1.
        step: u8,
        /// Unit that is told.
        unit: Code,
    },
    /// Something under the rights of the person, a hold, or the end of keeping.
    Right {
        /// What.
        event: rights::Event,
    },
    /// From now on only these people know of the case.
    Sealed {
        /// The circle.
        circle: BTreeSet<AccountId>,
    },
    /// The seal was opened.
    Unsealed,
    /// Somebody was let into the circle.
    Admitted {
        /// Who.
        account: AccountId,
    },
    /// Somebody was put out of the circle.
    Dismissed {
        /// Who.
        account: AccountId,
    },
    /// Somebody is kept out from now on.
    Barred {
        /// Who.
        who: Barred,
    },
    /// Somebody is no longer kept out.
    Unbarred {
        /// Who.
        who: Barred,
    },
    /// Nobody has taken the case any more.
    Released,
    /// The glass was broken.
    GlassBroken {
        /// Who looks.
        account: AccountId,
        /// Code of the reason.
        reason: Code,
        /// Until when.
        until: Timestamp,
        /// Until when somebody else has to judge it.
        judge_by: Timestamp,
    },
    /// A breaking of the glass was judged.
    GlassJudged {
        /// Who had broken it.
        account: AccountId,
        /// The judgement.
        judgement: Judgement,
    },
    /// The unit above was told that nobody judged a breaking of the glass in time.
    GlassTold {
        /// Who had broken it.
        account: AccountId,
    },
    /// Somebody asked to be lent the identity.
    IdentityAsked {
        /// Who.
        account: AccountId,
    },
    /// A second person lent the identity.
    IdentityLent {
        /// To whom.
        account: AccountId,
        /// Until when.
        until: Timestamp,
    },
    /// Numbers were frozen, with the records behind them.
    Froze {
        /// The numbers.
        values: Vec<Frozen>,
    },
    /// Somebody looked at records of a sample and said what they found.
    Looked {
        /// Ordinal of the freezing in its case.
        freezing: usize,
        /// The records.
        looks: Vec<Look>,
    },
    /// The places of a press text were filled with numbers, and it was signed so.
    Filled {
        /// The day on which it goes out.
        day: jiff::civil::Date,
        /// SHA-256 over headline and texts, in hexadecimal.
        digest: String,
        /// What stands in its places.
        places: Vec<Filled>,
        /// Its numbers by the units below, without what is kept back.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tables: Vec<Table>,
    },
    /// The text that was signed last went out.
    Published,
    /// What went out was taken back.
    Withdrawn,
    /// A target was approved; it holds from this day on.
    Promised {
        /// The target.
        target: Target,
    },
    /// The case moved under the rules of another version of the pack.
    Repacked {
        /// Edition of the rules.
        pack: String,
    },
}

/// What a grade follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Answers to the danger questions.
    #[default]
    Answers,
    /// Somebody set it, with a reason.
    Hand,
    /// The usual grade of the category.
    Category,
    /// A broken paper of the law.
    Breach,
}

impl Cause {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    fn is_answers(&self) -> bool {
        *self == Self::Answers
    }
}

/// What happened to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockChange {
    /// It began to run.
    Started,
    /// It was stopped.
    Stopped,
    /// It rests until the end of an approved pause.
    Paused,
    /// It runs again.
    Resumed,
    /// Its end was moved.
    Extended,
    /// It goes on under the rules of another pack.
    Moved,
}
