//! SQLite: how a file is opened, how statements run on it, how readers are shared, how it is
//! copied while in use.
//!
//! Decides the pragmas (durability, memory) and what SQLite's error codes mean. Never begins or
//! commits a write: that is the writer's alone.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql, ffi};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Survives;
use super::error::{Error, FaultKind, setup};
use super::stmt::{Batch, Stmt};
use super::value::{P, Row, Val, corrupt};

/// Prepared statements kept by each connection.
const STATEMENT_CACHE: usize = 256;
/// How long a connection waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection sleeps before it tries a held lock again.
const LOCK_STEP: Duration = Duration::from_micros(200);
/// The writer's own page cache, KiB. It reads mostly from its map of the file.
const WRITER_CACHE_KIB: u32 = 32 * 1024;
/// Each reader's own page cache, KiB.
const READER_CACHE_KIB: u32 = 4 * 1024;
/// How much of the file the writer may map, bytes: shared with the page cache, not private memory.
/// SQLite lowers it to its compiled limit, 2 GiB by default.
const MAP_BYTES: u64 = 4 << 30;
/// Readers map nothing: SQLite drops the whole map of a reader whenever somebody has written, which is
/// between any two pages, and to map it anew costs twice what reading the pages does.
const NO_MAP: u64 = 0;

/// Opens the file for writing, creating it readable by its owner alone.
pub(super) fn open_writer(path: &Path) -> Result<Connection, Error> {
    let name = path.display();
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| setup(&format!("opening {name}"), &e))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)
        .map_err(|e| setup(&format!("opening {name}"), &e))?;
    // The page size must come before the journal mode, which writes the first page.
    pragmas(&conn, "PRAGMA page_size = 4096").map_err(|e| setup("page size", &e))?;
    let mode: String = conn
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|e| setup(&format!("opening {name}"), &e))?;
    if mode != "wal" {
        return Err(setup(&format!("opening {name}"), &"the file system allows no WAL"));
    }
    configure(&mut conn, WRITER_CACHE_KIB, MAP_BYTES)
        .map_err(|e| setup(&format!("opening {name}"), &e))?;
    Ok(conn)
}

/// Commits of this connection end in the memory of the system, which writes them when it likes.
pub(super) fn let_the_system_write(conn: &Connection) -> Result<(), Error> {
    pragmas(conn, "PRAGMA synchronous = OFF").map_err(|e| setup("synchronous", &e))
}

/// Whether commits of this connection wait until the disk has them. Without it a commit is in the
/// log, where every process sees it, and the next that waits takes it along.
pub(super) fn survive(conn: &Connection, what: Survives) -> Result<(), Error> {
    let level = match what {
        Survives::Kill => "NORMAL",
        Survives::PowerCut => "FULL",
    };
    let set = pragmas(conn, &format!("PRAGMA synchronous = {level}"));
    set.map_err(|e| classify("synchronous", &e))
}

/// Opens the file for questions only.
fn open_reader(path: &Path) -> Result<Connection, Error> {
    let name = path.display();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)
        .map_err(|e| setup(&format!("opening {name}"), &e))?;
    configure(&mut conn, READER_CACHE_KIB, NO_MAP)
        .and_then(|()| pragmas(&conn, "PRAGMA query_only = ON"))
        .map_err(|e| setup(&format!("opening {name}"), &e))?;
    Ok(conn)
}

/// SQLite's own handler sleeps longer each time, up to a tenth of a second: far longer than the
/// writer and the checkpointer hold the lock against each other.
fn wait_for_the_lock(tries: i32) -> bool {
    within(tries, BUSY_TIMEOUT)
}

/// Sleeps one step, unless so many steps have filled the time already.
pub(super) fn within(tries: i32, limit: Duration) -> bool {
    let more = LOCK_STEP * tries.unsigned_abs() < limit;
    if more {
        std::thread::sleep(LOCK_STEP);
    }
    more
}

fn configure(conn: &mut Connection, cache_kib: u32, map: u64) -> rusqlite::Result<()> {
    conn.busy_handler(Some(wait_for_the_lock))?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Plans are made without a look at the parameters. SQLite would otherwise plan a statement anew
    // each time its LIMIT is bound, which costs more than to run it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // What is deleted is overwritten with zeros: an erased case must not lie in a free page.
    // FULL: an acknowledged commit survives a power cut. No automatic checkpoint: it would run
    // inside somebody's commit; the checkpointer thread does it instead.
    pragmas(
        conn,
        &format!(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA case_sensitive_like = ON;
             PRAGMA cache_size = -{cache_kib}; PRAGMA mmap_size = {map}"
        ),
    )
}

fn pragmas(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.execute_batch(sql)
}

