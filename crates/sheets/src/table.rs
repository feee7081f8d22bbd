//! Opens a table and hands out its rows.
//!
//! It decides which row names the columns and whether a row fits them. How a row is cut out of the
//! bytes is decided by the reader of each format.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use crate::delimited::Delimited;
use crate::jsonl::{Jsonl, Keys};
use crate::lines::Lines;
use crate::sniff::{self, Encoding, Kind, Reading};
use crate::workbook::{self, Sheet};
use crate::{HEAD_BYTES, RowFault, SheetFault, Why};

/// Where a table comes from.
#[derive(Debug, Clone)]
pub enum Source<'a> {
    /// A file on disk. Text is streamed from it.
    Path(PathBuf),
    /// An upload in memory and the name it came with.
    Bytes(&'a [u8], &'a str),
}

impl From<&Path> for Source<'_> {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<&PathBuf> for Source<'_> {
    fn from(path: &PathBuf) -> Self {
        Self::Path(path.clone())
    }
}

impl<'a> From<(&'a [u8], &'a str)> for Source<'a> {
    fn from((bytes, file_name): (&'a [u8], &'a str)) -> Self {
        Self::Bytes(bytes, file_name)
    }
}

/// The format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Cells between commas, semicolons or bars.
    Csv,
    /// Cells between tabs.
    Tsv,
    /// A workbook.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
}

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// The format, by content and not by name.
    pub format: Format,
    /// The encoding; a workbook has none of its own.
    pub encoding: Option<Encoding>,
    /// The mark between two cells of a CSV or TSV file.
    pub delimiter: Option<char>,
    /// The name of the sheet that is read; other sheets of the workbook are not.
    pub sheet: Option<String>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where the row begins: the line of a text file, the row of a sheet, counted from 1.
    pub line: u64,
    /// One text for each name of the header, as it is written.
    pub cells: Vec<String>,
}

/// An open table; an iterator over the rows below the header. Blank rows are left out.
pub struct Table<'a> {
    /// The names of the columns, trimmed. Blank ones at the end are left out.
    pub header: Vec<String>,
    /// The line of the header; 0 for JSON Lines, which has none.
    pub header_line: u64,
    /// What was found out about the file.
    pub detected: Detected,
    rows: Rows<'a>,
    /// Rows that were read while the header was sought.
    ahead: VecDeque<Result<Record, RowFault>>,
    from_line: u64,
}

enum Rows<'a> {
    Delimited(Delimited<'a>),
    Jsonl(Jsonl<'a>),
    Sheet(Sheet),
}

/// Opens a table. Format and encoding are decided by content on the first [`HEAD_BYTES`].
///
/// The header is the first row that is not blank. Up to three rows before it may hold one cell
/// each, as a title of the sheet does; the row after them needs three cells to be taken for it.
/// JSON Lines have no header: all of the file is read once to find its keys.
///
/// # Errors
/// See [`SheetFault`]. Faults of single rows come from the iterator instead.
pub fn open<'a>(source: impl Into<Source<'a>>) -> Result<Table<'a>, SheetFault> {
    match source.into() {
        Source::Bytes(bytes, file_name) => open_from(Cursor::new(bytes), file_name),
        Source::Path(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            open_from(File::open(&path)?, &name)
        }
    }
}

