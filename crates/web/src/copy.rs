//! The copy that a person has a right to: everything they gave and were answered, as a document and
//! as JSON. Made from what the person may see and from nothing else: never a note of staff, never
//! the words of others.

use crate::{copy_zip, download, page::Page};
use axum::response::Response;
use domain::{
    case::{By, Fact},
    field::{FieldKind, Value},
    reporter::REPORTER,
    rights::{self, Event},
    workflow::Workflow,
};
use jiff::Timestamp;
use paper::{Block, Paper, Row};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use store::{CasePage, EntryPage};

/// One thing that was given or answered.
struct Item {
    at: Timestamp,
    by_office: bool,
    field: String,
    label: String,
    text: String,
}

/// The copy as a document. `case` must have been read with the eyes of the appellant.
pub(crate) fn paper(page: &Page, case: &CasePage, now: Timestamp) -> Paper {
    let mut blocks = vec![
        Block::Paragraph(format!(
            "以下是您就编号{}的事项向{}提供的信息和收到的答复，依据《中华人民共和国个人信息保护法》第四十五条提供。",
            case.number, page.brand.platform
        )),
        Block::Paragraph("工作人员之间的意见和他人陈述的内容不在其中。".to_owned()),
    ];
    let mut last = None;
    let mut rows: Vec<Row> = Vec::new();
    for item in items(page, case) {
        let heading = format!(
            "{}　{}",
            minute(page, item.at),
            if item.by_office { "答复" } else { "您提供的信息" }
        );
        if last.as_ref() != Some(&heading) {
            flush(&mut blocks, &mut rows);
            blocks.push(Block::Heading(heading.clone()));
            last = Some(heading);
        }
        let lines = item.text.lines().map(str::to_owned).collect();
        rows.push(Row { label: item.label, lines });
    }
    flush(&mut blocks, &mut rows);
    if !case.files.is_empty() {
        blocks.push(Block::Heading("您提供的附件（原件在副本的压缩包中）".to_owned()));
        let files = case.files.iter().map(|f| Block::Paragraph(plain(&f.name)));
        blocks.extend(files);
    }
    blocks.push(Block::Signature(vec![page.brand.owner.clone(), minute(page, now)]));
    Paper {
        title: "个人信息副本".to_owned(),
        header: page.brand.owner.clone(),
        number: format!("编号 {}", case.number),
        blocks,
    }
}

fn flush(blocks: &mut Vec<Block>, rows: &mut Vec<Row>) {
    if !rows.is_empty() {
        blocks.push(Block::Table(std::mem::take(rows)));
    }
}

/// The same for a program.
fn json(page: &Page, case: &CasePage) -> Json {
    let item = |i: Item| {
        let by = if i.by_office { "office" } else { "person" };
        json!({ "at": i.at, "by": by, "field": i.field, "label": i.label, "text": i.text })
    };
    let at = |seq: i64| case.entries.iter().find(|e| e.seq == seq).map(|e| e.at);
    let file = |f: &store::FilePage| {
        json!({ "at": at(f.seq), "name": f.name, "kind": f.kind, "bytes": f.size,
            "path": copy_zip::path_of(f) })
    };
    let request = |r: &rights::Request| {
        json!({ "right": r.right.code(), "asked": r.clock.started(), "due": r.clock.due(),
            "answered": r.end.as_ref().map(|e| e.at),
            "granted": r.end.as_ref().map(|e| e.basis.is_none()),
            "basis": r.end.as_ref().and_then(|e| e.basis.clone()) })
    };
    json!({
        "number": case.number,
        "platform": page.brand.platform,
        "law": "中华人民共和国个人信息保护法 45",
        "opened": case.case.opened,
        "items": items(page, case).into_iter().map(item).collect::<Vec<_>>(),
        "files": case.files.iter().map(file).collect::<Vec<_>>(),
        "requests": case.case.rights.requests.iter().map(request).collect::<Vec<_>>(),
    })
}

