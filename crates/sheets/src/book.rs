//! A workbook with one sheet, written row by row: what was written is gone from memory, whether the
//! sheet has ten rows or a million. Nothing lies in a temporary file on the way.
//!
//! Decides how rows become the parts of the file (ECMA-376, `SpreadsheetML`); never what stands in
//! them. A text stays a text in every program that opens it, and no cell is a formula.

use crate::{
    MAX_SHEET_ROWS,
    write::{Broken, harmless},
};
use std::{
    fmt::Write as _,
    io::{self, Write},
};
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    result::ZipError,
    write::{SimpleFileOptions, StreamWriter},
};

/// The longest text of a cell, in the units by which the programs count.
const MAX_TEXT: usize = 32_767;
/// Above this a number is no longer exact in the programs.
const MAX_EXACT: u64 = 1 << 53;
/// So many bytes of a sheet are gathered before they are packed.
const TURN: usize = 32 * 1024;
/// Signs of a foot of a page, which has a limit of its own.
const FOOT: usize = 230;

/// Styles, in the order of [`STYLES`].
const PLAIN: u8 = 0;
const TEXT: u8 = 1;
const MARK: u8 = 2;
const NAMES: u8 = 3;
const TITLE: u8 = 4;
const NUMBER: u8 = 5;

/// A cell on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A text, whatever it looks like.
    Text(String),
    /// A number with which a program may reckon.
    Number(i64),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// What stands above the rows and around them.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Name of the sheet and title of the file.
    pub title: String,
    /// The first row and the foot of every printed page: who took it out, when, and the tag.
    pub mark: String,
    /// The tag alone, for the properties of the file.
    pub tag: String,
    /// Who took it out, for the properties of the file.
    pub author: String,
    /// Rows between the mark and the names of the columns: what the table is about.
    pub about: Vec<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Widths of the first columns in signs; the others are as wide as usual.
    pub widths: Vec<u8>,
}

impl From<ZipError> for Broken {
    fn from(_: ZipError) -> Self {
        Self
    }
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// A workbook that is being written.
pub struct Book<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    /// What is not packed yet.
    text: String,
    rows: usize,
    foot: String,
}

