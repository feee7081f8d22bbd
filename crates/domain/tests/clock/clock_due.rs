//! When spans end: the cases people argue about, as data.

use domain::clock::{
    Calendar, ClockError, OfficeHours, Span, WorkTime, YearDays, due, working_minutes_between,
};
use jiff::tz;

use crate::{at, hours, national_year, wall, work_time};

fn check(time: &WorkTime, cases: &[(&str, &str, &str)]) {
    for &(from, span, expected) in cases {
        let end = due(at(from), span.parse().unwrap(), time).unwrap();
        assert_eq!(wall(end), expected, "{from} + {span}");
    }
}

#[test]
fn working_days_follow_holidays_and_make_up_days() {
    check(
        &work_time(),
        &[
            ("2025-12-31 10:00", "3wd", "Tue 2026-01-06 17:30"),
            ("2026-02-13 10:00", "5wd", "Fri 2026-02-27 17:30"),
            ("2024-02-05 10:00", "5wd", "Sun 2024-02-18 17:30"),
            // Day 0 is the day of the event, at whatever hour, worked or not.
            ("2026-03-02 00:00", "1wd", "Tue 2026-03-03 17:30"),
            ("2026-03-02 23:59", "1wd", "Tue 2026-03-03 17:30"),
            ("2026-03-07 12:00", "1wd", "Mon 2026-03-09 17:30"),
            ("2026-06-01 10:00", "1wd", "Tue 2026-06-02 18:30"),
        ],
    );
}

#[test]
fn calendar_days_roll_unless_told_not_to() {
    check(
        &work_time(),
        &[
            ("2023-10-01 09:00", "60d!", "Thu 2023-11-30 17:30"),
            ("2023-10-01 09:00", "60d", "Thu 2023-11-30 17:30"),
            ("2024-01-10 09:00", "60d", "Mon 2024-03-11 17:30"),
            ("2024-01-10 09:00", "60d!", "Mon 2024-03-11 00:00"),
            // Ten days lead into the Spring Festival; the make-up Sunday ends it.
            ("2024-02-02 09:00", "10d", "Sun 2024-02-18 17:30"),
            ("2026-03-06 16:45", "24h", "Sat 2026-03-07 16:45"),
            ("2026-03-06 23:45", "30m", "Sat 2026-03-07 00:15"),
        ],
    );
}

#[test]
fn working_minutes_count_inside_sessions_only() {
    check(
        &work_time(),
        &[
            ("2026-03-02 09:00", "30wm", "Mon 2026-03-02 09:30"),
            ("2026-03-02 11:45", "30wm", "Mon 2026-03-02 13:45"),
            ("2026-03-02 11:30", "30wm", "Mon 2026-03-02 12:00"),
            ("2026-03-02 12:30", "30wm", "Mon 2026-03-02 14:00"),
            ("2026-03-02 07:00", "30wm", "Mon 2026-03-02 09:00"),
            ("2026-03-06 17:00", "1wh", "Mon 2026-03-09 09:00"),
            ("2026-03-07 11:00", "30wm", "Mon 2026-03-09 09:00"),
            ("2026-02-14 17:00", "1wh", "Tue 2026-02-24 09:00"),
            ("2026-03-02 08:30", "15wh", "Tue 2026-03-03 17:30"),
        ],
    );
}

#[test]
fn a_span_over_the_change_of_season_uses_both_hours() {
    // 30 April closes at 17:30, the first working day of May and 30 September at 18:30.
    check(
        &work_time(),
        &[
            ("2026-04-30 16:30", "5wh", "Wed 2026-05-06 14:30"),
            ("2026-04-30 16:30", "1wd", "Wed 2026-05-06 18:30"),
            ("2026-09-30 17:00", "2wh", "Thu 2026-10-08 09:00"),
            ("2026-09-30 17:00", "1wd", "Thu 2026-10-08 17:30"),
        ],
    );
}

