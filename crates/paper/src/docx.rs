//! Writes a paper as a Word file: a zip of eight small XML parts (ECMA-376, `WordprocessingML`).
//!
//! It decides measures and fonts after GB/T 9704-2012. It never decides content: every string of
//! the paper becomes text in a run, so nothing in a value can become markup, a field or a link.

mod tables;

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::text::clean;
use crate::{Block, Paper};

const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// 156 mm, the width of the type area, in twentieths of a point.
const WIDTH: u32 = 8844;

pub(crate) fn write(paper: &Paper) -> Vec<u8> {
    let parts = [
        ("[Content_Types].xml", CONTENT_TYPES.to_owned()),
        ("_rels/.rels", PACKAGE_LINKS.to_owned()),
        ("docProps/core.xml", core(paper)),
        ("word/document.xml", document(paper)),
        ("word/_rels/document.xml.rels", DOCUMENT_LINKS.to_owned()),
        ("word/styles.xml", styles()),
        ("word/settings.xml", settings()),
        ("word/footer1.xml", footer()),
    ];
    // Invariant: nothing but the paper goes into the bytes, so the time stamp is a constant.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let written = parts.iter().try_for_each(|(name, content)| {
        zip.start_file(*name, options)?;
        zip.write_all(DECLARATION.as_bytes())?;
        zip.write_all(content.as_bytes())?;
        Ok::<_, zip::result::ZipError>(())
    });
    // Memory has no failing writes, and a part reaches the 4 GiB at which zip refuses only after
    // the paper itself has filled the memory.
    match written.and_then(|()| zip.finish()) {
        Ok(bytes) => bytes.into_inner(),
        Err(error) => unreachable!("a zip in memory cannot fail: {error}"),
    }
}

fn document(paper: &Paper) -> String {
    let mut body = String::new();
    paragraph(&mut body, "RedHeader", Keep::Free, &paper.header);
    paragraph(&mut body, "Number", Keep::Free, &paper.number);
    paragraph(&mut body, "Title", Keep::Free, &paper.title);
    for (index, block) in paper.blocks.iter().enumerate() {
        let signed = matches!(paper.blocks.get(index + 1), Some(Block::Signature(_)));
        // A signature never stands alone on a page.
        let keep = if signed { Keep::WithNext } else { Keep::Free };
        match block {
            Block::Heading(text) => paragraph(&mut body, "Heading1", keep, text),
            Block::Salutation(text) => paragraph(&mut body, "Salutation", keep, text),
            Block::Paragraph(text) => paragraph(&mut body, "BodyText", keep, text),
            Block::Note(text) => paragraph(&mut body, "Note", keep, text),
            Block::Signature(lines) => signature(&mut body, lines),
            Block::Table(rows) => tables::facts(&mut body, rows, keep),
            Block::Grid(grid) => tables::grid(&mut body, grid, keep),
        }
    }
    // A4 is 210 × 297 mm; 37 mm above, 28 mm at the left, and the type area of 156 × 225 mm
    // leaves 26 mm at the right and 35 mm below (GB/T 9704-2012, 5.2).
    format!(
        "<w:document xmlns:w=\"{MAIN}\" xmlns:r=\"http://schemas.openxmlformats.org/\
         officeDocument/2006/relationships\"><w:body>{body}<w:sectPr>\
         <w:footerReference w:type=\"default\" r:id=\"rId3\"/>\
         <w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
         <w:pgMar w:top=\"2098\" w:right=\"1475\" w:bottom=\"1984\" w:left=\"1587\" \
         w:header=\"851\" w:footer=\"1417\" w:gutter=\"0\"/></w:sectPr></w:body></w:document>"
    )
}

/// Whether a page may break after a paragraph.
#[derive(Clone, Copy)]
enum Keep {
    Free,
    WithNext,
}

