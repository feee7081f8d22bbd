//! Wrapping keys turn over from the command line: rotate, wrap again, take the old one away; and
//! taking it away too early is refused in words.

use crate::support::Town;
use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

fn said(out: &std::process::Output) -> String {
    let (out, err) = (&out.stdout, &out.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// As if the key file had been changed long ago, so that every server has read it.
fn age(town: &Town) {
    let file = File::options().append(true).open(town.path("city.keys")).expect("the keys");
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    file.set_modified(then).expect("an older file");
}

#[test]
fn keys_turn_over_and_the_old_one_goes_when_nothing_needs_it() {
    let town = Town::new();
    town.make_keys();
    town.write("a.csv", "编号,标题\n1,一件事\n2,另一件事\n3,第三件事\n");
    assert!(town.run(&["import", "appeals", "a.csv"]).status.success());
    assert!(town.run(&["keys", "rotate", "city.keys"]).status.success());
    age(&town);
    let early = town.run(&["keys", "retire", "1"]);
    assert!(!early.status.success());
    assert!(said(&early).contains("wrap.1 still opens 3 data keys"), "{}", said(&early));
    let (status, report) = town.json(&["keys", "rewrap"]);
    assert_eq!((status, &report["newest"], &report["cases"]), (0, &2.into(), &3.into()));
    assert_eq!(report["still_needed"], serde_json::json!([]));
    let (_, again) = town.json(&["keys", "rewrap"]);
    assert_eq!(again["cases"], 0, "nothing is left to do");
    let out = town.run(&["keys", "retire", "1"]);
    assert!(out.status.success(), "{}", said(&out));
    assert!(!fs::read_to_string(town.path("city.keys")).expect("keys").contains("wrap.1"));
    assert_eq!(town.sound(), 3);
    let newest = town.run(&["keys", "retire", "2"]);
    assert!(!newest.status.success());
}

#[test]
fn a_key_that_is_missed_is_named_before_anything_is_served() {
    let town = Town::new();
    town.make_keys();
    town.write("a.csv", "编号,标题\n1,一件事\n");
    assert!(town.run(&["import", "appeals", "a.csv"]).status.success());
    assert!(town.run(&["keys", "rotate", "city.keys"]).status.success());
    let path = town.path("city.keys");
    let whole = fs::read_to_string(&path).expect("keys");
    let cut: Vec<&str> = whole.lines().filter(|l| !l.starts_with("wrap.1 ")).collect();
    let cut = cut.join(
        "
",
    );
    fs::write(&path, cut).expect("cut");
    for args in [&["serve", "--listen", "127.0.0.1:1"][..], &["doctor"], &["verify"]] {
        let out = town.run(args);
        assert!(!out.status.success(), "{args:?}");
        assert!(
            said(&out).contains("the key file has no wrap.1, and 1 data keys"),
            "{}",
            said(&out)
        );
    }
    fs::write(&path, whole).expect("put back");
    assert_eq!(town.sound(), 1);
}

#[test]
fn nothing_is_erased_that_was_not_named() {
    let town = Town::new();
    town.make_keys();
    town.write("a.csv", "编号,标题\n1,一件事\n");
    assert!(town.run(&["import", "appeals", "a.csv"]).status.success());
    let (status, list) = town.json(&["retention"]);
    assert_eq!((status, &list["cases"]), (0, &serde_json::json!([])));
    let out = town.run(&["retention", "--do", &"0".repeat(32)]);
    assert!(said(&out).contains("nothing was erased"), "{}", said(&out));
    let none = town.run(&["retention", "--certificate", "1"]);
    assert!(said(&none).contains("there is no certificate 1"), "{}", said(&none));
    assert_eq!(town.sound(), 1);
}
