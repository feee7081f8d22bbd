//! Rows of a JSON Lines file: one object a line.
//!
//! The keys found in the head of the file are the columns, in the order of their first appearance.
//! An object inside an object becomes columns with dotted names (`contact.phone`); a list stays
//! as the JSON it is written in. Numbers keep their digits exactly.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lines::{Lines, State};
use crate::{MAX_COLUMNS, Record, RowFault, Why};

/// Objects in objects; a table needs two or three levels.
const MAX_DEPTH: usize = 8;

pub(crate) struct Jsonl<'a> {
    lines: Lines<'a>,
    keys: Vec<String>,
    failed: bool,
}

impl<'a> Jsonl<'a> {
    /// `head` is the decoded beginning of the file; `whole` says whether it is all of it.
    pub(crate) fn new(lines: Lines<'a>, head: &str, whole: bool) -> Result<Self, RowFault> {
        let mut keys = Vec::new();
        let mut first_fault = None;
        let complete = if whole { head } else { head.rsplit_once('\n').map_or("", |(all, _)| all) };
        for (index, line) in complete.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            match entries(line.trim()) {
                Ok(entries) => {
                    for (key, _) in entries {
                        if !keys.contains(&key) {
                            keys.push(key);
                        }
                        if keys.len() > MAX_COLUMNS {
                            return Err(RowFault { line: count(index), why: Why::TooManyCells });
                        }
                    }
                }
                Err(why) => {
                    first_fault.get_or_insert(RowFault { line: count(index), why });
                }
            }
        }
        if keys.is_empty() {
            let nothing = RowFault { line: 1, why: Why::NotAnObject { column: 0 } };
            return Err(first_fault.unwrap_or(nothing));
        }
        Ok(Self { lines, keys, failed: false })
    }

    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(crate) fn next_row(&mut self) -> Option<Result<Record, RowFault>> {
        loop {
            if self.failed {
                return None;
            }
            let line = match self.lines.next() {
                Ok(line) => line?,
                Err(error) => {
                    self.failed = true;
                    let line = self.lines.next_number();
                    return Some(Err(RowFault { line, why: Why::Io(error.kind()) }));
                }
            };
            let cells = match line.state {
                State::Whole if line.text.trim().is_empty() => continue,
                State::Whole => self.cells(line.text.trim()),
                State::TooLong => Err(Why::TooLong),
                State::Unreadable => Err(Why::Unreadable),
            };
            let line = line.number;
            return Some(match cells {
                Ok(cells) => Ok(Record { line, cells }),
                Err(why) => Err(RowFault { line, why }),
            });
        }
    }

    fn cells(&self, text: &str) -> Result<Vec<String>, Why> {
        let mut cells: Vec<Option<String>> = vec![None; self.keys.len()];
        for (key, value) in entries(text)? {
            let column = self.keys.iter().position(|known| *known == key).ok_or(Why::NewKey)?;
            match cells.get_mut(column) {
                Some(cell @ None) => *cell = Some(value),
                _ => return Err(Why::DoubleKey { column: column + 1 }),
            }
        }
        Ok(cells.into_iter().map(Option::unwrap_or_default).collect())
    }
}

fn count(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1)
}

fn entries(text: &str) -> Result<Vec<(String, String)>, Why> {
    let mut flat = Vec::new();
    flatten("", text, MAX_DEPTH, &mut flat)?;
    Ok(flat)
}

fn flatten(
    prefix: &str,
    text: &str,
    depth: usize,
    flat: &mut Vec<(String, String)>,
) -> Result<(), Why> {
    let Some(depth) = depth.checked_sub(1) else { return Err(Why::TooDeep) };
    let Entries(entries) = serde_json::from_str(text).map_err(|error| not_an_object(&error))?;
    for (key, value) in entries {
        let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        let raw = value.get();
        match raw.as_bytes().first() {
            Some(b'{') => flatten(&key, raw, depth, flat)?,
            Some(b'"') => {
                let text = serde_json::from_str(raw).map_err(|error| not_an_object(&error))?;
                flat.push((key, text));
            }
            Some(b'n') => flat.push((key, String::new())),
            _ => flat.push((key, raw.to_owned())),
        }
        if flat.len() > MAX_COLUMNS {
            return Err(Why::TooManyCells);
        }
    }
    Ok(())
}

/// The message of the parser may quote the line, so only the place is kept.
fn not_an_object(error: &serde_json::Error) -> Why {
    Why::NotAnObject { column: error.column() }
}

/// The entries of one object in the order they are written, values unread.
struct Entries<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
