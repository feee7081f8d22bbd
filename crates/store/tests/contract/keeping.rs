//! Deeds leave when their years are over, with a certificate, and `verify` still finds everything
//! else that is removed; what was not finished leaves after its days.

use crate::raw;
use domain::{audit::Deed, case::Staff};
use jiff::SignedDuration;
use store::{Attachment, Exchange, Record, Whose};
use testkit::{Appeal, Stand, staff, unit};

testkit::both!(
    deeds_leave_after_their_years_with_a_certificate,
    what_leaves_otherwise_is_found,
    nothing_leaves_that_no_checkpoint_covers,
    what_was_not_finished_leaves,
);

const EAST: i64 = 41;
const WEST: i64 = 42;

fn east() -> Staff {
    staff(EAST, unit::EAST, "handler")
}

async fn did(stand: &Stand, account: i64, times: u32) {
    let who = staff(account, unit::EAST, "handler");
    for hits in 0..times {
        stand.clock.advance(SignedDuration::from_secs(1));
        let record = Record::of(&who, vec![Deed::Searched { hits }]);
        stand.store.record(stand.clock.now(), record).await.unwrap();
    }
}

async fn sealed(stand: &Stand) {
    while stand.store.checkpoint(stand.clock.now()).await.unwrap() > 0 {}
}

/// Three old deeds of each of two accounts among cases, and two younger ones of the first.
async fn old_and_young(stand: &Stand) {
    stand.clock.set("2025-03-10T09:00+08:00");
    stand.open(&Appeal::new("0101", "一件")).await;
    did(stand, EAST, 3).await;
    did(stand, WEST, 3).await;
    stand.open(&Appeal::new("0101", "又一件")).await;
    stand.clock.set("2025-04-02T09:00+08:00");
    did(stand, EAST, 2).await;
    sealed(stand).await;
}

const LINES: &str = "SELECT COUNT(*) FROM deeds";

async fn deeds_leave_after_their_years_with_a_certificate(stand: Stand) {
    old_and_young(&stand).await;
    stand.clock.set("2028-03-31T23:00+08:00");
    assert_eq!(stand.store.let_go(&stand.pack, stand.clock.now()).await.unwrap(), 0);
    assert_eq!(stand.store.deed_certificates(i64::MAX).await.unwrap(), []);
    stand.clock.set("2028-04-01T00:00+08:00");
    let now = stand.clock.now();
    assert_eq!(stand.store.deeds_waiting(&stand.pack, now).await.unwrap(), 6);
    assert_eq!(stand.store.let_go(&stand.pack, now).await.unwrap(), 6);
    assert_eq!(stand.store.let_go(&stand.pack, now).await.unwrap(), 0, "once");
    let all = stand.store.deed_certificates(i64::MAX).await.unwrap();
    let [one] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((one.number, one.total, one.years, one.genuine), (1, 6, 3, true));
    assert_eq!(one.at, now);
    assert!(one.since < one.until && one.until < "2025-03-10T02:00Z".parse().unwrap());
    assert_eq!(raw::number(&stand, LINES).await, 2);
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM entries WHERE case_id < 0").await, 2);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    // The chains go on, also where everything has left.
    did(&stand, EAST, 1).await;
    did(&stand, WEST, 1).await;
    sealed(&stand).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    let own = stand.store.deeds(&stand.pack, &east(), &Whose::Account(EAST), None).await.unwrap();
    assert_eq!(own.unwrap().lines.len(), 3);
    // The younger ones follow, under a certificate of their own.
    stand.clock.set("2031-05-01T00:00+08:00");
    assert_eq!(stand.store.let_go(&stand.pack, stand.clock.now()).await.unwrap(), 4);
    let numbers: Vec<i64> =
        stand.store.deed_certificates(i64::MAX).await.unwrap().iter().map(|c| c.number).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// Breaks something, wants it to be found, and mends it.
async fn finds(stand: &Stand, what: &str, (broken, mended): (&str, &str)) {
    raw::run(stand, broken).await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains(what)), "{broken}\n{what}\n{troubles:#?}");
    raw::run(stand, mended).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new(), "after {mended}");
}

