//! CSV, TSV and JSON Lines from outside: every encoding, careless files, hostile files.

mod parts;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use encoding_rs::{BIG5, GB18030, GBK};
use parts::{fault, good, open, rows};
use sheets::{Encoding, Format, RowFault, SheetFault, Why};

const LEDGER: &str = "\
姓名,联系电话,所属街道,诉求内容,登记日期
王秀英,13800000001,某某街道,反映丈夫长期家庭暴力，请求帮助,2024-01-02
李小丽,13800000002,某某镇,\"咨询子女抚养费，
并要求尽快答复\",2024/1/3
张建国,13800000003,某某乡,\"孩子说：\"\"不想上学\"\"\",2024年1月4日
";

const LEDGER_TRADITIONAL: &str = "\
姓名,聯絡電話,所屬街道,訴求內容,登記日期
王秀英,13800000001,某某街道,反映丈夫長期家庭暴力，請求幫助,2024-01-02
李小麗,13800000002,某某鎮,\"諮詢子女撫養費，
並要求儘快答覆\",2024/1/3
";

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let mark = '\u{feff}';
    std::iter::once(mark)
        .chain(text.chars())
        .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
        .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

fn encoded(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = encoding.encode(text);
    assert!(!lossy, "the test data does not fit {}", encoding.name());
    bytes.into_owned()
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn every_encoding_gives_the_same_rows() {
    let wanted = good(rows(LEDGER.as_bytes(), "a.csv"));
    assert_eq!(wanted.len(), 3);
    assert_eq!(wanted[1].0, 3);
    assert_eq!(wanted[1].1[3], "咨询子女抚养费，\n并要求尽快答复");
    assert_eq!((wanted[2].0, wanted[2].1[3].as_str()), (5, "孩子说：\"不想上学\""));
    let bom = [b"\xef\xbb\xbf", LEDGER.as_bytes()].concat();
    let cases = [
        (bom, Encoding::Utf8Bom),
        (encoded(GBK, LEDGER), Encoding::Gb18030),
        (encoded(GB18030, LEDGER), Encoding::Gb18030),
        (utf16(LEDGER, false), Encoding::Utf16Le),
        (utf16(LEDGER, true), Encoding::Utf16Be),
    ];
    for (bytes, encoding) in cases {
        let table = open(&bytes, "a.csv");
        assert_eq!(table.detected.encoding, Some(encoding));
        assert_eq!(table.header, ["姓名", "联系电话", "所属街道", "诉求内容", "登记日期"]);
        assert_eq!(good(table.collect()), wanted, "{}", encoding.label());
    }
    let traditional = good(rows(LEDGER_TRADITIONAL.as_bytes(), "a.csv"));
    let bytes = encoded(BIG5, LEDGER_TRADITIONAL);
    let table = open(&bytes, "a.csv");
    assert_eq!(table.detected.encoding, Some(Encoding::Big5));
    assert_eq!(good(table.collect()), traditional);
}

#[test]
fn short_texts_are_told_apart() {
    let simplified = [
        "姓名,电话\n张三,138\n",
        "姓名\n李娜\n",
        "单位,数量\n某某县妇联,12\n",
        "社区,户数\n东关社区,320\n",
        "儿童姓名,年龄\n陈欣怡,6\n",
        "编号,标题\n1,请求解决孩子入学问题\n",
        "村,书记\n石桥村,赵刚\n",
    ];
    for text in simplified {
        let bytes = encoded(GBK, text);
        let table = open(&bytes, "a.csv");
        assert_eq!(table.detected.encoding, Some(Encoding::Gb18030), "{text}");
        assert_eq!(good(table.collect()), good(rows(text.as_bytes(), "a.csv")), "{text}");
    }
    let traditional = [
        "姓名,電話\n張三,138\n",
        "單位,數量\n婦女聯合會,12\n",
        "社區,戶數\n東關社區,320\n",
        "編號,標題\n1,請求解決孩子入學問題\n",
        "兒童姓名,年齡\n陳欣怡,6\n",
    ];
    for text in traditional {
        let bytes = encoded(BIG5, text);
        let table = open(&bytes, "a.csv");
        assert_eq!(table.detected.encoding, Some(Encoding::Big5), "{text}");
        assert_eq!(good(table.collect()), good(rows(text.as_bytes(), "a.csv")), "{text}");
    }
}

#[test]
fn rare_characters_survive() {
    let text = "姓名,备注\n𠮷田,龘\n㐂,喜\n";
    for bytes in [text.as_bytes().to_vec(), encoded(GB18030, text), utf16(text, false)] {
        assert_eq!(rows(&bytes, "a.csv")[0].as_ref().unwrap().cells, ["𠮷田", "龘"]);
    }
    // The byte of a line feed is half of 上 (U+4E0A) in UTF-16.
    let text = "方向,数\n上,1\n上\u{0a0d},2\n";
    assert_eq!(rows(&utf16(text, false), "a.csv").len(), 2);
}

#[test]
fn one_damaged_line_costs_one_row() {
    let mut bytes = encoded(GBK, LEDGER);
    let at = bytes.windows(6).position(|six| six == encoded(GBK, "张建国")).unwrap();
    bytes[at] = 0xff;
    let rows = rows(&bytes, "a.csv");
    assert_eq!(rows[2], Err(RowFault { line: 5, why: Why::Unreadable }));
    assert_eq!(good(rows).len(), 2);

    let bytes = [LEDGER.as_bytes(), b"\xff\xfe,1,2,3,4\n", "赵,1,2,3,4\n".as_bytes()].concat();
    let rows = parts::rows(&bytes, "a.csv");
    assert_eq!(rows[3], Err(RowFault { line: 6, why: Why::Unreadable }));
    assert_eq!(rows[4].as_ref().unwrap().cells[0], "赵");
}

#[test]
fn ragged_rows_are_faults_and_the_rest_goes_on() {
    let text = "甲,乙,丙\n1,2,3\n4,5\n\n6,7,8,9\n,,\n10,11,12,,\n13,14,15\n";
    let ragged = |line, found| Err(RowFault { line, why: Why::Ragged { expected: 3, found } });
    let rows = rows(text.as_bytes(), "a.csv");
    assert_eq!(rows[1], ragged(3, 2));
    assert_eq!(rows[2], ragged(5, 4));
    let lines: Vec<u64> = good(rows).iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 7, 8], "blank rows are left out, blank cells at the end do not count");
}

