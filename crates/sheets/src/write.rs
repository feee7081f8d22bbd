//! Tables on their way out: a workbook or CSV that opens cleanly everywhere, says on itself who took
//! it out, and runs nothing on the machine of whoever opens it.
//!
//! Decides how cells become a file; never what stands in them.

use crate::book::{Book, Cell, Head};
use std::io::Write;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A workbook with one sheet.
    Xlsx,
    /// Text with commas, in UTF-8 with a byte order mark, as the spreadsheet programs of offices
    /// want it.
    Csv,
}

impl Form {
    /// The end of the file's name, and its code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }

    /// The form with this code.
    pub fn coded(code: &str) -> Option<Self> {
        [Self::Xlsx, Self::Csv].into_iter().find(|form| form.code() == code)
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// A table that is being written row by row, whatever the file is: what was written is gone from memory.
pub enum Rows<W: Write> {
    /// As a workbook.
    Xlsx(Box<Book<W>>),
    /// As text with commas.
    Csv(W),
}

impl<W: Write> Rows<W> {
    /// Begins with everything that stands above the rows.
    ///
    /// # Errors
    /// When the file cannot be written, or a text is longer than a cell holds.
    pub fn begin(out: W, form: Form, head: &Head) -> Result<Self, Broken> {
        if form == Form::Xlsx {
            return Ok(Self::Xlsx(Box::new(Book::begin(out, head)?)));
        }
        let mut rows = Self::Csv(out);
        if let Self::Csv(out) = &mut rows {
            out.write_all("\u{feff}".as_bytes())?;
        }
        // As wide as the others, so that programs that count columns read it too.
        let rest = head.columns.len().saturating_sub(1);
        for line in std::iter::once(&head.mark).chain(&head.about) {
            let empty = std::iter::repeat_n("", rest);
            rows.row(std::iter::once(line.as_str()).chain(empty).map(Cell::from))?;
        }
        rows.row(head.columns.iter().map(|name| name.as_str().into()))?;
        Ok(rows)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and when the sheet is full.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<(), Broken> {
        match self {
            Self::Xlsx(book) => book.row(cells),
            Self::Csv(out) => {
                let quoted = |cell: Cell| match cell {
                    Cell::Text(text) => format!("\"{}\"", harmless(&text).replace('"', "\"\"")),
                    Cell::Number(n) => n.to_string(),
                };
                let cells: Vec<String> = cells.into_iter().map(quoted).collect();
                Ok(write!(out, "{}\r\n", cells.join(","))?)
            }
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(self) -> Result<W, Broken> {
        match self {
            Self::Xlsx(book) => book.end(),
            Self::Csv(out) => Ok(out),
        }
    }
}

/// A workbook could not be made. Never quotes a cell.
#[derive(Debug, thiserror::Error)]
#[error("the workbook could not be made")]
pub struct Broken;

/// A cell that a spreadsheet program takes as text: what would begin a formula, or slip past the
/// quotes of a CSV, gets an apostrophe in front.
pub fn harmless(cell: &str) -> String {
    let starts = |c: char| "=+-@\t\r\n＝＋－＠|%".contains(c);
    // Spaces and quotes in front are skipped by some programs before they look for a formula.
    let first = cell.trim_start_matches([' ', '"', '\'', '\u{a0}', '\u{feff}', '\u{3000}']);
    // So begins the way in which workbooks write signs by their numbers.
    let hidden = first.starts_with("_x");
    let bad = cell.starts_with(starts) || first.starts_with(starts) || hidden;
    if bad { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &str = "导出人 张三（zhang）· A&B · 追溯码 ABCD";

    fn file(form: Form) -> Vec<u8> {
        let head = Head {
            title: "清单".to_owned(),
            mark: MARK.to_owned(),
            tag: "ABCD".to_owned(),
            author: "张三".to_owned(),
            columns: ["编号", "概要", "追溯码"].map(str::to_owned).to_vec(),
            ..Head::default()
        };
        let mut rows = Rows::begin(Vec::new(), form, &head).unwrap();
        for cells in [["26-1", "=1+1", "ABCD"], ["26-2", "说\"不\",\n第二行", "ABCD"]] {
            rows.row(cells.map(Cell::from)).unwrap();
        }
        rows.end().unwrap()
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for bad in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "  =1",
            "\"=1",
            "'=1",
            "\u{3000}=1",
            "|calc",
            "%0a",
            "_x003D_1+1",
        ] {
            assert_eq!(harmless(bad), format!("'{bad}"));
        }
        for good in ["", "想离婚", "26-0000-0000-1", "3-5 天", "a=b", "“=”", "0531"] {
            assert_eq!(harmless(good), good);
        }
    }

    #[test]
    fn csv_carries_mark_and_tag_in_every_row() {
        let text = String::from_utf8(file(Form::Csv)).unwrap();
        assert_eq!(
            text,
            "\u{feff}\"导出人 张三（zhang）· A&B · 追溯码 ABCD\",\"\",\"\"\r\n\
             \"编号\",\"概要\",\"追溯码\"\r\n\"26-1\",\"'=1+1\",\"ABCD\"\r\n\
             \"26-2\",\"说\"\"不\"\",\n第二行\",\"ABCD\"\r\n"
        );
    }

    #[test]
    fn a_workbook_reads_back_as_it_was_written() {
        let body = file(Form::Xlsx);
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(std::io::Cursor::new(body)).unwrap();
        let sheet = calamine::Reader::worksheet_range(&mut book, "清单").unwrap();
        let rows: Vec<Vec<String>> =
            sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(rows[0][0], MARK);
        assert_eq!(rows[1], ["编号", "概要", "追溯码"]);
        assert_eq!(rows[2], ["26-1", "'=1+1", "ABCD"]);
        assert_eq!(rows[3], ["26-2", "说\"不\",\n第二行", "ABCD"]);
        let formulas = calamine::Reader::worksheet_formula(&mut book, "清单").unwrap();
        assert!(formulas.is_empty(), "nothing is computed");
    }
}
