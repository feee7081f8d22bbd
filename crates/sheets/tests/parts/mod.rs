//! Builds small workbooks and texts for the tests.

#![allow(dead_code, reason = "each test file uses some of it")]
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::io::{Cursor, Write as _};

use sheets::{Record, RowFault, SheetFault, Table};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The rows of a file that must open, and their faults.
pub fn rows(bytes: &[u8], name: &str) -> Vec<Result<Record, RowFault>> {
    open(bytes, name).collect()
}

pub fn open<'a>(bytes: &'a [u8], name: &'a str) -> Table<'a> {
    sheets::open((bytes, name)).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

pub fn fault(bytes: &[u8], name: &str) -> SheetFault {
    match sheets::open((bytes, name)) {
        Ok(table) => panic!("{name} was opened as {:?}", table.detected),
        Err(fault) => fault,
    }
}

/// Line and cells of every good row.
pub fn good(rows: Vec<Result<Record, RowFault>>) -> Vec<(u64, Vec<String>)> {
    rows.into_iter().flatten().map(|row| (row.line, row.cells)).collect()
}

pub fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook with one sheet; `rows` is the inside of `sheetData`.
/// Style 1 is a date, style 2 date and time, style 3 a time of day, style 4 Chinese `yyyy年m月d日`.
pub fn workbook(rows: &str, shared: &[&str]) -> Vec<u8> {
    workbook_of(&[("诉求台账", "", rows)], shared, "")
}

/// Sheets are name, attributes and rows; `properties` goes into the workbook part.
pub fn workbook_of(sheets: &[(&str, &str, &str)], shared: &[&str], properties: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINK: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let mut list = Vec::new();
    let mut links = Vec::new();
    let mut parts: Vec<(String, String)> = Vec::new();
    for (index, (name, attributes, rows)) in sheets.iter().enumerate() {
        let id = index + 1;
        list.push(format!(
            "<sheet name=\"{name}\" sheetId=\"{id}\" r:id=\"rId{id}\"{attributes}/>"
        ));
        links.push(format!(
            "<Relationship Id=\"rId{id}\" Type=\"{LINK}/worksheet\" \
             Target=\"worksheets/sheet{id}.xml\"/>"
        ));
        parts.push((
            format!("xl/worksheets/sheet{id}.xml"),
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        ));
    }
    links.push(format!(
        "<Relationship Id=\"rId90\" Type=\"{LINK}/sharedStrings\" Target=\"sharedStrings.xml\"/>\
         <Relationship Id=\"rId91\" Type=\"{LINK}/styles\" Target=\"styles.xml\"/>"
    ));
    let (list, links) = (list.concat(), links.concat());
    let strings: Vec<String> =
        shared.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    let strings = strings.concat();
    parts.push((
        "[Content_Types].xml".into(),
        format!(
            "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
             ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"{KIND}.worksheet+xml\"/>\
             <Override PartName=\"/xl/workbook.xml\" ContentType=\"{KIND}.sheet.main+xml\"/>\
             </Types>"
        ),
    ));
    parts.push((
        "_rels/.rels".into(),
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
             Type=\"{LINK}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    ));
    parts.push((
        "xl/workbook.xml".into(),
        format!(
            "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{LINK}\">{properties}<sheets>{list}</sheets>\
             </workbook>"
        ),
    ));
    parts.push((
        "xl/_rels/workbook.xml.rels".into(),
        format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{links}</Relationships>"),
    ));
    parts.push(("xl/sharedStrings.xml".into(), format!("<sst xmlns=\"{MAIN}\">{strings}</sst>")));
    parts.push((
        "xl/styles.xml".into(),
        format!(
            "<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"1\"><numFmt numFmtId=\"180\" \
             formatCode=\"yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;\"/></numFmts>\
             <cellXfs count=\"5\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/>\
             <xf numFmtId=\"21\"/><xf numFmtId=\"180\"/></cellXfs></styleSheet>"
        ),
    ));
    let parts: Vec<(&str, &[u8])> =
        parts.iter().map(|(name, content)| (name.as_str(), content.as_bytes())).collect();
    zip(&parts)
}

/// A row of inline strings.
pub fn row(number: usize, cells: &[&str]) -> String {
    let cells: Vec<String> =
        cells.iter().map(|cell| format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>")).collect();
    format!("<row r=\"{number}\">{}</row>", cells.concat())
}
