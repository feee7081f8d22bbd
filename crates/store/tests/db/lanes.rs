//! Bulk works never stand in the way of people.

use store::db::{Options, Stmt, Tx, Work};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::common::{Answer, Backend, Gate, all_at_once, put, work};

/// Says its number when it runs.
struct Says(i64, UnboundedSender<i64>);

impl Work for Says {
    type Reply = ();
    type Refusal = String;

    async fn run(&self, _: &mut Tx) -> Answer<()> {
        let _ = self.1.send(self.0);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_people_go_first() {
    const BULK: i64 = 600;
    let fresh = Backend::Lite.fresh();
    let db = fresh.open_with(&Options { bulk_queue: 700, ..Options::default() }).await;
    let (says, mut said) = unbounded_channel();
    let (mut gate, held) = Gate::new();
    let holder = db.clone();
    let holding = tokio::spawn(async move { holder.write(held).await });
    gate.entered().await;
    // All bulk works are in line before the first of the people's.
    let one = |n: i64| {
        let (db, work) = (db.clone(), Says(n, says.clone()));
        async move { if n <= BULK { db.write_bulk(work).await } else { db.write(work).await } }
    };
    let all = all_at_once((1..=BULK + 50).map(one).collect(), || gate.open()).await;
    assert!(all.into_iter().all(|answer| answer.is_ok()));
    holding.await.unwrap().unwrap();
    drop(says);
    let mut order = Vec::new();
    while let Some(n) = said.recv().await {
        order.push(n);
        if order.len() == 650 {
            break;
        }
    }
    let expected: Vec<i64> = (BULK + 1..=BULK + 50).chain(1..=BULK).collect();
    assert_eq!(order, expected);
    // At most 512 works share a batch.
    assert!(db.stats().commits >= 2, "{:?}", db.stats());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_bulk_waits_for_room_and_never_is_busy() {
    let fresh = Backend::Lite.fresh();
    let db = fresh.open_with(&Options { queue: 1, bulk_queue: 2, ..Options::default() }).await;
    let works = (1..=100).map(|id| db.write_bulk(put(id, 0))).collect();
    let all = all_at_once(works, || ()).await;
    assert!(all.into_iter().all(|answer| answer.is_ok()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_bulk_takes_a_quarter_of_the_connections() {
    static LOCK: Stmt = Stmt::new("SELECT 1 AS x FROM pg_advisory_lock(7)");
    static WAIT: Stmt = Stmt::new("SELECT 1 AS x FROM pg_advisory_xact_lock(7)");
    static UNLOCK: Stmt = Stmt::new("SELECT pg_advisory_unlock(7)");
    let fresh = Backend::Postgres.fresh();
    let db = fresh.open_with(&Options { connections: 4, ..Options::default() }).await;
    let mut holder = db.read().await.unwrap();
    holder.row(&LOCK, &[]).await.unwrap();
    let stuck: Vec<_> = (0..10)
        .map(|_| {
            let db = db.clone();
            let waits = work(|tx| Box::pin(async move { Ok(tx.row(&WAIT, &[]).await?.is_some()) }));
            tokio::spawn(async move { db.write_bulk(waits).await })
        })
        .collect();
    for id in 1..=50 {
        db.write(put(id, 0)).await.unwrap();
    }
    assert!(stuck.iter().all(|bulk| !bulk.is_finished()));
    holder.row(&UNLOCK, &[]).await.unwrap();
    for bulk in stuck {
        assert_eq!(bulk.await.unwrap(), Ok(true));
    }
}
