//! Tables on their way out: a workbook or CSV that opens cleanly everywhere, says on itself who took
//! it out, and runs nothing on the machine of whoever opens it.
//!
//! Decides how cells become a file; never what stands in them.

use crate::book::{Book, Head};

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

/// A table that leaves the system.
#[derive(Debug, Clone, Default)]
pub struct Leaving {
    /// Name of the sheet.
    pub title: String,
    /// The first row and the foot of every printed page: who took it out, when, and the tag.
    pub mark: String,
    /// The tag alone, which stands in every row, so that a part of the table has it too.
    pub tag: String,
    /// Who took it out, for the properties of the file.
    pub author: String,
    /// Names of the columns; the last one is that of the tag.
    pub columns: Vec<String>,
    /// Cells by row, one fewer than columns: the tag is added.
    pub rows: Vec<Vec<String>>,
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

impl Leaving {
    /// The file.
    ///
    /// # Errors
    /// When it is too large for a workbook.
    pub fn file(&self, form: Form) -> Result<Vec<u8>, Broken> {
        match form {
            Form::Xlsx => self.xlsx(),
            Form::Csv => Ok(self.csv()),
        }
    }

    /// Rows of text, each with the tag at its end.
    fn lines(&self) -> impl Iterator<Item = impl Iterator<Item = String>> {
        self.rows.iter().map(|row| row.iter().map(|cell| harmless(cell)).chain([self.tag.clone()]))
    }

    fn csv(&self) -> Vec<u8> {
        let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut text = String::from("\u{feff}");
        let mut line = |cells: &mut dyn Iterator<Item = String>| {
            let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        };
        // As wide as the others, so that programs that count columns read it too.
        let rest = self.columns.len().saturating_sub(1);
        let empty = std::iter::repeat_n(String::new(), rest);
        line(&mut std::iter::once(harmless(&self.mark)).chain(empty));
        line(&mut self.columns.iter().map(|name| harmless(name)));
        for mut row in self.lines() {
            line(&mut row);
        }
        text.into_bytes()
    }

    fn xlsx(&self) -> Result<Vec<u8>, Broken> {
        let head = Head {
            title: self.title.clone(),
            mark: self.mark.clone(),
            tag: self.tag.clone(),
            author: self.author.clone(),
            columns: self.columns.clone(),
            ..Head::default()
        };
        let mut book = Book::begin(Vec::new(), &head)?;
        for cells in &self.rows {
            let tag = self.tag.as_str().into();
            book.row(cells.iter().map(|cell| cell.as_str().into()).chain([tag]))?;
        }
        book.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Leaving {
        let text = |all: &[&str]| all.iter().map(|c| (*c).to_owned()).collect();
        Leaving {
            title: "清单".to_owned(),
            mark: "导出人 张三（zhang）· A&B · 追溯码 ABCD".to_owned(),
            tag: "ABCD".to_owned(),
            author: "张三".to_owned(),
            columns: text(&["编号", "概要", "追溯码"]),
            rows: vec![text(&["26-1", "=1+1"]), text(&["26-2", "说\"不\",\n第二行"])],
        }
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
        let text = String::from_utf8(table().file(Form::Csv).unwrap()).unwrap();
        assert_eq!(
            text,
            "\u{feff}\"导出人 张三（zhang）· A&B · 追溯码 ABCD\",\"\",\"\"\r\n\
             \"编号\",\"概要\",\"追溯码\"\r\n\"26-1\",\"'=1+1\",\"ABCD\"\r\n\
             \"26-2\",\"说\"\"不\"\",\n第二行\",\"ABCD\"\r\n"
        );
    }

    #[test]
    fn a_workbook_reads_back_as_it_was_written() {
        let body = table().file(Form::Xlsx).unwrap();
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(std::io::Cursor::new(body)).unwrap();
        let sheet = calamine::Reader::worksheet_range(&mut book, "清单").unwrap();
        let rows: Vec<Vec<String>> =
            sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(rows[0][0], table().mark);
        assert_eq!(rows[1], ["编号", "概要", "追溯码"]);
        assert_eq!(rows[2], ["26-1", "'=1+1", "ABCD"]);
        assert_eq!(rows[3], ["26-2", "说\"不\",\n第二行", "ABCD"]);
        let formulas = calamine::Reader::worksheet_formula(&mut book, "清单").unwrap();
        assert!(formulas.is_empty(), "nothing is computed");
    }
}
