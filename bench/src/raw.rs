//! The raw limit: the very rows that appeals made, written again into an empty database of the
//! same shape, by one thread, with the same group size and the same durability.

use crate::Failure;
use rusqlite::{Connection, params_from_iter, types::Value};
use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

/// Tables that an appeal writes, and the column that tells its case.
const TABLES: &[(&str, &str)] = &[
    ("entries", "case_id"),
    ("cases", "id"),
    ("desk", "case_id"),
    ("texts", "case_id"),
    ("people", "case_id"),
    ("outbox", "case_id"),
    ("marks", "case_id"),
];

type Rows = Vec<(usize, Vec<Value>)>;

/// Writes the rows of `from` into `to`, `group` cases a transaction; answers cases and time.
/// `lines` are the search lines, which the contentless index does not give back.
///
/// # Errors
/// When either database fails.
pub fn copy(
    from: &Path,
    to: &Path,
    group: usize,
    lines: &HashMap<i64, String>,
) -> Result<(usize, Duration), Failure> {
    let source = Connection::open(from)?;
    let mut cases: Vec<i64> = Vec::new();
    let mut rows: HashMap<i64, Rows> = HashMap::new();
    let mut inserts = Vec::new();
    for (at, (table, key)) in TABLES.iter().enumerate() {
        let mut stmt = source.prepare(&format!("SELECT * FROM {table}"))?;
        let names: Vec<String> = stmt.column_names().map(str::to_owned).collect();
        let key = names.iter().position(|n| n == key).ok_or("no key column")?;
        let marks = vec!["?"; names.len()].join(", ");
        inserts.push(format!("INSERT INTO {table} ({}) VALUES ({marks})", names.join(", ")));
        let mut found = stmt.query([])?;
        while let Some(row) = found.next()? {
            let values: Vec<Value> =
                (0..names.len()).map(|c| row.get(c)).collect::<Result<_, _>>()?;
            let Some(Value::Integer(case)) = values.get(key).cloned() else { continue };
            if *table == "cases" {
                cases.push(case);
            }
            rows.entry(case).or_default().push((at, values));
        }
    }
    // In the order in which they were written, which is not quite that of their ids.
    let pos = |case: &i64| match rows.get(case).and_then(|r| r.first()).and_then(|(_, v)| v.first())
    {
        Some(Value::Integer(pos)) => *pos,
        _ => 0,
    };
    cases.sort_unstable_by_key(pos);
    let schema: Vec<String> = source
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'words_%'")?
        .query_map([], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    write(to, &schema, (&inserts, group), &cases, (&rows, lines))
}

fn write(
    to: &Path,
    schema: &[String],
    (inserts, group): (&[String], usize),
    cases: &[i64],
    (rows, lines): (&HashMap<i64, Rows>, &HashMap<i64, String>),
) -> Result<(usize, Duration), Failure> {
    let target = Connection::open(to)?;
    target.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;",
    )?;
    for sql in schema {
        target.execute_batch(sql)?;
    }
    target.execute_batch(
        "INSERT INTO words (words, rank) VALUES ('automerge', 8);
         INSERT INTO words (words, rank) VALUES ('crisismerge', 1000);",
    )?;
    target.set_prepared_statement_cache_capacity(64);
    let started = Instant::now();
    for chunk in cases.chunks(group) {
        target.execute_batch("BEGIN IMMEDIATE")?;
        for case in chunk {
            for (table, values) in rows.get(case).into_iter().flatten() {
                let sql = inserts.get(*table).ok_or("no such table")?;
                target.prepare_cached(sql)?.execute(params_from_iter(values))?;
            }
            if let Some(line) = lines.get(case) {
                let pos = rows.get(case).and_then(|r| r.first()).and_then(|(_, v)| v.first());
                target
                    .prepare_cached("INSERT INTO words (rowid, line) VALUES (?, ?)")?
                    .execute((pos, line))?;
            }
        }
        target
            .prepare_cached(
                "INSERT INTO counts (name, unit, slot, n) VALUES ('raw', '', 0, ?1)
                 ON CONFLICT (name, unit, slot) DO UPDATE SET n = n + excluded.n",
            )?
            .execute([i64::try_from(chunk.len())?])?;
        target.execute_batch("COMMIT")?;
    }
    Ok((cases.len(), started.elapsed()))
}
