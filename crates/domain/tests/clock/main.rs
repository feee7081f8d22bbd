//! The clock against the national calendar of 2022 to 2026.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as loudly as the tests themselves")]

mod clock_calendar;
mod clock_due;
mod clock_laws;
mod clock_run;

use std::path::PathBuf;

use domain::clock::{Calendar, ListedDay, OfficeHours, WorkTime, YearDays};
use jiff::{Timestamp, civil::DateTime, tz};

/// Winter days are 450 minutes, summer days 480, with a later afternoon.
const SEASONS: &str = r#"[
    {"from": "05-01", "to": "09-30", "sessions": ["08:30-12:00", "14:00-18:30"]},
    {"from": "10-01", "to": "04-30", "sessions": ["08:30-12:00", "13:30-17:30"]}
]"#;

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of a table without quoted cells, header left out.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.split(',').collect())
}

fn national_year(year: i16) -> YearDays {
    let table = read(&format!("../../packs/common/calendar/{year}.csv"));
    let day = |row: Vec<&str>| ListedDay {
        date: row[0].parse().unwrap(),
        workday: row[1] == "1",
        name: row[2].to_owned(),
    };
    YearDays { year, days: rows(&table).map(day).collect() }
}

fn national() -> Calendar {
    Calendar::new((2022..=2026).map(national_year)).unwrap()
}

fn hours() -> OfficeHours {
    serde_json::from_str(SEASONS).unwrap()
}

fn work_time() -> WorkTime {
    WorkTime::new(national(), hours(), tz::offset(8))
}

/// A moment on the wall of the city, for example `2026-01-06 17:30`.
fn at(wall: &str) -> Timestamp {
    tz::offset(8).to_timestamp(wall.parse::<DateTime>().unwrap()).unwrap()
}

fn wall(at: Timestamp) -> String {
    tz::offset(8).to_datetime(at).strftime("%a %Y-%m-%d %H:%M").to_string()
}