impl ToSql for P<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            P::Null => ValueRef::Null,
            P::Int(n) => ValueRef::Integer(n),
            P::Text(text) => ValueRef::Text(text.as_bytes()),
            P::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn bind<'c>(
    conn: &'c Connection,
    stmt: &Stmt,
    params: &[P<'_>],
) -> Result<CachedStatement<'c>, Error> {
    let failed = |e| error(stmt, &e);
    let mut ready = conn.prepare_cached(stmt.lite()).map_err(failed)?;
    check_params(stmt, ready.parameter_count(), params)?;
    for (i, param) in params.iter().enumerate() {
        ready.raw_bind_parameter(i + 1, param).map_err(failed)?;
    }
    Ok(ready)
}

/// Both databases refuse a wrong number of parameters and NUL characters in the same words.
pub(super) fn check_params(stmt: &Stmt, wanted: usize, params: &[P<'_>]) -> Result<(), Error> {
    let nul = |p: &P<'_>| matches!(p, P::Text(text) if text.as_bytes().contains(&0));
    let why = if wanted != params.len() {
        format!("{wanted} parameters wanted, {} given, by `{}`", params.len(), stmt.label())
    } else if params.iter().any(nul) {
        format!("text with a NUL character given to `{}`", stmt.label())
    } else {
        return Ok(());
    };
    Err(Error::fault(FaultKind::Program, why))
}

/// Prepares a statement and forgets it: is its text right for this database?
pub(super) fn prepare(conn: &Connection, stmt: &Stmt) -> Result<(), Error> {
    conn.prepare(stmt.lite()).map(drop).map_err(|e| error(stmt, &e))
}

pub(super) fn exec(conn: &Connection, stmt: &Stmt, params: &[P<'_>]) -> Result<u64, Error> {
    let touched = bind(conn, stmt, params)?.raw_execute().map_err(|e| error(stmt, &e))?;
    Ok(touched as u64)
}

pub(super) fn exec_all(conn: &Connection, batch: &Batch<'_>) -> Result<Vec<u64>, Error> {
    batch.items.iter().map(|item| exec(conn, item.stmt, batch.params_of(*item))).collect()
}

pub(super) fn rows(
    conn: &Connection,
    stmt: &'static Stmt,
    params: &[P<'_>],
) -> Result<Vec<Row>, Error> {
    let mut ready = bind(conn, stmt, params)?;
    stmt.learn(|| ready.column_names().collect());
    let width = ready.column_count();
    let mut found = ready.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(|e| error(stmt, &e))? {
        let vals = (0..width).map(|column| value(stmt, row, column)).collect::<Result<_, _>>()?;
        rows.push(Row { stmt, vals });
    }
    Ok(rows)
}

fn value(stmt: &Stmt, row: &rusqlite::Row<'_>, column: usize) -> Result<Val, Error> {
    match row.get_ref(column).map_err(|e| error(stmt, &e))? {
        ValueRef::Null => Ok(Val::Null),
        ValueRef::Integer(n) => Ok(Val::Int(n)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Val::Text(text.to_owned())),
            Err(_) => Err(corrupt(stmt, column, "text that is not UTF-8")),
        },
        ValueRef::Blob(bytes) => Ok(Val::Blob(bytes.to_vec())),
        ValueRef::Real(_) => Err(corrupt(stmt, column, "a fraction; only whole numbers are kept")),
    }
}

/// What an error of a statement means to its caller.
pub(super) fn error(stmt: &Stmt, error: &rusqlite::Error) -> Error {
    classify(&format!("`{}`", stmt.label()), error)
}

/// What an error of SQLite means, naming what was being done.
pub(super) fn classify(doing: &str, error: &rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return Error::fault(FaultKind::Program, format!("{doing}: {error}"));
    };
    let text = match message.as_deref() {
        // FTS5 repeats the words searched for.
        Some(message) if message.starts_with("fts5:") => "full-text query not understood",
        Some(message) => message,
        None => "no message",
    };
    let kind = match (failure.code, failure.extended_code) {
        (
            ErrorCode::ConstraintViolation,
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => return Error::conflict(text.to_owned()),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => return Error::Busy,
        (
            ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly,
            _,
        ) => FaultKind::Disk,
        (ErrorCode::DiskFull, _) => FaultKind::Full,
        (ErrorCode::OperationInterrupted, _) => FaultKind::Timeout,
        _ => FaultKind::Program,
    };
    Error::fault(kind, format!("{doing}: {text} (SQLite code {})", failure.extended_code))
}

/// The shared read-only connections of one file.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path, most: usize) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(most.max(1)));
        Arc::new(Self { path: path.to_owned(), idle: Mutex::default(), permits })
    }

    /// Lends a connection, waiting in line when all are lent.
    pub(super) async fn lend(self: &Arc<Self>) -> Result<LiteReader, Error> {
        let closed = |_| Error::fault(FaultKind::Closed, "no more reading");
        let permit = self.permits.clone().acquire_owned().await.map_err(closed)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = idle.map_or_else(|| open_reader(&self.path), Ok)?;
        Ok(LiteReader { conn: Some(conn), home: self.clone(), _permit: permit })
    }

    /// Lends a connection that stays at one instant until it is given back.
    pub(super) async fn lend_snapshot(self: &Arc<Self>) -> Result<LiteReader, Error> {
        let reader = self.lend().await?;
        // BEGIN alone takes no snapshot; the first read does.
        let begin = "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1";
        reader.conn()?.execute_batch(begin).map_err(|e| classify("snapshot", &e))?;
        Ok(reader)
    }

    /// Lends a connection that keeps one transaction for all its questions: the file is locked
    /// once a page, not once a question.
    pub(super) async fn lend_page(self: &Arc<Self>) -> Result<LiteReader, Error> {
        let reader = self.lend().await?;
        let begun = reader.conn()?.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([]));
        begun.map_err(|e| classify("page", &e))?;
        Ok(reader)
    }

    /// Lends no more, and closes what is idle.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A lent read-only connection, given back when dropped.
