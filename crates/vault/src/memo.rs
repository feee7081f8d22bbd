//! Hashes of words that were made lately. The words of a language come again and again, and to make
//! the keyed hash of one costs many times what remembering it does.
//!
//! Invariant: no word lies in this memory, only what cannot be turned back without its random keys;
//! and what is remembered is always what would have been made. Two words would have to agree in 128
//! bits that nobody can choose to be taken for each other.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

/// Places that are locked together, so that those who write side by side seldom meet.
const SHARDS: usize = 64;
/// Words that each of them remembers; 1.5 MB in all.
const SLOTS: usize = 1024;

/// A word that was hashed, and its hash; nothing while both marks are zero.
#[derive(Clone, Copy, Default)]
struct Slot {
    marks: [u64; 2],
    hash: u64,
}

/// What was hashed lately. A newer word takes the place of an older one.
pub(crate) struct Memo {
    states: [RandomState; 2],
    shards: Vec<Mutex<Vec<Slot>>>,
}

impl Memo {
    pub(crate) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(Vec::new())).collect();
        Self { states: [RandomState::new(), RandomState::new()], shards }
    }

    /// The hash of a word, made anew where it is not remembered.
    pub(crate) fn of(&self, word: &str, make: impl FnOnce() -> u64) -> u64 {
        let marks = [self.states[0].hash_one(word), self.states[1].hash_one(word)];
        let place = usize::try_from(marks[0] % (SHARDS * SLOTS) as u64).unwrap_or(0);
        let Some(shard) = self.shards.get(place / SLOTS) else { return make() };
        let mut slots = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.is_empty() {
            slots.resize(SLOTS, Slot::default());
        }
        let slot = &mut slots[place % SLOTS];
        if slot.marks != marks || marks == [0, 0] {
            *slot = Slot { marks, hash: make() };
        }
        slot.hash
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_is_remembered_is_what_would_have_been_made() {
        let (memo, made) = (Memo::new(), Cell::new(0));
        let of = |n: u64| {
            memo.of(&format!("词{n}"), || {
                made.set(made.get() + 1);
                n
            })
        };
        // More words than places, so that many are forgotten.
        for round in 0..2 {
            for n in 0..100_000 {
                assert_eq!(of(n), n, "round {round}");
            }
        }
        assert!(made.get() > 100_000, "nothing is forgotten");
        let before = made.get();
        assert!((0..100).all(|_| of(7) == 7));
        assert!(made.get() <= before + 1, "nothing is remembered");
    }

    #[test]
    fn those_who_write_side_by_side_get_what_is_theirs() {
        let memo = Memo::new();
        std::thread::scope(|scope| {
            for first in 0..4 {
                let memo = &memo;
                scope.spawn(move || {
                    for n in (first..20_000).chain(0..first) {
                        assert_eq!(memo.of(&n.to_string(), || n), n);
                    }
                });
            }
        });
    }
}
