//! Messages on their way to a real gateway on loopback, from both databases: nothing is lost,
//! nothing overtakes, nothing leaves that must not, and nothing is told but the neutral text.

use courier::{Config, Courier, Kind, LEASE};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use store::{Audience, Fate, ToldState};
use testkit::{Appeal, GATEWAY_SECRET, Stand, TestGateway, actor, unit};

testkit::both!(
    a_letter_is_sent_once_and_marked,
    a_failing_gateway_is_tried_again_and_given_up,
    a_refused_letter_is_dead_until_it_is_opened_again,
    a_crash_between_sending_and_marking_sends_again_under_the_same_id,
    a_late_answer_settles_nothing_that_another_has_claimed,
    letters_of_a_case_keep_their_order,
    the_text_tells_nothing,
    the_plan_withholds,
    the_plan_delays,
    old_letters_do_not_flood_a_new_gateway,
    units_get_theirs,
    two_couriers_share_the_work,
);

fn courier(gateway: &TestGateway, takes: &[Audience]) -> Courier {
    let config = Config {
        name: "test".to_owned(),
        kind: Kind::Http,
        takes: takes.to_vec(),
        url: gateway.url().to_owned(),
        secret_file: None,
        ca_file: None,
    };
    Courier::new(&[config], |_| Some(GATEWAY_SECRET.to_owned())).expect("a courier")
}

/// To persons, the usual case of these tests.
fn to_persons(gateway: &TestGateway) -> Courier {
    courier(gateway, &[Audience::Persons])
}

async fn round(stand: &Stand, courier: &Courier) -> usize {
    let now = || stand.clock.now();
    courier.round(&stand.store, &stand.pack, &now).await.expect("a round")
}

fn later(stand: &Stand, by: SignedDuration) {
    stand.clock.set_to(stand.clock.now().checked_add(by).expect("in range"));
}

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

/// What the case page says about the letters to the person.
async fn told(stand: &Stand, case: i64) -> Vec<ToldState> {
    let page = stand.page(case).await;
    let told = stand.store.told(&stand.pack, &page).await.expect("an answer");
    told.into_iter().map(|t| t.state).collect()
}

fn ordinary() -> Appeal {
    Appeal::new("1302", "问路灯")
}

/// Brings an ordinary case to the step that tells the person a second time.
async fn accept(stand: &Stand, case: i64) {
    let operator = actor(1, unit::HOTLINE, "operator");
    stand.act(&operator, case, "register", &[("category", "1302")]).await;
    stand.act(&operator, case, "to_triage", &[]).await;
    stand.act(&actor(3, unit::HOTLINE, "dispatcher"), case, "dispatch", &[]).await;
}

async fn a_letter_is_sent_once_and_marked(stand: Stand) {
    let gateway = TestGateway::start().await;
    let courier = to_persons(&gateway);
    let opened = stand.open(&ordinary()).await;
    assert_eq!(told(&stand, opened.done.case).await, [ToldState::Waiting]);
    assert_eq!(stand.store.outbox_size().await.expect("a size").persons, 1);
    assert_eq!((round(&stand, &courier).await, round(&stand, &courier).await), (1, 0));

    let taken = gateway.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].text("/type"), "message.person");
    assert_eq!(taken[0].text("/data/to/phone"), "10000000001");
    let words = format!(
        "您提交的信息已收到，编号{}。请妥善保管编号和查询码，凭编号和查询码查看进展。",
        opened.number
    );
    assert_eq!(taken[0].text("/data/text"), words);
    assert_eq!(taken[0].second, stand.clock.now().as_second());
    assert_eq!(gateway.forged(), 0);
    assert_eq!(told(&stand, opened.done.case).await, [ToldState::Sent(stand.clock.now())]);
    assert_eq!(stand.store.outbox_size().await.expect("a size").persons, 0);
    let stats = stand.store.sending_stats();
    assert_eq!((stats.sent, stats.failed, stats.withheld, stats.dead), (1, 0, 0, 0));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_failing_gateway_is_tried_again_and_given_up(stand: Stand) {
    let gateway = TestGateway::start().await;
    let courier = to_persons(&gateway);
    let case = stand.open(&ordinary()).await.done.case;
    gateway.answer(&[503, 429, 500]);
    round(&stand, &courier).await;
    later(&stand, SignedDuration::from_secs(59));
    assert_eq!(round(&stand, &courier).await, 0, "the first wait is a minute");
    for wait in [minutes(1), minutes(4), minutes(16)] {
        later(&stand, wait);
        assert_eq!(round(&stand, &courier).await, 1);
    }
    let ids: BTreeSet<String> = gateway.received().into_iter().map(|r| r.id).collect();
    assert_eq!((gateway.received().len(), gateway.taken().len(), ids.len()), (4, 1, 1));

    let lost = stand.open(&ordinary()).await.done.case;
    gateway.answer(&[503; 20]);
    for _ in 0..20 {
        round(&stand, &courier).await;
        later(&stand, minutes(360));
    }
    assert_eq!(gateway.received().len(), 4 + 10, "given up after ten");
    assert_eq!(told(&stand, lost).await, [ToldState::Dead]);
    assert!(matches!(told(&stand, case).await[..], [ToldState::Sent(_)]));
    let dead = stand.store.dead_letters().await.expect("an answer");
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].why.as_str(), dead[0].failures), ("http_503", 10));
}