async fn what_leaves_otherwise_is_found(stand: Stand) {
    old_and_young(&stand).await;
    stand.clock.set("2028-04-01T00:00+08:00");
    assert_eq!(stand.store.let_go(&stand.pack, stand.clock.now()).await.unwrap(), 6);
    for table in ["streams", "gone", "cuts", "entries", "deeds"] {
        raw::run(&stand, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    let back = |table: &str| {
        format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")
    };
    let identity = if raw::path(&stand).is_some() { "" } else { "OVERRIDING SYSTEM VALUE" };
    let entries = format!(
        "DELETE FROM gone; INSERT INTO gone SELECT * FROM kept_gone; DELETE FROM deeds;
         INSERT INTO deeds SELECT * FROM kept_deeds; DELETE FROM streams;
         INSERT INTO streams SELECT * FROM kept_streams;
         INSERT INTO entries {identity} SELECT * FROM kept_entries k WHERE NOT EXISTS
           (SELECT 1 FROM entries e WHERE e.pos = k.pos)"
    );
    // One more entry is taken as the program would, but without its keys.
    let more = "INSERT INTO gone SELECT pos, hash, 1 FROM entries WHERE case_id = -41 AND seq = 4;
         DELETE FROM deeds WHERE stream = -41 AND seq = 4;
         UPDATE streams SET cut = 4, cut_head =
           (SELECT hash FROM entries WHERE case_id = -41 AND seq = 4) WHERE id = -41;
         DELETE FROM entries WHERE case_id = -41 AND seq = 4";
    let whole = "INSERT INTO gone SELECT pos, hash, 1 FROM entries WHERE case_id = -41;
         DELETE FROM deeds WHERE stream = -41; DELETE FROM entries WHERE case_id = -41;
         DELETE FROM streams WHERE id = -41";
    for (what, broken, mended) in [
        ("stream -41: its beginning was cut off without these keys", more, &entries),
        ("certificate of deeds 1: the codes that stayed tell of other deeds", more, &entries),
        ("certificate of deeds 1: the codes that stayed tell of other deeds", whole, &entries),
        (
            "deeds that left: no certificate says that they did",
            "UPDATE gone SET cut = 2 WHERE pos = (SELECT MIN(pos) FROM gone)",
            &back("gone"),
        ),
        ("deeds that left: no certificate says that they did", "DELETE FROM cuts", &back("cuts")),
        (
            "checkpoint 1: entries were changed",
            "DELETE FROM gone WHERE pos = (SELECT MIN(pos) FROM gone)",
            &back("gone"),
        ),
        (
            "deeds that left: the streams tell of more or fewer",
            "DELETE FROM streams WHERE id = -42",
            &back("streams"),
        ),
        (
            "certificate of deeds 1: the seal was not made",
            "UPDATE cuts SET years = 1",
            &back("cuts"),
        ),
        (
            "certificate of deeds 2: certificate 1 is missing",
            "UPDATE cuts SET number = 2; UPDATE gone SET cut = 2",
            &format!("{}; {}", back("cuts"), back("gone")),
        ),
        (
            "entry 4 of stream -41: is missing; found 3",
            "INSERT INTO deeds SELECT * FROM kept_deeds WHERE 1 = 0;
             UPDATE entries SET seq = 3 WHERE case_id = -41 AND seq = 4",
            &"UPDATE entries SET seq = 4 WHERE case_id = -41 AND seq = 3".to_owned(),
        ),
    ] {
        finds(&stand, what, (broken, mended)).await;
    }
}

async fn nothing_leaves_that_no_checkpoint_covers(stand: Stand) {
    stand.clock.set("2025-03-10T09:00+08:00");
    did(&stand, EAST, 2).await;
    sealed(&stand).await;
    did(&stand, EAST, 2).await;
    stand.clock.set("2028-04-01T00:00+08:00");
    let now = stand.clock.now();
    assert_eq!(stand.store.let_go(&stand.pack, now).await.unwrap(), 2);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    sealed(&stand).await;
    assert_eq!(stand.store.let_go(&stand.pack, now).await.unwrap(), 2);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn what_was_not_finished_leaves(stand: Stand) {
    let (store, now) = (&stand.store, stand.clock.now());
    let days = stand.pack.retention.drafts_days;
    let file =
        Attachment { name: "a".to_owned(), kind: "text/plain".to_owned(), body: b"a".to_vec() };
    assert!(store.keep_files("secret", (now, days), &[file]).await.unwrap());
    store.begin_exchange((Exchange::Journey, "token"), "body", (now, 600)).await.unwrap();
    store.begin_factor(7).await.unwrap();
    let count =
        async |table: &str| raw::number(&stand, &format!("SELECT COUNT(*) FROM {table}")).await;
    store.let_go(&stand.pack, now).await.unwrap();
    assert_eq!(count("exchanges").await, 1);
    assert_eq!(count("kept_files").await, 1);
    assert_eq!(count("factors").await, 0, "nobody is logged in who could finish it");
    let later = now.checked_add(SignedDuration::from_secs(601)).unwrap();
    store.let_go(&stand.pack, later).await.unwrap();
    assert_eq!(count("exchanges").await, 0);
    let later = now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap();
    store.let_go(&stand.pack, later).await.unwrap();
    assert_eq!(count("kept_files").await, 0);
}
