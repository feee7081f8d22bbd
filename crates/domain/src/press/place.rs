//! A press text with places for figures: `安置妇女就业{placements 2023 万2}`. Decides how a place is
//! written and says where it is written wrong; knows no figure and no number.
//!
//! A place holds, in this order: the figure, or two as part and whole (`a/b`); the period (`2024`,
//! `2024-03`, `to-2024-12`); a unit, if it is not the whole city; how the number is said (see
//! [`Style`]). There is nothing else: no sums, no conditions, no expressions.

use super::wording::{Form, Style};
use crate::{figure::Period, workflow::Code};
use std::fmt;

/// A text with its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Words and places in turn.
    pub pieces: Vec<Piece>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words as they are.
    Words(String),
    /// A number that is filled in.
    Place(Place),
}

/// Where a number is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The figure.
    pub figure: Code,
    /// The figure of which it is a part, said in percent.
    pub whole: Option<Code>,
    /// The period.
    pub period: Period,
    /// The unit; none for the whole city.
    pub unit: Option<Code>,
    /// How the number is said.
    pub style: Style,
    /// Where it stands in the text.
    pub at: Position,
}

/// A position in a text as people count: from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Character in the line.
    pub column: usize,
}

/// A place that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, character {}: {fault}", at.line, at.column)]
pub struct Unreadable {
    /// Where.
    pub at: Position,
    /// Why.
    pub fault: PlaceFault,
}

/// Why a place cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceFault {
    /// `{` without `}`.
    #[error("this {{ is never closed: write }} behind the place")]
    Open,
    /// `}` without `{`.
    #[error("this }} closes nothing: write {{ before the place, or leave it out")]
    Closed,
    /// `{` in a place.
    #[error("a place stands in a place: close the first one with }}")]
    Nested,
    /// ｛ or ｝.
    #[error("write {{ and }} instead of the wide ｛ and ｝")]
    Wide,
    /// Nothing in it.
    #[error("the place is empty: write {{figure period}}, such as {{placements 2024}}")]
    Empty,
    /// No such code can exist.
    #[error("`{0}` is no code of a figure: codes have small letters, digits and _")]
    Code(String),
    /// No period.
    #[error("the place says no period: write 2024, 2024-03 or to-2024-12 behind the figure")]
    NoPeriod,
    /// Not a period.
    #[error("`{0}` is no period: write 2024, 2024-03 or to-2024-12")]
    Period(String),
    /// Not a style.
    #[error("`{0}` is no way to say a number: write 万2, 余1, 万0余, 约1, %0 or nothing")]
    Style(String),
    /// Something behind the style.
    #[error("`{0}` is too much: a place has figure, period, unit and how it is said")]
    TooMuch(String),
    /// A part of a whole that is not said in percent, or a percentage of one figure.
    #[error("part and whole, as a/b, go with % and nothing else does")]
    Share,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl Position {
    const START: Self = Self { line: 1, column: 1 };

    /// The position after one more character.
    fn after(self, char: char) -> Self {
        match char {
            '\n' => Self { line: self.line + 1, column: 1 },
            _ => Self { column: self.column + 1, ..self },
        }
    }
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// Everything in it that cannot be read, in its order; never an empty list.
    pub fn parse(text: &str) -> Result<Self, Vec<Unreadable>> {
        let mut reader = Reader::default();
        let mut at = Position::START;
        for char in text.chars() {
            reader.take(char, at);
            at = at.after(char);
        }
        reader.end()
    }

    /// The words with something in each place; none when nothing stands for one of them.
    pub fn fill(&self, mut say: impl FnMut(&Place) -> Option<String>) -> Option<String> {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Words(words) => Some(words.clone()),
            Piece::Place(place) => say(place),
        });
        pieces.collect()
    }

    /// Its places.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Place(place) => Some(place),
            Piece::Words(_) => None,
        })
    }
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    faults: Vec<Unreadable>,
    words: String,
    open: Option<(Position, String)>,
}

impl Reader {
    fn take(&mut self, char: char, at: Position) {
        match char {
            '｛' | '｝' => self.fault(at, PlaceFault::Wide),
            '{' => {
                if let Some((first, _)) = self.open.take() {
                    self.fault(first, PlaceFault::Nested);
                }
                self.open = Some((at, String::new()));
            }
            '}' => match self.open.take() {
                None => self.fault(at, PlaceFault::Closed),
                Some((start, inside)) => self.place(&inside, start),
            },
            _ => match &mut self.open {
                Some((_, inside)) => inside.push(char),
                None => self.words.push(char),
            },
        }
    }

    fn place(&mut self, inside: &str, at: Position) {
        match Place::parse(inside, at) {
            Err(fault) => self.fault(at, fault),
            Ok(place) => {
                self.words_end();
                self.pieces.push(Piece::Place(place));
            }
        }
    }

    fn words_end(&mut self) {
        if !self.words.is_empty() {
            self.pieces.push(Piece::Words(std::mem::take(&mut self.words)));
        }
    }

    fn fault(&mut self, at: Position, fault: PlaceFault) {
        self.faults.push(Unreadable { at, fault });
    }

