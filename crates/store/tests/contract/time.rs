//! What time does: escalation, pauses, extensions, the three days of an unreachable person.

use crate::{cast::*, raw};
use domain::{
    case::{is_paused, is_running},
    field::{Raw, Why, check},
    refusal::{Bar, Refusal},
};
use jiff::Timestamp;
use testkit::{Appeal, Stand, unit};

testkit::both!(
    unreachable_needs_three_days,
    an_extension_is_given_once,
    a_pause_ends_on_its_day,
    overdue_climbs_a_level_a_step,
    a_long_sleep_climbs_every_step_to_its_own_unit,
    two_clocks_that_tick_at_once_move_once,
    what_cannot_move_does_not_block_the_rest,
);

async fn unreachable_needs_three_days(stand: Stand) {
    let case = visiting(&stand, &Appeal::new("1302", "打不通")).await;
    let tries = [
        ("2025-03-04T10:00+08:00", "phone"),
        ("2025-03-04T15:00+08:00", "phone"),
        ("2025-03-04T23:59:59+08:00", "visit"),
        ("2025-03-05T00:00+08:00", "phone"),
    ];
    for (at, how) in tries {
        stand.clock.set(at);
        stand.act(&city_visitor(), case, "try_contact", &[("try_channel", how)]).await;
        let early = stand.try_act(&city_visitor(), case, "close_unreachable", &[]).await;
        assert_eq!(bar(early).0, Bar::TooFewDays, "{at}");
    }
    stand.clock.set("2025-03-06T09:00+08:00");
    stand.act(&city_visitor(), case, "try_contact", &[("try_channel", "through")]).await;
    stand.act(&city_visitor(), case, "close_unreachable", &[]).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.state, "closed");
    assert!(page.case.flags.contains("unreachable"));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn an_extension_is_given_once(stand: Stand) {
    let flow = &stand.pack.workflows["appeal"];
    let uses = &flow.action("request_extension").unwrap().fields;
    let raw = Raw::from([
        ("days".to_owned(), vec!["31".to_owned()]),
        ("reason".to_owned(), vec!["案情复杂".to_owned()]),
    ]);
    let faults = check(&stand.pack, flow, uses, &raw).unwrap_err();
    assert_eq!(faults[0].why, Why::NotANumber { min: 1, max: 30 });

    let case = handling(&stand, &Appeal::new("1302", "案情复杂")).await;
    let ask = [("days", "30"), ("reason", "案情复杂")];
    let stage = stand.page(case).await.case.clocks["handle"].due();
    stand.clock.advance_hours(24);
    stand.act(&east_handler(), case, "request_extension", &ask).await;
    let page = stand.page(case).await;
    assert_eq!(
        page.case.clocks["handle"].due(),
        stage,
        "whoever asks for time gets none by asking"
    );
    assert!(is_running(&page.case.clocks["handle"]) && is_running(&page.case.clocks["approve"]));
    assert_eq!(page.case.clocks["overall"].due(), at("2025-05-06T18:00+08:00"), "sixty days");
    stand.act(&east_leader(), case, "approve_extension", &[]).await;
    let page = stand.page(case).await;
    // Sixty and thirty days end on a Sunday, and the Monday after is a holiday.
    assert_eq!(page.case.clocks["overall"].due(), at("2025-06-03T18:00+08:00"));
    assert_eq!(page.case.documents.last().map(String::as_str), Some("extension_notice"));
    let later = page.case.clocks["handle"].due();
    assert!(later >= stage + jiff::SignedDuration::from_hours(24 * 30), "{later}");
    assert!(!is_running(&page.case.clocks["approve"]));

    stand.act(&east_handler(), case, "request_extension", &[("days", "1"), ("reason", "再")]).await;
    let again = stand.try_act(&east_leader(), case, "approve_extension", &[]).await;
    assert_eq!(refusal(again), Refusal::OverLimit { what: "extension_times", max: 1 });
    stand.act(&east_leader(), case, "refuse_extension", &[("reason", "已延过一次")]).await;
    let page = stand.page(case).await;
    assert_eq!(page.case.clocks["handle"].due(), later, "a refusal gives no time either");
    assert!(!is_running(&page.case.clocks["approve"]));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_pause_ends_on_its_day(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "等法院判决")).await;
    let due = stand.page(case).await.case.clocks["overall"].due();
    let long = [("reason", "等判决"), ("pause_until", "2025-12-31")];
    let refused = stand.try_act(&east_leader(), case, "suspend", &long).await;
    assert_eq!(refusal(refused), Refusal::OverLimit { what: "pause_days", max: 180 });
    let past = [("reason", "等判决"), ("pause_until", "2025-03-02")];
    let refused = stand.try_act(&east_leader(), case, "suspend", &past).await;
    assert_eq!(refusal(refused), Refusal::DateInPast("pause_until".to_owned()));

    let fields = [("reason", "等判决"), ("pause_until", "2025-03-10")];
    stand.act(&east_leader(), case, "suspend", &fields).await;
    let page = stand.page(case).await;
    assert!(is_paused(&page.case.clocks["overall"]) && !is_running(&page.case.clocks["handle"]));
    stand.clock.set("2025-03-10T23:59:59+08:00");
    assert_eq!(stand.tick().await, 0, "the last day belongs to the pause");
    stand.clock.set("2025-03-11T00:00+08:00");
    assert_eq!(stand.tick().await, 1);
    let page = stand.page(case).await;
    assert_eq!(page.case.state, "handling");
    assert!(is_running(&page.case.clocks["overall"]) && is_running(&page.case.clocks["handle"]));
    // The sixty days ended on 2 May, in the holidays; seven days and fifteen hours later it is a
    // Saturday.
    assert_eq!(due, at("2025-05-06T18:00+08:00"));
    assert_eq!(page.case.clocks["overall"].due(), at("2025-05-12T18:00+08:00"));
    assert_eq!(stand.tick().await, 0);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// Due on Tuesday evening; one step then, one after each working day, four in all.