/// The Word file of a paper.
pub(crate) fn word_file(number: &str, paper: &Paper) -> Response {
    const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    download::file(WORD, &format!("{number}-copy.docx"), paper.docx())
}

/// The JSON file of a case.
pub(crate) fn json_file(page: &Page, case: &CasePage) -> Response {
    download::file("application/json", &format!("{}-copy.json", case.number), bytes(page, case))
}

/// The bytes of the JSON file.
pub(crate) fn bytes(page: &Page, case: &CasePage) -> Vec<u8> {
    serde_json::to_vec_pretty(&json(page, case)).unwrap_or_default()
}

fn items(page: &Page, case: &CasePage) -> Vec<Item> {
    let flow = page.pack.flow_of(&case.case);
    let mut all = Vec::new();
    for entry in &case.entries {
        let own = matches!(entry.by, By::Appellant | By::Public);
        let opened = entry.facts.iter().any(|f| matches!(f, Fact::Opened { .. }));
        if own || opened {
            all.extend(coded(page, flow, entry));
        }
        for (action, fields) in &entry.texts {
            let asked = action == rights::ASKED || action == "open" || corrected(entry);
            for (field, text) in fields {
                let own = own || (asked && field != rights::REASON);
                let label = label(page, flow, field);
                let (field, text) = (field.clone(), plain(text));
                all.push(Item { at: entry.at, by_office: !own, field, label, text });
            }
        }
    }
    all
}

fn corrected(entry: &EntryPage) -> bool {
    entry.facts.iter().any(|f| matches!(f, Fact::Right { event: Event::Granted { .. } }))
}

/// Choices that the person made, in words.
fn coded(page: &Page, flow: Option<&Workflow>, entry: &EntryPage) -> Vec<Item> {
    let given = entry.facts.iter().filter_map(|fact| match fact {
        Fact::Given { coded, .. } => Some(coded),
        _ => None,
    });
    let fields: BTreeMap<&String, &Value> = given.flatten().collect();
    let item = |(code, value): (&String, &Value)| {
        let field = flow?.fields.get(code)?;
        let words = |value: &String| match &field.kind {
            FieldKind::Choice(options) | FieldKind::Choices(options) => options
                .iter()
                .find(|o| o.value == *value)
                .map_or(value.clone(), |o| o.label.clone()),
            FieldKind::Category => page.pack.category_name(value),
            FieldKind::Place => page.pack.regions.full_name(value),
            FieldKind::Channel => {
                page.pack.channels.get(value).map_or(value.clone(), |c| c.name.clone())
            }
            _ => value.clone(),
        };
        let text: Vec<String> = value.all().iter().map(words).collect();
        let text = text.join("、");
        (!text.is_empty() && field.kind != FieldKind::Risk).then(|| Item {
            at: entry.at,
            by_office: false,
            field: code.clone(),
            label: field.label.clone(),
            text,
        })
    };
    fields.into_iter().filter_map(item).collect()
}

fn label(page: &Page, flow: Option<&Workflow>, field: &str) -> String {
    let own = field.strip_prefix(REPORTER).unwrap_or(field);
    let asked = own.strip_prefix(rights::WANTED);
    let known = flow.and_then(|f| f.fields.get(asked.unwrap_or(own)));
    match (known, field) {
        (Some(f), _) if asked.is_some() => format!("{}（要求更正为）", f.label),
        (Some(f), _) => f.label.clone(),
        (None, rights::WISH) => "申请说明".to_owned(),
        (None, rights::REASON) => "答复理由".to_owned(),
        (None, _) => page.either(field, field).to_owned(),
    }
}

/// Without signs that a document cannot hold.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

fn minute(page: &Page, at: Timestamp) -> String {
    let local = page.pack.work_time.offset().to_datetime(at);
    local.strftime("%Y年%-m月%-d日 %H:%M").to_string()
}
