//! The demonstration: every state has an example, and the store it leaves behind is sound.

use crate::support::Town;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

struct Running {
    child: Child,
    port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts and waits until the address is printed, which is after everything is there.
    fn start(town: &Town) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let listen = format!("127.0.0.1:{port}");
        let mut command = town.command(&["demo", "--scale", "small", "--listen", &listen]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary runs");
        let mut says = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = says.by_ref().map_while(Result::ok).find(|l| l.starts_with("http://"));
        assert_eq!(address, Some(format!("http://{listen}")));
        // Nobody may be stopped by a full pipe.
        std::thread::spawn(move || says.for_each(drop));
        Self { child, port }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let ask = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().expect("kill").success());
        assert!(self.child.wait().expect("an end").success(), "it ends in peace");
    }
}

/// The states of every case, read from the doctor's own count.
fn doctor_cases(town: &Town) -> Value {
    let (_, found) = town.json(&["doctor"]);
    found.as_array().and_then(|f| f.iter().find(|l| l["what"] == "database")).cloned().expect("one")
}

#[test]
fn a_small_city_is_there_once_and_sound() {
    let town = Town::new();
    let running = Running::start(&town);
    assert!(running.get("/readyz").starts_with("HTTP/1.1 200"));
    running.stop();
    let cases = town.sound();
    assert!((400..=560).contains(&cases), "{cases} cases");
    assert_eq!(doctor_cases(&town)["state"], "OK");

    // A second start finds the city and builds nothing.
    Running::start(&town).stop();
    assert_eq!(town.sound(), cases);

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
