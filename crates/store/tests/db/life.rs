//! Opening, migrating, closing.

use store::db::{Db, FaultKind, Migration, Options, Stmt, WriteError};

use crate::common::{Backend, Gate, SCHEMA, ids, put};

pub async fn closing_finishes_and_then_refuses(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let (mut gate, held) = Gate::new();
    let holder = db.clone();
    let running =
        tokio::spawn(
            async move { tokio::join!(biased; holder.write(held), holder.write(put(1, 0))) },
        );
    gate.entered().await;
    let closer = db.clone();
    let closing = tokio::spawn(async move { closer.close().await });
    gate.open();
    closing.await.unwrap().unwrap();
    let (held, put_before) = running.await.unwrap();
    assert_eq!(held, Ok(()));
    assert_eq!(put_before, Ok(1));
    let late = db.write(put(2, 0)).await.expect_err("closed");
    let WriteError::Db(late) = late else { panic!("{late}") };
    assert!(late.is_fault(FaultKind::Closed), "{late}");
    assert!(db.read().await.is_err_and(|e| e.is_fault(FaultKind::Closed)));
    db.close().await.unwrap();
    assert_eq!(ids(&fresh.open().await).await, [(1, 0)]);
}

const SECOND: Migration = Migration {
    version: 2,
    name: "colour",
    lite: "ALTER TABLE item ADD COLUMN colour TEXT;",
    pg: "ALTER TABLE item ADD COLUMN colour TEXT;",
};

pub async fn migrations_run_once(backend: Backend) {
    static STEPS: Stmt = Stmt::new("SELECT version, name FROM migrations ORDER BY version");
    let fresh = backend.fresh();
    let options = Options::default();
    let db = fresh.open().await;
    db.write(put(1, 1)).await.unwrap();
    drop(db);
    // The second opening runs the second step alone, the third none; two at once run it once.
    let both = tokio::join!(
        Db::open(&fresh.url, &[SCHEMA, SECOND], &options),
        Db::open(&fresh.url, &[SCHEMA, SECOND], &options)
    );
    let db = both.0.unwrap();
    both.1.unwrap();
    let steps = db.read().await.unwrap().rows(&STEPS, &[]).await.unwrap();
    let steps: Vec<_> =
        steps.iter().map(|row| (row.int(0).unwrap(), row.text(1).unwrap().to_owned())).collect();
    assert_eq!(steps, [(1, "items".to_owned()), (2, "colour".to_owned())]);
    assert_eq!(ids(&db).await, [(1, 1)]);
}

pub async fn migrations_refuse_what_they_do_not_know(backend: Backend) {
    let fresh = backend.fresh();
    let options = Options::default();
    drop(Db::open(&fresh.url, &[SCHEMA, SECOND], &options).await.unwrap());
    let broken = Migration {
        version: 3,
        name: "broken",
        lite: "CREATE TABLE half (id INTEGER) STRICT; CREATE oops",
        pg: "CREATE TABLE half (id BIGINT); CREATE oops",
    };
    let cases: [(&[Migration], &str); 5] = [
        (&[SCHEMA], "start a newer program"),
        (&[SCHEMA, Migration { lite: "SELECT 1", pg: "SELECT 1", ..SECOND }], "was changed"),
        (&[Migration { version: 2, ..SCHEMA }], "stands where number 1 belongs"),
        (&[SCHEMA, SECOND, Migration { version: 4, ..SECOND }], "stands where number 3 belongs"),
        (&[SCHEMA, SECOND, broken], "migration 3 (broken)"),
    ];
    for (migrations, why) in cases {
        let error = Db::open(&fresh.url, migrations, &options).await.expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
    }
    // The broken step left nothing: its table can be made by the mended one.
    let mended = Migration {
        lite: "CREATE TABLE half (id INTEGER) STRICT",
        pg: "CREATE TABLE half (id BIGINT)",
        ..broken
    };
    Db::open(&fresh.url, &[SCHEMA, SECOND, mended], &options).await.unwrap();
}