async fn a_refused_letter_is_dead_until_it_is_opened_again(stand: Stand) {
    let gateway = TestGateway::start().await;
    let courier = to_persons(&gateway);
    let case = stand.open(&ordinary()).await.done.case;
    gateway.answer(&[422]);
    round(&stand, &courier).await;
    later(&stand, minutes(600));
    assert_eq!(round(&stand, &courier).await, 0);
    let dead = stand.store.dead_letters().await.expect("an answer");
    assert_eq!((dead.len(), dead[0].unit.as_str(), dead[0].failures), (1, "", 1));
    assert_eq!(stand.store.outbox_size().await.expect("a size").dead, 1);

    let now = stand.clock.now();
    assert!(stand.store.revive_message(dead[0].id, now).await.expect("an answer"));
    assert!(!stand.store.revive_message(dead[0].id, now).await.expect("an answer"));
    round(&stand, &courier).await;
    assert!(matches!(told(&stand, case).await[..], [ToldState::Sent(_)]));
}

async fn a_crash_between_sending_and_marking_sends_again_under_the_same_id(stand: Stand) {
    let gateway = TestGateway::start().await;
    stand.open(&ordinary()).await;
    gateway.fall_silent(true);
    let (store, pack, clock) = (stand.store.clone(), stand.pack.clone(), stand.clock.clone());
    let doomed = to_persons(&gateway);
    let dying = tokio::spawn(async move {
        let now = move || clock.now();
        doomed.round(&store, &pack, &now).await
    });
    gateway.arrival().await;
    dying.abort();
    assert!(dying.await.is_err(), "the node died before it could mark anything");
    gateway.fall_silent(false);

    let stand = stand.reopened().await;
    let courier = to_persons(&gateway);
    assert_eq!(round(&stand, &courier).await, 0, "the lease still runs");
    later(&stand, LEASE);
    assert_eq!(round(&stand, &courier).await, 1);
    let received = gateway.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].id, received[1].id);
    assert_eq!(gateway.taken().len(), 1);
}

async fn a_late_answer_settles_nothing_that_another_has_claimed(stand: Stand) {
    let case = stand.open(&ordinary()).await.done.case;
    let claim = || async {
        let now = stand.clock.now();
        let claimed = stand.store.claim_messages(Audience::Persons, now, LEASE, 10).await;
        claimed.expect("a claim")
    };
    let slow = claim().await;
    assert_eq!((slow.len(), claim().await.len()), (1, 0));
    later(&stand, LEASE);
    let quick = claim().await;
    assert_eq!(quick.len(), 1);
    let settle = |claimed: Vec<store::Claimed>, fate: Fate| {
        let fates = claimed.into_iter().map(|c| (c, fate.clone())).collect();
        stand.store.settle_messages(stand.clock.now(), fates)
    };
    let failed = Fate::Failed { why: "timeout".to_owned(), lasting: true };
    settle(slow, failed).await.expect("settled");
    assert_eq!(told(&stand, case).await, [ToldState::Waiting]);
    settle(quick, Fate::Sent).await.expect("settled");
    assert_eq!(told(&stand, case).await, [ToldState::Sent(stand.clock.now())]);
    assert_eq!(stand.store.sending_stats().failed, 0);
}

