//! The answer for a number that one may not know of is the answer for a number that was never
//! issued: in status, headers, body, and time.

use crate::{
    ground::{Ask, Caller, Reply, encode, send},
    routes::{self, NUMBER},
    secret::Group,
    site::{Person, Site},
    walk,
};
use axum::Router;
use domain::case::Actor;
use futures_util::future::join_all;
use jiff::ToSpan;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use store::Record;
use testkit::{Appeal, unit};
use vault::totp;
use web::App;

/// Ids that no case will ever have here, apart from those of the walk.
const NEVER: i64 = 91_000_000;

/// Numbers that one may not know of, and numbers that nobody has.
struct Numbers {
    hidden: Vec<String>,
    foreign: Vec<String>,
    unknown: Vec<String>,
}

async fn numbers(site: &Site) -> Numbers {
    let (store, pack) = (&site.ground.stand.store, site.ground.pack());
    let of = |group: Group| {
        let grove = &site.groves[&group];
        ["appeal", "mediation", "recognition"].map(|flow| grove.first(flow).clone())
    };
    let numbers = |group| of(group).map(|case| case.number);
    let hidden = [numbers(Group::Sealed), numbers(Group::Excluded)].concat();
    let mut unknown = Vec::new();
    let planted = of(Group::Sealed)[0].clone();
    let mut case = site.ground.stand.page(planted.id).await.case;
    let (id, opened) = (case.id, case.opened);
    // Right check digit, never issued.
    for n in 0..3 {
        case.id = NEVER + n;
        unknown.push(store.number_of(pack, &case));
    }
    // The same case, another year.
    case.id = id;
    case.opened = opened.checked_sub((24 * 400).hours()).unwrap();
    unknown.push(store.number_of(pack, &case));
    // The same number, a wrong check digit.
    let (head, last) = planted.number.split_at(planted.number.len() - 1);
    let digit: u32 = last.parse().unwrap();
    unknown.push(format!("{head}{}", (digit + 3) % 10));
    Numbers { hidden, foreign: numbers(Group::Foreign).to_vec(), unknown }
}

/// Numbers with the right check digit that were never issued.
pub async fn never(site: &Site) -> Vec<String> {
    numbers(site).await.unknown[..3].to_vec()
}

/// An application that has answered nobody yet: what it counts of wrong tries is the same for all.
pub fn fresh(site: &Site) -> Router {
    let clock = site.ground.stand.clock.clone();
    let (store, city) = (site.ground.stand.store.clone(), testkit::city().clone());
    web::router(App::new(store, city, move || clock.now(), Vec::new()))
}

/// Everything of an answer but the number itself, which has the same length in all of them.
fn whole(reply: &Reply, number: &str) -> String {
    let plain: String = number.chars().filter(char::is_ascii_digit).collect();
    let text = format!("{}\n{}", reply.head(), reply.text());
    [number, &encode(number), &plain].iter().fold(text, |text, one| text.replace(*one, "◊"))
}

/// Answers of a router that differ, on some routes that take a number, for everybody; and how many
/// people asked them.
pub async fn answers(
    site: &Site,
    router: &Router,
    on: impl Fn(&str) -> bool,
) -> (Vec<String>, usize) {
    let numbers = numbers(site).await;
    let table = web::route_table(&site.ground.app);
    let (mut apart, mut tried) = (Vec::new(), 0);
    for rule in table.iter().filter(|rule| on(rule.path)) {
        let asks = routes::asks(site.ground.pack(), &site.facts, rule.path).unwrap_or_default();
        for ask in asks.iter().filter(|a| a.names(NUMBER)) {
            let each = site.people.iter().map(|person| compared(router, &numbers, person, ask));
            // Where wrong tries are counted, people ask one after the other.
            let found = if rule.path.ends_with("track") {
                let mut found = Vec::new();
                for one in each {
                    found.extend(one.await);
                }
                found
            } else {
                join_all(each).await.concat()
            };
            tried += site.people.len();
            apart.extend(found);
        }
    }
    (apart, tried)
}

