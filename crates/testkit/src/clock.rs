//! A clock that moves only when told to.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};

/// The time of a test. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<Timestamp>>);

impl Clock {
    /// A clock that stands at this instant, for example `2025-03-03T09:00+08:00`.
    ///
    /// # Panics
    /// When it is no instant.
    pub fn at(instant: &str) -> Self {
        Self(Arc::new(Mutex::new(parse(instant))))
    }

    /// The instant it shows.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it to an instant.
    ///
    /// # Panics
    /// When it is no instant.
    pub fn set(&self, instant: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = parse(instant);
    }

    /// Moves it to an instant that something else named.
    pub fn set_to(&self, instant: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }

    /// Moves it on.
    ///
    /// # Panics
    /// Beyond the end of time.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).expect("an instant that can be written");
    }

    /// Moves it on by hours.
    ///
    /// # Panics
    /// Beyond the end of time.
    pub fn advance_hours(&self, hours: i64) {
        self.advance(SignedDuration::from_hours(hours));
    }
}

fn parse(instant: &str) -> Timestamp {
    instant.parse().unwrap_or_else(|e| panic!("{instant}: {e}"))
}
