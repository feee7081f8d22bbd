//! `kill -9` in the middle of long work that lets go or wraps again: run once more it ends as if
//! nothing had been, and `xiaohe verify` finds nothing, before and after.

use crate::support::Town;
use domain::{audit::Deed, case::Actor};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Record, Store};
use testkit::{Appeal, Stand, actor, staff, unit};
use vault::Keys;

/// Nothing here takes longer.
const LONGEST: Duration = Duration::from_mins(5);

/// A city whose database is filled by the library and then kept by the binary.
struct City {
    town: Town,
    stand: Stand,
}

impl City {
    async fn new(mut stand: Stand) -> Self {
        let town = Town::new();
        town.make_keys();
        // So that what was closed in the past is due today.
        town.edit("packs/common/retention.toml", "years = 10", "years = 1");
        let keys = Keys::load(&town.path("city.keys")).expect("keys");
        stand.store = Store::open(&stand.url, Arc::new(keys)).await.expect("a store");
        stand.store.keep_rules(&stand.pack, stand.clock.now()).await.expect("rules");
        Self { town, stand }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.town.command(args);
        command.env("XIAOHE_DB", &self.stand.url);
        command
    }

    fn json(&self, args: &[&str]) -> Value {
        let out = self.command(&[&["--json"], args].concat()).output().expect("the binary runs");
        assert!(out.status.success(), "{args:?}: {out:?}");
        let last = String::from_utf8_lossy(&out.stdout);
        serde_json::from_str(&last).unwrap_or_else(|e| panic!("{e}: {last}"))
    }

    fn sound(&self) {
        assert_eq!(self.json(&["verify"])["troubles"], json!([]));
    }

    /// Runs a command until it says that it has come some way, and kills it there.
    fn kill_underway(&self, args: &[&str]) {
        let mut command = self.command(args);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let says = BufReader::new(child.stderr.take().expect("a pipe"));
        let shown = says.lines().map_while(Result::ok).find(|line| line.contains(" of "));
        assert!(shown.is_some(), "{args:?} ended before it said anything");
        child.kill().expect("killed");
        child.wait().expect("an end");
    }
}

/// On each database.
async fn on_both(test: impl AsyncFn(City)) {
    let begun = Instant::now();
    for stand in testkit::stores().await {
        test(City::new(stand).await).await;
    }
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_rewrap_is_gone_on_from() {
    on_both(async |city: City| {
        const CASES: usize = 900;
        let store = &city.stand.store;
        let open = (0..CASES).map(|n| {
            let appeal = Appeal::new("1302", &format!("第{n}件"));
            let (store, pack, now) =
                (store.clone(), city.stand.pack.clone(), city.stand.clock.now());
            tokio::spawn(async move { store.open_case(&pack, now, appeal.new_case()).await })
        });
        for task in open.collect::<Vec<_>>() {
            task.await.expect("an end").expect("opened");
        }
        let secret = store.begin_factor(7).await.expect("a factor");
        assert!(city.command(&["keys", "rotate", "city.keys"]).status().expect("run").success());
        city.kill_underway(&["keys", "rewrap"]);
        let under = store.wrapped_under().await.expect("counted");
        let (old, new) = (under.get(&1).copied(), under.get(&2).copied());
        assert!(old > Some(0) && new > Some(0), "it was in the middle: {under:?}");
        city.sound();
        let report = city.json(&["keys", "rewrap"]);
        let left = old.unwrap_or(0);
        let done = report["cases"].as_i64().unwrap_or(0) + report["factors"].as_i64().unwrap_or(0);
        assert_eq!(done, left, "what was done is not done again: {report}");
        assert_eq!(report["still_needed"], json!([]));
        let under = store.wrapped_under().await.expect("counted");
        let all = i64::try_from(CASES + 1).expect("few");
        assert_eq!((under.get(&1).copied().unwrap_or(0), under[&2]), (0, all));
        city.sound();
        assert_eq!(store.begin_factor(7).await.expect("a factor"), secret);
    })
    .await;
}

/// Who does what, and with which fields.
type Done<'a> = (Actor, &'a str, &'a [(&'a str, &'a str)]);

/// Answered, visited and closed.
async fn closed(stand: &Stand, n: usize) {
    let case = stand.open(&Appeal::new("1302", &format!("第{n}件"))).await.done.case;
    let at = |account, unit: &str, role: &str| actor(account, unit, role);
    let operator = at(1, unit::HOTLINE, "operator");
    let steps: [Done<'_>; 7] = [
        (operator.clone(), "register", &[("category", "1302")]),
        (operator, "to_triage", &[]),
        (at(3, unit::HOTLINE, "dispatcher"), "dispatch_to", &[("unit", unit::EAST)]),
        (at(11, unit::EAST, "handler"), "sign", &[]),
        (
            at(11, unit::EAST, "handler"),
            "submit_reply",
            &[("answer", "已上门调解"), ("outcome", "resolved")],
        ),
        (at(12, unit::EAST, "reviewer"), "approve_reply", &[]),
        (
            at(4, unit::CITY, "visitor"),
            "record_visit",
            &[("attitude", "4"), ("result", "5"), ("visit_note", "本人接听")],
        ),
    ];
    for (who, action, fields) in steps {
        stand.act(&who, case, action, fields).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_erasure_is_gone_on_from() {
    on_both(async |city: City| {
        const CASES: i64 = 80;
        for n in 0..CASES {
            closed(&city.stand, usize::try_from(n).expect("few")).await;
        }
        let list = city.json(&["retention"])["list"].as_str().expect("a list").to_owned();
        city.kill_underway(&["retention", "--do", &list]);
        let left: i64 = city.stand.store.wrapped_under().await.expect("counted").values().sum();
        assert!((1..CASES).contains(&left), "it was in the middle: {left}");
        city.sound();
        let done = city.json(&["retention", "--do", &list]);
        assert_eq!((&done["total"], &done["genuine"]), (&json!(CASES), &json!(true)), "{done}");
        assert_eq!(done["number"], 1, "one certificate for the whole list");
        let left: i64 = city.stand.store.wrapped_under().await.expect("counted").values().sum();
        assert_eq!(left, 0);
        city.sound();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deeds_that_leave_under_a_kill_leave_once() {
    on_both(async |city: City| {
        const PEOPLE: i64 = 40;
        const EACH: u32 = 200;
        let (store, clock) = (&city.stand.store, &city.stand.clock);
        clock.set("2022-03-10T09:00+08:00");
        let now = clock.now();
        let tasks = (1..=PEOPLE).map(|account| {
            let store = store.clone();
            tokio::spawn(async move {
                let who = staff(account, unit::EAST, "handler");
                for hits in 0..EACH {
                    let record = Record::of(&who, vec![Deed::Searched { hits }]);
                    store.record(now, record).await.expect("remembered");
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("an end");
        }
        city.kill_underway(&["retention", "--routine"]);
        let certificates = store.deed_certificates(i64::MAX).await.expect("read");
        let left: i64 = certificates.iter().map(|c| c.total).sum();
        let all = PEOPLE * i64::from(EACH);
        assert!((1..all).contains(&left), "it was in the middle: {left}");
        city.sound();
        let report = city.json(&["retention", "--routine"]);
        assert_eq!(report["entries"], all - left, "{report}");
        let certificates = store.deed_certificates(i64::MAX).await.expect("read");
        let total: i64 = certificates.iter().map(|c| c.total).sum();
        assert_eq!((total, certificates.iter().all(|c| c.genuine)), (all, true));
        city.sound();
        assert_eq!(city.json(&["retention", "--routine"])["entries"], 0, "once");
    })
    .await;
}
