//! Real messages and questions, where somebody has them: taken in, then searched by random pieces of them,
//! each answer beside a scan of the texts. Prints counts and times, never a text.

use crate::{Failure, corpus, store_bench};
use domain::{
    access::Viewer,
    case::{CaseId, Staff},
    pack::Pack,
};
use jiff::Timestamp;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use store::Store;
use tokio::task::JoinSet;
use vault::Query;

/// Pieces that are searched.
const PIECES: usize = 500;
/// More cases than any of the collections holds.
const ALL: usize = 100_000;
/// Longest line and longest story, in characters, as the form has them.
const LONGEST: (usize, usize) = (80, 5_000);
/// Openings at once.
const ABREAST: usize = 512;

/// Takes in every collection of a folder and searches them.
///
/// # Errors
/// When there is none, the store fails, or a search misses what a scan finds.
pub fn run(dir: &Path, from: &Path) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let city = corpus::city()?;
    let keys = store_bench::keys(dir)?;
    vault::Words::shared();
    let path = dir.join("real.db");
    store_bench::remove(&path);
    let texts = texts(from)?;
    runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", path.display()), keys).await?;
        let started = Instant::now();
        let cases = take_in(&store, &city.pack, &texts).await?;
        let rate = cases.len() as f64 / started.elapsed().as_secs_f64();
        println!("{} of {} taken in, {rate:.0} /s", cases.len(), texts.len());
        search(&store, &city.pack, &cases).await
    })
}

/// One line and the story of every message and question.
fn texts(from: &Path) -> Result<Vec<corpus::Appeal>, Failure> {
    let mut all = Vec::new();
    for folder in ["appeals", "legal_qa"] {
        let Ok(files) = fs::read_dir(from.join(folder)) else { continue };
        for file in files {
            let path = file?.path();
            if path.extension().is_none_or(|kind| kind != "jsonl") {
                continue;
            }
            for line in fs::read_to_string(path)?.lines() {
                let value: serde_json::Value = serde_json::from_str(line)?;
                let get = |key: &str| value[key].as_str().unwrap_or_default().trim();
                let story = [get("body"), get("question")].concat();
                let said = if get("subject").is_empty() { &story } else { get("subject") };
                let summary = said.split_whitespace().collect::<String>();
                let (summary, narrative) = (cut(&summary, LONGEST.0), cut(&story, LONGEST.1));
                all.push(corpus::Appeal { category: "1302".to_owned(), summary, narrative });
            }
        }
    }
    if all.is_empty() {
        Err("the folder holds neither appeals nor legal_qa".into())
    } else {
        Ok(all)
    }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

type Taken = (CaseId, String, String);

/// Opens a case for every text that the form accepts.
async fn take_in(
    store: &Store,
    pack: &Arc<Pack>,
    texts: &[corpus::Appeal],
) -> Result<Vec<Taken>, Failure> {
    let (mut under_way, mut taken) = (JoinSet::new(), Vec::new());
    for n in 0..texts.len() {
        let Ok(new) = corpus::new_case(pack, texts, n) else { continue };
        let (store, pack) = (store.clone(), pack.clone());
        let said = texts.get(n).map(|a| (a.summary.clone(), a.narrative.clone()));
        let (summary, narrative) = said.unwrap_or_default();
        under_way.spawn(async move {
            let opened = store.import_case(&pack, Timestamp::now(), new).await;
            opened.map(|opened| (opened.done.case, summary, narrative))
        });
        if under_way.len() >= ABREAST
            && let Some(done) = under_way.join_next().await
        {
            taken.push(done??);
        }
    }
    while let Some(done) = under_way.join_next().await {
        taken.push(done??);
    }
    Ok(taken)
}

/// Searches random pieces, and compares each answer with a scan of what was taken in.
async fn search(store: &Store, pack: &Pack, cases: &[Taken]) -> Result<(), Failure> {
    let unit = corpus::hotline(pack);
    let viewer = Viewer::Staff(
        Staff { account: 1, unit, roles: vec!["operator".to_owned()] },
        Timestamp::now(),
    );
    let mut dice = StdRng::seed_from_u64(12_338);
    let (mut times, mut held, mut more, mut cut_off) = (Vec::new(), 0, 0, 0);
    while times.len() < PIECES {
        let Some((_, _, told)) = cases.get(dice.random_range(0..cases.len())) else { continue };
        let Some(piece) = piece(told, &mut dice) else { continue };
        let started = Instant::now();
        let found = store.search(pack, &viewer, &piece, ALL).await?;
        times.push(started.elapsed());
        let hits: BTreeSet<CaseId> = found.hits.iter().map(|hit| hit.case.id).collect();
        let holds = |(_, line, told): &&Taken| line.contains(&piece) || told.contains(&piece);
        let scan: BTreeSet<CaseId> = cases.iter().filter(holds).map(|(id, ..)| *id).collect();
        held += scan.len();
        if found.cut {
            cut_off += 1;
        } else if let Some(missed) = scan.difference(&hits).next() {
            return Err(format!("a search missed case {missed}").into());
        }
        // Traditional characters and broken lines are read as one writes them; a scan compares letters.
        more += hits.len().saturating_sub(scan.len());
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(Duration::ZERO);
    println!(
        "{PIECES} searches found all that a scan finds: {held} cases, and {more} written otherwise"
    );
    println!("{cut_off} said that they were cut off");
    println!("search with every hit opened: p50 {:?}  p99 {:?}", at(50), at(99));
    Ok(())
}

/// Two to eight characters of a story, all of them Chinese.
fn piece(told: &str, dice: &mut StdRng) -> Option<String> {
    let characters: Vec<char> = told.chars().collect();
    if characters.len() < 8 {
        return None;
    }
    let (from, length) = (dice.random_range(0..characters.len() - 1), dice.random_range(2..9));
    let piece: String = characters.iter().skip(from).take(length).collect();
    let chinese = piece.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let fits = chinese && piece.chars().count() >= 2 && Query::parse(&piece).reaches_texts();
    fits.then_some(piece)
}