/// What tells numbers apart in the answers to one request of one person.
async fn compared(router: &Router, numbers: &Numbers, person: &Person, ask: &Ask) -> Vec<String> {
    // One of each kind: never issued, another year, a wrong digit, sealed, excluded, foreign.
    let unknown = [&numbers.unknown[0], &numbers.unknown[3], &numbers.unknown[4]];
    let all =
        unknown.into_iter().chain([&numbers.hidden[0], &numbers.hidden[3], &numbers.foreign[0]]);
    let mut apart = Vec::new();
    let mut first: Option<(&String, String)> = None;
    for number in all {
        let reply = send(router, &person.caller, &ask.with(NUMBER, number)).await;
        let text = settled(&whole(&reply, number));
        match &first {
            None => first = Some((number, text)),
            Some((_, expected)) if *expected == text => {}
            // Asked all the same, so that wrong tries are counted alike for all.
            _ if person.knows_foreign && numbers.foreign.contains(number) => {}
            Some((other, expected)) => apart.push(format!(
                "{} {} as {} tells {number} from {other}: {}",
                ask.method,
                ask.path,
                person.caller.name,
                walk::apart(&text, expected)
            )),
        }
    }
    apart
}

/// Breaking the glass with a good reason and a right code, of cases that are not for this person to
/// look at even so: answered like a number that nobody has.
pub async fn glass(site: &Site, router: &Router) -> Vec<String> {
    let who = "handler@wf-990101";
    let person = site.people.iter().find(|p| p.caller.name == who).expect(who);
    let staff = person.caller.staff.as_ref().expect("a member of staff");
    let (stand, now) = (&site.ground.stand, site.ground.stand.clock.now());
    let secret = stand.store.begin_factor(staff.account).await.unwrap().unwrap();
    let code = totp::code(&secret, now.as_second() / totp::STEP_SECONDS);
    let record = Record::of(staff, Vec::new());
    let code = format!("{code:06}");
    let codes = stand.store.confirm_factor(staff.account, &code, now, record).await.unwrap();
    let (numbers, codes) = (numbers(site).await, codes.expect("recovery codes"));
    let all = [&numbers.unknown[0], &numbers.unknown[3], &numbers.hidden[0], &numbers.hidden[3]];
    let (mut apart, mut first) = (Vec::new(), None);
    for (number, code) in all.into_iter().zip(&codes) {
        let (why, reason) = ("danger_to_life", "有人正处在危险之中");
        let fields =
            [("number", number.as_str()), ("why", why), ("reason", reason), ("code", code)];
        let reply = send(router, &person.caller, &Ask::post("/glass", &fields)).await;
        assert!(!reply.status.is_redirection(), "{number} was opened to {who}");
        let text = settled(&whole(&reply, number));
        let first = first.get_or_insert_with(|| text.clone());
        if *first != text {
            apart.push(format!("glass of {number}: {}", walk::apart(&text, first)));
        }
    }
    let opened = first.is_some_and(|text| text.contains("没有这个编号"));
    assert!(opened, "the code was not taken");
    apart
}

