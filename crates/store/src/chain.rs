//! Tamper evidence: one keyed chain per case, so that writers of different cases never wait for
//! one another, and sealed checkpoints over all entries, so that a whole chain, or the end of one,
//! cannot vanish. The key is not in the database: who writes there without it can neither change
//! nor add an entry unseen.

use domain::case::CaseId;
use sha2::{Digest, Sha256};
use vault::{Keys, Purpose};

/// A code or digest of 256 bits.
pub type Hash = [u8; 32];

/// What comes before the first entry of a case.
pub const START: Hash = [0; 32];

/// One entry of a case, as it is hashed and stored.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Case.
    pub case: CaseId,
    /// Position in the case, from 1.
    pub seq: i64,
    /// Instant in microseconds since 1970.
    pub at: i64,
    /// Who, as JSON.
    pub by: &'a str,
    /// Command.
    pub command: &'a [u8; 16],
    /// Facts, as JSON.
    pub facts: &'a str,
}

impl Link<'_> {
    /// The code of this entry after `before`. Lengths are covered too, so that no two different
    /// entries have the same bytes.
    pub fn code(&self, keys: &Keys, before: &Hash) -> Hash {
        let mut bytes = Vec::with_capacity(96 + self.by.len() + self.facts.len());
        bytes.extend(before);
        for number in [self.case, self.seq, self.at] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.command);
        for text in [self.by, self.facts] {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        keys.mac(Purpose::Entries, &bytes)
    }
}

/// The root over a run of entries: position and hash of each, in order, after the last root.
#[derive(Clone)]
pub struct Root {
    sha: Sha256,
    /// Entries so far.
    pub entries: i64,
}

impl Root {
    /// Starts after an earlier root.
    pub fn after(before: &Hash) -> Self {
        let mut sha = Sha256::new();
        sha.update(before);
        Self { sha, entries: 0 }
    }

    /// Adds one entry.
    pub fn add(&mut self, pos: i64, hash: &[u8]) {
        self.sha.update(pos.to_be_bytes());
        self.sha.update(hash);
        self.entries += 1;
    }

    /// The root.
    pub fn finish(self) -> Hash {
        self.sha.finalize().into()
    }
}
