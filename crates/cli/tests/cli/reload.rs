//! A pack that changes under a running server, and what it does to the cases that are open.

use crate::support::Town;
use std::{
    io::{BufRead, BufReader, Lines, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStderr, Command, Stdio},
};

const FLOW: &str = "packs/common/workflows/appeal.toml";
const HEAD: &str = "packs/sample/pack.toml";

struct Served {
    child: Child,
    port: u16,
    says: Lines<BufReader<ChildStderr>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(town: &Town) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let listen = format!("127.0.0.1:{port}");
        let mut command = town.command(&["serve", "--listen", &listen]);
        command.env("XIAOHE_LOG", "info").stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let says = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut served = Self { child, port, says };
        served.says_so("http://");
        served
    }

    /// The next line with these words; waits for it.
    fn says_so(&mut self, words: &str) -> String {
        let found = self.says.by_ref().map_while(Result::ok).find(|l| l.contains(words));
        found.unwrap_or_else(|| panic!("it never says {words}"))
    }

    fn hang_up(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().expect("kill").success());
    }

    fn home(&self) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let ask = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        stream.write_all(ask.as_bytes()).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }
}

/// The name under which the platform is known.
fn platform(town: &Town) -> String {
    let text = std::fs::read_to_string(town.path(HEAD)).expect("a pack");
    let table: toml::Table = text.parse().expect("a table");
    table["brand"]["platform"].as_str().expect("a name").to_owned()
}

fn with_cases() -> Town {
    let town = Town::new();
    town.make_keys();
    town.write("a.csv", "编号,标题\n1,一件事\n2,另一件事\n3,第三件事\n");
    assert!(town.run(&["import", "appeals", "a.csv"]).status.success());
    town
}

#[test]
fn a_hangup_reads_the_pack_again_and_refuses_a_broken_one() {
    let town = with_cases();
    let name = platform(&town);
    let mut served = Served::start(&town);
    assert!(served.home().contains(&name));

    town.edit(HEAD, &name, "改过的名称");
    town.edit(FLOW, "to = \"registered\"", "to = \"nowhere\"");
    served.hang_up();
    let fault = served.says_so("the pack was not reloaded");
    assert!(fault.contains("appeal.toml:") && fault.contains("nowhere"), "{fault}");
    let home = served.home();
    assert!(home.contains(&name) && !home.contains("改过的名称"), "the old pack stays");

    town.edit(FLOW, "to = \"nowhere\"", "to = \"registered\"");
    served.hang_up();
    served.says_so("the pack was read again");
    assert!(served.home().contains("改过的名称"));

    // A role that open cases wait for cannot go while they are open.
    let roles = "packs/common/roles.toml";
    town.edit(roles, "code = \"operator\"", "code = \"telephonist\"");
    served.hang_up();
    let fault = served.says_so("the pack was not reloaded");
    assert!(fault.contains("operator"), "{fault}");
    assert!(served.home().contains("改过的名称"));
}

#[test]
fn a_changed_clock_moves_open_cases_only_as_confirmed() {
    let town = with_cases();
    let (_, before) = town.json(&["pack", "move"]);
    assert_eq!(before["cases"].as_array().map(Vec::len), Some(0), "{before}");

    town.edit(FLOW, "span = \"4wh\"", "span = \"9wh\"");
    let (status, list) = town.json(&["pack", "move"]);
    assert_eq!(status, 0, "{list}");
    let cases = list["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 3, "{list}");
    for case in cases {
        let moved = case["deadlines"].as_array().expect("deadlines");
        assert_eq!(moved.len(), 1, "{case}");
        assert_eq!(moved[0]["clock"], "register");
        assert!(moved[0]["due"].as_str() < moved[0]["then"].as_str(), "{case}");
    }
    assert_eq!(list["clocks"][0]["deadlines"], 3);
    assert_eq!(town.sound(), 3, "they live on under the rules they began with");

    let name = list["list"].as_str().expect("a name");
    let wrong = ["pack", "move", "--confirm", &"0".repeat(32), "--reason", "试"];
    assert!(!town.run(&wrong).status.success());
    assert!(!town.run(&["pack", "move", "--confirm", name]).status.success(), "a reason is needed");
    let (_, same) = town.json(&["pack", "move"]);
    assert_eq!(same, list, "nothing was moved by asking");

    let right = ["pack", "move", "--confirm", name, "--reason", "新的登记时限"];
    for _ in 0..2 {
        let (status, done) = town.json(&right);
        assert_eq!((status, &done["confirmed"], &done["left"]), (0, &3.into(), &0.into()));
    }
    assert_eq!(town.sound(), 3);
    let out = town.run(&["pack", "move"]);
    let says = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(says.contains("nothing to move"), "{says}");
}
