//! The rule that makes the program everybody's: no city and no brand under `crates/`.
//!
//! Looks at everything, comments and tests and file names too: a neutral sample city is there for
//! tests.

use super::Finding;
use super::tree::Tree;

const NAMES: &str = include_str!("../../tidy/names.txt");

/// No file under `crates/` holds a name of the list, in any case of letters.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let names: Vec<String> = NAMES
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_lowercase)
        .collect();
    let mut findings = Vec::new();
    for path in tree.paths().filter(|path| path.starts_with("crates/")) {
        let text = tree.text(path).unwrap_or_default().to_lowercase();
        let lines = std::iter::once((1, path)).chain((1..).zip(text.lines()));
        for (at, line) in lines {
            if let Some(name) = names.iter().find(|name| line.contains(name.as_str())) {
                let advice = format!("`{name}` belongs in packs/; use the neutral sample city");
                findings.push(Finding::new(path, at, advice));
            }
        }
    }
    findings
}
