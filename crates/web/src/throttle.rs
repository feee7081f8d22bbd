//! Slows down whoever comes too often. Two kinds of patience share one memory: with wrong tries the
//! waits grow, with anything else so much may come at once and then one after the other.
//!
//! Kept in memory, and keys as digests only: a restart forgets it, and two nodes count apart, which
//! an attacker gains little from, because the waits are long against the tries.

use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Wrong tries are forgotten after so many milliseconds without another.
const MEMORY: i64 = 3_600_000;
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

/// How often something may be done that is not wrong in itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// So many at once.
    pub burst: u32,
    /// Then one in so many milliseconds.
    pub every: i64,
}

/// What was done under a key.
#[derive(Debug, Clone, Copy)]
struct Count {
    n: u32,
    /// The last wrong try, or the instant up to which a rate has been counted; in milliseconds.
    last: i64,
}

/// Counts by key. Keys are kept as digests, so that no name and no address lies about in memory.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    counts: Mutex<HashMap<[u8; 16], Count>>,
}

impl Throttle {
    /// Seconds that the key must still wait after wrong tries.
    pub(crate) fn wait(&self, key: &str, limit: Limit, now: Timestamp) -> Option<i64> {
        let now = now.as_millisecond();
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let one = counts.get(&store::digest(key))?;
        if now - one.last >= MEMORY {
            return None;
        }
        let beyond = one.n.checked_sub(limit.free)?;
        let wait = (limit.first << beyond.min(8)).min(limit.longest);
        let left = one.last + wait * 1_000 - now;
        (left > 0).then_some((left + 999) / 1_000)
    }

    /// Remembers a wrong try.
    pub(crate) fn wrong(&self, key: &str, now: Timestamp) {
        let now = now.as_millisecond();
        self.count(key, now, |one| {
            let before = if now - one.last >= MEMORY { 0 } else { one.n };
            *one = Count { n: before.saturating_add(1), last: now };
        });
    }

    /// Forgets the wrong tries of a key after a right one.
    pub(crate) fn right(&self, key: &str) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(&store::digest(key));
    }

    /// Counts one more, unless it is too many.
    ///
    /// # Errors
    /// The seconds to wait.
    pub(crate) fn take(&self, key: &str, rate: Rate, now: Timestamp) -> Result<(), i64> {
        let now = now.as_millisecond();
        self.count(key, now, |one| {
            let gone = (now - one.last).max(0) / rate.every;
            let left = i64::from(one.n) - gone;
            if left <= 0 {
                *one = Count { n: 1, last: now };
                return Ok(());
            }
            one.last += gone * rate.every;
            one.n = u32::try_from(left).unwrap_or(u32::MAX);
            if one.n < rate.burst {
                one.n += 1;
                return Ok(());
            }
            Err((one.last + rate.every - now + 999) / 1_000)
        })
    }

    fn count<T>(&self, key: &str, now: i64, then: impl FnOnce(&mut Count) -> T) -> T {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST_KEYS {
            counts.retain(|_, one| now - one.last < MEMORY);
        }
        // A flood of made-up names must not fill the memory; forgetting them is the lesser evil.
        if counts.len() >= MOST_KEYS {
            counts.clear();
        }
        then(counts.entry(store::digest(key)).or_insert(Count { n: 0, last: now }))
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
        assert_eq!(throttle.wait("a", LIMIT, at(70 + MEMORY / 1_000)), None);
        throttle.right("a");
        assert_eq!(throttle.wait("a", Limit { free: 0, ..LIMIT }, at(71)), None);
    }

    #[test]
    fn so_many_come_at_once_and_then_one_after_the_other() {
        let throttle = Throttle::default();
        let rate = Rate { burst: 3, every: 10_000 };
        let take = |second| throttle.take("a", rate, at(second));
        for _ in 0..3 {
            assert_eq!(take(100), Ok(()));
        }
        assert_eq!(take(100), Err(10));
        assert_eq!(take(104), Err(6));
        assert_eq!(throttle.take("b", rate, at(104)), Ok(()));
        assert_eq!(take(110), Ok(()));
        assert_eq!(take(111), Err(9), "what is refused costs nothing");
        assert_eq!(take(120), Ok(()));
        for _ in 0..3 {
            assert_eq!(take(500), Ok(()));
        }
        assert_eq!(take(500), Err(10), "no more than a burst is saved up");
    }

    #[test]
    fn a_flood_of_names_is_forgotten() {
        let throttle = Throttle::default();
        for n in 0..MOST_KEYS + 10 {
            throttle.wrong(&n.to_string(), at(0));
        }
        assert!(throttle.counts.lock().unwrap().len() <= MOST_KEYS);
    }
}
