//! What a work and a page see of a database: a transaction that writes, a reader that does not.
//!
//! Decides that a work with a failed statement has failed, whatever it answers itself: PostgreSQL
//! would otherwise turn its COMMIT into a ROLLBACK without a word. Knows no domain word.

use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;

use super::error::{Error, FaultKind, WriteError};
use super::lite::{self, LiteReader};
use super::pg::{PgReader, PgTx};
use super::stmt::{Batch, Stmt};
use super::value::{P, Row};

/// What is counted: a figure's name and the unit it is counted for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountKey {
    /// The figure.
    pub name: Arc<str>,
    /// The unit, day or other part the figure is split by; may be empty.
    pub unit: Arc<str>,
}

impl CountKey {
    /// The key of `name` for `unit`.
    pub fn new(name: impl Into<Arc<str>>, unit: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), unit: unit.into() }
    }
}

/// The transaction of one work. On SQLite every future is ready at once.
pub struct Tx {
    side: Side,
    poison: Option<Error>,
    counts: Vec<(CountKey, i64)>,
}

enum Side {
    Lite(Connection),
    Pg(PgTx),
}

impl Tx {
    pub(super) fn lite(conn: Connection) -> Self {
        Self { side: Side::Lite(conn), poison: None, counts: Vec::new() }
    }

    pub(super) fn pg(tx: PgTx) -> Self {
        Self { side: Side::Pg(tx), poison: None, counts: Vec::new() }
    }

    /// Whether no other work can write at the same time, so that nothing needs to be locked.
    pub fn is_alone(&self) -> bool {
        matches!(self.side, Side::Lite(_))
    }

    /// Runs a write and answers how many rows it touched.
    pub async fn exec(&mut self, stmt: &'static Stmt, params: &[P<'_>]) -> Result<u64, Error> {
        self.sound()?;
        let done = match &mut self.side {
            Side::Lite(conn) => lite::exec(conn, stmt, params),
            Side::Pg(tx) => Box::pin(tx.exec(stmt, params)).await,
        };
        self.note(done)
    }

    /// Runs a write that must touch exactly one row, or it is a [`Error::Conflict`]: the way to
    /// write `… WHERE version = $n`.
    pub async fn exec_one(&mut self, stmt: &'static Stmt, params: &[P<'_>]) -> Result<(), Error> {
        let touched = self.exec(stmt, params).await?;
        let checked = expect_one(stmt, touched);
        self.note(checked)
    }

    /// Runs independent writes at once and answers the rows each touched. None may need what
    /// another of them wrote.
    pub async fn exec_all(&mut self, batch: Batch<'_>) -> Result<Vec<u64>, Error> {
        self.sound()?;
        let done = match &mut self.side {
            Side::Lite(conn) => lite::exec_all(conn, &batch),
            Side::Pg(tx) => Box::pin(tx.exec_all(&batch)).await,
        };
        let touched = self.note(done)?;
        for (item, n) in batch.items.iter().zip(&touched) {
            if item.exactly_one {
                let checked = expect_one(item.stmt, *n);
                self.note(checked)?;
            }
        }
        Ok(touched)
    }

    /// The one row of an answer, or none. Two rows are [`Error::Corrupt`]. Also for
    /// `INSERT … RETURNING`.
    pub async fn row(
        &mut self,
        stmt: &'static Stmt,
        params: &[P<'_>],
    ) -> Result<Option<Row>, Error> {
        let rows = self.rows(stmt, params).await?;
        let one = at_most_one(stmt, rows);
        self.note(one)
    }

    /// All rows of an answer; the statement bounds their number.
    pub async fn rows(&mut self, stmt: &'static Stmt, params: &[P<'_>]) -> Result<Vec<Row>, Error> {
        self.sound()?;
        let rows = match &mut self.side {
            Side::Lite(conn) => lite::rows(conn, stmt, params),
            Side::Pg(tx) => Box::pin(tx.rows(stmt, params)).await,
        };
        self.note(rows)
    }

    /// Adds to a running count, written with the commit of this work and not at all if the work
    /// fails. On SQLite one row per key is written for a whole batch of works; on PostgreSQL it
    /// goes to one of 16 slots of the key, so that writers do not queue for one row. The work
    /// itself cannot read it back. Read a count with `CAST(SUM(n) AS BIGINT)` over its slots.
    pub fn add_count(&mut self, key: CountKey, delta: i64) {
        self.counts.push((key, delta));
    }

    fn sound(&self) -> Result<(), Error> {
        self.poison.clone().map_or(Ok(()), Err)
    }

    fn note<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &done {
            self.poison.get_or_insert_with(|| error.clone());
        }
        done
    }

    /// Forgets the work before, so that the next starts clean.
    pub(super) fn begin_work(&mut self) {
        self.poison = None;
        self.counts.clear();
    }

    /// The true result of a work: its own error, else that of a statement it overlooked.
    pub(super) fn settle<T, R>(
        &self,
        result: Result<T, WriteError<R>>,
    ) -> Result<T, WriteError<R>> {
        match (result, &self.poison) {
            (Ok(_), Some(error)) => Err(error.clone().into()),
            (result, _) => result,
        }
    }

    pub(super) fn poison(&self) -> Option<&Error> {
        self.poison.as_ref()
    }

    pub(super) fn take_counts(&mut self) -> Vec<(CountKey, i64)> {
        mem::take(&mut self.counts)
    }

    /// The SQLite connection; the writer thread alone makes such transactions.
    pub(super) fn conn(&self) -> Option<&Connection> {
        match &self.side {
            Side::Lite(conn) => Some(conn),
            Side::Pg(_) => None,
        }
    }

    pub(super) fn into_pg(self) -> Option<PgTx> {
        match self.side {
            Side::Lite(_) => None,
            Side::Pg(tx) => Some(tx),
        }
    }
}

