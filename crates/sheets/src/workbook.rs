//! Rows of an XLSX workbook: the first visible sheet that has a cell.
//!
//! It decides how a cell becomes text. A formula gives its stored result, or its own text when
//! there is none; nothing is computed. Cells are kept in one text with a table of places, because
//! a sheet may claim any size and only what it really holds may cost memory.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek};
use std::panic::{self, AssertUnwindSafe};

use calamine::{
    DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError, XlsxFormulaMetadata,
};

use crate::dates::from_serial;
use crate::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_SHEET_ROWS, MAX_UNPACKED_BYTES};
use crate::{Record, RowFault, SheetFault, Why, archive};

pub(crate) struct Sheet {
    pub name: String,
    text: String,
    /// In the order of rows and columns.
    places: Vec<Place>,
    faults: BTreeMap<u32, Why>,
    at: usize,
}

/// Where the text of one cell is.
struct Place {
    row: u32,
    column: u32,
    start: usize,
    end: usize,
}

/// Days between the two epochs of spreadsheets, 1899-12-30 and 1904-01-01.
const DAYS_TO_1904: f64 = 1_462.0;

pub(crate) fn read(mut source: impl Read + Seek) -> Result<Sheet, SheetFault> {
    archive::guard(&mut source)?;
    source.rewind()?;
    // The reader computes with the places of cells unchecked and panics on some damaged sheets.
    // The half-read workbook is dropped with the panic, so nothing broken is seen afterwards.
    panic::catch_unwind(AssertUnwindSafe(|| first_sheet(source)))
        .unwrap_or(Err(SheetFault::BrokenWorkbook("its content")))
}

fn first_sheet(source: impl Read + Seek) -> Result<Sheet, SheetFault> {
    let mut book = Xlsx::new(BufReader::new(source)).map_err(broken)?;
    let names: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    for name in names {
        let sheet = sheet(&mut book, name)?;
        if !sheet.places.is_empty() {
            return Ok(sheet);
        }
    }
    Err(SheetFault::Empty)
}

fn sheet<R: Read + Seek>(book: &mut Xlsx<R>, name: String) -> Result<Sheet, SheetFault> {
    let epoch_days = if book.has_1904_epoch() { DAYS_TO_1904 } else { 0.0 };
    let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
    let mut sheet =
        Sheet { name, text: String::new(), places: Vec::new(), faults: BTreeMap::new(), at: 0 };
    // Of the two readers of formulas this one expands no shared formula and keeps no list of them;
    // the other makes room for whatever index the file claims.
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(broken)? {
        let (row, column) = cell.pos;
        let text = match (cell.value, cell.formula) {
            (DataRef::Empty, None) => continue,
            (DataRef::Empty, Some(formula)) => formula_text(formula, index(column) + 1),
            (value, _) => text_of(value, epoch_days, index(column) + 1),
        };
        match text {
            Ok(text) => sheet.push(row, column, &text)?,
            Err(why) => {
                sheet.push(row, column, "")?;
                sheet.faults.insert(row, why);
            }
        }
    }
    // Some writers put rows in no order.
    sheet.places.sort_by_key(|place| (place.row, place.column));
    Ok(sheet)
}

impl Sheet {
    fn push(&mut self, row: u32, column: u32, text: &str) -> Result<(), SheetFault> {
        let line = u64::from(row) + 1;
        if index(row) >= MAX_SHEET_ROWS {
            return Err(SheetFault::TooManyRows { line });
        }
        if index(column) >= MAX_COLUMNS {
            return Err(SheetFault::TooManyColumns { line });
        }
        if text.len() > MAX_CELL_BYTES {
            return Err(SheetFault::CellTooLong { line });
        }
        let start = self.text.len();
        self.text.push_str(text);
        // A short archive can name one long shared text in very many cells.
        if u64::try_from(self.text.len()).unwrap_or(u64::MAX) > MAX_UNPACKED_BYTES {
            return Err(SheetFault::Bomb);
        }
        self.places.push(Place { row, column, start, end: self.text.len() });
        Ok(())
    }

    pub(crate) fn next_row(&mut self) -> Option<Result<Record, RowFault>> {
        let row = self.places.get(self.at)?.row;
        let line = u64::from(row) + 1;
        let mut cells = Vec::new();
        while let Some(place) = self.places.get(self.at).filter(|place| place.row == row) {
            let column = index(place.column);
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            if let Some(cell) = cells.get_mut(column) {
                self.text.get(place.start..place.end).unwrap_or_default().clone_into(cell);
            }
            self.at += 1;
        }
        match self.faults.remove(&row) {
            Some(why) => Some(Err(RowFault { line, why })),
            None => Some(Ok(Record { line, cells })),
        }
    }
}

fn formula_text(formula: XlsxFormulaMetadata, column: usize) -> Result<String, Why> {
    match formula {
        XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } => {
            Ok(format!("={formula}"))
        }
        _ => Err(Why::NoResult { column }),
    }
}

fn text_of(value: DataRef<'_>, epoch_days: f64, column: usize) -> Result<String, Why> {
    Ok(match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text,
        DataRef::SharedString(text) => text.to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => return number_text(number, column),
        DataRef::Bool(true) => "TRUE".to_owned(),
        DataRef::Bool(false) => "FALSE".to_owned(),
        DataRef::DateTime(date) if date.is_duration() => clock_text(date.as_f64()),
        DataRef::DateTime(date) if date.as_f64() < 1.0 => clock_text(date.as_f64()),
        DataRef::DateTime(date) => match from_serial(date.as_f64() + epoch_days) {
            Some(moment) => {
                let text = moment.to_string();
                text.strip_suffix("T00:00:00").map_or_else(|| text.replace('T', " "), str::to_owned)
            }
            None => return number_text(date.as_f64(), column),
        },
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    })
}

/// A number as the spreadsheet shows it: fifteen digits, never with an exponent. A longer whole
/// number was an identity or card number once and is refused, because its last digits are zeros.
fn number_text(number: f64, column: usize) -> Result<String, Why> {
    if number.abs() >= 1e15 {
        return Err(Why::LostDigits { column });
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    Ok(rounded.to_string())
}

/// A time of day or a duration, as hours, minutes and seconds.
fn clock_text(days: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of f64 saturates")]
    let seconds = (days * 86_400.0).round().max(0.0) as i64;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The message of the reader may quote a cell, so only the part is named.
fn broken(error: XlsxError) -> SheetFault {
    match error {
        XlsxError::Io(error) => SheetFault::Io(error),
        XlsxError::Zip(_) => SheetFault::BrokenWorkbook("its archive"),
        XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::XmlEof(_) => {
            SheetFault::BrokenWorkbook("its XML")
        }
        XlsxError::RowNumberOverflow | XlsxError::ColumnNumberOverflow => {
            SheetFault::BrokenWorkbook("the place of a cell")
        }
        _ => SheetFault::BrokenWorkbook("its content"),
    }
}
