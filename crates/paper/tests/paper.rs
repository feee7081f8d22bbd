//! Templates and papers from outside: what is refused and where, and what the Word file holds.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use paper::{Block, Fault, Gap, Grid, Paper, Row, Template};
use quick_xml::events::Event;

const ACCEPTANCE: &str = include_str!("templates/acceptance.toml");
const ASSIGNMENT: &str = include_str!("templates/assignment.toml");
const CLOSING: &str = include_str!("templates/closing.toml");

fn values(pairs: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn acceptance_values() -> BTreeMap<&'static str, String> {
    values(&[
        ("unit", "某某县妇女联合会"),
        ("short", "某妇"),
        ("year", "2026"),
        ("number", "12"),
        ("petitioner", "王某某"),
        ("received_date", "2026年3月2日"),
        ("channel", "来访"),
        ("subject", "子女抚养费纠纷"),
        ("case_number", "A20260302-0012"),
        ("answer_days", "15"),
        ("responsible_unit", "某某镇妇联"),
        ("due_date", "2026年3月23日"),
        ("officer_phone", "12338"),
        ("issue_date", "2026年3月3日"),
    ])
}

fn acceptance(values: &BTreeMap<&str, String>) -> Paper {
    Template::parse(ACCEPTANCE, "acceptance.toml").unwrap().render(values).unwrap()
}

/// A template with one paragraph.
fn around(text: &str) -> String {
    format!(
        "code = 'a'\ntitle = '告知书'\nheader = '某某县妇联'\nnumber = '〔{{year}}〕1号'\n\n\
         [[block]]\nkind = 'paragraph'\ntext = '{text}'\n"
    )
}

fn part(docx: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The text of each paragraph of `word/document.xml`, tables included, as a reader sees it.
fn paragraphs(docx: &[u8]) -> Vec<String> {
    let xml = part(docx, "word/document.xml");
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut all = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) if tag.name().as_ref() == "w:p" => all.push(String::new()),
            Event::Text(text) => {
                if let Some(last) = all.last_mut() {
                    last.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(entity) => {
                let name: &str = &entity;
                let c = match name {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    other => panic!("an entity that XML does not know: {other}"),
                };
                all.last_mut().unwrap().push(c);
            }
            Event::Eof => return all,
            _ => {}
        }
    }
}

#[test]
fn a_template_becomes_a_paper() {
    let paper = acceptance(&acceptance_values());
    assert_eq!(paper.title, "受理告知书");
    assert_eq!(paper.header, "某某县妇女联合会");
    assert_eq!(paper.number, "某妇受〔2026〕12号");
    assert_eq!(paper.blocks[0], Block::Salutation("王某某：".into()));
    let Block::Paragraph(second) = &paper.blocks[2] else { panic!("{:?}", paper.blocks[2]) };
    assert!(second.ends_with("或致电12338。"), "{second}");
    let Block::Table(rows) = &paper.blocks[3] else { panic!("{:?}", paper.blocks[3]) };
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0], Row { label: "事项编号".into(), lines: vec!["A20260302-0012".into()] });
    let signature = vec!["某某县妇女联合会".into(), "2026年3月3日".into()];
    assert_eq!(paper.blocks[4], Block::Signature(signature));
}

#[test]
fn what_is_absent_is_left_out() {
    for absent in [None, Some("  ")] {
        let mut values = acceptance_values();
        values.remove("officer_phone");
        if let Some(blank) = absent {
            values.insert("officer_phone", blank.to_owned());
        }
        let paper = acceptance(&values);
        let Block::Paragraph(second) = &paper.blocks[2] else { panic!("{:?}", paper.blocks[2]) };
        assert!(second.ends_with("书面答复。"), "{second}");
        let Block::Table(rows) = &paper.blocks[3] else { panic!("{:?}", paper.blocks[3]) };
        assert_eq!(rows.len(), 3, "the row of the telephone goes with its value");
    }
    let template = Template::parse(ASSIGNMENT, "assignment.toml").unwrap();
    let mut values = acceptance_values();
    values.insert("category", "婚姻家庭".into());
    let short = template.render(&values).unwrap();
    values.insert("instruction", "请当面听取来访人意见。".into());
    let long = template.render(&values).unwrap();
    assert_eq!(short.blocks.len() + 1, long.blocks.len(), "a whole block goes with its value");
}

