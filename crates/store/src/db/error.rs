//! What a database may answer instead of a value, in words that carry no data of people.
//!
//! Parameters never appear here, and neither do the parts of a database's own message that may
//! repeat them (PostgreSQL's DETAIL line, FTS5's query text).

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;

/// Why a statement, a work or an opening failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Somebody else was first: a unique key exists already or an expected version has moved on.
    /// Nothing was written; reading again and deciding anew may succeed.
    #[error("conflict: {0}")]
    Conflict(Cow<'static, str>),
    /// The queue or the connection pool is full. Nothing was tried; answer 503 with Retry-After.
    #[error("the database is busy, try again shortly")]
    Busy,
    /// A stored value is not what the program wrote.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// Everything else: a bug, a full disk, a lost connection.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A stored value that cannot be what the program wrote: named, never replaced by a default.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("corrupt value in column {column} of `{statement}`: {why}")]
pub struct Corrupt {
    /// The first words of the statement that read it.
    pub statement: String,
    /// The column's name, or its number where the statement has no such column.
    pub column: String,
    /// What was expected and what was found, without the value itself.
    pub why: String,
}

/// A failure that is nobody's decision; log it once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {why}")]
pub struct Fault {
    /// What kind of failure, for those who must react to it.
    pub kind: FaultKind,
    /// The sentence for the log.
    pub why: String,
}

/// The kinds of [`Fault`] that somebody reacts to differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The statement or the work is wrong: a bug of the program.
    Program,
    /// Opening, configuring or migrating the database failed.
    Setup,
    /// A statement ran longer than it may.
    Timeout,
    /// The connection went away before the commit: nothing was written.
    Lost,
    /// The commit was sent and its answer never came: it may have been written. Repeating the
    /// same command is safe because its id is stored with it.
    Unknown,
    /// No space is left. Nothing was written; writing goes on when there is space again.
    Full,
    /// The disk failed. SQLite takes no more writes until the program is restarted.
    Disk,
    /// The database has been closed.
    Closed,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FaultKind::Program => "statement failed",
            FaultKind::Setup => "database cannot be used",
            FaultKind::Timeout => "statement took too long",
            FaultKind::Lost => "connection lost before commit",
            FaultKind::Unknown => "outcome of commit unknown",
            FaultKind::Full => "disk full",
            FaultKind::Disk => "disk failure",
            FaultKind::Closed => "database closed",
        })
    }
}

impl Error {
    /// A [`Fault`] of this kind.
    pub fn fault(kind: FaultKind, why: impl Into<String>) -> Self {
        Error::Fault(Fault { kind, why: why.into() })
    }

    /// A conflict, for a work that finds an expected version moved on.
    pub fn conflict(what: impl Into<Cow<'static, str>>) -> Self {
        Error::Conflict(what.into())
    }

    /// Whether this is a fault of that kind.
    pub fn is_fault(&self, kind: FaultKind) -> bool {
        matches!(self, Error::Fault(fault) if fault.kind == kind)
    }
}

/// Why a write was not done: the domain said no, or the database did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError<R> {
    /// The work itself refused; nothing was written.
    #[error("{0}")]
    Refused(R),
    /// The database's answer.
    #[error(transparent)]
    Db(#[from] Error),
}

impl<R> From<Corrupt> for WriteError<R> {
    fn from(corrupt: Corrupt) -> Self {
        WriteError::Db(corrupt.into())
    }
}

/// A work that refuses nothing can only fail by the database.
impl From<WriteError<Infallible>> for Error {
    fn from(error: WriteError<Infallible>) -> Self {
        match error {
            WriteError::Db(error) => error,
            WriteError::Refused(never) => match never {},
        }
    }
}

/// Names what failed while a database was opened or set up.
pub(super) fn setup(doing: &str, error: &impl fmt::Display) -> Error {
    Error::fault(FaultKind::Setup, format!("{doing}: {error}"))
}