#[test]
fn a_lost_quotation_mark_costs_one_row() {
    let lines: Vec<String> = (1..=2_000)
        .map(|row| match row {
            1 => "姓名,内容\n".to_owned(),
            5 => "张三,\"没有结束\n".to_owned(),
            row => format!("李四,{row}\n"),
        })
        .collect();
    let text = lines.concat();
    let rows = rows(text.as_bytes(), "a.csv");
    assert_eq!(rows[3], Err(RowFault { line: 5, why: Why::OpenQuote }));
    let good = good(rows);
    assert_eq!(good.len(), 1_998);
    assert_eq!(good[3].0, 6, "the line after it is read on its own");

    let at_end = parts::rows("甲,乙\n1,2\n3,\"4\n5,6\n".as_bytes(), "a.csv");
    assert_eq!(at_end[1], Err(RowFault { line: 3, why: Why::OpenQuote }));
    assert_eq!(at_end[2].as_ref().unwrap().cells, ["5", "6"]);
}

#[test]
fn careless_quotes_keep_their_text() {
    let text = "甲,乙\n\"a\"b,c\"d\n\"x,y\" ,\"\"\n";
    let cells: Vec<Vec<String>> =
        good(rows(text.as_bytes(), "a.csv")).into_iter().map(|(_, cells)| cells).collect();
    assert_eq!(cells, [["ab", "c\"d"], ["x,y ", ""]]);
}

