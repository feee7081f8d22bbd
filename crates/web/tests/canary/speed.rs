//! The answer for a number that one may not know of takes no longer than that for a number that was
//! never issued: ten thousand probes on each database, half of each kind, over every kind of request
//! that looks for a case.

use crate::{
    ground::{Ask, encode, send},
    routes::NUMBER,
    same::{self, BREAKER, CODE},
    site::Site,
};
use axum::Router;
use domain::case::Actor;
use futures_util::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use testkit::{Appeal, unit};

/// All probes of one measurement of all kinds of request.
pub const PROBES: usize = 10_000;
/// Requests that are under way together, half of each kind.
const AT_ONCE: usize = 4;
/// From one of them to the next, so that none waits for what another one does.
const APART: Duration = Duration::from_millis(3);
/// Numbers of each kind that are asked in turns.
const NUMBERS: i64 = 6;
/// From one stroke to the next: an answer that came sooner was not found by looking for the case.
const STROKE: Duration = Duration::from_millis(10);
/// In deviations: chance alone goes beyond it once in a hundred times, on either side.
const RARE: f64 = 2.576;
/// Chance alone goes beyond it in one of sixteen requests once in a hundred times.
const RARE_IN_ANY: f64 = 3.42;
/// Whatever is beyond chance is measured again so many times: a real difference stays.
const AGAIN: usize = 3;

/// A request that is asked of numbers of both kinds.
pub struct Shape {
    who: &'static str,
    what: &'static str,
    ask: Ask,
}

pub fn shape(who: &'static str, what: &'static str, ask: Ask) -> Shape {
    Shape { who, what, ask }
}

/// Every kind of request that looks for a case by its number.
pub async fn shapes(site: &Site) -> Vec<Shape> {
    let (triage, handler, nobody) = ("triage@hotline-9901", BREAKER, "nobody");
    let at = |rest: &str| format!("/cases/{NUMBER}{rest}");
    let api = |rest: &str| format!("/api/v1/cases/{NUMBER}{rest}");
    let merge = format!("/api/v1/cases/{}/actions/merge", open_case(site).await);
    let (note, main) =
        (serde_json::json!({ "note": "记录" }), serde_json::json!({ "main": NUMBER }));
    let receipt = [("number", NUMBER), ("receipt", site.facts.receipt.as_str())];
    let track = format!("/api/v1/appeals/track?number={NUMBER}&receipt={}", encode(receipt[1].1));
    let name = [("seq", "1"), ("field", "contact_name")];
    vec![
        shape(triage, "a page", Ask::get(at(""))),
        shape(handler, "a page", Ask::get(at(""))),
        shape(handler, "the API", Ask::get(api(""))),
        shape(triage, "a step", Ask::json(api("/actions/note"), note)),
        shape(
            triage,
            "a step in the page",
            Ask::post(at("/note"), &[("note", "记"), ("version", "1")]),
        ),
        shape(triage, "a merger", Ask::json(merge, main)),
        shape(triage, "a paper", Ask::get(at("/papers/1"))),
        shape(triage, "a file", Ask::get(at("/files/1/0"))),
        shape(handler, "a name", Ask::post(at("/reveal"), &name)),
        shape(triage, "rights", Ask::get(at("/rights"))),
        shape(triage, "secrecy", Ask::get(at("/secrecy"))),
        shape(handler, "readers", Ask::get(at("/readers"))),
        shape(handler, "glass", same::breaking()),
        shape(nobody, "following", Ask::post("/track", &receipt)),
        shape(nobody, "following by program", Ask::get(track)),
        shape(nobody, "Open311", Ask::get(format!("/open311/v2/requests/{NUMBER}.json"))),
    ]
}

/// The number of a case that triage may merge into another one.
async fn open_case(site: &Site) -> String {
    let stand = &site.ground.stand;
    let operator = site.ground.person(unit::HOTLINE, &["operator"], 0).await;
    let case = stand.open(&Appeal::new("1302", "问路灯")).await.done.case;
    stand.act(&Actor::Staff(operator), case, "register", &[("category", "1302")]).await;
    stand.page(case).await.number
}

/// Requests by whose time a hidden number can be told from an unknown one, and all of them together.
pub async fn told(site: &Site, router: &Router, shapes: &[Shape], probes: usize) -> Vec<String> {
    let bench = Probed {
        site,
        router,
        // With the right check digit: the others fall out at once.
        numbers: [same::never(site, NUMBERS).await, same::hidden(site)],
    };
    let batches = probes / AT_ONCE / shapes.len();
    let mut told: Option<BTreeMap<String, f64>> = None;
    for _ in 0..AGAIN {
        let mut far = BTreeMap::new();
        for shape in shapes {
            let name = format!("{} as {}", shape.what, shape.who);
            far.insert(name, bench.distance(shape, batches).await);
        }
        let sum: f64 = far.values().sum();
        let all = sum / to_f64(shapes.len()).sqrt();
        let each: Vec<String> = far.iter().map(|(name, z)| format!("{name} {z:.1}")).collect();
        eprintln!("times are apart by {all:.1} deviations: {}", each.join(", "));
        far.retain(|_, z| z.abs() > RARE_IN_ANY);
        if all.abs() > RARE {
            far.insert("all together".to_owned(), all);
        }
        if let Some(told) = &told {
            far.retain(|name, z| told.get(name).is_some_and(|before| before * *z > 0.0));
        }
        if far.is_empty() {
            return Vec::new();
        }
        told = Some(far);
    }
    told.into_iter().flatten().map(|(name, z)| format!("{name}: {z:.1} deviations")).collect()
}

