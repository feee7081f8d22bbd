//! Forms that units report upward: which figures, for which periods, by units of which levels.

use super::region::Level;
use crate::{
    figure::Period,
    workflow::{Code, Locus},
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A form of figures.
#[derive(Debug, Clone)]
pub struct Form {
    /// Stable code.
    pub code: Code,
    /// Name.
    pub name: String,
    /// English name.
    pub en: String,
    /// What it is for.
    pub note: String,
    /// The same in English.
    pub note_en: String,
    /// How long its periods are.
    pub every: Every,
    /// The kind of unit that reports.
    pub kind: Code,
    /// The levels on which units report.
    pub levels: BTreeSet<Level>,
    /// Its figures, in the order of its lines.
    pub figures: Vec<Code>,
    /// So many records in a hundred are looked at again by whoever checks it.
    pub sample_percent: u32,
    /// Where it is written.
    pub at: Locus,
}

/// How long a period of a form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Every {
    /// Whether a period is as long as those of the form.
    pub fn takes(self, period: Period) -> bool {
        match self {
            Self::Month => matches!(period, Period::Month(..)),
            Self::Year => matches!(period, Period::Year(_)),
        }
    }
}
