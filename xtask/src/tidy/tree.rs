//! The checkout as the rules see it: every text file that belongs to the project, in memory.
//!
//! Never holds what is built, downloaded or drawn, so that a rule gives the same answer on a
//! worked-in checkout as on a fresh one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// Folders that a fresh checkout does not have, wherever they stand.
const NOT_OURS: [&str; 6] = [".git", "target", "node_modules", "var", "dist", "shots"];

/// The project's files by their path from the repository root.
#[derive(Debug, Default)]
pub struct Tree {
    texts: BTreeMap<String, String>,
    /// Files that are not text (pictures, packed data); they exist, and that is all.
    others: BTreeSet<String>,
}

impl Tree {
    /// Reads the checkout at `root`.
    pub fn read(root: &Path) -> io::Result<Tree> {
        let mut tree = Tree::default();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let name = entry.file_name();
                if NOT_OURS.iter().any(|not_ours| name == *not_ours) {
                    continue;
                }
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else if let Ok(own) = path.strip_prefix(root) {
                    tree.add(&own.to_string_lossy(), fs::read(&path)?);
                }
            }
        }
        Ok(tree)
    }

    /// A tree from snippets.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.add(path, text.as_bytes().to_vec());
        }
        tree
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) {
        match String::from_utf8(bytes) {
            Ok(text) => drop(self.texts.insert(path.to_owned(), text)),
            Err(_) => drop(self.others.insert(path.to_owned())),
        }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.texts.len() + self.others.len()
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The text files under a folder (given with its closing slash), in order of path.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts
            .iter()
            .filter(move |(path, _)| path.starts_with(folder))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files of the product and of this tool that are built into a program.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.under("").filter(|(path, _)| {
            let inside = path.starts_with("crates/") && path.split('/').nth(2) == Some("src");
            (inside || path.starts_with("xtask/src/")) && is_rust(path)
        })
    }

    /// Every path, text or not, in no promised order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().chain(&self.others).map(String::as_str)
    }

    /// Whether a file or a folder of this path is there.
    pub fn holds(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        self.paths().any(|own| own == path || own.starts_with(&folder))
    }
}

/// Whether the path names a Rust file.
pub fn is_rust(path: &str) -> bool {
    has_ending(path, &["rs"])
}

/// Whether the path ends in one of these, after a dot.
pub fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}
