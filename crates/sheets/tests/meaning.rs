//! Names of columns and dates in cells.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use sheets::{DateFault, Duplicate, Mapping, Moment, Synonyms, columns, parse_moment};

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn synonyms() -> Synonyms {
    Synonyms::new([
        ("name", "姓名"),
        ("name", "来访人姓名"),
        ("phone", "联系电话"),
        ("phone", "手机号（11位）"),
        ("phone", "Tel."),
        ("summary", "诉求摘要"),
    ])
    .unwrap()
}

#[test]
fn names_are_matched_however_they_are_typed() {
    let cases = [
        ("姓名", "name"),
        (" 姓　名 ", "name"),
        ("*姓名：", "name"),
        ("NAME", "name"),
        ("ｎａｍｅ", "name"),
        ("来访人\n姓名", "name"),
        ("手机号(11位)", "phone"),
        ("手机号（１１位）*", "phone"),
        ("ＴＥＬ.", "phone"),
        ("\u{feff}诉求摘要", "summary"),
    ];
    for (written, field) in cases {
        let mapping = columns(&header(&["序号", written]), &synonyms());
        assert_eq!(mapping.fields.get(field), Some(&1), "{written:?}");
        assert_eq!(mapping.unknown, [(0, "序号".to_owned())]);
    }
}

#[test]
fn unknown_and_double_columns_are_reported() {
    let names = header(&["联系电话", "备注", "", "姓名", "Tel.", "手机号（11位）"]);
    let mapping = columns(&names, &synonyms());
    assert_eq!(mapping.unknown, [(1, "备注".to_owned())]);
    assert_eq!(mapping.duplicates, [Duplicate { field: "phone".into(), columns: vec![0, 4, 5] }]);
    assert_eq!(mapping.fields.get("phone"), Some(&0));
    let cells = header(&[" 138 ", "", "", " "]);
    assert_eq!(mapping.cell(&cells, "phone"), Some("138"));
    assert_eq!(mapping.cell(&cells, "name"), None, "a blank cell is no value");
    assert_eq!(mapping.cell(&cells, "summary"), None, "nor is a column that is not there");
    assert_eq!(columns(&[], &synonyms()), Mapping::default());
}

#[test]
fn a_name_for_two_fields_is_refused() {
    let conflict = Synonyms::new([("phone", "电话"), ("fax", "电 话")]).unwrap_err();
    assert_eq!((conflict.first.as_str(), conflict.second.as_str()), ("phone", "fax"));
}

#[test]
fn dates_are_read() {
    // (the cell, as ISO 8601)
    let cases = [
        ("2024-01-02", "2024-01-02T00:00:00"),
        ("2024-1-2", "2024-01-02T00:00:00"),
        ("2024/1/2 9:05:30", "2024-01-02T09:05:30"),
        ("2024.1.2", "2024-01-02T00:00:00"),
        ("2024年1月2日", "2024-01-02T00:00:00"),
        ("2024 年 1 月 2 日 9时5分", "2024-01-02T09:05:00"),
        ("２０２４年１月２日", "2024-01-02T00:00:00"),
        ("2024年1月2日 下午3点30分", "2024-01-02T15:30:00"),
        ("2024-01-02 12:00 AM", "2024-01-02T00:00:00"),
        ("2024-01-02 12:30 PM", "2024-01-02T12:30:00"),
        ("2024年1月2号9时", "2024-01-02T09:00:00"),
        ("20240102", "2024-01-02T00:00:00"),
        ("20240102090530", "2024-01-02T09:05:30"),
        ("2024-01-02T09:05:30Z", "2024-01-02T09:05:30+00:00"),
        ("2024-01-02T09:05:30.123+08:00", "2024-01-02T09:05:30+08:00"),
        ("2024-01-02 09:05 -0330", "2024-01-02T09:05:00-03:30"),
        ("2024-01-02T09:05+08", "2024-01-02T09:05:00+08:00"),
        ("45293", "2024-01-02T00:00:00"),
        ("45293.378819444443", "2024-01-02T09:05:30"),
        ("45351", "2024-02-29T00:00:00"),
        ("36526", "2000-01-01T00:00:00"),
        ("36584.999999", "2000-02-29T00:00:00"),
        ("3654", ""),
        ("2024-02-29", "2024-02-29T00:00:00"),
        ("1900-12-31", "1900-12-31T00:00:00"),
        ("\t2024-01-02　", "2024-01-02T00:00:00"),
    ];
    for (cell, wanted) in cases {
        if wanted.is_empty() {
            assert_eq!(parse_moment(cell), Err(DateFault::NoDay), "{cell}");
        } else {
            assert_eq!(
                parse_moment(cell).map(|moment| moment.to_string()),
                Ok(wanted.into()),
                "{cell}"
            );
        }
    }
    let moment = parse_moment("2024-01-02T09:05:30-01:30").unwrap();
    let wanted = Moment {
        year: 2024,
        month: 1,
        day: 2,
        hour: 9,
        minute: 5,
        second: 30,
        offset_minutes: Some(-90),
    };
    assert_eq!(moment, wanted);
}

