//! Values, parameters, questions.

use store::db::{Batch, Error, FaultKind, P, Stmt, Val, WriteError};

use crate::common::{Backend, COUNTED, IDS, ITEM, PUT, PUT_ALL, ids, int, put, work};

pub async fn values_come_back_as_they_went(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let text = "村民反映：孩子上学难 😀 \u{200d} 'quoted' \"双引号\" $1 \\ % _";
    let blob: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let cases: Vec<Vec<Val>> = vec![
        vec![Val::Int(i64::MIN), Val::Int(0), Val::Null, Val::Null],
        vec![Val::Int(i64::MAX), Val::Int(1), Val::Text(text.into()), Val::Blob(blob)],
        vec![Val::Int(0), Val::Int(i64::MAX), Val::Text(String::new()), Val::Blob(vec![])],
        vec![Val::Int(1), Val::Int(7), Val::Text("汉".repeat(20_000)), Val::Blob(vec![0])],
    ];
    // The long text of the last case is too long for PostgreSQL's index of the unique column when
    // it cannot be compressed; repeated text can.
    for case in &cases {
        let given = case.clone();
        let write = work(move |tx| {
            let given = given.clone();
            Box::pin(async move {
                let params: Vec<P<'_>> = given.iter().map(P::from).collect();
                Ok(tx.exec(&PUT_ALL, &params).await?)
            })
        });
        assert_eq!(db.write(write).await, Ok(1));
        let mut reader = db.read().await.unwrap();
        let row = reader.row(&ITEM, &[(&case[0]).into()]).await.unwrap().expect("the row");
        assert!(row.into_vals() == *case, "{case:?}");
    }
}

pub async fn parameters_bind_by_number(backend: Backend) {
    static S: Stmt = Stmt::new(
        "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT), '$1', CAST($3 AS BIGINT)",
    );
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let mut reader = db.read().await.unwrap();
    let row = reader.row(&S, &["one".into(), "two".into(), 3.into()]).await.unwrap().unwrap();
    let texts: Vec<_> = (0..4).map(|column| row.text(column).unwrap()).collect();
    assert_eq!(texts, ["two", "one", "two", "$1"]);
    assert_eq!(row.int(4), Ok(3));
}

pub async fn getters_name_what_is_wrong(backend: Backend) {
    static S: Stmt = Stmt::split(
        "SELECT 7 AS n, 'x' AS t, CAST(NULL AS TEXT) AS missing, '\\x0102'::bytea AS b, true AS f",
        "SELECT 7 AS n, 'x' AS t, NULL AS missing, x'0102' AS b, 1 AS f",
    );
    static FRACTION: Stmt = Stmt::split("SELECT 1.5::float8 AS half", "SELECT 1.5 AS half");
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let mut reader = db.read().await.unwrap();
    let row = reader.row(&S, &[]).await.unwrap().unwrap();
    assert_eq!((row.int(0), row.narrow::<u8>(0)), (Ok(7), Ok(7)));
    assert_eq!((row.opt_text(2), row.opt_int(2), row.opt_blob(2)), (Ok(None), Ok(None), Ok(None)));
    assert_eq!((row.array::<2>(3), row.flag(4)), (Ok([1, 2]), Ok(true)));
    let cases: [(Result<(), Error>, &str, &str); 9] = [
        (row.text(0).map(drop), "n", "text, found an integer"),
        (row.int(1).map(drop), "t", "an integer, found text of 1 bytes"),
        (row.text(2).map(drop), "missing", "text, found null"),
        (row.array::<3>(3).map(drop), "b", "3 bytes, found a blob of 2 bytes"),
        (row.flag(0).map(drop), "n", "0 or 1"),
        (row.parse::<i64>(1).map(drop), "t", "i64"),
        (row.narrow::<i8>(9).map(drop), "#9", "no such column"),
        (row.blob(1).map(drop), "t", "a blob"),
        (reader.rows(&FRACTION, &[]).await.map(drop), "half", ""),
    ];
    for (found, column, why) in cases {
        let Err(Error::Corrupt(corrupt)) = found else { panic!("{column}: {found:?}") };
        assert_eq!(corrupt.column, column);
        assert!(corrupt.why.contains(why), "{corrupt}");
        assert!(corrupt.statement.starts_with("SELECT "), "{corrupt}");
    }
}

