//! Laws that hold for every deadline, tried on many moments from a fixed seed.

use std::sync::LazyLock;

use domain::clock::{Clock, Span, State, Thresholds, WorkTime, due, working_minutes_between};
use jiff::{SignedDuration, Timestamp, civil::Weekday, tz};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::{at, work_time};

static TIME: LazyLock<WorkTime> = LazyLock::new(work_time);

fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(12_338),
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    }
}

/// Moments of 2022 to 2025, so that what follows them stays within the data.
fn moment() -> impl Strategy<Value = Timestamp> {
    let seconds = at("2022-01-01 00:00").as_second()..at("2026-01-01 00:00").as_second();
    seconds.prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn span_of(unit: u8, n: u32) -> Span {
    match unit {
        0 => Span::WorkingDays(n),
        1 => Span::WorkingMinutes(n * 20),
        2 => Span::CalendarDays { days: n, roll: true },
        3 => Span::CalendarDays { days: n, roll: false },
        _ => Span::CalendarMinutes(n * 60),
    }
}

fn span() -> impl Strategy<Value = Span> {
    (0u8..5, 1u32..100).prop_map(|(unit, n)| span_of(unit, n))
}

fn later(at: Timestamp, seconds: u32) -> Timestamp {
    at + SignedDuration::from_secs(i64::from(seconds))
}

fn paused(clock: &Clock, from: Timestamp, to: Timestamp) -> Clock {
    clock.pause(from, later(to, 1)).unwrap().resume(to, &TIME).unwrap()
}

fn whole_minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second() / 60 * 60).unwrap()
}

/// The slow way to roll: day by day to a working day, and there not before the offices close.
fn rolled(end: Timestamp) -> Timestamp {
    let mut day = tz::offset(8).to_datetime(end).date();
    while !TIME.calendar().is_workday(day).unwrap() {
        day = day.tomorrow().unwrap();
    }
    let close = TIME.hours().season(day).sessions[1].to_string();
    end.max(at(&format!("{day} {}", &close[6..])))
}