/// What is measured.
struct Probed<'a> {
    site: &'a Site,
    router: &'a Router,
    /// Numbers that nobody has, and numbers that one may not know of.
    numbers: [Vec<String>; 2],
}

impl Probed<'_> {
    /// How far the times of the two kinds are apart, in deviations of what chance does.
    async fn distance(&self, shape: &Shape, batches: usize) -> f64 {
        let caller = &self.site.person(shape.who).caller;
        let (mut times, mut statuses) = ([const { Vec::new() }; 2], [const { BTreeSet::new() }; 2]);
        for batch in 0..batches {
            let codes =
                if shape.ask.names(CODE) { same::codes(self.site).await } else { Vec::new() };
            let each = (0..AT_ONCE).zip(0..).map(|(at, before)| {
                // Who comes first changes from batch to batch.
                let kind = (at + batch) % 2;
                let numbers = &self.numbers[kind];
                let number = &numbers[(batch * AT_ONCE / 2 + at / 2) % numbers.len()];
                let ask = shape.ask.with(NUMBER, number);
                let ask = codes.get(at).map_or(ask.clone(), |code| ask.with(CODE, code));
                async move {
                    tokio::time::sleep(APART * before).await;
                    let start = Instant::now();
                    let reply = send(self.router, caller, &ask).await;
                    (kind, start.elapsed(), reply.status)
                }
            });
            for (kind, took, status) in join_all(each).await {
                times[kind].push(took);
                statuses[kind].insert(status);
            }
        }
        let what = shape.what;
        assert_eq!(statuses[0], statuses[1], "{what} is answered in two ways");
        let soonest = times.iter().flatten().min();
        assert!(soonest.is_some_and(|d| *d >= STROKE), "{what} does not look: {soonest:?}");
        let [unknown, hidden] = &times;
        deviations(unknown, hidden)
    }
}

/// How well two samples can be told apart by time: the chance that one of the second takes longer
/// than one of the first (Mann–Whitney). A half is not at all.
fn rank(first: &[Duration], second: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = first.iter().map(|d| (*d, false)).collect();
    all.extend(second.iter().map(|d| (*d, true)));
    all.sort_unstable();
    let (mut sum, mut at) = (0.0, 0);
    while at < all.len() {
        let tied = all[at..].iter().take_while(|(d, _)| *d == all[at].0).count();
        let (from, until) = (to_f64(at + 1), to_f64(at + tied));
        let own = all[at..at + tied].iter().filter(|(_, second)| *second).count();
        sum += to_f64(own) * (from + until) / 2.0;
        at += tied;
    }
    let (n, m) = (to_f64(first.len()), to_f64(second.len()));
    (sum - m * (m + 1.0) / 2.0) / (n * m)
}

/// The rank as a distance from a half, in deviations of what chance does (Mann and Whitney 1947).
fn deviations(first: &[Duration], second: &[Duration]) -> f64 {
    let (n, m) = (to_f64(first.len()), to_f64(second.len()));
    (rank(first, second) - 0.5) / ((n + m + 1.0) / (12.0 * n * m)).sqrt()
}

fn to_f64(n: usize) -> f64 {
    f64::from(u32::try_from(n).expect("a small number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(all: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        all.into_iter().map(Duration::from_micros).collect()
    }

    #[test]
    fn the_rank_of_equals_is_a_half_and_of_strangers_one() {
        let rank = |a: Vec<Duration>, b: Vec<Duration>| super::rank(&a, &b);
        assert!((rank(micros(0..100), micros(0..100)) - 0.5).abs() < 1e-9);
        assert!((rank(micros([5; 40]), micros([5; 40])) - 0.5).abs() < 1e-9);
        assert!(rank(micros(0..100), micros(100..200)) > 0.999);
        assert!(rank(micros(100..200), micros(0..100)) < 0.001);
        assert!((rank(micros([1, 3]), micros([2])) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_difference_is_far_from_chance_and_none_is_not() {
        assert!(deviations(&micros(0..300), &micros(0..300)).abs() < 1e-9);
        assert!(deviations(&micros(0..300), &micros(30..330)) > 3.0);
        assert!(deviations(&micros(30..330), &micros(0..300)) < -3.0);
    }
}
