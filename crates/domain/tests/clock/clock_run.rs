//! A running clock: moves, refusals, lights, escalation, its stored form.

use domain::clock::{
    Clock, ClockError, Light, Policy, State, Thresholds, WorkTime, escalation_step_at,
    escalation_steps,
};

use crate::{at, wall, work_time};

fn start(from: &str, span: &str, time: &WorkTime) -> Clock {
    Clock::start("reply", at(from), span.parse().unwrap(), time).unwrap()
}

fn paused(clock: &Clock, from: &str, to: &str, time: &WorkTime) -> Clock {
    clock.pause(at(from), at(to)).unwrap().resume(at(to), time).unwrap()
}

#[test]
fn a_pause_moves_the_end_by_the_time_that_counts() {
    let time = work_time();
    let cases = [
        // Two working hours paused move a working span by two working hours.
        ("2026-03-02 10:00", "3wd", "2026-03-03 09:00", "2026-03-03 11:00", "Fri 2026-03-06 10:30"),
        // A night and a weekend are no working time.
        ("2026-03-02 10:00", "8wh", "2026-03-02 18:00", "2026-03-03 08:00", "Tue 2026-03-03 10:30"),
        ("2026-03-05 10:00", "3wd", "2026-03-06 17:30", "2026-03-09 08:30", "Tue 2026-03-10 17:30"),
        // A whole working day moves the end to the next close, not to the morning after.
        ("2026-03-02 10:00", "3wd", "2026-03-03 08:30", "2026-03-04 08:30", "Fri 2026-03-06 17:30"),
        ("2026-03-02 10:00", "24h", "2026-03-02 11:00", "2026-03-02 12:30", "Tue 2026-03-03 11:30"),
        (
            "2026-03-02 10:00",
            "10d!",
            "2026-03-03 11:00",
            "2026-03-04 11:00",
            "Fri 2026-03-13 17:30",
        ),
        (
            "2026-03-02 10:00",
            "10d!",
            "2026-03-03 11:00",
            "2026-03-05 12:00",
            "Sat 2026-03-14 18:30",
        ),
        // Thu 12 March: one day more is Friday, two days more are Saturday, rolled to Monday.
        ("2026-03-02 10:00", "10d", "2026-03-03 11:00", "2026-03-04 11:00", "Fri 2026-03-13 17:30"),
        ("2026-03-02 10:00", "10d", "2026-03-03 11:00", "2026-03-05 11:00", "Mon 2026-03-16 17:30"),
        // A last day never ends before its offices close.
        ("2026-03-02 10:00", "9d", "2026-03-03 11:00", "2026-03-04 07:00", "Thu 2026-03-12 17:30"),
    ];
    for (from, span, since, to, expected) in cases {
        let clock = paused(&start(from, span, &time), since, to, &time);
        assert_eq!(wall(clock.due()), expected, "{span} paused from {since} to {to}");
    }
}

#[test]
fn the_roll_of_a_calendar_deadline_is_not_counted_twice() {
    let time = work_time();
    // 12 days end on Saturday 14 March, rolled to Monday; paused for a day they end on Sunday.
    let clock = start("2026-03-02 10:00", "12d", &time);
    assert_eq!(wall(clock.due()), "Mon 2026-03-16 17:30");
    let clock = paused(&clock, "2026-03-03 10:00", "2026-03-04 10:00", &time);
    assert_eq!(wall(clock.due()), "Mon 2026-03-16 17:30");
    let clock = paused(&clock, "2026-03-04 10:00", "2026-03-06 10:00", &time);
    assert_eq!(wall(clock.due()), "Tue 2026-03-17 17:30");
}

#[test]
fn a_pause_ends_at_its_approved_end_even_if_resumed_late() {
    let time = work_time();
    let clock = start("2026-03-02 10:00", "24h", &time);
    let clock = clock.pause(at("2026-03-02 11:00"), at("2026-03-02 12:00")).unwrap();
    assert_eq!(clock.resumes_at(), Some(at("2026-03-02 12:00")));
    let clock = clock.resume(at("2026-03-02 15:00"), &time).unwrap();
    assert_eq!(wall(clock.due()), "Tue 2026-03-03 11:00");
    assert_eq!(clock.resumes_at(), None);
}

