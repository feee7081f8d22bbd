//! One running deadline of a case. Decides which moves are possible and where they put the end;
//! never decides who may make them, how often, or for how long (workflow guards do).
//!
//! A clock keeps its facts (start, span, extensions, pauses) and the end that was told to the
//! citizen. The end is always reckoned anew from the facts, so two pauses move it exactly as far
//! as one pause of both lengths, and a change of policy can be previewed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ClockError, DAY, Span, WorkTime, settle, span_end};

/// What a clock is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Time counts.
    Running,
    /// Time stands still, by approval, no longer than `until`.
    Paused {
        /// When time stopped counting.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        since: Timestamp,
        /// The approved end of the pause.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        until: Timestamp,
    },
    /// Done; the clock never moves again.
    Stopped {
        /// When it stopped.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
    },
}

/// A pause that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When time stopped counting.
    #[serde(rename = "f", with = "jiff::fmt::serde::timestamp::second::required")]
    pub from: Timestamp,
    /// When it counted again.
    #[serde(rename = "t", with = "jiff::fmt::serde::timestamp::second::required")]
    pub to: Timestamp,
}

/// A deadline with its history. Moments are whole seconds; stored as JSON on its case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    #[serde(rename = "c")]
    code: String,
    #[serde(rename = "s", with = "jiff::fmt::serde::timestamp::second::required")]
    started: Timestamp,
    #[serde(rename = "n")]
    span: Span,
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    extensions: Vec<Span>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pauses: Vec<Pause>,
    #[serde(rename = "d", with = "jiff::fmt::serde::timestamp::second::required")]
    due: Timestamp,
    #[serde(rename = "z")]
    state: State,
}

impl Clock {
    /// Starts the clock that the pack calls `code` with the event at `now`.
    pub fn start(
        code: impl Into<String>,
        now: Timestamp,
        span: Span,
        time: &WorkTime,
    ) -> Result<Self, ClockError> {
        let started = whole_second(now);
        Ok(Self {
            code: code.into(),
            started,
            span,
            extensions: Vec::new(),
            pauses: Vec::new(),
            due: super::due(started, span, time)?,
            state: State::Running,
        })
    }

    /// Stops time until it is resumed, or until `until` if nobody resumes it.
    ///
    /// A `now` before the last move counts as that move: clocks of two nodes differ a little.
    pub fn pause(&self, now: Timestamp, until: Timestamp) -> Result<Self, ClockError> {
        self.running()?;
        let (since, until) = (self.not_before_last(now), whole_second(until));
        if until <= since {
            return Err(ClockError::PauseWithoutLength);
        }
        Ok(Self { state: State::Paused { since, until }, ..self.clone() })
    }

    /// Lets time count again. The end moves by exactly the time paused (office time for a working
    /// span, any time for a calendar span) and then rolls again. Time after the approved end of
    /// the pause counts as running, so resuming late gives nobody extra time.
    pub fn resume(&self, now: Timestamp, time: &WorkTime) -> Result<Self, ClockError> {
        let State::Paused { since: from, until } = self.state else {
            return Err(self.refusal());
        };
        let to = self.not_before_last(now).min(until);
        let mut next = Self { state: State::Running, ..self.clone() };
        if from < to {
            next.pauses.push(Pause { from, to });
            next.due = next.reckon(time)?;
        }
        Ok(next)
    }

    /// Adds `by` to the end. How many extensions are allowed is the caller's rule; see `extended`.
    pub fn extend(&self, by: Span, time: &WorkTime) -> Result<Self, ClockError> {
        self.running()?;
        if self.extended() == u8::MAX {
            return Err(ClockError::TooManyExtensions);
        }
        let mut next = self.clone();
        next.extensions.push(by);
        next.due = next.reckon(time)?;
        Ok(next)
    }