impl<W: Write> Book<W> {
    /// Begins with everything that stands above the rows.
    ///
    /// # Errors
    /// When the file cannot be written, or a text is longer than a cell holds.
    pub fn begin(out: W, head: &Head) -> Result<Self, Broken> {
        let mut zip = ZipWriter::new_stream(out);
        for (name, part) in [
            ("[Content_Types].xml", CONTENT_TYPES.to_owned()),
            ("_rels/.rels", PACKAGE_LINKS.to_owned()),
            ("docProps/core.xml", core(head)),
            ("docProps/custom.xml", custom(head)),
            ("xl/workbook.xml", workbook(&sheet_name(&head.title))),
            ("xl/_rels/workbook.xml.rels", BOOK_LINKS.to_owned()),
            ("xl/styles.xml", STYLES.to_owned()),
        ] {
            zip.start_file(name, options())?;
            zip.write_all(DECLARATION.as_bytes())?;
            zip.write_all(part.as_bytes())?;
        }
        zip.start_file("xl/worksheets/sheet1.xml", options())?;
        let above = 2 + head.about.len();
        let text = format!("{DECLARATION}{}", sheet_head(above, &head.widths));
        let foot = head.mark.replace('&', "&&").chars().take(FOOT).collect();
        let mut book = Self { zip, text, rows: 0, foot };
        book.line(MARK, [head.mark.as_str().into()])?;
        for line in &head.about {
            book.line(TITLE, [line.as_str().into()])?;
        }
        book.line(NAMES, head.columns.iter().map(|name| name.as_str().into()))?;
        Ok(book)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and when the sheet is full.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<(), Broken> {
        self.line(TEXT, cells)
    }

    fn line(&mut self, style: u8, cells: impl IntoIterator<Item = Cell>) -> Result<(), Broken> {
        if self.rows >= MAX_SHEET_ROWS {
            return Err(Broken);
        }
        self.rows += 1;
        // Writing to a string cannot fail.
        let _ = write!(self.text, "<row r=\"{}\">", self.rows);
        for (column, cell) in cells.into_iter().enumerate() {
            let place = format!("{}{}", letters(column), self.rows);
            match cell {
                Cell::Number(n) if n.unsigned_abs() <= MAX_EXACT => {
                    let _ = write!(self.text, "<c r=\"{place}\" s=\"{NUMBER}\"><v>{n}</v></c>");
                }
                Cell::Number(n) => self.text_cell(&place, style, &n.to_string())?,
                Cell::Text(text) => self.text_cell(&place, style, &text)?,
            }
        }
        self.text.push_str("</row>");
        if self.text.len() > TURN {
            self.zip.write_all(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }

    fn text_cell(&mut self, place: &str, style: u8, text: &str) -> Result<(), Broken> {
        if text.is_empty() {
            let _ = write!(self.text, "<c r=\"{place}\" s=\"{PLAIN}\"/>");
            return Ok(());
        }
        let text = harmless(text);
        if text.encode_utf16().count() > MAX_TEXT {
            return Err(Broken);
        }
        let _ = write!(self.text, "<c r=\"{place}\" s=\"{style}\" t=\"inlineStr\"><is>");
        self.text.push_str("<t xml:space=\"preserve\">");
        escape(&mut self.text, &text);
        self.text.push_str("</t></is></c>");
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(mut self) -> Result<W, Broken> {
        self.text.push_str("</sheetData><pageMargins left=\"0.5\" right=\"0.5\" top=\"0.6\" bottom=\"0.7\" header=\"0.3\" footer=\"0.3\"/><pageSetup paperSize=\"9\" orientation=\"landscape\" fitToWidth=\"1\" fitToHeight=\"0\"/><headerFooter><oddFooter>");
        let foot = format!("&L{}&R&P/&N", self.foot);
        escape(&mut self.text, &foot);
        self.text.push_str("</oddFooter></headerFooter></worksheet>");
        self.zip.write_all(self.text.as_bytes())?;
        Ok(self.zip.finish()?.into_inner())
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
}

/// The letters of a column, counted from 0.
fn letters(column: usize) -> String {
    let (above, last) = (column / 26, column % 26);
    let last = char::from(b'A' + u8::try_from(last).unwrap_or(0));
    if above == 0 { last.to_string() } else { letters(above - 1) + &last.to_string() }
}

/// A name that every program takes: short, and without the signs by which a formula names a sheet.
fn sheet_name(title: &str) -> String {
    let safe = |c: char| !c.is_control() && !"[]:*?/\\'".contains(c);
    let name: String = title.chars().filter(|c| safe(*c)).take(31).collect();
    if name.trim().is_empty() { "1".to_owned() } else { name }
}

/// Text for XML; signs that XML does not know are left out.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c < ' ' => {}
            c => out.push(c),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    escape(&mut out, text);
    out
}

/// The rows above stay in sight; a printed page is as wide as the table.
fn sheet_head(above: usize, widths: &[u8]) -> String {
    let each = widths.iter().enumerate().fold(String::new(), |mut all, (n, width)| {
        let n = n + 1;
        let _ = write!(all, "<col min=\"{n}\" max=\"{n}\" width=\"{width}\" customWidth=\"1\"/>");
        all
    });
    let columns = if each.is_empty() { each } else { format!("<cols>{each}</cols>") };
    let top = above + 1;
    format!(
        "<worksheet xmlns=\"{MAIN}\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr>\
         <sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"{above}\" \
         topLeftCell=\"A{top}\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView>\
         </sheetViews><sheetFormatPr defaultColWidth=\"16\" defaultRowHeight=\"15\"/>{columns}\
         <sheetData>"
    )
}

fn core(head: &Head) -> String {
    format!(
        "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/\
         core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}</dc:title>\
         <dc:creator>{}</dc:creator><dc:description>{}</dc:description></cp:coreProperties>",
        escaped(&head.title),
        escaped(&head.author),
        escaped(&head.mark),
    )
}

fn custom(head: &Head) -> String {
    format!(
        "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" \
         xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">\
         <property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"2\" name=\"trace\">\
         <vt:lpwstr>{}</vt:lpwstr></property></Properties>",
        escaped(&head.tag),
    )
}

fn workbook(name: &str) -> String {
    format!(
        "<workbook xmlns=\"{MAIN}\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/\
         relationships\"><bookViews><workbookView/></bookViews><sheets><sheet name=\"{}\" \
         sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        escaped(name),
    )
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const CONTENT_TYPES: &str = concat!(
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">",
    "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>",
    "<Default Extension=\"xml\" ContentType=\"application/xml\"/>",
    "<Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>",
    "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>",
    "<Override PartName=\"/xl/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>",
    "<Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>",
    "<Override PartName=\"/docProps/custom.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.custom-properties+xml\"/>",
    "</Types>",
);
const PACKAGE_LINKS: &str = concat!(
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
    "<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/>",
    "<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>",
    "<Relationship Id=\"rId3\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties\" Target=\"docProps/custom.xml\"/>",
    "</Relationships>",
);
const BOOK_LINKS: &str = concat!(
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
    "<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/>",
    "<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/>",
    "</Relationships>",
);
/// Plain, text, mark, names of columns, title, number.
const STYLES: &str = concat!(
    "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">",
    "<fonts count=\"4\"><font><sz val=\"11\"/><name val=\"宋体\"/></font>",
    "<font><i/><sz val=\"10\"/><color rgb=\"FFA33A3A\"/><name val=\"宋体\"/></font>",
    "<font><b/><sz val=\"11\"/><name val=\"宋体\"/></font>",
    "<font><b/><sz val=\"12\"/><name val=\"宋体\"/></font></fonts>",
    "<fills count=\"3\"><fill><patternFill patternType=\"none\"/></fill>",
    "<fill><patternFill patternType=\"gray125\"/></fill>",
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFEFEAE0\"/><bgColor indexed=\"64\"/></patternFill></fill></fills>",
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>",
    "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>",
    "<cellXfs count=\"6\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>",
    "<xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyAlignment=\"1\"><alignment vertical=\"top\"/></xf>",
    "<xf numFmtId=\"49\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\"/>",
    "<xf numFmtId=\"49\" fontId=\"2\" fillId=\"2\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\" applyFill=\"1\"/>",
    "<xf numFmtId=\"49\" fontId=\"3\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\"/>",
    "<xf numFmtId=\"1\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyAlignment=\"1\"><alignment vertical=\"top\"/></xf></cellXfs>",
    "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>",
    "</styleSheet>",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_lettered_as_the_programs_do() {
        for (column, name) in
            [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (702, "AAA")]
        {
            assert_eq!(letters(column), name);
        }
    }

    #[test]
    fn a_sheet_has_a_name_that_every_program_takes() {
        assert_eq!(sheet_name("收到[诉求]/2026"), "收到诉求2026");
        assert_eq!(sheet_name(" ?* "), "1");
        assert_eq!(sheet_name(&"长".repeat(40)).chars().count(), 31);
    }

    #[test]
    fn what_is_too_long_for_a_cell_is_refused() {
        let mut book = Book::begin(Vec::new(), &Head::default()).unwrap();
        book.row(["字".repeat(MAX_TEXT).into()]).unwrap();
        assert!(book.row(["字".repeat(MAX_TEXT + 1).into()]).is_err());
    }
}
