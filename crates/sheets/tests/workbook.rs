//! Workbooks from outside: cells of every kind, and workbooks built to hurt.

mod parts;

use parts::{fault, good, open, row, rows, workbook, workbook_of, zip};
use sheets::{Format, RowFault, SheetFault, Why};

#[test]
fn cells_become_text() {
    let head = row(1, &["内容", "值"]);
    // (the cell, its text)
    let cases = [
        ("<c t=\"s\"><v>0</v></c>", "张三"),
        ("<c t=\"inlineStr\"><is><t>&lt;李四&gt; &amp; 𠮷</t></is></c>", "<李四> & 𠮷"),
        ("<c><v>13800000001</v></c>", "13800000001"),
        ("<c><v>1.38E10</v></c>", "13800000000"),
        ("<c><v>0.30000000000000004</v></c>", "0.3"),
        ("<c><v>-12.5</v></c>", "-12.5"),
        ("<c t=\"b\"><v>1</v></c>", "TRUE"),
        ("<c t=\"e\"><v>#N/A</v></c>", "#N/A"),
        ("<c s=\"1\"><v>45293</v></c>", "2024-01-02"),
        ("<c s=\"2\"><v>45293.378819444443</v></c>", "2024-01-02 09:05:30"),
        ("<c s=\"3\"><v>0.5</v></c>", "12:00:00"),
        ("<c s=\"4\"><v>45293</v></c>", "2024-01-02"),
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ("<c t=\"str\"><f>A1&amp;\"x\"</f><v>内容x</v></c>", "内容x"),
        ("<c><f>HYPERLINK(\"http://a.test\")</f></c>", "=HYPERLINK(\"http://a.test\")"),
        ("<c t=\"inlineStr\"><is><t>=1+1</t></is></c>", "=1+1"),
    ];
    for (cell, text) in cases {
        let name = "<c t=\"inlineStr\"><is><t>名</t></is></c>";
        let data = format!("{head}<row r=\"2\">{name}{cell}</row>");
        let rows = good(rows(&workbook(&data, &["张三"]), "a.xlsx"));
        assert_eq!(rows, [(2, vec!["名".to_owned(), text.to_owned()])], "{cell}");
    }
}

#[test]
fn the_date_system_of_1904_is_honoured() {
    let data = format!("{}<row r=\"2\"><c s=\"1\"><v>43831</v></c></row>", row(1, &["日期"]));
    let sheets = [("一", "", data.as_str())];
    let bytes = workbook_of(&sheets, &[], "<workbookPr date1904=\"1\"/>");
    assert_eq!(good(rows(&bytes, "a.xlsx"))[0].1, ["2024-01-02"]);
}

#[test]
fn rows_and_blank_cells_stand_where_the_sheet_says() {
    let data = [
        row(1, &["某某县诉求台账"]),
        row(3, &["姓名", "电话", "类别"]),
        "<row r=\"9\"><c r=\"C9\" t=\"inlineStr\"><is><t>婚姻</t></is></c></row>".into(),
        "<row r=\"7\"><c r=\"A7\" t=\"inlineStr\"><is><t>张三</t></is></c></row>".into(),
        "<row r=\"10\"><c r=\"D10\" t=\"inlineStr\"><is><t>多</t></is></c></row>".into(),
        "<row r=\"11\"><c r=\"A11\" s=\"1\"/><c r=\"ZZ11\"/></row>".into(),
        row(12, &["王五", "2", "家教", " "]),
    ]
    .concat();
    let bytes = workbook(&data, &[]);
    let mut table = open(&bytes, "a.csv");
    assert_eq!(table.detected.format, Format::Xlsx, "the content decides, not the name");
    assert_eq!(table.detected.sheet.as_deref(), Some("诉求台账"));
    assert_eq!(
        (table.header.clone(), table.header_line),
        (["姓名", "电话", "类别"].map(String::from).to_vec(), 3)
    );
    table.skip_to(8);
    let rows: Vec<_> = table.collect();
    assert_eq!(rows[1], Err(RowFault { line: 10, why: Why::Ragged { expected: 3, found: 4 } }));
    assert_eq!(good(rows).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [9, 12]);
    let all = good(parts::rows(&bytes, "a.xlsx"));
    assert_eq!(all[0], (7, vec!["张三".into(), String::new(), String::new()]));
}

#[test]
fn the_first_visible_sheet_with_cells_is_read() {
    let data = [row(1, &["姓名"]), row(2, &["张三"])].concat();
    let sheets = [("空", "", ""), ("藏", " state=\"hidden\"", data.as_str()), ("名单", "", &data)];
    let bytes = workbook_of(&sheets, &[], "");
    assert_eq!(open(&bytes, "a.xlsx").detected.sheet.as_deref(), Some("名单"));
    assert!(matches!(fault(&workbook("", &[]), "a.xlsx"), SheetFault::Empty));
}

#[test]
fn numbers_that_lost_digits_are_faults() {
    let cell = |number: &str| format!("<c><v>{number}</v></c>");
    let data = format!(
        "{}<row r=\"2\">{}</row><row r=\"3\">{}</row><row r=\"4\">{}{}</row>",
        row(1, &["姓名", "证件号码"]),
        cell("370000199001010000"),
        cell("123456789012345"),
        cell("1"),
        "<c><f t=\"shared\" si=\"4000000000\"/></c>",
    );
    let rows = rows(&workbook(&data, &[]), "a.xlsx");
    assert_eq!(rows[0], Err(RowFault { line: 2, why: Why::LostDigits { column: 1 } }));
    assert_eq!(rows[1].as_ref().map(|row| row.cells[0].as_str()), Ok("123456789012345"));
    assert_eq!(rows[2], Err(RowFault { line: 4, why: Why::NoResult { column: 2 } }));
}

