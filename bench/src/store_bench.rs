//! Intake through the store, in one process, beside the raw limit of the same rows.

use crate::{Failure, corpus, cpu, raw};
use domain::{field::Checked, pack::Pack};
use jiff::Timestamp;
use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::Store;
use vault::{Entry, Keys, Suite};

/// Askers at once, as many as connections in the HTTP measurement.
const ASKERS: usize = 64;

pub(crate) fn keys(dir: &Path) -> Result<Arc<Keys>, Failure> {
    fs::create_dir_all(dir)?;
    let path = dir.join("bench.keys");
    let keys =
        if path.exists() { Keys::load(&path)? } else { Keys::create(&path, Suite::International)? };
    Ok(Arc::new(keys))
}

pub(crate) fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        // A file that is not there is what is wanted.
        drop(fs::remove_file(name));
    }
}

/// Measures intake through the store and the raw limit of the same rows.
///
/// # Errors
/// When the store fails.
pub fn intake(dir: &Path, cases: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let city = corpus::city()?;
    let list = Arc::new(corpus::appeals(&city)?);
    let keys = keys(dir)?;
    vault::Words::shared();
    let path = dir.join("intake.db");
    remove(&path);
    let took = runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", path.display()), keys.clone()).await?;
        let before = cpu::by_thread();
        let took = send(&store, &city.pack, &list, cases).await?;
        cpu::print(&before, cases);
        let stats = store.db().stats();
        println!("store: {} works in {} commits", stats.works, stats.commits);
        store.db().close().await?;
        Ok::<_, Failure>(took)
    })?;
    let lines = lines(&city.pack, &keys, &list, cases)?;
    let to = dir.join("raw.db");
    remove(&to);
    let before = cpu::by_thread();
    let (rows, raw) = raw::copy(&path, &to, ASKERS, &lines)?;
    cpu::print(&before, rows);
    let rate = |n: usize, t: Duration| n as f64 / t.as_secs_f64();
    println!("intake through the store: {:>8.0} /s", rate(cases, took));
    println!("raw group commit:         {:>8.0} /s", rate(rows, raw));
    println!("ratio:                    {:>8.2}", rate(cases, took) / rate(rows, raw));
    Ok(())
}

/// Fills a store for the reading measurements.
///
/// # Errors
/// When the store fails.
pub fn fill(dir: &Path, cases: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let city = corpus::city()?;
    let list = Arc::new(corpus::appeals(&city)?);
    let keys = keys(dir)?;
    let path = dir.join("fill.db");
    remove(&path);
    runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", path.display()), keys).await?;
        for tenth in 0..10 {
            let took = send(&store, &city.pack, &list, cases / 10).await?;
            let rate = (cases / 10) as f64 / took.as_secs_f64();
            println!("{:>9} cases: {rate:>8.0} /s", (tenth + 1) * cases / 10);
        }
        store.db().close().await?;
        Ok(())
    })
}

async fn send(
    store: &Store,
    pack: &Arc<Pack>,
    list: &Arc<Vec<corpus::Appeal>>,
    cases: usize,
) -> Result<Duration, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (store, pack, list, next) =
                (store.clone(), pack.clone(), list.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= cases {
                        return Ok::<(), Failure>(());
                    }
                    let new = corpus::new_case(&pack, &list, n)?;
                    store.open_case(&pack, Timestamp::now(), new).await?;
                }
            })
        })
        .collect();
    for asker in askers {
        asker.await??;
    }
    Ok(started.elapsed())
}

/// The search lines of the cases, by id: ids count from zero in a fresh store.
fn lines(
    pack: &Pack,
    keys: &Keys,
    list: &[corpus::Appeal],
    cases: usize,
) -> Result<HashMap<i64, String>, Failure> {
    (0..cases)
        .map(|n| {
            let Checked { texts, .. } = corpus::new_case(pack, list, n)?.given;
            let mut entry = Entry::new(keys);
            for (field, text) in &texts {
                if field == "contact_name" {
                    entry.name(text);
                } else {
                    entry.text(text);
                }
            }
            Ok((i64::try_from(n)?, entry.line()))
        })
        .collect()
}