#[test]
fn delimiters_and_line_ends_are_found() {
    let cases = [
        ("甲\t乙\n1,000\t2\n", "a.csv", '\t', Format::Tsv),
        ("甲;乙\r\n1,000;2\r\n", "a.csv", ';', Format::Csv),
        ("甲|乙\n1,000|2\n", "a.txt", '|', Format::Csv),
        ("甲,乙\r\"1,000\",2\r", "a.csv", ',', Format::Csv),
        ("甲\t乙\n1,000\t2", "a.xlsx", '\t', Format::Tsv),
    ];
    for (text, name, delimiter, format) in cases {
        let table = open(text.as_bytes(), name);
        assert_eq!(table.detected.delimiter, Some(delimiter), "{text}");
        assert_eq!(table.detected.format, format, "{text}");
        assert_eq!(good(table.collect()), [(2, vec!["1,000".into(), "2".into()])], "{text}");
    }
    assert_eq!(open("姓名\n张三\n".as_bytes(), "a.tsv").detected.format, Format::Tsv);
}

#[test]
fn a_title_above_the_header_is_stepped_over() {
    let text = "某某县诉求台账,,,\n填报单位：某某县妇联,,,\n姓名,电话,类别,\n张三,1,婚姻,\n";
    let table = open(text.as_bytes(), "a.csv");
    assert_eq!(table.header, ["姓名", "电话", "类别"]);
    assert_eq!(table.header_line, 3);
    assert_eq!(good(table.collect())[0].0, 4);
    let one_column = open("姓名\n张三\n李四\n王五\n赵六\n".as_bytes(), "a.csv");
    assert_eq!(one_column.header, ["姓名"]);
    assert_eq!(one_column.count(), 4);
}

#[test]
fn reading_resumes_at_a_line() {
    for (line, left) in [(0, 3), (3, 2), (4, 1), (5, 1), (6, 0), (u64::MAX, 0)] {
        let mut table = open(LEDGER.as_bytes(), "a.csv");
        table.skip_to(line);
        assert_eq!(table.count(), left, "from line {line}");
    }
    let mut table = open("甲,乙\n1\n2,3\n".as_bytes(), "a.csv");
    table.skip_to(3);
    assert!(table.next().unwrap().is_ok(), "the fault of line 2 was reported before");
}

#[test]
fn formulas_in_text_stay_text() {
    let text = "姓名,备注\n=1+1,\"=HYPERLINK(\"\"http://a.test\"\")\"\n@SUM(A1),-2+3\n";
    let rows = good(rows(text.as_bytes(), "a.csv"));
    assert_eq!(rows[0].1, ["=1+1", "=HYPERLINK(\"http://a.test\")"]);
    assert_eq!(rows[1].1, ["@SUM(A1)", "-2+3"]);
}

/// Bytes, a name, and the fault they must give.
type Refused<'a> = (&'a [u8], &'a str, fn(&SheetFault) -> bool);

#[test]
fn what_is_no_table_is_refused() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";
    let noise: Vec<u8> = (0..4_000_u32)
        .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap() | 1)
        .collect();
    let cases: [Refused<'_>; 13] = [
        (b"", "a.csv", |f| matches!(f, SheetFault::Empty)),
        (b" \r\n\n ", "a.csv", |f| matches!(f, SheetFault::Empty)),
        (b"\xef\xbb\xbf", "a.csv", |f| matches!(f, SheetFault::Empty)),
        (b",,\n,,\n", "a.csv", |f| matches!(f, SheetFault::Empty)),
        (png, "a.csv", |f| matches!(f, SheetFault::Binary)),
        (b"%PDF-1.7\n", "a.csv", |f| matches!(f, SheetFault::Binary)),
        (b"a\0b\0c", "a.csv", |f| matches!(f, SheetFault::Binary)),
        (&noise, "a.csv", |f| matches!(f, SheetFault::Binary | SheetFault::UnknownEncoding)),
        (b"caf\xe9,na\xefve\nr\xe9sum\xe9,\xfc", "a.csv", |f| {
            matches!(f, SheetFault::UnknownEncoding)
        }),
        (b"<html><table>", "a.xls", |f| matches!(f, SheetFault::Markup)),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "a.xls", |f| {
            matches!(f, SheetFault::OldWorkbook)
        }),
        (b"[{\"a\":1}]", "a.jsonl", |f| matches!(f, SheetFault::JsonArray)),
        (b"{\n \"a\": 1\n}", "a.json", |f| matches!(f, SheetFault::Header(_))),
    ];
    for (bytes, name, wanted) in cases {
        let fault = fault(bytes, name);
        assert!(wanted(&fault), "{name} {:?}: {fault:?}", bytes.get(..8.min(bytes.len())));
    }
    let missing = sheets::open(&file("is-not-there.csv"));
    assert!(matches!(missing.err(), Some(SheetFault::Io(_))));
}

