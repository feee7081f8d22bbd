//! `xiaohe account`: nobody has an account until somebody makes one.

use crate::support::Town;
use std::{io::Write, process::Stdio};

pub fn typed(town: &Town, args: &[&str], line: &str) -> bool {
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

#[test]
fn administrators_are_made_apart_and_the_last_one_stays() {
    let town = Town::new();
    town.make_keys();
    let create = |name: &str, roles: &[&str]| {
        let mut args = vec!["account", "create", name, "--name", "某某", "--unit", "wf-9901"];
        for role in roles {
            args.extend(["--role", role]);
        }
        typed(&town, &args, "荷花池边有一只白鹭飞\n")
    };
    assert!(!create("both", &["system_admin", "audit_admin"]), "two kinds in one hand");
    assert!(!create("sees", &["security_admin", "handler"]), "an administrator sees no case");
    assert!(create("sys", &["system_admin"]));
    assert!(create("zhang", &["handler"]));
    let run = |args: &[&str]| typed(&town, args, "");
    assert!(!run(&["account", "close", "sys"]), "the last of its kind");
    assert!(!run(&["account", "roles", "zhang", "--role", "operator"]));
    assert!(run(&["account", "roles", "zhang", "--role", "reviewer"]));
    assert!(run(&["account", "reset", "zhang"]));
    assert!(run(&["account", "forget-factor", "zhang"]));
    assert!(run(&["account", "close", "zhang", "--successor", "sys"]));
    assert!(!run(&["account", "close", "zhang"]), "it is closed already");
    assert!(run(&["verify"]), "every change is in the chain");
}
