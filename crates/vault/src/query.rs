//! What somebody typed into the search field: the hashes to look up, and the check on opened
//! texts. Decides nothing about who may see a hit.

use crate::entry::WordHash;
use crate::fold::fold;
use crate::keys::Keys;
use crate::normal::normalise_name;
use crate::words::{Words, runs};

/// Beyond this many words a longer query is no more selective, and verification completes it.
const MAX_HASHES: usize = 32;

/// A search: every part must be found, in any field of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    parts: Vec<String>,
}

impl Query {
    /// Parts are separated by spaces and punctuation.
    pub fn parse(typed: &str) -> Self {
        Self { parts: runs(&fold(typed)).map(String::from).collect() }
    }

    /// Nothing to look for; a list then shows everything it may, a search nothing.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether the index can answer for texts. If not, some part is a single character or made
    /// of stop words, and only names are found: the page asks for one more character.
    pub fn reaches_texts(&self) -> bool {
        self.parts.iter().all(|part| Words::shared().each_of_part(part, |_| ()))
    }

    /// The hashes that a document must have, all of them. Empty only for an empty query.
    pub fn hashes(&self, keys: &Keys) -> Vec<WordHash> {
        let mut hashes = Vec::new();
        for part in &self.parts {
            Words::shared().each_of_part(part, |word| {
                let hash = keys.hash_word(word);
                if hashes.len() < MAX_HASHES && !hashes.contains(&hash) {
                    hashes.push(hash);
                }
            });
        }
        hashes
    }

    /// Whether an opened document really has every part: as written in one of its texts or names,
    /// or as one of the names sounds.
    pub fn matches(&self, texts: &[&str], names: &[&str]) -> bool {
        let written: Vec<String> = texts
            .iter()
            .chain(names)
            .map(|field| fold(field))
            .chain(names.iter().map(|name| normalise_name(name)))
            .collect();
        let sounds = |part: &String| {
            part.is_ascii() && names.iter().any(|name| Words::shared().of_name(name).contains(part))
        };
        self.parts
            .iter()
            .all(|part| written.iter().any(|field| field.contains(part)) || sounds(part))
    }
}

