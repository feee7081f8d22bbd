//! The lowest layer of the store: two databases that look like one.
//!
//! Decides how a write becomes durable (group commit on SQLite, a retried transaction on
//! PostgreSQL) and how questions run beside it. Knows no table but its own two (`migrations`,
//! `counts`) and no word of the domain.
//!
//! A write is a [`Work`]: a value that reads, decides and writes through a [`Tx`]. It may run more
//! than once, so it asks no clock, draws no random number and makes no id; those come in its
//! fields. The answer arrives when the write is durable.
//!
//! ```no_run
//! use store::db::{CountKey, Db, Error, Migration, Options, P, Stmt, Tx, Work, WriteError};
//!
//! static SEATS: Stmt = Stmt::locking("SELECT seats FROM session WHERE id = $1");
//! static TAKE: Stmt = Stmt::new("UPDATE session SET seats = seats - 1 WHERE id = $1");
//! static BOOK: Stmt = Stmt::new("INSERT INTO booking (session, person) VALUES ($1, $2)");
//!
//! struct Book { session: i64, person: i64 }
//!
//! #[derive(Debug)]
//! enum Refusal { NoSuchSession, Full }
//!
//! impl Work for Book {
//!     type Reply = i64;
//!     type Refusal = Refusal;
//!
//!     async fn run(&self, tx: &mut Tx) -> Result<i64, WriteError<Refusal>> {
//!         let row = tx.row(&SEATS, &[self.session.into()]).await?;
//!         let row = row.ok_or(WriteError::Refused(Refusal::NoSuchSession))?;
//!         let left = row.int(0)?;
//!         if left == 0 {
//!             return Err(WriteError::Refused(Refusal::Full));
//!         }
//!         let mut writes = store::db::Batch::new();
//!         writes.one(&TAKE, &[self.session.into()]);
//!         writes.add(&BOOK, &[self.session.into(), self.person.into()]);
//!         tx.exec_all(writes).await?;
//!         tx.add_count(CountKey::new("bookings", ""), 1);
//!         Ok(left - 1)
//!     }
//! }
//!
//! # async fn example(migrations: &[Migration]) -> Result<(), Error> {
//! let db = Db::open("sqlite:city.db", migrations, &Options::default()).await?;
//! match db.write(Book { session: 1, person: 2 }).await {
//!     Ok(left) => println!("booked, {left} left"),
//!     Err(WriteError::Refused(refusal)) => println!("{refusal:?}"),
//!     Err(WriteError::Db(error)) => return Err(error),
//! }
//! let seats = db.read().await?.row(&SEATS, &[P::Int(1)]).await?;
//! db.close().await
//! # }
//! ```

#![allow(clippy::doc_markdown, reason = "SQLite and PostgreSQL are names, not code")]

mod checkpoint;
mod error;
mod lite;
mod lite_db;
mod migrate;
mod pg;
mod pg_tls;
mod pg_vacuum;
mod pg_wire;
mod queue;
mod stmt;
mod tx;
mod value;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use error::{Corrupt, Error, Fault, FaultKind, WriteError};
pub use migrate::Migration;
pub use stmt::{Batch, Stmt};
pub use tx::{CountKey, Reader, Tx};
pub use value::{P, Row, Val};

use lite_db::LiteDb;
use pg::PgDb;
use queue::Lane;

/// What a write survives once it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Survives {
    /// The end of this process, however sudden. A power cut may take what was answered in the last
    /// moments: a quarter of a second on SQLite, three `wal_writer_delay` (0.6 s unless set
    /// otherwise) on PostgreSQL. Never something in the middle, and never what was written to last.
    Kill,
    /// A power cut as well.
    PowerCut,
}

/// A unit of writing: all of it becomes durable, or none.
///
/// Deterministic: what it does depends on its fields and on what it reads through `tx`. It must
/// wait for nothing but `tx`.
pub trait Work: Send + Sync + 'static {
    /// What the asker gets once the write is durable.
    type Reply: Send + 'static;
    /// The domain's own reasons to write nothing. Best decided before the first write.
    type Refusal: Send + 'static;

    /// What it survives once it is answered.
    fn survives(&self) -> Survives {
        Survives::PowerCut
    }

    /// Reads, decides, writes.
    fn run(
        &self,
        tx: &mut Tx,
    ) -> impl Future<Output = Result<Self::Reply, WriteError<Self::Refusal>>> + Send;
}

/// Limits of an open database.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Works that may wait; one more is [`Error::Busy`].
    pub queue: usize,
    /// SQLite: bulk works that may wait; one more waits outside.
    pub bulk_queue: usize,
    /// SQLite: connections for questions, 4 MiB each at most.
    pub readers: usize,
    /// SQLite: works survive what they say. Not asked of what is thrown away when its building breaks
    /// off; closing makes all of it durable.
    pub durable: bool,
    /// PostgreSQL: connections for works and questions together.
    pub connections: usize,
    /// PostgreSQL: the longest a statement may run.
    pub statement_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            queue: 4096,
            bulk_queue: 4096,
            readers: (cores * 2).clamp(4, 12),
            durable: true,
            connections: 16,
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// What a database has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Works run, refused ones included.
    pub works: u64,
    /// Transactions committed; on SQLite each holds many works.
    pub commits: u64,
    /// SQLite: batches replayed with savepoints. PostgreSQL: works tried again.
    pub replays: u64,
    /// SQLite: times the disk was asked afterwards to keep what was committed without waiting.
    pub syncs: u64,
}

