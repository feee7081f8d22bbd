//! What counting costs at intake, and what a number and its records cost to read.
//!
//! Counting: two stores in turn, one with the figures of the city and one without any, so that the
//! drift of a shared machine falls on both. Reading: a board of every figure for the city and its
//! counties, one record page, and the same number counted again by SQL over the same database.

use crate::{Failure, corpus, store_bench};
use domain::{
    access::Viewer,
    figure::{Figure, Figures, Period},
    pack::Pack,
};
use jiff::Timestamp;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{
    FigureAsk, Store,
    db::{P, Stmt},
};

/// Rounds of each kind.
const ROUNDS: usize = 4;

static RECOUNT: Stmt = Stmt::new(
    "SELECT COUNT(*) FROM cases
     WHERE body LIKE '%\"workflow\":\"appeal\"%' AND body LIKE '%\"opened\":\"' || $1 || '%'",
);
static MARKS: Stmt =
    Stmt::new("SELECT COUNT(*) FROM marks WHERE figure = $1 AND rank >= $2 AND rank <= $3");

/// Measures intake with and without the figures.
///
/// # Errors
/// When a store fails.
pub fn counting(dir: &Path, cases: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let with = corpus::city()?.pack;
    let mut bare = corpus::city()?.pack;
    Arc::get_mut(&mut bare).ok_or("the pack is shared")?.figures = Figures::default();
    let list = Arc::new(corpus::appeals(&corpus::city()?)?);
    let keys = store_bench::keys(dir)?;
    vault::Words::shared();
    let each = cases.div_ceil(ROUNDS);
    let mut found = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (n, pack) in [&bare, &with].into_iter().enumerate() {
            let path = dir.join(format!("counting-{n}.db"));
            store_bench::remove(&path);
            let url = format!("sqlite:{}", path.display());
            let one = runtime.block_on(stretch(&url, (pack, &list, &keys), each))?;
            // The first round warms caches up.
            if round > 0 {
                found[n].push(one);
            }
        }
    }
    let middle = |all: &[(f64, f64)], part: fn(&(f64, f64)) -> f64| {
        store_bench::median(&all.iter().map(part).collect::<Vec<_>>())
    };
    let [(bare_us, bare_rate), (with_us, with_rate)] =
        [0, 1].map(|n| (middle(&found[n], |f| f.0), middle(&found[n], |f| f.1)));
    println!("without figures: writer {bare_us:>6.1} µs a case, {bare_rate:>7.0} /s");
    println!("with figures:    writer {with_us:>6.1} µs a case, {with_rate:>7.0} /s");
    let (work, rate) = (with_us / bare_us - 1.0, 1.0 - with_rate / bare_rate);
    println!(
        "counting costs:  {:>5.1} % of the writer, {:.1} % of the rate",
        work * 100.0,
        rate * 100.0
    );
    Ok(())
}

/// Writer time a case in microseconds, and cases a second.
async fn stretch(
    url: &str,
    (pack, list, keys): (&Arc<Pack>, &Arc<Vec<corpus::Appeal>>, &Arc<vault::Keys>),
    cases: usize,
) -> Result<(f64, f64), Failure> {
    let store = Store::open(url, keys.clone()).await?;
    let before = store_bench::writer_time();
    let took = store_bench::send(&store, pack, list, cases).await?;
    let work = store_bench::writer_time().saturating_sub(before);
    store.db().close().await?;
    Ok((work as f64 / cases as f64, cases as f64 / took.as_secs_f64()))
}

/// Fills a store and reads boards and records from it.
///
/// # Errors
/// When the store fails.
pub fn board(dir: &Path, cases: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let city = corpus::city()?;
    let list = Arc::new(corpus::appeals(&city)?);
    let keys = store_bench::keys(dir)?;
    vault::Words::shared();
    let path = dir.join("board.db");
    store_bench::remove(&path);
    runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", path.display()), keys).await?;
        store_bench::send(&store, &city.pack, &list, cases).await?;
        println!("{cases} records");
        let board = boards(&store, &city.pack).await?;
        records(&store, &city.pack).await?;
        let recount = recount(&store, &city.pack).await?;
        println!(
            "one number counted again from the cases takes {:.0} times as long as a board",
            recount / board
        );
        store.db().close().await?;
        Ok(())
    })
}

/// The middle one of a thousand boards, in microseconds.
async fn boards(store: &Store, pack: &Arc<Pack>) -> Result<f64, Failure> {
    let today = pack.date_of(Timestamp::now());
    let figures: Vec<&Figure> = pack.figures.iter().collect();
    let top = pack.units.top().ok_or("no top")?;
    let below = pack.units.children(&top.code).filter(|u| !u.agency);
    let units: Vec<&str> =
        std::iter::once(top.code.as_str()).chain(below.map(|u| u.code.as_str())).collect();
    let asks: Vec<FigureAsk<'_>> = figures
        .iter()
        .flat_map(|figure| units.iter().map(move |unit| (figure, unit)))
        .map(|(figure, unit)| FigureAsk { figure, unit, period: Period::month(today) })
        .collect();
    let mut took = Vec::new();
    for _ in 0..1_000 {
        let started = Instant::now();
        store.figure_values(&asks, today).await?;
        took.push(started.elapsed());
    }
    let (half, most) = quantiles(&mut took);
    println!("board of {} numbers: p50 {half:.0} µs, p99 {most:.0} µs", asks.len());
    Ok(half)
}

async fn records(store: &Store, pack: &Arc<Pack>) -> Result<(), Failure> {
    let today = pack.date_of(Timestamp::now());
    let figure = pack.figures.get("appeals_received").ok_or("no figure")?;
    let top = pack.units.top().ok_or("no top")?;
    let ask = FigureAsk { figure, unit: &top.code, period: Period::year(today) };
    let (mut took, mut cursor) = (Vec::new(), None);
    for _ in 0..1_000 {
        let started = Instant::now();
        let page = store.records_of((pack, &Viewer::System), ask, today, cursor.as_ref()).await?;
        took.push(started.elapsed());
        cursor = page.next;
    }
    let (half, most) = quantiles(&mut took);
    println!("page of records, one after the other: p50 {half:.0} µs, p99 {most:.0} µs");
    Ok(())
}

/// One number counted again, from the cases and from the rows behind the figure; microseconds.
async fn recount(store: &Store, pack: &Arc<Pack>) -> Result<f64, Failure> {
    let today = pack.date_of(Timestamp::now());
    let year = today.year().to_string();
    let started = Instant::now();
    let rows = store.db().read().await?.rows(&RECOUNT, &[P::Text(&year)]).await?;
    let slow = started.elapsed();
    let day = |month: i64, day: i64| i64::from(today.year()) * 10_000 + month * 100 + day;
    let started = Instant::now();
    let params = [P::Text("appeals_received.1"), day(1, 1).into(), day(12, 31).into()];
    let marks = store.db().read().await?.rows(&MARKS, &params).await?;
    let quick = started.elapsed();
    let count = |rows: &[store::db::Row]| rows.first().and_then(|r| r.int(0).ok()).unwrap_or(0);
    println!(
        "recount by SQL of one number: {} from the cases in {slow:.2?}, {} from its rows in {quick:.2?}",
        count(&rows),
        count(&marks)
    );
    Ok(slow.as_secs_f64() * 1e6)
}

fn quantiles(took: &mut [Duration]) -> (f64, f64) {
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 100).map_or(0.0, |d| d.as_secs_f64() * 1e6);
    (at(50), at(99))
}
