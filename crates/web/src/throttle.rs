//! Slows down whoever guesses: after some wrong tries a key must wait, longer each time.
//!
//! Kept in memory: a restart forgets it, and two nodes count apart, which an attacker gains little
//! from, because the waits are long against the tries.

use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The first wait in seconds; each further wrong try doubles it.
const FIRST_WAIT: i64 = 60;
/// The longest wait in seconds.
const LONGEST_WAIT: i64 = 900;
/// Wrong tries are forgotten after so many seconds without another.
const MEMORY: i64 = 3_600;
/// The most keys that are remembered, so that inventing names cannot fill the memory.
const MOST_KEYS: usize = 20_000;

/// Wrong tries by key.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<String, Tries>>,
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: i64,
}

impl Throttle {
    /// Seconds that the key must still wait when `free` wrong tries cost nothing.
    pub(crate) fn wait(&self, key: &str, free: u32, now: Timestamp) -> Option<i64> {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let one = tries.get(key).filter(|t| now.as_second() - t.last < MEMORY)?;
        let beyond = one.wrong.checked_sub(free)?;
        let wait = (FIRST_WAIT << beyond.min(8)).min(LONGEST_WAIT);
        let left = one.last + wait - now.as_second();
        (left > 0).then_some(left)
    }

    /// Remembers a wrong try.
    pub(crate) fn wrong(&self, key: &str, now: Timestamp) {
        let now = now.as_second();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MOST_KEYS {
            tries.retain(|_, t| now - t.last < LONGEST_WAIT);
        }
        if tries.len() >= MOST_KEYS {
            tries.clear();
        }
        let one = tries.entry(key.to_owned()).or_insert(Tries { wrong: 0, last: now });
        if now - one.last >= MEMORY {
            one.wrong = 0;
        }
        *one = Tries { wrong: one.wrong.saturating_add(1), last: now };
    }

    /// Forgets the wrong tries of a key after a right one.
    pub(crate) fn right(&self, key: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn waits_grow_and_end() {
        let throttle = Throttle::default();
        for second in 0..5 {
            assert_eq!(throttle.wait("a", 5, at(second)), None);
            throttle.wrong("a", at(second));
        }
        assert_eq!(throttle.wait("a", 5, at(4)), Some(60));
        assert_eq!(throttle.wait("b", 5, at(4)), None);
        assert_eq!(throttle.wait("a", 5, at(64)), None);
        throttle.wrong("a", at(64));
        assert_eq!(throttle.wait("a", 5, at(64)), Some(120));
        for _ in 0..20 {
            throttle.wrong("a", at(70));
        }
        assert_eq!(throttle.wait("a", 5, at(70)), Some(LONGEST_WAIT));
        assert_eq!(throttle.wait("a", 5, at(70 + MEMORY)), None);
        throttle.right("a");
        assert_eq!(throttle.wait("a", 0, at(71)), None);
    }
}
