//! Pages of a large store as a browser gets them: case page, work list and search through the router,
//! rendered, eight askers at once, beside a page that says hello.

use crate::{Failure, corpus, store_bench};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, header},
};
use domain::{
    access::Viewer,
    case::{CaseId, Staff},
    pack::Pack,
};
use jiff::Timestamp;
use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{NewAccount, Store};
use tower::ServiceExt;
use web::App;

const ASKERS: usize = 8;
/// What is searched: words of our own texts, a telephone, two words.
const WORDS: [&str; 6] = ["家暴", "抚养费", "土地承包", "10000000042", "彩礼 退还", "孩子 学校"];
/// Different case pages that are asked for.
const CASES: usize = 2_000;
/// The largest page; more is a fault.
const MOST_BYTES: usize = 1 << 22;

/// Measures the pages of the store made by `bench fill`.
///
/// # Errors
/// When the store fails, a page is refused, or a search misses a case.
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
        let pack = city.pack.clone();
        let staff = somebody(&store, &pack).await?;
        let size = newest(&store, &pack, &staff).await?;
        println!("{size} cases");
        recall(&store, &pack, &staff, size).await?;
        let browser = Arc::new(Browser::open(store, city, &staff, size).await?);
        // One kind of page alone, for a profiler: BENCH_ONLY=queue.
        let only = std::env::var("BENCH_ONLY").unwrap_or_default();
        for what in ["hello", "case", "queue", "search"] {
            if only.is_empty() || only == what {
                let mut times = ask(&browser, what, asks).await?;
                times.sort_unstable();
                let at = |share: usize| times.get(times.len() * share / 1_000).copied();
                let [middle, most, nearly_all] = [500, 990, 999].map(|s| at(s).unwrap_or_default());
                println!("{what:>7}: p50 {middle:?}  p99 {most:?}  p99.9 {nearly_all:?}");
            }
        }
        println!("private memory: {} MB", private_megabytes("self")?);
        Ok(())
    })
}

/// An operator who also triages, and has promised to keep quiet.
pub(crate) async fn somebody(store: &Store, pack: &Pack) -> Result<Staff, Failure> {
    let unit = corpus::hotline(pack);
    let username = format!("bench-{}", Timestamp::now().as_microsecond());
    let roles = vec!["operator".to_owned(), "triage".to_owned()];
    let (name, password) = (username.clone(), String::new());
    let account =
        store.create_account(NewAccount { username, password, name, unit, roles }).await?;
    let staff = store.account_by_id(account).await?.ok_or("no account")?.staff();
    store.pledge(Timestamp::now(), &staff, &pack.pledge.version).await?;
    Ok(staff)
}

pub(crate) async fn newest(store: &Store, pack: &Pack, staff: &Staff) -> Result<CaseId, Failure> {
    let flow = pack.workflow("appeal").ok_or("no workflow `appeal`")?;
    let root = domain::access::list_root(pack, staff).ok_or("no list")?;
    let counts = store.state_counts(pack, &Viewer::System, (flow, &root)).await?;
    Ok(counts.iter().map(|c| c.cases).sum())
}

/// Every telephone stands in one of ten thousand cases: a search must find all of them.
async fn recall(store: &Store, pack: &Pack, staff: &Staff, size: CaseId) -> Result<(), Failure> {
    let viewer = Viewer::Staff(staff.clone(), Timestamp::now());
    let (mut asked, mut found) = (0, 0);
    for n in (0..10_000).step_by(501) {
        let hits = store.search(pack, &viewer, &corpus::phone(n), 1_000).await?.hits.len();
        asked += usize::try_from((size - 1 - i64::try_from(n)?) / 10_000 + 1)?;
        found += hits;
    }
    println!("search found {found} of {asked} cases of 20 telephones");
    if found == asked { Ok(()) } else { Err("a search missed a case".into()) }
}

/// The numbers of the cases whose pages are asked for.
pub(crate) async fn numbers(
    store: &Store,
    pack: &Pack,
    viewer: &Viewer,
    size: CaseId,
) -> Result<Vec<String>, Failure> {
    let mut numbers = Vec::with_capacity(CASES);
    for n in 0..CASES {
        // Spread over all of them, in no order of the file.
        let id = i64::try_from(n)? * 7_919 * 131 % size;
        let page = store.case_by_id(pack, viewer, id).await?.ok_or("a case is not there")?;
        numbers.push(page.number);
    }
    Ok(numbers)
}

/// Somebody who is logged in.
struct Browser {
    router: Router,
    cookie: String,
    csrf: String,
    numbers: Vec<String>,
}

impl Browser {
    async fn open(
        store: Store,
        city: packs::City,
        staff: &Staff,
        size: CaseId,
    ) -> Result<Self, Failure> {
        let (pack, now) = (city.pack.clone(), Timestamp::now());
        let viewer = Viewer::Staff(staff.clone(), now);
        let token = store.log_in(staff.account, now).await?;
        let csrf = store.session(&token, now).await?.ok_or("no session")?.csrf;
        let numbers = numbers(&store, &pack, &viewer, size).await?;
        let app = App::new(store, city, Timestamp::now, Vec::new());
        Ok(Self { router: web::router(app), cookie: format!("staff={token}"), csrf, numbers })
    }

    fn request(&self, what: &str, n: usize) -> Result<Request<Body>, Failure> {
        let get = |path: &str| Request::get(path).header(header::COOKIE, &self.cookie);
        let mut request = match what {
            "hello" => get("/healthz").body(Body::empty())?,
            "case" => {
                let number = self.numbers.get(n % CASES).ok_or("no number")?;
                get(&format!("/cases/{number}")).body(Body::empty())?
            }
            "queue" => get("/desk?flow=appeal&own=0").body(Body::empty())?,
            _ => {
                let word = WORDS.get(n % WORDS.len()).copied().unwrap_or_default();
                let form = format!("csrf={}&q={}", self.csrf, word.replace(' ', "+"));
                Request::post("/search")
                    .header(header::COOKIE, &self.cookie)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(Body::from(form))?
            }
        };
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
        Ok(request)
    }

    async fn look(&self, what: &str, n: usize) -> Result<Duration, Failure> {
        let request = self.request(what, n)?;
        let started = Instant::now();
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), MOST_BYTES).await?;
        let took = started.elapsed();
        let least = if what == "hello" { 1 } else { 2_000 };
        if status.as_u16() == 200 && body.len() >= least {
            Ok(took)
        } else {
            Err(format!("{what} answered {status} with {} bytes", body.len()).into())
        }
    }
}

async fn ask(
    browser: &Arc<Browser>,
    what: &'static str,
    asks: usize,
) -> Result<Vec<Duration>, Failure> {
    let askers: Vec<_> = (0..ASKERS)
        .map(|asker| {
            let browser = browser.clone();
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(asks / ASKERS);
                for n in 0..asks / ASKERS {
                    // A task that never waits is otherwise put back in the middle of a page.
                    tokio::task::yield_now().await;
                    times.push(browser.look(what, n * ASKERS + asker).await?);
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

/// Memory of one process alone (`self` or its number): the mapped file is shared with the page cache
/// and not counted.
pub(crate) fn private_megabytes(process: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(kib.ok_or("the system tells no RssAnon")? / 1_024)
}