async fn letters_of_a_case_keep_their_order(stand: Stand) {
    let gateway = TestGateway::start().await;
    let courier = to_persons(&gateway);
    let opened = stand.open(&ordinary()).await;
    accept(&stand, opened.done.case).await;
    let other = stand.open(&ordinary()).await;
    gateway.answer(&[503]);
    for _ in 0..6 {
        later(&stand, minutes(1));
        round(&stand, &courier).await;
    }
    let of = |number: &str| {
        let all = gateway.taken().into_iter().map(|r| r.text("/data/text"));
        all.filter(|t| t.contains(number)).collect::<Vec<_>>()
    };
    let mine = of(&opened.number);
    assert_eq!(mine.len(), 2, "{mine:?}");
    assert!(mine[0].contains("已收到") && mine[1].contains("已受理，预计"), "{mine:?}");
    assert_eq!(of(&other.number).len(), 1);
    assert_eq!(gateway.received().len(), 4);
}

async fn the_text_tells_nothing(stand: Stand) {
    let canary = "金丝雀";
    let gateway = TestGateway::start().await;
    let courier = courier(&gateway, &Audience::ALL);
    let appeal = ordinary()
        .with("summary", "金丝雀一")
        .with("narrative", "金丝雀二")
        .with("address", "金丝雀三")
        .with("contact_name", "金丝雀四");
    let case = stand.open(&appeal).await.done.case;
    accept(&stand, case).await;
    later(&stand, SignedDuration::from_hours(24 * 7));
    stand.tick().await;
    for _ in 0..10 {
        round(&stand, &courier).await;
    }
    let taken = gateway.taken();
    assert!(taken.iter().filter(|r| r.text("/type") == "message.person").count() == 2);
    assert!(taken.iter().filter(|r| r.text("/type") == "message.unit").count() > 2);
    let brand = &stand.pack.brand;
    for letter in &taken {
        let body = &letter.body;
        let told = [canary, "建议", "http", "{{", "—"];
        assert!(!told.iter().any(|word| body.contains(word)), "{body}");
        if letter.text("/type") == "message.person" {
            let sender = [&brand.short, &brand.platform, &brand.owner, &brand.hotline];
            assert!(!sender.iter().any(|word| body.contains(word.as_str())), "{body}");
            assert!(!body.contains("妇"), "{body}");
        } else {
            assert!(!body.contains("10000000001"), "{body}");
        }
    }
}

async fn the_plan_withholds(stand: Stand) {
    let gateway = TestGateway::start().await;
    let courier = to_persons(&gateway);
    let grave = || Appeal::new("0201", "他动手");
    let withheld = |why: &str| ToldState::Withheld(why.to_owned());
    for (appeal, expected) in [
        (ordinary().with("safe_contact", "只在周三上午"), withheld("plan")),
        (ordinary().with("contact_ways", "phone"), withheld("plan")),
        (ordinary().with("blocked_numbers", "100 0000 0001"), withheld("plan")),
        (
            ordinary().with("contact_ways", "sms").with("blocked_numbers", "10000000001"),
            withheld("plan"),
        ),
        (ordinary().with("no_contact", "yes"), withheld("unsafe")),
        (ordinary().with("contact_phone", ""), withheld("no_phone")),
        (ordinary().with("anonymous", "yes"), withheld("no_phone")),
        (grave(), withheld("grave")),
        (grave().with("safe_contact", "随时"), withheld("plan")),
    ] {
        let case = stand.open(&appeal).await.done.case;
        round(&stand, &courier).await;
        assert_eq!(told(&stand, case).await, [expected], "{appeal:?}");
    }
    assert_eq!(gateway.received(), []);

    // Whoever asked for messages gets them, and a mark of staff stops them again.
    let case = stand.open(&grave().with("contact_ways", "sms")).await.done.case;
    let marked = stand.open(&ordinary()).await.done.case;
    let operator = actor(1, unit::HOTLINE, "operator");
    stand.act(&operator, marked, "mark_unsafe", &[("reason", "电话由他接")]).await;
    round(&stand, &courier).await;
    assert!(matches!(told(&stand, case).await[..], [ToldState::Sent(_)]));
    assert_eq!(told(&stand, marked).await, [withheld("unsafe")]);
    assert_eq!(gateway.taken().len(), 1);
    assert_eq!(stand.store.sending_stats().withheld, 10);
}

