//! What a workflow is: states, actions, guards, effects and clocks of one record pattern.
//!
//! A workflow is data from a pack. Guards and effects come from closed lists with typed
//! parameters; there is no expression language, so every workflow can be proved sound
//! (`soundness`) before the first case walks it. This module decides nothing.
//!
//! Workflows are stored with the rules that running cases keep (`pack::Rules`), so shapes are only
//! ever added to, and a new part must be left out of the stored form while it has its usual value.
//! Words that people read are stored under keys with `~`: they are not part of the rules.

mod lists;

pub use lists::{AssignTo, Effect, Guard, Pattern, PlannedStep, TargetFields, Trigger};

use crate::{
    clock::Span, contact, duty::Duty, field::Field, milestone::MilestoneSpec, reporter::Apart,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// A stable identifier from a pack: unit, role, state, action, field, category …
pub type Code = String;

/// Where in a pack something is written, so that every fault can name file and line.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locus {
    /// File relative to the folder that holds the packs.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: u32,
}

/// One record pattern as data (the fourteen patterns of the domain handbook).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// Stable code, for example `appeal`.
    pub code: Code,
    /// Name shown to people.
    #[serde(rename = "~name")]
    pub name: String,
    /// English name.
    #[serde(rename = "~en")]
    pub en: String,
    /// What kind of record it keeps.
    pub pattern: Pattern,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<contact::Fields>,
    /// The field that names the units which may read a case before its hour: while it is open, and for
    /// ever when it never goes out, nobody else knows of it but those who have a part in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<Code>,
    /// Who reports for somebody else, and what then tells who it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reporters: Vec<Apart>,
    /// What happens when the grade of a case becomes this one, whoever or whatever raised it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_grade: Vec<OnGrade>,
    /// Papers of the law with an expiry date, by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub milestones: BTreeMap<Code, MilestoneSpec>,
    /// What the law demands before a case may be answered or closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duties: Vec<Duty>,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// What happens when the grade of a case becomes a given one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnGrade {
    /// The grade.
    pub grade: Code,
    /// Clocks, messages, flags and tasks; nothing that moves the case.
    pub effects: Vec<Effect>,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// How a case of a workflow comes into being.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// Who may open.
    pub by: Vec<Who>,
    /// Fields asked for.
    pub fields: Vec<FieldUse>,
    /// The unit that is responsible at first.
    pub unit: AssignTo,
    /// What happens beside.
    pub effects: Vec<Effect>,
    /// A unit opens no second case with the same values of these fields, or of
    /// [`PROGRAMME`](Self::PROGRAMME).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Code>,
    /// At least one file comes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub evidence: bool,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

impl Opening {
    /// Stands for the programme among the fields in `only`.
    pub const PROGRAMME: &'static str = "programme";
}

/// One state of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Stable code.
    pub code: Code,
    /// Name shown to staff.
    #[serde(rename = "~name")]
    pub name: String,
    /// English name.
    #[serde(rename = "~en")]
    pub en: String,
    /// What a resident reads while the case is here.
    #[serde(rename = "~public")]
    pub public: String,
    /// The same in English.
    #[serde(rename = "~public_en", default)]
    pub public_en: String,
    /// Open with a clock, held under an approved pause, closed, or the end.
    pub kind: StateKind,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// What a state means for the promise that no case is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateKind {
    /// Somebody must act before the stage clock runs out.
    Open {
        /// Role that is expected to act.
        responsible: Code,
        /// Role that is expected to act in units that have no such people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        or: Option<Code>,
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

    /// The roles that are expected to act, the usual one first; none in a closed state.
    pub fn expected(&self) -> impl Iterator<Item = &str> {
        let or = match &self.kind {
            StateKind::Open { or, .. } => or.as_deref(),
            StateKind::Held { .. } | StateKind::Closed | StateKind::End => None,
        };
        self.responsible().into_iter().chain(or)
    }

    /// Whether somebody with these roles is expected to act.
    pub fn expects(&self, roles: &[Code]) -> bool {
        self.expected().any(|role| roles.iter().any(|r| r == role))
    }
}