#[test]
fn extensions_follow_the_end_before_rolling() {
    let time = work_time();
    let cases = [
        // 60 and 30 days are 90 days from 10 January: Tuesday 9 April, though 60 days rolled.
        ("2024-01-10 10:00", "60d", "30d", "Tue 2024-04-09 17:30"),
        // The unrolled end is Sunday 24:00, which belongs to Sunday.
        ("2024-01-10 10:00", "60d!", "30d!", "Tue 2024-04-09 17:30"),
        ("2026-03-02 10:00", "3wd", "2wd", "Mon 2026-03-09 17:30"),
        ("2026-03-02 10:00", "3wd", "2wh", "Fri 2026-03-06 10:30"),
        ("2026-03-02 10:00", "24h", "24h", "Wed 2026-03-04 10:00"),
    ];
    for (from, span, by, expected) in cases {
        let clock = start(from, span, &time).extend(by.parse().unwrap(), &time).unwrap();
        assert_eq!(wall(clock.due()), expected, "{span} and {by}");
        assert_eq!(clock.extended(), 1);
    }
}

#[test]
fn a_pause_without_working_time_leaves_an_end_outside_office_hours_alone() {
    let time = work_time();
    let clock = start("2026-03-02 10:00", "4wd", &time);
    let clock = clock.extend("24h".parse().unwrap(), &time).unwrap();
    let clock = paused(&clock, "2026-03-03 19:00", "2026-03-03 20:00", &time);
    assert_eq!(wall(clock.due()), "Sat 2026-03-07 17:30");
}

#[test]
fn impossible_moves_are_refused() {
    let time = work_time();
    let (now, later) = (at("2026-03-02 11:00"), at("2026-03-04 11:00"));
    let by = "1wd".parse().unwrap();
    let running = start("2026-03-02 10:00", "3wd", &time);
    let paused = running.pause(now, later).unwrap();
    let stopped = paused.stop(now).unwrap();
    assert_eq!(stopped.state(), State::Stopped { at: now });
    let cases = [
        (running.resume(now, &time), ClockError::IsRunning),
        (running.pause(now, now), ClockError::PauseWithoutLength),
        (paused.pause(now, later), ClockError::IsPaused),
        (paused.extend(by, &time), ClockError::IsPaused),
        (stopped.pause(now, later), ClockError::IsStopped),
        (stopped.resume(now, &time), ClockError::IsStopped),
        (stopped.extend(by, &time), ClockError::IsStopped),
        (stopped.stop(now), ClockError::IsStopped),
        (stopped.under(by, &time), ClockError::IsStopped),
    ];
    for (index, (moved, refusal)) in cases.into_iter().enumerate() {
        assert_eq!(moved, Err(refusal), "case {index}");
    }
}

#[test]
fn a_node_whose_time_runs_behind_cannot_turn_time_back() {
    let time = work_time();
    let clock = start("2026-03-02 10:00", "3wd", &time);
    let clock = clock.pause(at("2026-03-02 09:59:58"), at("2026-03-03 10:00")).unwrap();
    let since = at("2026-03-02 10:00");
    assert_eq!(clock.state(), State::Paused { since, until: at("2026-03-03 10:00") });
    let clock = clock.resume(at("2026-03-02 09:59:59"), &time).unwrap();
    assert_eq!((clock.pauses().len(), wall(clock.due())), (0, "Thu 2026-03-05 17:30".to_owned()));
}

#[test]
fn a_changed_policy_shows_what_it_would_move() {
    let time = work_time();
    let clock = start("2026-03-02 10:00", "3wd", &time);
    let clock = paused(&clock, "2026-03-03 09:00", "2026-03-03 11:00", &time);
    let moved = clock.under("5wd".parse().unwrap(), &time).unwrap();
    assert_eq!(wall(clock.due()), "Fri 2026-03-06 10:30");
    assert_eq!(wall(moved.due()), "Tue 2026-03-10 10:30");
    assert_eq!(clock.under(clock.span(), &time).unwrap(), clock);
}

