//! What a command wants, and the command that carries the wish to the writer. Decides nothing.

use crate::{ahead::Ahead, dossier::Sealed};
use domain::{
    case::{AccountId, Actor, CaseId, Staff},
    decide::{Open, Step},
    pack::Pack,
    rights,
    secrecy::Change,
    workflow::Code,
};
use jiff::Timestamp;
use std::sync::Arc;
use vault::Keys;

/// What a command wants.
#[derive(Debug)]
pub enum Want {
    /// A new case, and steps right after it.
    Open {
        /// The opening.
        open: Open,
        /// Steps done in the same entry.
        then: Vec<Step>,
        /// Tag of the secret receipt.
        receipt: [u8; 16],
        /// Wrapped data key.
        key: Vec<u8>,
        /// Where it was imported from: source and tag of the number there.
        imported: Option<(String, [u8; 16])>,
        /// What it writes, if that was worked out ahead.
        ahead: Option<Box<Ahead>>,
    },
    /// Steps on a case.
    Act {
        /// The case.
        case: CaseId,
        /// Steps, in order.
        steps: Vec<Step>,
        /// The case named in a case field.
        linked: Option<CaseId>,
        /// What they write, if that was worked out ahead.
        ahead: Option<Box<Ahead>>,
    },
    /// The same case in other hands, because its owner leaves.
    Hand {
        /// The case.
        case: CaseId,
        /// Whose it must be for anything to happen.
        from: AccountId,
        /// Whose it becomes.
        to: Staff,
    },
    /// Something under the rights of the person.
    Right {
        /// The case.
        case: CaseId,
        /// What.
        wish: rights::Wish,
        /// Names of the sealed texts that come with it.
        texts: Vec<Code>,
        /// Tags of a wording that is corrected.
        forget: Vec<[u8; 16]>,
    },
    /// Other people who may know of it.
    Guard {
        /// The case.
        case: CaseId,
        /// The change.
        change: Change,
        /// The command must find so many entries, when it opens a seal: their words are put back.
        version: Option<i64>,
        /// By position of the entry, the line of hashed words that an opened seal puts back.
        lines: Vec<(i64, String)>,
    },
    /// Whatever the time brings.
    Tick {
        /// The case.
        case: CaseId,
    },
    /// The move that somebody has seen and confirmed.
    Move {
        /// The case.
        case: CaseId,
        /// Digest of the deadlines that would change, as they were shown.
        seen: [u8; 32],
    },
}

/// One command, ready to be written.
#[derive(Debug)]
pub struct Command {
    /// Unique; a repetition answers the first result.
    pub id: [u8; 16],
    /// The instant of the decision.
    pub at: Timestamp,
    /// Who wants it.
    pub actor: Actor,
    /// The city.
    pub pack: Arc<Pack>,
    /// The keys, for the code of the entry.
    pub keys: Arc<Keys>,
    /// What is wanted.
    pub want: Want,
    /// The sealed side.
    pub sealed: Sealed,
}
