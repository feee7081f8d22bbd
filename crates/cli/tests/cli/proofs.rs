//! The identity provider on the command line: settings, the doctor, and who is bound to whom.

use crate::support::Town;
use serde_json::Value;
use testkit::{CLIENT, CLIENT_SECRET, TestProvider};

fn line(found: &Value, what: &str) -> (String, String) {
    let line = found.as_array().and_then(|f| f.iter().find(|l| l["what"] == what));
    let line = line.unwrap_or_else(|| panic!("no {what} in {found}"));
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("says"))
}

fn settings(issuer: &str, more: &str) -> String {
    format!(
        "address = \"https://care.example\"\n[provider]\nname = \"统一身份认证\"\n\
         issuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\n{more}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_looks_at_the_provider() {
    let town = Town::new();
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(line(&found, "provider").0, "OK", "none is no fault");
    assert_eq!(line(&found, "passkeys").0, "WARN");

    let provider = TestProvider::start().await;
    town.write("xiaohe.toml", settings(&provider.issuer(), ""));
    let (_, found) = town.json(&["doctor"]);
    let (state, says) = line(&found, "provider");
    assert_eq!(state, "FAIL");
    assert!(says.contains("secret_file") && says.contains("XIAOHE_PROVIDER_SECRET"), "{says}");

    town.write("secret", CLIENT_SECRET);
    let secret = "secret_file = \"secret\"\n";
    town.write("xiaohe.toml", settings(&provider.issuer(), secret));
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(line(&found, "provider").0, "OK", "{found}");
    assert_eq!(line(&found, "passkeys"), ("OK".into(), "bound to care.example".into()));
    assert!(!found.to_string().contains(CLIENT_SECRET));

    // It describes itself under another name than the settings.
    let other = provider.issuer().replace("127.0.0.1", "localhost");
    town.write("xiaohe.toml", settings(&other, secret));
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(line(&found, "provider").0, "WARN", "{found}");
    provider.set_away(true);
    town.write("xiaohe.toml", settings(&provider.issuer(), secret));
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(line(&found, "provider").0, "WARN", "{found}");

    town.write("xiaohe.toml", settings("http://id.example", secret));
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(line(&found, "provider").0, "FAIL", "in the open");
    town.write("xiaohe.toml", "address = \"http://care.example\"\n");
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(line(&found, "passkeys").0, "FAIL", "in the open");
    town.write("xiaohe.toml", "address = \"https://10.0.0.1\"\n");
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(line(&found, "passkeys").0, "WARN", "a number");
}

#[test]
fn whoever_commands_the_machine_binds_and_unbinds() {
    let town = Town::new();
    town.make_keys();
    for name in ["lin", "wang"] {
        let args =
            ["account", "create", name, "--name", "某某", "--unit", "wf-9901", "--role", "handler"];
        assert!(crate::account::typed(&town, &args, "荷花池边有一只白鹭飞\n"));
    }
    let run = |args: &[&str]| town.run(args).status.success();
    let bind = |who: &str, subject: &str| run(&["account", "bind", who, "--subject", subject]);
    assert!(!bind("lin", "7c1d"), "there is no provider");
    town.write("xiaohe.toml", settings("https://id.example", ""));
    assert!(bind("lin", "7c1d"));
    assert!(!bind("wang", "7c1d"), "it is somebody else's");
    assert!(!bind("lin", "another"), "one identity an account");
    assert!(!bind("nobody", "another"));
    assert!(run(&["account", "unbind", "lin"]));
    assert!(!run(&["account", "unbind", "lin"]));
    assert!(bind("wang", "7c1d"));
    assert_eq!(town.sound(), 0);
    let kept = std::fs::read(town.path("data/city.db")).expect("the database");
    assert!(!kept.windows(4).any(|part| part == b"7c1d"), "no identity stands in the database");
}