pub(super) struct LiteReader {
    conn: Option<Connection>,
    home: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl LiteReader {
    pub(super) fn rows(
        &mut self,
        stmt: &'static Stmt,
        params: &[P<'_>],
    ) -> Result<Vec<Row>, Error> {
        rows(self.conn()?, stmt, params)
    }

    /// The answers to several questions, of one instant. The file is locked once for all of them:
    /// where many ask at the same time, locking costs more than answering.
    pub(super) fn rows_all<'q>(
        &mut self,
        questions: impl Iterator<Item = (&'static Stmt, &'q [P<'q>])>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let conn = self.conn()?;
        let own = conn.is_autocommit();
        let say = |word: &str| {
            let said = conn.prepare_cached(word).and_then(|mut word| word.execute([]));
            said.map_err(|e| classify("questions", &e))
        };
        if own {
            say("BEGIN")?;
        }
        // After a fault it ends when the connection is given back.
        let answers = questions.map(|(stmt, params)| rows(conn, stmt, params));
        let answers = answers.collect::<Result<_, _>>()?;
        if own {
            say("COMMIT")?;
        }
        Ok(answers)
    }

    pub(super) fn conn(&self) -> Result<&Connection, Error> {
        self.conn.as_ref().ok_or_else(|| Error::fault(FaultKind::Closed, "reader given back"))
    }
}

impl Drop for LiteReader {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        let end = || conn.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([])).is_ok();
        let clean = conn.is_autocommit() || end();
        if clean && !self.home.permits.is_closed() {
            self.home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
    }
}

/// Copies the database to `to` while it is in use: one instant of it, checked, then renamed into
/// place. Refuses to overwrite.
pub(super) fn backup(from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |doing: &str, e: &dyn std::fmt::Display| setup(&format!("backup: {doing}"), &e);
    if to.exists() {
        return Err(setup("backup", &format!("{} exists already", to.display())));
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let source = open_reader(from)?;
    let create = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part);
    let file = create.map_err(|e| failed("creating the file", &e))?;
    let mut copy = Connection::open(&part).map_err(|e| failed("creating the file", &e))?;
    {
        // All pages in one step: one snapshot, beside which writers go on.
        let run = Backup::new(&source, &mut copy).and_then(|run| run.step(-1));
        let step = run.map_err(|e| failed("copying", &e))?;
        if step != StepResult::Done {
            return Err(Error::Busy);
        }
    }
    let verdict: String = copy
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|e| failed("checking", &e))?;
    if verdict != "ok" {
        return Err(failed("checking", &verdict));
    }
    // Without the WAL mode of its source the copy is one file, with nothing beside it.
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .map_err(|e| failed("finishing", &e))?;
    copy.close().map_err(|(_, e)| failed("finishing", &e))?;
    file.sync_all().map_err(|e| failed("syncing", &e))?;
    std::fs::rename(&part, to).map_err(|e| failed("renaming", &e))?;
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(|e| failed("syncing", &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    static NAMES: Stmt = Stmt::new(
        "SELECT name FROM sqlite_schema WHERE rootpage > $1 AND name < $2 ORDER BY name LIMIT $3",
    );

    #[test]
    fn a_statement_is_planned_once_whatever_is_bound() {
        let mut conn = Connection::open_in_memory().unwrap();
        configure(&mut conn, READER_CACHE_KIB, NO_MAP).unwrap();
        for (root, below, limit) in [(0, "a", 1), (1, "b", 51), (7, "c", 8), (0, "d", 0)] {
            rows(&conn, &NAMES, &[P::Int(root), P::Text(below), P::Int(limit)]).unwrap();
        }
        let again = conn.prepare_cached(NAMES.lite()).unwrap();
        assert_eq!(again.get_status(StatementStatus::RePrepare), 0);
    }
}
