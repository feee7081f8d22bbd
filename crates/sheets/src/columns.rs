//! Finds the columns a caller needs by the many names offices give them.
//!
//! It decides when two names are the same. Which names mean which field is the caller's, and so
//! is what to do about a column nobody knows.

use std::collections::BTreeMap;

/// The names under which each field may appear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synonyms {
    /// Folded name to field.
    names: BTreeMap<String, String>,
}

/// A name was given to two fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the column name {name:?} is given to the fields {first} and {second}")]
pub struct Conflict {
    /// The name as it was given the second time.
    pub name: String,
    /// The field that had it.
    pub first: String,
    /// The field that wanted it too.
    pub second: String,
}

impl Synonyms {
    /// Takes pairs of a field and one of its names. Every field is also known by its own name.
    ///
    /// # Errors
    /// A name that would belong to two fields.
    pub fn new<F: AsRef<str>, N: AsRef<str>>(
        pairs: impl IntoIterator<Item = (F, N)>,
    ) -> Result<Self, Conflict> {
        let mut synonyms = Self::default();
        for (field, name) in pairs {
            let field = field.as_ref();
            synonyms.add(field, field)?;
            synonyms.add(field, name.as_ref())?;
        }
        Ok(synonyms)
    }

    fn add(&mut self, field: &str, name: &str) -> Result<(), Conflict> {
        let known = self.names.entry(fold(name)).or_insert_with(|| field.to_owned());
        if known == field {
            return Ok(());
        }
        Err(Conflict { name: name.to_owned(), first: known.clone(), second: field.to_owned() })
    }
}

/// Which column holds which field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Field to column, counted from 0. A field with several columns has the first.
    pub fields: BTreeMap<String, usize>,
    /// Columns that no field knows, with their names as written. Columns without a name are left
    /// out.
    pub unknown: Vec<(usize, String)>,
    /// Fields that several columns claim.
    pub duplicates: Vec<Duplicate>,
}

/// Several columns are one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The field.
    pub field: String,
    /// Its columns, counted from 0; at least two.
    pub columns: Vec<usize>,
}

impl Mapping {
    /// The cell of a field, trimmed; `None` when the table has no such column or the cell is blank.
    pub fn cell<'r>(&self, cells: &'r [String], field: &str) -> Option<&'r str> {
        let cell = cells.get(*self.fields.get(field)?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }
}

/// Matches a header with the names of the fields. White space, letter case, full-width forms, a
/// mark for "required" and a closing colon make no difference.
pub fn columns(header: &[String], synonyms: &Synonyms) -> Mapping {
    let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for (column, name) in header.iter().enumerate() {
        let folded = fold(name);
        match synonyms.names.get(&folded) {
            Some(field) => found.entry(field).or_default().push(column),
            None if folded.is_empty() => {}
            None => unknown.push((column, name.clone())),
        }
    }
    let mut mapping = Mapping { unknown, ..Mapping::default() };
    for (field, columns) in found {
        if let Some(first) = columns.first() {
            mapping.fields.insert(field.to_owned(), *first);
        }
        if columns.len() > 1 {
            mapping.duplicates.push(Duplicate { field: field.to_owned(), columns });
        }
    }
    mapping
}

fn fold(name: &str) -> String {
    let folded: String = name
        .chars()
        .map(half_width)
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{feff}' | '\u{200b}'))
        .flat_map(char::to_lowercase)
        .collect();
    folded.trim_matches(['*', ':']).to_owned()
}

/// Full-width ASCII (U+FF01 to U+FF5E) and the ideographic space become what they stand for.
pub(crate) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}
