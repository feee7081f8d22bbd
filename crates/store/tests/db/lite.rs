//! What only SQLite has: copies of the file, the writer thread's own rules, a full disk.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use store::db::{Db, Error, FaultKind, Options, Stmt, Tx, Work, WriteError};

use crate::common::{
    Answer, Backend, Gate, ITEM, Lightly, PUT_ALL, Running, SCHEMA, all_at_once, ids, int, put,
    put_and_tell, work,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_taken_while_others_write() {
    let fresh = Backend::Lite.fresh();
    let db = fresh.open().await;
    for id in 1..=50 {
        db.write(put(id, 0)).await.unwrap();
    }
    let copy = fresh.folder.path().join("copy.db");
    let writes = (51..=500).map(|id| db.write(put(id, 0))).collect();
    let (copied, _) = tokio::join!(db.backup(&copy), all_at_once(writes, || ()));
    copied.unwrap();
    let again = db.backup(&copy).await.expect_err("no overwriting");
    assert!(again.to_string().contains("exists already"), "{again}");
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "a copy is for its owner alone");
    let beside: Vec<_> = std::fs::read_dir(fresh.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy"))
        .collect();
    assert_eq!(beside, ["copy.db"], "one file, nothing beside it");
    let url = format!("sqlite:{}", copy.display());
    let opened = Db::open(&url, &[SCHEMA], &Options::default()).await.unwrap();
    let found = ids(&opened).await;
    assert!(found.len() >= 50, "all that was there before");
    assert_eq!(found, ids(&db).await[..found.len()], "one instant: no gaps");
}

#[tokio::test]
async fn a_work_that_waits_for_something_else_is_a_fault() {
    struct Waits;
    impl Work for Waits {
        type Reply = ();
        type Refusal = String;
        async fn run(&self, _: &mut Tx) -> Answer<()> {
            std::future::pending().await
        }
    }
    let fresh = Backend::Lite.fresh();
    let db = fresh.open().await;
    let error = db.write(Waits).await.expect_err("it would wait for ever");
    assert!(error.to_string().contains("waited for something"), "{error}");
    assert_eq!(db.write(put(1, 0)).await, Ok(1));
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    static LIMIT: Stmt = Stmt::new("PRAGMA max_page_count = 40");
    static FREE: Stmt = Stmt::new("PRAGMA max_page_count = 100000");
    let fresh = Backend::Lite.fresh();
    let db = fresh.open().await;
    let set = |stmt: &'static Stmt| {
        db.write(work(move |tx| Box::pin(async move { Ok(int(tx.row(stmt, &[]).await?)) })))
    };
    assert_eq!(set(&LIMIT).await, Ok(40));
    let big = |id: i64| {
        db.write(work(move |tx| {
            Box::pin(async move {
                let data = vec![7; 20_000];
                let params = [id.into(), 0.into(), None::<&str>.into(), (&data).into()];
                tx.exec(&PUT_ALL, &params).await?;
                Ok(id)
            })
        }))
    };
    let answers = all_at_once((1..=20).map(big).collect(), || ()).await;
    let mut done = Vec::new();
    for answer in answers {
        match answer {
            Ok(id) => done.push((id, 0)),
            Err(WriteError::Db(error)) => assert!(error.is_fault(FaultKind::Full), "{error}"),
            Err(refused) => panic!("{refused}"),
        }
    }
    assert!(done.len() < 20, "the disk was full");
    assert_eq!(ids(&db).await, done);
    assert_eq!(set(&FREE).await, Ok(100_000));
    assert_eq!(big(99).await, Ok(99));
}

#[tokio::test]
async fn memory_and_unknown_addresses_are_refused() {
    for url in ["sqlite::memory:", "sqlite:", "mysql://x", "/tmp/x.db", "sqlite:/no/such/dir/x"] {
        let error = Db::open(url, &[SCHEMA], &Options::default()).await.expect_err(url);
        assert!(error.is_fault(FaultKind::Setup), "{url}: {error}");
    }
}

