//! Periods of civil days: a month, a quarter, half a year, a year, everything up to the end of a month.
//! Nothing is told by the day: the cells are months, and a number and its records must be the same.

use super::cell;
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// A half or a quarter of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// January to June.
    H1,
    /// July to December.
    H2,
    /// January to March.
    Q1,
    /// April to June.
    Q2,
    /// July to September.
    Q3,
    /// October to December.
    Q4,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::H1, Self::H2, Self::Q1, Self::Q2, Self::Q3, Self::Q4];

    /// How an address writes it behind the year.
    pub fn code(self) -> &'static str {
        match self {
            Self::H1 => "h1",
            Self::H2 => "h2",
            Self::Q1 => "q1",
            Self::Q2 => "q2",
            Self::Q3 => "q3",
            Self::Q4 => "q4",
        }
    }

    /// Its first month, and how many it has.
    fn months(self) -> (i8, i8) {
        match self {
            Self::H1 => (1, 6),
            Self::H2 => (7, 6),
            Self::Q1 => (1, 3),
            Self::Q2 => (4, 3),
            Self::Q3 => (7, 3),
            Self::Q4 => (10, 3),
        }
    }

    /// Whether a month lies in it.
    pub fn holds(self, month: i8) -> bool {
        let (first, many) = self.months();
        (first..first + many).contains(&month)
    }

    /// Whether it is half a year; else it is a quarter.
    pub fn is_half(self) -> bool {
        matches!(self, Self::H1 | Self::H2)
    }
}

/// A period for which a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Year and month.
    Month(i16, i8),
    /// A half or a quarter of a year.
    Part(i16, Part),
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

    /// The half of a year in which a day lies.
    pub fn half(day: Date) -> Self {
        let part = if Part::H1.holds(day.month()) { Part::H1 } else { Part::H2 };
        Self::Part(day.year(), part)
    }

    /// The quarter of a day.
    pub fn quarter(day: Date) -> Self {
        let mut quarters = Part::ALL.into_iter().filter(|part| !part.is_half());
        let part = quarters.find(|part| part.holds(day.month())).unwrap_or(Part::Q4);
        Self::Part(day.year(), part)
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
            Self::Part(year, part) => Date::new(year, part.months().0, 1).ok(),
            Self::Year(year) => Date::new(year, 1, 1).ok(),
            Self::UpTo(..) => None,
        }
    }

    /// The last day.
    pub fn last(self) -> Date {
        let first = match self {
            Self::UpTo(year, month) => Self::Month(year, month).first(),
            Self::Month(..) | Self::Part(..) | Self::Year(_) => self.first(),
        };
        let months = match self {
            Self::UpTo(..) | Self::Month(..) => 1,
            Self::Part(_, part) => part.months().1,
            Self::Year(_) => 12,
        };
        let after = first.and_then(|d| d.checked_add(months.months()).ok());
        after.and_then(|d| d.yesterday().ok()).unwrap_or(Date::MAX)
    }

    /// How it is written in an address: `2026-03`, `2026-q1`, `2026-h1`, `2026`, or `to-2026-03`.
    pub fn code(self) -> String {
        match self {
            Self::Month(year, month) => format!("{year:04}-{month:02}"),
            Self::Part(year, part) => format!("{year:04}-{}", part.code()),
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
                if let Some(part) = Part::ALL.into_iter().find(|part| part.code() == month) {
                    return Some(Self::Part(year(y)?, part));
                }
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
        for code in ["2026-03", "2026", "to-2026-03", "2024-02", "2026-h1", "2026-q4"] {
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
            "2026-h3",
            "2026-q0",
            "to-2026-h1",
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
        assert_eq!(last("2026-h1").as_deref(), Some("2026-06-30"));
        assert_eq!(last("2024-q1").as_deref(), Some("2024-03-31"));
        let day = Date::constant(2026, 10, 1);
        assert_eq!(Period::half(day).code(), "2026-h2");
        assert_eq!(Period::quarter(day).code(), "2026-q4");
        assert_eq!(Period::quarter(day).first(), Some(day));
    }
}
