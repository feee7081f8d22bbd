//! `xiaohe doctor`: is this installation fit to serve? Changes nothing.

use crate::{
    failure::Failure,
    serve,
    settings::{Place, block_on, now},
};
use domain::{access::Viewer, pack::Pack, workflow::StateKind};
use jiff::Timestamp;
use packs::City;
use proofs::Passkeys;
use serde::Serialize;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use store::{Account, Audience, OutboxSize};
use vault::Keys;

/// Less free space than this is a failure, KiB: a database must be able to grow and to be copied.
const LITTLE_KIB: u64 = 1 << 20;
/// Less than this is a warning, KiB.
const SCARCE_KIB: u64 = 10 << 20;
/// No installation has a clock before this day (2026-01-01): then the clock is wrong.
const EARLIEST: i64 = 1_767_225_600;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    says: String,
}

/// Looks at everything and prints a line for each.
///
/// # Errors
/// When something would keep the server from serving.
pub fn run(place: &Place, json: bool) -> Result<(), Failure> {
    let place = place.complete()?;
    let now = now();
    let mut found = Vec::new();
    let city = pack(&place, &mut found);
    if let Some(city) = &city {
        calendar(city, now, &mut found);
    }
    let keys = keys(&place, &mut found);
    database(&place, keys, city.as_ref(), &mut found);
    provider(&place, now, &mut found);
    passkeys(&place, &mut found);
    disk(&place, &mut found);
    clock(now, &mut found);
    if json {
        println!("{}", serde_json::json!(found));
    } else {
        for f in &found {
            let state = match f.state {
                State::Ok => "OK  ",
                State::Warn => "WARN",
                State::Fail => "FAIL",
            };
            println!("{state}  {:<9} {}", f.what, f.says);
        }
    }
    if found.iter().any(|f| f.state == State::Fail) { Err(Failure::Unsound) } else { Ok(()) }
}

fn say(found: &mut Vec<Finding>, what: &'static str, state: State, says: impl Into<String>) {
    found.push(Finding { what, state, says: says.into() });
}

fn pack(place: &Place, found: &mut Vec<Finding>) -> Option<City> {
    match place.city() {
        Ok(city) => {
            let says = format!("{} {}", city.pack.name, city.pack.version);
            say(found, "pack", State::Ok, says);
            return Some(city);
        }
        Err(Failure::Pack(faults)) => {
            let says = format!("{} faults; see: xiaohe pack check DIR", faults.len());
            say(found, "pack", State::Fail, says);
        }
        Err(failure) => say(found, "pack", State::Fail, words(failure)),
    }
    None
}

/// Deadlines that reach a year without holiday data are refused, and the longest ones of this
/// pack reach far ahead.
fn calendar(city: &City, now: Timestamp, found: &mut Vec<Finding>) {
    let pack = &city.pack;
    let today = pack.date_of(now);
    let known: Vec<i16> = pack.work_time.calendar().years().collect();
    let advice = |year: i16| format!("add calendar/{year}.csv to the pack");
    if !known.contains(&today.year()) {
        let says = format!("no holiday data for this year: {}", advice(today.year()));
        return say(found, "calendar", State::Fail, says);
    }
    let next = today.year() + 1;
    let provisional = |year: &&i16| city.provisional_years.contains(*year);
    if let Some(year) = [today.year(), next].iter().find(provisional) {
        let says = format!(
            "the holidays of {year} are provisional, without make-up days: replace them when the \
             State Council's notice is out"
        );
        return say(found, "calendar", State::Warn, says);
    }
    if known.contains(&next) {
        let says = format!("holiday data for {} and {next}", today.year());
        return say(found, "calendar", State::Ok, says);
    }
    let reach = longest_days(pack);
    let end = today.checked_add(jiff::Span::new().days(reach)).unwrap_or(today);
    if end.year() > today.year() {
        let says = format!(
            "no holiday data for {next}, and deadlines of {reach} days from today reach it, so \
             cases cannot be accepted: {}",
            advice(next)
        );
        say(found, "calendar", State::Fail, says);
    } else {
        say(
            found,
            "calendar",
            State::Warn,
            format!("no holiday data for {next}: {}", advice(next)),
        );
    }
}

