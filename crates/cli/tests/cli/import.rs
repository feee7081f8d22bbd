//! `xiaohe import appeals`: every format and encoding, twice as good as once, and a kill in the
//! middle.

use crate::support::Town;
use encoding_rs::{BIG5, Encoding, GB18030};
use serde_json::Value;
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    process::Stdio,
};
use zip::{ZipWriter, write::SimpleFileOptions};

const SIMPLIFIED: &str = "编号,留言主题,留言详情,留言时间,类别,联系电话\n\
    A-1,邻居家孩子无人照看,孩子常常独自在家，想请村里看看。,2025/3/4 9:05,困境儿童,10000000001\n\
    A-2,咨询离婚手续,不知道要带什么材料，请告诉我。,2025年3月5日,离婚纠纷,无\n\
    A-3,感谢社区,谢谢妇联的同志帮忙。,2025-03-06 18:00:00,没有这种类别,\n";
const TRADITIONAL: &str = "編號,主題,內容,日期,類別,電話\n\
    B-1,諮詢離婚手續,不知道要帶什麼材料，請告訴我們。,2025-03-05,離婚糾紛,10000000002\n\
    B-2,鄰居家孩子無人照顧,孩子經常獨自在家，想請鄉裡看看。,2025-03-06,,\n";

fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let (bytes, _, lossy) = encoding.encode(text);
    assert!(!lossy, "the encoding has all of these");
    bytes.into_owned()
}

/// The table as a workbook with inline strings.
fn workbook(csv: &str) -> Vec<u8> {
    let row = |(n, line): (usize, &str)| {
        let mut row = format!("<row r=\"{}\">", n + 1);
        for (cell, column) in line.split(',').zip('A'..) {
            let at = format!("{column}{}", n + 1);
            row.extend(["<c r=\"", &at, "\" t=\"inlineStr\"><is><t>", cell, "</t></is></c>"]);
        }
        row + "</row>"
    };
    let rows: String = csv.lines().enumerate().map(row).collect();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006";
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{package}/content-types\">\
                 <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>\
                 <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" \
                 Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>\
                 <sheet name=\"诉求\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" \
                 Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ];
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(name, SimpleFileOptions::default()).expect("a part");
        zip.write_all(content.as_bytes()).expect("a part");
    }
    zip.finish().expect("a workbook").into_inner()
}

fn jsonl() -> String {
    let rows = [
        r#"{"id": "J-1", "subject": "咨询生育津贴", "body": "单位没有交社保。", "created_at": "2025-05-06T07:08:09+08:00"}"#,
        r#"{"id": "J-2", "subject": "想学一门手艺", "body": "请问哪里有培训？", "created_at": "2025-05-07T07:08:09+08:00"}"#,
    ];
    rows.join("\n")
}

fn count(found: &Value, what: &str) -> u64 {
    found[what].as_u64().unwrap_or_else(|| panic!("no {what} in {found}"))
}

#[test]
fn every_format_and_encoding_twice_is_once() {
    let town = Town::new();
    town.make_keys();
    let files: [(&str, Vec<u8>, u64); 6] = [
        ("utf8.csv", SIMPLIFIED.into(), 3),
        ("gb.csv", encoded(SIMPLIFIED, GB18030), 3),
        ("big5.csv", encoded(TRADITIONAL, BIG5), 2),
        ("tabs.tsv", SIMPLIFIED.replace(',', "\t").into(), 3),
        ("book.xlsx", workbook(SIMPLIFIED), 3),
        ("lines.jsonl", jsonl().into(), 2),
    ];
    let mut all = 0;
    for (name, bytes, rows) in files {
        town.write(name, bytes);
        let (status, found) = town.json(&["import", "appeals", name]);
        assert_eq!((status, count(&found, "taken")), (0, rows), "{name}: {found}");
        all += rows;
        let (status, found) = town.json(&["import", "appeals", name]);
        let again = (status, count(&found, "taken"), count(&found, "known"));
        assert_eq!(again, (0, 0, rows), "{name}: {found}");
    }
    assert_eq!(town.sound(), all);

    // Under the name of the first source the second file has nothing new.
    let (_, found) = town.json(&["import", "appeals", "gb.csv", "--source", "utf8"]);
    assert_eq!((count(&found, "taken"), count(&found, "known")), (0, 3));
}

