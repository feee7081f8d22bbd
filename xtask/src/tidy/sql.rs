//! Rules about SQL: it stands in `crates/store` alone, and its migrations are numbered 1, 2, 3, …
//! alike in every dialect.

use std::collections::BTreeMap;

use super::Finding;
use super::code::live_sources;
use super::tree::{Tree, has_ending};

/// No statement and no database driver outside the store; tests may break into a database.
pub fn outside_the_store(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let outside = |path: &str| path.starts_with("crates/") && !path.starts_with("crates/store/");
    for (path, source) in live_sources(tree) {
        if !outside(path) {
            continue;
        }
        let advice = "SQL lives in crates/store: ask the store a question by name";
        let statements = source.live_quoted().filter(|(_, text)| is_statement(text));
        let drivers = source.live_code().filter(|(_, line)| {
            ["rusqlite::", "tokio_postgres::", "deadpool_postgres::"]
                .iter()
                .any(|it| line.contains(it))
        });
        findings.extend(statements.chain(drivers).map(|(at, _)| Finding::new(path, at, advice)));
    }
    let files = tree.paths().filter(|path| outside(path) && has_ending(path, &["sql"]));
    findings.extend(files.map(|path| Finding::new(path, 1, "SQL files belong in crates/store")));
    findings
}

/// Whether quoted text reads like a statement: its first words, and for the ambiguous verbs the
/// word that must follow.
fn is_statement(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    let starts = ["insert into ", "delete from ", "create table ", "create index ", "alter table "];
    let with = |verb: &str, word: &str| text.starts_with(verb) && text.contains(word);
    starts.iter().any(|start| text.starts_with(start))
        || with("select ", " from ")
        || (with("update ", " set ") && text.contains('='))
}

/// Migrations have no gap, no double number, and the same names in every dialect.
pub fn migrations(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut dialects: BTreeMap<String, Vec<(u32, String, &str)>> = BTreeMap::new();
    let files = tree.paths().filter(|path| {
        path.starts_with("crates/") && path.contains("/migrations/") && has_ending(path, &["sql"])
    });
    for path in files {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let (stem, dialect) = file.split_once('.').unwrap_or((file, ""));
        let (number, name) = stem.split_once('_').unwrap_or((stem, ""));
        match number.parse() {
            Ok(number) => {
                let dialect = dialects.entry(format!("{folder} {dialect}")).or_default();
                dialect.push((number, name.to_owned(), path));
            }
            Err(_) => findings.push(Finding::new(path, 1, "name it NNNN_purpose.sql")),
        }
    }
    for steps in dialects.values_mut() {
        steps.sort();
        for (expected, (number, _, path)) in (1_u32..).zip(steps.iter()) {
            if *number != expected {
                let advice =
                    format!("number {number} where {expected} is next: no gaps, no doubles");
                findings.push(Finding::new(path, 1, advice));
                break;
            }
        }
    }
    findings.extend(unlike_dialects(&dialects));
    findings
}

/// Steps that one dialect has and another has not.
fn unlike_dialects(dialects: &BTreeMap<String, Vec<(u32, String, &str)>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (own, steps) in dialects {
        for (other, others) in dialects {
            let missing = steps.iter().filter(|(number, name, _)| {
                !others.iter().any(|(other, twin, _)| other == number && twin == name)
            });
            if own != other {
                findings.extend(missing.map(|(_, _, path)| {
                    let place = other.trim_end();
                    Finding::new(path, 1, format!("has no twin of the same name in {place}"))
                }));
            }
        }
    }
    findings
}
