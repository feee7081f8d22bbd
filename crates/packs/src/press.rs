//! Reads the words of the press: `press.toml`. Decides how the lists are written and that no word says
//! two things; what a word means for a number is `domain::press`'s.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    figure::{Part, Word},
    pack::Pack,
    press::{Press, Printed, Setting, Standard, Template},
    workflow::Locus,
};
use jiff::civil::Date;
use serde::Deserialize;

use crate::{
    document::{Document, Entry, Worded, lay},
    faults::Faults,
    folder::Folders,
};

const NAME: &str = "press.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    small_below: Option<i64>,
    hidden_width: Option<i64>,
    #[serde(default)]
    also: BTreeMap<Word, Vec<String>>,
    #[serde(default)]
    parts: BTreeMap<Part, Vec<String>>,
    #[serde(default)]
    words: RawWords,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSentence {
    day: String,
    text: String,
    printed: Option<RawPrinted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrinted {
    numbers: BTreeMap<String, i64>,
    reads: String,
}

impl Worded for Raw {}
impl Worded for RawSentence {}

/// What was read, with the places of the sentences.
pub(crate) struct Read {
    pub(crate) press: Press,
    sentences: Vec<Locus>,
}

macro_rules! lists {
    ($($list:ident),* $(,)?) => {
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct RawWords {
            $($list: Option<Vec<String>>),*
        }

        impl RawWords {
            /// What a file gives replaces what the one before it gave.
            fn lay(self, press: &mut Press) {
                $(if let Some(list) = self.$list { press.$list = list; })*
            }
        }

        fn all(press: &Press) -> Vec<(&'static str, &[String])> {
            vec![$((stringify!($list), press.$list.as_slice())),*]
        }
    };
}

lists! {
    other_counting, not_counted, hedges, scales, cumulative, until, since, new, this_year, last_year,
    this_month, last_month, other_spans, comparing, superlatives, not_superlatives,
}

/// Lists of which one word may stand in only one, because they are told apart by the word alone.
const APART: [&str; 9] = [
    "cumulative",
    "until",
    "since",
    "new",
    "this_year",
    "last_year",
    "this_month",
    "last_month",
    "other_spans",
];

/// The words of the press; a city's lists replace those of the base, and its sentences those of the
/// same code.
pub(crate) fn press(folders: &Folders, faults: &mut Faults) -> Read {
    let mut press = Press::default();
    let mut last = folders.missing(NAME);
    let mut sentences: Vec<Entry<RawSentence>> = Vec::new();
    for file in folders.needed(NAME, faults) {
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        lay(&mut sentences, document.list::<RawSentence>("sentence", faults));
        let Some(raw) = document.rest::<Raw>(faults) else { continue };
        last = file.line(1);
        press.small_below = raw.small_below.unwrap_or(press.small_below);
        press.hidden_width = raw.hidden_width.unwrap_or(press.hidden_width);
        press.also.extend(raw.also);
        press.parts.extend(raw.parts);
        raw.words.lay(&mut press);
    }
    lists_hold(&press, &last, faults);
    let mut places = Vec::new();
    for Entry { code, at, value } in sentences {
        let Ok(day) = value.day.parse::<Date>() else {
            faults.add(&at, format!("{} is no day", value.day), "write day = \"2026-03-06\"");
            continue;
        };
        let printed = value.printed.map(|p| Printed { numbers: p.numbers, reads: p.reads });
        press.sentences.push(Standard { code, day, text: value.text, printed });
        places.push(at);
    }
    Read { press, sentences: places }
}

/// Every sentence of the city can be read and is true of its figures.
pub(crate) fn check(pack: &Pack, read: &Read, faults: &mut Faults) {
    for (sentence, at) in read.press.sentences.iter().zip(&read.sentences) {
        let template = match Template::parse(&sentence.text) {
            Ok(template) => template,
            Err(unreadable) => {
                for fault in unreadable {
                    faults.add(at, fault.to_string(), "correct the place");
                }
                continue;
            }
        };
        for misfit in template.misfits(&Setting::of(pack, sentence.day)) {
            let advice = match misfit.fits.as_slice() {
                [] => "say it otherwise, or name another figure".to_owned(),
                fits => format!("write {}", fits.join(" or ")),
            };
            faults.add(at, misfit.to_string(), advice);
        }
        let Some(printed) = &sentence.printed else { continue };
        let advice = "correct the place, or the numbers that it was printed with";
        match sentence.at(pack, &printed.numbers) {
            Ok(reads) if reads == printed.reads => {}
            Ok(reads) => faults.add(at, format!("with its numbers it reads “{reads}”"), advice),
            Err(refused) => {
                for why in refused {
                    faults.add(at, format!("with its numbers it is refused: {why}"), advice);
                }
            }
        }
    }
}

fn lists_hold(press: &Press, at: &Locus, faults: &mut Faults) {
    if press.small_below < 2 || press.hidden_width < 2 || press.hidden_width > 1000 {
        let advice = "write small_below and hidden_width of at least 2";
        faults.add(at, "nothing would be hidden in published tables", advice);
    }
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let parts = press.parts.iter().map(|(part, words)| (part.code(), words.as_slice()));
    for (list, words) in all(press).into_iter().chain(parts) {
        if words.is_empty() {
            let what = format!("the list `{list}` is empty");
            faults.add(at, what, "give at least one word, or leave the list to the base");
        }
        for word in words {
            if word.trim().is_empty() || word.trim() != word {
                let what = format!("`{list}` holds an empty word, or one with blanks around it");
                faults.add(at, what, "write the word alone");
            }
            let apart = APART.contains(&list) || Part::ALL.iter().any(|part| part.code() == list);
            if let Some(other) = apart.then(|| seen.insert(word, list)).flatten() {
                let what = format!("“{word}” stands in `{other}` and in `{list}`");
                faults.add(at, what, "leave it in the list whose meaning it has");
            }
        }
    }
    let mut counting: BTreeSet<&str> = BTreeSet::new();
    let known = Word::ALL.iter().flat_map(|word| press.counting(*word));
    for word in known.chain(press.other_counting.iter().map(String::as_str)) {
        if !counting.insert(word) {
            let what = format!("“{word}” counts two things");
            faults.add(at, what, "leave it with the word whose meaning it has");
        }
    }
}
