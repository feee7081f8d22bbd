//! What a city says about seals, broken glass and lent identities.

use crate::workflow::Code;
use serde::Deserialize;

/// Limits, reasons and messages of everything that opens a closed door for a while.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrecy {
    /// A broken glass shows the case for so many minutes; at most 120.
    pub glass_minutes: u32,
    /// The reasons for which glass may be broken.
    pub glass_reasons: Vec<Reason>,
    /// So many working days after the day of the breaking, somebody has judged it.
    pub review_days: u32,
    /// A lent identity is seen for so many minutes.
    pub lent_minutes: u32,
    /// Told to whoever has the case: somebody broke the glass.
    pub glass_owner: Code,
    /// Told to the unit above: somebody broke the glass.
    pub glass_supervisor: Code,
    /// Told when nobody has judged it in time.
    pub glass_unjudged: Code,
    /// Told to the security administrators: it was judged that the glass was broken wrongly.
    pub glass_wrong: Code,
    /// Told to the circle of a sealed case that nobody in it can take on any more.
    pub nobody_acts: Code,
    /// Told to the unit above: somebody asks for the identity.
    pub identity_asked: Code,
}

/// A reason that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Stable code.
    pub code: Code,
    /// Words.
    pub label: String,
    /// English words.
    pub en: String,
}

impl Secrecy {
    /// The most minutes for which broken glass may show a case (domain handbook §4).
    pub const MOST_GLASS_MINUTES: u32 = 120;

    /// Broken glass is judged by the end of the next working day (domain handbook §4), never later.
    pub const REVIEW_DAYS: u32 = 1;

    /// The reason with this code.
    pub fn reason(&self, code: &str) -> Option<&Reason> {
        self.glass_reasons.iter().find(|r| r.code == code)
    }
}