/// The slow way to tell open minutes: ask every minute of the wall clock.
fn minutes_by_walking(from: Timestamp, minutes: u32) -> u32 {
    let open = |minute: &u32| {
        let wall = tz::offset(8).to_datetime(later(from, minute * 60));
        let text = wall.strftime("%H:%M").to_string();
        TIME.calendar().is_workday(wall.date()).unwrap()
            && TIME.hours().season(wall.date()).sessions.iter().any(|session| {
                let session = session.to_string();
                let (start, end) = session.split_once('-').unwrap();
                start <= text.as_str() && text.as_str() < end
            })
    };
    u32::try_from((0..minutes).filter(open).count()).unwrap()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn due_is_later_and_monotone_in_from(a in moment(), b in moment(), span in span()) {
        let (a, b) = (a.min(b), a.max(b));
        let (due_a, due_b) = (due(a, span, &TIME).unwrap(), due(b, span, &TIME).unwrap());
        prop_assert!(due_a > a && due_b > b);
        prop_assert!(due_a <= due_b);
    }

    #[test]
    fn due_is_monotone_in_span(from in moment(), unit in 0u8..5, n in 1u32..100, more in 0u32..9) {
        let short = due(from, span_of(unit, n), &TIME).unwrap();
        let long = due(from, span_of(unit, n + more), &TIME).unwrap();
        prop_assert!(short <= long);
    }

    #[test]
    fn deadlines_in_days_agree_with_walking_the_days(from in moment(), n in 1u32..60) {
        let mut day = tz::offset(8).to_datetime(from).date();
        let mut left = n;
        while left > 0 {
            day = day.tomorrow().unwrap();
            left -= u32::from(TIME.calendar().is_workday(day).unwrap());
        }
        let end = tz::offset(8).to_datetime(due(from, Span::WorkingDays(n), &TIME).unwrap());
        prop_assert_eq!(end.date(), day);
    }

    #[test]
    fn a_rolled_deadline_falls_on_a_working_day(from in moment(), days in 1u32..100) {
        let end = due(from, Span::CalendarDays { days, roll: true }, &TIME).unwrap();
        let date = tz::offset(8).to_datetime(end).date();
        prop_assert!(TIME.calendar().is_workday(date).unwrap());
        prop_assert!(date.weekday() != Weekday::Saturday || TIME.calendar().makeup_for(date).unwrap().is_some());
    }

    #[test]
    fn working_minutes_come_back(from in moment(), minutes in 1u32..20_000) {
        let end = due(from, Span::WorkingMinutes(minutes), &TIME).unwrap();
        prop_assert_eq!(working_minutes_between(from, end, &TIME).unwrap(), minutes);
        let before = working_minutes_between(from, end - SignedDuration::from_secs(1), &TIME);
        prop_assert!(before.unwrap() < minutes, "the end is the first such moment");
    }

    #[test]
    fn a_pause_of_no_length_is_neutral(from in moment(), span in span(), after in 0u32..900_000) {
        let clock = Clock::start("c", from, span, &TIME).unwrap();
        let then = later(from, after);
        prop_assert_eq!(paused(&clock, then, then), clock);
    }

    #[test]
    fn a_pause_moves_due_by_exactly_its_length(
        from in moment(), span in span(), after in 0u32..15_000, long in 1u32..50_000,
    ) {
        // On whole minutes, because open time is asked for in minutes.
        let from = whole_minute(from);
        let clock = Clock::start("c", from, span, &TIME).unwrap();
        let (since, to) = (later(from, after * 60), later(from, (after + long) * 60));
        let moved = paused(&clock, since, to).due();
        match span {
            Span::WorkingDays(_) | Span::WorkingMinutes(_) => {
                let open = |a, b| working_minutes_between(a, b, &TIME).unwrap();
                prop_assert_eq!(open(since, to), open(clock.due(), moved));
            }
            Span::CalendarMinutes(_) | Span::CalendarDays { roll: false, .. } => {
                prop_assert_eq!(moved, later(clock.due(), long * 60));
            }
            Span::CalendarDays { days, roll: true } => {
                // The last day closes at 17:30 or 18:30, moves by the pause, and then rolls.
                let plain = Span::CalendarDays { days, roll: false };
                let plain = Clock::start("c", from, plain, &TIME).unwrap();
                let last = tz::offset(8).to_datetime(plain.due() - SignedDuration::from_secs(1));
                let close = TIME.hours().season(last.date()).sessions[1].to_string();
                let end = at(&format!("{} {}", last.date(), &close[6..]));
                prop_assert_eq!(moved, rolled(later(end, long * 60)));
            }
        }
    }

    #[test]
    fn two_pauses_move_due_as_far_as_one(
        from in moment(), span in span(), a in 0u32..900_000, b in 0u32..900_000, c in 0u32..900_000,
    ) {
        let clock = Clock::start("c", from, span, &TIME).unwrap();
        let (first, middle, last) = (later(from, a), later(from, a + b), later(from, a + b + c));
        let twice = paused(&paused(&clock, first, middle), middle, last);
        let once = paused(&clock, first, last);
        prop_assert_eq!(twice.due(), once.due());
        prop_assert!(paused(&clock, first, middle).due() <= once.due(), "longer is never earlier");
    }

    #[test]
    fn time_alone_only_worsens_a_light(
        from in moment(), span in span(), a in 0u32..9_000_000, b in 0u32..9_000_000,
        percent in 0u8..=100, days in 0u32..5, pause in 0u32..900_000,
    ) {
        let clock = Clock::start("c", from, span, &TIME).unwrap();
        let resumed = later(from, pause);
        let clock = paused(&clock, from, resumed);
        let thresholds = Thresholds { yellow_percent: percent, yellow_working_days: days };
        let light = |at| clock.light(at, thresholds, &TIME).unwrap();
        let (early, late) = (later(resumed, a.min(b)), later(resumed, a.max(b)));
        prop_assert!(light(early) <= light(late));
        let yellow = clock.yellow_at(thresholds, &TIME).unwrap().unwrap();
        prop_assert!(clock.started() <= yellow && yellow <= clock.due());
        prop_assert_eq!(clock.state(), State::Running);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..config() })]

    #[test]
    fn minutes_between_agree_with_walking_the_minutes(from in moment(), minutes in 0u32..6_000) {
        // From the start of a minute, so that walking and counting see the same minutes.
        let from = whole_minute(from);
        let counted = working_minutes_between(from, later(from, minutes * 60), &TIME).unwrap();
        prop_assert_eq!(counted, minutes_by_walking(from, minutes));
    }
}