#[test]
fn what_is_no_date_says_why() {
    let cases = [
        ("", DateFault::Blank),
        ("　", DateFault::Blank),
        ("明天", DateFault::NotADate),
        ("2024-01-02 吃饭", DateFault::NotADate),
        ("2024-01-02 09", DateFault::NotADate),
        ("2024-01-02 09:", DateFault::NotADate),
        ("2024-01-02x", DateFault::NotADate),
        ("2024-01/02", DateFault::NotADate),
        ("2024", DateFault::NoDay),
        ("2024年1月", DateFault::NoDay),
        ("2024-01", DateFault::NoDay),
        ("24-1-2", DateFault::ShortYear),
        ("24年1月2日", DateFault::ShortYear),
        ("1/2/2024", DateFault::Ambiguous),
        ("2023-02-29", DateFault::NoSuchDay),
        ("1900-02-29", DateFault::NoSuchDay),
        ("2024-13-01", DateFault::NoSuchDay),
        ("2024-04-31", DateFault::NoSuchDay),
        ("20241301", DateFault::NoSuchDay),
        ("9999-01-01", DateFault::NoSuchDay),
        ("2024-01-02 24:00", DateFault::NoSuchTime),
        ("2024-01-02 09:60", DateFault::NoSuchTime),
        ("2024-01-02T09:05:30+20:00", DateFault::NoSuchTime),
        ("13800000001", DateFault::NotASerial),
        ("99999", DateFault::NotASerial),
        ("0.5", DateFault::NotASerial),
        ("2024-00000000000000001-01", DateFault::NoDay),
    ];
    for (cell, fault) in cases {
        assert_eq!(parse_moment(cell), Err(fault), "{cell}");
    }
}

/// Every day from 1910 to 2099 has one serial number, and they follow each other.
#[test]
fn serial_numbers_follow_the_calendar() {
    let mut last = parse_moment("10000").unwrap();
    for serial in 10_001..73_051 {
        let next = parse_moment(&serial.to_string()).unwrap();
        let follows = if next.day > 1 {
            (next.year, next.month, next.day) == (last.year, last.month, last.day + 1)
        } else if next.month > 1 {
            (next.year, next.month) == (last.year, last.month + 1)
        } else {
            next.year == last.year + 1
        };
        assert!(follows, "{serial}: {last} then {next}");
        let written = format!("{:04}-{:02}-{:02}", next.year, next.month, next.day);
        assert_eq!(parse_moment(&written), Ok(next), "the calendar has the day");
        last = next;
    }
    assert_eq!(last.to_string(), "2099-12-31T00:00:00");
}

/// No cell makes the reader panic.
#[test]
fn arbitrary_text_never_panics() {
    let alphabet =
        ["2024", "1", "-", "/", "年", "月", "日", "T", ":", "+", "Z", " ", "下午", "𠮷", "."];
    let mut state = 7_usize;
    for _ in 0..50_000 {
        let mut cell = String::new();
        for _ in 0..(state >> 9) % 12 {
            state =
                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            cell.push_str(alphabet[(state >> 33) % alphabet.len()]);
        }
        state = state.wrapping_add(0x9e37_79b9);
        let _ = parse_moment(&cell);
    }
}
