//! Reads the dates people type into cells.
//!
//! It decides what is a date and refuses what could be two. It never guesses a century, an order
//! of day and month, or a time zone.

use std::fmt;

use crate::columns::half_width;

/// A date and time as the cell says it, checked against the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The year, 1900 to 2999.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The hour, 0 to 23; 0 when the cell has no time.
    pub hour: u8,
    /// The minute, 0 to 59.
    pub minute: u8,
    /// The second, 0 to 59; fractions are cut.
    pub second: u8,
    /// Minutes east of UTC when the cell says it.
    pub offset_minutes: Option<i16>,
}

/// Why a cell is no date. It never holds what the cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateFault {
    /// Nothing is written.
    #[error("the date is blank")]
    Blank,
    /// Not a date at all.
    #[error("this is not a date; write it as 2024-01-31 or 2024年1月31日")]
    NotADate,
    /// A year, or a year and a month.
    #[error("the day is missing; write it as 2024-01-31")]
    NoDay,
    /// A year of two digits.
    #[error("the year needs four digits; write it as 2024-01-31")]
    ShortYear,
    /// Day and month first, in either order.
    #[error("day and month could be exchanged; write the year first, as 2024-01-31")]
    Ambiguous,
    /// A date that no calendar has.
    #[error("there is no such day in the calendar")]
    NoSuchDay,
    /// A time that no clock shows.
    #[error("there is no such time of day")]
    NoSuchTime,
    /// A number that is no date of the years 1910 to 2099 in a spreadsheet.
    #[error("this number is not a date; write it as 2024-01-31")]
    NotASerial,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, offset_minutes } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match offset_minutes {
            None => Ok(()),
            Some(offset) => {
                let sign = if *offset < 0 { '-' } else { '+' };
                let minutes = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// Reads a cell: `2024-01-02`, `2024/1/2 9:05:30`, `2024.1.2`, `2024年1月2日 下午3时5分`, `20240102`,
/// ISO 8601 with an offset, or the serial number of a spreadsheet (1900 system).
///
/// # Errors
/// See [`DateFault`].
pub fn parse_moment(cell: &str) -> Result<Moment, DateFault> {
    let text: String = cell.chars().map(half_width).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(DateFault::Blank);
    }
    if text.chars().all(|c| c.is_ascii_digit() || c == '.') && text.matches('.').count() < 2 {
        return number(text);
    }
    let mut cursor = Cursor { rest: text };
    let date = cursor.date()?;
    if cursor.at_end() {
        return Ok(date);
    }
    cursor.time(date)
}

/// The moment of a serial number: days since 1899-12-30, the fraction is the time of day.
/// Defined from 1900-03-01 on, where the leap day of 1900 that spreadsheets invent lies behind.
pub(crate) fn from_serial(serial: f64) -> Option<Moment> {
    const SECONDS: f64 = 86_400.0;
    if !(61.0..401_769.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked above")]
    let total = (serial * SECONDS).round() as i64;
    let (days, seconds) = (total.div_euclid(86_400), total.rem_euclid(86_400));
    // Days from civil, run backwards over eras of 400 years that begin on 1 March.
    let days = days + 693_899;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    Some(Moment {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day_of_year - (153 * shifted + 2) / 5 + 1).ok()?,
        hour: u8::try_from(seconds / 3_600).ok()?,
        minute: u8::try_from(seconds / 60 % 60).ok()?,
        second: u8::try_from(seconds % 60).ok()?,
        offset_minutes: None,
    })
}

/// Digits alone: a date without marks, or a serial number. A bare year is neither.
fn number(text: &str) -> Result<Moment, DateFault> {
    let part = |range| text.get(range).and_then(|digits: &str| digits.parse().ok());
    match (text.len(), text.contains('.')) {
        (8 | 14, false) => {
            let whole = (part(0..4), part(4..6), part(6..8));
            let (Some(year), Some(month), Some(day)) = whole else {
                return Err(DateFault::NotADate);
            };
            let date = day_of(year, month, day)?;
            let clock = |range| part(range).unwrap_or(0);
            at_time(date, clock(8..10), clock(10..12), clock(12..14))
        }
        (1..=4, false) => Err(DateFault::NoDay),
        _ => {
            let serial: f64 = text.parse().map_err(|_| DateFault::NotASerial)?;
            // 1910 to 2099: outside it a number is an age, an amount or a telephone extension.
            if !(3_654.0..73_051.0).contains(&serial) {
                return Err(DateFault::NotASerial);
            }
            from_serial(serial).ok_or(DateFault::NotASerial)
        }
    }
}

struct Cursor<'t> {
    rest: &'t str,
}

