//! Works: all or nothing, each for itself, every one answered.

use store::db::{Batch, CountKey, Error, FaultKind, Options, Stmt, WriteError};
use tokio::task::JoinSet;

use crate::common::{
    Backend, Gate, ITEM, Lightly, PUT, counted, ids, int, put, put_and_tell, work,
};

pub async fn a_conflict_undoes_its_own_work_only(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    db.write(put(100, 0)).await.unwrap();
    let (mut gate, held) = Gate::new();
    let mut running = JoinSet::new();
    let first = tokio::spawn({
        let db = db.clone();
        async move { db.write(held).await }
    });
    gate.entered().await;
    for id in 1..=20 {
        let db = db.clone();
        running.spawn(async move {
            if id % 5 != 0 {
                return (id, db.write(put(id, id)).await);
            }
            let twice = work(move |tx| {
                Box::pin(async move {
                    tx.exec(&PUT, &[id.into(), id.into()]).await?;
                    tx.exec(&PUT, &[100.into(), id.into()]).await?;
                    Ok(id)
                })
            });
            (id, db.write(twice).await)
        });
    }
    gate.open();
    first.await.unwrap().unwrap();
    for (id, result) in running.join_all().await {
        match result {
            Ok(_) => assert_ne!(id % 5, 0),
            Err(error) => {
                assert!(matches!(error, WriteError::Db(Error::Conflict(_))), "{error}");
                assert_eq!(id % 5, 0);
            }
        }
    }
    let expected: Vec<_> = (1..=20).filter(|id| id % 5 != 0).map(|id| (id, id)).collect();
    let mut found = ids(&db).await;
    assert_eq!(found.pop(), Some((100, 0)));
    assert_eq!(found, expected);
}

pub async fn a_refusal_after_a_write_leaves_nothing(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    // Several times over: the first meets bare works, the others savepoints.
    for id in 1..=3 {
        let refuse = work(move |tx| {
            Box::pin(async move {
                tx.exec(&PUT, &[id.into(), 0.into()]).await?;
                tx.add_count(CountKey::new("refused", "u"), 1);
                Err::<(), _>(WriteError::Refused("too late".to_owned()))
            })
        });
        assert_eq!(db.write(refuse).await, Err(WriteError::Refused("too late".to_owned())));
        db.write(put(id + 10, 0)).await.unwrap();
    }
    assert_eq!(ids(&db).await, [(11, 0), (12, 0), (13, 0)]);
    assert_eq!(counted(&db, "refused").await, []);
    if backend == Backend::Lite {
        assert_eq!(db.stats().replays, 1, "savepoints stay after the first replay");
    }
}

pub async fn an_overlooked_failure_still_fails(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    db.write(put(1, 0)).await.unwrap();
    let overlook = work(|tx| {
        Box::pin(async move {
            tx.exec(&PUT, &[2.into(), 0.into()]).await?;
            let _ = tx.exec(&PUT, &[1.into(), 0.into()]).await;
            Ok(())
        })
    });
    let error = db.write(overlook).await.expect_err("a failed statement");
    assert!(matches!(error, WriteError::Db(Error::Conflict(_))), "{error}");
    // A work may turn the failure into a refusal of its own.
    let refuse = work(|tx| {
        Box::pin(async move {
            let taken = tx.exec(&PUT, &[1.into(), 0.into()]).await;
            taken.map(drop).map_err(|_| WriteError::Refused("taken".to_owned()))
        })
    });
    assert_eq!(db.write(refuse).await, Err(WriteError::Refused("taken".to_owned())));
    assert_eq!(ids(&db).await, [(1, 0)]);
}

pub async fn a_panic_costs_its_own_work_only(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open_with(&Options { connections: 2, ..Options::default() }).await;
    for id in 1..=5 {
        let panics = work(move |tx| {
            Box::pin(async move {
                tx.exec(&PUT, &[id.into(), 0.into()]).await?;
                let no_rows = tx.rows(&ITEM, &[0.into()]).await?;
                Ok(no_rows.first().expect("this panic is part of the test").int(0)?)
            })
        });
        let error = db.write(panics).await.expect_err("a panic");
        let WriteError::Db(error) = error else { panic!("{error}") };
        assert!(error.is_fault(FaultKind::Program), "{error}");
    }
    db.write(put(9, 9)).await.unwrap();
    assert_eq!(ids(&db).await, [(9, 9)]);
}

static READ_TALLY: Stmt = Stmt::locking("SELECT n FROM tally WHERE id = 1");
static SET_TALLY: Stmt = Stmt::new("UPDATE tally SET n = $2 WHERE id = 1 AND n = $1");

pub async fn a_missed_version_is_a_conflict(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let single = work(|tx| {
        Box::pin(async move { Ok(tx.exec_one(&SET_TALLY, &[5.into(), 6.into()]).await?) })
    });
    let batch = work(|tx| {
        Box::pin(async move {
            let mut batch = Batch::new();
            batch.add(&PUT, &[1.into(), 1.into()]).one(&SET_TALLY, &[5.into(), 6.into()]);
            tx.exec_all(batch).await?;
            Ok(())
        })
    });
    for result in [db.write(single).await, db.write(batch).await] {
        let error = result.expect_err("version 5 does not exist");
        assert!(matches!(error, WriteError::Db(Error::Conflict(_))), "{error}");
    }
    assert_eq!(ids(&db).await, []);
}