    fn end(mut self) -> Result<Template, Vec<Unreadable>> {
        if let Some((at, _)) = self.open.take() {
            self.fault(at, PlaceFault::Open);
        }
        self.words_end();
        if self.faults.is_empty() {
            return Ok(Template { pieces: self.pieces });
        }
        self.faults.sort_by_key(|fault| fault.at);
        Err(self.faults)
    }
}

impl Place {
    fn parse(inside: &str, at: Position) -> Result<Self, PlaceFault> {
        let mut parts = inside.split_whitespace();
        let figures = parts.next().ok_or(PlaceFault::Empty)?;
        let (figure, whole) = match figures.split_once('/') {
            Some((part, whole)) => (code(part)?, Some(code(whole)?)),
            None => (code(figures)?, None),
        };
        let period = parts.next().ok_or(PlaceFault::NoPeriod)?;
        let period = Period::parse(period).ok_or_else(|| PlaceFault::Period(period.to_owned()))?;
        let mut rest = parts.next();
        // A unit begins with a letter or a digit, a way to say a number with a sign of its own.
        let unit = rest.filter(|word| word.starts_with(|c: char| c.is_ascii_alphanumeric()));
        if unit.is_some() {
            rest = parts.next();
        }
        let style = rest.map_or(Some(Style::WHOLE), Style::parse);
        let style = style.ok_or_else(|| PlaceFault::Style(rest.unwrap_or_default().to_owned()))?;
        if let Some(more) = parts.next() {
            return Err(PlaceFault::TooMuch(more.to_owned()));
        }
        if whole.is_some() != matches!(style.form, Form::Percent(_)) {
            return Err(PlaceFault::Share);
        }
        Ok(Self { figure, whole, period, unit: unit.map(str::to_owned), style, at })
    }

    /// What it holds, without the brackets.
    pub fn code(&self) -> String {
        let mut code = self.figure.clone();
        if let Some(whole) = &self.whole {
            code.push('/');
            code.push_str(whole);
        }
        let style = self.style.code();
        let period = self.period.code();
        let rest = [Some(period.as_str()), self.unit.as_deref(), Some(style.as_str())];
        for part in rest.into_iter().flatten().filter(|part| !part.is_empty()) {
            code.push(' ');
            code.push_str(part);
        }
        code
    }
}

fn code(text: &str) -> Result<Code, PlaceFault> {
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(ok);
    if fits { Ok(text.to_owned()) } else { Err(PlaceFault::Code(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_words_and_places() {
        let text = "安置{placements 2023 万2}，覆盖率{members/bodies to-2024-12 wf-9901 %0}。";
        let template = Template::parse(text).expect("a text");
        let places: Vec<String> = template.places().map(Place::code).collect();
        assert_eq!(places, ["placements 2023 万2", "members/bodies to-2024-12 wf-9901 %0"]);
        assert_eq!(template.pieces.len(), 5);
        assert_eq!(template.places().next().map(|p| p.at), Some(Position { line: 1, column: 3 }));
        assert_eq!(Template::parse("").map(|t| t.pieces.len()), Ok(0));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, line, column, why) in [
            ("共{a 2024", 1, 2, "never closed"),
            ("共\n有a}件", 2, 3, "closes nothing"),
            ("{a {b 2024}", 1, 1, "stands in a place"),
            ("｛a 2024｝", 1, 1, "wide"),
            ("x{ }", 1, 2, "empty"),
            ("{A 2024}", 1, 1, "no code"),
            ("{安置 2024}", 1, 1, "no code"),
            ("{a}", 1, 1, "no period"),
            ("{a 2024-13}", 1, 1, "`2024-13` is no period"),
            ("{a 去年}", 1, 1, "`去年` is no period"),
            ("{a 2024 万9}", 1, 1, "`万9` is no way"),
            ("{a 2024 wf 余}", 1, 1, "`余` is no way"),
            ("{a 2024 余1 万2}", 1, 1, "`万2` is too much"),
            ("{a 2024 %0}", 1, 1, "part and whole"),
            ("{a/b 2024 万1}", 1, 1, "part and whole"),
            ("{a/b 2024}", 1, 1, "part and whole"),
            ("{a/ 2024 %0}", 1, 1, "no code"),
        ] {
            let faults = Template::parse(text).expect_err(text);
            assert_eq!(faults[0].at, Position { line, column }, "{text}");
            let told = faults[0].to_string();
            assert!(told.contains(why), "{text}: {told}");
        }
        let all = Template::parse("}{a}\n{").expect_err("three faults");
        assert_eq!(all.len(), 3);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[{}｛｝a-c0-9 /_%万余约to\\-\n。]{0,40}") {
            match Template::parse(&text) {
                Ok(template) => {
                    for place in template.places() {
                        let code = format!("{{{}}}", place.code());
                        let again = Template::parse(&code).expect("what is written is read");
                        prop_assert_eq!(again.places().next().map(Place::code), Some(place.code()));
                    }
                }
                Err(faults) => prop_assert!(!faults.is_empty()),
            }
        }
    }
}
