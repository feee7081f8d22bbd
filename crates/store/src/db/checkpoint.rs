//! Moves SQLite's write-ahead log into the database file, beside the writer and not inside
//! anybody's commit.
//!
//! Decides when. Never writes a row.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::error::{Error, setup};
use super::lite;

/// How often the log's size is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// From this size on the log is copied without making anybody wait, bytes.
const PASSIVE_BYTES: u64 = 32 << 20;
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
}

impl Checkpointer {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let conn = lite::open_writer(path)?;
        // It must never make the writer wait for long when a reader holds the log.
        conn.busy_timeout(EVERY / 2).map_err(|e| setup("checkpointer", &e))?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self { conn, log: PathBuf::from(log) })
    }

    /// Looks at the log each second until the bell rings.
    pub(super) fn run(self, bell: &Bell) {
        while !bell.wait() {
            let size = std::fs::metadata(&self.log).map_or(0, |file| file.len());
            if size > TRUNCATE_BYTES {
                self.checkpoint("TRUNCATE", size);
            } else if size > PASSIVE_BYTES {
                self.checkpoint("PASSIVE", size);
            }
        }
    }

    fn checkpoint(&self, mode: &str, size: u64) {
        let pragma = format!("PRAGMA wal_checkpoint({mode})");
        let busy = self.conn.query_row(&pragma, [], |row| row.get::<_, i64>(0));
        match busy {
            Ok(0) => {}
            Ok(_) if mode == "PASSIVE" => {}
            Ok(_) => tracing::warn!(size, "the write-ahead log cannot shrink: a reader holds it"),
            Err(error) => tracing::error!(%error, size, "checkpoint failed"),
        }
    }
}

/// Copies the whole log and cuts it to nothing, at the end of a graceful close. A reader of
/// another process may prevent it; then the next opening does it.
pub(super) fn last(path: &Path) -> Result<(), Error> {
    let conn = lite::open_writer(path)?;
    let done = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    done.map_err(|e| lite::classify("last checkpoint", &e))
}