/// An open database. Clones share it; the last one dropped closes it.
#[derive(Clone)]
pub struct Db {
    side: Side,
}

#[derive(Clone)]
enum Side {
    Lite(Arc<LiteDb>),
    Pg(Arc<PgDb>),
}

impl fmt::Debug for Db {
    /// The kind only: an address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.side {
            Side::Lite(_) => "Db(SQLite)",
            Side::Pg(_) => "Db(PostgreSQL)",
        })
    }
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…`, and brings it to the newest migration. A PostgreSQL
    /// on another machine is reached over TLS (`sslmode`, `sslrootcert`) unless the address says
    /// `sslmode=disable`.
    pub async fn open(
        url: &str,
        migrations: &[Migration],
        options: &Options,
    ) -> Result<Self, Error> {
        let side = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            Side::Lite(LiteDb::open(Path::new(path), migrations, options)?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let db = PgDb::open(url, options).await?;
            migrate::pg(&db, migrations).await?;
            Side::Pg(db)
        } else {
            let why = "a database address begins with sqlite: or postgres://";
            return Err(Error::fault(FaultKind::Setup, why));
        };
        Ok(Self { side })
    }

    /// Runs a work and answers when it [survives](Survives) what it says. A work once accepted runs
    /// to its end even if this future is dropped.
    pub async fn write<W: Work>(&self, work: W) -> Result<W::Reply, WriteError<W::Refusal>> {
        match &self.side {
            Side::Lite(db) => db.write(work, Lane::Normal).await,
            Side::Pg(db) => db.write(work, Lane::Normal).await,
        }
    }

    /// Like [`write`](Self::write) for imports and rebuilds: runs only when nobody else waits,
    /// and waits for room instead of answering [`Error::Busy`].
    pub async fn write_bulk<W: Work>(&self, work: W) -> Result<W::Reply, WriteError<W::Refusal>> {
        match &self.side {
            Side::Lite(db) => db.write(work, Lane::Bulk).await,
            Side::Pg(db) => db.write(work, Lane::Bulk).await,
        }
    }

    /// Lends a connection for questions. It sees every write that was answered before it asks.
    /// Do not hold it while waiting for people or other systems.
    pub async fn read(&self) -> Result<Reader, Error> {
        Ok(match &self.side {
            Side::Lite(db) => Reader::lite(db.readers.lend().await?),
            Side::Pg(db) => Reader::pg(db.lend().await?),
        })
    }

    /// Lends a connection for the many short questions of one page. On SQLite they share one
    /// transaction, because locking the file for each would cost more than answering it.
    pub async fn page(&self) -> Result<Reader, Error> {
        Ok(match &self.side {
            Side::Lite(db) => Reader::lite(db.readers.lend_page().await?),
            Side::Pg(db) => Reader::pg(db.lend().await?),
        })
    }

    /// Lends a connection that sees one instant until it is dropped, for recounts and exports.
    pub async fn snapshot(&self) -> Result<Reader, Error> {
        Ok(match &self.side {
            Side::Lite(db) => Reader::lite(db.readers.lend_snapshot().await?),
            Side::Pg(db) => Reader::pg(db.lend_snapshot().await?),
        })
    }

    /// Prepares statements without running them: is their text right for this database?
    pub async fn check(&self, stmts: &[&'static Stmt]) -> Result<(), Error> {
        match &self.side {
            Side::Lite(db) => {
                let reader = db.readers.lend().await?;
                stmts.iter().try_for_each(|stmt| lite::prepare(reader.conn()?, stmt))
            }
            Side::Pg(db) => db.prepare(stmts).await,
        }
    }

    /// Copies a SQLite database to a new file while it is in use. PostgreSQL has its own tools
    /// (`pg_dump`, `pg_basebackup`) and this answers so.
    pub async fn backup(&self, to: &Path) -> Result<(), Error> {
        match &self.side {
            Side::Lite(db) => db.backup(to).await,
            Side::Pg(_) => {
                let why = "back a PostgreSQL database up with pg_dump or pg_basebackup";
                Err(Error::fault(FaultKind::Setup, why))
            }
        }
    }

    /// Makes what was deleted leave the files: SQLite moves its log into the database, which holds
    /// zeros in its place, and cuts it; PostgreSQL clears the dead rows of `tables`.
    pub async fn scrub(&self, tables: &[&'static str]) -> Result<(), Error> {
        match &self.side {
            Side::Lite(db) => db.scrub().await,
            Side::Pg(db) => db.vacuum(tables).await,
        }
    }

    /// What has been done since opening.
    pub fn stats(&self) -> Stats {
        match &self.side {
            Side::Lite(db) => db.stats(),
            Side::Pg(db) => db.tally.stats(),
        }
    }

    /// Whether this is SQLite.
    pub fn is_lite(&self) -> bool {
        matches!(self.side, Side::Lite(_))
    }

    /// Finishes the works in line and closes; later calls fail with [`FaultKind::Closed`].
    pub async fn close(&self) -> Result<(), Error> {
        match &self.side {
            Side::Lite(db) => db.close().await,
            Side::Pg(db) => {
                db.close().await;
                Ok(())
            }
        }
    }
}