/// Asks questions and changes nothing. Each statement sees the newest commit; a reader from
/// [`Db::snapshot`](super::Db::snapshot) sees one instant throughout.
pub struct Reader {
    side: ReaderSide,
}

enum ReaderSide {
    Lite(LiteReader),
    Pg(PgReader),
}

impl Reader {
    pub(super) fn lite(reader: LiteReader) -> Self {
        Self { side: ReaderSide::Lite(reader) }
    }

    pub(super) fn pg(reader: PgReader) -> Self {
        Self { side: ReaderSide::Pg(reader) }
    }

    /// The one row of an answer, or none. Two rows are [`Error::Corrupt`].
    pub async fn row(
        &mut self,
        stmt: &'static Stmt,
        params: &[P<'_>],
    ) -> Result<Option<Row>, Error> {
        at_most_one(stmt, self.rows(stmt, params).await?)
    }

    /// All rows of an answer; the statement bounds their number. On SQLite this runs on the
    /// calling thread: keep questions indexed and short, or move to a blocking thread first.
    pub async fn rows(&mut self, stmt: &'static Stmt, params: &[P<'_>]) -> Result<Vec<Row>, Error> {
        match &mut self.side {
            ReaderSide::Lite(reader) => reader.rows(stmt, params),
            ReaderSide::Pg(reader) => Box::pin(reader.rows(stmt, params)).await,
        }
    }

    /// The answers to several independent questions, in one network flight on PostgreSQL.
    pub async fn rows_all(&mut self, questions: Batch<'_>) -> Result<Vec<Vec<Row>>, Error> {
        let each = questions.items.iter().map(|item| (item.stmt, questions.params_of(*item)));
        match &mut self.side {
            ReaderSide::Lite(reader) => reader.rows_all(each),
            ReaderSide::Pg(reader) => Box::pin(reader.rows_all(each.collect())).await,
        }
    }
}

fn expect_one(stmt: &Stmt, touched: u64) -> Result<(), Error> {
    match touched {
        1 => Ok(()),
        n => Err(Error::conflict(format!("{n} rows instead of 1 by `{}`", stmt.label()))),
    }
}

fn at_most_one(stmt: &'static Stmt, mut rows: Vec<Row>) -> Result<Option<Row>, Error> {
    if rows.len() > 1 {
        let why = format!("{} rows where at most one can be", rows.len());
        return Err(super::value::corrupt(stmt, 0, why));
    }
    Ok(rows.pop())
}

/// Finishes a future that has nothing to wait for.
pub(super) fn now<F: Future>(future: F) -> Result<F::Output, Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err(Error::fault(
            FaultKind::Program,
            "a work waited for something other than its transaction",
        )),
    }
}
