//! What the cells of a table mean in a city: names of categories, places and channels, and the
//! names of the columns. Decides nothing about the rows.

use crate::failure::{Doing, Failure};
use domain::{
    field::FieldKind,
    pack::Pack,
    workflow::{Code, Workflow},
};
use ferrous_opencc::{OpenCC, config::BuiltinConfig};
use serde::Deserialize;
use sheets::Synonyms;
use std::collections::{BTreeMap, HashMap};

const COLUMNS: &str = include_str!("columns.toml");
/// A text is taken for traditional when at least one of so many of its ideographs changes; a
/// simplified text keeps its rare 乾 or 徵.
const TRADITIONAL_ONE_IN: usize = 20;

#[derive(Deserialize)]
struct File {
    columns: BTreeMap<String, Vec<String>>,
    words: Words,
}

#[derive(Deserialize)]
struct Words {
    blank: Vec<String>,
    yes: Vec<String>,
}

/// The words of a city and of its offices.
pub struct Lexicon {
    /// Names of columns.
    pub columns: Synonyms,
    words: Words,
    categories: HashMap<String, Option<Code>>,
    places: HashMap<String, Option<Code>>,
    channels: HashMap<String, Option<Code>>,
    choices: HashMap<(String, String), String>,
    simplify: OpenCC,
}

impl Lexicon {
    /// Collects the names of a city.
    ///
    /// # Errors
    /// When the built-in lists are broken.
    pub fn new(pack: &Pack, flow: &Workflow) -> Result<Self, Failure> {
        let file: File = toml::from_str(COLUMNS).doing("reading the names of columns")?;
        let pairs = file.columns.iter().flat_map(|(f, names)| names.iter().map(move |n| (f, n)));
        let columns = Synonyms::new(pairs).doing("reading the names of columns")?;
        let simplify = OpenCC::from_config(BuiltinConfig::T2s).doing("loading the conversion")?;
        let channels = pack.channels.values().flat_map(|c| [(&c.name, &c.code), (&c.en, &c.code)]);
        Ok(Self {
            columns,
            words: file.words,
            categories: unique(pack.categories.values().flat_map(|c| {
                let codes = [c.name.clone(), c.en.clone(), pack.category_name(&c.code)];
                codes.map(|name| (name, c.code.clone()))
            })),
            places: places(pack),
            channels: unique(channels.map(|(name, code)| (name.clone(), code.clone()))),
            choices: choices(flow),
            simplify,
        })
    }

    /// Simplified text, if it is written in traditional characters.
    pub fn simplified(&self, text: &str) -> Option<String> {
        let simple = self.simplify.convert(text);
        let ideographs = text.chars().filter(|c| ('\u{3400}'..='\u{9fff}').contains(c)).count();
        let changed = text.chars().zip(simple.chars()).filter(|(a, b)| a != b).count();
        (changed > 0 && changed * TRADITIONAL_ONE_IN >= ideographs).then_some(simple)
    }

    /// Whether a cell only says that it is blank.
    pub fn is_blank(&self, cell: &str) -> bool {
        let cell = cell.to_lowercase();
        self.words.blank.contains(&cell)
    }

    /// Whether a cell says yes.
    pub fn is_yes(&self, cell: &str) -> bool {
        let cell = cell.to_lowercase();
        self.words.yes.contains(&cell)
    }

    /// The category that a cell names by code or by name; the last part of a path decides.
    pub fn category(&self, pack: &Pack, cell: &str) -> Option<Code> {
        if pack.categories.contains_key(cell) {
            return Some(cell.to_owned());
        }
        let last = || cell.rsplit(['/', '>', '\\', '|', '·', '-', '—', '：', ':']).next();
        named(&self.categories, cell).or_else(|| named(&self.categories, last()?))
    }

    /// The division that a cell names by code, by its whole name, or by a name that only one has.
    pub fn place(&self, pack: &Pack, cell: &str) -> Option<Code> {
        let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
        if digits.len() == cell.len() && (4..=12).contains(&digits.len()) {
            let code = format!("{digits:0<12}");
            return pack.regions.get(&code).map(|r| r.code.clone());
        }
        named(&self.places, cell)
    }

