//! What a workflow is: states, actions, guards, effects and clocks of one record pattern.
//!
//! A workflow is data from a pack. Guards and effects come from closed lists with typed
//! parameters; there is no expression language, so every workflow can be proved sound
//! (`soundness`) before the first case walks it. This module decides nothing.

use crate::{clock::Span, contact, field::Field};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};

/// A stable identifier from a pack: unit, role, state, action, field, category …
pub type Code = String;

/// Where in a pack something is written, so that every fault can name file and line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locus {
    /// File relative to the folder that holds the packs.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: u32,
}

/// One record pattern as data (the fourteen patterns of the domain handbook).
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Stable code, for example `appeal`.
    pub code: Code,
    /// Name shown to people.
    pub name: String,
    /// English name.
    pub en: String,
    /// Pattern code: CASE, MED, REC …
    pub pattern: Code,
    /// The state a new case starts in.
    pub initial: Code,
    /// How a case is opened.
    pub opening: Opening,
    /// All states, in the order of the life cycle.
    pub states: Vec<State>,
    /// All actions, in the order in which buttons appear.
    pub actions: Vec<Action>,
    /// Fields that actions ask for, by code.
    pub fields: BTreeMap<Code, Field>,
    /// Clocks by code.
    pub clocks: BTreeMap<Code, ClockSpec>,
    /// Steps that no path may avoid.
    pub mandatory: Vec<Mandatory>,
    /// The fields that say how a person may be contacted, where the workflow asks for them.
    pub contact: Option<contact::Fields>,
    /// Where it is written.
    pub at: Locus,
}

/// How a case of a workflow comes into being.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Who may open.
    pub by: Vec<Who>,
    /// Fields asked for.
    pub fields: Vec<FieldUse>,
    /// The unit that is responsible at first.
    pub unit: AssignTo,
    /// What happens beside.
    pub effects: Vec<Effect>,
    /// Where it is written.
    pub at: Locus,
}

/// One state of a workflow.
#[derive(Debug, Clone)]
pub struct State {
    /// Stable code.
    pub code: Code,
    /// Name shown to staff.
    pub name: String,
    /// English name.
    pub en: String,
    /// What a resident reads while the case is here.
    pub public: String,
    /// Open with a clock, held under an approved pause, closed, or the end.
    pub kind: StateKind,
    /// Where it is written.
    pub at: Locus,
}

/// What a state means for the promise that no case is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateKind {
    /// Somebody must act before the stage clock runs out.
    Open {
        /// Role that is expected to act.
        responsible: Code,
        /// Stage clock, started on entry and stopped on leaving.
        clock: Code,
    },
    /// Work rests under an approved pause that has an end.
    Held {
        /// Role that watches over the pause.
        responsible: Code,
    },
    /// Finished; may still be reopened.
    Closed,
    /// Finished for good.
    End,
}

impl State {
    /// Whether the promises for open cases apply here.
    pub fn is_open(&self) -> bool {
        matches!(self.kind, StateKind::Open { .. } | StateKind::Held { .. })
    }

    /// The role that is expected to act, if the state is open.
    pub fn responsible(&self) -> Option<&str> {
        match &self.kind {
            StateKind::Open { responsible, .. } | StateKind::Held { responsible } => {
                Some(responsible)
            }
            StateKind::Closed | StateKind::End => None,
        }
    }
}

/// One thing somebody may do to a case.
#[derive(Debug, Clone)]
pub struct Action {
    /// Stable code.
    pub code: Code,
    /// Words on the button.
    pub name: String,
    /// English words.
    pub en: String,
    /// What a resident reads in the history; empty keeps the action internal.
    pub public: String,
    /// States it is possible in.
    pub from: Vec<Code>,
    /// Where it leads.
    pub to: Target,
    /// Who may.
    pub by: Vec<Who>,
    /// Fields asked for.
    pub fields: Vec<FieldUse>,
    /// Conditions, all of which must hold.
    pub guards: Vec<Guard>,
    /// What happens beside the change of state.
    pub effects: Vec<Effect>,
    /// The event that makes the program do it by itself.
    pub auto: Option<Trigger>,
    /// May be done to many cases at once.
    pub bulk: bool,
    /// How loud the button is.
    pub tone: Tone,
    /// Where it is written.
    pub at: Locus,
}

