//! Intake through the store, in one process, beside the raw limit of the same rows.

use crate::{Failure, corpus, cpu, raw};
use domain::{access::Viewer, pack::Pack};
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
pub(crate) const ASKERS: usize = 64;
/// Cases of one line of the filling.
const STRETCH: usize = 10_000;

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
    let rate = cases as f64 / took.as_secs_f64();
    println!("intake through the store: {rate:>8.0} /s");
    beside_raw(&runtime, &city.pack, (&path, keys), rate)
}

/// Writes the rows that `path` holds again, raw, and prints how `rate` stands to that.
///
/// # Errors
/// When the store or the raw database fails.
pub(crate) fn beside_raw(
    runtime: &tokio::runtime::Runtime,
    pack: &Pack,
    (path, keys): (&Path, Arc<Keys>),
    rate: f64,
) -> Result<(), Failure> {
    let lines = runtime.block_on(async {
        let url = format!("sqlite:{}", path.display());
        let store = Store::open(&url, keys.clone()).await?;
        let lines = lines(&store, pack, &keys).await?;
        store.db().close().await?;
        Ok::<_, Failure>(lines)
    })?;
    let to = path.with_file_name("raw.db");
    remove(&to);
    let before = cpu::by_thread();
    let (rows, raw) = raw::copy(path, &to, ASKERS, &lines)?;
    cpu::print(&before, rows);
    let raw = rows as f64 / raw.as_secs_f64();
    println!("raw group commit:         {raw:>8.0} /s of the same {rows} cases");
    println!("ratio:                    {:>8.2}", rate / raw);
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
        let mut stretches = Vec::new();
        for done in (0..cases).step_by(STRETCH) {
            let before = writer_time();
            let took = send(&store, &city.pack, &list, STRETCH).await?;
            let each = writer_time().saturating_sub(before) as f64 / STRETCH as f64;
            stretches.push(each);
            if stretches.len() % 10 == 1 || done + STRETCH >= cases {
                let rate = STRETCH as f64 / took.as_secs_f64();
                println!(
                    "{:>9} cases: {rate:>6.0} /s, writer {each:>5.1} µs a case",
                    done + STRETCH
                );
            }
        }
        let tenth = stretches.len().div_ceil(10);
        let (first, newest) = (stretches.get(..tenth), stretches.get(stretches.len() - tenth..));
        let grown = median(newest.unwrap_or_default()) / median(first.unwrap_or_default());
        println!("work per appeal in the last tenth to that in the first: {grown:.2}");
        store.db().close().await?;
        Ok(())
    })
}

/// Processor time of the one thread that writes, microseconds: the clock would also show what
/// other programs of the machine do.
pub(crate) fn writer_time() -> u64 {
    cpu::by_thread().get("store-writer").copied().unwrap_or_default()
}

pub(crate) fn median(of: &[f64]) -> f64 {
    let mut of = of.to_vec();
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or_default()
}

pub(crate) async fn send(
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

/// The search lines of the cases, by id, made again from their texts.
async fn lines(store: &Store, pack: &Pack, keys: &Keys) -> Result<HashMap<i64, String>, Failure> {
    let mut lines = HashMap::new();
    for id in 0.. {
        let Some(page) = store.case_by_id(pack, &Viewer::System, id).await? else { break };
        let mut entry = Entry::new(keys);
        for (field, text) in page.entries.iter().flat_map(|e| e.texts.values()).flatten() {
            if field == "contact_name" {
                entry.name(text);
            } else {
                entry.text(text);
            }
        }
        lines.insert(id, entry.line());
    }
    Ok(lines)
}
