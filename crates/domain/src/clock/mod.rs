//! Deadlines in working and calendar time. Decides when something is due, how pauses and
//! extensions move it, which light it shows and how often it has escalated.
//!
//! Never reads the time, a file or a database: every moment and every calendar is an argument, so
//! that a year of cases replays twice with the same result. Never guesses: a year without holiday
//! data is an error that names the missing file.
//!
//! Rules: the day of the event is day 0; a deadline in days ends when the offices of its last day
//! close; calendar days roll forward to a working day unless written with `!`. What is not done at
//! the moment it is due is overdue from that moment on. Clocks count whole seconds.

mod calendar;
mod hours;
mod light;
mod run;
mod span;
mod work_time;

use jiff::Timestamp;

pub use calendar::{Calendar, CalendarError, ListedDay, MissingYear, YearDays};
pub use hours::{HoursError, MonthDay, OfficeHours, Season, Session};
pub use light::{Light, Policy, Thresholds, escalation_step_at, escalation_steps};
pub use run::{Clock, Pause, State};
pub use span::{Span, SpanError};
pub use work_time::WorkTime;

/// Seconds of a civil day; the offset of a city is fixed, so every day has as many.
const DAY: i64 = 24 * 60 * 60;

/// Why a clock could not be reckoned or moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The time in question reaches a year without holiday data.
    #[error(transparent)]
    MissingYear(#[from] MissingYear),
    /// The deadline lies beyond the end of all calendars.
    #[error("the deadline lies beyond the last date that can be written")]
    OutOfRange,
    /// A span of zero.
    #[error("a deadline needs a length of at least 1")]
    NoLength,
    /// Pausing or extending what is paused.
    #[error("the clock is paused; resume it first")]
    IsPaused,
    /// Resuming what runs.
    #[error("the clock is running; there is no pause to end")]
    IsRunning,
    /// Moving what has stopped.
    #[error("the clock has stopped and cannot move again")]
    IsStopped,
    /// A pause must have an end, or its case could be forgotten.
    #[error("a pause must end later than it begins")]
    PauseWithoutLength,
    /// More extensions than can be counted.
    #[error("the clock has been extended too often")]
    TooManyExtensions,
}

/// The moment at which a span that starts with the event at `from` is over.
///
/// Working minutes count inside sessions only, from the next session when `from` is outside one.
pub fn due(from: Timestamp, span: Span, time: &WorkTime) -> Result<Timestamp, ClockError> {
    let local = time.local(from);
    let end = span_end(local, local.div_euclid(DAY), span, time)?;
    time.instant(settle(end, span, time)?)
}

/// Whole minutes inside office sessions from `a` to `b`; 0 if `b` is not later.
pub fn working_minutes_between(
    a: Timestamp,
    b: Timestamp,
    time: &WorkTime,
) -> Result<u32, ClockError> {
    let seconds = time.open_between(time.local(a), time.local(b))?;
    u32::try_from(seconds / 60).map_err(|_| ClockError::OutOfRange)
}

/// Where a span ends before rolling: `from` is the local second of the event, `day` its day 0.
fn span_end(from: i64, day: i64, span: Span, time: &WorkTime) -> Result<i64, ClockError> {
    if span.amount() == 0 {
        return Err(ClockError::NoLength);
    }
    Ok(match span {
        Span::WorkingDays(n) => time.close_of(time.workday_after(day, n)?)?,
        Span::WorkingMinutes(n) => time.open_for(from, i64::from(n) * 60)?,
        Span::CalendarDays { days, roll } => {
            let last = day + i64::from(days);
            if roll || time.works_on(last)? { time.close_of(last)? } else { (last + 1) * DAY }
        }
        Span::CalendarMinutes(n) => from + i64::from(n) * 60,
    })
}

/// Rolls an end in calendar days onto a working day: the end itself, lifted to the close of the
/// first working day on or after it. Every other span ends where it ends.
///
/// Taking the later of the two keeps a longer time from ever being due earlier.
fn settle(end: i64, span: Span, time: &WorkTime) -> Result<i64, ClockError> {
    match span {
        Span::CalendarDays { roll: true, .. } => {
            let workday = time.workday_after(end.div_euclid(DAY) - 1, 1)?;
            Ok(end.max(time.close_of(workday)?))
        }
        Span::CalendarDays { roll: false, .. }
        | Span::WorkingDays(_)
        | Span::WorkingMinutes(_)
        | Span::CalendarMinutes(_) => Ok(end),
    }
}
