//! Away and back: what a backup holds is what a restore brings.

use crate::support::Town;
use std::fs;

#[test]
fn a_backup_comes_back_sound_and_overwrites_nothing_unasked() {
    let town = Town::new();
    town.make_keys();
    town.write("a.csv", "编号,标题\n1,一件事\n2,另一件事\n");
    assert!(town.run(&["import", "appeals", "a.csv"]).status.success());

    let out = town.run(&["backup", "--to", "copy.db"]);
    assert!(out.status.success(), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("city.keys is not in it"));
    assert!(!town.run(&["backup", "--to", "copy.db"]).status.success(), "never over a backup");

    town.write("b.csv", "编号,标题\n3,第三件事\n");
    assert!(town.run(&["import", "appeals", "b.csv"]).status.success());
    assert_eq!(town.sound(), 3);
    assert!(!town.run(&["restore", "copy.db"]).status.success(), "never over a database");
    assert_eq!(town.sound(), 3);

    let out = town.run(&["restore", "copy.db", "--replace"]);
    assert!(out.status.success(), "{out:?}");
    assert_eq!(town.sound(), 2);
    assert!(town.path("data/city.db.old").exists(), "the old one is set aside");

    fs::remove_dir_all(town.path("data")).expect("gone");
    assert!(town.run(&["restore", "copy.db"]).status.success());
    assert_eq!(town.sound(), 2);
}

#[test]
fn a_damaged_backup_replaces_nothing() {
    let town = Town::new();
    town.make_keys();
    town.write("a.csv", "编号,标题\n1,一件事\n");
    assert!(town.run(&["import", "appeals", "a.csv"]).status.success());
    assert!(town.run(&["backup", "--to", "copy.db"]).status.success());
    let mut bytes = fs::read(town.path("copy.db")).expect("a copy");
    let facts = b"\"t\":\"opened\"";
    let at = bytes.windows(facts.len()).position(|w| w == facts).expect("an entry");
    bytes[at + 5] = b'O';
    town.write("copy.db", bytes);
    let out = town.run(&["restore", "copy.db", "--replace"]);
    assert!(!out.status.success(), "{out:?}");
    assert_eq!(town.sound(), 1);
    assert!(!town.path("data/city.db.restoring").exists());
}

#[test]
fn a_mistyped_path_is_no_empty_database() {
    let town = Town::new();
    town.make_keys();
    for args in [&["verify"][..], &["backup", "--to", "copy.db"], &["account", "list"]] {
        assert!(!town.run(args).status.success(), "{args:?}");
        assert!(!town.path("data/city.db").exists(), "{args:?}");
    }
}