/// One thing somebody may do to a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Stable code.
    pub code: Code,
    /// Words on the button.
    #[serde(rename = "~name")]
    pub name: String,
    /// English words.
    #[serde(rename = "~en")]
    pub en: String,
    /// What a resident reads in the history; empty keeps the action internal.
    #[serde(rename = "~public")]
    pub public: String,
    /// The same in English.
    #[serde(rename = "~public_en", default)]
    pub public_en: String,
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
    /// At least one file comes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub evidence: bool,
    /// How loud the button is.
    #[serde(rename = "~tone")]
    pub tone: Tone,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// How loud a button is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The state does not change.
    Same,
    /// A named state.
    State(Code),
}

/// A role in a relation to the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Role code.
    pub role: Code,
    /// How the actor's unit must stand to the case.
    pub relation: Relation,
}

/// How an actor stands to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldUse {
    /// Field code.
    pub code: Code,
    /// Whether the action is refused without it.
    pub required: bool,
}

/// A deadline policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockSpec {
    /// Stable code.
    pub code: Code,
    /// Name shown to people.
    #[serde(rename = "~name")]
    pub name: String,
    /// English name.
    #[serde(rename = "~en", default)]
    pub en: String,
    /// Length unless the grade says otherwise.
    pub span: Span,
    /// Length by risk grade.
    pub by_grade: BTreeMap<Code, Span>,
    /// Whether overdue steps are escalated to the units above.
    pub escalates: bool,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

impl ClockSpec {
    /// Length of the clock for a case of this grade.
    pub fn span_for(&self, grade: &str) -> Span {
        *self.by_grade.get(grade).unwrap_or(&self.span)
    }
}

/// A promise about paths: after `since`, `before` cannot be reached unless one of `steps` is done.
/// Without `since` it holds on every pass: from the opening, and again each time the case has left
/// the states in `before`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mandatory {
    /// Name shown in faults.
    #[serde(rename = "~name")]
    pub name: String,
    /// States that must not be reached without the step.
    pub before: Vec<Code>,
    /// Any of these actions counts as the step.
    pub steps: Vec<Code>,
    /// Actions after which the step is needed (again), or [`OPENING`](Self::OPENING) when once in
    /// the life of a case is enough; empty means on every pass.
    pub since: Vec<Code>,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

impl Mandatory {
    /// Stands for the opening among the actions in `since`.
    pub const OPENING: &'static str = "open";
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
        let opened = self.effects().filter_map(|effect| match effect {
            Effect::OpenTasks { kind, .. } | Effect::OpenRoutedTasks { kind, .. } => Some(kind),
            _ => None,
        });
        opened.chain(self.milestones.values().filter_map(|m| m.task.as_ref()))
    }

    /// Whether its cases name a unit that leads.
    pub fn names_leads(&self) -> bool {
        self.targets().any(|target| target.lead.is_some())
    }

    /// Whether its cases promise something of a figure.
    pub fn promises(&self) -> bool {
        self.targets().next().is_some()
    }

    /// The fields of every target that is promised anywhere in the workflow.
    pub fn targets(&self) -> impl Iterator<Item = &TargetFields> {
        self.effects().filter_map(|effect| match effect {
            Effect::Promise(target) => Some(target),
            _ => None,
        })
    }

    /// Every effect that is written anywhere in the workflow.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        let actions = self.actions.iter().flat_map(|a| &a.effects);
        let grades = self.on_grade.iter().flat_map(|g| &g.effects);
        self.opening.effects.iter().chain(actions).chain(grades)
    }

    /// Actions that are drawn as leaving this state.
    pub fn actions_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Action> {
        self.actions.iter().filter(move |a| a.from.iter().any(|f| f == state))
    }
}
