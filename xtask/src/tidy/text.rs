//! Rules about the strings that people read: every key that is asked for exists in every language,
//! and the languages hold the same keys with the same variables.

use std::collections::BTreeMap;

use super::Finding;
use super::code::live_sources;
use super::rust::is_word;
use super::tree::Tree;

/// The languages that stand in files; the others are converted from them.
const LANGUAGES: [&str; 2] = ["crates/web/text/zh-Hans.toml", "crates/web/text/en.toml"];

/// Every key named in a template, or in the code of the web crate, is in both languages.
pub fn keys(tree: &Tree) -> Vec<Finding> {
    let languages = LANGUAGES.map(|path| (path, read(tree, path).entries));
    let mut asked: Vec<(&str, usize, String)> = Vec::new();
    for (path, text) in tree.under("crates/web/templates/") {
        for (at, line) in (1..).zip(text.lines()) {
            asked.extend(asked_keys(line).map(|key| (path, at, key.to_owned())));
        }
    }
    let sources = live_sources(tree);
    for (path, source) in sources.iter().filter(|(path, _)| path.starts_with("crates/web/src/")) {
        let Some(text) = tree.text(path) else { continue };
        for (at, line) in (1..).zip(text.lines()) {
            // Only calls that are code, and only where the program itself is built.
            let is_call = source
                .code
                .get(at - 1)
                .is_some_and(|code| asked_marks(code).next().is_some() && !source.in_test[at - 1]);
            if is_call {
                asked.extend(asked_keys(line).map(|key| (*path, at, key.to_owned())));
            }
        }
    }
    let mut findings = Vec::new();
    for (path, at, key) in asked {
        for (language, _) in languages.iter().filter(|(_, entries)| !entries.contains_key(&key)) {
            findings.push(Finding::new(path, at, format!("no text \"{key}\" in {language}")));
        }
    }
    findings
}

/// Where a text is asked for: `t("` or `tf("`, not as the end of another name.
fn asked_marks(line: &str) -> impl Iterator<Item = usize> {
    ["t(\"", "tf(\""].into_iter().flat_map(|call| {
        let calls = line.match_indices(call).filter(|(at, _)| !line[..*at].ends_with(is_word));
        calls.map(move |(at, _)| at + call.len())
    })
}

fn asked_keys(line: &str) -> impl Iterator<Item = &str> {
    asked_marks(line).filter_map(|start| line[start..].split_once('"').map(|(key, _)| key))
}

/// The languages hold the same keys, each with the same variables, once.
pub fn languages(tree: &Tree) -> Vec<Finding> {
    let read = LANGUAGES.map(|path| (path, read(tree, path)));
    let mut findings = Vec::new();
    for (path, language) in &read {
        for (line, problem) in &language.problems {
            findings.push(Finding::new(path, *line, problem.clone()));
        }
        for (other, twin) in read.iter().filter(|(other, _)| other != path) {
            for (key, entry) in &language.entries {
                match twin.entries.get(key) {
                    None => {
                        let advice = format!("\"{key}\" is missing in {other}");
                        findings.push(Finding::new(path, entry.line, advice));
                    }
                    Some(twin) if twin.variables != entry.variables => {
                        let advice = format!("\"{key}\" has other variables in {other}");
                        findings.push(Finding::new(path, entry.line, advice));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    findings
}

#[derive(Default)]
struct Language {
    entries: BTreeMap<String, Entry>,
    problems: Vec<(usize, String)>,
}

struct Entry {
    line: usize,
    /// The names in braces, sorted.
    variables: Vec<String>,
}

/// Reads a flat file of `"key" = "text"`.
fn read(tree: &Tree, path: &str) -> Language {
    let mut language = Language::default();
    let text = tree.text(path).unwrap_or_default();
    let mut lines = (1..).zip(text.lines());
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            language.problems.push((at, "write one \"key\" = \"text\" a line, no tables".into()));
            continue;
        };
        let mut value = value.trim().to_owned();
        if value.starts_with("\"\"\"") {
            while value.matches("\"\"\"").count() < 2 {
                let Some((_, more)) = lines.next() else { break };
                value.push_str(more);
            }
        }
        let key = key.trim().trim_matches('"').to_owned();
        let is_text = value.len() > 2 && value.starts_with('"');
        if !is_text {
            language.problems.push((at, format!("\"{key}\" has no text")));
        }
        let entry = Entry { line: at, variables: variables(&value) };
        if language.entries.insert(key.clone(), entry).is_some() {
            language.problems.push((at, format!("\"{key}\" is there twice")));
        }
    }
    language
}

fn variables(text: &str) -> Vec<String> {
    let mut names: Vec<String> = text
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
        .filter(|name| !name.is_empty() && name.chars().all(is_word))
        .collect();
    names.sort();
    names.dedup();
    names
}
