//! Official documents (公文): a template from a city pack and the facts of a case become one paper.
//!
//! This crate decides how a template is written, which mistakes in it are refused, and how a
//! finished paper looks as a Word file. It never decides who may issue a paper, never makes a
//! number, and never looks up a fact: every value arrives from the caller.
//!
//! # The template
//!
//! ```toml
//! code = "acceptance"                              # the name the workflow uses
//! title = "受理告知书"
//! en = "Notice of acceptance"                       # its name in English pages
//! header = "{{unit}}文件"                           # the red line at the head (红头)
//! number = "{short}受〔{year}〕{number}号"           # 文号: names in single braces
//!
//! [[block]]
//! kind = "salutation"
//! text = "{{petitioner}}："
//!
//! [[block]]
//! kind = "paragraph"
//! text = "您反映的事项已受理，事项编号{{case_number}}。{{#due}}我们将在{{due}}前答复。{{/due}}"
//!
//! [[block]]
//! kind = "table"
//! rows = [["承办单位", "{{unit}}"], ["承办人", "{{#officer}}{{officer}}{{/officer}}"]]
//!
//! [[block]]
//! kind = "signature"
//! text = """
//! {{unit}}
//! {{date}}"""
//! ```
//!
//! Kinds are `heading`, `salutation`, `paragraph`, `table`, `figures`, `signature` and `note`;
//! `figures` marks the place of a table of numbers, which arrives beside the values. A section
//! `{{#name}}…{{/name}}` is shown when the value is there and not blank. What renders to nothing
//! is left out: a whole block, or one row of a table.
//!
//! # From template to file
//!
//! ```
//! use std::collections::BTreeMap;
//! let source = "code='a'\ntitle='告知书'\nheader='{{unit}}'\nnumber='〔{year}〕1号'\n\
//!               [[block]]\nkind='paragraph'\ntext='您好。'\n";
//! let template = paper::Template::parse(source, "a.toml").unwrap();
//! let values = BTreeMap::from([("unit", "某县妇联".to_owned()), ("year", "2026".to_owned())]);
//! let paper = template.render(&values).unwrap();
//! assert_eq!(paper.number, "〔2026〕1号");
//! assert!(paper.docx().starts_with(b"PK"));
//! ```

mod docx;
mod parse;
mod template;
mod text;

pub use template::{Fault, Gap, Missing, Template};

/// A finished paper, ready to be printed by a page or written as a Word file.
///
/// All text is plain text without control characters; whoever prints it escapes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// The title, one line (标题).
    pub title: String,
    /// The red line at the head, one line (发文机关标志).
    pub header: String,
    /// The number of the document, one line (发文字号).
    pub number: String,
    /// The body from top to bottom.
    pub blocks: Vec<Block>,
}

/// One piece of the body; every string is one line without a line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading inside the body, such as 一、基本情况.
    Heading(String),
    /// The line that names the reader, not indented (主送机关 or the citizen).
    Salutation(String),
    /// A paragraph of the body, indented by two characters.
    Paragraph(String),
    /// A bordered table of facts with two columns.
    Table(Vec<Row>),
    /// A bordered table of numbers.
    Grid(Grid),
    /// Lines at the right below the body: unit, then date (落款).
    Signature(Vec<String>),
    /// A smaller line at the foot (附注).
    Note(String),
}

/// One row of a [`Block::Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the row is about.
    pub label: String,
    /// The value, one string a line; never empty.
    pub lines: Vec<String>,
}

/// A table of numbers: what a row is about in the first column, numbers in the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    /// Names of the columns; they stand again on every page.
    pub columns: Vec<String>,
    /// Cells by row, as many as columns.
    pub rows: Vec<Vec<String>>,
}

impl Paper {
    /// Lays tables of numbers into the places that the template has for them, in order. A place for
    /// which none is left goes.
    pub fn lay(&mut self, grids: impl IntoIterator<Item = Grid>) {
        let mut grids = grids.into_iter();
        self.blocks.retain_mut(|block| match block {
            Block::Grid(place) => grids.next().map(|grid| *place = grid).is_some(),
            _ => true,
        });
    }

    /// The paper as a Word file (DOCX): A4 after the measures of GB/T 9704-2012.
    ///
    /// The same paper gives the same bytes on every machine and on every day.
    pub fn docx(&self) -> Vec<u8> {
        docx::write(self)
    }
}