#[test]
fn one_three_and_round_the_clock_sessions_work_too() {
    let city = |sessions: &str| {
        let text = format!(r#"[{{"from":"01-01","to":"12-31","sessions":{sessions}}}]"#);
        let hours: OfficeHours = serde_json::from_str(&text).unwrap();
        WorkTime::new(Calendar::new([national_year(2026)]).unwrap(), hours, tz::offset(8))
    };
    check(&city(r#"["09:00-17:00"]"#), &[("2026-03-02 16:00", "2wh", "Tue 2026-03-03 10:00")]);
    check(
        &city(r#"["09:00-12:00","13:00-17:00","19:00-21:00"]"#),
        &[
            ("2026-03-02 16:00", "2wh", "Mon 2026-03-02 20:00"),
            ("2026-03-02 16:00", "1wd", "Tue 2026-03-03 21:00"),
        ],
    );
    check(
        &city(r#"["12:00-14:00","08:00-12:00"]"#),
        &[("2026-03-02 11:30", "1wh", "Mon 2026-03-02 12:30")],
    );
    check(
        &city(r#"["00:00-24:00"]"#),
        &[
            ("2026-03-06 23:00", "2wh", "Mon 2026-03-09 01:00"),
            ("2026-01-01 00:00", "1wd", "Mon 2026-01-05 00:00"),
        ],
    );
}

#[test]
fn minutes_between_count_inside_sessions_only() {
    let time = work_time();
    let cases = [
        ("2026-03-02 09:00", "2026-03-02 09:30", 30),
        ("2026-03-02 09:30", "2026-03-02 09:00", 0),
        ("2026-03-02 00:00", "2026-03-03 00:00", 450),
        ("2026-03-07 00:00", "2026-03-09 08:30", 0),
        ("2026-04-30 16:30", "2026-05-06 14:30", 300),
        // The full day table of 2026 has 106 working days in summer and 142 in winter.
        ("2026-01-01 00:00", "2027-01-01 00:00", 106 * 480 + 142 * 450),
    ];
    for (a, b, minutes) in cases {
        assert_eq!(working_minutes_between(at(a), at(b), &time).unwrap(), minutes, "{a} to {b}");
    }
}

#[test]
fn time_without_data_is_an_error_never_a_guess() {
    let years = [national_year(2022), national_year(2024), YearDays { year: 2023, days: vec![] }];
    let missing =
        |time: &WorkTime, from: &str, span: &str| match due(at(from), span.parse().unwrap(), time)
            .unwrap_err()
        {
            ClockError::MissingYear(missing) => missing.year,
            other => panic!("{from} + {span}: {other}"),
        };
    let with = |years: &[YearDays]| {
        WorkTime::new(Calendar::new(years.iter().cloned()).unwrap(), hours(), tz::offset(8))
    };
    let gap = with(&years[..2]);
    for (from, span, year) in [
        ("2022-12-30 09:00", "1wd", 2023),
        ("2022-12-30 09:00", "900wd", 2023),
        ("2022-12-30 17:00", "1wh", 2023),
        ("2022-12-30 09:00", "30d", 2023),
        ("2022-12-31 09:00", "1d!", 2023),
        ("2022-12-31 09:00", "30d!", 2023),
        ("2023-06-01 09:00", "5wd", 2023),
        ("2024-12-31 17:00", "1wh", 2025),
        ("2024-12-31 09:00", "4294967295wd", 2025),
        ("2021-06-01 09:00", "30wm", 2021),
        ("2021-06-01 09:00", "4294967295d", 9999),
    ] {
        assert_eq!(missing(&gap, from, span), year, "{from} + {span}");
    }
    // Time around the clock asks for no holidays, and day 0 is never looked at.
    check(
        &gap,
        &[
            ("2023-06-01 09:00", "24h", "Fri 2023-06-02 09:00"),
            ("2021-12-31 09:00", "1wd", "Tue 2022-01-04 17:30"),
            ("2023-12-20 09:00", "20d", "Tue 2024-01-09 17:30"),
        ],
    );
    // Years may be given in any order; an empty file is data, too.
    check(&with(&years), &[("2022-12-30 09:00", "1wd", "Mon 2023-01-02 17:30")]);
    let far = due(at("2024-01-01 09:00"), Span::CalendarMinutes(u32::MAX), &gap);
    assert_eq!(far, Err(ClockError::OutOfRange));
}

#[test]
fn spans_are_written_compactly() {
    let cases = [
        ("3wd", Span::WorkingDays(3), "3wd"),
        ("30wm", Span::WorkingMinutes(30), "30wm"),
        ("8wh", Span::WorkingMinutes(480), "8wh"),
        ("60d", Span::CalendarDays { days: 60, roll: true }, "60d"),
        ("60d!", Span::CalendarDays { days: 60, roll: false }, "60d!"),
        ("24h", Span::CalendarMinutes(1440), "24h"),
        ("30m", Span::CalendarMinutes(30), "30m"),
        ("120m", Span::CalendarMinutes(120), "2h"),
    ];
    for (text, span, canonical) in cases {
        assert_eq!(text.parse(), Ok(span));
        assert_eq!(span.to_string(), canonical);
        let json = serde_json::to_string(&span).unwrap();
        assert_eq!(json, format!("\"{canonical}\""));
        assert_eq!(serde_json::from_str::<Span>(&json).unwrap(), span);
    }
}

#[test]
fn spans_that_are_none_say_why() {
    let units = "has an unknown unit; use wd (working days), wh or wm (working hours or minutes), \
                 d (calendar days, rolled to a working day), d! (calendar days as they fall), h or \
                 m (hours or minutes)";
    let number = "is not a length of time; write a whole number and a unit, for example 3wd";
    let cases = [
        ("", format!("`` {number}")),
        ("wd", format!("`wd` {number}")),
        ("-3wd", format!("`-3wd` {number}")),
        ("3", format!("`3` {units}")),
        ("3 wd", format!("`3 wd` {units}")),
        ("1.5h", format!("`1.5h` {units}")),
        ("3工作日", format!("`3工作日` {units}")),
        ("0wd", "`0wd` has no length; a deadline is at least 1 of its unit".to_owned()),
        ("4294967296d", "`4294967296d` is too long a time".to_owned()),
        ("71582789h", "`71582789h` is too long a time".to_owned()),
    ];
    for (text, words) in cases {
        assert_eq!(text.parse::<Span>().unwrap_err().to_string(), words);
    }
    let zero = due(at("2026-03-02 09:00"), Span::WorkingDays(0), &work_time());
    assert_eq!(zero, Err(ClockError::NoLength));
}