#[test]
fn bad_rows_are_named_and_stop_nothing() {
    let town = Town::new();
    town.make_keys();
    let long = "长".repeat(5_001);
    let table = format!(
        "编号,标题,内容,电话,时间\n\
         1,一件事,说来话长,,\n\
         2,,,,\n\
         3,一件事,内容,电话在家里,\n\
         4,一件事,内容,,13/14/2025\n\
         5,一件事,{long},,\n\
         6,一件事\n\
         7,{},,10000000003,2999-01-01\n\
         8,旧事,内容,,1999-01-02\n",
        "很长的标题".repeat(20)
    );
    town.write("bad.csv", table);
    let (status, found) = town.json(&["import", "appeals", "bad.csv", "--dry-run"]);
    assert_eq!((status, count(&found, "taken"), count(&found, "failed")), (2, 3, 5), "{found}");
    assert!(!town.path("data/city.db").exists(), "a dry run opens no database");

    let (status, found) = town.json(&["import", "appeals", "bad.csv", "--report", "report.csv"]);
    assert_eq!((status, count(&found, "taken"), count(&found, "failed")), (2, 3, 5), "{found}");
    // A year without holiday data has no deadlines, so the old one is opened now.
    assert_eq!(count(&found, "redated"), 1);
    let report = std::fs::read_to_string(town.path("report.csv")).expect("a report");
    let lines: Vec<&str> =
        report.lines().skip(1).filter_map(|l| l.split_once(',')).map(|(line, _)| line).collect();
    assert_eq!(lines, ["3", "4", "5", "6", "7"], "{report}");
    assert!(!report.contains("电话在家里"), "no cell in the report: {report}");
    assert_eq!(town.sound(), 3);
}

#[test]
fn rows_without_a_number_are_known_by_their_content() {
    let town = Town::new();
    town.make_keys();
    town.write("a.csv", "标题,内容\n一件事,甲\n一件事,乙\n一件事,甲\n");
    let (_, found) = town.json(&["import", "appeals", "a.csv"]);
    assert_eq!((count(&found, "taken"), count(&found, "known")), (2, 1), "{found}");
    let (_, found) = town.json(&["import", "appeals", "a.csv", "--limit", "1"]);
    assert_eq!((count(&found, "read"), count(&found, "known")), (1, 1), "{found}");
}

#[test]
fn a_table_of_something_else_is_refused() {
    let town = Town::new();
    town.make_keys();
    town.write("money.csv", "金额,账号\n1,2\n");
    let out = town.run(&["import", "appeals", "money.csv"]);
    assert_eq!(out.status.code(), Some(1));
    let says = String::from_utf8_lossy(&out.stderr);
    assert!(says.contains("金额, 账号"), "{says}");
    let out = town.run(&["import", "appeals", "money.csv", "--channel", "pigeon"]);
    assert!(!out.status.success());
}

#[test]
fn killed_in_the_middle_and_given_again() {
    const ROWS: u64 = 2_000;
    let town = Town::new();
    town.make_keys();
    let file = File::create(town.path("many.csv")).expect("a file");
    let mut file = std::io::BufWriter::new(file);
    writeln!(file, "编号,标题,内容").expect("a line");
    for n in 0..ROWS {
        writeln!(file, "{n},第{n}件事,说来话长，这是第{n}次反映。").expect("a line");
    }
    file.flush().expect("written");

    let limit = ROWS.to_string();
    let mut command = town.command(&["import", "appeals", "many.csv", "--limit", &limit]);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let says = BufReader::new(child.stderr.take().expect("a pipe"));
    // When the progress is shown a second time, the rows before the first are durable.
    let shown = says.lines().map_while(Result::ok).filter(|l| l.contains(" of 2000")).nth(1);
    assert!(shown.is_some());
    child.kill().expect("killed");
    child.wait().expect("an end");

    let before = town.sound();
    assert!((1..ROWS).contains(&before), "{before}");
    let (status, found) = town.json(&["import", "appeals", "many.csv"]);
    assert_eq!(status, 0, "{found}");
    assert_eq!(count(&found, "known"), before);
    assert_eq!(count(&found, "taken"), ROWS - before);
    assert_eq!(town.sound(), ROWS);
}
