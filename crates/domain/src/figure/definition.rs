//! What a figure counts, as data: a measure from a closed list, a filter, and to whom it is
//! credited. Versions follow one another by the day from which they hold.

use super::amount::Word;
use crate::workflow::{Code, Locus, Workflow};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A figure of the city.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// What exactly is counted, for people.
    pub note: String,
    /// The same in English.
    pub note_en: String,
    /// What it counts.
    pub word: Word,
    /// How its numbers go together over time.
    pub nature: Nature,
    /// The workflow whose cases it counts.
    pub workflow: Code,
    /// The kind of unit that answers for it.
    pub owner: Code,
    /// The kind of unit that checks it.
    pub verifier: Code,
    /// Row of the domain handbook (S01–S75).
    pub source: String,
    /// What else it is split by, beside units and months.
    pub dimensions: BTreeSet<Dimension>,
    /// In the order of the days from which they hold; never empty.
    pub versions: Vec<Version>,
    /// Where it is written.
    pub at: Locus,
}

/// How the numbers of a figure go together over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// What happened in a period.
    Flow,
    /// What there is at the end of a day.
    Stock,
    /// What has happened since the beginning.
    Cumulative,
}

/// What a figure is split by, beside units and months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Category, as it is now.
    Category,
    /// Programme.
    Programme,
}

/// One version of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Number, from 1.
    pub number: u32,
    /// The first day that it counts.
    pub since: Date,
    /// What is counted.
    pub measure: Measure,
    /// The unit to which it is credited.
    pub credit: Credit,
    /// Persons or households are told apart by this field.
    pub distinct: Option<Code>,
    /// A date field that says on which day it happened; else it is the day of the entry.
    pub day: Option<Code>,
    /// Which cases.
    pub filter: Filter,
}

/// What is counted. The list is closed; each has typed parameters and nothing is an expression.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// Cases that were opened.
    Opened,
    /// Cases that entered one of these states from any other.
    Entered {
        /// The states.
        states: Vec<Code>,
        /// Which entering counts.
        take: Take,
    },
    /// Cases that stand in one of these states at the end of a day.
    InState {
        /// The states.
        states: Vec<Code>,
    },
    /// Times that one of these actions was done.
    Acted {
        /// The actions.
        actions: Vec<Code>,
        /// Which time counts.
        take: Take,
    },
    /// Documents that were issued.
    Issued {
        /// Their templates.
        templates: Vec<Code>,
    },
    /// The sum of a number that is known of cases that entered one of these states, as it is known
    /// now.
    Given {
        /// The states.
        states: Vec<Code>,
        /// The number field.
        field: Code,
        /// Which entering counts.
        take: Take,
    },
    /// The sum of a number that was given with one of these actions.
    Sum {
        /// The actions.
        actions: Vec<Code>,
        /// The number field.
        field: Code,
        /// Which time counts; a correction is a later one.
        take: Take,
    },
}

/// Which of several times counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// Each.
    Every,
    /// The first.
    First,
    /// The last.
    Last,
    /// The last, and only while the case has not left the states again.
    Standing,
}

/// The unit to which something is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// The unit that was responsible after the act; it keeps it.
    Then,
    /// The unit that is responsible now: it moves with the case.
    Now,
    /// The unit that handles or handled the case, else the one responsible now.
    Handling,
    /// The unit of whoever acted, else the one responsible then.
    Actor,
    /// The unit of the owner's kind that is nearest to the place of the case, else the one
    /// responsible now.
    Place,
}

/// Which cases; every part that is given must fit, as the case is now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// The category begins with one of these.
    pub category: Vec<Code>,
    /// Channels.
    pub channel: Vec<Code>,
    /// Grades.
    pub grade: Vec<Code>,
    /// Programmes.
    pub programme: Vec<Code>,
    /// Coded fields and the values of which one must stand there.
    pub fields: BTreeMap<Code, Vec<String>>,
}

impl Figure {
    /// The version that holds on a day; none before the first.
    pub fn version_on(&self, day: Date) -> Option<&Version> {
        self.versions.iter().rev().find(|v| v.since <= day)
    }

    /// The day on which a version ends: the first one of the next, if there is one.
    pub fn end_of(&self, version: &Version) -> Option<Date> {
        self.versions.iter().find(|v| v.since > version.since).map(|v| v.since)
    }

    /// The first day that is counted.
    pub fn since(&self) -> Option<Date> {
        self.versions.first().map(|v| v.since)
    }

    /// Whether a form of this workflow may name it.
    pub fn may_be_named_by(&self, workflow: &Workflow) -> bool {
        workflow.promises() || self.workflow == workflow.code
    }

    /// Whether it counts persons or households apart.
    pub fn is_distinct(&self) -> bool {
        self.word.is_distinct()
    }
}

/// All figures of a city.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    by_code: BTreeMap<Code, Figure>,
    by_workflow: BTreeMap<Code, Vec<Code>>,
}

impl Figures {
    /// Takes figures whose codes differ.
    pub fn new(figures: impl IntoIterator<Item = Figure>) -> Self {
        let mut all = Self::default();
        for figure in figures {
            let codes = all.by_workflow.entry(figure.workflow.clone()).or_default();
            codes.push(figure.code.clone());
            all.by_code.insert(figure.code.clone(), figure);
        }
        all
    }

    /// The figure with this code.
    pub fn get(&self, code: &str) -> Option<&Figure> {
        self.by_code.get(code)
    }

    /// Everything that decides what is counted, as text: where it differs, cases must be counted again.
    pub fn signature(&self) -> String {
        let versions = self
            .by_code
            .values()
            .map(|f| (&f.code, f.nature, &f.workflow, &f.owner, &f.dimensions, &f.versions));
        format!("{:?}", versions.collect::<Vec<_>>())
    }

    /// All figures in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = &Figure> {
        self.by_code.values()
    }

    /// The figures that count cases of a workflow.
    pub fn of(&self, workflow: &str) -> impl Iterator<Item = &Figure> {
        let codes = self.by_workflow.get(workflow).into_iter().flatten();
        codes.filter_map(|code| self.by_code.get(code))
    }
}