async fn overdue_climbs_a_level_a_step(mut stand: Stand) {
    let case = assigned(&stand, &Appeal::new("1302", "没人签收"), unit::EAST_TOWN).await;
    let due = stand.page(case).await.case.clocks["sign"].due();
    assert_eq!(due, at("2025-03-04T17:30+08:00"));
    let told = "SELECT message, unit FROM outbox WHERE message IN ('overdue', 'escalated')
                ORDER BY id";
    let mut expected: Vec<[&str; 2]> = Vec::new();
    let steps = [
        ("2025-03-04T17:29:59+08:00", None),
        ("2025-03-04T17:30+08:00", Some(unit::EAST)),
        ("2025-03-05T17:29+08:00", None),
        ("2025-03-05T17:30+08:00", Some(unit::CITY)),
        ("2025-03-06T17:30+08:00", Some(unit::CITY)),
        ("2025-03-07T17:30+08:00", Some(unit::CITY)),
        ("2025-03-10T17:30+08:00", None),
        ("2025-03-20T17:30+08:00", None),
    ];
    for (when, climbs_to) in steps {
        stand.clock.set(when);
        if expected.is_empty() && climbs_to.is_some() {
            expected.push(["overdue", unit::EAST_TOWN]);
        }
        expected.extend(climbs_to.map(|unit| ["escalated", unit]));
        assert_eq!(stand.tick().await, usize::from(climbs_to.is_some()), "{when}");
        assert_eq!(stand.tick().await, 0, "twice at {when}");
        stand = stand.reopened().await;
        assert_eq!(stand.tick().await, 0, "after a restart at {when}");
        assert_eq!(raw::rows(&stand, told).await, expected, "{when}");
    }
    let page = stand.page(case).await;
    assert_eq!(page.case.climbed["sign"], 4);
    assert_eq!(page.case.unit, unit::EAST_TOWN, "those above are told, the unit stays responsible");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_long_sleep_climbs_every_step_to_its_own_unit(stand: Stand) {
    assigned(&stand, &Appeal::new("1302", "停机十天"), unit::EAST_TOWN).await;
    stand.clock.set("2025-03-14T09:00+08:00");
    assert_eq!(stand.tick().await, 1);
    let told = "SELECT unit FROM outbox WHERE message = 'escalated' ORDER BY id";
    assert_eq!(
        raw::rows(&stand, told).await,
        [[unit::EAST], [unit::CITY], [unit::CITY], [unit::CITY]]
    );
    assert_eq!(stand.tick().await, 0);
}

async fn two_clocks_that_tick_at_once_move_once(stand: Stand) {
    for n in 0..12 {
        assigned(&stand, &Appeal::new("1302", &format!("第{n}件")), unit::EAST_TOWN).await;
    }
    stand.clock.set("2025-03-04T17:30+08:00");
    let (one, other) = tokio::join!(stand.tick(), stand.tick());
    assert_eq!(one + other, 12);
    let told = "SELECT COUNT(*) FROM outbox WHERE message = 'overdue'";
    assert_eq!(raw::number(&stand, told).await, 12);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// A case whose next clock lies in a year without holidays cannot resume; the others go on.
async fn what_cannot_move_does_not_block_the_rest(stand: Stand) {
    let last = stand.pack.work_time.calendar().years().max().unwrap();
    stand.clock.set(&format!("{last}-09-01T09:00+08:00"));
    let stuck = handling(&stand, &Appeal::new("1302", "停到年底")).await;
    let end = format!("{last}-12-31");
    let fields = [("reason", "等判决"), ("pause_until", end.as_str())];
    stand.act(&east_leader(), stuck, "suspend", &fields).await;
    stand.clock.set(&format!("{}-01-01T00:00+08:00", last + 1));
    let wake = format!("SELECT wake FROM cases WHERE id = {stuck}");
    assert!(raw::number(&stand, &wake).await <= stand.clock.now().as_microsecond());
    assert_eq!(stand.tick().await, 0, "nobody knows the holidays of that year");
    let in_an_hour = stand.clock.now().as_microsecond() + 3_600_000_000;
    assert_eq!(raw::number(&stand, &wake).await, in_an_hour);
    assert_eq!(stand.page(stuck).await.case.state, "suspended");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}
