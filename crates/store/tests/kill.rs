//! Kill -9 in the middle of load: nothing that was acknowledged is lost, nothing is half there.
//!
//! Runs without the usual harness, because the test starts itself as the process to be killed.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use common::{Backend, Lightly, PUT, counted, ids, work};
use store::db::{CountKey, Db, Options};

/// Acknowledgements to wait for before the kill.
const ACKNOWLEDGED: usize = 2000;
/// Askers at the same time.
const ASKERS: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // The runner asks every test program for its tests before it runs them one by one.
    if arguments.iter().any(|a| a == "--list") {
        if !arguments.iter().any(|a| a == "--ignored") {
            println!("kill_under_load: test");
        }
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let [_, flag, url] = arguments.as_slice()
        && flag == "--victim"
    {
        runtime.block_on(write_for_ever(url));
        return;
    }
    for backend in [Backend::Lite, Backend::Postgres] {
        runtime.block_on(nothing_acknowledged_is_lost(backend));
        println!("kill -9 under load, {backend:?}: nothing lost");
    }
}

/// Writes two rows and a count per work, and prints each number once it is acknowledged.
async fn write_for_ever(url: &str) {
    let db = Db::open(url, &[common::SCHEMA], &Options::default()).await.expect("open");
    let next = Arc::new(AtomicI64::new(1));
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..ASKERS {
        let (db, next) = (db.clone(), next.clone());
        askers.spawn(async move {
            loop {
                let id = next.fetch_add(1, Ordering::Relaxed);
                let write = work(move |tx| {
                    Box::pin(async move {
                        tx.exec(&PUT, &[id.into(), 1.into()]).await?;
                        tx.exec(&PUT, &[(-id).into(), 1.into()]).await?;
                        tx.add_count(CountKey::new("pairs", ""), 1);
                        Ok(())
                    })
                });
                let written = match id % 2 {
                    0 => db.write(write).await,
                    _ => db.write(Lightly(write)).await,
                };
                written.expect("write");
                let line = format!("{id}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).expect("print");
            }
        });
    }
    askers.join_all().await;
}

async fn nothing_acknowledged_is_lost(backend: Backend) {
    let fresh = backend.fresh();
    let program = std::env::current_exe().expect("this program");
    let mut victim = Command::new(program)
        .args(["--victim", &fresh.url])
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the victim");
    let mut lines = BufReader::new(victim.stdout.take().expect("its output")).lines();
    let mut acknowledged: BTreeSet<i64> = BTreeSet::new();
    let mut take = |line: String| assert!(acknowledged.insert(line.parse().expect("a number")));
    lines.by_ref().take(ACKNOWLEDGED).map_while(Result::ok).for_each(&mut take);
    victim.kill().expect("kill -9");
    victim.wait().expect("its end");
    lines.map_while(Result::ok).for_each(&mut take);
    assert!(acknowledged.len() >= ACKNOWLEDGED, "the victim ended early");

    testkit::postgres::until_alone(&fresh.url);
    let db = fresh.open().await;
    let found: BTreeSet<i64> = ids(&db).await.into_iter().map(|(id, _)| id).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !found.contains(id)).collect();
    assert_eq!(lost, Vec::<&i64>::new(), "acknowledged and lost");
    assert!(found.iter().all(|id| found.contains(&-id)), "half a work");
    let pairs = i64::try_from(found.len() / 2).expect("a small number");
    assert_eq!(counted(&db, "pairs").await, [(String::new(), pairs)]);
}
