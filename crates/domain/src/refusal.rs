//! Why a command is refused. Each refusal has a code; the words for people live in the texts.

use crate::{
    clock::ClockError, contact::Plan, field::FieldFault, press::Refused, rights, secrecy::Closed,
    workflow::Code,
};
use jiff::Timestamp;

/// The answer "no", with what is needed to say it well.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The action cannot be done in this state or by this actor; `allowed` lists what can.
    #[error("action {action} is not allowed here; allowed: {allowed:?}")]
    NotAllowed {
        /// The refused action.
        action: Code,
        /// Why, as a text key.
        why: Bar,
        /// Actions that the same actor may do now.
        allowed: Vec<Code>,
    },
    /// The actor may not open cases of this workflow.
    #[error("this actor may not open {0}")]
    MayNotOpen(Code),
    /// There is no such workflow, programme or action.
    #[error("unknown {what}: {code}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// The code that was given.
        code: Code,
    },
    /// Fields are missing or wrong.
    #[error("{} fields are not acceptable", .0.len())]
    Fields(Vec<FieldFault>),
    /// No unit can be found that would be responsible.
    #[error("no unit can be found for this step")]
    NoUnit,
    /// The pause or extension is longer, or more frequent, than the pack allows.
    #[error("over the limit of {max} for {what}")]
    OverLimit {
        /// What is limited, as a text key.
        what: &'static str,
        /// The limit.
        max: u32,
    },
    /// A date that must lie ahead lies behind.
    #[error("the date in {0} is not in the future")]
    DateInPast(Code),
    /// A paper expires before it was issued.
    #[error("the date in {0} lies before the one it follows")]
    DatesCross(Code),
    /// The other case cannot be linked: unknown, closed, merged itself, or this very case.
    #[error("the case named in {0} cannot be linked")]
    BadLink(Code),
    /// The step would leave an open case without a running clock or an approved pause.
    #[error("the step would leave the case without a clock")]
    WouldBeLost,
    /// A wish under the rights of the person cannot be met.
    #[error(transparent)]
    Right(#[from] rights::Bar),
    /// The unit is kept out of this case.
    #[error("the unit is kept out of this case")]
    UnitBarred,
    /// Who may know of a case cannot be changed so.
    #[error(transparent)]
    Secrecy(#[from] Closed),
    /// The unit has opened such a case already.
    #[error("the unit has opened such a case already")]
    OnlyOnce,
    /// No file came with what needs evidence.
    #[error("at least one file has to come with it")]
    NoEvidence,
    /// A step freezes numbers, and there are none.
    #[error("there are no numbers to freeze")]
    NothingCounted,
    /// A record that was not drawn from the newest numbers, or none at all.
    #[error("these records are not those that are to be looked at")]
    NotDrawn,
    /// A record that the actor may not open cannot have been looked at.
    #[error("somebody else has to look at some of these records")]
    NotSeen,
    /// There is no press text, or no day on which it goes out, or none that waits to go out.
    #[error("there is no text that could go out")]
    NoText,
    /// A press text is not true of its numbers.
    #[error("the text cannot go out for {} reasons", .0.len())]
    Press(Vec<Refused>),
    /// What can be opened once for each programme is opened under one.
    #[error("a programme has to be chosen")]
    NoProgramme,
    /// A target that says nothing: no days, no way to go, or nobody knows where it stands.
    #[error("the target cannot be followed")]
    BadTarget,
    /// A change that would change nothing.
    #[error("the target would stay as it is")]
    SameTarget,
    /// A clock cannot be computed.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

/// What bars an actor from an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// The case is in another state.
    State,
    /// The actor has not the role or not the relation.
    Role,
    /// The actor took part before, and the step needs another person.
    SamePerson,
    /// The actor's unit took part before, and the step needs another unit.
    SameUnit,
    /// It has been done as often as it may be.
    TooOften,
    /// It needs more tries on different days first.
    TooFewDays,
    /// Tasks of others are still open, or none is open.
    Tasks,
    /// The risk grade forbids it.
    Grade,
    /// A deadline has passed.
    TooLate,
    /// The kind of case forbids it.
    Kind,
    /// A rung between the last one and this was left out.
    Rung,
    /// A field has another value than the step needs.
    Field,
    /// The safe-contact plan forbids it now, or this way.
    Contact {
        /// When it is allowed next; none when never.
        until: Option<Timestamp>,
        /// The plan.
        plan: Plan,
    },
    /// Records of the sample were not looked at yet, or were found wrong.
    Sample {
        /// How many nobody has looked at.
        missing: u64,
        /// How many were found wrong.
        wrong: u64,
    },
    /// A duty of the law must be met first.
    Duty,
    /// The person is suspected of the harm, or it is not known who is.
    Suspect,
    /// The case is erased; nothing can be read or written in it.
    Erased,
    /// The actor may look at most, not act.
    Access,
}

impl Bar {
    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Role => "role",
            Self::SamePerson => "same_person",
            Self::SameUnit => "same_unit",
            Self::TooOften => "too_often",
            Self::TooFewDays => "too_few_days",
            Self::Tasks => "tasks",
            Self::Grade => "grade",
            Self::Rung => "rung",
            Self::TooLate => "too_late",
            Self::Kind => "kind",
            Self::Field => "field",
            Self::Contact { .. } => "contact",
            Self::Sample { .. } => "sample",
            Self::Duty => "duty",
            Self::Suspect => "suspect",
            Self::Erased => "erased",
            Self::Access => "access",
        }
    }
}
