//! The keys in memory: numbered wrapping keys, and one subkey per purpose derived from the root.
//!
//! The root never rotates, because blind indexes and search words made with it would have to be
//! computed again from every text; wrapping keys rotate freely. Nothing here prints a secret.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::memo::Memo;
use crate::suite::{Prf, Secret, Suite};

/// What a message authentication code is for. Codes of one purpose mean nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The secret receipt with which a citizen follows an appeal.
    Receipts,
    /// The entries of the event chains, each over the one before.
    Entries,
    /// Sealed checkpoints over the event chains.
    Checkpoints,
    /// Session tokens and other bearer secrets, stored only as codes.
    Sessions,
    /// Certificates that cases were erased.
    Certificates,
}

/// Every key of one installation.
pub struct Keys {
    suite: Suite,
    ring: RwLock<Arc<Ring>>,
    /// The file that they were read from, to be read again when it has changed.
    pub(crate) source: Option<Source>,
    /// Tells this root from another without showing it.
    pub(crate) root_mark: [u8; 32],
    pub(crate) blind: Prf,
    pub(crate) words: Prf,
    pub(crate) hashed: Memo,
    pub(crate) numbers: Prf,
    receipts: Prf,
    entries: Prf,
    checkpoints: Prf,
    sessions: Prf,
    certificates: Prf,
}

/// The numbered wrapping keys at one moment; they rotate while the program runs.
pub(crate) struct Ring {
    wrapping: BTreeMap<u16, Secret>,
    newest: (u16, Secret),
}

impl Ring {
    pub(crate) fn newest(&self) -> (u16, &Secret) {
        (self.newest.0, &self.newest.1)
    }

    pub(crate) fn get(&self, number: u16) -> Option<&Secret> {
        self.wrapping.get(&number)
    }
}

/// The key file, and when it was last changed as far as these keys know.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) changed: Mutex<Option<SystemTime>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("suite", &self.suite)
            .field("wrapping", &self.ring().wrapping.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// `None` when there is no wrapping key.
    pub(crate) fn derive(
        suite: Suite,
        root: &Secret,
        wrapping: BTreeMap<u16, Secret>,
    ) -> Option<Self> {
        let newest = wrapping.last_key_value().map(|(&number, key)| (number, key.clone()))?;
        let root = Prf::new(suite, root);
        // The root is uniformly random, so one keyed step (the expand half of HKDF) is enough.
        let subkey = |label: &str| {
            let message = format!("xiaohe subkey v1 {label}");
            Prf::new(suite, &Zeroizing::new(root.of(message.as_bytes())))
        };
        Some(Self {
            suite,
            ring: RwLock::new(Arc::new(Ring { wrapping, newest })),
            source: None,
            root_mark: root.of(b"xiaohe subkey v1 mark of the root"),
            blind: subkey("blind index"),
            words: subkey("search words"),
            hashed: Memo::new(),
            numbers: subkey("case numbers"),
            receipts: subkey("receipts"),
            entries: subkey("entries"),
            checkpoints: subkey("checkpoints"),
            sessions: subkey("sessions"),
            certificates: subkey("certificates"),
        })
    }

    /// The suite that protects new data.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// A 256-bit authentication code of `message`.
    pub fn mac(&self, purpose: Purpose, message: &[u8]) -> [u8; 32] {
        self.prf(purpose).of(message)
    }

    /// Whether `tag` is the whole code of `message`; takes the same time for every wrong tag.
    pub fn verify(&self, purpose: Purpose, message: &[u8], tag: &[u8]) -> bool {
        self.prf(purpose).verify(message, tag)
    }

    /// The wrapping keys as they are now.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the wrapping keys of another reading of the same file.
    pub(crate) fn take_ring(&self, other: &Self) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = other.ring();
    }

    /// The number of the wrapping key under which new data keys are wrapped.
    pub fn newest_number(&self) -> u16 {
        self.ring().newest.0
    }

    /// Whether a wrapping key of this number is at hand.
    pub fn holds(&self, number: u16) -> bool {
        self.ring().wrapping.contains_key(&number)
    }

    fn prf(&self, purpose: Purpose) -> &Prf {
        match purpose {
            Purpose::Receipts => &self.receipts,
            Purpose::Entries => &self.entries,
            Purpose::Checkpoints => &self.checkpoints,
            Purpose::Sessions => &self.sessions,
            Purpose::Certificates => &self.certificates,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_do_not_mix() {
        let text = format!("root = {}\nwrap.1 = {}", "01".repeat(32), "02".repeat(32));
        let keys = Keys::parse(&text).unwrap();
        let tag = keys.mac(Purpose::Receipts, b"m");
        assert!(keys.verify(Purpose::Receipts, b"m", &tag));
        assert!(!keys.verify(Purpose::Sessions, b"m", &tag));
        assert!(!keys.verify(Purpose::Checkpoints, b"m", &tag));
        assert!(!keys.verify(Purpose::Entries, b"m", &tag));
        assert!(!keys.verify(Purpose::Receipts, b"m", &tag[..16]));
    }
}
