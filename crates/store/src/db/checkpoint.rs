//! Moves SQLite's write-ahead log into the database file, beside the writer and not inside
//! anybody's commit, and makes the disk keep what was committed without waiting for it.
//!
//! Decides when. Never writes a row.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::error::{Error, FaultKind, setup};
use super::lite;
use super::queue::Queue;
use super::writer::Tally;

/// How often the log's size is looked at.
const EVERY: Duration = Duration::from_millis(250);
/// How long the checkpointer waits for the writer or a reader.
const PATIENCE: Duration = Duration::from_millis(500);
/// From this size on the log is copied and begun anew, bytes.
const PASSIVE_BYTES: u64 = 32 << 20;
/// Writers may be made to wait while no more than this is copied, bytes.
const SHORT_BYTES: u64 = 2 << 20;
/// Copies beside the writers before they are made to wait, each shorter than the one before.
const PASSES: u32 = 6;
/// Bytes of a page, and of its frame in the log without the header.
const PAGE_BYTES: u64 = 4096;
/// From this size on writers wait until the log is copied and cut, bytes.
const TRUNCATE_BYTES: u64 = 512 << 20;

/// A bell that ends the thread without waiting for its next second.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    wake: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    /// Waits one period; `true` when the bell was rung.
    fn wait(&self) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.wake.wait_timeout_while(rung, EVERY, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The checkpointer with a connection of its own.
pub(super) struct Checkpointer {
    conn: Connection,
    log: PathBuf,
    queue: Arc<Queue>,
    tally: Arc<Tally>,
    /// Whether the log holds something that the disk may not have.
    unsynced: Arc<AtomicBool>,
}

impl Checkpointer {
    pub(super) fn open(
        path: &Path,
        durable: bool,
        (queue, tally, unsynced): (Arc<Queue>, Arc<Tally>, Arc<AtomicBool>),
    ) -> Result<Self, Error> {
        let mut conn = lite::open_writer(path)?;
        if !durable {
            lite::let_the_system_write(&conn)?;
        }
        // It must never make the writer wait for long when a reader holds the log.
        conn.busy_handler(Some(|tries| lite::within(tries, PATIENCE)))
            .map_err(|e| setup("checkpointer", &e))?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { conn, log: PathBuf::from(log), queue, tally, unsynced })
    }

    /// Looks at the log each period until the bell rings.
    pub(super) fn run(self, bell: &Bell) {
        while !bell.wait() {
            if self.unsynced.swap(false, Ordering::AcqRel) {
                self.sync();
            }
            let size = std::fs::metadata(&self.log).map_or(0, |file| file.len());
            if size > TRUNCATE_BYTES {
                self.checkpoint("TRUNCATE", size);
            } else if size > PASSIVE_BYTES {
                self.begin_anew(size);
            }
        }
    }

    fn sync(&self) {
        self.tally.add_sync();
        if let Err(error) = File::open(&self.log).and_then(|log| log.sync_data()) {
            tracing::error!(%error, "the disk did not take the write-ahead log");
            // As after a failed commit: what a second try reports cannot be trusted.
            self.queue.close(Error::fault(FaultKind::Disk, error.to_string()));
        }
    }

    /// Under steady writing the log never ends by itself: while it is copied, more is appended.
    /// So it is copied until little is left, and only for that little do writers wait; then they
    /// write from its beginning again.
    fn begin_anew(&self, size: u64) {
        for _ in 0..PASSES {
            let Some((log, copied)) = self.checkpoint("PASSIVE", size) else { return };
            if log * PAGE_BYTES < PASSIVE_BYTES {
                return;
            }
            if (log - copied.min(log)) * PAGE_BYTES < SHORT_BYTES {
                break;
            }
        }
        self.checkpoint("RESTART", size);
    }

    /// Runs one checkpoint; answers the frames in the log and those copied, if it could run.
    fn checkpoint(&self, mode: &str, size: u64) -> Option<(u64, u64)> {
        let pragma = format!("PRAGMA wal_checkpoint({mode})");
        let count = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        let done = self.conn.query_row(&pragma, [], |row| {
            Ok((row.get::<_, i64>(0)?, count(row, 1)?, count(row, 2)?))
        });
        match done {
            Ok((busy, log, copied)) => {
                if busy != 0 && mode == "TRUNCATE" {
                    tracing::warn!(size, "the write-ahead log cannot shrink: a reader holds it");
                }
                Some((log, copied))
            }
            Err(error) => {
                tracing::error!(%error, size, "checkpoint failed");
                None
            }
        }
    }
}

/// Copies the whole log and cuts it to nothing: at the end of a graceful close, and when something
/// was erased. A reader of
/// another process may prevent it; then the next opening does it.
pub(super) fn last(path: &Path) -> Result<(), Error> {
    let conn = lite::open_writer(path)?;
    let done = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    done.map_err(|e| lite::classify("last checkpoint", &e))?;
    let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|e| setup("last checkpoint", &e))
}