    /// Ends the clock; a paused clock may be stopped too (a case is withdrawn).
    pub fn stop(&self, now: Timestamp) -> Result<Self, ClockError> {
        match self.state {
            State::Stopped { .. } => Err(ClockError::IsStopped),
            State::Running | State::Paused { .. } => {
                Ok(Self { state: State::Stopped { at: self.not_before_last(now) }, ..self.clone() })
            }
        }
    }

    /// The same clock under a changed policy: another span, or other working time. Its `due` shows
    /// what the change would move; the caller stores it only once a person confirmed it.
    pub fn under(&self, span: Span, time: &WorkTime) -> Result<Self, ClockError> {
        if let State::Stopped { .. } = self.state {
            return Err(ClockError::IsStopped);
        }
        let mut next = Self { span, ..self.clone() };
        next.due = next.reckon(time)?;
        Ok(next)
    }

    /// The same clock under the name that a changed pack gives it.
    #[must_use]
    pub fn renamed(&self, code: impl Into<String>) -> Self {
        Self { code: code.into(), ..self.clone() }
    }

    /// The clock's name in the pack.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// When it was started.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// Its length without extensions.
    pub fn span(&self) -> Span {
        self.span
    }

    /// When time is up. A paused clock keeps the end it had; resuming moves it.
    pub fn due(&self) -> Timestamp {
        self.due
    }

    /// Running, paused or stopped.
    pub fn state(&self) -> State {
        self.state
    }

    /// How often it was extended.
    pub fn extended(&self) -> u8 {
        u8::try_from(self.extensions.len()).unwrap_or(u8::MAX)
    }

    /// Pauses that are over, oldest first.
    pub fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// When a paused clock must be resumed if nobody did, so that no pause is forgotten.
    pub fn resumes_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Paused { until, .. } => Some(until),
            State::Running | State::Stopped { .. } => None,
        }
    }

    /// The moment that the clock shows at `now`: `now`, or when it was paused or stopped.
    pub(super) fn shows(&self, now: Timestamp) -> Timestamp {
        match self.state {
            State::Running => now,
            State::Paused { since, .. } => since,
            State::Stopped { at } => at,
        }
    }

    /// The local second of the end had there been no pause: what "the whole of the time" means.
    pub(super) fn unpaused_end(&self, time: &WorkTime) -> Result<i64, ClockError> {
        settle(self.granted_end(time)?, self.span, time)
    }

    fn reckon(&self, time: &WorkTime) -> Result<Timestamp, ClockError> {
        let mut end = self.granted_end(time)?;
        let mut paused = 0;
        for pause in &self.pauses {
            let (from, to) = (time.local(pause.from), time.local(pause.to));
            paused += if self.span.is_working() { time.open_between(from, to)? } else { to - from };
        }
        end = if self.span.is_working() { time.open_for(end, paused)? } else { end + paused };
        time.instant(settle(end, self.span, time)?)
    }

    /// The end of span and extensions, before pauses and rolling.
    fn granted_end(&self, time: &WorkTime) -> Result<i64, ClockError> {
        let started = time.local(self.started);
        let mut end = span_end(started, started.div_euclid(DAY), self.span, time)?;
        for &by in &self.extensions {
            // An end at midnight is the 24:00 of the day before, and that day is day 0.
            end = span_end(end, (end - 1).div_euclid(DAY), by, time)?;
        }
        Ok(end)
    }

    fn running(&self) -> Result<(), ClockError> {
        match self.state {
            State::Running => Ok(()),
            State::Paused { .. } | State::Stopped { .. } => Err(self.refusal()),
        }
    }

    fn refusal(&self) -> ClockError {
        match self.state {
            State::Running => ClockError::IsRunning,
            State::Paused { .. } => ClockError::IsPaused,
            State::Stopped { .. } => ClockError::IsStopped,
        }
    }

    fn not_before_last(&self, now: Timestamp) -> Timestamp {
        let last = match self.state {
            State::Running => self.pauses.last().map_or(self.started, |pause| pause.to),
            State::Paused { since, .. } => since,
            State::Stopped { at } => at,
        };
        whole_second(now).max(last)
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
