//! `kill -9` of the real server while sixteen clients send appeals, again and again on the same
//! database: whatever was acknowledged is there once, whatever was not can be sent again with its
//! key, and `xiaohe verify` finds nothing.
//!
//! Three kills a database by default; `XIAOHE_KILLS=50` for a long run, `XIAOHE_SEED` for other
//! moments.

use crate::support::{Line, Server, Town};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    process::{Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

/// Clients at the same time.
const CLIENTS: usize = 16;
/// The moment of the kill: after so many acknowledgements at most, …
const MOST_ACKNOWLEDGED: usize = 250;
/// … and so many microseconds at most.
const MOST_MICROS: u64 = 20_000;
const PASSWORD: &str = "a long password";

#[test]
fn a_killed_server_has_lost_nothing_on_sqlite() {
    Story::new("sqlite:data/city.db".to_owned()).tell();
}

#[test]
fn a_killed_server_has_lost_nothing_on_postgresql() {
    Story::new(testkit::postgres::fresh_database()).tell();
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// What a client must keep of an acknowledged appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    number: String,
    receipt: String,
}

/// The marker of an appeal: its key, and the summary by which staff see it.
type Marker = String;

/// Sends the appeal of this marker, always in the same words.
fn send(line: &mut Line, marker: &Marker) -> io::Result<Kept> {
    let body = json!({
        "channel": "web", "category": "1301", "summary": marker,
        "narrative": "昨晚的事，慢慢说", "place": "",
        "contact": { "name": "样小燕", "phone": "10000000001", "safe_contact": "只在上午打" },
    });
    let headers = [("content-type", "application/json"), ("idempotency-key", marker)];
    let (status, text) = line.ask("POST", "/api/v1/appeals", &headers, &body.to_string())?;
    assert_eq!(status, 201, "{marker}: {text}");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let word = |name: &str| answer[name].as_str().expect("a word").to_owned();
    Ok(Kept { number: word("number"), receipt: word("receipt") })
}

/// What became of the appeals of one life of the server.
#[derive(Default)]
struct Life {
    acknowledged: Vec<(Marker, Kept)>,
    unanswered: Vec<Marker>,
}

/// Clients send until the server is gone; it is killed at the moment that the dice say.
fn live_and_die(mut server: Server, round: u64, dice: &mut StdRng) -> Life {
    let enough = dice.random_range(0..=MOST_ACKNOWLEDGED);
    let linger = Duration::from_micros(dice.random_range(0..=MOST_MICROS));
    let (next, (tell, heard)) = (AtomicU32::new(0), channel());
    let mut end = Life::default();
    std::thread::scope(|threads| {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let mut line = server.line().expect("a connection");
            let (next, tell) = (&next, tell.clone());
            clients.push(threads.spawn(move || client(&mut line, round, next, &tell)));
        }
        drop(tell);
        end.acknowledged.extend(heard.iter().take(enough));
        end.acknowledged.extend(heard_until(&heard, Instant::now() + linger));
        server.kill();
        end.unanswered = clients.into_iter().map(|c| c.join().expect("a client")).collect();
    });
    end.acknowledged.extend(heard.iter());
    assert!(end.acknowledged.len() >= enough, "the server ended by itself");
    end
}

/// Sends one appeal after the other; answers the one that was never answered.
fn client(line: &mut Line, round: u64, next: &AtomicU32, tell: &Sender<(Marker, Kept)>) -> Marker {
    loop {
        let marker = format!("m-{round}-{}", next.fetch_add(1, Ordering::Relaxed));
        match send(line, &marker) {
            Ok(kept) => tell.send((marker, kept)).expect("somebody listens"),
            Err(_) => return marker,
        }
    }
}

fn heard_until(
    heard: &Receiver<(Marker, Kept)>,
    end: Instant,
) -> impl Iterator<Item = (Marker, Kept)> {
    std::iter::from_fn(move || {
        heard.recv_timeout(end.saturating_duration_since(Instant::now())).ok()
    })
}

/// A city on one database, and everything that it ever acknowledged.
struct Story {
    town: Town,
    database: String,
    kept: BTreeMap<Marker, Kept>,
}

impl Story {
    fn new(database: String) -> Self {
        let town = Town::new();
        town.make_keys();
        let story = Self { town, database, kept: BTreeMap::new() };
        story.hire();
        story
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.town.command(args);
        command.env("XIAOHE_DB", &self.database);
        command
    }

    /// Somebody who sees what comes in.
    fn hire(&self) {
        let who =
            ["account", "create", "--name", "接线员", "--role", "operator", "--pledged", "--unit"];
        let unit = testkit::unit::HOTLINE;
        let mut command = self.command(&[&who[..], &[unit, "operator"]].concat());
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary runs");
        let typed = format!("{PASSWORD}\n");
        child.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("typed");
        assert!(child.wait().expect("an end").success());
    }

