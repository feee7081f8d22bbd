//! `xiaohe pack check`, and the doctor who looks at the same pack.

use crate::support::Town;
use serde_json::Value;

#[test]
fn a_sound_pack_is_counted_and_a_broken_one_named_by_file_and_line() {
    let town = Town::new();
    let (status, found) = town.json(&["pack", "check", "packs/sample"]);
    assert_eq!(status, 0);
    assert_eq!(found["code"], "sample");
    assert!(found["workflows"].as_u64().is_some_and(|n| n >= 1), "{found}");

    town.edit("packs/common/workflows/appeal.toml", "to = \"registered\"", "to = \"nowhere\"");
    let out = town.run(&["pack", "check", "packs/sample"]);
    assert_eq!(out.status.code(), Some(1));
    let says = String::from_utf8_lossy(&out.stderr);
    assert!(says.contains("appeal.toml:"), "{says}");
    assert!(says.contains("nowhere"), "{says}");
}

#[test]
fn every_workflow_is_drawn_into_the_folder() {
    let town = Town::new();
    let (_, found) = town.json(&["pack", "check", "packs/sample"]);
    town.write("file", "");
    let out = town.run(&["pack", "draw", "packs/sample", "--out", "file"]);
    assert!(!out.status.success(), "that is no folder");
    assert!(String::from_utf8_lossy(&out.stderr).contains("making the folder"));

    let out = town.run(&["pack", "draw", "packs/sample", "--out", "drawn"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let says = String::from_utf8_lossy(&out.stdout);
    let paths: Vec<&str> = says.lines().collect();
    assert_eq!(serde_json::json!(paths.len()), found["workflows"], "{says}");
    assert!(paths.contains(&"drawn/appeal.svg"), "{says}");
    for path in paths {
        let svg = std::fs::read_to_string(town.path(path)).expect("a picture");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{path}");
    }
}

#[test]
fn the_doctor_says_what_is_missing() {
    let town = Town::new();
    let state = |found: &Value, what: &str| {
        let line = found.as_array().and_then(|f| f.iter().find(|l| l["what"] == what));
        line.map(|l| l["state"].as_str().unwrap_or_default().to_owned())
    };
    let (status, found) = town.json(&["doctor"]);
    assert_eq!(status, 1, "{found}");
    assert_eq!(state(&found, "pack").as_deref(), Some("OK"));
    assert_eq!(state(&found, "calendar").as_deref(), Some("OK"));
    assert_eq!(state(&found, "keys").as_deref(), Some("FAIL"));
    assert_eq!(state(&found, "clock").as_deref(), Some("OK"));

    town.make_keys();
    town.write("none.csv", "标题\n");
    assert!(town.run(&["import", "appeals", "none.csv"]).status.success());
    let (_, found) = town.json(&["doctor"]);
    assert_eq!(state(&found, "keys").as_deref(), Some("OK"));
    // Nobody has an account yet: a warning, not a failure.
    assert_eq!(state(&found, "database").as_deref(), Some("WARN"), "{found}");
}
