//! `cargo xtask tidy`: the house rules that no compiler knows, each told with file, line and advice.
//!
//! A rule is one function from the checkout, held in memory, to findings; so each rule is tested
//! with snippets that break it (`cases.rs`). It never changes a file, and never looks at what
//! is built or downloaded.

use std::path::Path;

use crate::Failure;
use tree::Tree;

mod code;
mod docs;
mod files;
mod names;
mod pages;
mod rust;
mod sql;
mod text;
mod tree;

#[cfg(test)]
mod cases;

/// One place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// From the repository root.
    path: String,
    /// From 1.
    line: usize,
    /// What is wrong and what to do about it, in one line.
    advice: String,
}

impl Finding {
    fn new(path: &str, line: usize, advice: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, advice: advice.into() }
    }
}

struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

const RULES: [Rule; 17] = [
    Rule { name: "size", check: code::size },
    Rule { name: "head", check: code::head },
    Rule { name: "panic", check: code::panic },
    Rule { name: "words", check: code::words },
    Rule { name: "unfinished", check: code::unfinished },
    Rule { name: "clock", check: code::clock },
    Rule { name: "routes", check: code::routes },
    Rule { name: "sql", check: sql::outside_the_store },
    Rule { name: "migrations", check: sql::migrations },
    Rule { name: "names", check: names::check },
    Rule { name: "docs", check: docs::check },
    Rule { name: "inline", check: pages::inline },
    Rule { name: "inline-rust", check: pages::inline_in_rust },
    Rule { name: "keys", check: text::keys },
    Rule { name: "languages", check: text::languages },
    Rule { name: "lockfiles", check: files::lockfiles },
    Rule { name: "skipped", check: files::skipped_tests },
];

/// The rules for which `tidy/allow.txt` may name an exception.
const EXCUSABLE: [&str; 3] = ["clock", "panic", "sql"];

const ALLOW_FILE: &str = "xtask/tidy/allow.txt";

/// Checks the checkout at `root` and prints every finding.
pub fn run(root: &Path) -> Result<(), Failure> {
    let tree = Tree::read(root)
        .map_err(|error| Failure::Failed(format!("the checkout cannot be read: {error}")))?;
    let findings = check(&tree);
    for (rule, Finding { path, line, advice }) in &findings {
        println!("{path}:{line}: {rule}: {advice}");
    }
    println!("tidy: {} rules, {} files, {} findings", RULES.len(), tree.len(), findings.len());
    if findings.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!("{} findings against the house rules", findings.len())))
}

/// Every finding that is not excused, and every excuse that is wrong, in order of rule and place.
fn check(tree: &Tree) -> Vec<(&'static str, Finding)> {
    let mut excuses = Excuses::read(tree.text(ALLOW_FILE).unwrap_or_default());
    let mut findings = Vec::new();
    for rule in &RULES {
        let broken = (rule.check)(tree);
        findings.extend(
            broken
                .into_iter()
                .filter(|finding| !excuses.cover(rule.name, &finding.path))
                .map(|finding| (rule.name, finding)),
        );
    }
    findings.extend(excuses.wrong().into_iter().map(|finding| ("allow", finding)));
    findings
}

/// The lines of `tidy/allow.txt`, and which of them were needed.
struct Excuses<'a> {
    lines: Vec<Excuse<'a>>,
    malformed: Vec<Finding>,
}

struct Excuse<'a> {
    line: usize,
    rule: &'a str,
    path: &'a str,
    used: bool,
}

impl<'a> Excuses<'a> {
    fn read(text: &'a str) -> Excuses<'a> {
        let mut excuses = Excuses { lines: Vec::new(), malformed: Vec::new() };
        for (at, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let mut parts = line.splitn(3, char::is_whitespace);
            match (parts.next(), parts.next(), parts.next()) {
                (Some(rule), Some(path), Some(reason))
                    if EXCUSABLE.contains(&rule) && !reason.trim().is_empty() =>
                {
                    excuses.lines.push(Excuse { line: at + 1, rule, path, used: false });
                }
                _ => excuses.malformed.push(Finding::new(
                    ALLOW_FILE,
                    at + 1,
                    format!("write: rule path reason; rules: {}", EXCUSABLE.join(", ")),
                )),
            }
        }
        excuses
    }

    fn cover(&mut self, rule: &str, path: &str) -> bool {
        let fitting = self.lines.iter_mut().find(|line| line.rule == rule && line.path == path);
        fitting.is_some_and(|line| {
            line.used = true;
            true
        })
    }

    fn wrong(self) -> Vec<Finding> {
        let stale = self.lines.into_iter().filter(|line| !line.used).map(|line| {
            let advice =
                format!("nothing in {} breaks `{}` any more; delete me", line.path, line.rule);
            Finding::new(ALLOW_FILE, line.line, advice)
        });
        self.malformed.into_iter().chain(stale).collect()
    }
}
