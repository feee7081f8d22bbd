//! An open SQLite database: its writer thread, its checkpointer thread and its readers.
//!
//! Decides the order of opening and closing.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::Semaphore;

use super::checkpoint::{self, Bell, Checkpointer};
use super::error::{Error, FaultKind, WriteError, setup};
use super::lite::{self, Readers};
use super::migrate::{self, Migration};
use super::queue::{Lane, Queue, job};
use super::writer::{Tally, Waits, Writer};
use super::{Options, Stats, Survives, Work};

pub(super) struct LiteDb {
    path: PathBuf,
    queue: Arc<Queue>,
    bulk: Semaphore,
    pub(super) readers: Arc<Readers>,
    bell: Arc<Bell>,
    tally: Arc<Tally>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl LiteDb {
    pub(super) fn open(
        path: &Path,
        migrations: &[Migration],
        options: &Options,
    ) -> Result<Arc<Self>, Error> {
        if path.as_os_str().is_empty() || path == Path::new(":memory:") {
            return Err(setup("opening SQLite", &"a file is needed, memory is not durable"));
        }
        let conn = lite::open_writer(path)?;
        migrate::lite(&conn, migrations)?;
        let queue = Arc::new(Queue::new(options.queue.max(1)));
        let tally = Arc::new(Tally::default());
        let bell = Arc::new(Bell::default());
        if !options.durable {
            lite::let_the_system_write(&conn)?;
        }
        let unsynced = Arc::new(AtomicBool::new(false));
        let waits =
            Waits { durable: options.durable, now: Survives::PowerCut, unsynced: unsynced.clone() };
        let writer = Writer::new(conn, (queue.clone(), tally.clone(), waits));
        let checkpointer =
            Checkpointer::open(path, options.durable, (queue.clone(), tally.clone(), unsynced))?;
        let rope = bell.clone();
        let threads = vec![
            thread("store-writer", move || writer.run())?,
            thread("store-checkpointer", move || checkpointer.run(&rope))?,
        ];
        Ok(Arc::new(Self {
            path: path.to_owned(),
            queue,
            bulk: Semaphore::new(options.bulk_queue.max(1)),
            readers: Readers::new(path, options.readers),
            bell,
            tally,
            threads: Mutex::new(threads),
        }))
    }

    pub(super) async fn write<W: Work>(
        &self,
        work: W,
        lane: Lane,
    ) -> Result<W::Reply, WriteError<W::Refusal>> {
        let _room = match lane {
            Lane::Normal => None,
            Lane::Bulk => Some(self.bulk.acquire().await.map_err(|_| closed())?),
        };
        let (job, answer) = job(work);
        self.queue.push(job, lane)?;
        answer.await.unwrap_or_else(|_| Err(closed().into()))
    }

    pub(super) async fn backup(&self, to: &Path) -> Result<(), Error> {
        let (from, to) = (self.path.clone(), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || lite::backup(&from, &to)).await;
        copied.unwrap_or_else(|e| Err(setup("backup", &e)))
    }

    pub(super) async fn scrub(&self) -> Result<(), Error> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || checkpoint::last(&path)).await;
        done.unwrap_or_else(|e| Err(setup("scrubbing", &e)))
    }

    pub(super) fn stats(&self) -> Stats {
        self.tally.stats()
    }

    /// Finishes what is in line, ends both threads and empties the log.
    pub(super) async fn close(&self) -> Result<(), Error> {
        let threads = self.stop();
        if threads.is_empty() {
            return Ok(());
        }
        self.readers.close();
        let path = self.path.clone();
        let ended = tokio::task::spawn_blocking(move || {
            join(threads)?;
            checkpoint::last(&path)
        });
        ended.await.unwrap_or_else(|e| Err(setup("closing", &e)))
    }

    /// Tells both threads to end and hands them out, once.
    fn stop(&self) -> Vec<JoinHandle<()>> {
        self.queue.close(closed());
        self.bulk.close();
        self.bell.ring();
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Without a graceful close the accepted works are still finished.
impl Drop for LiteDb {
    fn drop(&mut self) {
        if let Err(error) = join(self.stop()) {
            tracing::error!(%error, "closing SQLite");
        }
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    Builder::new().name(name.to_owned()).spawn(run).map_err(|e| setup("starting a thread", &e))
}

fn join(threads: Vec<JoinHandle<()>>) -> Result<(), Error> {
    let ended: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
    let panicked = ended.iter().any(Result::is_err);
    if panicked {
        return Err(Error::fault(FaultKind::Program, "a thread of the store panicked"));
    }
    Ok(())
}

fn closed() -> Error {
    Error::fault(FaultKind::Closed, "no more writing")
}