/// The longest clock that starts on its own at acceptance, in calendar days and rounded up.
fn longest_days(pack: &Pack) -> i64 {
    use domain::clock::Span;
    let days = |span: Span| match span {
        Span::CalendarDays { days, .. } => i64::from(days),
        Span::WorkingDays(days) => i64::from(days) * 7 / 5 + 3,
        Span::CalendarMinutes(minutes) => i64::from(minutes) / 1440 + 1,
        Span::WorkingMinutes(minutes) => i64::from(minutes) / 480 * 7 / 5 + 3,
    };
    let flows = pack.workflows.values();
    // The yearly re-check of a title always reaches the next year and is started rarely.
    let clocks = flows.filter(|w| w.code == "appeal").flat_map(|w| {
        let stages = w.states.iter().filter_map(|s| match &s.kind {
            StateKind::Open { clock, .. } => Some(clock.as_str()),
            _ => None,
        });
        stages.chain(["overall"]).filter_map(|code| w.clocks.get(code))
    });
    clocks.map(|c| days(c.span)).max().unwrap_or(0)
}

fn keys(place: &Place, found: &mut Vec<Finding>) -> Option<Arc<Keys>> {
    let path = match place.key_path() {
        Ok(path) => path,
        Err(failure) => {
            say(found, "keys", State::Fail, words(failure));
            return None;
        }
    };
    match place.load_keys() {
        Ok(keys) => {
            let mode = fs::metadata(&path).map_or(0, |m| m.permissions().mode() & 0o777);
            let same_folder =
                place.file().ok().flatten().is_some_and(|db| db.parent() == path.parent());
            if same_folder {
                let says = format!(
                    "{} lies beside the database: a copy of the folder copies both",
                    path.display()
                );
                say(found, "keys", State::Warn, says);
            } else {
                say(found, "keys", State::Ok, format!("{}, mode {mode:o}", path.display()));
            }
            Some(keys)
        }
        Err(failure) => {
            let says = format!("{}; make one: xiaohe keys create PATH", words(failure));
            say(found, "keys", State::Fail, says);
            None
        }
    }
}

fn database(place: &Place, keys: Option<Arc<Keys>>, city: Option<&City>, found: &mut Vec<Finding>) {
    let Some(keys) = keys else {
        return say(found, "database", State::Warn, "not looked at without keys");
    };
    let looked = block_on(async {
        let store = place.existing_store(keys).await?;
        let accounts = store.accounts().await.map_err(|e| Failure::while_doing("reading", &e))?;
        let root = city.and_then(|c| c.pack.units.top());
        let mut cases = 0;
        if let (Some(city), Some(root)) = (city, root) {
            for flow in city.pack.workflows.values() {
                let counts =
                    store.state_counts(&city.pack, &Viewer::System, (flow, &root.code)).await;
                let counts = counts.map_err(|e| Failure::while_doing("counting", &e))?;
                cases += counts.iter().map(|c| c.cases).sum::<i64>();
            }
        }
        let outbox = store.outbox_size().await;
        let outbox = outbox.map_err(|e| Failure::while_doing("reading", &e))?;
        let demonstration = store.is_demonstration().await;
        let demonstration = demonstration.map_err(|e| Failure::while_doing("reading", &e))?;
        store.db().close().await.map_err(|e| Failure::while_doing("closing", &e))?;
        Ok((accounts, cases, outbox, demonstration))
    });
    let outbox = looked.as_ref().ok().map(|(_, _, outbox, _)| *outbox);
    match looked {
        Ok((.., true)) => say(found, "database", State::Fail, serve::DEMONSTRATION),
        Ok((accounts, cases, ..)) if accounts.is_empty() => {
            let says = format!("reachable, {cases} cases, no account: xiaohe account create");
            say(found, "database", State::Warn, says);
        }
        Ok((accounts, cases, ..)) => {
            let many = accounts.len();
            let says = format!("reachable and migrated, {cases} cases, {many} accounts");
            say(found, "database", State::Ok, says);
            if let Some(city) = city {
                administrators(&city.pack, &accounts, found);
            }
        }
        Err(failure) => say(found, "database", State::Fail, words(failure)),
    }
    messages(place, outbox.unwrap_or_default(), found);
}

