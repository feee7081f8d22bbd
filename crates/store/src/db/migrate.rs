//! Brings a database to the shape the program expects, step by step, and refuses what it does not
//! know.
//!
//! Decides which step is next. A step runs in a transaction with the note that it ran; several
//! nodes starting at once run it once.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use rusqlite::Connection;

use super::error::{Error, FaultKind, setup};
use super::lite;
use super::pg::{PgDb, query};
use super::pg_wire::{as_params, classify};
use super::stmt::Stmt;
use super::value::{P, Row};

/// One step of the database's shape, the same number in both dialects. Never changed once it has
/// been released: write another.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// From 1, without gaps.
    pub version: u32,
    /// What it does, in a word or three.
    pub name: &'static str,
    /// The statements for SQLite. Tables are `STRICT`; no constraint may be `DEFERRED`, as it
    /// would fail the commit of everybody in the batch.
    pub lite: &'static str,
    /// The statements for PostgreSQL.
    pub pg: &'static str,
}

/// Two tables belong to this layer itself: which steps ran, and the running counts.
const OWN_TABLES_LITE: &str = "
    CREATE TABLE IF NOT EXISTS migrations (
        version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS counts (
        name TEXT NOT NULL, unit TEXT NOT NULL, slot INTEGER NOT NULL, n INTEGER NOT NULL,
        PRIMARY KEY (name, unit, slot)) STRICT, WITHOUT ROWID;";
const OWN_TABLES_PG: &str = "
    CREATE TABLE IF NOT EXISTS migrations (
        version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS counts (
        name TEXT NOT NULL, unit TEXT NOT NULL, slot BIGINT NOT NULL, n BIGINT NOT NULL,
        PRIMARY KEY (name, unit, slot)) WITH (fillfactor = 50);";

/// Taken by a node while it migrates; any number that nobody else uses.
const PG_LOCK: &str = "SELECT pg_advisory_xact_lock(7211930142)";

static APPLIED: Stmt = Stmt::new("SELECT version, checksum FROM migrations ORDER BY version");
static APPLY: Stmt =
    Stmt::new("INSERT INTO migrations (version, name, checksum) VALUES ($1, $2, $3)");

/// Runs what has not run yet on SQLite.
pub(super) fn lite(conn: &Connection, migrations: &[Migration]) -> Result<(), Error> {
    // Rebuilding a table that others point to needs the check switched off, which works outside
    // of a transaction only. What the step leaves behind is checked before its commit.
    let set = |on: &str| {
        let done = conn.execute_batch(&format!("PRAGMA foreign_keys = {on}"));
        done.map_err(|e| lite::classify("foreign keys", &e))
    };
    set("OFF")?;
    while lite_step(conn, migrations)? {}
    set("ON")
}

fn lite_step(conn: &Connection, migrations: &[Migration]) -> Result<bool, Error> {
    let run =
        |sql: &str, doing: &str| conn.execute_batch(sql).map_err(|e| lite::classify(doing, &e));
    run("BEGIN IMMEDIATE", "beginning a migration")?;
    let done = run(OWN_TABLES_LITE, "creating the migrations table").and_then(|()| {
        let applied = lite::rows(conn, &APPLIED, &[])?;
        let sum = |m: &Migration| checksum(m.lite);
        let Some(next) = next(&applied, migrations, sum)? else { return Ok(false) };
        run(next.lite, &format!("migration {} ({})", next.version, next.name))?;
        if conn.is_autocommit() {
            let why = "must not begin or commit a transaction itself";
            return Err(wrong(next, why));
        }
        let dangling = conn.query_row("PRAGMA foreign_key_check", [], |_| Ok(()));
        if dangling.is_ok() {
            return Err(wrong(next, "leaves rows that point nowhere"));
        }
        let note = [P::Int(next.version.into()), P::Text(next.name), P::Text(&sum(next))];
        lite::exec(conn, &APPLY, &note).map(|_| true)
    });
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    if !conn.is_autocommit() {
        run(end, "ending a migration")?;
    }
    done
}

/// Runs what has not run yet on PostgreSQL.
pub(super) async fn pg(db: &PgDb, migrations: &[Migration]) -> Result<(), Error> {
    while pg_step(db, migrations).await? {}
    Ok(())
}

async fn pg_step(db: &PgDb, migrations: &[Migration]) -> Result<bool, Error> {
    // Taken out of the pool for good: on any failure it is closed, which rolls back.
    let client = deadpool_postgres::Object::take(db.client().await?);
    let run = async |sql: &str, doing: &str| {
        client.batch_execute(sql).await.map_err(|e| classify(doing, &e))
    };
    run("BEGIN; SET LOCAL statement_timeout = 0", "beginning a migration").await?;
    run(PG_LOCK, "waiting for another node").await?;
    run(OWN_TABLES_PG, "creating the migrations table").await?;
    let applied = query(&client, &APPLIED, &[]).await?;
    let sum = |m: &Migration| checksum(m.pg);
    let next = next(&applied, migrations, sum)?;
    if let Some(next) = next {
        run(next.pg, &format!("migration {} ({})", next.version, next.name)).await?;
        let note = [P::Int(next.version.into()), P::Text(next.name), P::Text(&sum(next))];
        let noted = client.execute(APPLY.pg(), &as_params(&note)).await;
        noted.map_err(|e| classify("noting a migration", &e))?;
    }
    run("COMMIT", "ending a migration").await?;
    Ok(next.is_some())
}

/// The next step to run, or none; an error if the database is not one that this program made.
fn next<'m>(
    applied: &[Row],
    migrations: &'m [Migration],
    sum: impl Fn(&Migration) -> String,
) -> Result<Option<&'m Migration>, Error> {
    for (i, migration) in migrations.iter().enumerate() {
        if usize::try_from(migration.version) != Ok(i + 1) {
            return Err(wrong(migration, &format!("stands where number {} belongs", i + 1)));
        }
        let Some(row) = applied.get(i) else { return Ok(Some(migration)) };
        if row.int(0)? != i64::from(migration.version) {
            return Err(wrong(migration, "was skipped by this database"));
        }
        if row.text(1)? != sum(migration) {
            return Err(wrong(migration, "was changed after it ran on this database"));
        }
    }
    if applied.len() > migrations.len() {
        let why = format!(
            "the database is at migration {}, this program knows {}: start a newer program",
            applied.len(),
            migrations.len()
        );
        return Err(setup("migrations", &why));
    }
    Ok(None)
}

fn wrong(migration: &Migration, why: &str) -> Error {
    let text = format!("migration {} ({}) {why}", migration.version, migration.name);
    Error::fault(FaultKind::Setup, text)
}

fn checksum(sql: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(sql.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
