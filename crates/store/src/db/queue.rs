//! The bounded queue in front of SQLite's one writer.
//!
//! Decides who waits and who is told to come back later. Never runs a work.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::error::{Error, FaultKind, WriteError};
use super::tx::{Tx, now};
use super::{Survives, Work};

/// A queued work with the place where its answer goes. Its types are hidden, so that works of
/// all kinds stand in one queue.
pub(super) trait Job: Send {
    /// Runs the work, again if it ran before, and keeps the result. Says whether it succeeded.
    fn attempt(&mut self, tx: &mut Tx) -> bool;
    /// What it must survive before it is answered.
    fn survives(&self) -> Survives;
    /// Sends the result; only after the commit.
    fn answer(self: Box<Self>);
    /// Sends `error` instead: the whole batch failed.
    fn fail(self: Box<Self>, error: &Error);
}

type Outcome<W> = Result<<W as Work>::Reply, WriteError<<W as Work>::Refusal>>;

struct Queued<W: Work> {
    work: W,
    outcome: Option<Outcome<W>>,
    reply: oneshot::Sender<Outcome<W>>,
}

/// Packs a work for the queue, and where its answer will arrive.
pub(super) fn job<W: Work>(work: W) -> (Box<dyn Job>, oneshot::Receiver<Outcome<W>>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Queued { work, outcome: None, reply }), answer)
}

impl<W: Work> Job for Queued<W> {
    fn attempt(&mut self, tx: &mut Tx) -> bool {
        tx.begin_work();
        // A panic must cost its own request only, not the writer of everybody.
        let ran = catch_unwind(AssertUnwindSafe(|| now(self.work.run(tx))));
        let result = match ran {
            Ok(Ok(result)) => tx.settle(result),
            Ok(Err(waited)) => Err(waited.into()),
            Err(_) => Err(panicked().into()),
        };
        let succeeded = result.is_ok();
        self.outcome = Some(result);
        succeeded
    }

    fn survives(&self) -> Survives {
        self.work.survives()
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(Error::Busy.into()));
        // Whoever asked may be gone; the work is done all the same.
        let _ = self.reply.send(outcome);
    }

    fn fail(self: Box<Self>, error: &Error) {
        let _ = self.reply.send(Err(error.clone().into()));
    }
}

pub(super) fn panicked() -> Error {
    Error::fault(FaultKind::Program, "a work panicked")
}

/// Which line a work stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// People wait for the answer.
    Normal,
    /// Imports and rebuilds: run only when nobody else waits.
    Bulk,
}

/// Two lines of jobs between many askers and one writer thread.
pub(super) struct Queue {
    limit: usize,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    normal: VecDeque<Box<dyn Job>>,
    bulk: VecDeque<Box<dyn Job>>,
    closed: Option<Error>,
    writer_sleeps: bool,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "Queue({} normal, {} bulk)", state.normal.len(), state.bulk.len())
    }
}

impl Queue {
    /// A queue whose normal line holds at most `limit` jobs. The bulk line is bounded by whoever
    /// fills it.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), wake: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job in line, or says why not: full or closed.
    pub(super) fn push(&self, job: Box<dyn Job>, lane: Lane) -> Result<(), Error> {
        let mut state = self.state();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        match lane {
            Lane::Normal if state.normal.len() >= self.limit => return Err(Error::Busy),
            Lane::Normal => state.normal.push_back(job),
            Lane::Bulk => state.bulk.push_back(job),
        }
        let sleeping = std::mem::take(&mut state.writer_sleeps);
        drop(state);
        if sleeping {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Waits for a job. `false` when the queue is closed and empty: the writer's end.
    pub(super) fn wait(&self) -> bool {
        let mut state = self.state();
        loop {
            if !state.normal.is_empty() || !state.bulk.is_empty() {
                return true;
            }
            if state.closed.is_some() {
                return false;
            }
            state.writer_sleeps = true;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Moves up to `most` normal jobs to `taken`; if there are none, one of the bulk line, so that
    /// nobody waits for more than one of those. Says from which line.
    pub(super) fn take(&self, taken: &mut VecDeque<Box<dyn Job>>, most: usize) -> Lane {
        let mut state = self.state();
        if state.normal.is_empty() {
            taken.extend(state.bulk.pop_front());
            return Lane::Bulk;
        }
        let count = state.normal.len().min(most);
        taken.extend(state.normal.drain(..count));
        Lane::Normal
    }

    /// Takes no more jobs; later ones get `error`. Those in line are still run.
    pub(super) fn close(&self, error: Error) {
        let mut state = self.state();
        state.closed.get_or_insert(error);
        drop(state);
        self.wake.notify_one();
    }
}
