//! Which days are worked. Decides from the listed days of each year (holidays and make-up
//! working days); never guesses a year it was given no data for.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// A day that the holiday notice of the State Council names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDay {
    /// The civil day.
    pub date: Date,
    /// True for a make-up working day (调休), false for a day of rest.
    pub workday: bool,
    /// The holiday it belongs to; may be empty.
    #[serde(rename = "~name")]
    pub name: String,
}

/// The listed days of one year. A year without listed days is still a year with data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearDays {
    /// The civil year.
    pub year: i16,
    /// Days that differ from Monday-to-Friday, or that have a name; in any order.
    pub days: Vec<ListedDay>,
}

/// A date lies in a year that no file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no holiday data for {year}: add calendar/{year}.csv to the pack")]
pub struct MissingYear {
    /// The year whose file is missing.
    pub year: i16,
}

/// The year files contradict themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// A year that no calendar has.
    #[error("{year} is not a year that dates can be written in")]
    NoSuchYear {
        /// The impossible year.
        year: i16,
    },
    /// A row stands in the file of another year.
    #[error("{date} stands in calendar/{year}.csv; move it to the file of its own year")]
    WrongYear {
        /// The year of the file.
        year: i16,
        /// The misplaced day.
        date: Date,
    },
    /// A day is listed twice.
    #[error("{date} is listed twice; keep one row")]
    DayTwice {
        /// The repeated day.
        date: Date,
    },
    /// A year is given twice.
    #[error("the year {year} is given twice; keep one calendar/{year}.csv")]
    YearTwice {
        /// The repeated year.
        year: i16,
    },
}

/// Working-day knowledge by year.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i16, BTreeMap<Date, ListedDay>>,
}

impl Calendar {
    /// Builds the calendar; refuses rows that contradict each other.
    pub fn new(years: impl IntoIterator<Item = YearDays>) -> Result<Self, CalendarError> {
        let mut calendar = Self::default();
        for YearDays { year, days } in years {
            if Date::new(year, 1, 1).is_err() {
                return Err(CalendarError::NoSuchYear { year });
            }
            let mut listed = BTreeMap::new();
            for day in days {
                let date = day.date;
                if date.year() != year {
                    return Err(CalendarError::WrongYear { year, date });
                }
                if listed.insert(date, day).is_some() {
                    return Err(CalendarError::DayTwice { date });
                }
            }
            if calendar.years.insert(year, listed).is_some() {
                return Err(CalendarError::YearTwice { year });
            }
        }
        Ok(calendar)
    }

    /// Whether offices work on this day: as listed, otherwise Monday to Friday.
    pub fn is_workday(&self, date: Date) -> Result<bool, MissingYear> {
        Ok(match self.listed(date)? {
            Some(day) => day.workday,
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        })
    }

    /// The holiday that makes this a day of rest, if it is one with a name.
    pub fn holiday_name(&self, date: Date) -> Result<Option<&str>, MissingYear> {
        let listed = self.listed(date)?;
        Ok(listed.filter(|day| !day.workday && !day.name.is_empty()).map(|day| day.name.as_str()))
    }

    /// The holiday that this working day makes up for (调休), if it is one.
    pub fn makeup_for(&self, date: Date) -> Result<Option<&str>, MissingYear> {
        Ok(self.listed(date)?.filter(|day| day.workday).map(|day| day.name.as_str()))
    }

    /// The years with data, ascending.
    pub fn years(&self) -> impl Iterator<Item = i16> {
        self.years.keys().copied()
    }

    /// Every year as it was given, days in their order.
    pub fn listed_years(&self) -> Vec<YearDays> {
        let year = |(year, days): (&i16, &BTreeMap<Date, ListedDay>)| YearDays {
            year: *year,
            days: days.values().cloned().collect(),
        };
        self.years.iter().map(year).collect()
    }

    fn listed(&self, date: Date) -> Result<Option<&ListedDay>, MissingYear> {
        let year = date.year();
        Ok(self.years.get(&year).ok_or(MissingYear { year })?.get(&date))
    }
}