impl Cursor<'_> {
    fn date(&mut self) -> Result<Moment, DateFault> {
        let (year, digits) = self.digits().ok_or(DateFault::NotADate)?;
        self.skip_spaces();
        let mark = self.one_of(&["-", "/", ".", "年"]).ok_or(DateFault::NotADate)?;
        if digits != 4 {
            return Err(self.short_year(mark));
        }
        self.skip_spaces();
        let Some((month, _)) = self.digits() else { return Err(DateFault::NoDay) };
        let next = if mark == "年" { "月" } else { mark };
        self.skip_spaces();
        if self.one_of(&[next]).is_none() {
            return Err(if self.at_end() { DateFault::NoDay } else { DateFault::NotADate });
        }
        self.skip_spaces();
        let Some((day, _)) = self.digits() else {
            return Err(if self.at_end() { DateFault::NoDay } else { DateFault::NotADate });
        };
        if mark == "年" {
            self.skip_spaces();
            self.one_of(&["日", "号"]);
        }
        day_of(year, month, day)
    }

    /// A first number of one or two digits: a short year, or the day or month of `1/2/2024`.
    fn short_year(&mut self, mark: &str) -> DateFault {
        if mark == "年" {
            return DateFault::ShortYear;
        }
        let second = self.digits();
        self.one_of(&[mark]);
        match (second, self.digits()) {
            (Some(_), Some((_, 4))) => DateFault::Ambiguous,
            (Some(_), Some(_)) => DateFault::ShortYear,
            _ => DateFault::NotADate,
        }
    }

    fn time(&mut self, date: Moment) -> Result<Moment, DateFault> {
        if self.one_of(&["T", "t"]).is_none() {
            self.skip_spaces();
        }
        let before = self.half_of_day();
        let (hour, _) = self.digits().ok_or(DateFault::NotADate)?;
        let mark = self.one_of(&[":", "时", "点"]).ok_or(DateFault::NotADate)?;
        let minute = self.digits();
        if minute.is_none() && mark == ":" {
            return Err(DateFault::NotADate);
        }
        let mut second = None;
        if minute.is_some() && self.one_of(&[":", "分"]).is_some() {
            second = self.digits();
        }
        if second.is_some() {
            self.one_of(&["秒"]);
            if self.one_of(&["."]).is_some() {
                self.digits().ok_or(DateFault::NotADate)?;
            }
        }
        self.skip_spaces();
        let half = before.or_else(|| self.half_of_day());
        let offset_minutes = self.offset()?;
        if !self.at_end() {
            return Err(DateFault::NotADate);
        }
        let hour = match (half, hour) {
            (Some(Half::Afternoon), 1..=11) => hour + 12,
            (Some(Half::Morning), 12) => 0,
            _ => hour,
        };
        let number = |found: Option<(u32, usize)>| found.map_or(0, |(number, _)| number);
        let moment = at_time(date, hour, number(minute), number(second))?;
        Ok(Moment { offset_minutes, ..moment })
    }

    fn half_of_day(&mut self) -> Option<Half> {
        let half = match self.one_of(&["上午", "下午", "AM", "PM", "am", "pm"])? {
            "上午" | "AM" | "am" => Half::Morning,
            _ => Half::Afternoon,
        };
        self.skip_spaces();
        Some(half)
    }

    fn offset(&mut self) -> Result<Option<i16>, DateFault> {
        self.skip_spaces();
        let sign = match self.one_of(&["Z", "z", "+", "-"]) {
            None => return Ok(None),
            Some("Z" | "z") => return Ok(Some(0)),
            Some("-") => -1,
            Some(_) => 1,
        };
        let (hours, minutes) = match self.digits().ok_or(DateFault::NotADate)? {
            (hours, 2) if self.one_of(&[":"]).is_some() => {
                (hours, self.digits().ok_or(DateFault::NotADate)?.0)
            }
            (hours, 2) => (hours, 0),
            (both, 4) => (both / 100, both % 100),
            _ => return Err(DateFault::NotADate),
        };
        // The widest offsets in use are -12:00 and +14:00.
        if hours > 14 || minutes > 59 {
            return Err(DateFault::NoSuchTime);
        }
        let total = i16::try_from(hours * 60 + minutes).map_err(|_| DateFault::NoSuchTime)?;
        Ok(Some(sign * total))
    }

    /// A number and how many digits it has; more than nine digits are no part of a date.
    fn digits(&mut self) -> Option<(u32, usize)> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(length)?;
        let number = if length > 9 { None } else { digits.parse().ok() }?;
        self.rest = rest;
        Some((number, length))
    }

    fn one_of<'m>(&mut self, marks: &[&'m str]) -> Option<&'m str> {
        marks.iter().copied().find(|mark| match self.rest.strip_prefix(*mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        })
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn at_end(&self) -> bool {
        self.rest.trim().is_empty()
    }
}

#[derive(Clone, Copy)]
enum Half {
    Morning,
    Afternoon,
}

fn day_of(year: u32, month: u32, day: u32) -> Result<Moment, DateFault> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let exists =
        (1900..3000).contains(&year) && (1..=12).contains(&month) && (1..=last).contains(&day);
    let narrow = (u16::try_from(year), u8::try_from(month), u8::try_from(day));
    match (exists, narrow) {
        (true, (Ok(year), Ok(month), Ok(day))) => {
            Ok(Moment { year, month, day, hour: 0, minute: 0, second: 0, offset_minutes: None })
        }
        _ => Err(DateFault::NoSuchDay),
    }
}

fn at_time(date: Moment, hour: u32, minute: u32, second: u32) -> Result<Moment, DateFault> {
    let narrow = (u8::try_from(hour), u8::try_from(minute), u8::try_from(second));
    match narrow {
        (Ok(hour @ 0..=23), Ok(minute @ 0..=59), Ok(second @ 0..=59)) => {
            Ok(Moment { hour, minute, second, ..date })
        }
        _ => Err(DateFault::NoSuchTime),
    }
}
