//! One document's line in the full-text index: its words, hashed.

use std::fmt;

use crate::fold::fold_into;
use crate::keys::Keys;
use crate::words::Words;

/// A hash keeps 44 bits: among a million distinct words two share one with a chance of 3 %, and
/// what a collision finds too much, verification removes.
const DROPPED_BITS: u32 = 20;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const HASH_CHARACTERS: usize = 9;

/// A word as the database sees it. Written as nine lower-case letters and digits, a letter first,
/// which neither FTS5's `unicode61` tokenizer nor the `simple` configuration of PG changes or
/// splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WordHash(u64);

impl WordHash {
    fn characters(self) -> [u8; HASH_CHARACTERS] {
        let mut rest = self.0;
        let mut characters = [0; HASH_CHARACTERS];
        for character in characters.iter_mut().rev() {
            *character = ALPHABET[(rest % 32) as usize];
            rest /= 32;
        }
        characters
    }

    /// The hashes in one string; `separator` is `" "` for an index line or an FTS5 query and
    /// `" & "` for a `tsquery`.
    pub fn joined(hashes: &[Self], separator: &str) -> String {
        let mut line = String::with_capacity(hashes.len() * (HASH_CHARACTERS + separator.len()));
        for (index, hash) in hashes.iter().enumerate() {
            if index > 0 {
                line.push_str(separator);
            }
            line.extend(hash.characters().map(char::from));
        }
        line
    }
}

impl fmt::Display for WordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::joined(&[*self], ""))
    }
}

impl Keys {
    /// The keyed hash of a word as [`Words`] gives it.
    pub fn hash_word(&self, word: &str) -> WordHash {
        let made = || self.words.short(word.as_bytes()) >> DROPPED_BITS;
        WordHash(self.hashed.of(word, made))
    }
}

/// Gathers the words of all searchable fields of one document.
///
/// ```
/// # let keys = vault::Keys::parse(&format!("root={}\nwrap.1={}", "01".repeat(32), "02".repeat(32)))?;
/// let mut entry = vault::Entry::new(&keys);
/// entry.text("昨晚丈夫动手打人").name("张三");
/// let line = entry.line();
/// let query = vault::Query::parse("动手 zhangsan");
/// assert!(query.hashes(&keys).iter().all(|hash| line.contains(&hash.to_string())));
/// # Ok::<(), vault::KeyError>(())
/// ```
#[derive(Debug)]
pub struct Entry<'k> {
    keys: &'k Keys,
    folded: String,
    hashes: Vec<WordHash>,
}

impl<'k> Entry<'k> {
    /// An entry without words.
    pub fn new(keys: &'k Keys) -> Self {
        Self { keys, folded: String::new(), hashes: Vec::new() }
    }

    /// Adds a text: a summary, narrative, address or answer.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.folded.clear();
        fold_into(text, &mut self.folded);
        let (keys, hashes) = (self.keys, &mut self.hashes);
        Words::shared().each_of_text(&self.folded, |word| hashes.push(keys.hash_word(word)));
        self
    }

    /// Adds a person's name, which is also found by its characters and as it sounds.
    pub fn name(&mut self, name: &str) -> &mut Self {
        let (keys, hashes) = (self.keys, &mut self.hashes);
        Words::shared().each_of_name(name, |word| hashes.push(keys.hash_word(word)));
        self
    }

    /// Every hash once, sorted, so that the order of the words is gone.
    pub fn hashes(mut self) -> Vec<WordHash> {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes
    }

    /// The hashes with spaces between them: what goes into the FTS5 column, or cast to
    /// `tsvector`. Empty when there is nothing to find.
    pub fn line(self) -> String {
        WordHash::joined(&self.hashes(), " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(root: &str) -> Keys {
        Keys::parse(&format!("root={}\nwrap.1={}", root.repeat(32), "00".repeat(32))).unwrap()
    }

    #[test]
    fn hashes_depend_on_word_and_key() {
        let (a, b) = (keys("01"), keys("02"));
        assert_eq!(a.hash_word("家暴"), a.hash_word("家暴"));
        assert_ne!(a.hash_word("家暴"), a.hash_word("家报"));
        assert_ne!(a.hash_word("家暴"), b.hash_word("家暴"));
    }

    /// Stored index lines must stay searchable after an upgrade.
    #[test]
    fn hashes_never_change() {
        assert_eq!(keys("01").hash_word("家暴").to_string(), "jvtdduikt");
    }

    #[test]
    fn hashes_are_words_to_every_tokenizer() {
        let keys = keys("01");
        for word in 0..5_000 {
            let hash = keys.hash_word(&word.to_string()).to_string();
            assert_eq!(hash.len(), HASH_CHARACTERS);
            assert!(hash.starts_with(|c: char| c.is_ascii_lowercase()), "{hash}");
            assert!(hash.bytes().all(|byte| ALPHABET.contains(&byte)), "{hash}");
        }
    }

    #[test]
    fn a_line_holds_every_word_once_and_hides_their_order() {
        let keys = keys("01");
        let line = |texts: &[&str]| {
            let mut entry = Entry::new(&keys);
            for text in texts {
                entry.text(text);
            }
            entry.line()
        };
        assert_eq!(line(&["家暴家暴"]), line(&["家暴", "暴家", "家暴"]));
        assert_eq!(line(&["报警", "离婚"]), line(&["离婚", "报警"]));
        assert_eq!(line(&["报警", "离婚"]).split(' ').count(), 2);
        assert_eq!(line(&["，"]), "");
    }

    #[test]
    fn no_word_shows_in_a_line() {
        let keys = keys("01");
        let mut entry = Entry::new(&keys);
        entry.text("wechat 13800001234 家暴").name("张三");
        let line = entry.line();
        for word in ["wechat", "1234", "zhangsan", "家暴"] {
            assert!(!line.contains(word), "{word}");
        }
    }
}