/// Whether a text contains every part of a query.
pub fn matches(text: &str, typed: &str) -> bool {
    Query::parse(typed).matches(&[text], &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Entry;
    use proptest::prelude::*;

    fn keys() -> Keys {
        Keys::parse(&format!("root={}\nwrap.1={}", "01".repeat(32), "00".repeat(32))).unwrap()
    }

    fn found(query: &Query, entry: Entry<'_>, keys: &Keys) -> bool {
        let hashes = entry.hashes();
        !query.is_empty() && query.hashes(keys).iter().all(|hash| hashes.contains(hash))
    }

    #[test]
    fn queries_find_and_verify() {
        let text = "我於昨晚到派出所報警，丈夫住13号楼2单元，电话13800001234，车牌鲁C12345。";
        let keys = keys();
        for (typed, expected) in [
            ("派出所", true),
            ("报警", true),
            ("報警 丈夫", true),
            ("丈夫，报警", true),
            ("3号楼", true),
            ("号楼2单", true),
            ("13号楼2单元", true),
            ("1234", true),
            ("13800001234", true),
            ("c12345", true),
            ("鲁C123", true),
            ("12345", true),
            ("派报警", false),
            ("报警 离婚", false),
            ("警丈", false),
            ("3800", false),
        ] {
            let query = Query::parse(typed);
            let mut entry = Entry::new(&keys);
            entry.text(text);
            let hit = found(&query, entry, &keys) && query.matches(&[text], &[]);
            assert_eq!(hit, expected, "{typed}");
            assert!(query.reaches_texts());
        }
    }

    /// 共和国 and 国务院 overlap; one best cut would keep only one of them.
    #[test]
    fn overlapping_words_are_both_found() {
        let words = Words::shared().of_text("共和国务院");
        for word in ["共和国", "国务院"] {
            assert!(words.iter().any(|found| found == word), "{word}");
        }
    }

    #[test]
    fn pairs_that_stand_apart_are_found_but_do_not_match() {
        let (keys, query, text) = (keys(), Query::parse("打人家"), "打人，人家");
        let mut entry = Entry::new(&keys);
        entry.text(text);
        assert!(found(&query, entry, &keys));
        assert!(!query.matches(&[text], &[]));
    }

    #[test]
    fn names_are_found_as_written_and_as_they_sound() {
        let keys = keys();
        for (name, typed, expected) in [
            ("張三", "张三", true),
            ("张三", "张", true),
            ("张三", "zhangsan", true),
            ("张三", "ZhangSan", true),
            ("张三", "zhang san", true),
            ("张三", "zs", true),
            ("张三", "zhangs", false),
            ("张三", "李", false),
            ("于是之", "于是", true),
            ("于是", "于是", true),
            ("吕布", "lü", true),
            ("吕布", "lv", true),
            ("吕布", "lvbu", true),
            ("阿依古丽·买买提", "古丽买买", true),
            ("阿依古丽·买买提", "阿依古丽·买买提", true),
            ("John Smith", "john", true),
        ] {
            let query = Query::parse(typed);
            let mut entry = Entry::new(&keys);
            entry.name(name);
            let hit = found(&query, entry, &keys) && query.matches(&[], &[name]);
            assert_eq!(hit, expected, "{name} {typed}");
        }
    }

    #[test]
    fn names_and_texts_are_searched_together() {
        let (keys, query) = (keys(), Query::parse("zhangsan 家暴"));
        let mut entry = Entry::new(&keys);
        entry.text("邻居家暴").name("张三");
        assert!(found(&query, entry, &keys));
        assert!(query.matches(&["邻居家暴"], &["张三"]));
        assert!(!query.matches(&["邻居家暴"], &["李四"]));
    }

    #[test]
    fn short_and_common_queries_reach_names_only() {
        for typed in ["家", "的", "我们", "是的", "家暴 家", "7"] {
            let query = Query::parse(typed);
            assert!(!query.reaches_texts(), "{typed}");
            assert!(!query.hashes(&keys()).is_empty());
        }
        assert!(Query::parse(" ，").is_empty());
        assert!(Query::parse(" ，").hashes(&keys()).is_empty());
    }

    #[test]
    fn plain_matching() {
        assert!(matches("他昨晚離婚了", "离婚 昨晚"));
        assert!(!matches("他昨晚離婚了", "离婚 今天"));
    }

    /// Phrases of appeals, so that dictionary words, stop words and their borders are common.
    const PHRASES: &[&str] = &[
        "派出所",
        "人身安全保护令",
        "我的丈夫",
        "离婚",
        "離婚協議書",
        "妇女联合会",
        "我们",
        "没有",
        "，",
        "。",
        " ",
        "13号楼",
        "2单元",
        "1380000",
        "孩子",
        "村民委员会",
        "打人",
        "喝酒以后",
        "wechat",
        "C12345",
        "了",
        "的",
        "邻居家",
        "义务教育",
        "學校",
        "劳动合同",
        "为什么",
        "〇",
        "共和国务院",
        "研究生命科学",
        "㐀㐁㐂㐃",
        "ü",
        "A",
        "\u{200b}",
    ];

    fn texts() -> impl Strategy<Value = String> {
        let phrase = prop_oneof![
            4 => prop::sample::select(PHRASES).prop_map(String::from),
            1 => "[\u{4e00}-\u{4e80}]{1,6}",
            1 => "\\PC{0,4}",
        ];
        prop::collection::vec(phrase, 1..24).prop_map(|phrases| phrases.concat())
    }

    proptest! {
        #![proptest_config(crate::fixed_cases(2_000))]

        /// The promise of the module: no text that contains the query is missed.
        #[test]
        fn every_piece_of_a_text_finds_it(
            text in texts(),
            from: prop::sample::Index,
            length in 2..12_usize,
        ) {
            let text = format!("求助{text}");
            let characters: Vec<char> = text.chars().collect();
            let from = from.index(characters.len());
            let piece: String = characters[from..].iter().take(length).collect();
            let query = Query::parse(&piece);
            // Letters alone are searched whole, and these may be cut off a longer run.
            let is_chinese = query.parts.iter().all(|part| part.contains(crate::fold::is_han));
            if query.is_empty() || !is_chinese || !query.reaches_texts() {
                return Ok(());
            }
            let keys = keys();
            let mut entry = Entry::new(&keys);
            entry.text(&text);
            prop_assert!(query.matches(&[&text], &[]), "{piece} in {text}");
            prop_assert!(found(&query, entry, &keys), "{piece} in {text}");
        }

        #[test]
        fn every_piece_of_a_name_finds_it(
            name in "[\u{4e00}-\u{9fff}]{2,6}", from: prop::sample::Index, length in 1..6_usize,
        ) {
            let characters: Vec<char> = name.chars().collect();
            let from = from.index(characters.len());
            let piece: String = characters[from..].iter().take(length).collect();
            let (keys, query) = (keys(), Query::parse(&piece));
            let mut entry = Entry::new(&keys);
            entry.name(&name);
            prop_assert!(query.matches(&[], &[&name]));
            prop_assert!(found(&query, entry, &keys), "{piece} in {name}");
        }

        #[test]
        fn any_query_is_answered(typed: String, text: String) {
            let query = Query::parse(&typed);
            prop_assert_eq!(query.is_empty(), query.hashes(&keys()).is_empty());
            let _ = query.matches(&[&text], &[&text]);
        }
    }
}
