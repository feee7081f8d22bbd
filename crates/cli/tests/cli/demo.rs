//! The demonstration: every state has an example, and the store it leaves behind is sound.

use crate::{
    account::typed,
    support::{Server, Town},
};
use serde_json::Value;
use std::collections::BTreeSet;

const SMALL: [&str; 5] = ["demo", "--scale", "small", "--as-of", "2026-06-10T10:30+08:00"];

fn start(town: &Town) -> Server {
    Server::start(town.command(&SMALL))
}

/// What the doctor says about the database.
fn doctor_of_database(town: &Town) -> Value {
    let (_, found) = town.json(&["doctor"]);
    found.as_array().and_then(|f| f.iter().find(|l| l["what"] == "database")).cloned().expect("one")
}

/// Starts the binary where it must refuse to; answers why it does.
fn refused(town: &Town, args: &[&str]) -> String {
    let out = town.run(args);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success(), "{args:?}: {said}");
    said
}

#[test]
fn known_passwords_are_served_to_nobody_else() {
    let town = Town::new();
    let open = refused(&town, &["demo", "--listen", "0.0.0.0:0"]);
    assert!(open.contains("loopback only") && !town.path("data/city.db").exists(), "{open}");

    // Somebody's real database gets no known passwords.
    town.make_keys();
    let create = ["account", "create", "li", "--name", "李芳", "--unit", "wf-9901", "--role"];
    assert!(typed(&town, &[&create[..], &["handler"]].concat(), "荷花池边有一只白鹭飞\n"));
    let build = [&SMALL[..], &["--build-only"]].concat();
    let mixed = refused(&town, &build);
    assert!(mixed.contains("no demonstration"), "{mixed}");
    let (_, accounts) = town.json(&["account", "list"]);
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "{accounts}");
}

#[test]
fn a_small_city_is_there_once_and_sound() {
    let town = Town::new();
    let built = town.run(&[&SMALL[..], &["--build-only"]].concat());
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success() && said.contains("the city was built in"), "{said}");
    let cases = town.sound();
    assert!((400..=1000).contains(&cases), "{cases} cases");

    // What serves finds the city and builds nothing.
    let running = start(&town);
    let mut line = running.line().expect("a connection");
    assert_eq!(line.ask("GET", "/readyz", &[], "").expect("an answer").0, 200);
    drop(line);
    running.stop();
    assert_eq!(town.sound(), cases);

    // And what serves a city does not serve this one, on loopback neither.
    for listen in ["0.0.0.0:0", "127.0.0.1:0"] {
        let said = refused(&town, &["serve", "--listen", listen]);
        assert!(said.contains("is a demonstration"), "{said}");
    }
    let found = doctor_of_database(&town);
    let says = found["says"].as_str().expect("words");
    assert!(found["state"] == "FAIL" && says.contains("is a demonstration"), "{found}");

    let missing = states_without_a_case(&town);
    assert!(missing.is_empty(), "no appeal is {missing:?}");
}

/// States of the appeal in which no case stands, read from the database file itself.
fn states_without_a_case(town: &Town) -> BTreeSet<String> {
    let flow = std::fs::read_to_string(town.path("packs/common/workflows/appeal.toml"));
    let flow: toml::Table = flow.expect("a workflow").parse().expect("a table");
    let states = flow["state"].as_array().expect("states").iter();
    let states = states.map(|s| s["code"].as_str().expect("a code").to_owned());
    let bytes = std::fs::read(town.path("data/city.db")).expect("a database");
    // Cases are stored as JSON; a stopped server has moved its log into the file.
    let text = String::from_utf8_lossy(&bytes);
    let found: BTreeSet<String> = text
        .split("\"workflow\":\"appeal\"")
        .skip(1)
        .filter_map(|rest| rest.get(..200).or(Some(rest))?.split_once("\"state\":\""))
        .filter_map(|(_, rest)| rest.split_once('"'))
        .map(|(state, _)| state.to_owned())
        .collect();
    states.filter(|s| !found.contains(s)).collect()
}
