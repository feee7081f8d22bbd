//! The words of the press, as a city writes them: what says “so far”, “new”, “last year”, which words
//! count the same thing, what is a claim. Only lists; what follows from a word is decided elsewhere.

use super::{
    compose::{Counted, Material, Need, Refused, compose},
    fit::Setting,
    place::Template,
};
use crate::{
    figure::{Part, Word},
    pack::Pack,
    workflow::Code,
};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What a city says about its releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Press {
    /// A number above zero and below this one is small, and hidden in a published table.
    pub small_below: i64,
    /// What is hidden cannot be narrowed down to fewer values than this.
    pub hidden_width: i64,
    /// Words that count the same as the word of a figure: 名 and 位 beside 人.
    pub also: BTreeMap<Word, Vec<String>>,
    /// Counting words that no figure has.
    pub other_counting: Vec<String>,
    /// What looks like a counting word behind a number and counts nothing: 个月, 岁.
    pub not_counted: Vec<String>,
    /// Words that must stand in a place and not before it: 约, 近, 超过.
    pub hedges: Vec<String>,
    /// Words that must stand in a place and not behind it: 万, 余, %.
    pub scales: Vec<String>,
    /// Words that say “so far”: 累计.
    pub cumulative: Vec<String>,
    /// Words before a day up to which is counted: 截至.
    pub until: Vec<String>,
    /// Words behind a day from which is counted: 以来.
    pub since: Vec<String>,
    /// Words that say “new”: 新增.
    pub new: Vec<String>,
    /// Words for the year of the release: 今年.
    pub this_year: Vec<String>,
    /// Words for the year before: 去年.
    pub last_year: Vec<String>,
    /// Words for the month of the release: 本月.
    pub this_month: Vec<String>,
    /// Words for the month before: 上月.
    pub last_month: Vec<String>,
    /// Words for the halves and quarters of a year: 上半年.
    pub parts: BTreeMap<Part, Vec<String>>,
    /// Spans of time for which no figure is told: 近三年.
    pub other_spans: Vec<String>,
    /// Words before a period that is only compared with: 较, 比.
    pub comparing: Vec<String>,
    /// Words that claim to be the first, the only or the best: 首个, 唯一.
    pub superlatives: Vec<String>,
    /// What looks like one of them and claims nothing: 第一时间.
    pub not_superlatives: Vec<String>,
    /// Sentences that the city often says.
    pub sentences: Vec<Standard>,
}

/// A sentence that the city often says, with places for its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// Stable code.
    pub code: Code,
    /// A day on which it could go out; 今年 is its year.
    pub day: Date,
    /// The text.
    pub text: String,
    /// How it was once printed, if it was.
    pub printed: Option<Printed>,
}

/// A sentence as it was printed, and the numbers that it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The number of each figure.
    pub numbers: BTreeMap<Code, i64>,
    /// What was printed.
    pub reads: String,
}

impl Standard {
    /// How it reads with one number for each of its figures; as printed, with those of the print.
    ///
    /// # Errors
    /// When it is not true of them.
    pub fn at(&self, pack: &Pack, numbers: &BTreeMap<Code, i64>) -> Result<String, Vec<Refused>> {
        let needs = Template::parse(&self.text).map(|t| t.needs()).unwrap_or_default();
        let counted = |need: Need| {
            let amount = Some(*numbers.get(&need.figure)?);
            Some((need, Counted { amount, unknown: 0, versions: Vec::new() }))
        };
        let numbers = needs.into_iter().filter_map(counted).collect();
        let setting = Setting::of(pack, self.day);
        let material = Material { setting, numbers: &numbers, register: &[] };
        compose(&self.text, &material).map(|done| done.text)
    }
}

impl Press {
    /// The words that count the same thing as this one, itself first.
    pub fn counting(&self, word: Word) -> impl Iterator<Item = &str> {
        let also = self.also.get(&word).into_iter().flatten();
        std::iter::once(word.text()).chain(also.map(String::as_str))
    }

    /// The counting word at the beginning of some characters, the longest that fits, and the word of
    /// the figures that it may stand behind.
    pub(super) fn counted<'a>(&'a self, chars: &[char]) -> Option<(&'a str, Option<Word>)> {
        let known =
            Word::ALL.iter().flat_map(|word| self.counting(*word).map(|w| (w, Some(*word))));
        let other = self.other_counting.iter().map(|w| (w.as_str(), None));
        let fits = known.chain(other).filter(|(word, _)| begins(chars, word));
        fits.max_by_key(|(word, _)| word.chars().count())
    }
}

/// Whether characters begin with a word.
pub(super) fn begins(chars: &[char], word: &str) -> bool {
    let mut at = chars.iter();
    !word.is_empty() && word.chars().all(|c| at.next() == Some(&c))
}

/// Whether characters end with a word.
pub(super) fn ends(chars: &[char], word: &str) -> bool {
    let length = word.chars().count();
    length > 0 && chars.len() >= length && begins(&chars[chars.len() - length..], word)
}

/// The longest of some words with which characters begin.
pub(super) fn longest<'a>(chars: &[char], words: &'a [String]) -> Option<&'a str> {
    let fits = words.iter().map(String::as_str).filter(|word| begins(chars, word));
    fits.max_by_key(|word| word.chars().count())
}

/// Wide digits and signs as narrow ones, one for one, so that positions stay.
pub(super) fn narrow(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => {
            let wide = u32::from(char) - 0xfee0;
            char::from_u32(wide).unwrap_or(char)
        }
        _ => char,
    }
}
