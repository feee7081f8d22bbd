//! The whole way out: an appeal over HTTP to the served city, its message over HTTP to a gateway,
//! a server that is killed and started again.

use crate::support::Town;
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
};
use testkit::{GATEWAY_SECRET, TestGateway};

struct Served {
    child: Child,
    port: u16,
}

impl Drop for Served {
    /// As if the machine had lost its power.
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
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary runs");
        let mut says = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = says.by_ref().map_while(Result::ok).find(|l| l.starts_with("http://"));
        assert_eq!(address, Some(format!("http://{listen}")));
        std::thread::spawn(move || says.for_each(drop));
        Self { child, port }
    }

    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let ask = format!(
            "{head} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(ask.as_bytes()).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn appeal(&self) {
        let body = json!({
            "channel": "web", "category": "1302", "summary": "问路灯", "narrative": "",
            "place": "990101001000",
            "contact": { "name": "样小燕", "phone": "10000000001", "safe_contact": "" },
        });
        let answer = self.ask("POST /api/v1/appeals", &body.to_string());
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
}

/// What the doctor says about messages.
fn says(town: &Town) -> Vec<(String, String)> {
    let (_, found) = town.json(&["doctor"]);
    let lines = found.as_array().expect("findings").iter().filter(|l| l["what"] == "messages");
    let text = |v: &serde_json::Value| v.as_str().expect("text").to_owned();
    lines.map(|l| (text(&l["state"]), text(&l["says"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_city_sends_and_survives_a_kill() {
    let town = Town::new();
    town.make_keys();
    let served = Served::start(&town);
    served.appeal();
    drop(served);
    let before = says(&town);
    assert!(before.iter().all(|(state, _)| state == "WARN"), "{before:?}");
    assert!(before[0].1.contains("1 queued, not sent: no gateway"), "{before:?}");

    let gateway = TestGateway::start().await;
    town.write("gateway.secret", GATEWAY_SECRET);
    let url = gateway.url();
    let config = format!(
        "[[gateway]]\nname = \"sms\"\nkind = \"http\"\ntakes = [\"persons\"]\nurl = \"{url}\"\n\
         secret_file = \"gateway.secret\"\n"
    );
    town.write("xiaohe.toml", &config);
    gateway.fall_silent(true);
    let served = Served::start(&town);
    gateway.arrival().await;
    // Killed while the gateway has the message and nobody has marked it.
    drop(served);
    gateway.fall_silent(false);
    let kept = says(&town);
    assert!(kept.contains(&("OK".to_owned(), "persons by sms, 1 queued".to_owned())), "{kept:?}");

    // The old message still belongs to the dead for a while; a new one leaves at once.
    let served = Served::start(&town);
    served.appeal();
    gateway.arrival().await;
    assert_eq!((gateway.taken().len(), gateway.forged()), (1, 0));
    drop(served);
    town.sound();

    town.write("xiaohe.toml", config.replace("http://127.0.0.1", "http://sms.example"));
    let wrong = says(&town);
    assert!(wrong[0].0 == "FAIL" && wrong[0].1.contains("must begin with https://"), "{wrong:?}");
}