#[test]
fn limits_of_a_sheet() {
    let cell = |at: &str| format!("<row><c r=\"{at}\" t=\"inlineStr\"><is><t>x</t></is></c></row>");
    let one = row(1, &["姓名"]);
    let last = good(rows(&workbook(&format!("{one}{}", cell("A1048576")), &[]), "a.xlsx"));
    assert_eq!(last[0].0, 1_048_576, "a far cell costs nothing");
    let wide = fault(&workbook(&format!("{one}{}", cell("XFD7")), &[]), "a.xlsx");
    assert!(matches!(wide, SheetFault::TooManyColumns { line: 7 }), "{wide:?}");
    let deep = fault(&workbook(&format!("{one}{}", cell("A1048577")), &[]), "a.xlsx");
    assert!(
        matches!(deep, SheetFault::TooManyRows { .. } | SheetFault::BrokenWorkbook(_)),
        "{deep:?}"
    );
    // Too varied to be packed like a bomb, too long to be a cell.
    let mut state = 1_u32;
    let long: String = (0..=sheets::MAX_CELL_BYTES)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + u8::try_from(state >> 24).unwrap_or(0) % 26)
        })
        .collect();
    let long = fault(&workbook(&[one, row(2, &[&long])].concat(), &[]), "a.xlsx");
    assert!(matches!(long, SheetFault::CellTooLong { line: 2 }), "{long:?}");
}

#[test]
fn bombs_are_refused_before_they_are_read() {
    let zeros = vec![b'0'; 32 * 1024 * 1024];
    let plain = workbook(&row(1, &["姓名"]), &[]);
    assert_eq!(open(&plain, "a.xlsx").header, ["姓名"]);
    let bomb = zip(&[("xl/workbook.xml", b"<workbook/>"), ("xl/media/a.bin", &zeros)]);
    assert!(bomb.len() < 64 * 1024);
    assert!(matches!(fault(&bomb, "a.xlsx"), SheetFault::Bomb));

    // One long shared text, named by very many cells.
    let long = "很长的文字".repeat(20_000);
    let cells = "<row><c t=\"s\"><v>0</v></c></row>".repeat(1_000);
    let many = workbook(&cells, &[&long]);
    assert!(matches!(fault(&many, "a.xlsx"), SheetFault::Bomb), "{} bytes", many.len());
}

#[test]
fn a_size_that_lies_does_not_help_a_bomb() {
    let zeros = vec![b'0'; 4 * 1024 * 1024];
    let mut bomb = zip(&[("xl/media/a.bin", &zeros), ("xl/workbook.xml", b"<workbook/>")]);
    let real = u32::try_from(zeros.len()).unwrap_or(0).to_le_bytes();
    let mut found = 0;
    for at in 0..bomb.len() - 4 {
        if bomb[at..at + 4] == real {
            bomb[at..at + 4].copy_from_slice(&9_u32.to_le_bytes());
            found += 1;
        }
    }
    assert_eq!(found, 2, "the size stands in the local header and in the directory");
    let fault = fault(&bomb, "a.xlsx");
    assert!(matches!(fault, SheetFault::Bomb | SheetFault::BrokenWorkbook(_)), "{fault:?}");
}

#[test]
fn broken_and_foreign_archives_are_refused() {
    let whole = workbook(&[row(1, &["姓名"]), row(2, &["张三"])].concat(), &[]);
    let cut = fault(&whole[..whole.len() / 2], "a.xlsx");
    assert!(matches!(cut, SheetFault::BrokenWorkbook(_)), "{cut:?}");
    let docx = zip(&[("word/document.xml", b"<w:document/>")]);
    assert!(matches!(fault(&docx, "a.xlsx"), SheetFault::NotAWorkbook));
    let hollow = zip(&[("xl/workbook.xml", b"<workbook/>")]);
    assert!(matches!(fault(&hollow, "a.xlsx"), SheetFault::BrokenWorkbook(_) | SheetFault::Empty));
    let xml = workbook("<row><c r=\"A1\"><v>1</x></c></row>", &[]);
    assert!(matches!(fault(&xml, "a.xlsx"), SheetFault::BrokenWorkbook("its XML")));
}

/// Every byte of the sheet part is damaged once; nothing may panic.
#[test]
fn damaged_sheets_never_panic() {
    let data = "<row r=\"1\"><c r=\"A1\" t=\"s\" s=\"1\"><f t=\"shared\" si=\"0\" ref=\"A1:B2\">1</f>\
                <v>0</v></c><c r=\"B1\" t=\"b\"><v>1</v></c></row>";
    let mut opened = 0;
    for at in 0..data.len() {
        for damage in ["", "9", "\"", "<", "&", "-"] {
            let mut broken = data.to_owned();
            broken.replace_range(at..=at, damage);
            let bytes = workbook(&broken, &["姓名"]);
            if let Ok(table) = sheets::open((bytes.as_slice(), "a.xlsx")) {
                opened += table.count().min(1) + 1;
            }
        }
    }
    assert!(opened > 0, "some damage is harmless");
}