fn paragraph(out: &mut String, style: &str, keep: Keep, text: &str) {
    out.extend(["<w:p><w:pPr><w:pStyle w:val=\"", style, "\"/>"]);
    out.push_str(match keep {
        Keep::Free => "",
        Keep::WithNext => "<w:keepNext/>",
    });
    out.push_str("</w:pPr>");
    if !text.is_empty() {
        out.push_str("<w:r><w:t xml:space=\"preserve\">");
        escape(out, text);
        out.push_str("</w:t></w:r>");
    }
    out.push_str("</w:p>");
}

/// An empty line stands between the body and the signature, and no page break inside it.
fn signature(out: &mut String, lines: &[String]) {
    paragraph(out, "Signature", Keep::WithNext, "");
    for (index, line) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        paragraph(out, "Signature", if last { Keep::Free } else { Keep::WithNext }, line);
    }
}

/// A [`Paper`] may be built by hand, so this cleans once more and does not trust the renderer.
fn escape(out: &mut String, text: &str) {
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
}

fn core(paper: &Paper) -> String {
    let mut title = String::new();
    escape(&mut title, &paper.title);
    format!(
        "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/\
         core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
         <dc:title>{title}</dc:title><dc:language>zh-CN</dc:language></cp:coreProperties>"
    )
}

/// One paragraph style: name, font, size in half points, and the rest as `WordprocessingML`.
struct Style {
    id: &'static str,
    font: &'static str,
    half_points: u32,
    paragraph: &'static str,
    run: &'static str,
}

/// Sizes are the Chinese ones: 一号 26 pt, 二号 22 pt, 三号 16 pt, 四号 14 pt. Twenty-two lines of
/// 28.95 pt fill the 225 mm of the type area.
const STYLES: [Style; 12] = [
    Style {
        id: "RedHeader",
        font: "宋体",
        half_points: 52,
        paragraph: "<w:spacing w:after=\"579\" w:line=\"640\" w:lineRule=\"atLeast\"/>\
                    <w:jc w:val=\"center\"/>",
        run: "<w:b/><w:color w:val=\"FF0000\"/>",
    },
    Style {
        id: "Number",
        font: "仿宋",
        half_points: 32,
        // The red rule lies 4 mm under the number.
        paragraph: "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"18\" w:space=\"11\" \
                    w:color=\"FF0000\"/></w:pBdr><w:jc w:val=\"center\"/>",
        run: "",
    },
    Style {
        id: "Title",
        font: "宋体",
        half_points: 44,
        paragraph: "<w:spacing w:before=\"1158\" w:after=\"579\" w:line=\"640\" \
                    w:lineRule=\"atLeast\"/><w:jc w:val=\"center\"/>",
        run: "<w:b/>",
    },
    Style {
        id: "Heading1",
        font: "黑体",
        half_points: 32,
        paragraph: "<w:keepNext/><w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>\
                    <w:outlineLvl w:val=\"0\"/>",
        run: "",
    },
    Style { id: "Salutation", font: "仿宋", half_points: 32, paragraph: "", run: "" },
    Style {
        id: "BodyText",
        font: "仿宋",
        half_points: 32,
        paragraph: "<w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/><w:jc w:val=\"both\"/>",
        run: "",
    },
    Style {
        id: "Signature",
        font: "仿宋",
        half_points: 32,
        paragraph: "<w:keepLines/><w:ind w:rightChars=\"200\" w:right=\"640\"/>\
                    <w:jc w:val=\"right\"/>",
        run: "",
    },
    Style {
        id: "Note",
        font: "仿宋",
        half_points: 28,
        paragraph: "<w:ind w:firstLineChars=\"200\" w:firstLine=\"560\"/>",
        run: "",
    },
    Style {
        id: "TableLabel",
        font: "仿宋",
        half_points: 28,
        paragraph: "<w:spacing w:before=\"60\" w:after=\"60\" w:line=\"400\" w:lineRule=\"atLeast\"/><w:jc w:val=\"center\"/>",
        run: "",
    },
    Style {
        id: "TableText",
        font: "仿宋",
        half_points: 28,
        paragraph: "<w:spacing w:before=\"60\" w:after=\"60\" w:line=\"400\" w:lineRule=\"atLeast\"/>",
        run: "",
    },
    Style {
        id: "TableNumber",
        font: "仿宋",
        half_points: 28,
        paragraph: "<w:spacing w:before=\"60\" w:after=\"60\" w:line=\"400\" w:lineRule=\"atLeast\"/><w:jc w:val=\"right\"/>",
        run: "",
    },
    Style {
        id: "AfterTable",
        font: "仿宋",
        half_points: 16,
        paragraph: "<w:spacing w:line=\"200\" w:lineRule=\"exact\"/>",
        run: "",
    },
];

