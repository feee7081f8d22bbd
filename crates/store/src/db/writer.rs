//! SQLite's one writer: many works, one transaction, one fsync (group commit).
//!
//! Decides batches and isolation. Works run bare; one that fails having written nothing needs no
//! undoing; one that fails after a write undoes the batch, which is replayed with a savepoint
//! around each work, and savepoints then stay for the next batches. That is as fast as bare works
//! on clean traffic and cannot collapse on dirty traffic. Works are deterministic, so a replay
//! gives the same results.
//!
//! A batch that begins with works which need not survive a power cut ends before the first that
//! must, and is committed without an fsync; the checkpointer sees to that one soon after.
//!
//! Invariant: nobody is answered before the commit of the batch, not even with a refusal: it may
//! rest on what a neighbour wrote.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::error::{Error, Fault, FaultKind};
use super::lite;
use super::queue::{Job, Lane, Queue};
use super::stmt::Stmt;
use super::tx::{CountKey, Tx};
use super::value::P;
use super::{Stats, Survives};

/// The most works in one transaction, and how long they may be added to it, when somebody waits.
const PEOPLE: (usize, Duration) = (512, Duration::from_millis(20));
/// The same for imports and rebuilds alone: the more of them share a transaction, the fewer pages are
/// written twice.
const IMPORT: (usize, Duration) = (1024, Duration::from_millis(250));
/// How many batches keep their savepoints after a work failed having written.
const GUARDED_BATCHES: u32 = 256;

static BEGIN: Stmt = Stmt::new("BEGIN IMMEDIATE");
static COMMIT: Stmt = Stmt::new("COMMIT");
static ROLLBACK: Stmt = Stmt::new("ROLLBACK");
static SAVEPOINT: Stmt = Stmt::new("SAVEPOINT work");
static RELEASE: Stmt = Stmt::new("RELEASE work");
static UNDO: Stmt = Stmt::new("ROLLBACK TO work");
static COUNT: Stmt = Stmt::new(
    "INSERT INTO counts (name, unit, slot, n) VALUES ($1, $2, 0, $3)
     ON CONFLICT (name, unit, slot) DO UPDATE SET n = counts.n + excluded.n",
);

/// Numbers the writer keeps for the metrics page.
#[derive(Debug, Default)]
pub(super) struct Tally {
    works: AtomicU64,
    commits: AtomicU64,
    replays: AtomicU64,
    syncs: AtomicU64,
}

impl Tally {
    pub(super) fn stats(&self) -> Stats {
        Stats {
            works: self.works.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            replays: self.replays.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
        }
    }

