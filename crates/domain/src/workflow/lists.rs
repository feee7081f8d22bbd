//! The closed lists: conditions, effects, ways to find a unit, reasons to act alone. Nothing that is
//! not written here can be said in a pack.

use super::Code;
use crate::{contact::Way, press::Fill};
use serde::{Deserialize, Serialize};

/// What kind of record a workflow keeps: the fourteen patterns of the field, and the figures that
/// units report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Pattern {
    /// An activity that people come to.
    Act,
    /// A training with roster and certificate.
    Trn,
    /// Money or help for somebody in need.
    Aid,
    /// The recognition of a household, village, person or unit.
    Rec,
    /// A place that is open to people.
    Site,
    /// An organisation and its officers.
    Org,
    /// A post, from its offer to the placement.
    Job,
    /// An enterprise or a product in a catalogue.
    Ent,
    /// A project with a target.
    Proj,
    /// Something that is published.
    Con,
    /// A dispute that is mediated.
    Med,
    /// A volunteer paired with a child.
    Pair,
    /// A screening with its recalls.
    Scr,
    /// An appeal.
    Case,
    /// Numbers that a unit reports.
    Stat,
}

/// Conditions on an action: a closed list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Guard {
    /// The actor has done none of these actions on this case (maker ≠ checker); `open` is the
    /// opening itself.
    NotActorOf(Vec<Code>),
    /// The actor is not the one who has taken the case.
    NotOwner,
    /// Nobody of the actor's unit has done any of these actions on this case.
    NotUnitOf(Vec<Code>),
    /// The unit given in the field is not the actor's own.
    OtherUnit(Code),
    /// The action has been done fewer times than this on this case.
    AtMost {
        /// The action that is counted.
        action: Code,
        /// The most that is allowed, this time included.
        times: u32,
    },
    /// The action has been done on at least so many different days since the case came into its state.
    OnDays {
        /// The action that is counted.
        action: Code,
        /// Different civil days.
        days: u32,
    },
    /// The action has been done at least so many times.
    AtLeast {
        /// The action that is counted.
        action: Code,
        /// Times.
        times: u32,
    },
    /// The coded field (given now or earlier) has one of these values.
    FieldIn {
        /// Field code.
        field: Code,
        /// Accepted values.
        values: Vec<String>,
    },
    /// The risk grade is one of these.
    GradeIn(Vec<Code>),
    /// The risk grade is none of these.
    GradeNotIn(Vec<Code>),
    /// The category is (not) a sensitive one.
    Sensitive(bool),
    /// The appeal is (not) anonymous.
    Anonymous(bool),
    /// The flag is set.
    Flagged(Code),
    /// The flag is not set.
    NotFlagged(Code),
    /// No open task of this kind is left.
    NoOpenTasks(Code),
    /// At least one task of this kind is open.
    HasOpenTasks(Code),
    /// The actor's own unit owes a task of this kind.
    OwesTask(Code),
    /// The clock has not run out.
    BeforeDue(Code),
    /// The channel is one of these.
    ChannelIn(Vec<Code>),
    /// The grade in this field is not lower than the present one.
    NotLower(Code),
    /// What is chosen in the field stands at most one place after what was chosen last, in the order
    /// of its options; the first may always be chosen.
    Climbs(Code),
    /// The case has been in its present state for no more than so many calendar days.
    WithinDays(u32),
    /// The person may be contacted now, by the way chosen in the field. An answer that is no way
    /// of ours (the person called) passes; no answer counts as `or`.
    Contact {
        /// Field in which the way is chosen.
        #[serde(default)]
        field: Option<Code>,
        /// The way when none is chosen.
        #[serde(default)]
        or: Option<Way>,
    },
    /// The case does (not) need protection: a sensitive category, a high grade or a danger
    /// question answered "yes".
    Protected(bool),
    /// What is given in the field is not among the values of another one, which must be known:
    /// nobody suspected of the harm is asked for consent.
    NotAmong {
        /// Field that is given.
        field: Code,
        /// Field whose values are excluded.
        among: Code,
    },
    /// A milestone of this kind has been recorded and has not expired.
    Milestone(Code),
    /// Every record that was drawn from the newest numbers was looked at and found sound.
    SampleSound,
}

