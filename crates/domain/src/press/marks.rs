//! What the words of a sentence say about time and newness: 去年, 2024年3月, 自2018年以来, 截至年底,
//! 累计, 新增. Reads one sentence; what it means for a number is decided in `fit`.

use super::words::{Press, begins, ends, longest};
use crate::figure::{Part, Period};
use jiff::{ToSpan, civil::Date};

/// What stands for a place among the characters of a sentence.
pub(super) const PLACE: char = '\u{fffc}';

/// A span of time that words name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Year(i16),
    Month(i16, i8),
    Part(i16, Part),
    Day(Date),
    /// One for which no figure is told.
    Other,
}

/// What a word or a group of words says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// It happened in this span.
    In(Span),
    /// Counted from the beginning of this span.
    Since(Span),
    /// Counted up to the end of this span.
    Until(Span),
    /// So far.
    SoFar,
    /// New ones.
    New,
}

/// Words that say something, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) sense: Sense,
    pub(super) words: String,
}

impl Span {
    /// The first and the last day; none for a span that figures do not know.
    pub(super) fn days(self) -> Option<(Date, Date)> {
        let (first, after) = match self {
            Self::Year(y) => (Date::new(y, 1, 1).ok()?, 1.year()),
            Self::Month(y, m) => (Date::new(y, m, 1).ok()?, 1.month()),
            Self::Day(day) => (day, 1.day()),
            Self::Part(y, part) => {
                let period = Period::Part(y, part);
                return Some((period.first()?, period.last()));
            }
            Self::Other => return None,
        };
        Some((first, first.checked_add(after).ok()?.yesterday().ok()?))
    }
}

/// The marks of a sentence in their order; `day` is the day of the release.
pub(super) fn marks(sentence: &[char], press: &Press, day: Date) -> Vec<Mark> {
    let mut lexer = Lexer { sentence, press, day, at: 0, found: Vec::new() };
    while lexer.at < sentence.len() {
        lexer.step();
    }
    anchored(sentence, lexer.found)
}

/// What is found before words are put together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bit {
    Sense(Sense),
    /// 以来, which goes with the span before it.
    SinceWord,
    /// 截至, which goes with the span behind it.
    UntilWord,
}

type Found = (usize, usize, Bit);

struct Lexer<'a> {
    sentence: &'a [char],
    press: &'a Press,
    day: Date,
    at: usize,
    found: Vec<Found>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let rest = &self.sentence[self.at..];
        if rest[0] == '《' {
            let title = rest.iter().position(|c| *c == '》').unwrap_or(0);
            self.at += title + 1;
            return;
        }
        if let Some((length, bit)) = self.listed(rest) {
            self.push(length, bit);
        } else if let Some((length, span)) = self.dated(rest) {
            self.push(length, Bit::Sense(Sense::In(span)));
        } else {
            self.at += 1;
        }
    }

    fn push(&mut self, length: usize, bit: Bit) {
        let before = &self.sentence[..self.at];
        let compared = self.press.comparing.iter().any(|word| ends(before, word));
        let is_span = matches!(bit, Bit::Sense(Sense::In(_)));
        if !(compared && is_span) {
            self.found.push((self.at, self.at + length, bit));
        }
        self.at += length;
    }

    /// The longest listed word that stands here.
    fn listed(&self, rest: &[char]) -> Option<(usize, Bit)> {
        let press = self.press;
        let (year, month) = (self.day.year(), self.day.month());
        let last = self.day.first_of_month().yesterday().unwrap_or(self.day);
        let lists: [(&[String], Bit); 9] = [
            (&press.cumulative, Bit::Sense(Sense::SoFar)),
            (&press.new, Bit::Sense(Sense::New)),
            (&press.until, Bit::UntilWord),
            (&press.since, Bit::SinceWord),
            (&press.this_year, Bit::Sense(Sense::In(Span::Year(year)))),
            (&press.last_year, Bit::Sense(Sense::In(Span::Year(year - 1)))),
            (&press.this_month, Bit::Sense(Sense::In(Span::Month(year, month)))),
            (&press.last_month, Bit::Sense(Sense::In(Span::Month(last.year(), last.month())))),
            (&press.other_spans, Bit::Sense(Sense::In(Span::Other))),
        ];
        let fits = lists.iter().filter_map(|(words, bit)| {
            longest(rest, words).map(|word| (word.chars().count(), *bit))
        });
        let part = self.part_of(self.year_before().unwrap_or(year), rest);
        let part = part.map(|(length, span)| (length, Bit::Sense(Sense::In(span))));
        let (length, bit) = fits.chain(part).max_by_key(|(length, _)| *length)?;
        if let Bit::Sense(Sense::In(Span::Year(year))) = bit {
            let behind = &rest[length..];
            let (more, span) = self.part_of(year, behind).unwrap_or_else(|| month_of(year, behind));
            return Some((length + more, Bit::Sense(Sense::In(span))));
        }
        Some((length, bit))
    }

    /// A half or a quarter of that year which is named here; how many characters name it.
    fn part_of(&self, year: i16, rest: &[char]) -> Option<(usize, Span)> {
        let parts = self.press.parts.iter();
        let named = parts.filter_map(|(part, words)| Some((longest(rest, words)?, part)));
        let (word, part) = named.max_by_key(|(word, _)| word.chars().count())?;
        Some((word.chars().count(), Span::Part(year, *part)))
    }

    /// A date in digits that begins here: 2024年, 2024年3月, 3月8日.
    fn dated(&self, rest: &[char]) -> Option<(usize, Span)> {
        let before = &self.sentence[..self.at];
        if before.last().is_some_and(|c| *c == '十' || digit(*c).is_some()) {
            return None;
        }
        let far = match before {
            [.., c, join] => joins(*join) && (matches!(c, '年' | '月') || digit(*c).is_some()),
            _ => false,
        };
        let (digits, named) = number(rest);
        match (digits, rest.get(digits)) {
            (4, Some('年')) => {
                let year = i16::try_from(named).ok()?;
                let behind = &rest[5..];
                let part = self.part_of(year, behind);
                let (more, span) = part.unwrap_or_else(|| month_of(year, behind));
                Some((5 + more, if far { Span::Other } else { span }))
            }
            (4, Some(c)) if joins(*c) => {
                let (more, _) = number(&rest[5..]);
                (more == 4 && rest.get(5 + more) == Some(&'年')).then_some((6 + more, Span::Other))
            }
            (1 | 2, Some('月')) => {
                let year = self.year_before().unwrap_or(self.day.year());
                let (length, span) = month_of(year, rest);
                (length > 0).then_some((length, if far { Span::Other } else { span }))
            }
            _ => None,
        }
    }

    /// The year that the sentence has named last.
    fn year_before(&self) -> Option<i16> {
        self.found.iter().rev().find_map(|(_, _, bit)| match bit {
            Bit::Sense(Sense::In(Span::Year(y) | Span::Month(y, _) | Span::Part(y, _))) => Some(*y),
            _ => None,
        })
    }
}

