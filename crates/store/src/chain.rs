//! Tamper evidence: one hash chain per case, so that writers of different cases never wait for
//! one another, and sealed checkpoints over all entries, so that a whole chain cannot vanish.

use domain::case::CaseId;
use sha2::{Digest, Sha256};

/// A SHA-256 value.
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
    /// The hash of this entry after `before`. Lengths are hashed too, so that no two different
    /// entries have the same bytes.
    pub fn hash(&self, before: &Hash) -> Hash {
        let mut sha = Sha256::new();
        sha.update(before);
        sha.update(self.case.to_be_bytes());
        sha.update(self.seq.to_be_bytes());
        sha.update(self.at.to_be_bytes());
        sha.update(self.command);
        for text in [self.by, self.facts] {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text);
        }
        sha.finalize().into()
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
