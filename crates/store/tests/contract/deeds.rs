//! What people do beside cases is remembered, cannot be changed unseen, and is told to those who
//! may know it.

use crate::{cast::*, raw};
use domain::{
    audit::Deed,
    case::{By, Staff},
};
use jiff::SignedDuration;
use store::{CaseName, DeedPage, Record, Whose};
use testkit::{Appeal, Stand, staff, unit};

testkit::both!(
    deeds_are_remembered_and_sealed,
    tampering_with_deeds_is_found,
    deeds_done_at_once_form_one_chain,
    each_asks_only_about_their_own,
    an_auditor_learns_no_case,
    long_lists_go_on_where_they_ended,
);

const EAST: i64 = 41;
const WEST: i64 = 42;

fn east() -> Staff {
    staff(EAST, unit::EAST, "handler")
}

fn west() -> Staff {
    staff(WEST, unit::WEST, "handler")
}

async fn remember(stand: &Stand, who: &Staff, deed: Deed) {
    stand.clock.advance(SignedDuration::from_secs(1));
    stand.store.record(stand.clock.now(), Record::of(who, vec![deed])).await.unwrap();
}

async fn asked(stand: &Stand, who: &Staff, whose: Whose) -> Option<DeedPage> {
    stand.store.deeds(&stand.pack, who, &whose, None).await.unwrap()
}

fn kinds(page: Option<DeedPage>) -> Vec<String> {
    page.unwrap().lines.into_iter().map(|l| l.kind).collect()
}

async fn deeds_are_remembered_and_sealed(stand: Stand) {
    let case = stand.open(&Appeal::new("0101", "一件")).await.done.case;
    remember(&stand, &east(), Deed::LoggedIn { with: "password".into() }).await;
    remember(&stand, &east(), Deed::Read { case }).await;
    remember(&stand, &west(), Deed::Searched { hits: 3 }).await;
    let failed = Deed::LogInFailed { with: "password".into() };
    let now = stand.clock.now();
    stand.store.record(now, Record::about(WEST, By::Public, failed)).await.unwrap();
    stand.store.record(now, Record::of(&west(), Vec::new())).await.unwrap();
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    let report = stand.store.verify(&stand.pack).await.unwrap();
    assert_eq!((report.cases, report.entries, report.deeds), (1, 1, 4));
    assert_eq!(stand.store.checkpoint(now).await.unwrap(), 5, "one seal covers both");
    assert_eq!(
        kinds(asked(&stand, &west(), Whose::Account(WEST)).await),
        ["log_in_failed", "searched"]
    );
}

/// Breaks something, wants it to be found, and mends it.
async fn finds(stand: &Stand, what: &str, (broken, mended): (&str, &str)) {
    raw::run(stand, broken).await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains(what)), "{broken}\n{what}\n{troubles:#?}");
    raw::run(stand, mended).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new(), "after {mended}");
}

async fn tampering_with_deeds_is_found(stand: Stand) {
    for case in 1..=4 {
        remember(&stand, &east(), Deed::Read { case }).await;
    }
    remember(&stand, &west(), Deed::Searched { hits: 1 }).await;
    let keep = "CREATE TABLE kept AS SELECT * FROM streams";
    raw::run(&stand, keep).await;
    stand.store.checkpoint(stand.clock.now()).await.unwrap();
    let edit = |from: &str, to: &str| {
        format!(
            "UPDATE entries SET facts = replace(facts, '{from}', '{to}')
             WHERE case_id = -41 AND seq = 3"
        )
    };
    let swap = "UPDATE entries SET seq = -1 WHERE case_id = -41 AND seq = 2;
                UPDATE entries SET seq = 2 WHERE case_id = -41 AND seq = 3;
                UPDATE entries SET seq = 3 WHERE case_id = -41 AND seq = -1;";
    let command = raw::blob(&stand, &"cd".repeat(16));
    let insert = format!(
        "INSERT INTO entries (case_id, seq, at, by, command, facts, hash)
         SELECT case_id, 5, at, by, {command}, facts, hash FROM entries
         WHERE case_id = -41 AND seq = 4"
    );
    let remove = "DELETE FROM entries WHERE case_id = -41 AND seq = 5";
    let list = |to: i64, from: i64| {
        format!("UPDATE deeds SET case_id = {to} WHERE stream = -41 AND case_id = {from}")
    };
    let line = "INSERT INTO deeds VALUES (-41, 9, 0, 1, 'x', 'read', 1, NULL, '', 0)";
    let stray = "INSERT INTO deeds VALUES (-99, 1, 0, 1, 'x', 'read', 1, NULL, '', 0)";
    for (what, broken, mended) in [
        ("entry 3 of stream -41: was changed", edit(":3", ":9"), edit(":9", ":3")),
        ("entry 2 of stream -41: was changed", swap.to_owned(), swap.to_owned()),
        ("entry 5 of stream -41: was changed", insert, remove.to_owned()),
        (
            "entry 2 of stream -41: is missing; found 3",
            "UPDATE entries SET case_id = -77 WHERE case_id = -41 AND seq = 2".to_owned(),
            "UPDATE entries SET case_id = -41 WHERE case_id = -77".to_owned(),
        ),
        (
            "entries of stream -42: the stream is gone",
            "DELETE FROM streams WHERE id = -42".to_owned(),
            "INSERT INTO streams SELECT * FROM kept WHERE id = -42".to_owned(),
        ),
        ("deeds of stream -41: the list differs", list(9, 3), list(3, 9)),
        (
            "deeds of stream -41: the list differs",
            line.to_owned(),
            "DELETE FROM deeds WHERE seq = 9".to_owned(),
        ),
        (
            "deeds of stream -99: the stream is gone",
            stray.to_owned(),
            "DELETE FROM deeds WHERE stream = -99".to_owned(),
        ),
    ] {
        finds(&stand, what, (&broken, &mended)).await;
    }
    // The whole stream, with everything else put right: the checkpoint knows.
    for table in ["entries WHERE case_id", "streams WHERE id", "deeds WHERE stream"] {
        raw::run(&stand, &format!("DELETE FROM {table} = -42")).await;
    }
    let known = "checkpoint 1: entries were changed, added or removed after it was sealed";
    assert_eq!(stand.troubles().await, [known]);
}

