//! What can be wrong with a table as a whole, and with one row of it.

use crate::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_SHEET_ROWS, MAX_UNPACKED_BYTES};

/// The file is no table that can be read; nothing of it was used.
#[derive(Debug, thiserror::Error)]
pub enum SheetFault {
    /// The file cannot be opened or read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// There is no row at all.
    #[error("the file is empty; it needs a first row with the names of the columns")]
    Empty,
    /// Neither text nor a workbook: a picture, a program, a PDF.
    #[error("the file is not a table; save it as CSV (UTF-8) or XLSX")]
    Binary,
    /// A web page or other markup, often under the name of a workbook.
    #[error("the file is a web page, not a table; open it and save it as XLSX")]
    Markup,
    /// The workbook format before 2007, or a workbook with a password.
    #[error("the workbook is of the old XLS format or has a password; save it as plain XLSX")]
    OldWorkbook,
    /// A zip file that holds no XLSX workbook.
    #[error("the file is an archive without an XLSX workbook; save the table as XLSX")]
    NotAWorkbook,
    /// A damaged workbook.
    #[error("the workbook is damaged ({0}); open it in a spreadsheet program and save it again")]
    BrokenWorkbook(&'static str),
    /// The workbook unpacks to more than the limit, or is packed suspiciously tight.
    #[error(
        "the workbook is refused: unpacked it has more than {} MB, or it is packed like a bomb",
        MAX_UNPACKED_BYTES / 1024 / 1024
    )]
    Bomb,
    /// A sheet has more rows than the limit.
    #[error("row {line} is past the limit of {MAX_SHEET_ROWS} rows; split the file")]
    TooManyRows {
        /// The row, counted from 1.
        line: u64,
    },
    /// A row has more columns than the limit.
    #[error("row {line} has more than {MAX_COLUMNS} columns; delete what stands far at the right")]
    TooManyColumns {
        /// The row, counted from 1.
        line: u64,
    },
    /// A cell of a workbook is longer than the limit.
    #[error("a cell in row {line} is longer than {} MB", MAX_CELL_BYTES / 1024 / 1024)]
    CellTooLong {
        /// The row, counted from 1.
        line: u64,
    },
    /// The text is in none of the encodings.
    #[error("the encoding of the text is not known; save the file as CSV (UTF-8)")]
    UnknownEncoding,
    /// One JSON array instead of one object a line.
    #[error("the file is one JSON array; write one object on each line (JSON Lines)")]
    JsonArray,
    /// The row with the names of the columns cannot be read.
    #[error("the names of the columns cannot be read: {0}")]
    Header(RowFault),
}

/// One row cannot be used; the rows after it can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct RowFault {
    /// Where the row begins: the line of a text file, the row of a sheet, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: Why,
}

/// Why a row cannot be used. It never holds what a cell says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The row has another number of cells than the header.
    #[error("the row has {found} cells, the header has {expected}")]
    Ragged {
        /// Cells of the header.
        expected: usize,
        /// Cells of the row; blank cells past the header do not count.
        found: usize,
    },
    /// A quote is opened and never closed; the lines after it are read on their own.
    #[error("a quotation mark opens a cell and none closes it")]
    OpenQuote,
    /// The line is longer than the limit.
    #[error("the line is longer than {} MB", MAX_CELL_BYTES / 1024 / 1024)]
    TooLong,
    /// More cells than the limit.
    #[error("the row has more than {MAX_COLUMNS} cells")]
    TooManyCells,
    /// Some bytes are no characters of the encoding of the file.
    #[error("the line has characters that cannot be read in the encoding of the file")]
    Unreadable,
    /// The line is not one JSON object.
    #[error("the line is not a JSON object (column {column})")]
    NotAnObject {
        /// Where reading stopped, in bytes from 1; 0 when unknown.
        column: usize,
    },
    /// An object names a key twice.
    #[error("the object has a key twice (column {column} of the header)")]
    DoubleKey {
        /// The column, counted from 1.
        column: usize,
    },
    /// An object has a key that was not in the file when it was opened.
    #[error("the object has a key that is new: the file has changed since it was opened")]
    NewKey,
    /// Objects within objects, deeper than any table.
    #[error("objects are nested too deeply")]
    TooDeep,
    /// A number of more than fifteen digits in a workbook, such as an identity number: the
    /// spreadsheet program has already replaced its last digits by zeros.
    #[error(
        "column {column} holds a number of more than 15 digits, and its last digits are lost; \
         format the column as text and enter it again"
    )]
    LostDigits {
        /// The column, counted from 1.
        column: usize,
    },
    /// A formula whose result is not stored and whose text stands in another cell.
    #[error("column {column} holds a formula without a result; save the workbook again")]
    NoResult {
        /// The column, counted from 1.
        column: usize,
    },
    /// The file could not be read further; this is the last row.
    #[error("the file cannot be read further: {0}")]
    Io(std::io::ErrorKind),
}