pub async fn wrong_parameters_are_faults(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let mut reader = db.read().await.unwrap();
    let cases: [&[P<'_>]; 3] = [&[], &[1.into(), 2.into()], &["a\0b".into()]];
    for params in cases {
        let error = reader.rows(&ITEM, params).await.expect_err("wrong parameters");
        assert!(error.is_fault(FaultKind::Program), "{error}");
    }
}

pub async fn a_snapshot_sees_one_instant(backend: Backend) {
    static HOW_MANY: Stmt = Stmt::new("SELECT COUNT(*) FROM item");
    let fresh = backend.fresh();
    let db = fresh.open().await;
    db.write(put(1, 0)).await.unwrap();
    let mut snapshot = db.snapshot().await.unwrap();
    let mut newest = db.read().await.unwrap();
    for id in 2..5 {
        db.write(put(id, 0)).await.unwrap();
        assert_eq!(int(snapshot.row(&HOW_MANY, &[]).await.unwrap()), 1);
        assert_eq!(int(newest.row(&HOW_MANY, &[]).await.unwrap()), id);
    }
    drop(snapshot);
    drop(newest);
    let mut later = db.read().await.unwrap();
    assert_eq!(int(later.row(&HOW_MANY, &[]).await.unwrap()), 4);
    if backend == Backend::Lite {
        assert!(later.rows(&PUT, &[9.into(), 9.into()]).await.is_err(), "readers only read");
    }
}

pub async fn several_questions_at_once(backend: Backend) {
    let fresh = backend.fresh();
    let db = fresh.open().await;
    for id in 1..=3 {
        db.write(put(id, id * 10)).await.unwrap();
    }
    let mut questions = Batch::new();
    questions.add(&ITEM, &[2.into()]).add(&IDS, &[]).add(&ITEM, &[7.into()]);
    let mut reader = db.read().await.unwrap();
    let mut snapshot = db.snapshot().await.unwrap();
    let answers = reader.rows_all(questions).await.unwrap();
    assert_eq!(answers.iter().map(Vec::len).collect::<Vec<_>>(), [1, 3, 0]);
    assert_eq!(answers[0][0].int(1), Ok(20));
    // They are of one instant, which ends with them; that of a snapshot does not.
    let count = || {
        let mut all = Batch::new();
        all.add(&IDS, &[]).add(&ITEM, &[4.into()]);
        all
    };
    let lengths = |found: Vec<Vec<_>>| found.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths(snapshot.rows_all(count()).await.unwrap()), [3, 0]);
    db.write(put(4, 40)).await.unwrap();
    assert_eq!(lengths(reader.rows_all(count()).await.unwrap()), [4, 1]);
    assert_eq!(lengths(snapshot.rows_all(count()).await.unwrap()), [3, 0]);
    // Nor does a fault among them leave anything behind.
    let mut wrong = Batch::new();
    wrong.add(&IDS, &[]).add(&ITEM, &[]);
    reader.rows_all(wrong).await.expect_err("a parameter is missing");
    drop(reader);
    db.write(put(5, 50)).await.unwrap();
    assert_eq!(lengths(db.read().await.unwrap().rows_all(count()).await.unwrap()), [5, 1]);
    let error = db.read().await.unwrap().row(&IDS, &[]).await.expect_err("three rows");
    assert!(matches!(error, Error::Corrupt(_)), "{error}");
}

pub async fn errors_repeat_no_values(backend: Backend) {
    const SECRET: &str = "13800138000";
    static BAD_CAST: Stmt = Stmt::split(
        "SELECT CAST(CAST($1 AS TEXT) AS BIGINT)",
        "SELECT json_extract($1, '$.x'), json($1)",
    );
    let fresh = backend.fresh();
    let db = fresh.open().await;
    let store = |id: i64, owner: i64| {
        work(move |tx| {
            Box::pin(async move {
                let params = [id.into(), owner.into(), SECRET.into(), P::Null];
                Ok(tx.exec(&PUT_ALL, &params).await?)
            })
        })
    };
    db.write(store(1, 0)).await.unwrap();
    let unique = db.write(store(2, 0)).await.expect_err("the text is unique");
    let check = db.write(store(3, -1)).await.expect_err("owner is not negative");
    let secret = format!("{SECRET}x");
    let cast = db.read().await.unwrap().rows(&BAD_CAST, &[(&secret).into()]).await;
    let cast: WriteError<String> = cast.expect_err("not a number").into();
    for error in [unique, check, cast] {
        let said = format!("{error} {error:?}");
        assert!(!said.contains(SECRET), "{said}");
    }
}

pub async fn statements_are_checked_without_running(backend: Backend) {
    static WRONG: Stmt = Stmt::new("SELECT nothing FROM nowhere");
    let fresh = backend.fresh();
    let db = fresh.open().await;
    db.check(&[&PUT, &ITEM, &COUNTED]).await.unwrap();
    let error = db.check(&[&PUT, &WRONG]).await.expect_err("no such table");
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert_eq!(ids(&db).await, []);
}
