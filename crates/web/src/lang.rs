//! The languages and the strings that people read. Strings live in `text/*.toml`; Traditional
//! Chinese is converted from Simplified after a page is rendered.

use ferrous_opencc::{OpenCC, config::BuiltinConfig};
use std::{collections::HashMap, sync::LazyLock};

const ZH: &str = include_str!("../text/zh-Hans.toml");
const EN: &str = include_str!("../text/en.toml");

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Simplified Chinese.
    #[default]
    Hans,
    /// Traditional Chinese.
    Hant,
    /// English.
    En,
}

impl Lang {
    /// The tag for `lang` attributes and cookies.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Hans => "zh-Hans",
            Self::Hant => "zh-Hant",
            Self::En => "en",
        }
    }

    /// The language with this tag.
    pub fn tagged(tag: &str) -> Option<Self> {
        match tag {
            "zh-Hans" => Some(Self::Hans),
            "zh-Hant" => Some(Self::Hant),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The language that a browser asks for first; Simplified Chinese when in doubt.
    pub fn accepted(header: &str) -> Self {
        let first = header.split(',').next().unwrap_or_default().trim().to_ascii_lowercase();
        if first.starts_with("zh-hant") || first.starts_with("zh-tw") || first.starts_with("zh-hk")
        {
            Self::Hant
        } else if first.starts_with("en") {
            Self::En
        } else {
            Self::Hans
        }
    }
}

/// All strings of both written languages.
pub struct Texts {
    hans: HashMap<String, String>,
    en: HashMap<String, String>,
}

impl Default for Texts {
    fn default() -> Self {
        Self::new()
    }
}

impl Texts {
    /// Reads the embedded files; a test proves that they can be read.
    pub fn new() -> Self {
        Self { hans: read(ZH), en: read(EN) }
    }

    /// A string. An unknown key is shown as itself, so that it is seen and mended; a tidy check
    /// finds it before.
    pub fn get<'a>(&'a self, lang: Lang, key: &'a str) -> &'a str {
        let table = if lang == Lang::En { &self.en } else { &self.hans };
        table.get(key).map_or(key, String::as_str)
    }

    /// A string with `{name}` replaced.
    pub fn fill(&self, lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = self.get(lang, key).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

fn read(file: &str) -> HashMap<String, String> {
    toml::from_str(file).unwrap_or_default()
}

/// Simplified to Traditional, for a whole page. What people typed stays as they typed it: it comes
/// back with the next form, and nobody's name may change on the way.
pub fn to_traditional(page: &str) -> String {
    static CONVERTER: LazyLock<Option<OpenCC>> =
        LazyLock::new(|| OpenCC::from_config(BuiltinConfig::S2t).ok());
    let Some(converter) = CONVERTER.as_ref() else { return page.to_owned() };
    let mut whole = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((at, end)) = typed(rest) {
        whole.push_str(&converter.convert(&rest[..at]));
        whole.push_str(&rest[at..end]);
        rest = &rest[end..];
    }
    whole.push_str(&converter.convert(rest));
    whole
}

/// Where the next value of a field or text area begins and ends.
fn typed(html: &str) -> Option<(usize, usize)> {
    [(" value=\"", "\""), ("<textarea", "</textarea>")]
        .into_iter()
        .filter_map(|(open, close)| {
            let at = html.find(open)? + open.len();
            Some((at, at + html.get(at..)?.find(close)?))
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_can_be_read_and_hold_the_same_keys() {
        let (zh, en) = (read(ZH), read(EN));
        assert!(zh.len() > 20);
        for key in zh.keys() {
            assert!(en.contains_key(key), "{key} is missing in English");
        }
        assert_eq!(zh.len(), en.len());
    }

    #[test]
    fn variables_are_filled() {
        let texts = Texts::new();
        assert_eq!(texts.get(Lang::En, "no.such.key"), "no.such.key");
        let filled = texts.fill(Lang::En, "page.title", &[("title", "A"), ("site", "B")]);
        assert!(filled.contains('A') && filled.contains('B'), "{filled}");
    }

    #[test]
    fn traditional_is_converted() {
        assert_eq!(to_traditional("妇联"), "婦聯");
        let form = r#"妇<input value="妇&#34;">妇<textarea id="妇">妇</textarea>妇"#;
        let expected = r#"婦<input value="妇&#34;">婦<textarea id="妇">妇</textarea>婦"#;
        assert_eq!(to_traditional(form), expected);
    }
}
