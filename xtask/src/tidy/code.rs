//! Rules about Rust files: their size, their head, their words, and what they must not call.
//!
//! What the compiler or clippy already refuses is not repeated here, except `unwrap`, which a
//! local `allow` could hide from clippy.

use super::rust::{Source, is_word};
use super::tree::{Tree, has_ending, is_rust};
use super::{Finding, rust};

const MOST_LINES: usize = 500;

/// Words that say nothing about what a type is for.
const EMPTY_WORDS: [&str; 12] = [
    "Manager", "Managers", "Service", "Services", "Helper", "Helpers", "Util", "Utils", "Dto",
    "Dtos", "Entity", "Entities",
];

/// The source files that are built into a program, each taken apart; a module behind
/// `#[cfg(test)]` is left out even when it is a file of its own.
pub fn live_sources(tree: &Tree) -> Vec<(&str, Source)> {
    let mut sources: Vec<(&str, Source)> =
        tree.sources().map(|(path, text)| (path, Source::read(text))).collect();
    let for_tests: Vec<String> = sources
        .iter()
        .flat_map(|(path, source)| {
            let base = modules_of(path);
            source.test_modules.iter().map(move |name| format!("{base}/{name}"))
        })
        .collect();
    sources.retain(|(path, _)| {
        let module = path.trim_end_matches(".rs");
        !for_tests.iter().any(|test| {
            module
                .strip_prefix(test.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    });
    sources
}

/// The folder in which the modules declared by this file stand.
fn modules_of(path: &str) -> &str {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder,
        _ => path.trim_end_matches(".rs"),
    }
}

/// At most 500 lines that are not tests.
pub fn size(tree: &Tree) -> Vec<Finding> {
    let long = live_sources(tree).into_iter().filter_map(|(path, source)| {
        let live = source.in_test.iter().filter(|in_test| !**in_test).count();
        (live > MOST_LINES).then(|| {
            let advice = format!(
                "{live} lines before tests, {MOST_LINES} at most: split the file where its words change"
            );
            Finding::new(path, MOST_LINES + 1, advice)
        })
    });
    long.collect()
}

/// Every module file opens with `//!`.
pub fn head(tree: &Tree) -> Vec<Finding> {
    let headless = tree.sources().filter(|(_, text)| !text.trim_start().starts_with("//!"));
    let advice = "open the module with `//!`: what it decides, what it must never do";
    headless.map(|(path, _)| Finding::new(path, 1, advice)).collect()
}

/// No `unwrap` or `expect` in a program. The testkit is test code.
pub fn panic(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in live_sources(tree) {
        if path.starts_with("crates/testkit/") {
            continue;
        }
        for (at, line) in source.live_code() {
            let call = [".unwrap()", ".expect(", ".unwrap_err()", ".expect_err("]
                .into_iter()
                .find(|call| line.contains(call));
            if let Some(call) = call {
                let advice = format!("`{call}` outside tests: return a Refusal, Fault or Corrupt");
                findings.push(Finding::new(path, at, advice));
            }
        }
    }
    findings
}

/// The one file in which a route is added, together with the rule of who may use it.
const ROUTE_TABLE: &str = "crates/web/src/routes.rs";

/// No route of the web beside the table: it would have no rule, and no test would walk it.
pub fn routes(tree: &Tree) -> Vec<Finding> {
    const ADDS: [&str; 6] =
        [".route(", ".merge(", ".nest(", ".route_service(", ".nest_service(", "Router::new("];
    // Finding the unit for a matter is no route of the web.
    let plain = |line: &str| line.replace(".routing.route(", "");
    let mut findings = Vec::new();
    for (path, source) in live_sources(tree) {
        if !path.starts_with("crates/web/src/") || path == ROUTE_TABLE {
            continue;
        }
        for (at, line) in source.live_code() {
            if let Some(adds) = ADDS.into_iter().find(|adds| plain(line).contains(adds)) {
                let advice = format!(
                    "`{adds}` beside the route table: add it with its rule, as {ROUTE_TABLE} does"
                );
                findings.push(Finding::new(path, at, advice));
            }
        }
    }
    findings
}

/// No type or module is named with a word that fits everything.
pub fn words(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in rust_files(tree) {
        for (at, line) in (1..).zip(Source::read(text).code) {
            for name in declared_names(&line) {
                if let Some(word) = empty_word(name) {
                    let advice = format!(
                        "`{name}`: `{word}` says nothing; name it by what it is, in the city's words"
                    );
                    findings.push(Finding::new(path, at, advice));
                }
            }
        }
    }
    findings
}

/// The names that a line declares with `struct`, `enum`, `trait`, `mod`, `type` or `union`.
fn declared_names(line: &str) -> impl Iterator<Item = &str> {
    let words: Vec<&str> =
        line.split(|char| !is_word(char)).filter(|word| !word.is_empty()).collect();
    let pairs: Vec<(&str, &str)> = words.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs
        .into_iter()
        .filter(|(keyword, _)| {
            ["struct", "enum", "trait", "mod", "type", "union"].contains(keyword)
        })
        .map(|(_, name)| name)
}

fn empty_word(name: &str) -> Option<&'static str> {
    let mut parts: Vec<String> = Vec::new();
    for char in name.chars() {
        if char == '_' || char.is_uppercase() || parts.is_empty() {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut().filter(|_| char != '_') {
            last.push(char.to_ascii_lowercase());
        }
    }
    EMPTY_WORDS.into_iter().find(|word| parts.contains(&word.to_ascii_lowercase()))
}

/// Nothing half done: no `todo!`, no `dbg!`, no ignored test, no note to oneself.
pub fn unfinished(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in rust_files(tree) {
        let source = Source::read(text);
        for (at, line) in (1..).zip(&source.code) {
            let call = ["todo!", "unimplemented!", "dbg!", "#[ignore"].into_iter().find(|call| {
                line.match_indices(call).any(|(from, _)| !line[..from].ends_with(is_word))
            });
            if let Some(call) = call {
                findings.push(Finding::new(
                    path,
                    at,
                    format!("`{call}`: finish it or take it out"),
                ));
            }
        }
        findings.extend(notes(path, source.comments.iter().map(String::as_str)));
    }
    let endings = ["html", "css", "js", "mjs", "ts", "sql", "svg", "toml", "sh"];
    for (path, text) in tree.under("") {
        if has_ending(path, &endings) && !path.starts_with("packs/") {
            findings.extend(notes(path, text.lines()));
        }
    }
    findings
}

fn notes<'a>(path: &str, lines: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let noted = (1..).zip(lines).filter_map(|(at, line)| {
        let mut words = line.split(|char| !is_word(char));
        let note = words.find(|word| ["FIXME", "TODO", "XXX"].contains(word))?;
        Some(Finding::new(
            path,
            at,
            format!("`{note}`: do it, or write it down where work is kept"),
        ))
    });
    noted.collect()
}