#[test]
fn a_light_turns_yellow_by_share_or_by_days() {
    let time = work_time();
    let cases = [
        // 20 % of 8 working hours are 96 minutes.
        ("2026-03-02 08:30", "8wh", 20, 2, "Mon 2026-03-02 16:24"),
        // 3 days are longer than 2: yellow when two working days are left after today.
        ("2026-03-02 10:00", "3wd", 20, 2, "Tue 2026-03-03 00:00"),
        ("2025-12-31 10:00", "3wd", 20, 2, "Sun 2026-01-04 00:00"),
        // 2 days are not: three open days of 7.5 hours, 20 % are the last 4.5 hours.
        ("2026-03-02 08:30", "2wd", 20, 2, "Wed 2026-03-04 11:30"),
        // Neither are 2 working days around a weekend: 20 % of 21 hours are 4 hours 12 minutes.
        ("2026-03-05 10:00", "2wd", 20, 2, "Mon 2026-03-09 11:48"),
        // Due Wed 1 April 17:30, 727.5 hours later: 20 % are 6 days and 1.5 hours.
        ("2026-03-02 10:00", "30d", 20, 2, "Thu 2026-03-26 16:00"),
        // After Monday 30 March, Tuesday and Wednesday are left.
        ("2026-03-02 10:00", "30d", 0, 2, "Mon 2026-03-30 00:00"),
        // Due Sat 7 March 24:00, 134 hours later: 20 % are 26 hours and 48 minutes.
        ("2026-03-02 10:00", "5d!", 20, 9, "Fri 2026-03-06 21:12"),
        ("2026-03-02 10:00", "30m", 20, 0, "Mon 2026-03-02 10:24"),
        ("2026-03-02 10:00", "30m", 0, 2, "Mon 2026-03-02 10:30"),
        ("2026-03-02 10:00", "3wd", 100, 0, "Mon 2026-03-02 10:00"),
        // Never before the start, though no office was open since the day before.
        ("2026-03-07 10:00", "1wd", 100, 2, "Sat 2026-03-07 10:00"),
        ("2022-01-01 00:00", "1wd", 100, 2, "Sat 2022-01-01 00:00"),
    ];
    for (from, span, yellow_percent, yellow_working_days, expected) in cases {
        let clock = start(from, span, &time);
        let thresholds = Thresholds { yellow_percent, yellow_working_days };
        let yellow = clock.yellow_at(thresholds, &time).unwrap().unwrap();
        assert_eq!(wall(yellow), expected, "{span} {thresholds:?}");
    }
}

#[test]
fn an_urgent_clock_has_a_light_even_without_a_calendar() {
    let time = work_time();
    let clock = start("2027-03-02 10:00", "30m", &time);
    let light = |now| clock.light(at(now), Thresholds::default(), &time);
    assert_eq!(light("2027-03-02 10:23"), Ok(Light::Green));
    assert_eq!(light("2027-03-02 10:24"), Ok(Light::Yellow));
    assert_eq!(light("2027-03-02 10:30"), Ok(Light::Red));
}

#[test]
fn lights_change_at_their_moments() {
    let time = work_time();
    let clock = start("2026-03-02 08:30", "8wh", &time);
    let light = |clock: &Clock, now| clock.light(at(now), Thresholds::default(), &time).unwrap();
    assert_eq!(wall(clock.due()), "Tue 2026-03-03 09:00");
    for (now, expected) in [
        ("2026-03-02 08:30", Light::Green),
        ("2026-03-02 16:23:59", Light::Green),
        ("2026-03-02 16:24", Light::Yellow),
        ("2026-03-03 08:59:59.999", Light::Yellow),
        ("2026-03-03 09:00", Light::Red),
    ] {
        assert_eq!(light(&clock, now), expected, "{now}");
    }
    let paused = clock.pause(at("2026-03-02 16:30"), at("2026-03-20 12:00")).unwrap();
    assert_eq!(light(&paused, "2026-03-19 12:00"), Light::Yellow, "keeps the light it had");
    assert_eq!(paused.yellow_at(Thresholds::default(), &time), Ok(None));
    let stopped = clock.stop(at("2026-03-02 16:00")).unwrap();
    assert_eq!(light(&stopped, "2026-03-19 12:00"), Light::Green, "was done in time");
}