    pub(super) fn add_work(&self) {
        self.works.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_commit(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_replay(&self) {
        self.replays.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }
}

/// What one attempt left behind in the open transaction.
#[derive(PartialEq, Eq)]
enum Trace {
    /// Its writes, or nothing.
    Whole,
    /// Half of a failed work.
    Half,
}

pub(super) struct Writer {
    tx: Tx,
    queue: Arc<Queue>,
    tally: Arc<Tally>,
    pending: VecDeque<Box<dyn Job>>,
    /// From which line they come.
    lane: Lane,
    counts: HashMap<CountKey, i64>,
    guarded: u32,
    broken: Option<Error>,
    waits: Waits,
}

/// For which commits the writer waits until the disk has them.
#[derive(Debug)]
pub(super) struct Waits {
    /// Whether it does for any: not while a database is built that is thrown away if that breaks off.
    pub(super) durable: bool,
    /// What a commit of the connection survives as it is set now.
    pub(super) now: Survives,
    /// Whether something was committed for which the disk was not waited for.
    pub(super) unsynced: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn new(
        conn: Connection,
        (queue, tally, waits): (Arc<Queue>, Arc<Tally>, Waits),
    ) -> Self {
        Self {
            tx: Tx::lite(conn),
            queue,
            tally,
            waits,
            pending: VecDeque::new(),
            lane: Lane::Normal,
            counts: HashMap::new(),
            guarded: 0,
            broken: None,
        }
    }

    /// Writes batches until the queue is closed and empty.
    pub(super) fn run(mut self) {
        while !self.pending.is_empty() || self.queue.wait() {
            match self.broken.clone() {
                None => self.batch(),
                Some(error) => self.turn_away(&error),
            }
        }
    }

    fn batch(&mut self) {
        let mut ran = Vec::new();
        let written = self.fill(&mut ran).and_then(|()| self.commit());
        match written {
            Ok(()) => ran.into_iter().for_each(Job::answer),
            Err(error) => self.fail(ran, &error),
        }
        self.guarded = self.guarded.saturating_sub(1);
    }

    /// Runs works as long as there are any, within the limits of a batch.
    fn fill(&mut self, ran: &mut Vec<Box<dyn Job>>) -> Result<(), Error> {
        let started = Instant::now();
        let (mut works, mut time) = IMPORT;
        let mut survives = Survives::PowerCut;
        while ran.len() < works && started.elapsed() < time {
            let Some((lane, job)) = self.next(survives) else { break };
            if lane == Lane::Normal {
                (works, time) = PEOPLE;
            }
            if ran.is_empty() {
                survives = job.survives();
            }
            // Owned by the batch before anything can fail, so that no asker is forgotten.
            ran.push(job);
            self.tally.add_work();
            if ran.len() == 1 {
                self.wait_for(survives)?;
                self.exec(&BEGIN)?;
            }
            self.step(ran)?;
        }
        Ok(())
    }

    /// People's works first; one of the bulk line only when none of them waits. None, too, when the
    /// next must survive more than the batch will.
    fn next(&mut self, survives: Survives) -> Option<(Lane, Box<dyn Job>)> {
        if self.pending.is_empty() {
            self.lane = self.queue.take(&mut self.pending, PEOPLE.0);
        }
        let fitting = self.pending.pop_front_if(|job| job.survives() <= survives);
        fitting.map(|job| (self.lane, job))
    }

    /// Sets what the next commit survives.
    fn wait_for(&mut self, survives: Survives) -> Result<(), Error> {
        if self.waits.durable && self.waits.now != survives {
            lite::survive(self.conn()?, survives)?;
            self.waits.now = survives;
        }
        Ok(())
    }

    /// Runs the newest work of the batch; if it spoils the transaction, replays the batch.
    fn step(&mut self, ran: &mut [Box<dyn Job>]) -> Result<(), Error> {
        let Some(newest) = ran.last_mut() else { return Ok(()) };
        if self.attempt(newest.as_mut(), self.guarded > 0)? == Trace::Whole {
            return Ok(());
        }
        self.tally.add_replay();
        self.guarded = GUARDED_BATCHES;
        self.counts.clear();
        self.exec(&ROLLBACK)?;
        self.exec(&BEGIN)?;
        for job in ran {
            self.attempt(job.as_mut(), true)?;
        }
        Ok(())
    }

    /// Runs one work. `Err` means that the whole transaction is lost.
    fn attempt(&mut self, job: &mut dyn Job, guarded: bool) -> Result<Trace, Error> {
        if guarded {
            self.exec(&SAVEPOINT)?;
        }
        let before = self.conn()?.total_changes();
        let succeeded = job.attempt(&mut self.tx);
        // Some failures (disk full, I/O) make SQLite undo everything on its own.
        if self.conn()?.is_autocommit() {
            let lost = || Error::fault(FaultKind::Disk, "SQLite undid the batch");
            return Err(self.tx.poison().cloned().unwrap_or_else(lost));
        }
        if let Some(error) = self.tx.poison().filter(|e| e.is_fault(FaultKind::Disk)) {
            return Err(error.clone());
        }
        let counts = self.tx.take_counts();
        if succeeded {
            for (key, delta) in counts {
                *self.counts.entry(key).or_default() += delta;
            }
        } else if self.conn()?.total_changes() != before {
            if !guarded {
                return Ok(Trace::Half);
            }
            self.exec(&UNDO)?;
        }
        if guarded {
            self.exec(&RELEASE)?;
        }
        Ok(Trace::Whole)
    }

    fn commit(&mut self) -> Result<(), Error> {
        let mut counts: Vec<_> = self.counts.drain().filter(|(_, delta)| *delta != 0).collect();
        // In the order of their table, so that neighbours are written while their page is at hand.
        counts.sort_unstable();
        for (key, delta) in &counts {
            let params = [P::Text(&key.name), P::Text(&key.unit), P::Int(*delta)];
            lite::exec(self.conn()?, &COUNT, &params)?;
        }
        if let Err(error) = self.exec(&COMMIT) {
            let Error::Fault(Fault { kind: FaultKind::Disk, why }) = error else {
                return Err(error);
            };
            // The commit may or may not have reached the disk before it failed.
            self.stop(Error::fault(FaultKind::Disk, why.clone()));
            return Err(Error::fault(FaultKind::Unknown, why));
        }
        self.tally.add_commit();
        if self.waits.now == Survives::Kill {
            self.waits.unsynced.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Undoes the batch and tells everyone in it.
    fn fail(&mut self, ran: Vec<Box<dyn Job>>, error: &Error) {
        tracing::error!(works = ran.len(), %error, "a batch of writes failed");
        self.counts.clear();
        if self.conn().is_ok_and(|conn| !conn.is_autocommit())
            && let Err(undo) = self.exec(&ROLLBACK)
        {
            self.stop(undo);
        }
        if error.is_fault(FaultKind::Disk) {
            self.stop(error.clone());
        }
        for job in ran {
            job.fail(error);
        }
        if *error == Error::Busy {
            // Another process holds the file: each of the others would wait as long again.
            self.turn_away(error);
        }
    }

    /// Writes nothing more: what a second fsync reports after a failed one cannot be trusted.
    fn stop(&mut self, error: Error) {
        self.queue.close(error.clone());
        self.broken.get_or_insert(error);
    }

    /// Answers those who wait without running them.
    fn turn_away(&mut self, error: &Error) {
        while let Some((_, job)) = self.next(Survives::PowerCut) {
            job.fail(error);
        }
    }

    fn conn(&self) -> Result<&Connection, Error> {
        let gone = || Error::fault(FaultKind::Program, "the writer has no SQLite connection");
        self.tx.conn().ok_or_else(gone)
    }

    fn exec(&self, stmt: &Stmt) -> Result<(), Error> {
        lite::exec(self.conn()?, stmt, &[]).map(drop)
    }
}
