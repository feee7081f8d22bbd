//! Slows down whoever guesses: after some wrong tries a key must wait. How many are free and how
//! long the waits are is said by whoever asks.
//!
//! Kept in memory: a restart forgets it, and two nodes count apart, which an attacker gains little
//! from, because the waits are long against the tries.

use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Wrong tries are forgotten after so many seconds without another.
const MEMORY: i64 = 3_600;
/// The most keys that are remembered, so that inventing names cannot fill the memory.
const MOST_KEYS: usize = 20_000;

/// How much patience there is with wrong tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// So many wrong tries cost nothing.
    pub free: u32,
    /// The first wait in seconds; each further wrong try doubles it.
    pub first: i64,
    /// The longest wait in seconds; shorter than the memory.
    pub longest: i64,
}

/// Wrong tries by key. Keys are kept as digests, so that no name lies about in memory.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<[u8; 16], Tries>>,
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: i64,
}

impl Throttle {
    /// Seconds that the key must still wait.
    pub(crate) fn wait(&self, key: &str, limit: Limit, now: Timestamp) -> Option<i64> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let one = tries.get(&store::digest(key))?;
        if now.as_second() - one.last >= MEMORY {
            return None;
        }
        let beyond = one.wrong.checked_sub(limit.free)?;
        let wait = (limit.first << beyond.min(8)).min(limit.longest);
        let left = one.last + wait - now.as_second();
        (left > 0).then_some(left)
    }

    /// Remembers a wrong try.
    pub(crate) fn wrong(&self, key: &str, now: Timestamp) {
        let now = now.as_second();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MOST_KEYS {
            tries.retain(|_, t| now - t.last < MEMORY);
        }
        // A flood of made-up names must not fill the memory; forgetting them is the lesser evil.
        if tries.len() >= MOST_KEYS {
            tries.clear();
        }
        let one = tries.entry(store::digest(key)).or_insert(Tries { wrong: 0, last: now });
        if now - one.last >= MEMORY {
            one.wrong = 0;
        }
        *one = Tries { wrong: one.wrong.saturating_add(1), last: now };
    }

    /// Forgets the wrong tries of a key after a right one.
    pub(crate) fn right(&self, key: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&store::digest(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { free: 5, first: 60, longest: 900 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn waits_grow_and_end() {
        let throttle = Throttle::default();
        for second in 0..5 {
            assert_eq!(throttle.wait("a", LIMIT, at(second)), None);
            throttle.wrong("a", at(second));
        }
        assert_eq!(throttle.wait("a", LIMIT, at(4)), Some(60));
        assert_eq!(throttle.wait("b", LIMIT, at(4)), None);
        assert_eq!(throttle.wait("a", LIMIT, at(64)), None);
        throttle.wrong("a", at(64));
        assert_eq!(throttle.wait("a", LIMIT, at(64)), Some(120));
        for _ in 0..20 {
            throttle.wrong("a", at(70));
        }
        assert_eq!(throttle.wait("a", LIMIT, at(70)), Some(900));
        assert_eq!(throttle.wait("a", LIMIT, at(70 + MEMORY)), None);
        throttle.right("a");
        assert_eq!(throttle.wait("a", Limit { free: 0, ..LIMIT }, at(71)), None);
    }

    #[test]
    fn a_flood_of_names_is_forgotten() {
        let throttle = Throttle::default();
        for n in 0..MOST_KEYS + 10 {
            throttle.wrong(&n.to_string(), at(0));
        }
        assert!(throttle.tries.lock().unwrap().len() <= MOST_KEYS);
    }
}