/// Without the id of the command that a form carries: it is drawn by lot.
fn settled(text: &str) -> String {
    let mut parts = text.split("name=\"command\" value=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.find('"').map_or("", |at| &part[at..]))
}

/// How well two samples can be told apart by time: the chance that one of the second takes longer
/// than one of the first (Mann–Whitney). A half is not at all.
pub fn rank(first: &[Duration], second: &[Duration]) -> f64 {
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

fn to_f64(n: usize) -> f64 {
    f64::from(u32::try_from(n).expect("a small number"))
}

/// The times of two requests, asked in turns so that whatever else the machine does meets both.
async fn times(
    router: &Router,
    caller: &Caller,
    asks: [&[Ask]; 2],
    rounds: usize,
) -> [Vec<Duration>; 2] {
    let mut times = [const { Vec::new() }; 2];
    for round in 0..rounds {
        for turn in 0..2 {
            // Who comes first changes too.
            let which = (turn + round) % 2;
            let ask = &asks[which][round % asks[which].len()];
            let start = Instant::now();
            let reply = send(router, caller, ask).await;
            times[which].push(start.elapsed());
            assert!(!reply.status.is_success() || reply.bytes.len() < 100_000);
        }
    }
    times
}

/// Probes of one kind, and how far from a half a rank may be: more than three times what chance does.
/// Without the strokes of the store the rank is above 0.9.
const FIRST: (usize, f64) = (200, 0.10);
const AGAIN: (usize, f64) = (600, 0.10);
/// From one stroke to the next: an answer that came sooner was not found by looking for the case.
const STROKE: Duration = Duration::from_millis(10);

/// The rank, measured again with more probes when it looks suspicious: a real difference stays.
pub async fn told_apart(router: &Router, caller: &Caller, asks: [&[Ask]; 2]) -> Option<f64> {
    for (rounds, band) in [FIRST, AGAIN] {
        let [unknown, hidden] = times(router, caller, asks, rounds).await;
        let soonest = unknown.iter().chain(&hidden).min();
        assert!(soonest.is_some_and(|d| *d >= STROKE), "{asks:?} does not look: {soonest:?}");
        let rank = rank(&unknown, &hidden);
        if (rank - 0.5).abs() < band {
            return None;
        }
        if rounds == AGAIN.0 {
            return Some(rank);
        }
    }
    None
}

/// The number of a case that triage may merge into another one.
async fn open_case(site: &Site) -> String {
    let stand = &site.ground.stand;
    let operator = site.ground.person(unit::HOTLINE, &["operator"], 0).await;
    let case = stand.open(&Appeal::new("1302", "问路灯")).await.done.case;
    stand.act(&Actor::Staff(operator), case, "register", &[("category", "1302")]).await;
    stand.page(case).await.number
}

/// Routes on which time tells a hidden number from an unknown one.
pub async fn speeds(site: &Site) -> Vec<String> {
    let (numbers, router) = (numbers(site).await, fresh(site));
    let (triage, handler) = ("triage@hotline-9901", "handler@wf-990101");
    let note = serde_json::json!({ "note": "记录" });
    let merge = format!("/api/v1/cases/{}/actions/merge", open_case(site).await);
    let shapes: [(&str, &str, Ask); 7] = [
        (triage, "a page", Ask::get(format!("/cases/{NUMBER}"))),
        (triage, "a paper", Ask::get(format!("/cases/{NUMBER}/papers/1"))),
        (triage, "a step", Ask::json(format!("/api/v1/cases/{NUMBER}/actions/note"), note)),
        (handler, "a page", Ask::get(format!("/cases/{NUMBER}"))),
        (handler, "the API", Ask::get(format!("/api/v1/cases/{NUMBER}"))),
        (triage, "a merger", Ask::json(merge, serde_json::json!({ "main": NUMBER }))),
        ("nobody", "Open311", Ask::get(format!("/open311/v2/requests/{NUMBER}.json"))),
    ];
    // Numbers that were never issued, with the right check digit: the others fall out at once.
    let never = &numbers.unknown[..3];
    let mut told = Vec::new();
    for (who, what, ask) in &shapes {
        let person = site.people.iter().find(|p| p.caller.name == *who).expect(who);
        let unknown: Vec<Ask> = never.iter().map(|n| ask.with(NUMBER, n)).collect();
        // Sealed and excluded in turns.
        let hidden: Vec<Ask> = numbers.hidden.iter().map(|n| ask.with(NUMBER, n)).collect();
        let found = told_apart(&router, &person.caller, [&unknown, &hidden]).await;
        told.extend(found.map(|rank| format!("{what} as {who}: rank {rank:.3}")));
    }
    told
}

/// By number, for those who make an answer slower on purpose.
pub fn numbers_of(site: &Site, group: Group) -> BTreeMap<String, Group> {
    site.groves[&group].cases.iter().map(|c| (c.number.clone(), group)).collect()
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
}
