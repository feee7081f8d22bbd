//! Pages of a large store: case page, work queue and search, in process, eight askers at once.

use crate::{Failure, corpus, store_bench};
use domain::{access::Viewer, case::Staff};
use jiff::Timestamp;
use rand::RngExt;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{DeskFilter, Store};

const ASKERS: usize = 8;

/// Measures the reads of the store made by `bench fill`.
///
/// # Errors
/// When the store fails.
pub fn run(dir: &Path, asks: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let city = corpus::city()?;
    let keys = store_bench::keys(dir)?;
    vault::Words::shared();
    let path = dir.join("fill.db");
    runtime.block_on(async {
        let started = Instant::now();
        let store = Store::open(&format!("sqlite:{}", path.display()), keys).await?;
        println!("ready in {:?}", started.elapsed());
        let unit = format!("hotline-{}", city.pack.regions.root().get(..4).unwrap_or_default());
        let staff =
            Staff { account: 1, unit, roles: vec!["operator".to_owned(), "triage".to_owned()] };
        let pack = city.pack.clone();
        let size = newest(&store, &pack, &staff).await?;
        println!("{size} cases");
        let viewer = Viewer::Staff(staff.clone(), Timestamp::now());
        // One kind of page alone, for a profiler: BENCH_ONLY=queue.
        let only = std::env::var("BENCH_ONLY").unwrap_or_default();
        for what in
            ["case", "queue", "search"].into_iter().filter(|w| only.is_empty() || only == *w)
        {
            let mut times = ask(&store, &pack, (&viewer, &staff), (what, size), asks).await?;
            times.sort_unstable();
            let at =
                |share: usize| times.get(times.len() * share / 1_000).copied().unwrap_or_default();
            println!("{what:>7}: p50 {:?}  p99 {:?}  p99.9 {:?}", at(500), at(990), at(999));
        }
        println!("private memory: {} MB", private_megabytes()?);
        Ok(())
    })
}

/// Memory of this process alone: the mapped file is shared with the page cache and not counted.
fn private_megabytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.ok_or("the system tells no RssAnon")? / 1_024)
}

async fn newest(store: &Store, pack: &domain::pack::Pack, staff: &Staff) -> Result<i64, Failure> {
    let flow = pack.workflow("appeal").ok_or("no workflow `appeal`")?;
    let root = domain::access::list_root(pack, staff).ok_or("no list")?;
    Ok(store
        .state_counts(pack, &Viewer::System, (flow, &root))
        .await?
        .iter()
        .map(|c| c.cases)
        .sum())
}

async fn ask(
    store: &Store,
    pack: &Arc<domain::pack::Pack>,
    (viewer, staff): (&Viewer, &Staff),
    (what, size): (&'static str, i64),
    asks: usize,
) -> Result<Vec<Duration>, Failure> {
    const WORDS: [&str; 6] =
        ["家暴", "抚养费", "土地承包", "10000000042", "彩礼 退还", "孩子 学校"];
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (store, pack, viewer, staff) =
                (store.clone(), pack.clone(), viewer.clone(), staff.clone());
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(asks / ASKERS);
                for n in 0..asks / ASKERS {
                    let id = rand::rng().random_range(0..size);
                    // A task that never waits is otherwise put back in the middle of a page.
                    tokio::task::yield_now().await;
                    let started = Instant::now();
                    match what {
                        "case" => drop(store.case_by_id(&pack, &viewer, id).await?),
                        "queue" => {
                            let filter = DeskFilter::default();
                            drop(store.desk(&pack, &staff, Timestamp::now(), &filter).await?);
                        }
                        _ => {
                            let word = WORDS.get(n % WORDS.len()).copied().unwrap_or_default();
                            drop(store.search(&pack, &viewer, word, 20).await?);
                        }
                    }
                    times.push(started.elapsed());
                }
                Ok::<_, Failure>(times)
            })
        })
        .collect();
    let mut all = Vec::with_capacity(asks);
    for asker in askers {
        all.extend(asker.await??);
    }
    Ok(all)
}
