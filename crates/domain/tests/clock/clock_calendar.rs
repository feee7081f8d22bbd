//! Calendar and office hours: what is accepted, what is refused, and with which words.

use domain::clock::{
    Calendar, CalendarError, HoursError, ListedDay, MonthDay, OfficeHours, Season, Session,
    YearDays,
};
use jiff::civil::{Date, date};

use crate::{hours, national, national_year, read, rows};

#[test]
fn every_day_of_five_years_agrees_with_the_full_table() {
    let calendar = national();
    let table = read("tests/data/cn_days_2022_2026.csv");
    let mut next = date(2022, 1, 1);
    for row in rows(&table) {
        let [day, _, workday, kind, name, _] = row[..] else { panic!("{row:?}") };
        assert_eq!(day.parse::<Date>().unwrap(), next, "the table has a gap");
        assert_eq!(calendar.is_workday(next).unwrap(), workday == "1", "{day}");
        let holiday = (kind == "public_holiday").then_some(name);
        assert_eq!(calendar.holiday_name(next).unwrap(), holiday, "{day}");
        let makeup = (kind == "makeup_workday").then_some(name);
        assert_eq!(calendar.makeup_for(next).unwrap(), makeup, "{day}");
        next = next.tomorrow().unwrap();
    }
    assert_eq!(next, date(2027, 1, 1), "1,826 days");
}

#[test]
fn a_year_without_data_names_the_file_to_add() {
    let error = national().is_workday(date(2027, 3, 1)).unwrap_err();
    assert_eq!(error.to_string(), "no holiday data for 2027: add calendar/2027.csv to the pack");
    assert!(national().holiday_name(date(2021, 12, 31)).is_err());
}

#[test]
fn contradicting_rows_are_refused() {
    let row = |date, workday| ListedDay { date, workday, name: String::new() };
    let year = |year, days| YearDays { year, days };
    let new_year = date(2026, 1, 1);
    let cases = [
        (
            vec![year(2025, vec![row(new_year, false)])],
            "2026-01-01 stands in calendar/2025.csv; move it to the file of its own year",
        ),
        (
            vec![year(2026, vec![row(new_year, false), row(new_year, true)])],
            "2026-01-01 is listed twice; keep one row",
        ),
        (
            vec![national_year(2026), year(2026, vec![])],
            "the year 2026 is given twice; keep one calendar/2026.csv",
        ),
        (vec![year(12_000, vec![])], "12000 is not a year that dates can be written in"),
    ];
    for (years, words) in cases {
        let error: CalendarError = Calendar::new(years).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
}

fn season(from: &str, to: &str, sessions: &[&str]) -> Result<Season, HoursError> {
    Ok(Season {
        from: from.parse()?,
        to: to.parse()?,
        sessions: sessions.iter().map(|s| s.parse()).collect::<Result<_, _>>()?,
    })
}

#[test]
fn office_hours_that_cannot_be_meant_are_refused() {
    let year = |sessions: &[&str]| Ok(vec![season("01-01", "12-31", sessions)?]);
    let two = |to: &str, from: &str| {
        Ok(vec![season("01-01", to, &["09:00-17:00"])?, season(from, "12-31", &["09:00-16:00"])?])
    };
    let cases: [(Result<Vec<Season>, HoursError>, &str); 11] = [
        (year(&[]), "the season from 01-01 has 0 sessions; give 1 to 3"),
        (
            year(&["08:00-09:00", "10:00-11:00", "12:00-13:00", "14:00-15:00"]),
            "the season from 01-01 has 4 sessions; give 1 to 3",
        ),
        (year(&["14:00-17:30", "08:30-14:01"]), "the sessions 08:30-14:01 and 14:00-17:30 overlap"),
        (year(&["12:00-12:00"]), "the session 12:00-12:00 is empty; it must end after it starts"),
        (year(&["22:00-06:00"]), "the session 22:00-06:00 is empty; it must end after it starts"),
        (
            year(&["9-12"]),
            "`9-12` is not a session; write start-end within one day, for example 08:30-12:00",
        ),
        (
            year(&["20:00-24:01"]),
            "`20:00-24:01` is not a session; write start-end within one day, for example 08:30-12:00",
        ),
        (
            two("02-28", "03-01"),
            "02-29 belongs to no season; the seasons must cover the whole year",
        ),
        (two("06-01", "06-01"), "06-01 belongs to two seasons"),
        (
            two("02-30", "03-01"),
            "`02-30` is not a day of the year; write month-day, for example 05-01",
        ),
        (Ok(vec![]), "01-01 belongs to no season; the seasons must cover the whole year"),
    ];
    for (seasons, words) in cases {
        let error = seasons.and_then(OfficeHours::new).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn seasons_wrap_around_the_year_and_survive_serde() {
    let hours = hours();
    let afternoon = |day: Date| hours.season(day).sessions[1].to_string();
    let (summer, winter) = ("14:00-18:30", "13:30-17:30");
    let cases = [
        (date(2025, 12, 31), winter),
        (date(2026, 1, 1), winter),
        (date(2024, 2, 29), winter),
        (date(2026, 4, 30), winter),
        (date(2024, 4, 30), winter),
        (date(2026, 5, 1), summer),
        (date(2024, 5, 1), summer),
        (date(2026, 9, 30), summer),
        (date(2026, 10, 1), winter),
    ];
    for (day, expected) in cases {
        assert_eq!(afternoon(day), expected, "{day}");
    }
    let text = serde_json::to_string(&hours).unwrap();
    assert_eq!(serde_json::from_str::<OfficeHours>(&text).unwrap(), hours);
    assert_eq!("5-1".parse::<MonthDay>().unwrap().to_string(), "05-01");
    assert_eq!("00:00–24:00".parse::<Session>().unwrap().to_string(), "00:00-24:00");
}
