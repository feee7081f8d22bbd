//! Tables of a Word file: the two columns of a paper's facts, and grids of numbers.

use super::{Keep, WIDTH, paragraph};
use crate::{Grid, Row};

/// The label column: a quarter of the width.
const LABEL_WIDTH: u32 = 2211;
/// What a row of numbers is about takes so many parts of a hundred.
const FIRST_PERCENT: u32 = 36;

fn begin(out: &mut String, widths: &[u32]) {
    let border = |side: &str| {
        format!("<w:{side} w:val=\"single\" w:sz=\"6\" w:space=\"0\" w:color=\"000000\"/>")
    };
    let borders: String =
        ["top", "left", "bottom", "right", "insideH", "insideV"].map(border).concat();
    let columns = widths
        .iter()
        .fold(String::new(), |all, width| all + "<w:gridCol w:w=\"" + &width.to_string() + "\"/>");
    let pieces = [
        &format!("<w:tbl><w:tblPr><w:tblW w:w=\"{WIDTH}\" w:type=\"dxa\"/><w:tblBorders>"),
        borders.as_str(),
        "</w:tblBorders><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>",
        &columns,
        "</w:tblGrid>",
    ];
    out.extend(pieces);
}

fn end(out: &mut String, keep: Keep) {
    out.push_str("</w:tbl>");
    // Two tables that touch would become one.
    paragraph(out, "AfterTable", keep, "");
}

/// A label and a value in each row.
pub(super) fn facts(out: &mut String, rows: &[Row], keep: Keep) {
    let value_width = WIDTH - LABEL_WIDTH;
    begin(out, &[LABEL_WIDTH, value_width]);
    for (index, row) in rows.iter().enumerate() {
        let keep = if index + 1 == rows.len() { keep } else { Keep::Free };
        out.push_str("<w:tr>");
        cell(out, (LABEL_WIDTH, "TableLabel", keep), std::slice::from_ref(&row.label));
        cell(out, (value_width, "TableText", keep), &row.lines);
        out.push_str("</w:tr>");
    }
    end(out, keep);
}

/// Numbers under the names of their columns, which stand again on every page; no row is torn.
pub(super) fn grid(out: &mut String, grid: &Grid, keep: Keep) {
    let others = u32::try_from(grid.columns.len()).unwrap_or(1).saturating_sub(1);
    let first = if others == 0 { WIDTH } else { WIDTH * FIRST_PERCENT / 100 };
    let other = (WIDTH - first) / others.max(1);
    let width = |column: usize| if column == 0 { first } else { other };
    begin(out, &(0..grid.columns.len()).map(width).collect::<Vec<u32>>());
    let mut row = |kind: &str, style: fn(usize) -> &'static str, cells: &[String]| {
        out.extend(["<w:tr><w:trPr><w:cantSplit/>", kind, "</w:trPr>"]);
        for (column, text) in cells.iter().enumerate() {
            let shape = (width(column), style(column), keep);
            cell(out, shape, std::slice::from_ref(text));
        }
        out.push_str("</w:tr>");
    };
    row("<w:tblHeader/>", |_| "TableLabel", &grid.columns);
    for cells in &grid.rows {
        row("", |column| if column == 0 { "TableText" } else { "TableNumber" }, cells);
    }
    end(out, keep);
}

fn cell(out: &mut String, (width, style, keep): (u32, &str, Keep), lines: &[String]) {
    let width = width.to_string();
    out.extend(["<w:tc><w:tcPr><w:tcW w:w=\"", &width, "\" w:type=\"dxa\"/>"]);
    out.push_str("<w:vAlign w:val=\"center\"/></w:tcPr>");
    for line in lines {
        paragraph(out, style, keep, line);
    }
    if lines.is_empty() {
        // A cell without a paragraph is a broken file.
        paragraph(out, style, keep, "");
    }
    out.push_str("</w:tc>");
}
