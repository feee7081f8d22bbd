//! One TOML file, read piece by piece: a fault in one entry of a list leaves the others standing.
//!
//! Decides how keys and entries are written; knows nothing of their meaning.

use std::ops::Range;

use domain::workflow::{Code, Locus};
use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer, Error, ValueDeserializer},
};

use crate::{faults::Faults, folder::File};

/// A file that is valid TOML; pieces are taken out of it until only the head is left.
pub(crate) struct Document<'f> {
    file: &'f File,
    table: Spanned<DeTable<'f>>,
}

/// A piece of a file with its code and its place.
#[derive(Debug, Clone)]
pub(crate) struct Entry<T> {
    pub(crate) code: Code,
    pub(crate) at: Locus,
    pub(crate) value: T,
}

/// Keys of a text that people read, each with the key of its English.
pub(crate) type Words = &'static [(&'static str, &'static str)];

/// What is read from a table says which of its texts people read: those are refused without
/// their English, here and in the tables inside.
pub(crate) trait Worded {
    const WORDS: Words = &[];
}

impl<'f> Document<'f> {
    /// Reads the syntax; none when it is broken, with one fault for each break.
    pub(crate) fn parse(file: &'f File, faults: &mut Faults) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(&file.text);
        for error in &errors {
            let at = file.at(error.span().map_or(0, |s| s.start));
            let what = format!("this is not valid TOML: {}", error.message());
            faults.add(&at, what, "close every quote and bracket; write one key = value a line");
        }
        errors.is_empty().then_some(Self { file, table })
    }

    /// Takes the code of the whole file.
    pub(crate) fn code(&mut self, faults: &mut Faults) -> Option<(Code, Locus)> {
        code(self.file, self.table.get_mut(), &(0..0), faults)
    }

    /// Takes a list of entries with codes: `[[key]]`. Nothing when the key is absent.
    pub(crate) fn list<T: Deserialize<'f> + Worded>(
        &mut self,
        key: &'static str,
        faults: &mut Faults,
    ) -> Vec<Entry<T>> {
        let mut entries: Vec<Entry<T>> = Vec::new();
        for mut item in self.items(key, faults) {
            let span = item.span();
            let DeValue::Table(table) = item.get_mut() else {
                self.not_a_table(key, &span, faults);
                continue;
            };
            let Some((code, at)) = code(self.file, table, &span, faults) else {
                faults.breaks(noun(key));
                continue;
            };
            if let Some(first) = entries.iter().find(|e| e.code == code) {
                let what =
                    format!("the {key} `{code}` is given twice, first in line {}", first.at.line);
                faults.add(&at, what, "delete one of the two or give it another code");
                continue;
            }
            english(self.file, table, T::WORDS, faults);
            match T::deserialize(ValueDeserializer::from(item)) {
                Ok(value) => entries.push(Entry { code, at, value }),
                Err(error) => {
                    refuse(self.file, &error, &at, faults);
                    faults.breaks(noun(key));
                }
            }
        }
        entries
    }

    /// Takes a list of entries without codes.
    pub(crate) fn plain<T: Deserialize<'f>>(
        &mut self,
        key: &'static str,
        faults: &mut Faults,
    ) -> Vec<(Locus, T)> {
        let mut entries = Vec::new();
        for item in self.items(key, faults) {
            let at = self.file.at(item.span().start);
            match T::deserialize(ValueDeserializer::from(item)) {
                Ok(value) => entries.push((at, value)),
                Err(error) => refuse(self.file, &error, &at, faults),
            }
        }
        entries
    }

    /// Takes one value or table; none when it is absent or wrong.
    pub(crate) fn one<T: Deserialize<'f>>(
        &mut self,
        key: &str,
        faults: &mut Faults,
    ) -> Option<(Locus, T)> {
        let item = self.table.get_mut().remove(key)?;
        let at = self.file.at(item.span().start);
        match T::deserialize(ValueDeserializer::from(item)) {
            Ok(value) => Some((at, value)),
            Err(error) => {
                refuse(self.file, &error, &at, faults);
                None
            }
        }
    }

    /// Takes what is left; keys that nobody knows are faults.
    pub(crate) fn rest<T: Deserialize<'f> + Worded>(self, faults: &mut Faults) -> Option<T> {
        english(self.file, self.table.get_ref(), T::WORDS, faults);
        match T::deserialize(Deserializer::from(self.table)) {
            Ok(value) => Some(value),
            Err(error) => {
                refuse(self.file, &error, &self.file.line(1), faults);
                None
            }
        }
    }

    /// Nothing may be left.
    pub(crate) fn end(self, faults: &mut Faults) {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        impl Worded for Nothing {}
        let _: Option<Nothing> = self.rest(faults);
    }

    fn items(&mut self, key: &str, faults: &mut Faults) -> Vec<Spanned<DeValue<'f>>> {
        let Some(list) = self.table.get_mut().remove(key) else { return Vec::new() };
        let span = list.span();
        if let DeValue::Array(items) = list.into_inner() {
            return items.into_iter().collect();
        }
        self.not_a_table(key, &span, faults);
        Vec::new()
    }

    fn not_a_table(&self, key: &str, span: &Range<usize>, faults: &mut Faults) {
        let what = format!("`{key}` is not a list of tables");
        faults.add(&self.file.at(span.start), what, format!("write [[{key}]] before each entry"));
    }
}