/// Messages that nobody takes away, and messages that nobody would take.
fn messages(place: &Place, outbox: OutboxSize, found: &mut Vec<Finding>) {
    let courier = match place.courier() {
        Ok(courier) => courier,
        Err(failure) => return say(found, "messages", State::Fail, words(failure)),
    };
    let ways: Vec<String> =
        courier.ways().map(|(to, gateway)| format!("{} by {gateway}", to.code())).collect();
    for audience in Audience::ALL {
        if courier.ways().all(|(to, _)| to != audience) {
            let (to, open) = (audience.code(), outbox.open(audience));
            let says = format!(
                "to {to}: {open} queued, not sent: no gateway; name one as [[gateway]] in xiaohe.toml"
            );
            say(found, "messages", State::Warn, says);
        }
    }
    if outbox.dead > 0 {
        let says = format!("{} could not be sent; see the page /setup/messages", outbox.dead);
        say(found, "messages", State::Warn, says);
    }
    if !ways.is_empty() {
        let says = format!("{}, {} queued", ways.join(", "), outbox.persons + outbox.units);
        say(found, "messages", State::Ok, says);
    }
}

/// The identity provider, which is asked to describe itself.
fn provider(place: &Place, now: Timestamp, found: &mut Vec<Finding>) {
    match place.provider() {
        Ok(None) => say(found, "provider", State::Ok, "none; people log in with passwords"),
        Ok(Some(provider)) => {
            let issuer = &provider.config().issuer;
            if provider.look(now).is_ok() {
                return say(found, "provider", State::Ok, format!("{issuer} describes itself"));
            }
            let says = format!(
                "{issuer} does not describe itself, or names another issuer: compare issuer, \
                 network and ca_file; people can log in with passwords"
            );
            say(found, "provider", State::Warn, says);
        }
        Err(failure) => say(found, "provider", State::Fail, words(failure)),
    }
}

fn passkeys(place: &Place, found: &mut Vec<Finding>) {
    let (state, says) = match place.site() {
        Ok(Some(site)) => Passkeys::new(&site, "").map_or_else(
            || (State::Warn, "not possible: the address must be a name, not a number".to_owned()),
            |passkeys| (State::Ok, format!("bound to {}", passkeys.domain())),
        ),
        Ok(None) => {
            let says = "not offered: set address in xiaohe.toml to the https:// name of this site";
            (State::Warn, says.to_owned())
        }
        Err(failure) => (State::Fail, words(failure)),
    };
    say(found, "passkeys", state, says);
}

/// Whether each of the three administrations is somebody's.
fn administrators(pack: &Pack, accounts: &[Account], found: &mut Vec<Finding>) {
    let missing: Vec<&str> = pack
        .roles
        .values()
        .filter(|role| role.administers.is_some())
        .filter(|role| !accounts.iter().any(|a| a.roles.contains(&role.code)))
        .map(|role| role.code.as_str())
        .collect();
    if missing.is_empty() {
        say(found, "people", State::Ok, "each administration is somebody's");
    } else {
        let says = format!("nobody is {}: xiaohe account create", missing.join(", "));
        say(found, "people", State::Warn, says);
    }
}

fn disk(place: &Place, found: &mut Vec<Finding>) {
    let Ok(Some(path)) = place.file() else { return };
    let folder = path.parent().filter(|f| f.is_dir()).map_or(PathBuf::from("."), Path::to_owned);
    let Some(free) = free_kib(&folder) else {
        return say(found, "disk", State::Warn, "the free space cannot be measured here");
    };
    let says = format!("{} MiB free for the database", free / 1024);
    let state = match free {
        free if free < LITTLE_KIB => State::Fail,
        free if free < SCARCE_KIB => State::Warn,
        _ => State::Ok,
    };
    say(found, "disk", state, says);
}

/// Asks `df`, which every system has; the standard library cannot say.
fn free_kib(folder: &Path) -> Option<u64> {
    let out = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn clock(now: Timestamp, found: &mut Vec<Finding>) {
    let (state, says) = if now.as_second() < EARLIEST {
        (State::Fail, format!("it is {now} here; set the time and keep it set (NTP)"))
    } else {
        (State::Ok, format!("it is {now}"))
    };
    say(found, "clock", state, says);
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::Plain(why) => why,
        other => format!("{other:?}"),
    }
}