fn run(font: &str, half_points: u32, more: &str) -> String {
    format!(
        "<w:rPr><w:rFonts w:ascii=\"{font}\" w:hAnsi=\"{font}\" w:eastAsia=\"{font}\" \
         w:cs=\"{font}\"/>{more}<w:sz w:val=\"{half_points}\"/><w:szCs w:val=\"{half_points}\"/>\
         </w:rPr>"
    )
}

fn styles() -> String {
    let list: Vec<String> = STYLES
        .iter()
        .map(|style| {
            let Style { id, font, half_points, paragraph, run: more } = *style;
            format!(
                "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/>\
                 <w:basedOn w:val=\"Normal\"/><w:qFormat/><w:pPr>{paragraph}</w:pPr>{run}\
                 </w:style>",
                name = if id == "Heading1" { "heading 1" } else { id },
                run = run(font, half_points, more),
            )
        })
        .collect();
    format!(
        "<w:styles xmlns:w=\"{MAIN}\"><w:docDefaults><w:rPrDefault><w:rPr>\
         <w:lang w:val=\"en-US\" w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\">\
         <w:name w:val=\"Normal\"/><w:qFormat/><w:pPr>\
         <w:spacing w:line=\"579\" w:lineRule=\"exact\"/></w:pPr>{normal}</w:style>{list}\
         </w:styles>",
        normal = run("仿宋", 32, ""),
        list = list.concat(),
    )
}

fn settings() -> String {
    format!(
        "<w:settings xmlns:w=\"{MAIN}\"><w:characterSpacingControl \
         w:val=\"compressPunctuation\"/><w:compat><w:compatSetting \
         w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" \
         w:val=\"15\"/></w:compat></w:settings>"
    )
}

/// The page number between two dashes, the one field of the file; no value comes near it.
fn footer() -> String {
    let run = run("宋体", 28, "");
    let text = |text: &str| format!("<w:r>{run}<w:t xml:space=\"preserve\">{text}</w:t></w:r>");
    format!(
        "<w:ftr xmlns:w=\"{MAIN}\"><w:p><w:pPr><w:jc w:val=\"center\"/></w:pPr>{}\
         <w:fldSimple w:instr=\" PAGE \">{}</w:fldSimple>{}</w:p></w:ftr>",
        text("— "),
        text("1"),
        text(" —"),
    )
}

const CONTENT_TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/\
content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.\
relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>\
<Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-\
officedocument.wordprocessingml.document.main+xml\"/>\
<Override PartName=\"/word/styles.xml\" ContentType=\"application/vnd.openxmlformats-\
officedocument.wordprocessingml.styles+xml\"/>\
<Override PartName=\"/word/settings.xml\" ContentType=\"application/vnd.openxmlformats-\
officedocument.wordprocessingml.settings+xml\"/>\
<Override PartName=\"/word/footer1.xml\" ContentType=\"application/vnd.openxmlformats-\
officedocument.wordprocessingml.footer+xml\"/>\
<Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-\
package.core-properties+xml\"/></Types>";

const PACKAGE_LINKS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/\
2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/\
officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>\
<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/\
metadata/core-properties\" Target=\"docProps/core.xml\"/></Relationships>";

const DOCUMENT_LINKS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/\
2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/\
officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/><Relationship Id=\"rId2\" \
Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/settings\" \
Target=\"settings.xml\"/><Relationship Id=\"rId3\" Type=\"http://schemas.openxmlformats.org/\
officeDocument/2006/relationships/footer\" Target=\"footer1.xml\"/></Relationships>";