/// How loud a button is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// The usual next step.
    Primary,
    /// One of several steps.
    #[default]
    Normal,
    /// Ends or refuses something.
    Danger,
    /// Notes and other small things.
    Quiet,
}

/// Where an action leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The state does not change.
    Same,
    /// A named state.
    State(Code),
}

/// A role in a relation to the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Role code.
    pub role: Code,
    /// How the actor's unit must stand to the case.
    pub relation: Relation,
}

/// How an actor stands to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The actor's unit is the responsible unit.
    Responsible,
    /// The actor's unit stands above the responsible unit.
    Above,
    /// Responsible or above.
    Covering,
    /// The actor's unit has an open task in the case.
    Task,
    /// The case is the actor's own appeal, shown by its receipt.
    Appellant,
    /// No relation is needed.
    Anywhere,
}

/// A field that an action asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldUse {
    /// Field code.
    pub code: Code,
    /// Whether the action is refused without it.
    pub required: bool,
}

/// Conditions on an action: a closed list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Guard {
    /// The actor has done none of these actions on this case (maker ≠ checker).
    NotActorOf(Vec<Code>),
    /// Nobody of the actor's unit has done any of these actions on this case.
    NotUnitOf(Vec<Code>),
    /// The action has been done fewer times than this on this case.
    AtMost {
        /// The action that is counted.
        action: Code,
        /// The most that is allowed, this time included.
        times: u32,
    },
    /// The action has been done on at least so many different days.
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
    /// The case has been in its present state for no more than so many calendar days.
    WithinDays(u32),
}

/// What an action does beside changing the state: a closed list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    /// What the form says about safe contact becomes the plan of the case.
    KeepContact,
    /// The case is linked to another one named in a field.
    Link {
        /// Link kind.
        kind: Code,
        /// Case field.
        field: Code,
    },
}

/// How the next responsible unit is found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
}

/// What makes the program act by itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// The approved pause has ended.
    PauseEnded,
    /// The clock has run out.
    ClockEnded(Code),
    /// The case that this one was merged into has been closed.
    MainClosed,
}

/// A deadline policy.
#[derive(Debug, Clone)]
pub struct ClockSpec {
    /// Stable code.
    pub code: Code,
    /// Name shown to people.
    pub name: String,
    /// Length unless the grade says otherwise.
    pub span: Span,
    /// Length by risk grade.
    pub by_grade: BTreeMap<Code, Span>,
    /// Whether overdue steps are escalated to the units above.
    pub escalates: bool,
    /// Where it is written.
    pub at: Locus,
}

impl ClockSpec {
    /// Length of the clock for a case of this grade.
    pub fn span_for(&self, grade: &str) -> Span {
        *self.by_grade.get(grade).unwrap_or(&self.span)
    }
}

/// A promise about paths: after `since` (or from the opening), `before` cannot be reached
/// unless one of `steps` is done.
#[derive(Debug, Clone)]
pub struct Mandatory {
    /// Name shown in faults.
    pub name: String,
    /// States that must not be reached without the step.
    pub before: Vec<Code>,
    /// Any of these actions counts as the step.
    pub steps: Vec<Code>,
    /// Actions after which the step is needed (again); empty means from the opening.
    pub since: Vec<Code>,
    /// Where it is written.
    pub at: Locus,
}

impl Workflow {
    /// The state with this code.
    pub fn state(&self, code: &str) -> Option<&State> {
        self.states.iter().find(|s| s.code == code)
    }

    /// The action with this code.
    pub fn action(&self, code: &str) -> Option<&Action> {
        self.actions.iter().find(|a| a.code == code)
    }

    /// The kinds of task that the opening or an action opens; a kind may come more than once.
    pub fn task_kinds(&self) -> impl Iterator<Item = &Code> {
        let effects = self.actions.iter().flat_map(|a| &a.effects);
        self.opening.effects.iter().chain(effects).filter_map(|effect| match effect {
            Effect::OpenTasks { kind, .. } | Effect::OpenRoutedTasks { kind, .. } => Some(kind),
            _ => None,
        })
    }

    /// Actions that are drawn as leaving this state.
    pub fn actions_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Action> {
        self.actions.iter().filter(move |a| a.from.iter().any(|f| f == state))
    }
}
