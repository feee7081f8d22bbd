//! How long a deadline is, and how that is written in a pack. Decides nothing about dates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const UNITS: &str = "wd (working days), wh or wm (working hours or minutes), d (calendar days, \
                     rolled to a working day), d! (calendar days as they fall), h or m (hours or \
                     minutes)";

/// The length of a deadline; written `3wd`, `8wh`, `30wm`, `60d`, `60d!`, `24h`, `30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Span {
    /// Whole working days after the day of the event.
    WorkingDays(u32),
    /// Minutes inside office sessions.
    WorkingMinutes(u32),
    /// Calendar days after the day of the event.
    CalendarDays {
        /// How many.
        days: u32,
        /// Whether a last day of rest rolls forward to the next working day.
        roll: bool,
    },
    /// Minutes around the clock.
    CalendarMinutes(u32),
}

impl Span {
    /// Whether only office time counts.
    pub fn is_working(self) -> bool {
        match self {
            Self::WorkingDays(_) | Self::WorkingMinutes(_) => true,
            Self::CalendarDays { .. } | Self::CalendarMinutes(_) => false,
        }
    }

    /// The number in front of the unit: days, or minutes.
    pub(super) fn amount(self) -> u32 {
        match self {
            Self::WorkingDays(n) | Self::WorkingMinutes(n) | Self::CalendarMinutes(n) => n,
            Self::CalendarDays { days, .. } => days,
        }
    }
}

/// Why a text is not a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// No number in front.
    #[error("`{0}` is not a length of time; write a whole number and a unit, for example 3wd")]
    NoNumber(String),
    /// The number does not fit.
    #[error("`{0}` is too long a time")]
    TooLong(String),
    /// A deadline of no length.
    #[error("`{0}` has no length; a deadline is at least 1 of its unit")]
    Zero(String),
    /// Not one of the units.
    #[error("`{0}` has an unknown unit; use {UNITS}")]
    Unit(String),
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let owned = || text.to_owned();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(SpanError::NoNumber(owned()));
        }
        let n: u32 = number.parse().map_err(|_| SpanError::TooLong(owned()))?;
        if n == 0 {
            return Err(SpanError::Zero(owned()));
        }
        let minutes = || n.checked_mul(60).ok_or_else(|| SpanError::TooLong(owned()));
        Ok(match unit {
            "wd" => Self::WorkingDays(n),
            "wh" => Self::WorkingMinutes(minutes()?),
            "wm" => Self::WorkingMinutes(n),
            "d" => Self::CalendarDays { days: n, roll: true },
            "d!" => Self::CalendarDays { days: n, roll: false },
            "h" => Self::CalendarMinutes(minutes()?),
            "m" => Self::CalendarMinutes(n),
            _ => return Err(SpanError::Unit(owned())),
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WorkingDays(n) => write!(f, "{n}wd"),
            Self::WorkingMinutes(n) if n.is_multiple_of(60) => write!(f, "{}wh", n / 60),
            Self::WorkingMinutes(n) => write!(f, "{n}wm"),
            Self::CalendarDays { days, roll: true } => write!(f, "{days}d"),
            Self::CalendarDays { days, roll: false } => write!(f, "{days}d!"),
            Self::CalendarMinutes(n) if n.is_multiple_of(60) => write!(f, "{}h", n / 60),
            Self::CalendarMinutes(n) => write!(f, "{n}m"),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}