fn open_from<'a, R>(mut source: R, file_name: &str) -> Result<Table<'a>, SheetFault>
where
    R: Read + Seek + Send + 'a,
{
    let mut head = Vec::new();
    let limit = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    source.by_ref().take(limit).read_to_end(&mut head)?;
    source.rewind()?;
    if head.is_empty() {
        return Err(SheetFault::Empty);
    }
    let whole = head.len() < HEAD_BYTES;
    match sniff::kind(&head, whole, file_name)? {
        Kind::Archive => {
            let sheet = workbook::read(source)?;
            let detected = Detected {
                format: Format::Xlsx,
                encoding: None,
                delimiter: None,
                sheet: Some(sheet.name.clone()),
            };
            Table::with_header(Rows::Sheet(sheet), detected)
        }
        Kind::Json(Reading { encoding, ending, .. }) => {
            let keys = Keys::find(Lines::new(Box::new(source.by_ref()), encoding, ending))?;
            source.rewind()?;
            let header = keys.names();
            let rows = Jsonl::new(Lines::new(Box::new(source), encoding, ending), keys);
            Ok(Table {
                header,
                header_line: 0,
                detected: text_of(Format::Jsonl, encoding, None),
                rows: Rows::Jsonl(rows),
                ahead: VecDeque::new(),
                from_line: 0,
            })
        }
        Kind::Delimited(Reading { encoding, ending, .. }, delimiter) => {
            let lines = Lines::new(Box::new(source), encoding, ending);
            let format = if delimiter == '\t' { Format::Tsv } else { Format::Csv };
            let detected = text_of(format, encoding, Some(delimiter));
            Table::with_header(Rows::Delimited(Delimited::new(lines, delimiter)), detected)
        }
    }
}

fn text_of(format: Format, encoding: Encoding, delimiter: Option<char>) -> Detected {
    Detected { format, encoding: Some(encoding), delimiter, sheet: None }
}

impl<'a> Table<'a> {
    fn with_header(mut rows: Rows<'a>, detected: Detected) -> Result<Self, SheetFault> {
        const TITLES: usize = 3;
        let mut ahead = VecDeque::new();
        let mut header = loop {
            match rows.next() {
                None => return Err(SheetFault::Empty),
                Some(Err(fault)) => return Err(SheetFault::Header(fault)),
                Some(Ok(row)) if filled(&row) > 0 => break row,
                Some(Ok(_)) => {}
            }
        };
        while filled(&header) == 1 && ahead.len() < TITLES {
            let Some(next) = rows.next() else { break };
            let cells = next.as_ref().map_or(0, filled);
            match next {
                Ok(row) if cells >= 3 => {
                    header = row;
                    ahead.clear();
                }
                other => {
                    ahead.push_back(other);
                    if cells > 1 {
                        break;
                    }
                }
            }
        }
        let mut names: Vec<String> =
            header.cells.iter().map(|name| name.trim().to_owned()).collect();
        drop_blank_end(&mut names, 0);
        Ok(Self { header: names, header_line: header.line, detected, rows, ahead, from_line: 0 })
    }

    /// Goes on at the first row that begins at `line` or later, to resume an import. It cannot go
    /// back.
    pub fn skip_to(&mut self, line: u64) {
        self.from_line = self.from_line.max(line);
    }

    fn fit(&self, mut row: Record) -> Result<Record, RowFault> {
        let expected = self.header.len();
        drop_blank_end(&mut row.cells, expected);
        let found = row.cells.len();
        if found < expected && matches!(self.rows, Rows::Sheet(_)) {
            // A workbook stores no blank cells.
            row.cells.resize(expected, String::new());
        } else if found != expected {
            return Err(RowFault { line: row.line, why: Why::Ragged { expected, found } });
        }
        Ok(row)
    }
}

impl Iterator for Table<'_> {
    type Item = Result<Record, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.ahead.pop_front() {
                Some(row) => row,
                None => self.rows.next()?,
            };
            match row {
                // A file that cannot be read further must not look like one that ended.
                Err(fault @ RowFault { why: Why::Io(_), .. }) => return Some(Err(fault)),
                Err(RowFault { line, .. }) | Ok(Record { line, .. }) if line < self.from_line => {}
                Ok(row) if filled(&row) == 0 => {}
                Ok(row) => return Some(self.fit(row)),
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}

impl Rows<'_> {
    fn next(&mut self) -> Option<Result<Record, RowFault>> {
        match self {
            Self::Delimited(rows) => rows.next_row(),
            Self::Jsonl(rows) => rows.next_row(),
            Self::Sheet(rows) => rows.next_row(),
        }
    }
}

/// How many cells are not blank.
fn filled(row: &Record) -> usize {
    row.cells.iter().filter(|cell| !cell.trim().is_empty()).count()
}

fn drop_blank_end(cells: &mut Vec<String>, keep: usize) {
    while cells.len() > keep && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
}
