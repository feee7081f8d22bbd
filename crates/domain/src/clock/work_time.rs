//! Working time of one city as one table. Decides where working days and open seconds fall on
//! the time line; never knows deadlines. Every question is a look-up or a binary search, because
//! the intake path asks for each new case.
//!
//! Inside, a moment is a *local second* (seconds since 1970-01-01 00:00 on the city's wall) and a
//! day is its number since 1970-01-01.

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, MissingYear, YearDays};
use super::hours::{OfficeHours, Season};
use super::{ClockError, DAY};

/// Calendar, office hours and UTC offset of a city, put together for counting.
///
/// Immutable: build it once per pack and share it by reference or `Arc`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct WorkTime {
    calendar: Calendar,
    hours: OfficeHours,
    offset: Offset,
    runs: Vec<Run>,
}

/// Working time as it is stored.
#[derive(Serialize, Deserialize)]
struct Written {
    calendar: Vec<YearDays>,
    hours: OfficeHours,
    offset_seconds: i32,
}

impl From<WorkTime> for Written {
    fn from(time: WorkTime) -> Self {
        Self {
            calendar: time.calendar.listed_years(),
            hours: time.hours,
            offset_seconds: time.offset.seconds(),
        }
    }
}

impl TryFrom<Written> for WorkTime {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let calendar = Calendar::new(written.calendar).map_err(|e| e.to_string())?;
        let offset = Offset::from_seconds(written.offset_seconds).map_err(|e| e.to_string())?;
        Ok(Self::new(calendar, written.hours, offset))
    }
}

/// Consecutive years with data. A gap between runs is unknown time that nothing counts across.
#[derive(Clone, Debug)]
struct Run {
    first_day: i64,
    last_year: i16,
    /// One row a day, and a last one (no day of work) that closes the sums.
    rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    /// Open seconds of the run before this day.
    opened: i64,
    /// Working days of the run before this day.
    worked: u32,
    season: u16,
    workday: bool,
}

impl WorkTime {
    /// Builds the table; `offset` is the fixed UTC offset of the city.
    pub fn new(calendar: Calendar, hours: OfficeHours, offset: Offset) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for year in calendar.years() {
            let follows = runs.last().is_some_and(|run| run.last_year + 1 == year);
            let mut run = runs.pop_if(|_| follows).unwrap_or_else(|| Run::before(year));
            run.append(year, &calendar, &hours);
            runs.push(run);
        }
        Self { calendar, hours, offset, runs }
    }

    /// The same working time, and beside it the years that only `later` knows. No deadline can
    /// have been told in a year without data, so knowing more years moves none.
    #[must_use]
    pub fn with_years_of(&self, later: &Self) -> Self {
        let mut years = self.calendar.listed_years();
        let known: Vec<i16> = self.calendar.years().collect();
        years
            .extend(later.calendar.listed_years().into_iter().filter(|y| !known.contains(&y.year)));
        match Calendar::new(years) {
            Ok(calendar) => Self::new(calendar, self.hours.clone(), self.offset),
            // Each year is given once and was accepted before.
            Err(_) => self.clone(),
        }
    }

    /// The days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The sessions.
    pub fn hours(&self) -> &OfficeHours {
        &self.hours
    }

    /// The offset of the city's wall clock from UTC.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// The local second in which a moment falls; parts of a second are dropped.
    pub(super) fn local(&self, at: Timestamp) -> i64 {
        at.as_second() + i64::from(self.offset.seconds())
    }

    /// The moment at which a local second begins.
    pub(super) fn instant(&self, local: i64) -> Result<Timestamp, ClockError> {
        Timestamp::from_second(local.saturating_sub(i64::from(self.offset.seconds())))
            .map_err(|_| ClockError::OutOfRange)
    }

    /// The civil year of a moment on the city's wall.
    pub(super) fn year_at(&self, at: Timestamp) -> i16 {
        year_of(self.local(at).div_euclid(DAY))
    }

    /// Whether the day is worked.
    pub(super) fn works_on(&self, day: i64) -> Result<bool, MissingYear> {
        self.row(day).map(|row| row.workday)
    }

    /// The local second at which the last session of the day's season ends, worked or not.
    pub(super) fn close_of(&self, day: i64) -> Result<i64, MissingYear> {
        Ok(day * DAY + self.hours.at(self.row(day)?.season).close_second())
    }

    /// The `n`-th working day after `day`, for `n` of 1 or more.
    pub(super) fn workday_after(&self, day: i64, n: u32) -> Result<i64, MissingYear> {
        let next = day.saturating_add(1);
        let run = self.run_touching(next)?;
        run.workday_number(run.row_at(next).worked.saturating_add(n)).ok_or(run.missing_after())
    }

    /// How many working days lie after day `a` and up to day `b`, included; 0 if `b` is before.
    pub(super) fn workdays_after(&self, a: i64, b: i64) -> Result<u32, MissingYear> {
        let (a, b) = (a.saturating_add(1), b.saturating_add(1));
        let run = self.run_spanning(a, b.max(a))?;
        Ok(run.row_at(b.max(a)).worked - run.row_at(a).worked)
    }

    /// The first day after which no more than `n` working days are left up to `last`, included;
    /// for a stretch of known time that holds more than `n` of them.
    pub(super) fn day_with_left(&self, last: i64, n: u32) -> Result<i64, MissingYear> {
        let next = last.saturating_add(1);
        let run = self.run_touching(next)?;
        run.workday_number(run.row_at(next).worked.saturating_sub(n)).ok_or(run.missing_before())
    }

    /// Open seconds from `a` to `b`; 0 if `b` is not later.
    pub(super) fn open_between(&self, a: i64, b: i64) -> Result<i64, MissingYear> {
        if b <= a {
            return Ok(0);
        }
        let run = self.run_spanning(a.div_euclid(DAY), b.div_euclid(DAY))?;
        Ok(run.opened_by(b, &self.hours) - run.opened_by(a, &self.hours))
    }

    /// The first moment by which offices were open for `seconds` since `from`.
    pub(super) fn open_for(&self, from: i64, seconds: i64) -> Result<i64, MissingYear> {
        if seconds == 0 {
            return Ok(from);
        }
        let run = self.run_touching(from.div_euclid(DAY))?;
        run.moment_opened(run.opened_by(from, &self.hours) + seconds, &self.hours)
            .ok_or(run.missing_after())
    }

    /// The first moment from which offices are open for no more than `seconds` until `end`.
    /// Never earlier than the first day with data.
    pub(super) fn open_left(&self, end: i64, seconds: i64) -> Result<i64, MissingYear> {
        let run = self.run_touching(end.div_euclid(DAY))?;
        let opened = run.opened_by(end, &self.hours) - seconds;
        if opened <= 0 {
            return Ok(run.first_day * DAY);
        }
        run.moment_opened(opened, &self.hours).ok_or(run.missing_after())
    }

    fn row(&self, day: i64) -> Result<Row, MissingYear> {
        let run = self.run_touching(day)?;
        if day == run.end_day() { Err(run.missing_after()) } else { Ok(run.row_at(day)) }
    }

    /// The run that knows everything before `day`: a day with data, or the one right after.
    fn run_touching(&self, day: i64) -> Result<&Run, MissingYear> {
        let touches = |run: &&Run| (run.first_day..=run.end_day()).contains(&day);
        self.runs.iter().find(touches).ok_or_else(|| MissingYear { year: year_of(day) })
    }

    fn run_spanning(&self, a: i64, b: i64) -> Result<&Run, MissingYear> {
        let run = self.run_touching(a)?;
        if b > run.end_day() { Err(run.missing_after()) } else { Ok(run) }
    }
}