    fn tell(mut self) {
        let (kills, seed) =
            (from_environment("XIAOHE_KILLS", 3), from_environment("XIAOHE_SEED", 1));
        let mut dice = StdRng::seed_from_u64(seed);
        let (mut acknowledged, mut written) = (0, 0);
        let mut server = self.serve();
        for round in 0..kills {
            let end = live_and_die(server, round, &mut dice);
            acknowledged += end.acknowledged.len();
            let before = self.kept.len() + end.acknowledged.len();
            written += self.left_over(&end) - before;
            server = self.serve();
            self.resume(&server, &end);
        }
        self.nothing_is_there_twice(&server);
        server.stop();
        assert_eq!(self.sound(), self.kept.len());
        let name = self.database.split(':').next().unwrap_or_default();
        println!(
            "{name}: {kills} kills, {acknowledged} acknowledged, none lost; {written} more were \
             written but not answered, and answered when sent again; {} cases, none twice",
            self.kept.len()
        );
    }

    fn serve(&self) -> Server {
        Server::start(self.command(&["serve"]))
    }

    /// Cases in a database in which `verify` finds nothing.
    fn sound(&self) -> usize {
        let out = self.command(&["--json", "verify"]).output().expect("the binary runs");
        assert!(out.status.success(), "{out:?}");
        let report: Value = serde_json::from_slice(&out.stdout).expect("JSON");
        assert_eq!(report["troubles"], json!([]));
        usize::try_from(report["cases"].as_u64().expect("a number of cases")).expect("a small one")
    }

    /// Cases in the database as the kill left it: all that were acknowledged, and perhaps some of
    /// those that were on their way.
    fn left_over(&self, end: &Life) -> usize {
        let left = self.sound();
        let least = self.kept.len() + end.acknowledged.len();
        let most = least + end.unanswered.len();
        assert!((least..=most).contains(&left), "{left} cases, not {least} to {most}");
        left
    }

    /// Sends everything of the last life again, and opens what was acknowledged with its receipt.
    fn resume(&mut self, server: &Server, end: &Life) {
        let mut line = server.line().expect("a connection");
        for (marker, kept) in &end.acknowledged {
            let again = send(&mut line, marker).expect("an answer");
            assert_eq!(again, *kept, "{marker} was acknowledged, and is another appeal now");
            self.keep(marker, again);
        }
        for marker in &end.unanswered {
            let kept = send(&mut line, marker).expect("an answer");
            self.keep(marker, kept);
        }
        for (marker, Kept { number, receipt }) in &end.acknowledged {
            let path = format!("/api/v1/appeals/track?number={number}&receipt={receipt}");
            let (status, text) = line.ask("GET", &path, &[], "").expect("an answer");
            assert_eq!(status, 200, "{marker}: {text}");
            assert!(text.contains(number.as_str()), "{marker}: {text}");
        }
    }

    fn keep(&mut self, marker: &Marker, kept: Kept) {
        let first = self.kept.insert(marker.clone(), kept);
        assert_eq!(first, None, "{marker} was sent twice by this test");
    }

    /// Staff see every marker exactly once, and no other.
    fn nothing_is_there_twice(&self, server: &Server) {
        let mut line = server.line().expect("a connection");
        let login = json!({ "username": "operator", "password": PASSWORD }).to_string();
        let headers = [("content-type", "application/json")];
        let (status, text) = line.ask("POST", "/api/v1/sessions", &headers, &login).expect("sent");
        assert_eq!(status, 201, "{text}");
        let session: Value = serde_json::from_str(&text).expect("JSON");
        let token = format!("Bearer {}", session["token"].as_str().expect("a token"));
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/cases?cursor={cursor}");
            let headers = [("authorization", token.as_str())];
            let (status, text) = line.ask("GET", &path, &headers, "").expect("an answer");
            assert_eq!(status, 200, "{text}");
            let list: Value = serde_json::from_str(&text).expect("JSON");
            let items = list["items"].as_array().expect("items");
            seen.extend(items.iter().map(|i| i["summary"].as_str().expect("a summary").to_owned()));
            match list["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let markers: BTreeSet<&Marker> = self.kept.keys().collect();
        assert_eq!(seen.len(), markers.len(), "one case a marker");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>(), markers);
        let numbers: BTreeSet<&String> = self.kept.values().map(|kept| &kept.number).collect();
        assert_eq!(numbers.len(), markers.len(), "one number a case");
    }
}
