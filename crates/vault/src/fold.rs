//! Folding: one character for all its written variants, so that 家暴, ＡＢＣ and 離婚 are found
//! however they were typed.
//!
//! Invariant: folding works character by character and looks at no neighbour. Only so is a piece
//! of a text, folded, a piece of the folded text; phrase-wise conversion (乾坤 but 干净) would
//! lose matches. It may merge words that a reader tells apart; verification and the reader sort
//! those out.

use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9fff;

/// Simplified form of every ideograph of the basic plane: 110 KB, made once in 4 ms.
static SIMPLIFIED: LazyLock<Vec<char>> = LazyLock::new(|| {
    let converter = OpenCC::from_config(BuiltinConfig::T2s).ok();
    let simplify = |c: char| {
        let converted = converter.as_ref().map(|it| it.convert(c.encode_utf8(&mut [0; 4])));
        let converted = converted.unwrap_or_default();
        let mut characters = converted.chars();
        characters.next().filter(|_| characters.next().is_none()).unwrap_or(c)
    };
    // Twice, because 薴 becomes 苧, which is itself the traditional form of 苎.
    (FIRST..=LAST).filter_map(char::from_u32).map(|c| simplify(simplify(c))).collect()
});

/// A text with traditional characters simplified, full-width forms halved, letters lower-cased
/// and invisible characters removed. Punctuation stays.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded text to `folded`.
pub(crate) fn fold_into(text: &str, folded: &mut String) {
    folded.extend(text.chars().filter_map(fold_char));
}

fn fold_char(c: char) -> Option<char> {
    match c {
        '\0'..='\x7f' => Some(c.to_ascii_lowercase()),
        '\u{3400}'..='\u{9fff}' => {
            let index = u32::from(c) - FIRST;
            Some(SIMPLIFIED.get(index as usize).copied().unwrap_or(c))
        }
        '\u{3000}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).map(|c| c.to_ascii_lowercase())
        }
        // Chat programs leave zero-width characters and variation selectors inside words.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => {
            None
        }
        // Pinyin keyboards write lü as lv.
        'ü' | 'Ü' => Some('v'),
        _ => {
            let mut lower = c.to_lowercase();
            lower.next().filter(|_| lower.next().is_none()).or(Some(c))
        }
    }
}

/// Whether a character is a Chinese ideograph, which is read alone and written without spaces.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '々' | '〇'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a character belongs to words; everything else separates them.
pub(crate) fn is_word(c: char) -> bool {
    is_han(c) || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variants_fold_together() {
        for (text, folded) in [
            ("離婚訴訟", "离婚诉讼"),
            ("ＡＢＣ１２３（ｘ）", "abc123(x)"),
            ("A\u{200b}b\u{feff}C", "abc"),
            ("乾淨，乾坤", "干净,干坤"),
            ("裡裏里", "里里里"),
            ("家　暴", "家 暴"),
            ("LÜ Ärger", "lv ärger"),
            ("已经是简体", "已经是简体"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    proptest! {
        #![proptest_config(crate::fixed_cases(256))]

        #[test]
        fn folding_twice_changes_nothing(text: String) {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn a_folded_piece_is_a_piece_of_the_folded_text(a: String, b: String) {
            prop_assert_eq!(fold(&format!("{a}{b}")), fold(&a) + &fold(&b));
        }
    }

    #[test]
    fn every_ideograph_folds_to_rest() {
        for c in (FIRST..=LAST).filter_map(char::from_u32) {
            let once = fold(&c.to_string());
            assert_eq!(fold(&once), once, "{c}");
        }
    }
}