pub async fn rivals_for_a_version_all_get_through(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let rivals = (0..100).map(|_| {
        let db = db.clone();
        async move {
            let step = work(|tx| {
                Box::pin(async move {
                    let n = int(tx.row(&READ_TALLY, &[]).await?);
                    tx.exec_one(&SET_TALLY, &[n.into(), (n + 1).into()]).await?;
                    Ok(n + 1)
                })
            });
            db.write(step).await.unwrap()
        }
    });
    let mut seen = rivals.collect::<JoinSet<_>>().join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=100).collect::<Vec<_>>());
    let n = db.read().await.unwrap().row(&READ_TALLY, &[]).await;
    assert_eq!(int(n.unwrap()), 100);
}

pub async fn rivals_for_a_sequence_all_get_through(backend: Backend) {
    static LAST: Stmt = Stmt::new("SELECT COALESCE(MAX(id), 0) FROM item");
    let fresh = backend.fresh();
    let db = fresh.open_with(&Options { connections: 4, ..Options::default() }).await;
    let rivals = (0..20).map(|owner| {
        let db = db.clone();
        async move {
            let append = work(move |tx| {
                Box::pin(async move {
                    let next = int(tx.row(&LAST, &[]).await?) + 1;
                    tx.exec(&PUT, &[next.into(), owner.into()]).await?;
                    Ok(())
                })
            });
            db.write(append).await.unwrap();
        }
    });
    rivals.collect::<JoinSet<_>>().join_all().await;
    let found: Vec<i64> = ids(&db).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, (1..=20).collect::<Vec<_>>());
}

pub async fn every_write_is_answered_once_and_seen_at_once(backend: Backend) {
    const WRITES: i64 = 2000;
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let writes = (1..=WRITES).map(|id| {
        let db = db.clone();
        async move {
            let write = work(move |tx| {
                Box::pin(async move {
                    tx.exec(&PUT, &[id.into(), 0.into()]).await?;
                    tx.add_count(
                        CountKey::new("items", if id % 2 == 0 { "even" } else { "odd" }),
                        1,
                    );
                    Ok(id)
                })
            });
            let answer = db.write(write).await.unwrap();
            let seen = db.read().await.unwrap().row(&ITEM, &[id.into()]).await.unwrap();
            assert_eq!(int(seen), id, "an answered write is seen by the next question");
            answer
        }
    });
    let mut answers = writes.collect::<JoinSet<_>>().join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, (1..=WRITES).collect::<Vec<_>>());
    assert_eq!(ids(&db).await.len(), 2000);
    let counts = counted(&db, "items").await;
    assert_eq!(counts, [("even".to_owned(), 1000), ("odd".to_owned(), 1000)]);
    let stats = db.stats();
    assert_eq!(stats.works, 2000);
    if backend == Backend::Lite {
        assert!(stats.commits < 1000, "works share commits: {stats:?}");
    }
}

pub async fn a_full_queue_is_busy(backend: Backend) {
    let fresh = backend.fresh();
    let options = Options { queue: 8, connections: 1, ..Options::default() };
    let db = fresh.open_with(&options).await;
    let (mut gate, held) = Gate::new();
    let holder = db.clone();
    let first = tokio::spawn(async move { holder.write(held).await });
    gate.entered().await;
    let mut waiting = JoinSet::new();
    let (refused, mut refusals) = tokio::sync::mpsc::unbounded_channel();
    for id in 1..=20 {
        let (db, refused) = (db.clone(), refused.clone());
        waiting.spawn(async move {
            let result = db.write(put(id, 0)).await;
            if result == Err(WriteError::Db(Error::Busy)) {
                refused.send(id).unwrap();
            }
            result.ok()
        });
    }
    // Twelve of twenty are refused while the gate is shut; only then is it opened.
    for _ in 0..12 {
        refusals.recv().await.unwrap();
    }
    gate.open();
    first.await.unwrap().unwrap();
    let mut done: Vec<i64> = waiting.join_all().await.into_iter().flatten().collect();
    done.sort_unstable();
    assert_eq!(done.len(), 8);
    assert_eq!(ids(&db).await.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), done);
}

pub async fn an_abandoned_write_is_still_done(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open_with(&Options { connections: 2, ..Options::default() }).await;
    let (mut gate, held) = Gate::new();
    let holder = db.clone();
    let asker =
        tokio::spawn(
            async move { tokio::join!(biased; holder.write(put(1, 0)), holder.write(held)).1 },
        );
    gate.entered().await;
    asker.abort();
    assert!(asker.await.is_err_and(|e| e.is_cancelled()));
    gate.open();
    db.write(put(2, 0)).await.unwrap();
    db.close().await.unwrap();
    let db = fresh.open().await;
    assert_eq!(ids(&db).await, [(1, 0), (2, 0)]);
}

pub async fn only_what_must_survive_a_power_cut_waits_for_the_disk(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    assert_eq!(db.write(put_and_tell(1)).await, Ok(2));
    assert_eq!(db.write(Lightly(put_and_tell(2))).await, Ok(1));
    assert_eq!(db.write(put_and_tell(3)).await, Ok(2), "the next waits again");
    let refused = db.write(Lightly(put_and_tell(3))).await;
    assert!(matches!(refused, Err(WriteError::Db(Error::Conflict(_)))), "{refused:?}");
    assert_eq!(db.write(put_and_tell(4)).await, Ok(2));
    assert_eq!(db.write_bulk(Lightly(put_and_tell(5))).await, Ok(1));
    assert_eq!(ids(&db).await.len(), 5);
}