#[test]
fn all_missing_values_are_named_at_once() {
    let template = Template::parse(ACCEPTANCE, "acceptance.toml").unwrap();
    let mut values = acceptance_values();
    values.remove("year");
    values.insert("due_date", " ".into());
    let missing = template.render(&values).unwrap_err();
    assert_eq!(
        missing.gaps,
        [Gap { line: 5, name: "year".into() }, Gap { line: 24, name: "due_date".into() }]
    );
    assert_eq!(
        missing.to_string(),
        "the paper acceptance (acceptance.toml) lacks year (line 5), due_date (line 24)"
    );
}

#[test]
fn variables_are_known_and_an_unknown_one_is_refused_with_its_line() {
    let template = Template::parse(ACCEPTANCE, "packs/x/acceptance.toml").unwrap();
    let all: BTreeSet<&str> = acceptance_values().into_keys().collect();
    assert_eq!(template.variables(), all);
    assert_eq!(template.check(&all), Ok(()));

    let mut fewer = all.clone();
    fewer.remove("officer_phone");
    fewer.remove("issue_date");
    let faults = template.check(&fewer).unwrap_err();
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [17, 25, 32], "one fault a line, in order");
    let said = faults[2].to_string();
    assert!(said.starts_with("packs/x/acceptance.toml:32: the variable issue_date does not exist"));
    assert!(said.contains("use one of: answer_days, case_number"), "{said}");
}

#[test]
fn a_broken_template_names_line_and_advice() {
    // (the source, the line, a word of what, a word of the advice)
    let cases: &[(&str, usize, &str, &str)] = &[
        ("", 1, "`code` is missing", "add a line code"),
        ("code = 'a'\ntitle = '告知书\n", 2, "not valid TOML", "close every quote"),
        (&around("{{case_number"), 8, "never closed", "write }}"),
        (&around("编号{case_number}"), 8, "a { stands alone", "{{case_number}}"),
        (&around("编号}}"), 8, "a } stands alone", "{{case_number}}"),
        (&around("{{案号}}"), 8, "{{案号}} is not a variable", "small letters"),
        (&around("{{}}"), 8, "not a variable", "small letters"),
        (&around("{{#due}}期限"), 8, "{{#due}} is not closed", "{{/due}}"),
        (&around("期限{{/due}}"), 8, "not open", "{{#due}}"),
        (&around("{{#a}}{{#b}}x{{/a}}{{/b}}"), 8, "{{/a}} closes a section", "{{/b}} first"),
        (&around("  "), 8, "`text` is blank", "between quotes"),
        (&around("x").replace("paragraph", "picture"), 7, "the kind \"picture\"", "heading, sal"),
        (&around("x").replace("text =", "txet ="), 8, "`txet` means nothing", "kind, text"),
        (&around("x").replace("text =", "txet ="), 6, "`text` is missing", "add a line text"),
        (&around("x").replace("{year}", "{{year}}"), 4, "{{year} is not a variable", "{year}"),
        (&around("x").replace("'a'", "'受理'"), 1, "the code", "small letters"),
        (&around("x").replace("'a'", "7"), 1, "`code` is not a text", "between quotes"),
        (&around("x").replace("'paragraph'", "'table'"), 6, "a table has no rows", "rows = [["),
        ("code='a'\ntitle='b'\nheader='c'\nnumber='d'\n", 1, "has no block", "[[block]]"),
        (
            "code='a'\ntitle='b'\nheader='c'\nnumber='d'\n[[block]]\nkind='table'\nrows=[\n\
             ['编号','{{n}}'],\n['期限'],\n]\n",
            9,
            "not a pair",
            "a label and a value",
        ),
        (
            "code='a'\ntitle='b'\nheader='c'\nnumber='d'\n[[block]]\nkind='note'\ntext='''\n一\n\
             {{ok}}\n三{{Bad}}\n'''\n",
            10,
            "{{Bad}}",
            "small letters",
        ),
    ];
    for (source, line, what, advice) in cases {
        let faults = Template::parse(source, "t.toml").unwrap_err();
        let hit = |fault: &Fault| {
            fault.line == *line && fault.what.contains(what) && fault.advice.contains(advice)
        };
        assert!(faults.iter().any(hit), "{source}\nwanted {line}: {what}; {advice}\n{faults:#?}");
        assert!(faults.is_sorted_by_key(|fault| fault.line));
    }
}

