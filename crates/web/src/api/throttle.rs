//! Slows down guessing: so many failures a minute for one name, then a rest. Kept in memory by
//! each node; a limit that is a few times higher among several nodes still stops a guesser.

use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Failures for one name within a window.
const MOST: u32 = 10;
/// Length of a window in microseconds.
const WINDOW: i64 = 60_000_000;
/// Names that are remembered at once.
const NAMES: usize = 20_000;

/// Failures of the last minute by name. Names are digests, so none lies about in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Throttle(Arc<Mutex<Failures>>);

/// By name: when the window began, and the failures within it.
type Failures = HashMap<[u8; 16], (i64, u32)>;

impl Throttle {
    /// Whether the name has failed too often lately.
    pub(crate) fn is_spent(&self, name: &str, now: Timestamp) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures
            .get(&store::digest(name))
            .is_some_and(|(since, n)| *n >= MOST && now.as_microsecond() - since < WINDOW)
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, name: &str, now: Timestamp) {
        let now = now.as_microsecond();
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= NAMES {
            failures.retain(|_, (since, _)| now - *since < WINDOW);
        }
        // A flood of made-up names must not fill the memory; forgetting them is the lesser evil.
        if failures.len() >= NAMES {
            failures.clear();
        }
        let (since, n) = failures.entry(store::digest(name)).or_insert((now, 0));
        if now - *since >= WINDOW {
            (*since, *n) = (now, 0);
        }
        *n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_a_minute_are_the_most() {
        let throttle = Throttle::default();
        let at = |s: i64| Timestamp::from_second(1_700_000_000 + s).unwrap();
        for n in 0..10 {
            assert!(!throttle.is_spent("a", at(n)));
            throttle.failed("a", at(n));
        }
        assert!(throttle.is_spent("a", at(59)));
        assert!(!throttle.is_spent("b", at(59)));
        assert!(!throttle.is_spent("a", at(60)));
        throttle.failed("a", at(60));
        assert!(!throttle.is_spent("a", at(61)));
    }

    #[test]
    fn a_flood_of_names_is_forgotten() {
        let throttle = Throttle::default();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for n in 0..NAMES + 10 {
            throttle.failed(&n.to_string(), now);
        }
        assert!(throttle.0.lock().unwrap().len() <= NAMES);
    }
}
