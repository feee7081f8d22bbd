//! The demonstration: every state has an example, and the store it leaves behind is sound.

use crate::{
    account::typed,
    support::{Server, Town},
};
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf, process::Output};
use toml::Table;

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

/// A city that once printed this sentence.
fn city_that_says(sentence: &str) -> PathBuf {
    let says = |city: &PathBuf| {
        let press = std::fs::read_to_string(city.join("press.toml")).unwrap_or_default();
        press.contains(&format!("code = \"{sentence}\""))
    };
    Town::cities().into_iter().find(says).expect("a city that says it")
}

/// Late in a year of which most is known.
const LATE: [&str; 3] = ["demo", "--as-of", "2026-11-20T10:30+08:00"];

fn built(town: &Town, scale: &str) -> (Output, String) {
    let built = town.run(&[&LATE[..], &["--scale", scale, "--build-only"]].concat());
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    (built, said)
}

/// All projects of the article, as many for each as it says, with lights of every colour.
#[test]
fn the_projects_of_the_year_are_those_of_the_article() {
    let town = Town::of(&city_that_says("projects_of_the_year"));
    let (built, said) = built(&town, "small");
    assert!(built.status.success() && said.contains("1 sentences read"), "{said}");
    let running = Server::start(town.command(&LATE));
    let mut line = running.line().expect("a connection");
    let (status, page) = line.ask("GET", "/projects/public?year=2026", &[], "").expect("a page");
    drop(line);
    running.stop();
    assert_eq!(status, 200);
    for whom in ["women", "children"] {
        let group = page.split(&format!("<h2 id=\"g-{whom}\">")).nth(1).expect("a group");
        let group = group.split("</section>").next().expect("its end");
        assert_eq!(group.matches("<h3>").count(), 10, "for {whom}");
    }
    for light in ["light \">", "light light-yellow\">", "light light-red\">"] {
        assert!(page.contains(light), "no {light}");
    }
}

/// The pack of a city a thousand times smaller: its ledgers, and what it says of them in whole numbers.
fn shrink(town: &Town) -> Table {
    let read = |name: &str| -> Table {
        std::fs::read_to_string(town.path(name)).expect("a file").parse().expect("a table")
    };
    let mut ledgers = read("packs/sample/ledgers.toml");
    ledgers["appeals"] = 40.into();
    let mut large = BTreeSet::new();
    for ledger in ledgers["ledger"].as_array_mut().expect("ledgers") {
        let records = ledger["records"].as_integer().expect("a number");
        large.insert(records);
        ledger["records"] = small(records).into();
    }
    town.write("packs/sample/ledgers.toml", ledgers.to_string());
    let mut press = read("packs/sample/press.toml");
    for sentence in press["sentence"].as_array_mut().expect("sentences") {
        let Some(numbers) = sentence.get("printed").map(|printed| printed["numbers"].clone())
        else {
            continue;
        };
        let numbers = numbers.as_table().expect("numbers").clone();
        if numbers.values().all(|n| n.as_integer().is_some_and(|n| large.contains(&n))) {
            for n in numbers.keys() {
                print(sentence, n, small(numbers[n].as_integer().expect("a number")));
            }
        }
    }
    town.write("packs/sample/press.toml", press.to_string());
    press
}

fn small(n: i64) -> i64 {
    (n + 999) / 1_000
}

/// Writes a sentence as if it had been printed with this number of a figure, to the last digit.
fn print(sentence: &mut toml::Value, figure: &str, n: i64) {
    let text = sentence["text"].as_str().expect("a text").to_owned();
    let at = text.find(&format!("{{{figure} ")).expect("a place");
    let (before, rest) = text.split_at(at);
    let (place, after) = rest.split_once('}').expect("its end");
    let words: Vec<&str> = place.split(' ').take(2).collect();
    sentence["text"] = format!("{before}{}}}{after}", words.join(" ")).into();
    sentence["printed"]["numbers"][figure] = n.into();
    let mut reads = sentence["text"].as_str().expect("a text").to_owned();
    for (figure, n) in sentence["printed"]["numbers"].as_table().expect("numbers") {
        let at = reads.find(&format!("{{{figure} ")).expect("a place");
        let end = at + reads[at..].find('}').expect("its end");
        reads.replace_range(at..=end, &n.to_string());
    }
    sentence["printed"]["reads"] = reads.into();
}

/// The ledgers of a city are what its sentences say, or the demonstration says which one is not.
#[test]
fn what_was_printed_comes_out_of_the_records_of_a_city() {
    let town = Town::of(&city_that_says("jobs_and_homes"));
    let mut press = shrink(&town);
    let (status, said) = built(&town, "city");
    assert!(status.status.success(), "{said}");
    assert!(said.contains("4 sentences read as they were printed"), "{said}");
    let sentences = press["sentence"].as_array_mut().expect("sentences");
    let jobs = sentences.iter_mut().find(|s| s["code"].as_str() == Some("jobs_and_homes"));
    let jobs = jobs.expect("a sentence");
    let placed = jobs["printed"]["numbers"]["jobs_placed"].as_integer().expect("a number");
    print(jobs, "jobs_placed", placed + 1);
    town.write("packs/sample/press.toml", press.to_string());
    let (status, said) = built(&town, "city");
    assert!(!status.status.success(), "{said}");
    assert!(said.contains("the sentence jobs_and_homes was printed"), "{said}");
    assert!(said.contains(&format!("安置妇女就业{placed}人次")), "what the records say: {said}");
}