async fn the_plan_delays(stand: Stand) {
    let gateway = TestGateway::start().await;
    let courier = to_persons(&gateway);
    let appeal = || {
        ordinary()
            .with("contact_ways", "sms")
            .with("contact_days", "3")
            .with("contact_from", "14:00")
            .with("contact_until", "16:00")
    };
    let case = stand.open(&appeal()).await.done.case;
    let other = stand.open(&ordinary()).await.done.case;
    round(&stand, &courier).await;
    assert_eq!(told(&stand, case).await, [ToldState::Waiting]);
    assert!(matches!(told(&stand, other).await[..], [ToldState::Sent(_)]), "others do not wait");
    // The stand begins on a Monday morning.
    stand.clock.set("2025-03-05T13:59+08:00");
    assert_eq!(round(&stand, &courier).await, 0);
    stand.clock.set("2025-03-05T14:00+08:00");
    assert_eq!(round(&stand, &courier).await, 1);
    assert_eq!(told(&stand, case).await, [ToldState::Sent(stand.clock.now())]);

    // A round that comes too late waits for the next week instead of sending at night.
    let case = stand.open(&appeal()).await.done.case;
    stand.clock.set("2025-03-05T22:00+08:00");
    round(&stand, &courier).await;
    assert_eq!(told(&stand, case).await, [ToldState::Waiting]);
    stand.clock.set("2025-03-12T14:00+08:00");
    round(&stand, &courier).await;
    assert_eq!(told(&stand, case).await, [ToldState::Sent(stand.clock.now())]);
}

async fn old_letters_do_not_flood_a_new_gateway(stand: Stand) {
    let case = stand.open(&ordinary()).await.done.case;
    later(&stand, SignedDuration::from_hours(24 * 9));
    let recent = stand.open(&ordinary()).await.done.case;
    let gateway = TestGateway::start().await;
    let courier = to_persons(&gateway);
    round(&stand, &courier).await;
    assert_eq!(told(&stand, case).await, [ToldState::Withheld("stale".to_owned())]);
    assert!(matches!(told(&stand, recent).await[..], [ToldState::Sent(_)]));
    assert_eq!(gateway.received().len(), 1);
}

async fn units_get_theirs(stand: Stand) {
    let gateway = TestGateway::start().await;
    let case = stand.open(&ordinary()).await.done.case;
    accept(&stand, case).await;
    let none = Courier::new(&[], |_| None).expect("a courier without a way");
    assert_eq!(round(&stand, &none).await, 0);
    let before = stand.store.outbox_size().await.expect("a size");
    assert!(before.persons == 2 && before.units > 0, "without a gateway all stay: {before:?}");

    let courier = courier(&gateway, &[Audience::Units]);
    while round(&stand, &courier).await > 0 {}
    let taken = gateway.taken();
    assert_eq!(taken.len(), usize::try_from(before.units).expect("small"));
    let last = taken.last().expect("a letter");
    let page = stand.page(case).await;
    assert_eq!(last.text("/data/to/unit"), page.case.unit);
    assert!(last.text("/data/text").contains(&page.number), "{last:?}");
    let after = stand.store.outbox_size().await.expect("a size");
    assert_eq!((after.persons, after.units), (2, 0));
}

async fn two_couriers_share_the_work(stand: Stand) {
    let gateway = TestGateway::start().await;
    let opened = 60;
    for _ in 0..opened {
        stand.open(&ordinary()).await;
    }
    // On PostgreSQL the second node has connections of its own.
    let other = if stand.url.starts_with("postgres") {
        store::Store::open(&stand.url, testkit::keys()).await.expect("a second node")
    } else {
        stand.store.clone()
    };
    let stores = [stand.store.clone(), other.clone(), stand.store.clone(), other];
    let couriers = stores.map(|store| {
        let (courier, pack, clock) =
            (to_persons(&gateway), stand.pack.clone(), stand.clock.clone());
        tokio::spawn(async move {
            let now = move || -> Timestamp { clock.now() };
            while courier.round(&store, &pack, &now).await.expect("a round") > 0 {}
        })
    });
    for courier in couriers {
        courier.await.expect("a courier");
    }
    let ids: Vec<String> = gateway.received().into_iter().map(|r| r.id).collect();
    let different: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), different.len()), (opened, opened));
    assert_eq!(stand.store.outbox_size().await.expect("a size").persons, 0);
}
