//! Rules about files that are neither Rust nor pages: lock files and the tests beside scripts.

use super::Finding;
use super::tree::{Tree, has_ending};

/// An npm lock file names no machine to download from, so that it works from any registry.
pub fn lockfiles(tree: &Tree) -> Vec<Finding> {
    let locks = tree.under("").filter(|(path, _)| path.ends_with("package-lock.json"));
    let mut findings = Vec::new();
    for (path, text) in locks {
        let hosted = (1..).zip(text.lines()).find(|(_, line)| {
            line.trim_start().starts_with("\"resolved\":") && line.contains("://")
        });
        findings.extend(hosted.map(|(at, _)| {
            let advice = "names a host: lock again with omit-lockfile-registry-resolved=true";
            Finding::new(path, at, advice)
        }));
    }
    findings
}

/// No browser or island test is switched off, or runs alone.
pub fn skipped_tests(tree: &Tree) -> Vec<Finding> {
    let tests = tree
        .under("")
        .filter(|(path, _)| path.contains(".test.") && has_ending(path, &["js", "mjs", "ts"]));
    let mut findings = Vec::new();
    for (path, text) in tests {
        for (at, line) in (1..).zip(text.lines()) {
            let ways = [".skip(", ".only(", ".todo(", "skip: true", "only: true", "todo: true"];
            if let Some(way) = ways.into_iter().find(|way| line.contains(way)) {
                let advice = format!("`{way}`: a test that never runs is a promise unkept");
                findings.push(Finding::new(path, at, advice));
            }
        }
    }
    findings
}
