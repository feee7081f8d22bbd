//! Text with variables: reads `{{name}}` and `{{#name}}…{{/name}}`, and fills them in.
//!
//! It decides what a well-formed text is. A value is put in once and never read again, so braces
//! inside a value stay what they are: characters.

use std::collections::{BTreeMap, BTreeSet};

use crate::template::{Fault, Gap};

/// How a text marks its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Braces {
    /// `{name}`, as in the number of a document; no sections.
    Single,
    /// `{{name}}` and sections.
    Double,
}

impl Braces {
    const fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::Single => ("{", "}"),
            Self::Double => ("{{", "}}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Variable { name: String, line: usize },
    Section { name: String, line: usize, inside: Vec<Piece> },
}

/// Finds the line of what was read, by searching the raw source of one TOML string.
pub(crate) struct Locator<'s> {
    raw: &'s str,
    first_line: usize,
    cursor: usize,
}

impl<'s> Locator<'s> {
    pub(crate) fn new(raw: &'s str, first_line: usize) -> Self {
        Self { raw, first_line, cursor: 0 }
    }

    /// The line of the next occurrence of `snippet`. TOML escapes can hide a snippet; then the
    /// line of the one before it is the best answer.
    fn line(&mut self, snippet: &str) -> usize {
        let rest = self.raw.get(self.cursor..).unwrap_or_default();
        if let Some(at) = rest.find(snippet) {
            self.cursor += at;
        }
        let before = self.raw.get(..self.cursor).unwrap_or_default();
        let line = self.first_line + before.matches('\n').count();
        if self.raw.get(self.cursor..).is_some_and(|rest| rest.starts_with(snippet)) {
            self.cursor += snippet.len();
        }
        line
    }
}

struct Reader<'s, 'f> {
    braces: Braces,
    locator: Locator<'s>,
    file: &'f str,
    /// The pieces read so far, one list for each open section and one for the ground.
    open: Vec<(String, usize, Vec<Piece>)>,
    ground: Vec<Piece>,
    faults: Vec<Fault>,
}

impl Text {
    /// The fixed words, without variables and sections.
    pub(crate) fn plain(&self) -> String {
        let fixed = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Plain(words) => Some(words.as_str()),
            Piece::Variable { .. } | Piece::Section { .. } => None,
        });
        fixed.collect()
    }

    /// Reads a text; `source` is the decoded string, `locator` knows where it stands in the file.
    pub(crate) fn parse(
        source: &str,
        braces: Braces,
        locator: Locator<'_>,
        file: &str,
    ) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader {
            braces,
            locator,
            file,
            open: Vec::new(),
            ground: Vec::new(),
            faults: Vec::new(),
        };
        reader.read(source);
        let Reader { open, ground, mut faults, .. } = reader;
        for (name, line, _) in open {
            faults.push(Fault::new(
                file,
                line,
                format!("the section {{{{#{name}}}}} is not closed"),
                format!("write {{{{/{name}}}}} where the section ends, in the same text"),
            ));
        }
        if faults.is_empty() { Ok(Self { pieces: ground }) } else { Err(faults) }
    }

    pub(crate) fn variables(&self) -> Vec<(&str, usize)> {
        let mut found = Vec::new();
        collect(&self.pieces, &mut found);
        found
    }

    /// Fills the values in; every value that is needed and absent is added to `gaps`.
    pub(crate) fn fill(&self, values: &BTreeMap<&str, String>, gaps: &mut BTreeSet<Gap>) -> String {
        let mut out = String::new();
        fill(&self.pieces, values, gaps, &mut out);
        out
    }
}