impl Run {
    /// An empty run that `year` can be appended to.
    fn before(year: i16) -> Self {
        let first_day = day_number(Date::constant(year, 1, 1));
        Self { first_day, last_year: year, rows: vec![Row::CLOSING] }
    }

    fn append(&mut self, year: i16, calendar: &Calendar, hours: &OfficeHours) {
        let first = Date::constant(year, 1, 1);
        let mut sums = self.rows.pop().unwrap_or(Row::CLOSING);
        let days = first.series(jiff::Span::new().days(1)).take_while(|date| date.year() == year);
        for date in days {
            // The caller walks the calendar's own years, so no year is missing here.
            let workday = calendar.is_workday(date).unwrap_or(false);
            let season = hours.season_index(date);
            self.rows.push(Row { season, workday, ..sums });
            if workday {
                sums.worked += 1;
                sums.opened += hours.at(season).open_seconds();
            }
        }
        self.rows.push(sums);
        self.last_year = year;
    }

    /// The day after the last one with data.
    fn end_day(&self) -> i64 {
        self.first_day + i64::try_from(self.rows.len()).unwrap_or(i64::MAX) - 1
    }

    fn missing_before(&self) -> MissingYear {
        MissingYear { year: year_of(self.first_day - 1) }
    }

    fn missing_after(&self) -> MissingYear {
        MissingYear { year: self.last_year.saturating_add(1) }
    }

    /// Invariant: `day` lies in this run or is its end day (see `run_touching`).
    fn row_at(&self, day: i64) -> Row {
        usize::try_from(day - self.first_day)
            .ok()
            .and_then(|index| self.rows.get(index).copied())
            .unwrap_or(Row::CLOSING)
    }

    /// The day of the run's working day number `number`, counted from 1.
    fn workday_number(&self, number: u32) -> Option<i64> {
        self.day_before_row(self.rows.partition_point(|row| row.worked < number))
    }

    fn opened_by(&self, local: i64, hours: &OfficeHours) -> i64 {
        let row = self.row_at(local.div_euclid(DAY));
        let today =
            if row.workday { season(hours, row).opened_by(local.rem_euclid(DAY)) } else { 0 };
        row.opened + today
    }

    /// The first moment by which the run has been open for `opened` seconds, more than none.
    fn moment_opened(&self, opened: i64, hours: &OfficeHours) -> Option<i64> {
        let day = self.day_before_row(self.rows.partition_point(|row| row.opened < opened))?;
        let row = self.row_at(day);
        Some(day * DAY + season(hours, row).second_when(opened - row.opened))
    }

    fn day_before_row(&self, index: usize) -> Option<i64> {
        let inside = (1..self.rows.len()).contains(&index);
        inside.then(|| self.first_day + i64::try_from(index).unwrap_or(i64::MAX) - 1)
    }
}

impl Row {
    const CLOSING: Self = Self { opened: 0, worked: 0, season: 0, workday: false };
}

fn season(hours: &OfficeHours, row: Row) -> &Season {
    hours.at(row.season)
}

fn day_number(date: Date) -> i64 {
    Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_or(0, |at| at.as_second().div_euclid(DAY))
}

/// The civil year of a day number; days no calendar can reach answer the last or first year.
fn year_of(day: i64) -> i16 {
    let at = Timestamp::from_second(day.saturating_mul(DAY));
    let end = if day < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Offset::UTC.to_datetime(at.unwrap_or(end)).year()
}