/// What an action does beside changing the state: a closed list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Another unit becomes responsible; nobody there has taken it yet.
    Assign(AssignTo),
    /// The actor takes the case personally.
    TakeOwner,
    /// The responsible unit is from now on the handling unit.
    MarkHandling,
    /// Starts a clock that is not a stage clock.
    StartClock(Code),
    /// Starts a clock whose end is given in a date field (a partner's own deadline).
    StartClockAt {
        /// Clock code.
        clock: Code,
        /// Date field.
        field: Code,
        /// Time field; without it the clock ends with the day.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<Code>,
    },
    /// Stops a clock.
    StopClock(Code),
    /// Moves the end of a clock by working or calendar days given in a number field.
    ExtendClock {
        /// Clock code.
        clock: Code,
        /// Number field (days).
        field: Code,
        /// The most days in one extension.
        max_days: u32,
        /// The most extensions of this clock.
        times: u8,
    },
    /// Pauses every running clock until the date in a field.
    PauseClocks {
        /// Date field.
        until: Code,
        /// The longest pause in calendar days.
        max_days: u32,
    },
    /// Lets paused clocks run again.
    ResumeClocks,
    /// The grade becomes the value of a field.
    SetGrade(Code),
    /// The grade follows from the answers to the risk questions in a field.
    AssessRisk(Code),
    /// The category becomes the value of a field.
    SetCategory(Code),
    /// The place becomes the value of a field.
    SetPlace(Code),
    /// Sets a flag.
    Flag(Code),
    /// Clears a flag.
    Unflag(Code),
    /// Opens one task for each unit named in a field.
    OpenTasks {
        /// Task kind.
        kind: Code,
        /// Units field; without it the responsible unit gets the task.
        #[serde(default)]
        units: Option<Code>,
        /// Clock of each task.
        clock: Code,
    },
    /// Opens tasks for the co-handling units that the routing rules name.
    OpenRoutedTasks {
        /// Task kind.
        kind: Code,
        /// Clock of each task.
        clock: Code,
    },
    /// The actor's unit has answered its task.
    AnswerTask(Code),
    /// Every open task of the kind is withdrawn.
    DropTasks(Code),
    /// A numbered document is issued.
    Document(Code),
    /// A message is queued.
    Notify(Code),
    /// After answers, and at a contact without any, the next asking gets a due date as long as
    /// there is danger; without danger nothing is due.
    RepeatRisk {
        /// The field with the answers.
        field: Code,
        /// The clock of the next asking.
        clock: Code,
    },
    /// Words that call for help at once, in whatever was written, raise the alarm.
    Hear {
        /// Flag that is set.
        flag: Code,
        /// Message that is queued.
        message: Code,
        /// Clock that is started.
        clock: Code,
    },
    /// A paper of the law is recorded.
    Milestone(Code),
    /// A paper of the law has been broken; its grade applies.
    Breach(Code),
    /// What the form says about safe contact becomes the plan of the case.
    KeepContact,
    /// The numbers named in a field of figures are frozen as they are now.
    Freeze(Code),
    /// The numbers of a form are frozen for the unit that handles the case.
    FreezeForm {
        /// Form field.
        form: Code,
        /// Period field.
        period: Code,
    },
    /// The places of a press text are filled with numbers, which are frozen with it.
    Fill(Fill),
    /// The press text that was signed last goes out.
    Publish,
    /// The press text that went out is taken back.
    Withdraw,
    /// One figure is frozen for the unit that handles the case.
    FreezeFigure {
        /// Figure field.
        figure: Code,
        /// Period field.
        period: Code,
    },
    /// Records of the sample were looked at.
    Look {
        /// Sample field: the records, each with what was found.
        field: Code,
        /// Text field in which steps after it are offered the outcome.
        tells: Code,
    },
    /// What is proposed says something: it could become a target.
    Propose(TargetFields),
    /// What was proposed becomes the target of the case from now on.
    Promise(TargetFields),
    /// The case is linked to another one named in a field.
    Link {
        /// Link kind.
        kind: Code,
        /// Case field.
        field: Code,
    },
}

/// The fields in which a target is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFields {
    /// Figure field.
    pub figure: Code,
    /// Number field: what shall be reached.
    pub goal: Code,
    /// Number field: where it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Code>,
    /// Date field: the first day.
    pub from: Code,
    /// Date field: the last day.
    pub until: Code,
    /// Milestones between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PlannedStep>,
    /// Unit field: who leads the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Code>,
    /// Number field: what may be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Code>,
}

/// The fields of a milestone between the first day and the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedStep {
    /// Date field.
    pub on: Code,
    /// Number field.
    pub value: Code,
    /// Choice field: what is there by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<Code>,
}

/// How the next responsible unit is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AssignTo {
    /// The unit named in a field.
    Field(Code),
    /// The nearest unit of this kind, walking up the regions from the responsible unit.
    Desk(Code),
    /// The unit above the responsible one.
    Parent,
    /// The unit above the handling unit; the top unit itself when there is none above.
    AboveHandling,
    /// The unit above the handling unit, or the desk of this kind when there is none above.
    AboveHandlingOrDesk(Code),
    /// Back to the handling unit.
    Handling,
    /// The unit that the routing rules name.
    Routed,
    /// The actor's own unit.
    ActorUnit,
    /// The unit that was responsible before this one.
    Previous,
    /// The unit that leads by the target that holds; where it names none, the one before.
    Lead,
}

/// What makes the program act by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// The approved pause has ended.
    PauseEnded,
    /// The clock has run out.
    ClockEnded(Code),
    /// The case that this one was merged into has been closed.
    MainClosed,
}
