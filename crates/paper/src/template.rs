//! A template that has been read: which variables it needs, and how values make it a paper.
//!
//! It decides what is left out when a value is absent, and refuses a paper with holes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::text::Text;
use crate::{Block, Grid, Paper, Row, parse};

/// One mistake in a template, with the place and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}: {what}; {advice}")]
pub struct Fault {
    /// The file as the caller named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub advice: String,
}

impl Fault {
    pub(crate) fn new(
        file: &str,
        line: usize,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), advice: advice.into() }
    }
}

/// A value that a paper needs and did not get. Ordered by line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The line of the template that asks for it.
    pub line: usize,
    /// The variable.
    pub name: String,
}

/// A paper was refused because values are absent or blank; it names all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The code of the template.
    pub template: String,
    /// The file of the template.
    pub file: String,
    /// What is missing; never empty.
    pub gaps: Vec<Gap>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the paper {} ({}) lacks", self.template, self.file)?;
        for (index, gap) in self.gaps.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma} {} (line {})", gap.name, gap.line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Missing {}

/// A template that is well formed; see the crate's page for the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(crate) code: String,
    pub(crate) file: String,
    pub(crate) title: Text,
    pub(crate) en: String,
    pub(crate) header: Text,
    pub(crate) number: Text,
    pub(crate) blocks: Vec<Form>,
}

/// A block before its values are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Heading(Text),
    Salutation(Text),
    Paragraph(Text),
    Table(Vec<(Text, Text)>),
    Figures,
    Signature(Text),
    Note(Text),
}

impl Template {
    /// Reads a template. `file_name` only appears in faults.
    ///
    /// # Errors
    /// Every mistake found, in the order of lines.
    pub fn parse(source: &str, file_name: &str) -> Result<Self, Vec<Fault>> {
        parse::template(source, file_name)
    }

    /// The code by which a workflow names this template.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The name of the document, without what differs from case to case.
    pub fn title(&self) -> String {
        self.title.plain()
    }

    /// Its name in English pages; empty when it has none. The paper itself is Chinese.
    pub fn english(&self) -> &str {
        &self.en
    }

    /// Every variable the template mentions, sections and the number included.
    pub fn variables(&self) -> BTreeSet<&str> {
        self.mentions().into_iter().map(|(name, _)| name).collect()
    }

    /// Whether the number of the paper is made with this variable.
    pub fn is_numbered_by(&self, variable: &str) -> bool {
        self.number.variables().into_iter().any(|(name, _)| name == variable)
    }

    /// Compares the template with the closed list of variables that the program fills.
    ///
    /// # Errors
    /// One fault for each place that names a variable outside the list.
    pub fn check(&self, known: &BTreeSet<&str>) -> Result<(), Vec<Fault>> {
        let mut faults: Vec<Fault> = self
            .mentions()
            .into_iter()
            .filter(|(name, _)| !known.contains(name))
            .map(|(name, line)| {
                let list = known.iter().copied().collect::<Vec<_>>().join(", ");
                let what = format!("the variable {name} does not exist");
                Fault::new(&self.file, line, what, format!("use one of: {list}"))
            })
            .collect();
        faults.sort();
        faults.dedup();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Fills the template. A blank value counts as absent; values that the template does not
    /// mention are ignored.
    ///
    /// # Errors
    /// The values that are needed and absent, all at once.
    pub fn render(&self, values: &BTreeMap<&str, String>) -> Result<Paper, Missing> {
        let mut gaps = BTreeSet::new();
        let mut fill = |text: &Text| text.fill(values, &mut gaps);
        let paper = Paper {
            title: one_line(&fill(&self.title)),
            header: one_line(&fill(&self.header)),
            number: one_line(&fill(&self.number)),
            blocks: self.blocks.iter().flat_map(|form| form.blocks(&mut fill)).collect(),
        };
        if gaps.is_empty() {
            return Ok(paper);
        }
        Err(Missing {
            template: self.code.clone(),
            file: self.file.clone(),
            gaps: gaps.into_iter().collect(),
        })
    }

    fn mentions(&self) -> Vec<(&str, usize)> {
        [&self.title, &self.header, &self.number]
            .into_iter()
            .chain(self.blocks.iter().flat_map(Form::texts))
            .flat_map(Text::variables)
            .collect()
    }
}

impl Form {
    fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Heading(text)
            | Self::Salutation(text)
            | Self::Paragraph(text)
            | Self::Signature(text)
            | Self::Note(text) => vec![text],
            Self::Table(rows) => rows.iter().flat_map(|(label, value)| [label, value]).collect(),
            Self::Figures => Vec::new(),
        }
    }

    /// The finished blocks: none when everything in it is absent, several when a text has lines.
    fn blocks(&self, fill: &mut impl FnMut(&Text) -> String) -> Vec<Block> {
        match self {
            Self::Heading(text) => each_line(&fill(text), Block::Heading),
            Self::Salutation(text) => each_line(&fill(text), Block::Salutation),
            Self::Paragraph(text) => each_line(&fill(text), Block::Paragraph),
            Self::Note(text) => each_line(&fill(text), Block::Note),
            Self::Figures => vec![Block::Grid(Grid::default())],
            Self::Signature(text) => {
                let lines = lines(&fill(text));
                if lines.is_empty() { Vec::new() } else { vec![Block::Signature(lines)] }
            }
            Self::Table(rows) => {
                let rows: Vec<Row> = rows
                    .iter()
                    .map(|(label, value)| Row {
                        label: one_line(&fill(label)),
                        lines: lines(&fill(value)),
                    })
                    .filter(|row| !row.lines.is_empty())
                    .collect();
                if rows.is_empty() { Vec::new() } else { vec![Block::Table(rows)] }
            }
        }
    }
}

fn one_line(text: &str) -> String {
    lines(text).join(" ")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn each_line(text: &str, block: impl Fn(String) -> Block) -> Vec<Block> {
    lines(text).into_iter().map(block).collect()
}
