//! The demonstration: every state has an example, and the store it leaves behind is sound.

use crate::support::{Server, Town};
use serde_json::Value;
use std::collections::BTreeSet;

const SMALL: [&str; 5] = ["demo", "--scale", "small", "--as-of", "2026-06-10T10:30+08:00"];

fn start(town: &Town) -> Server {
    Server::start(town.command(&SMALL))
}

/// The states of every case, read from the doctor's own count.
fn doctor_cases(town: &Town) -> Value {
    let (_, found) = town.json(&["doctor"]);
    found.as_array().and_then(|f| f.iter().find(|l| l["what"] == "database")).cloned().expect("one")
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
    assert_eq!(doctor_cases(&town)["state"], "OK");

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
