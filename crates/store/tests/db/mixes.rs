//! Random mixes of works that write, count, collide, overlook failures and refuse: the same
//! outcome bare, under savepoints and one after the other; counts always equal what was done.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use store::db::{CountKey, Db, Error, Stmt, Tx, Work, WriteError};

use crate::common::{Answer, Backend, Fresh, Gate, PUT, all_at_once, counted, ids, work};

/// What a work of a mix does.
#[derive(Debug, Clone)]
enum Step {
    /// Writes an item; fails when it exists.
    Put(i64),
    /// Writes an item and overlooks the failure.
    PutAnyhow(i64),
    /// Adds to the count of a unit.
    Count(u8, i64),
}

#[derive(Debug, Clone)]
struct Script {
    steps: Vec<Step>,
    refuses: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Done,
    Conflict,
    Refused,
}

/// A script and the number of its owner.
struct Play(i64, Script);

impl Work for Play {
    type Reply = ();
    type Refusal = String;

    async fn run(&self, tx: &mut Tx) -> Answer<()> {
        for step in &self.1.steps {
            match *step {
                Step::Put(id) => drop(tx.exec(&PUT, &[id.into(), self.0.into()]).await?),
                Step::PutAnyhow(id) => {
                    drop(tx.exec(&PUT, &[id.into(), self.0.into()]).await);
                }
                Step::Count(unit, n) => {
                    tx.add_count(CountKey::new("mix", unit.to_string()), n);
                }
            }
        }
        if self.1.refuses { Err(WriteError::Refused("no".to_owned())) } else { Ok(()) }
    }
}

/// What the scripts do when they run strictly one after the other.
fn expected(scripts: &[Script]) -> Vec<Outcome> {
    let mut taken = BTreeSet::new();
    let one = |script: &Script| {
        let mut mine = taken.clone();
        let mut failed = false;
        for step in &script.steps {
            let overlooks = matches!(step, Step::PutAnyhow(_));
            if let Step::Put(id) | Step::PutAnyhow(id) = step {
                failed = failed || !mine.insert(*id);
                if failed && !overlooks {
                    return Outcome::Conflict;
                }
            }
        }
        match (script.refuses, failed) {
            (true, _) => Outcome::Refused,
            (false, true) => Outcome::Conflict,
            (false, false) => {
                taken = mine;
                Outcome::Done
            }
        }
    };
    scripts.iter().map(one).collect()
}

fn mixes() -> impl Strategy<Value = Vec<Script>> {
    let step = prop_oneof![
        5 => (0_i64..60).prop_map(Step::Put),
        1 => (0_i64..60).prop_map(Step::PutAnyhow),
        3 => ((0_u8..3), (-2_i64..4)).prop_map(|(unit, n)| Step::Count(unit, n)),
    ];
    let script = (prop::collection::vec(step, 0..5), prop::bool::weighted(0.15));
    let script = script.prop_map(|(steps, refuses)| Script { steps, refuses });
    prop::collection::vec(script, 1..40)
}

/// Plays all scripts behind a gate, so that SQLite has them in one batch.
async fn play(db: &Db, scripts: &[Script]) -> Vec<Outcome> {
    let (mut gate, held) = Gate::new();
    let holder = db.clone();
    let holding = tokio::spawn(async move { holder.write(held).await });
    gate.entered().await;
    let works =
        scripts.iter().zip(0..).map(|(script, owner)| db.write(Play(owner, script.clone())));
    let results = all_at_once(works.collect(), || gate.open()).await;
    holding.await.unwrap().unwrap();
    let outcome = |result| match result {
        Ok(()) => Outcome::Done,
        Err(WriteError::Refused(_)) => Outcome::Refused,
        Err(WriteError::Db(Error::Conflict(_))) => Outcome::Conflict,
        Err(error) => panic!("{error}"),
    };
    results.into_iter().map(outcome).collect()
}

/// What is stored is what the acknowledged scripts wrote and counted, and nothing else.
async fn check(db: &Db, scripts: &[Script], outcomes: &[Outcome]) {
    let mut items = Vec::new();
    let mut counts = BTreeMap::<String, i64>::new();
    for ((script, outcome), owner) in scripts.iter().zip(outcomes).zip(0..) {
        for step in script.steps.iter().filter(|_| *outcome == Outcome::Done) {
            match *step {
                Step::Put(id) | Step::PutAnyhow(id) => items.push((id, owner)),
                Step::Count(unit, n) => *counts.entry(unit.to_string()).or_default() += n,
            }
        }
    }
    items.sort_unstable();
    assert_eq!(ids(db).await, items);
    counts.retain(|_, n| *n != 0);
    let found = counted(db, "mix").await;
    let found: BTreeMap<_, _> = found.into_iter().filter(|(_, n)| *n != 0).collect();
    assert_eq!(found, counts);
}

async fn empty(db: &Db) {
    static ITEMS: Stmt = Stmt::new("DELETE FROM item");
    static COUNTS: Stmt = Stmt::new("DELETE FROM counts");
    let both = work(|tx| {
        Box::pin(async move {
            tx.exec(&ITEMS, &[]).await?;
            tx.exec(&COUNTS, &[]).await?;
            Ok(())
        })
    });
    db.write(both).await.unwrap();
}

async fn one_mix(backend: Backend, fresh: &Fresh, scripts: &[Script]) {
    // Each opening of SQLite starts with bare works; the second playing meets the savepoints
    // that the first left behind, if anything failed after a write.
    let db = fresh.open().await;
    for _ in 0..2 {
        empty(&db).await;
        let outcomes = play(&db, scripts).await;
        check(&db, scripts, &outcomes).await;
        if backend == Backend::Lite {
            assert_eq!(outcomes, expected(scripts));
        }
    }
    db.close().await.unwrap();
}

pub async fn counts_and_isolation_hold_in_random_mixes(backend: Backend) {
    let fresh = backend.fresh();
    let cases = if backend == Backend::Lite { 40 } else { 4 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, seed);
    let runtime = tokio::runtime::Handle::current();
    let tested = tokio::task::block_in_place(|| {
        runner.run(&mixes(), |scripts| {
            runtime.block_on(one_mix(backend, &fresh, &scripts));
            Ok(())
        })
    });
    tested.unwrap();
}
