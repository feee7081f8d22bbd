//! `xiaohe account`: nobody has an account until somebody makes one.

use crate::support::Town;
use std::{io::Write, process::Stdio};

fn typed(town: &Town, args: &[&str], line: &str) -> bool {
    let mut command = town.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(line.as_bytes()).expect("typed");
    child.wait().expect("an end").success()
}

#[test]
fn accounts_are_made_listed_and_given_new_passwords() {
    let town = Town::new();
    town.make_keys();
    let create = |unit: &str, role: &str| {
        ["account", "create", "li", "--name", "李芳", "--unit", unit, "--role", role]
            .map(str::to_owned)
    };
    let run = |args: &[String], line: &str| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        typed(&town, &args, line)
    };
    let unit = "wf-9901";
    assert!(!run(&create(unit, "handler"), "short\n"), "a short password");
    assert!(!run(&create(unit, "operator"), "long enough\n"), "no operator in the federation");
    assert!(!run(&create("wf-0000", "handler"), "long enough\n"), "no such unit");
    assert!(run(&create(unit, "handler"), "long enough\n"));
    assert!(!run(&create(unit, "handler"), "long enough\n"), "the name is taken");

    let (status, list) = town.json(&["account", "list"]);
    assert_eq!(status, 0);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!((&list[0]["username"], &list[0]["unit"]), (&"li".into(), &unit.into()));
    assert!(!list.to_string().contains("argon2"), "no hash leaves the database");

    assert!(typed(&town, &["account", "password", "li"], "another long one\n"));
    assert!(!typed(&town, &["account", "password", "wang"], "another long one\n"));
}
