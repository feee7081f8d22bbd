//! When offices are open within a day. Decides the sessions of each day of the year by season;
//! never knows which days are worked (that is the calendar).

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// More than morning, afternoon and evening is a slip of the pen.
const MOST_SESSIONS: usize = 3;
/// Seasons are laid out on a leap year, so that 29 February belongs to one of them.
const LEAP_YEAR: i16 = 2024;
const DAYS: usize = 366;

/// Why office hours were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not a day of the year.
    #[error("`{0}` is not a day of the year; write month-day, for example 05-01")]
    MonthDay(String),
    /// Not a session.
    #[error("`{0}` is not a session; write start-end within one day, for example 08:30-12:00")]
    Session(String),
    /// A session ends when or before it starts.
    #[error("the session {0} is empty; it must end after it starts")]
    EmptySession(String),
    /// A season has no session, or too many.
    #[error("the season from {from} has {count} sessions; give 1 to {MOST_SESSIONS}")]
    SessionCount {
        /// First day of the season.
        from: MonthDay,
        /// How many sessions it has.
        count: usize,
    },
    /// Two sessions of a season share time.
    #[error("the sessions {first} and {second} overlap")]
    Overlap {
        /// The earlier session.
        first: Session,
        /// The later session.
        second: Session,
    },
    /// A day of the year belongs to no season.
    #[error("{day} belongs to no season; the seasons must cover the whole year")]
    NoSeason {
        /// The first such day.
        day: MonthDay,
    },
    /// A day of the year belongs to two seasons.
    #[error("{day} belongs to two seasons")]
    TwoSeasons {
        /// The first such day.
        day: MonthDay,
    },
}

/// A day of the year, written `05-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay(Date);

impl MonthDay {
    fn ordinal(self) -> usize {
        usize::try_from(self.0.day_of_year() - 1).unwrap_or_default()
    }

    fn from_ordinal(ordinal: usize) -> Self {
        let days = i64::try_from(ordinal).unwrap_or_default();
        Self(Date::constant(LEAP_YEAR, 1, 1).saturating_add(jiff::Span::new().days(days)))
    }
}

impl FromStr for MonthDay {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let parse = || {
            let (month, day) = text.split_once('-')?;
            Date::new(LEAP_YEAR, month.parse().ok()?, day.parse().ok()?).ok()
        };
        parse().map(Self).ok_or_else(|| HoursError::MonthDay(text.to_owned()))
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.0.month(), self.0.day())
    }
}

/// An open stretch within one day, written `08:30-12:00`; `24:00` may end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Session {
    start_minute: u16,
    end_minute: u16,
}

impl Session {
    fn start_second(self) -> i64 {
        i64::from(self.start_minute) * 60
    }

    fn end_second(self) -> i64 {
        i64::from(self.end_minute) * 60
    }

    fn length_seconds(self) -> i64 {
        self.end_second() - self.start_second()
    }
}

impl FromStr for Session {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let parse = || {
            let (start, end) = text.split_once(['-', '–'])?;
            Some((minute_of_day(start)?, minute_of_day(end)?))
        };
        let (start_minute, end_minute) =
            parse().ok_or_else(|| HoursError::Session(text.to_owned()))?;
        if start_minute >= end_minute {
            return Err(HoursError::EmptySession(text.to_owned()));
        }
        Ok(Self { start_minute, end_minute })
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start_minute, self.end_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let sum = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && sum <= 24 * 60).then_some(sum)
}

/// A part of the year with its own sessions; `from` may lie after `to` (October to April).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// First day.
    pub from: MonthDay,
    /// Last day, included.
    pub to: MonthDay,
    /// One to three sessions.
    pub sessions: Vec<Session>,
}

impl Season {
    fn covers(&self, ordinal: usize) -> bool {
        let (from, to) = (self.from.ordinal(), self.to.ordinal());
        if from <= to { (from..=to).contains(&ordinal) } else { ordinal >= from || ordinal <= to }
    }

    fn check(mut self) -> Result<Self, HoursError> {
        let count = self.sessions.len();
        if !(1..=MOST_SESSIONS).contains(&count) {
            return Err(HoursError::SessionCount { from: self.from, count });
        }
        self.sessions.sort_unstable();
        for pair in self.sessions.windows(2) {
            if let &[first, second] = pair
                && second.start_minute < first.end_minute
            {
                return Err(HoursError::Overlap { first, second });
            }
        }
        Ok(self)
    }

    /// Open seconds of a whole day.
    pub(super) fn open_seconds(&self) -> i64 {
        self.sessions.iter().map(|session| session.length_seconds()).sum()
    }

    /// Open seconds from midnight up to `second` of the day.
    pub(super) fn opened_by(&self, second: i64) -> i64 {
        let share = |s: &Session| (second - s.start_second()).clamp(0, s.length_seconds());
        self.sessions.iter().map(share).sum()
    }

    /// The first second of the day by which `opened` seconds (more than none) have been open;
    /// the close if the day is shorter than that.
    pub(super) fn second_when(&self, mut opened: i64) -> i64 {
        for session in &self.sessions {
            if opened <= session.length_seconds() {
                return session.start_second() + opened;
            }
            opened -= session.length_seconds();
        }
        self.close_second()
    }

    /// The second of the day at which the last session ends.
    pub(super) fn close_second(&self) -> i64 {
        self.sessions.last().map_or(0, |session| session.end_second())
    }
}

/// The sessions of every day of the year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Season>", into = "Vec<Season>")]
pub struct OfficeHours {
    seasons: Vec<Season>,
    /// Season of each day of a leap year.
    by_day: Vec<u16>,
}

impl OfficeHours {
    /// Refuses empty or overlapping sessions and days with no season or two.
    pub fn new(seasons: Vec<Season>) -> Result<Self, HoursError> {
        let seasons = seasons.into_iter().map(Season::check).collect::<Result<Vec<_>, _>>()?;
        let mut by_day = Vec::with_capacity(DAYS);
        for ordinal in 0..DAYS {
            let day = MonthDay::from_ordinal(ordinal);
            let mut owners = (0u16..).zip(&seasons).filter(|(_, season)| season.covers(ordinal));
            let (owner, _) = owners.next().ok_or(HoursError::NoSeason { day })?;
            if owners.next().is_some() {
                return Err(HoursError::TwoSeasons { day });
            }
            by_day.push(owner);
        }
        Ok(Self { seasons, by_day })
    }

    /// The season that a day belongs to.
    pub fn season(&self, date: Date) -> &Season {
        self.at(self.season_index(date))
    }

    /// Invariant: `index` came from `season_index` of the same office hours.
    pub(super) fn at(&self, index: u16) -> &Season {
        &self.seasons[usize::from(index)]
    }

    pub(super) fn season_index(&self, date: Date) -> u16 {
        let ordinal = usize::try_from(date.day_of_year() - 1).unwrap_or_default();
        let leap_gap = usize::from(!date.in_leap_year() && date.month() > 2);
        self.by_day[ordinal + leap_gap]
    }
}

macro_rules! through_text {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = HoursError;
            fn try_from(text: String) -> Result<Self, HoursError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    )*};
}
through_text!(MonthDay, Session);

impl TryFrom<Vec<Season>> for OfficeHours {
    type Error = HoursError;

    fn try_from(seasons: Vec<Season>) -> Result<Self, HoursError> {
        Self::new(seasons)
    }
}

impl From<OfficeHours> for Vec<Season> {
    fn from(hours: OfficeHours) -> Self {
        hours.seasons
    }
}
