//! The answer for a number that one may not know of is the answer for a number that was never
//! issued: in status, headers and body. In time, see `speed`.

use crate::{
    ground::{Ask, Reply, encode, send},
    routes::{self, NUMBER},
    secret::Group,
    site::{Person, Site},
    walk,
};
use axum::Router;
use futures_util::future::join_all;
use jiff::ToSpan;
use std::collections::BTreeMap;
use store::Record;
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
    let planted = site.groves[&Group::Sealed].first("appeal").clone();
    let mut unknown = never(site, 1).await;
    // The same case, another year.
    let mut case = site.ground.stand.page(planted.id).await.case;
    case.opened = case.opened.checked_sub((24 * 400).hours()).unwrap();
    unknown.push(store.number_of(pack, &case));
    // The same number, a wrong check digit.
    let (head, last) = planted.number.split_at(planted.number.len() - 1);
    let digit: u32 = last.parse().unwrap();
    unknown.push(format!("{head}{}", (digit + 3) % 10));
    Numbers { hidden: hidden(site), foreign: of(site, Group::Foreign).to_vec(), unknown }
}

/// The first number of each kind in a group.
fn of(site: &Site, group: Group) -> [String; 3] {
    let grove = &site.groves[&group];
    ["appeal", "mediation", "recognition"].map(|flow| grove.first(flow).number.clone())
}

/// Numbers of sealed cases, then of those that walkers are kept out of.
pub fn hidden(site: &Site) -> Vec<String> {
    [of(site, Group::Sealed), of(site, Group::Excluded)].concat()
}

/// Numbers with the right check digit that were never issued.
pub async fn never(site: &Site, how_many: i64) -> Vec<String> {
    let (store, pack) = (&site.ground.stand.store, site.ground.pack());
    let planted = site.groves[&Group::Sealed].first("appeal").id;
    let mut case = site.ground.stand.page(planted).await.case;
    let one = |n| {
        case.id = NEVER + n;
        store.number_of(pack, &case)
    };
    (0..how_many).map(one).collect()
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
    let all =
        numbers.unknown.iter().chain([&numbers.hidden[0], &numbers.hidden[3], &numbers.foreign[0]]);
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

/// Somebody who may break glass, and not that of the cases that are hidden here.
pub const BREAKER: &str = "handler@wf-990101";
/// Where a code of the second factor is filled in.
pub const CODE: &str = "⟦code⟧";

/// Breaking the glass with a good reason.
pub fn breaking() -> Ask {
    let (why, reason) = ("danger_to_life", "有人正处在危险之中");
    Ask::post("/glass", &[("number", NUMBER), ("why", why), ("reason", reason), ("code", CODE)])
}

/// Fresh codes of [`BREAKER`], each to be taken once; those of before are no more.
pub async fn codes(site: &Site) -> Vec<String> {
    let staff = site.person(BREAKER).caller.staff.as_ref().expect("a member of staff");
    let (store, now) = (&site.ground.stand.store, site.ground.stand.clock.now());
    if !store.factor(staff.account).await.unwrap().ready {
        let secret = store.begin_factor(staff.account).await.unwrap().unwrap();
        let code = format!("{:06}", totp::code(&secret, now.as_second() / totp::STEP_SECONDS));
        let record = Record::of(staff, Vec::new());
        store.confirm_factor(staff.account, &code, now, record).await.unwrap().expect("codes");
    }
    store.renew_recovery(staff.account).await.unwrap()
}

/// Breaking the glass with a good reason and a right code, of cases that are not for this person to
/// look at even so: answered like a number that nobody has.
pub async fn glass(site: &Site, router: &Router) -> Vec<String> {
    let person = site.person(BREAKER);
    let (numbers, codes) = (numbers(site).await, codes(site).await);
    let all = [&numbers.unknown[0], &numbers.unknown[1], &numbers.hidden[0], &numbers.hidden[3]];
    let (mut apart, mut first) = (Vec::new(), None);
    for (number, code) in all.into_iter().zip(&codes) {
        let ask = breaking().with(NUMBER, number).with(CODE, code);
        let reply = send(router, &person.caller, &ask).await;
        assert!(!reply.status.is_redirection(), "{number} was opened to {BREAKER}");
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

/// By number, for those who make an answer slower on purpose.
pub fn numbers_of(site: &Site, group: Group) -> BTreeMap<String, Group> {
    site.groves[&group].cases.iter().map(|c| (c.number.clone(), group)).collect()
}
