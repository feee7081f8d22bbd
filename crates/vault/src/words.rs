//! What of a text is searchable: cutting texts, names and queries into words.
//!
//! The database holds only keyed hashes of these words, so it can test whether a whole word is
//! there but cannot look inside one. Chinese has no spaces, and a segmenter may cut a query and
//! the text around it differently; a search that misses an appeal breaks our first promise. So
//! the words of a text are chosen such that **every** word of a query is among the words of
//! every text that contains the query (tested with random texts):
//!
//! - every pair of neighbouring characters of which one is Chinese: 家暴, 暴后, 3栋;
//! - every dictionary word (jieba) of three or more characters at *any* position, in full mode
//!   rather than along the one best cut, because only that depends on nothing but the word
//!   itself. Pairs alone would do; words such as 派出所 make the search selective;
//! - every run of letters and digits; in a mixed run (鲁C12345) also its letters and its digits;
//!   of runs of seven or more with a digit in them also the last four characters, by which
//!   people quote phones and id numbers.
//!
//! Pairs and words made of stop words alone (`stop_words.txt`) are left out on both sides. Names
//! add single characters and pinyin. Single characters of *texts* are not indexed: they would
//! double the index, and their frequencies are the easiest to recognise. A query of one character
//! therefore finds names only ([`crate::Query::reaches_texts`] says so to the page).
//!
//! A query finds a superset of the texts that contain it (its pairs may stand apart), so callers
//! check the few rows of a page with [`crate::Query::matches`] on the opened text.
//!
//! **What leaks.** Whoever reads the database without the key sees how many distinct words a text
//! has, which hashes texts share, and how frequent each is; from frequencies and pairs that go
//! together, common words of a known subject can be guessed. Order, counts within a text and
//! rare words stay hidden. Sealed cases must not be indexed at all.

use std::collections::HashSet;
use std::sync::LazyLock;

use jieba_rs::Jieba;

use crate::fold::{fold, is_han, is_word};
use crate::normal::normalise_name;
use crate::readings;

const STOP_WORDS: &str = include_str!("stop_words.txt");

/// Dictionary words shorter than this are covered by pairs.
const LONG_WORD: usize = 3;
/// Runs of letters and digits from this length on are also found by their last characters.
const LONG_RUN: usize = 7;
const TAIL: usize = 4;

/// The dictionary and the stop words: some 33 MB, loaded once in about 0.1 s.
pub struct Words {
    dictionary: Jieba,
    stop: HashSet<&'static str>,
}

impl Words {
    /// The dictionary of this process, loaded by the first caller; a server calls this at start.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Words> = LazyLock::new(|| Words {
            dictionary: Jieba::new(),
            stop: STOP_WORDS.lines().collect(),
        });
        &SHARED
    }

    /// The distinct words of a text, sorted: what [`crate::Entry::text`] hashes.
    pub fn of_text(&self, text: &str) -> Vec<String> {
        collected(|each| self.each_of_text(&fold(text), each))
    }

    /// The distinct words of a person's name, sorted: what [`crate::Entry::name`] hashes.
    pub fn of_name(&self, name: &str) -> Vec<String> {
        collected(|each| self.each_of_name(name, each))
    }

    /// Calls `each` with the words of an already folded text, repetitions included.
    pub(crate) fn each_of_text(&self, folded: &str, mut each: impl FnMut(&str)) {
        for run in runs(folded) {
            pairs(run).filter(|pair| !self.is_stop(pair)).for_each(&mut each);
            for piece in pieces(run) {
                if piece.starts_with(is_han) {
                    self.each_long_word(piece, &mut each);
                } else {
                    each_of_letters(piece, &mut each);
                }
            }
        }
    }

    pub(crate) fn each_of_name(&self, name: &str, mut each: impl FnMut(&str)) {
        let folded = fold(name);
        let joined = normalise_name(name);
        // Stop words count in names: somebody may be called 于是.
        for run in runs(&folded).chain([joined.as_str()]) {
            pairs(run).for_each(&mut each);
            for piece in pieces(run) {
                if piece.starts_with(is_han) {
                    singles(piece).for_each(&mut each);
                    self.each_long_word(piece, &mut each);
                } else if is_single(piece) {
                    each(piece);
                } else {
                    each_of_letters(piece, &mut each);
                }
            }
        }
        readings::of_name(&joined, each);
    }

    /// Calls `each` with the words that every text containing this part of a query has, and
    /// answers true. Where texts have none (one character, or stop words alone), calls it with
    /// the characters, which only names have, and answers false.
    pub(crate) fn each_of_part(&self, part: &str, mut each: impl FnMut(&str)) -> bool {
        let mut any = false;
        let mut all = |word: &str| {
            any = true;
            each(word);
        };
        pairs(part).filter(|pair| !self.is_stop(pair)).for_each(&mut all);
        let last = pieces(part).count().saturating_sub(1);
        for (index, piece) in pieces(part).enumerate() {
            // Letters at the edge of a mixed part may be cut off a longer run: 3栋 is in 13栋.
            let is_whole = last == 0 || (index > 0 && index < last);
            if piece.starts_with(is_han) {
                self.each_long_word(piece, &mut all);
            } else if is_whole && !is_single(piece) {
                all(piece);
            }
        }
        if !any {
            singles(part).for_each(each);
        }
        any
    }

    fn each_long_word(&self, chinese: &str, mut each: impl FnMut(&str)) {
        // The shortest ideograph takes three bytes.
        if chinese.len() < 3 * LONG_WORD {
            return;
        }
        for token in self.dictionary.cut_all(chinese) {
            let is_long = token.end - token.start >= LONG_WORD;
            if is_long && !self.is_stop(token.word) {
                each(token.word);
            }
        }
    }

    /// Invariant: the answer depends on the word alone, so a text and a query agree.
    fn is_stop(&self, word: &str) -> bool {
        self.stop.contains(word) || singles(word).all(|single| self.stop.contains(single))
    }
}

