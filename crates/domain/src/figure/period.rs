//! Periods of civil days: a month, a year, everything up to the end of a month. Nothing is told by the
//! day: the cells are months, and a number and its records must be the same.

use super::cell;
use jiff::{ToSpan, civil::Date};

/// A period for which a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Year and month.
    Month(i16, i8),
    /// A year.
    Year(i16),
    /// Everything since the beginning, up to the end of a month.
    UpTo(i16, i8),
}

impl Period {
    /// The month of a day.
    pub fn month(day: Date) -> Self {
        Self::Month(day.year(), day.month())
    }

    /// Everything up to the end of the month of a day.
    pub fn up_to(day: Date) -> Self {
        Self::UpTo(day.year(), day.month())
    }

    /// The year of a day.
    pub fn year(day: Date) -> Self {
        Self::Year(day.year())
    }

    /// The first day; none for a period without a beginning.
    pub fn first(self) -> Option<Date> {
        match self {
            Self::Month(year, month) => Date::new(year, month, 1).ok(),
            Self::Year(year) => Date::new(year, 1, 1).ok(),
            Self::UpTo(..) => None,
        }
    }

    /// The last day.
    pub fn last(self) -> Date {
        let first = match self {
            Self::UpTo(year, month) => Self::Month(year, month).first(),
            Self::Month(..) | Self::Year(_) => self.first(),
        };
        let after = match self {
            Self::UpTo(..) | Self::Month(..) => first.and_then(|d| d.checked_add(1.month()).ok()),
            Self::Year(_) => first.and_then(|d| d.checked_add(1.year()).ok()),
        };
        after.and_then(|d| d.yesterday().ok()).unwrap_or(Date::MAX)
    }

    /// How it is written in an address: `2026-03`, `2026`, or `to-2026-03`.
    pub fn code(self) -> String {
        match self {
            Self::Month(year, month) => format!("{year:04}-{month:02}"),
            Self::Year(year) => format!("{year:04}"),
            Self::UpTo(year, month) => format!("to-{year:04}-{month:02}"),
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(code: &str) -> Option<Self> {
        if let Some(month) = code.strip_prefix("to-") {
            return match Self::parse(month) {
                Some(Self::Month(year, month)) => Some(Self::UpTo(year, month)),
                _ => None,
            };
        }
        let year = |text: &str| text.parse::<i16>().ok().filter(|y| (1900..=9998).contains(y));
        match code.split_once('-') {
            Some((y, month)) if month.len() == 2 => {
                let month = month.parse().ok().filter(|m| (1..=12).contains(m))?;
                Some(Self::Month(year(y)?, month))
            }
            Some(_) => None,
            None => year(code).map(Self::Year),
        }
    }

    /// The first and the last month of its cells; the first is empty for a period without a
    /// beginning, and sorts before all.
    pub fn months(self) -> (String, String) {
        (self.first().map(cell::month_of).unwrap_or_default(), cell::month_of(self.last()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for code in ["2026-03", "2026", "to-2026-03", "2024-02"] {
            let period = Period::parse(code).expect(code);
            assert_eq!(period.code(), code);
        }
        for wrong in [
            "",
            "2026-13",
            "26",
            "2026-3",
            "to-",
            "to-2026",
            "to-to-2026-01",
            "x",
            "2026-03-01",
            "-1",
        ] {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_period_ends_on_its_last_day() {
        let last = |code: &str| Period::parse(code).map(|p| p.last().to_string());
        assert_eq!(last("2024-02").as_deref(), Some("2024-02-29"));
        assert_eq!(last("2026").as_deref(), Some("2026-12-31"));
        assert_eq!(last("to-2026-03").as_deref(), Some("2026-03-31"));
    }
}