/// Each text has its English beside it, also in tables and lists of tables inside.
fn english(file: &File, table: &DeTable<'_>, words: Words, faults: &mut Faults) {
    for (key, partner) in words {
        let Some(text) = table.get(*key).filter(|t| is_said(t.get_ref())) else { continue };
        let translated = match (text.get_ref(), table.get(*partner).map(Spanned::get_ref)) {
            (DeValue::Table(own), Some(DeValue::Table(other))) => {
                own.keys().all(|k| other.get(k).is_some_and(|v| is_said(v.get_ref())))
            }
            (_, Some(other)) => is_said(other),
            (_, None) => false,
        };
        if !translated {
            let what = format!("`{key}` has no English");
            faults.add(&file.at(text.span().start), what, format!("add {partner} beside it"));
        }
    }
    for value in table.values() {
        match value.get_ref() {
            DeValue::Table(inner) => english(file, inner, words, faults),
            DeValue::Array(items) => {
                let inner = items.iter().filter_map(|item| item.get_ref().as_table());
                inner.for_each(|inner| english(file, inner, words, faults));
            }
            _ => {}
        }
    }
}

/// Whether there is a text at all; an empty one keeps something unsaid.
fn is_said(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(texts) => !texts.is_empty(),
        other => other.as_str().is_some_and(|text| !text.trim().is_empty()),
    }
}

fn code(
    file: &File,
    table: &mut DeTable<'_>,
    owner: &Range<usize>,
    faults: &mut Faults,
) -> Option<(Code, Locus)> {
    let Some(value) = table.remove("code") else {
        let at = file.at(owner.start);
        faults.add(&at, "the code is missing", "add a line code = \"…\" that nothing else has");
        return None;
    };
    let at = file.at(value.span().start);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match value.get_ref().as_str() {
        Some(text) if !text.is_empty() && text.chars().all(plain) => Some((text.to_owned(), at)),
        _ => {
            let advice = "write small letters, digits and _ between quotes";
            faults.add(&at, "the code is not a code", advice);
            None
        }
    }
}

/// What entries of a list are called in faults.
fn noun(key: &'static str) -> &'static str {
    if key == "kind" { "unit kind" } else { key }
}

/// A piece that does not fit, in words for people who do not know the library.
fn refuse(file: &File, error: &Error, fallback: &Locus, faults: &mut Faults) {
    let at = error.span().filter(|s| s.start > 0).map(|s| file.at(s.start));
    let at = at.filter(|at| at.line >= fallback.line).unwrap_or_else(|| fallback.clone());
    let message = error.message().replace("unknown field", "unknown key");
    let message = message.replace("missing field", "missing key");
    let message = message.replace("unknown variant", "unknown word");
    let (what, advice) = match message.split_once(", expected ") {
        Some((what, expected)) => (what.to_owned(), format!("use {expected}")),
        None if message.starts_with("missing key") => (message, "add the key".to_owned()),
        None => match message.split_once("; ") {
            Some((what, advice)) => (what.to_owned(), advice.to_owned()),
            None => (message, "correct it or compare with another entry".to_owned()),
        },
    };
    faults.add(&at, what, advice);
}

/// Lays entries over those of the base: the same code replaces in place, a new one is added.
pub(crate) fn lay<T>(under: &mut Vec<Entry<T>>, over: Vec<Entry<T>>) {
    for entry in over {
        match under.iter_mut().find(|e| e.code == entry.code) {
            Some(old) => *old = entry,
            None => under.push(entry),
        }
    }
}
