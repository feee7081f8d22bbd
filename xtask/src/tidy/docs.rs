//! The rule that keeps documents honest: every path that a document names is there.
//!
//! It reads only what looks like a path of this repository, and links between documents.
//! Placeholders (`packs/<city>`, `NNNN-*.md`) are checked up to the placeholder.

use super::Finding;
use super::tree::{Tree, has_ending};

const FOLDERS: [&str; 9] =
    ["crates/", "packs/", "islands/", "e2e/", "bench/", "docs/", "xtask/", ".ci/", ".config/"];

/// What a document may name although a fresh checkout does not have it.
const MADE: [&str; 2] = ["e2e/shots", "islands/dist"];

/// Every named path exists.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let documents = tree.under("").filter(|(path, _)| {
        has_ending(path, &["md"]) && (path.starts_with("docs/") || !path.contains('/'))
    });
    for (path, text) in documents {
        for (at, line) in (1..).zip(text.lines()) {
            let named = named_paths(line).map(str::to_owned);
            let linked = links(line).map(|link| resolved(path, link));
            for target in named.chain(linked) {
                if !(MADE.iter().any(|made| target.starts_with(made)) || there(tree, &target)) {
                    let advice = format!("`{target}` is not there: correct the document");
                    findings.push(Finding::new(path, at, advice));
                }
            }
        }
    }
    findings.dedup();
    findings
}

/// Whether the path, or what stands before its first placeholder, exists.
fn there(tree: &Tree, path: &str) -> bool {
    match path.find(['*', '<', '{', '…', '$']).or_else(|| path.find("NNNN")) {
        Some(placeholder) => match path[..placeholder].rsplit_once('/') {
            Some((folder, _)) => tree.holds(folder),
            None => true,
        },
        None => tree.holds(path),
    }
}

/// What in a line looks like a path of this repository.
fn named_paths(line: &str) -> impl Iterator<Item = &str> {
    let is_path = |char: char| char.is_ascii_alphanumeric() || "_-./*<>{}$…@".contains(char);
    let starts = FOLDERS.iter().flat_map(move |folder| line.match_indices(folder));
    starts.filter_map(move |(at, _)| {
        // Inside a longer path or an address, this is only its middle.
        if line[..at].ends_with(|char: char| is_path(char) || char == ':') {
            return None;
        }
        let rest = &line[at..];
        let end = rest.find(|char| !is_path(char)).unwrap_or(rest.len());
        Some(rest[..end].trim_end_matches(['.', '/', '…']))
    })
}

/// The relative targets of Markdown links, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let target = rest[..rest.find(')')?].split(['#', ' ']).next().unwrap_or_default();
        let elsewhere = target.contains(':') || target.starts_with('/') || target.is_empty();
        (!elsewhere).then_some(target)
    })
}

/// A link as a path from the repository root.
fn resolved(document: &str, link: &str) -> String {
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
