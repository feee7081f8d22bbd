//! The answers to a command: what was done, or why not.

use crate::db::WriteError;
use domain::{case::CaseId, refusal::Refusal};

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The case.
    pub case: CaseId,
    /// The entry that was written, or the one written first; 0 when there was nothing to do.
    pub seq: i64,
    /// Whether the command had been done before.
    pub repeated: bool,
}

/// Why a command was not done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum No {
    /// The domain refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such case, or the actor may not know of it: the two are not told apart.
    #[error("no such case")]
    NotFound,
    /// The same command id was used by somebody else, or for another case.
    #[error("the command id was used before for something else")]
    Misused,
    /// It was imported before.
    #[error("imported before as case {0}")]
    Imported(CaseId),
    /// The case is no longer as it was when its move was confirmed.
    #[error("the case has changed since its move was confirmed")]
    Changed,
}

impl From<Refusal> for WriteError<No> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(No::Refused(refusal))
    }
}

impl From<No> for WriteError<No> {
    fn from(no: No) -> Self {
        Self::Refused(no)
    }
}