#[test]
fn every_mistake_is_reported_at_once() {
    let source = around("{{A}} 和 {b}").replace("'告知书'", "''");
    let faults = Template::parse(&source, "t.toml").unwrap_err();
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [2, 8, 8], "{faults:#?}");
}

#[test]
fn a_template_saved_by_a_windows_editor_is_read() {
    let source = format!("\u{feff}{}", ACCEPTANCE.replace('\n', "\r\n"));
    let template = Template::parse(&source, "acceptance.toml").unwrap();
    assert_eq!(template.code(), "acceptance");
    assert_eq!(template.render(&acceptance_values()).unwrap(), acceptance(&acceptance_values()));
}

#[test]
fn hostile_and_rare_values_survive_as_text() {
    let long = "很长的叙述。".repeat(20_000);
    let cases = [
        "<w:p/>&amp;\"引号\"'单引号'",
        "]]><!-- -->",
        "𠮷田 㐂 龘 👩‍👧 👍🏽",
        "=HYPERLINK(\"http://example.test\")",
        "{{unit}} {{#year}} {number}",
        "{ MERGEFIELD x } PAGE \\* MERGEFORMAT",
        &long,
    ];
    for case in cases {
        let mut values = acceptance_values();
        for name in ["unit", "petitioner", "subject", "responsible_unit", "number"] {
            values.insert(name, case.to_owned());
        }
        let paper = acceptance(&values);
        assert_eq!(paper.blocks[0], Block::Salutation(format!("{case}：")));
        let shown = paragraphs(&paper.docx());
        assert_eq!(shown[0], case, "the header");
        assert_eq!(shown[1], format!("某妇受〔2026〕{case}号"));
        assert_eq!(shown[3], format!("{case}："));
        assert!(shown[4].contains(&format!("“{case}”")));
        assert!(shown.contains(&case.to_owned()), "the cell of a table");
        let xml = part(&paper.docx(), "word/document.xml");
        for forbidden in ["w:instrText", "w:fldSimple", "w:hyperlink", "<!--", "CDATA"] {
            assert!(!xml.contains(forbidden), "{forbidden}");
        }
    }
}

#[test]
fn control_characters_and_turned_text_are_dropped() {
    let mut values = acceptance_values();
    values.insert("petitioner", "王\u{0}\u{1b}\u{8}某\u{202e}某\u{fffe}\u{feff}".into());
    values.insert("subject", "一行\r\n二行\t三\u{2028}四".into());
    values.insert("unit", "某某县\n妇联".into());
    let paper = acceptance(&values);
    assert_eq!(paper.header, "某某县 妇联", "a header is one line");
    assert_eq!(paper.blocks[0], Block::Salutation("王某某：".into()));
    let tail: Vec<String> = paper.blocks[1..4]
        .iter()
        .filter_map(|block| match block {
            Block::Paragraph(text) => Some(text.chars().take(4).collect()),
            _ => None,
        })
        .collect();
    assert_eq!(tail, ["您于20", "二行 三", "四”事项"], "a line of a value is a paragraph");

    let by_hand = Paper {
        title: "a\u{0}b".into(),
        header: "\u{b}".into(),
        number: "1\n2".into(),
        blocks: vec![Block::Table(vec![Row { label: "空".into(), lines: Vec::new() }])],
    };
    let shown = paragraphs(&by_hand.docx());
    assert_eq!(shown, ["", "1 2", "ab", "空", "", ""]);
}

#[test]
fn the_same_paper_gives_the_same_bytes() {
    let once = acceptance(&acceptance_values()).docx();
    assert_eq!(once, acceptance(&acceptance_values()).docx());
    let mut zip = zip::ZipArchive::new(Cursor::new(&once)).unwrap();
    for index in 0..zip.len() {
        let file = zip.by_index(index).unwrap();
        assert_eq!(file.last_modified(), Some(zip::DateTime::default()), "{:?}", file.name());
    }
    let mut values = acceptance_values();
    values.insert("number", "13".into());
    assert_ne!(once, acceptance(&values).docx());
}