/// Maximal runs of Chinese characters, letters and digits.
pub(crate) fn runs(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c| !is_word(c)).filter(|run| !run.is_empty())
}

/// A run cut where Chinese meets letters or digits.
fn pieces(run: &str) -> impl Iterator<Item = &str> {
    cut(run, is_han)
}

/// A text cut wherever `class` changes.
fn cut(text: &str, class: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = class(rest.chars().next()?);
        let (piece, after) = rest.split_at(rest.find(|c| class(c) != first).unwrap_or(rest.len()));
        rest = after;
        Some(piece)
    })
}

/// Neighbouring characters of which at least one is Chinese.
fn pairs(run: &str) -> impl Iterator<Item = &str> {
    let seconds = run.char_indices().skip(1);
    run.char_indices()
        .zip(seconds)
        .filter(|((_, first), (_, second))| is_han(*first) || is_han(*second))
        .filter_map(|((from, _), (at, second))| run.get(from..at + second.len_utf8()))
}

fn singles(run: &str) -> impl Iterator<Item = &str> {
    run.char_indices().filter_map(|(at, c)| run.get(at..at + c.len_utf8()))
}

fn is_single(piece: &str) -> bool {
    piece.chars().nth(1).is_none()
}

fn each_of_letters(piece: &str, mut each: impl FnMut(&str)) {
    if is_single(piece) {
        return;
    }
    each(piece);
    if let Some(tail) = tail(piece) {
        each(tail);
    }
    let parts = || cut(piece, |c| c.is_ascii_digit());
    for part in parts().filter(|part| part.len() < piece.len() && !is_single(part)) {
        each(part);
        if let Some(tail) = tail(part) {
            each(tail);
        }
    }
}

fn tail(piece: &str) -> Option<&str> {
    let is_number = piece.is_ascii() && piece.bytes().any(|byte| byte.is_ascii_digit());
    if !is_number || piece.len() < LONG_RUN {
        return None;
    }
    piece.get(piece.len() - TAIL..)
}

fn collected(visit: impl FnOnce(&mut dyn FnMut(&str))) -> Vec<String> {
    let mut words = Vec::new();
    visit(&mut |word| words.push(word.to_owned()));
    words.sort();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[String], expected: &str) {
        let mut expected: Vec<&str> = expected.split_whitespace().collect();
        expected.sort_unstable();
        assert_eq!(words, expected);
    }

    #[test]
    fn texts_are_cut() {
        for (text, expected) in [
            ("", ""),
            ("，。！ ", ""),
            ("家", ""),
            ("家暴", "家暴"),
            ("家，暴", ""),
            ("離婚", "离婚"),
            ("到派出所报警", "到派 派出 出所 所报 报警 派出所"),
            ("我的丈夫", "的丈 丈夫"),
            ("我们的", ""),
            ("住13栋", "住1 3栋 13"),
            ("电话13800001234。", "电话 话1 13800001234 1234"),
            ("鲁C12345", "鲁c c12345 12345"),
            ("370305182103054 67X", "370305182103054 3054 67x 67"),
            ("WeChat", "wechat"),
            ("a 1", ""),
        ] {
            check(&Words::shared().of_text(text), expected);
        }
    }

    #[test]
    fn tails_of_long_runs_are_words() {
        for (text, tail, is_word) in [
            ("13800001234", "1234", true),
            ("8888777", "8777", true),
            ("888877", "8877", false),
            ("37030518210305467X", "467x", true),
            ("鲁AD12345678", "5678", true),
            ("telephone", "hone", false),
        ] {
            let words = Words::shared().of_text(text);
            assert_eq!(words.iter().any(|word| word == tail), is_word, "{text}");
        }
    }

    #[test]
    fn names_are_cut() {
        check(&Words::shared().of_name("張三"), "张 三 张三 zhang san zhangsan zs");
        let dotted = Words::shared().of_name("古丽·买买");
        for word in ["古丽", "买买", "丽买", "古", "guli", "glmm"] {
            assert_eq!(dotted.iter().any(|found| found == word), word != "guli", "{word}");
        }
        let latin = Words::shared().of_name("John Smith");
        check(&latin, "john smith johnsmith");
    }

    #[test]
    fn stop_words_are_clean() {
        let lines: Vec<_> = STOP_WORDS.lines().collect();
        assert_eq!(lines.iter().collect::<HashSet<_>>().len(), lines.len(), "repeated");
        assert!(lines.iter().all(|line| !line.is_empty() && fold(line) == **line));
    }
}
