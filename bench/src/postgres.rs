//! Intake into PostgreSQL, beside the raw limit of the same rows: one transaction a case, all its
//! statements in one flight, as many connections as the store uses.

use crate::{Failure, corpus, store_bench};
use std::{
    collections::HashMap,
    error::Error,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::Store;
use tokio_postgres::{
    Client, NoTls, Statement,
    types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};

/// Connections of the store's pool, and of the raw writer.
const CONNECTIONS: usize = 16;

/// Tables that an appeal writes, and the column that tells its case.
const TABLES: &[(&str, &str)] = &[
    ("entries", "case_id"),
    ("cases", "id"),
    ("desk", "case_id"),
    ("texts", "case_id"),
    ("people", "case_id"),
    ("outbox", "case_id"),
];

/// The search words are written as the store writes them.
const WORDS: &str = "INSERT INTO words (doc, line)
    VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))";
const COUNT: &str = "INSERT INTO counts (name, unit, slot, n)
    VALUES ('raw', '', pg_backend_pid() % 16, 1)
    ON CONFLICT (name, unit, slot) DO UPDATE SET n = counts.n + excluded.n";

/// A value as it came over the wire, sent back unread.
#[derive(Debug, Clone)]
struct Wire(Option<Vec<u8>>);

impl<'a> FromSql<'a> for Wire {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Wire {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One statement on its way.
type Leg<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// One row: which insert, and its values.
type Line = (usize, Vec<Wire>);

/// Measures both.
///
/// # Errors
/// When the server fails.
pub fn run(dir: &Path, cases: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let city = corpus::city()?;
    let list = Arc::new(corpus::appeals(&city)?);
    let keys = store_bench::keys(dir)?;
    vault::Words::shared();
    let (from, to) = (testkit::postgres::fresh_database(), testkit::postgres::fresh_database());
    runtime.block_on(async {
        let store = Store::open(&from, keys.clone()).await?;
        let took = store_bench::send(&store, &city.pack, &list, cases).await?;
        store.db().close().await?;
        // Opening makes the tables.
        Store::open(&to, keys).await?.db().close().await?;
        let (rows, raw) = copy(&from, &to).await?;
        let rate = |n: usize, t: Duration| n as f64 / t.as_secs_f64();
        println!("intake through the store: {:>8.0} /s", rate(cases, took));
        println!("raw pipelined:            {:>8.0} /s of the same {rows} cases", rate(rows, raw));
        println!("ratio:                    {:>8.2}", rate(cases, took) / rate(rows, raw));
        Ok(())
    })
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with the client; what went wrong, the client is told.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

async fn copy(from: &str, to: &str) -> Result<(usize, Duration), Failure> {
    let source = connect(from).await?;
    let mut cases: HashMap<i64, Vec<Line>> = HashMap::new();
    let mut inserts = Vec::new();
    for (at, (table, key)) in TABLES.iter().enumerate() {
        let rows = source.query(&format!("SELECT * FROM {table}"), &[]).await?;
        let Some(columns) = rows.first().map(tokio_postgres::Row::columns) else {
            inserts.push(String::new());
            continue;
        };
        let names: Vec<&str> = columns.iter().map(tokio_postgres::Column::name).collect();
        let marks: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
        inserts.push(format!(
            "INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
            names.join(", "),
            marks.join(", ")
        ));
        for row in &rows {
            let case: i64 = row.try_get(*key)?;
            let values = (0..names.len()).map(|n| row.try_get(n)).collect::<Result<_, _>>()?;
            cases.entry(case).or_default().push((at, values));
        }
    }
    inserts.push(WORDS.to_owned());
    let words = "SELECT e.case_id, w.doc, array_to_string(tsvector_to_array(w.line), ' ')
        FROM words w JOIN entries e ON e.pos = w.doc";
    for row in source.query(words, &[]).await? {
        let line = vec![row.try_get(1)?, row.try_get(2)?];
        cases.entry(row.try_get(0)?).or_default().push((TABLES.len(), line));
    }
    write(to, Arc::new(inserts), Arc::new(cases.into_values().collect())).await
}

async fn write(
    to: &str,
    inserts: Arc<Vec<String>>,
    cases: Arc<Vec<Vec<Line>>>,
) -> Result<(usize, Duration), Failure> {
    let mut writers = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = connect(to).await?;
        let mut ready = Vec::new();
        for sql in inserts.iter() {
            let sql = if sql.is_empty() { "SELECT 1" } else { sql };
            ready.push(client.prepare(sql).await?);
        }
        let count = client.prepare(COUNT).await?;
        writers.push((client, ready, count));
    }
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = writers
        .into_iter()
        .map(|(client, ready, count)| {
            let (next, cases) = (next.clone(), cases.clone());
            tokio::spawn(async move {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(&client, &ready, &count, case).await?;
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok((cases.len(), started.elapsed()))
}

/// All statements of a case are sent before the first answer is awaited.
async fn one(
    client: &Client,
    ready: &[Statement],
    count: &Statement,
    case: &[Line],
) -> Result<(), Failure> {
    let mut flight: Vec<Leg<'_>> =
        vec![Box::pin(async { Ok(client.batch_execute("BEGIN").await?) })];
    for (at, values) in case {
        let stmt = ready.get(*at).ok_or("no such statement")?;
        flight.push(Box::pin(async move {
            let values: Vec<&(dyn ToSql + Sync)> =
                values.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
            client.execute(stmt, &values).await?;
            Ok(())
        }));
    }
    flight.push(Box::pin(async { Ok(client.execute(count, &[]).await.map(drop)?) }));
    flight.push(Box::pin(async { Ok(client.batch_execute("COMMIT").await?) }));
    let mut landed = vec![false; flight.len()];
    std::future::poll_fn(|cx| {
        let mut all = true;
        for (leg, landed) in flight.iter_mut().zip(&mut landed).filter(|(_, landed)| !**landed) {
            match leg.as_mut().poll(cx) {
                std::task::Poll::Ready(Ok(())) => *landed = true,
                std::task::Poll::Ready(Err(why)) => return std::task::Poll::Ready(Err(why)),
                std::task::Poll::Pending => all = false,
            }
        }
        if all { std::task::Poll::Ready(Ok(())) } else { std::task::Poll::Pending }
    })
    .await
}