#[test]
fn every_part_is_well_formed_and_linked() {
    let docx = acceptance(&acceptance_values()).docx();
    let mut zip = zip::ZipArchive::new(Cursor::new(&docx)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names.len(), 8);
    for name in &names {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().unwrap_or_else(|error| panic!("{name}: {error}")) != Event::Eof {}
    }
    let types = part(&docx, "[Content_Types].xml");
    let links = part(&docx, "word/_rels/document.xml.rels");
    for linked in ["styles.xml", "settings.xml", "footer1.xml"] {
        assert!(names.contains(&format!("word/{linked}")));
        assert!(types.contains(&format!("/word/{linked}")) && links.contains(linked));
    }
    let styles = part(&docx, "word/styles.xml");
    let document = part(&docx, "word/document.xml");
    for used in document.split("<w:pStyle w:val=\"").skip(1) {
        let style = used.split('"').next().unwrap();
        assert!(styles.contains(&format!("w:styleId=\"{style}\"")), "{style}");
    }
}

#[test]
fn the_page_keeps_the_measures_of_the_standard() {
    let xml = part(&acceptance(&acceptance_values()).docx(), "word/document.xml");
    let number = |name: &str| -> f64 {
        let at = xml.find("<w:pgSz").unwrap();
        let rest = &xml[at..];
        let from = rest.find(&format!("w:{name}=\"")).unwrap() + name.len() + 4;
        rest[from..].split('"').next().unwrap().parse::<f64>().unwrap() / 1440.0 * 25.4
    };
    let near = |name: &str, measured: f64, wanted: f64| {
        assert!((measured - wanted).abs() < 0.1, "{name}: {measured} mm, not {wanted} mm");
    };
    near("top", number("top"), 37.0);
    near("left", number("left"), 28.0);
    near("width", number("w") - number("left") - number("right"), 156.0);
    near("height", number("h") - number("top") - number("bottom"), 225.0);
    let styles = part(&acceptance(&acceptance_values()).docx(), "word/styles.xml");
    let size = |id: &str| -> u32 {
        let rest = styles.split(&format!("w:styleId=\"{id}\"")).nth(1).unwrap();
        rest.split("<w:sz w:val=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    assert_eq!((size("Title"), size("BodyText")), (44, 32), "2号 is 22 pt, 3号 is 16 pt");
}

#[test]
fn a_report_with_headings_and_many_lines() {
    let template = Template::parse(CLOSING, "closing.toml").unwrap();
    let mut values = acceptance_values();
    values.insert("superior_unit", "某某市妇女联合会".into());
    values.insert("summary", "第一段。\n\n第二段。".into());
    values.insert("measures", "上门走访两次。".into());
    values.insert("result", "双方达成协议。".into());
    let paper = template.render(&values).unwrap();
    assert_eq!(paper.title, "关于A20260302-0012号事项的办结报告");
    assert_eq!(
        paper.blocks[1..5],
        [
            Block::Heading("一、基本情况".into()),
            Block::Paragraph("第一段。".into()),
            Block::Paragraph("第二段。".into()),
            Block::Heading("二、办理过程".into()),
        ]
    );
}

#[test]
fn tables_of_numbers_are_laid_where_the_template_has_a_place_for_them() {
    let source = "code='a'\ntitle='统计表'\nheader='某某县妇联'\nnumber='〔{year}〕1号'\n\
                  [[block]]\nkind='paragraph'\ntext='如下。'\n[[block]]\nkind='figures'\n\
                  [[block]]\nkind='figures'\n[[block]]\nkind='note'\ntext='完。'\n";
    let template = Template::parse(source, "a.toml").unwrap();
    let mut paper = template.render(&values(&[("year", "2026")])).unwrap();
    let text = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    paper.lay([Grid {
        columns: text(&["指标", "单位", "2026年"]),
        rows: vec![text(&["收到<诉求>", "件", "3"]), text(&["办结诉求", "件", "没有数"])],
    }]);
    assert_eq!(paper.blocks.len(), 3, "a place without a table goes");
    let docx = paper.docx();
    let all = paragraphs(&docx);
    let at = all.iter().position(|p| p == "指标").unwrap();
    assert_eq!(
        all[at..at + 9],
        ["指标", "单位", "2026年", "收到<诉求>", "件", "3", "办结诉求", "件", "没有数"]
    );
    let xml = part(&docx, "word/document.xml");
    assert_eq!(xml.matches("<w:tblHeader/>").count(), 1, "names stand again on every page");
    assert_eq!(xml.matches("<w:gridCol ").count(), 3);
    let faults =
        Template::parse(&source.replace("kind='figures'", "kind='figures'\ntext='x'"), "a");
    assert!(faults.unwrap_err()[0].what.contains("text"));
}