/// Time is an argument: nobody asks the machine for it but the places in the allow file.
pub fn clock(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let advice = "asks the machine for the time: take `now` as an argument instead";
    for (path, text) in rust_files(tree).filter(|(path, _)| path.starts_with("crates/")) {
        let source = Source::read(text);
        let calls = ["SystemTime::now", "Timestamp::now", "Zoned::now", "Utc::now", "Local::now"];
        let asks = |line: &str| calls.iter().any(|call| line.contains(call));
        let lines = (1..).zip(source.code.iter().zip(&source.quoted));
        let asking = lines.filter(|(_, (code, quoted))| asks(code) || database_clock(quoted));
        findings.extend(asking.map(|(at, _)| Finding::new(path, at, advice)));
    }
    for (path, text) in tree.under("crates/").filter(|(path, _)| has_ending(path, &["sql"])) {
        let lines = (1..).zip(text.lines());
        let asking = lines.filter(|(_, line)| database_clock(line));
        findings.extend(asking.map(|(at, _)| Finding::new(path, at, advice)));
    }
    findings
}

/// Whether a statement asks the database for the time.
fn database_clock(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    ["current_timestamp", "current_date", "'now'", "clock_timestamp("]
        .iter()
        .any(|word| sql.contains(word))
        || sql.match_indices("now()").any(|(at, _)| !sql[..at].ends_with(rust::is_word))
}

fn rust_files(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    let ours = |path: &str| ["crates/", "xtask/", "bench/"].iter().any(|own| path.starts_with(own));
    tree.under("").filter(move |(path, _)| is_rust(path) && ours(path))
}
