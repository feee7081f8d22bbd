//! Rows of a JSON Lines file: one object a line.
//!
//! All keys of the file are the columns, in the order of their first appearance: the file is read
//! once for them, and once more for the rows. An object inside an object becomes columns with dotted names (`contact.phone`); a list stays
//! as the JSON it is written in. Numbers keep their digits exactly.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lines::{Lines, State};
use crate::{MAX_CELL_BYTES, MAX_COLUMNS, Record, RowFault, SheetFault, Why};

/// Objects in objects; a table needs two or three levels.
const MAX_DEPTH: usize = 8;

/// The keys of a whole file, each with its column.
pub(crate) struct Keys {
    columns: HashMap<String, usize>,
    /// All names together, in bytes: a row of names is a row like any other.
    bytes: usize,
}

impl Keys {
    /// Reads the file to its end. Memory is bounded: lines go by one by one, and the number of
    /// keys and their length are limited.
    pub(crate) fn find(mut lines: Lines<'_>) -> Result<Self, SheetFault> {
        let mut keys = Self { columns: HashMap::new(), bytes: 0 };
        let mut first_fault = None;
        while let Some(line) = lines.next()? {
            let found = match line.state {
                State::Whole if line.text.trim().is_empty() => continue,
                State::Whole => entries(line.text.trim()),
                State::TooLong => Err(Why::TooLong),
                State::Unreadable => Err(Why::Unreadable),
            };
            let fault = |why| RowFault { line: line.number, why };
            match found {
                Ok(entries) => keys.add(entries).map_err(|why| SheetFault::Header(fault(why)))?,
                // A bad line is told again as a row; it takes no other line with it.
                Err(why) => _ = first_fault.get_or_insert(fault(why)),
            }
        }
        if keys.columns.is_empty() {
            let nothing = RowFault { line: 1, why: Why::NotAnObject { column: 0 } };
            return Err(SheetFault::Header(first_fault.unwrap_or(nothing)));
        }
        Ok(keys)
    }

    fn add(&mut self, entries: Vec<(String, String)>) -> Result<(), Why> {
        for (key, _) in entries {
            if self.columns.contains_key(&key) {
                continue;
            }
            self.bytes += key.len();
            if self.columns.len() == MAX_COLUMNS {
                return Err(Why::TooManyCells);
            }
            if self.bytes > MAX_CELL_BYTES {
                return Err(Why::TooLong);
            }
            self.columns.insert(key, self.columns.len());
        }
        Ok(())
    }

    /// The names in the order of the columns.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.columns.iter().collect();
        names.sort_unstable_by_key(|(_, column)| **column);
        names.into_iter().map(|(name, _)| name.clone()).collect()
    }
}

pub(crate) struct Jsonl<'a> {
    lines: Lines<'a>,
    keys: Keys,
    failed: bool,
}

impl<'a> Jsonl<'a> {
    /// `lines` stands at the beginning of the file again.
    pub(crate) const fn new(lines: Lines<'a>, keys: Keys) -> Self {
        Self { lines, keys, failed: false }
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
        let mut cells: Vec<Option<String>> = vec![None; self.keys.columns.len()];
        for (key, value) in entries(text)? {
            let column = *self.keys.columns.get(&key).ok_or(Why::NewKey)?;
            match cells.get_mut(column) {
                Some(cell @ None) => *cell = Some(value),
                _ => return Err(Why::DoubleKey { column: column + 1 }),
            }
        }
        Ok(cells.into_iter().map(Option::unwrap_or_default).collect())
    }
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