#[test]
fn a_long_pause_does_not_make_a_light_yellow() {
    let time = work_time();
    let clock = start("2026-03-02 08:30", "8wh", &time);
    let clock = paused(&clock, "2026-03-02 09:30", "2026-03-16 09:30", &time);
    let light = clock.light(at("2026-03-16 09:30"), Thresholds::default(), &time).unwrap();
    assert_eq!((light, wall(clock.due())), (Light::Green, "Tue 2026-03-17 09:00".to_owned()));
}

#[test]
fn escalation_climbs_one_step_a_period() {
    let time = work_time();
    let policy = Policy { every: "1wd".parse().unwrap(), max_steps: 3 };
    let clock = start("2026-03-02 10:00", "3wd", &time);
    for (now, steps) in [
        ("2026-03-05 17:29:59", 0),
        ("2026-03-05 17:30", 1),
        ("2026-03-06 17:29:59", 1),
        ("2026-03-06 17:30", 2),
        ("2026-03-09 17:29:59", 2),
        ("2026-03-09 17:30", 3),
        ("2026-12-01 09:00", 3),
    ] {
        let reached = escalation_steps(&clock, at(now), &policy, &time).unwrap();
        assert_eq!(reached, steps, "{now}");
    }
    for (step, expected) in
        [(1, "Thu 2026-03-05 17:30"), (2, "Fri 2026-03-06 17:30"), (3, "Mon 2026-03-09 17:30")]
    {
        let reached = escalation_step_at(&clock, step, &policy, &time).unwrap();
        assert_eq!(wall(reached), expected);
    }
    // A clock due on Sunday at 24:00 has Sunday for its last day.
    let sunday = start("2024-01-10 10:00", "60d!", &time);
    let second = escalation_step_at(&sunday, 2, &policy, &time).unwrap();
    assert_eq!(wall(second), "Mon 2024-03-11 17:30");
    let paused = clock.pause(at("2026-03-05 18:00"), at("2026-04-30 12:00")).unwrap();
    assert_eq!(escalation_steps(&paused, at("2026-04-01 12:00"), &policy, &time), Ok(1));
}

#[test]
fn a_missing_year_does_not_hold_back_steps_before_it() {
    let time = work_time();
    let policy = Policy { every: "1wd".parse().unwrap(), max_steps: 3 };
    let clock = start("2026-12-29 10:00", "1wd", &time);
    let steps = |now| escalation_steps(&clock, at(now), &policy, &time);
    assert_eq!(steps("2026-12-31 20:00"), Ok(2));
    let error = steps("2027-01-01 00:00").unwrap_err();
    assert_eq!(error.to_string(), "no holiday data for 2027: add calendar/2027.csv to the pack");
}

#[test]
fn a_clock_is_stored_compactly_and_comes_back_whole() {
    let time = work_time();
    let clock = start("2026-03-02 10:00:00.75", "3wd", &time);
    let text = serde_json::to_string(&clock).unwrap();
    assert_eq!(text, r#"{"c":"reply","s":1772416800,"n":"3wd","d":1772703000,"z":"running"}"#);
    assert_eq!(serde_json::from_str::<Clock>(&text).unwrap(), clock);

    let clock = paused(&clock, "2026-03-02 11:00", "2026-03-02 12:00", &time);
    let clock = clock.extend("1wd".parse().unwrap(), &time).unwrap();
    let clock = clock.pause(at("2026-03-03 11:00"), at("2026-03-04 11:00")).unwrap();
    let text = serde_json::to_string(&clock).unwrap();
    assert!(text.len() < 200, "{text}");
    assert_eq!(serde_json::from_str::<Clock>(&text).unwrap(), clock);
    let clock = clock.stop(at("2026-03-03 12:00")).unwrap();
    let text = serde_json::to_string(&clock).unwrap();
    assert_eq!(serde_json::from_str::<Clock>(&text).unwrap(), clock);
}