#[test]
fn json_lines_become_columns() {
    let text = "{\"姓名\":\"张三\",\"contact\":{\"phone\":13800000001,\"safe\":true},\"n\":null}\n\
                \r\n\
                {\"contact\":{\"phone\":\"1\"},\"姓名\":\"李\\n四\",\"标签\":[1, \"二\"]}\n\
                {\"id\":370000199001010000,\"比例\":1.10}\n";
    let table = open(text.as_bytes(), "a.jsonl");
    assert_eq!(table.detected.format, Format::Jsonl);
    assert_eq!(table.header, ["姓名", "contact.phone", "contact.safe", "n", "标签", "id", "比例"]);
    let rows = good(table.collect());
    assert_eq!(
        rows[0],
        (1, ["张三", "13800000001", "true", "", "", "", ""].map(String::from).to_vec())
    );
    assert_eq!(rows[1].1, ["李\n四", "1", "", "", "[1, \"二\"]", "", ""]);
    assert_eq!(
        (rows[2].0, rows[2].1[5..].to_vec()),
        (4, vec!["370000199001010000".into(), "1.10".into()])
    );

    let gbk = encoded(GBK, "{\"姓名\":\"张三\"}\n{\"姓名\":\"李四\"}\n");
    let table = open(&gbk, "a.jsonl");
    assert_eq!(table.detected.encoding, Some(Encoding::Gb18030));
    assert_eq!(good(table.collect())[1].1, ["李四"]);
}

#[test]
fn a_bad_json_line_is_a_fault_without_its_content() {
    let deep = format!("{}1{}", "{\"a\":".repeat(50), "}".repeat(50));
    let cases = [
        ("{\"a\":\"秘密\"", Why::NotAnObject { column: 14 }),
        ("[1,2]", Why::NotAnObject { column: 0 }),
        ("{\"a\":1} {\"a\":2}", Why::NotAnObject { column: 9 }),
        ("{\"a\":1,\"a\":2}", Why::DoubleKey { column: 1 }),
        ("{\"b\":{\"c\":1},\"b.c\":2}", Why::DoubleKey { column: 2 }),
        (&deep, Why::TooDeep),
    ];
    for (line, why) in cases {
        let text = format!("{{\"a\":1,\"b\":{{\"c\":2}}}}\n{line}\n{{\"a\":3}}\n");
        let rows = rows(text.as_bytes(), "a.jsonl");
        let fault = rows[1].as_ref().unwrap_err();
        assert_eq!(fault.line, 2);
        assert!(!fault.to_string().contains("秘密"));
        assert!(
            fault.why == why
                || matches!((&fault.why, &why), (Why::NotAnObject { .. }, Why::NotAnObject { .. })),
            "{line}: {fault}"
        );
        assert_eq!(rows[2].as_ref().unwrap().cells[0], "3", "the rest goes on");
    }
}