    /// The channel that a cell names by code or name.
    pub fn channel(&self, pack: &Pack, cell: &str) -> Option<Code> {
        let known = pack.channels.contains_key(cell).then(|| cell.to_owned());
        known.or_else(|| named(&self.channels, cell))
    }

    /// The value of a choice that a cell names by value or label.
    pub fn choice(&self, field: &str, cell: &str) -> Option<&str> {
        self.choices.get(&(field.to_owned(), key(cell))).map(String::as_str)
    }
}

fn key(name: &str) -> String {
    vault::fold(name).chars().filter(|c| !c.is_whitespace()).collect()
}

fn named(names: &HashMap<String, Option<Code>>, cell: &str) -> Option<Code> {
    names.get(&key(cell)).cloned().flatten()
}

/// A name that two have names neither.
fn unique(names: impl IntoIterator<Item = (String, Code)>) -> HashMap<String, Option<Code>> {
    let mut found: HashMap<String, Option<Code>> = HashMap::new();
    for (name, code) in names.into_iter().filter(|(name, _)| !name.is_empty()) {
        found
            .entry(key(&name))
            .and_modify(|known| {
                if known.as_ref() != Some(&code) {
                    *known = None;
                }
            })
            .or_insert(Some(code));
    }
    found
}

fn places(pack: &Pack) -> HashMap<String, Option<Code>> {
    unique(pack.regions.iter().flat_map(|region| {
        let whole = pack.regions.full_name(&region.code);
        let with_city = format!("{}{whole}", pack.name);
        [whole, with_city, region.name.clone()].map(|name| (name, region.code.clone()))
    }))
}

fn choices(flow: &Workflow) -> HashMap<(String, String), String> {
    let mut found = HashMap::new();
    for field in flow.fields.values() {
        if let FieldKind::Choice(options) = &field.kind {
            for option in options {
                for name in [&option.value, &option.label, &option.en] {
                    found.insert((field.code.clone(), key(name)), option.value.clone());
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sample() -> packs::City {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
        packs::load(&dir).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn traditional_text_is_simplified_and_simplified_text_is_left_alone() {
        let city = sample();
        let lexicon = Lexicon::new(&city.pack, city.pack.workflow("appeal").unwrap()).unwrap();
        for (written, expected) in [
            ("鄰居家孩子無人照顧", Some("邻居家孩子无人照顾")),
            ("邻居家孩子无人照顾", None),
            ("no Chinese at all", None),
            // One rare character in a simplified story is somebody's name.
            (
                "我叫李乾，今年四十七岁，与丈夫长期争吵，感情已无恢复可能，请给我讲讲怎样办手续。",
                None,
            ),
        ] {
            assert_eq!(lexicon.simplified(written).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn categories_places_and_channels_are_known_by_code_and_name() {
        let city = sample();
        let pack = &city.pack;
        let lexicon = Lexicon::new(pack, pack.workflow("appeal").unwrap()).unwrap();
        for (cell, code) in [
            ("0101", Some("0101")),
            ("离婚纠纷", Some("0101")),
            ("婚姻家庭/离婚纠纷", Some("0101")),
            ("婚姻家庭 · 离婚纠纷", Some("0101")),
            ("Divorce", Some("0101")),
            ("噪音扰民", None),
        ] {
            assert_eq!(lexicon.category(pack, cell).as_deref(), code, "{cell}");
        }
        for region in pack.regions.iter() {
            let whole = pack.regions.full_name(&region.code);
            for cell in [&whole, &region.code, &format!("{}{whole}", pack.name)] {
                assert_eq!(lexicon.place(pack, cell).as_deref(), Some(&*region.code), "{cell}");
            }
        }
        assert_eq!(lexicon.place(pack, "火星"), None);
        let call = pack.channels.values().next().unwrap();
        assert_eq!(lexicon.channel(pack, &call.name).as_deref(), Some(&*call.code));
        assert!(lexicon.is_blank("不详") && lexicon.is_yes("是") && !lexicon.is_yes("否"));
    }
}