impl Reader<'_, '_> {
    fn read(&mut self, source: &str) {
        let (opening, closing) = self.braces.marks();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            let (plain, marked) = rest.split_at(at);
            self.plain(plain);
            let Some(after) = marked.strip_prefix(opening) else {
                rest = self.stray(marked);
                continue;
            };
            let Some((tag, tail)) = after.split_once(closing) else {
                let line = self.locator.line(opening);
                self.fault(
                    line,
                    format!("a variable is opened with {opening} and never closed"),
                    format!("write {closing} after its name"),
                );
                return;
            };
            self.tag(tag, &format!("{opening}{tag}{closing}"));
            rest = tail;
        }
        self.plain(rest);
    }

    /// A brace that opens nothing: reported, then stepped over together with its partner.
    fn stray<'t>(&mut self, marked: &'t str) -> &'t str {
        let brace = if marked.starts_with('{') { "{" } else { "}" };
        let line = self.locator.line(brace);
        let example = match self.braces {
            Braces::Single => "{year}",
            Braces::Double => "{{case_number}}",
        };
        self.fault(
            line,
            format!("a {brace} stands alone"),
            format!("write a variable as {example}; for the character itself use （ ） or 【 】"),
        );
        let rest = marked.trim_start_matches(['{', '}']);
        match rest.find(['{', '}']).map(|at| rest.split_at(at)) {
            Some((_, tail)) if brace == "{" && tail.starts_with('}') => {
                tail.trim_start_matches('}')
            }
            _ => rest,
        }
    }

    fn tag(&mut self, tag: &str, whole: &str) {
        let line = self.locator.line(whole);
        let tag = tag.trim();
        let (sign, name) = match (self.braces, tag.split_at_checked(1)) {
            (Braces::Double, Some((sign @ ("#" | "/"), name))) => (Some(sign), name.trim()),
            _ => (None, tag),
        };
        if !is_name(name) {
            self.fault(
                line,
                format!("{whole} is not a variable"),
                match self.braces {
                    Braces::Single => "in `number` write a name between single braces, for \
                                       example {year}; a name has small letters, digits and _"
                        .to_owned(),
                    Braces::Double => "a name has small letters, digits and _ only, for example \
                                       {{case_number}}"
                        .to_owned(),
                },
            );
            return;
        }
        match sign {
            None => self.push(Piece::Variable { name: name.to_owned(), line }),
            Some("#") => self.open.push((name.to_owned(), line, Vec::new())),
            Some(_) => self.close(name, line),
        }
    }

    fn close(&mut self, name: &str, line: usize) {
        match self.open.pop() {
            Some((opened, at, inside)) if opened == name => {
                self.push(Piece::Section { name: opened, line: at, inside });
            }
            Some((opened, at, inside)) => {
                self.fault(
                    line,
                    format!("{{{{/{name}}}}} closes a section that {{{{#{opened}}}}} opened"),
                    format!("write {{{{/{opened}}}}} first: the last opened is closed first"),
                );
                self.push(Piece::Section { name: opened, line: at, inside });
            }
            None => self.fault(
                line,
                format!("{{{{/{name}}}}} closes a section that is not open"),
                format!("write {{{{#{name}}}}} where the section begins, in the same text"),
            ),
        }
    }

    fn plain(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(Piece::Plain(clean(text)));
        }
    }

    fn push(&mut self, piece: Piece) {
        match self.open.last_mut() {
            Some((_, _, inside)) => inside.push(piece),
            None => self.ground.push(piece),
        }
    }

    fn fault(&mut self, line: usize, what: String, advice: String) {
        self.faults.push(Fault::new(self.file, line, what, advice));
    }
}

fn collect<'t>(pieces: &'t [Piece], found: &mut Vec<(&'t str, usize)>) {
    for piece in pieces {
        match piece {
            Piece::Plain(_) => {}
            Piece::Variable { name, line } => found.push((name, *line)),
            Piece::Section { name, line, inside } => {
                found.push((name, *line));
                collect(inside, found);
            }
        }
    }
}

fn fill(
    pieces: &[Piece],
    values: &BTreeMap<&str, String>,
    gaps: &mut BTreeSet<Gap>,
    out: &mut String,
) {
    for piece in pieces {
        match piece {
            Piece::Plain(text) => out.push_str(text),
            Piece::Variable { name, line } => match present(values, name) {
                Some(value) => out.push_str(&value),
                None => {
                    gaps.insert(Gap { line: *line, name: name.clone() });
                }
            },
            Piece::Section { name, inside, .. } => {
                if present(values, name).is_some() {
                    fill(inside, values, gaps, out);
                }
            }
        }
    }
}

/// A blank value counts as absent: an official document has no silent holes.
fn present(values: &BTreeMap<&str, String>, name: &str) -> Option<String> {
    let value = clean(values.get(name)?);
    (!value.trim().is_empty()).then_some(value)
}

pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Line breaks become `\n`, a tab a space; what no paper can show or what turns the reading
/// direction around (and so could make a name read as another) is dropped.
pub(crate) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\t' => Some(' '),
            '\u{feff}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}