#[test]
fn a_key_that_comes_late_is_a_column() {
    let mut text = "{\"a\":\"一二三四五六七八九十\"}\n".repeat(20_000);
    text += "{\"a\":1,\"late\":2}\n{\"a\":2}\n";
    assert!(text.len() > sheets::HEAD_BYTES);
    let table = sheets::open((text.as_bytes(), "a.jsonl")).unwrap();
    assert_eq!(table.header, ["a", "late"]);
    let rows: Vec<_> = table.collect::<Result<_, _>>().unwrap();
    assert_eq!(rows[0].cells, ["一二三四五六七八九十", ""]);
    assert_eq!(rows[20_000].cells, ["1", "2"]);
    assert_eq!(
        (rows[20_001].line, rows[20_001].cells.as_slice()),
        (20_002, &["2".into(), String::new()][..])
    );
}

#[test]
fn keys_are_limited_however_late_they_come() {
    let row = |from: usize, to: usize| {
        let keys: Vec<String> = (from..to).map(|n| format!("\"k{n}\":1")).collect();
        format!("{{{}}}\n", keys.join(","))
    };
    let most = row(0, 600) + &row(600, sheets::MAX_COLUMNS);
    assert_eq!(sheets::open((most.as_bytes(), "a.jsonl")).unwrap().header.len(), 1_000);
    let more = most + "{\"one\":1}\n";
    let fault = sheets::open((more.as_bytes(), "a.jsonl")).err().unwrap();
    let expected = RowFault { line: 3, why: Why::TooManyCells };
    assert!(matches!(fault, SheetFault::Header(found) if found == expected));
    let long = "k".repeat(sheets::MAX_CELL_BYTES / 2);
    let long = format!("{{\"a{long}\":1}}\n{{\"b{long}\":1}}\n");
    let fault = sheets::open((long.as_bytes(), "a.jsonl")).err().unwrap();
    let expected = RowFault { line: 2, why: Why::TooLong };
    assert!(matches!(fault, SheetFault::Header(found) if found == expected));
}

#[test]
fn a_large_file_is_streamed_from_disk() {
    let path = file("large.csv");
    let mut out = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    for row in 1..=100_000 {
        let line = if row == 1 {
            "编号,姓名,内容\n".to_owned()
        } else {
            format!("{row},张三,请求帮助\n")
        };
        out.write_all(&encoded(GBK, &line)).unwrap();
    }
    out.into_inner().unwrap();
    let mut table = sheets::open(&path).unwrap();
    assert_eq!(table.detected.encoding, Some(Encoding::Gb18030));
    table.skip_to(99_998);
    let rows = good(table.collect());
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2], (100_000, vec!["100000".into(), "张三".into(), "请求帮助".into()]));
    fs::remove_file(&path).unwrap();
}

#[test]
fn limits_of_lines_and_cells() {
    let long = "长".repeat(sheets::MAX_CELL_BYTES / 3 + 1);
    let text = format!("甲,乙\n1,{long}\n2,{}\n3,\"\n{long}\"\n4,5\n", &long[..300_000]);
    let rows = rows(text.as_bytes(), "a.csv");
    assert_eq!(rows[0], Err(RowFault { line: 2, why: Why::TooLong }));
    assert_eq!(rows[1].as_ref().unwrap().cells[1].len(), 300_000);
    assert_eq!(rows[2], Err(RowFault { line: 4, why: Why::OpenQuote }));
    assert_eq!(rows[3], Err(RowFault { line: 5, why: Why::TooLong }));
    assert_eq!(rows[4].as_ref().unwrap().cells, ["4", "5"]);

    let wide = format!("甲,乙\n{}\n1,2\n", "x,".repeat(5_000));
    let rows = parts::rows(wide.as_bytes(), "a.csv");
    assert_eq!(rows[0], Err(RowFault { line: 2, why: Why::TooManyCells }));
    assert!(rows[1].is_ok());
}

#[test]
fn no_fault_quotes_a_cell() {
    let text = "姓名,电话\n秘密\n秘密,\"秘密\n秘密,秘密,秘密\n";
    for row in rows(text.as_bytes(), "a.csv") {
        let said = row.map_or_else(|fault| format!("{fault} {fault:?}"), |_| String::new());
        assert!(!said.contains("秘密"), "{said}");
    }
}
