//! Tables on their way in and out. On the way in, whatever they are: CSV, TSV, XLSX or JSON Lines, in the encodings that offices
//! really use.
//!
//! This crate decides how bytes become rows of text cells, and refuses what is not a table or is
//! built to hurt. It never decides what a column means, never computes a formula, and never puts
//! the content of a cell into an error: a table holds personal data.
//!
//! ```
//! let bytes = "姓名,电话\n张三,13800000000\n".as_bytes();
//! let table = sheets::open((bytes, "名单.csv")).unwrap();
//! assert_eq!(table.header, ["姓名", "电话"]);
//! let rows: Vec<_> = table.collect::<Result<_, _>>().unwrap();
//! assert_eq!((rows[0].line, rows[0].cells[0].as_str()), (2, "张三"));
//! ```

mod archive;
mod book;
mod columns;
mod dates;
mod delimited;
mod fault;
mod hanzi;
mod jsonl;
mod lines;
mod sniff;
mod table;
mod workbook;
mod write;

pub use book::{Book, Cell, Head};
pub use columns::{Conflict, Duplicate, Mapping, Synonyms, columns};
pub use dates::{DateFault, Moment, parse_moment};
pub use fault::{RowFault, SheetFault, Why};
pub use sniff::Encoding;
pub use table::{Detected, Format, Record, Source, Table, open};
pub use write::{Broken, Form, Rows, harmless};

/// The head of a file on which format and encoding are decided, in bytes.
pub const HEAD_BYTES: usize = 256 * 1024;
/// The longest cell, and the longest row of a text file, in bytes of UTF-8.
pub const MAX_CELL_BYTES: usize = 10 * 1024 * 1024;
/// The most columns of a table.
pub const MAX_COLUMNS: usize = 1_000;
/// The most rows of a worksheet; it is the limit of the spreadsheet programs themselves.
/// Text files are read row by row and have no such limit.
pub const MAX_SHEET_ROWS: usize = 1_048_576;
/// The most that the parts of a workbook may unpack to, in bytes; also the most text of one sheet.
pub const MAX_UNPACKED_BYTES: u64 = 200 * 1024 * 1024;