/// A month, a day of it, or the span from one month to another behind a year; how many characters
/// say it.
fn month_of(year: i16, rest: &[char]) -> (usize, Span) {
    let (digits, month) = number(rest);
    let month = i8::try_from(month).ok().filter(|m| (1..=12).contains(m));
    let (Some(month), true) = (month, rest.get(digits) == Some(&'月')) else {
        let to_another = match rest {
            [join, next, ..] => joins(*join) && digit(*next).is_some(),
            _ => false,
        };
        return if to_another { (1, Span::Other) } else { (0, Span::Year(year)) };
    };
    let behind = &rest[digits + 1..];
    if behind.first().is_some_and(|c| joins(*c)) {
        return (digits + 2, Span::Other);
    }
    let (more, day) = number(behind);
    if more > 0 && matches!(behind.get(more), Some('日' | '号')) {
        let date = i8::try_from(day).ok().and_then(|day| Date::new(year, month, day).ok());
        return (digits + more + 2, date.map_or(Span::Other, Span::Day));
    }
    (digits + 1, Span::Month(year, month))
}

/// What joins the ends of a span: 2018—2023年, 1至11月.
fn joins(char: char) -> bool {
    matches!(char, '-' | '—' | '–' | '~' | '～' | '至' | '到')
}

fn digit(char: char) -> Option<u32> {
    let chinese = "〇一二三四五六七八九".chars().position(|c| c == char);
    char.to_digit(10).or_else(|| chinese.and_then(|n| u32::try_from(n).ok()))
}

/// How many digits stand here, at most four, and what they name.
fn number(rest: &[char]) -> (usize, u32) {
    let digits: Vec<u32> = rest.iter().map_while(|c| digit(*c)).take(5).collect();
    if digits.len() > 4 {
        return (0, 0);
    }
    (digits.len(), digits.iter().fold(0, |n, d| n * 10 + d))
}

/// Puts 以来 and 截至 together with their spans. Alone they say “so far”.
fn anchored(sentence: &[char], found: Vec<Found>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut until: Option<(usize, usize)> = None;
    let mark = |from: usize, to: usize, sense| {
        let words = sentence[from..to].iter().collect();
        Mark { from, to, sense, words }
    };
    for (from, to, bit) in found {
        if let Some((start, end)) = until.take() {
            match bit {
                Bit::Sense(Sense::In(span)) if from <= end + 1 => {
                    marks.push(mark(start, to, Sense::Until(span)));
                    continue;
                }
                _ => marks.push(mark(start, end, Sense::SoFar)),
            }
        }
        match bit {
            Bit::UntilWord => until = Some((from, to)),
            Bit::Sense(sense) => marks.push(mark(from, to, sense)),
            Bit::SinceWord => {
                let last = marks.iter().rposition(|m| matches!(m.sense, Sense::In(_)));
                let last = last.filter(|at| !sentence[marks[*at].to..from].contains(&PLACE));
                match last.map(|at| marks.remove(at)) {
                    Some(Mark { from: start, sense: Sense::In(span), .. }) => {
                        marks.push(mark(start, to, Sense::Since(span)));
                    }
                    _ => marks.push(mark(from, to, Sense::SoFar)),
                }
            }
        }
    }
    if let Some((start, end)) = until {
        marks.push(mark(start, end, Sense::SoFar));
    }
    marks.sort_by_key(|mark| mark.from);
    marks
}

/// Whether a character ends a clause.
pub(super) fn ends_clause(char: char) -> bool {
    matches!(char, ',' | '，' | ';' | '；' | ':' | '：')
}

/// Whether a character ends a sentence.
pub(super) fn ends_sentence(char: char) -> bool {
    matches!(char, '。' | '!' | '！' | '?' | '？' | '\n')
}

/// The words in brackets with which characters begin, where they do.
pub(super) fn bracketed(rest: &[char]) -> Option<&[char]> {
    if !["(", "（"].iter().any(|open| begins(rest, open)) {
        return None;
    }
    let end = rest.iter().position(|c| matches!(c, ')' | '）'))?;
    rest.get(1..end)
}
