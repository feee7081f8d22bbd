//! Kill -9 while appeals pour in, again and again: every appeal that was acknowledged is there
//! once, and the store is sound.
//!
//! Runs without the usual harness, because the test starts itself as the process to be killed.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use store::Store;
use testkit::{Appeal, Clock, Folder, keys, pack, postgres};

/// Kills on each database.
const KILLS: u32 = 10;
/// Askers at the same time.
const ASKERS: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // The runner asks every test program for its tests before it runs them one by one.
    if arguments.iter().any(|a| a == "--list") {
        if !arguments.iter().any(|a| a == "--ignored") {
            println!("kill_the_store: test");
        }
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let [_, flag, url, life] = arguments.as_slice()
        && flag == "--victim"
    {
        runtime.block_on(open_for_ever(url, life.parse().unwrap()));
        return;
    }
    let folder = Folder::fresh();
    let file = format!("sqlite:{}", folder.path().join("crash.db").display());
    for url in [file, postgres::fresh_database()] {
        let acknowledged = runtime.block_on(nothing_acknowledged_is_lost(&url));
        let name = url.split(':').next().unwrap_or_default();
        println!("{KILLS} kills on {name}: {acknowledged} acknowledged appeals, none lost");
    }
}

/// The appeal of one life of the victim.
fn appeal(life: u32, n: u32) -> Appeal {
    let id = (u128::from(life) << 32 | u128::from(n)).to_be_bytes();
    Appeal::new("0201", &format!("第{n}件"))
        .with("narrative", "昨晚的事，慢慢说")
        .file("一.txt", "text/plain", b"evidence")
        .command(id)
}

/// Opens appeals as fast as it can, and prints the number of each that was acknowledged.
async fn open_for_ever(url: &str, life: u32) {
    let store = Store::open(url, keys()).await.expect("open");
    let (now, next) = (Clock::at("2025-03-03T09:00+08:00").now(), Arc::new(AtomicU32::new(0)));
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..ASKERS {
        let (store, next) = (store.clone(), next.clone());
        askers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let new = appeal(life, n).new_case();
                store.open_case(&pack(), now, new).await.expect("an opened case");
                let said = format!("{n}\n");
                std::io::stdout().lock().write_all(said.as_bytes()).expect("print");
            }
        });
    }
    askers.join_all().await;
}

/// Kills the victim after a few, some, or many acknowledgements; answers how many there were.
async fn nothing_acknowledged_is_lost(url: &str) -> usize {
    let mut total = 0;
    for life in 0..KILLS {
        let enough = [1, 17, 120, 5, 63, 250][life as usize % 6];
        let acknowledged = one_life(url, life, enough);
        assert!(acknowledged.len() >= enough, "the victim ended early");
        postgres::until_alone(url);
        let store = Store::open(url, keys()).await.expect("open after the kill");
        let before = sound(&store).await;
        let now = Clock::at("2025-03-04T09:00+08:00").now();
        for n in &acknowledged {
            let again = store.open_case(&pack(), now, appeal(life, *n).new_case()).await.unwrap();
            assert!(again.done.repeated, "appeal {n} of life {life} was acknowledged and lost");
        }
        assert_eq!(sound(&store).await, before, "and none of them was written twice");
        store.db().close().await.expect("closed");
        total += acknowledged.len();
    }
    total
}

fn one_life(url: &str, life: u32, enough: usize) -> Vec<u32> {
    let mut victim = Command::new(std::env::current_exe().expect("this program"))
        .args(["--victim", url, &life.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the victim");
    let mut lines = BufReader::new(victim.stdout.take().expect("its output")).lines();
    let mut acknowledged: Vec<String> = lines.by_ref().take(enough).map_while(Result::ok).collect();
    victim.kill().expect("kill -9");
    victim.wait().expect("its end");
    acknowledged.extend(lines.map_while(Result::ok));
    acknowledged.iter().map(|line| line.parse().expect("a number")).collect()
}

/// Entries of a store in which `verify` finds nothing.
async fn sound(store: &Store) -> u64 {
    let report = store.verify(&pack()).await.expect("a report");
    assert_eq!(report.troubles, []);
    assert_eq!(report.cases, report.entries);
    report.entries
}