#[tokio::test]
async fn readers_are_shared_in_turn() {
    let fresh = Backend::Lite.fresh();
    let db = fresh.open_with(&Options { readers: 2, ..Options::default() }).await;
    db.write(put(1, 1)).await.unwrap();
    let asks = (0..100).map(|_| async {
        let mut reader = db.read().await?;
        tokio::task::yield_now().await;
        let row = reader.row(&ITEM, &[1.into()]).await?;
        Ok::<_, Error>(int(row))
    });
    let answers = all_at_once(asks.collect(), || ()).await;
    assert!(answers.into_iter().all(|answer| answer == Ok(1)));
}

/// The log lies beside the file until somebody copies it: after closing it holds nothing.
#[tokio::test]
async fn what_was_built_in_haste_stands_in_the_file_once_it_is_closed() {
    let fresh = Backend::Lite.fresh();
    let db = fresh.open_with(&Options { durable: false, ..Options::default() }).await;
    for id in 1..=200 {
        db.write(put(id, 0)).await.unwrap();
    }
    db.close().await.unwrap();
    let path = fresh.url.strip_prefix("sqlite:").unwrap();
    let log = std::fs::metadata(format!("{path}-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0, "the log was copied and cut");
    assert_eq!(ids(&fresh.open().await).await.len(), 200);
}

#[tokio::test]
async fn failing_works_share_one_replay() {
    let fresh = Backend::Lite.fresh();
    let db = fresh.open().await;
    let (mut gate, held) = Gate::new();
    let holder = db.clone();
    let holding = tokio::spawn(async move { holder.write(held).await });
    gate.entered().await;
    // Each odd work fails after a write; all hundred stand in one batch.
    let works = (1..=100).map(|id| {
        db.write(work(move |tx| {
            Box::pin(async move {
                tx.exec(&crate::common::PUT, &[id.into(), 0.into()]).await?;
                if id % 2 == 1 { Err(WriteError::Refused("odd".to_owned())) } else { Ok(id) }
            })
        }))
    });
    let answers = all_at_once(works.collect(), || gate.open()).await;
    holding.await.unwrap().unwrap();
    for (answer, id) in answers.into_iter().zip(1..) {
        let odd = Err(WriteError::Refused("odd".to_owned()));
        assert_eq!(answer, if id % 2 == 1 { odd } else { Ok(id) });
    }
    assert_eq!(ids(&db).await.len(), 50);
    assert_eq!(db.stats().replays, 1);
}

#[tokio::test]
async fn a_batch_that_does_not_wait_ends_before_what_must() {
    let fresh = Backend::Lite.fresh();
    let db = fresh.open().await;
    let (mut gate, held) = Gate::new();
    let holder = db.clone();
    let holding = tokio::spawn(async move { holder.write(Lightly(held)).await });
    gate.entered().await;
    let works: Vec<Running<'_, i64>> = vec![
        Box::pin(db.write(Lightly(put_and_tell(1)))),
        Box::pin(db.write(Lightly(put_and_tell(2)))),
        Box::pin(db.write(put_and_tell(3))),
        Box::pin(db.write(Lightly(put_and_tell(4)))),
    ];
    let answers = all_at_once(works, || gate.open()).await;
    holding.await.unwrap().unwrap();
    assert_eq!(answers, [Ok(1), Ok(1), Ok(2), Ok(2)], "one that waits takes others along");
    assert_eq!(db.stats().commits, 2);
}

/// The disk is asked by the checkpointer, not by whoever comes next.
#[tokio::test]
async fn the_disk_gets_soon_what_did_not_wait_for_it() {
    let fresh = Backend::Lite.fresh();
    let db = fresh.open().await;
    db.write(put(1, 0)).await.unwrap();
    assert_eq!(db.stats().syncs, 0, "what waited needs no more");
    db.write(Lightly(put(2, 0))).await.unwrap();
    let asked = async {
        while db.stats().syncs == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("within its period");
}