async fn deeds_done_at_once_form_one_chain(stand: Stand) {
    let tasks = (0..20).map(|n| {
        let (store, now) = (stand.store.clone(), stand.clock.now());
        let record = Record::of(&east(), vec![Deed::Read { case: n }, Deed::Searched { hits: 1 }]);
        tokio::spawn(async move { store.record(now, record).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    let count = "SELECT version FROM streams WHERE id = -41";
    assert_eq!(raw::number(&stand, count).await, 20);
}

async fn each_asks_only_about_their_own(stand: Stand) {
    let east_case = handling(&stand, &Appeal::new("0101", "东边的事")).await;
    let new = Appeal::new("0101", "西边的事").with("place", unit::WEST_PLACE);
    let west_case = stand.open(&new).await.done.case;
    remember(&stand, &east(), Deed::Read { case: east_case }).await;
    remember(&stand, &east(), Deed::Read { case: west_case }).await;
    remember(&stand, &west(), Deed::Read { case: west_case }).await;
    let reviewer = staff(50, unit::EAST, "reviewer");
    let leader = staff(51, unit::CITY, "leader");
    let system = staff(52, unit::CITY, "system_admin");

    assert_eq!(asked(&stand, &east(), Whose::Everybody).await, None);
    assert_eq!(asked(&stand, &east(), Whose::Account(WEST)).await, None);
    assert_eq!(asked(&stand, &east(), Whose::Case(east_case)).await, None);
    assert_eq!(asked(&stand, &system, Whose::Everybody).await, None);
    let lines = |page: Option<DeedPage>| {
        let line = |l: store::DeedLine| (l.account, l.unit);
        page.unwrap().lines.into_iter().map(line).collect::<Vec<_>>()
    };
    let below = lines(asked(&stand, &reviewer, Whose::Everybody).await);
    assert_eq!(below, [(EAST, unit::EAST.to_owned())], "the western case is none of hers");
    let all = lines(asked(&stand, &leader, Whose::Everybody).await);
    assert_eq!(all.len(), 3);
    let read = lines(asked(&stand, &reviewer, Whose::Case(east_case)).await);
    assert_eq!(read, [(EAST, unit::EAST.to_owned())]);
    let hidden = asked(&stand, &reviewer, Whose::Case(west_case)).await.unwrap();
    assert_eq!(hidden, DeedPage::default(), "as for a case that does not exist");
    assert_eq!(asked(&stand, &reviewer, Whose::Case(9_999)).await.unwrap(), hidden);
}

async fn an_auditor_learns_no_case(stand: Stand) {
    let opened = stand.open(&Appeal::new("0101", "一件")).await;
    for who in [east(), west()] {
        remember(&stand, &who, Deed::Read { case: opened.done.case }).await;
    }
    let auditor = staff(60, unit::CITY, "audit_admin");
    let seen = asked(&stand, &auditor, Whose::Everybody).await.unwrap();
    let tags: Vec<&CaseName> = seen.lines.iter().filter_map(|l| l.case.as_ref()).collect();
    assert_eq!(tags.len(), 2);
    assert_eq!(tags[0], tags[1], "the same case has the same tag");
    assert!(matches!(tags[0], CaseName::Tag(tag) if tag.len() == 6), "{tags:?}");
    let all = format!("{seen:?}");
    assert!(!all.contains(&opened.number), "{all}");
    assert_eq!(asked(&stand, &auditor, Whose::Case(opened.done.case)).await, None);
}

async fn long_lists_go_on_where_they_ended(stand: Stand) {
    for n in 0..13 {
        let deeds = (0..10).map(|h| Deed::Searched { hits: n * 10 + h }).collect();
        stand.store.record(stand.clock.now(), Record::of(&east(), deeds)).await.unwrap();
    }
    let own = Whose::Account(EAST);
    let first = stand.store.deeds(&stand.pack, &east(), &own, None).await.unwrap().unwrap();
    let rest = stand.store.deeds(&stand.pack, &east(), &own, first.next).await.unwrap().unwrap();
    assert_eq!((first.lines.len(), rest.lines.len(), rest.next), (100, 30, None));
    let hits: Vec<i64> = first.lines.iter().chain(&rest.lines).map(|l| l.amount).collect();
    assert_eq!(hits, (0..130).rev().collect::<Vec<_>>());
}
