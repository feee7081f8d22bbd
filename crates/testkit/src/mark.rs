//! Secret marks: words and digits that occur nowhere else, planted where a secret belongs and then
//! looked for everywhere else, in every way in which a program may write them down.
//!
//! Decides what counts as a sighting. Knows no route, no case and no database.

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use encoding_rs::GB18030;
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, fmt, fmt::Write as _};

/// Something secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// What it is, for the message of a failure.
    pub what: String,
    /// The secret itself.
    pub text: String,
}

impl Mark {
    /// A mark.
    pub fn new(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { what: what.into(), text: text.into() }
    }
}

/// Where a mark was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// What the mark is.
    pub what: String,
    /// How it was written.
    pub how: &'static str,
    /// The first byte of it.
    pub at: usize,
    /// What stands around it.
    pub around: String,
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {} at byte {}: …{}…", self.what, self.how, self.at, self.around)
    }
}

/// Looks for all marks at once.
#[derive(Debug)]
pub struct Watch {
    marks: Vec<Mark>,
    needles: Vec<(usize, &'static str)>,
    finder: AhoCorasick,
}

impl Watch {
    /// Watches for these marks in every writing.
    ///
    /// # Panics
    /// When there are more than a machine can look for.
    pub fn new(marks: impl IntoIterator<Item = Mark>) -> Self {
        let marks: Vec<Mark> = marks.into_iter().collect();
        let (mut needles, mut bytes, mut known) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (n, mark) in marks.iter().enumerate() {
            for (how, needle) in writings(&mark.text) {
                if needle.len() >= 5 && known.insert(needle.clone()) {
                    needles.push((n, how));
                    bytes.push(needle);
                }
            }
        }
        let finder = AhoCorasick::new(&bytes).expect("so many needles can be looked for");
        Self { marks, needles, finder }
    }

    /// The marks.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Every place where a mark stands; one for each mark and writing is enough.
    pub fn look(&self, bytes: &[u8]) -> Vec<Sighting> {
        let mut seen: Vec<Sighting> = Vec::new();
        for found in self.finder.find_overlapping_iter(bytes) {
            let (mark, how) = self.needles[found.pattern().as_usize()];
            let what = &self.marks[mark].what;
            if seen.iter().any(|s| s.what == *what && s.how == how) {
                continue;
            }
            let around =
                &bytes[found.start().saturating_sub(60)..bytes.len().min(found.end() + 60)];
            let around = String::from_utf8_lossy(around).replace(['\n', '\r'], " ");
            seen.push(Sighting { what: what.clone(), how, at: found.start(), around });
        }
        seen
    }

    /// What the marks are that stand there.
    pub fn names(&self, bytes: &[u8]) -> BTreeSet<String> {
        self.look(bytes).into_iter().map(|s| s.what).collect()
    }
}

/// Every way in which a text is looked for.
fn writings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![("UTF-8", text.as_bytes().to_vec())];
    let units: Vec<u16> = text.encode_utf16().collect();
    all.push(("UTF-16LE", units.iter().flat_map(|u| u.to_le_bytes()).collect()));
    all.push(("UTF-16BE", units.iter().flat_map(|u| u.to_be_bytes()).collect()));
    all.push(("GB18030", GB18030.encode(text).0.into_owned()));
    for upper in [false, true] {
        all.push(("percent-encoded", percent(text, upper).into_bytes()));
        all.push(("hexadecimal", hex(text.as_bytes(), upper).into_bytes()));
        all.push(("escaped for JSON", escaped(text, "\\u", "", upper).into_bytes()));
        all.push(("escaped for HTML", escaped(text, "&#x", ";", upper).into_bytes()));
        all.push(("a SHA-256", hex(&Sha256::digest(text), upper).into_bytes()));
    }
    all.push(("escaped for HTML", decimal(text).into_bytes()));
    all.push(("a SHA-256", Sha256::digest(text).to_vec()));
    all.extend(base64(text.as_bytes()));
    // A number is as secret with other signs between its digits.
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() + text.matches(['-', ' ']).count() == text.len() && digits.len() >= 8 {
        all.extend(spaced(&digits).into_iter().map(|d| ("digits", d.into_bytes())));
    }
    all
}

fn percent(text: &str, upper: bool) -> String {
    let one = |b: u8| match b {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b if upper => format!("%{b:02X}"),
        b => format!("%{b:02x}"),
    };
    text.bytes().map(one).collect()
}

fn hex(bytes: &[u8], upper: bool) -> String {
    bytes.iter().fold(String::new(), |mut text, b| {
        let _ = if upper { write!(text, "{b:02X}") } else { write!(text, "{b:02x}") };
        text
    })
}

fn escaped(text: &str, before: &str, after: &str, upper: bool) -> String {
    let wide = |unit: u16| {
        let digits = if upper { format!("{unit:04X}") } else { format!("{unit:04x}") };
        format!("{before}{digits}{after}")
    };
    let mut buffer = [0; 2];
    text.chars()
        .map(|c| match c {
            c if c.is_ascii() => c.to_string(),
            c => c.encode_utf16(&mut buffer).iter().map(|u| wide(*u)).collect(),
        })
        .collect()
}

fn decimal(text: &str) -> String {
    let one = |c: char| if c.is_ascii() { c.to_string() } else { format!("&#{};", c as u32) };
    text.chars().map(one).collect()
}

/// What stands in base64 whatever stands before and after: the sixtets that this text alone makes.
fn base64(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    for before in 0..3_usize {
        let padded = [vec![0; before], bytes.to_vec()].concat();
        let (from, until) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let whole = engine.encode(&padded);
            all.push(("base64", whole.as_bytes()[from..until].to_vec()));
        }
    }
    all
}

/// Digits as people and programs group them.
fn spaced(digits: &str) -> Vec<String> {
    let groups: &[&[usize]] = &[&[2, 4, 4, 1], &[3, 4, 4], &[3, 3, 5]];
    let mut all = vec![digits.to_owned()];
    for sizes in groups.iter().filter(|s| s.iter().sum::<usize>() == digits.len()) {
        for sign in ["-", " ", "\u{a0}", "\u{2009}", "－"] {
            let mut rest = digits;
            let parts = sizes.iter().map(|size| {
                let (part, next) = rest.split_at(*size);
                rest = next;
                part
            });
            all.push(parts.collect::<Vec<_>>().join(sign));
        }
    }
    all
}

/// What an answer holds, layer by layer: itself, and the parts of what is packed in it. An answer
/// in a form that cannot be looked into is an error, because a mark could hide there.
///
/// # Errors
/// When the form is unknown or the packing is broken.
pub fn layers(kind: &str, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut all = vec![("body".to_owned(), bytes.to_vec())];
    let plain = kind.split(';').next().unwrap_or_default().trim();
    let packed = bytes.starts_with(b"PK\x03\x04");
    let known = plain.starts_with("text/")
        || plain.ends_with("json")
        || plain.ends_with("xml")
        || ["application/javascript", "font/woff2", "image/jpeg", "image/png", ""].contains(&plain)
        || (packed && plain.starts_with("application/"));
    if !known {
        return Err(format!("nobody can look into {plain}"));
    }
    if packed {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes))
            .map_err(|e| format!("a broken archive: {e}"))?;
        for n in 0..archive.len() {
            let mut part = archive.by_index(n).map_err(|e| format!("a broken archive: {e}"))?;
            let name = part.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
            let mut inside = Vec::new();
            std::io::Read::read_to_end(&mut part, &mut inside)
                .map_err(|e| format!("a broken part: {e}"))?;
            all.push((format!("part {name}"), inside));
        }
        // A text that a word processor cut into runs is still a text.
        let joined: Vec<u8> = all.iter().skip(1).flat_map(|(_, part)| without_tags(part)).collect();
        all.push(("words of all parts".to_owned(), joined));
    }
    Ok(all)
}

fn without_tags(xml: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let mut words = Vec::with_capacity(xml.len());
    for byte in xml {
        match byte {
            b'<' => inside = true,
            b'>' => inside = false,
            byte if !inside => words.push(*byte),
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "龘靐齉爩";

    fn watch() -> Watch {
        Watch::new([
            Mark::new("name", TEXT),
            Mark::new("number", "26-4839-2071-6"),
            Mark::new("phone", "19917310042"),
        ])
    }

    fn seen(bytes: &[u8]) -> Vec<&'static str> {
        watch().look(bytes).into_iter().map(|s| s.how).collect()
    }

    #[test]
    fn a_mark_is_found_in_every_writing() {
        let inside = |bytes: &[u8]| [b"before ".as_slice(), bytes, b" after"].concat();
        for (how, needle) in writings(TEXT) {
            assert!(seen(&inside(&needle)).contains(&how), "{how}");
        }
        for text in [
            "&#x9F98;&#x9750;&#x9f49;&#x7229;".to_lowercase().as_str(),
            r#"{"name":"\u9f98\u9750\u9f49\u7229"}"#,
            "%E9%BE%98%E9%9D%90%E9%BD%89%E7%88%A9",
            "/cases/26-4839-2071-6",
            "/cases/26483920716",
            "26 4839 2071 6",
            "199 1731 0042",
            "199-1731-0042",
        ] {
            assert!(!seen(text.as_bytes()).is_empty(), "{text}");
        }
    }

    #[test]
    fn base64_is_found_whatever_stands_before() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            for after in ["", "x", "xy"] {
                let text = format!("{before}{TEXT}{after}");
                assert!(seen(STANDARD_NO_PAD.encode(&text).as_bytes()).contains(&"base64"));
                assert!(seen(URL_SAFE_NO_PAD.encode(&text).as_bytes()).contains(&"base64"));
            }
        }
    }

    #[test]
    fn what_is_no_mark_is_not_found() {
        for text in ["龘靐", "齉爩龘靐", "26-4839-2071-7", "1991731004", "bystander"] {
            assert!(seen(text.as_bytes()).is_empty(), "{text}");
        }
    }

    #[test]
    fn packed_documents_are_unpacked_and_unknown_ones_refused() {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("word/document.xml", zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, "<t>龘靐</t><t>齉爩</t>".as_bytes()).unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        assert!(seen(&bytes).is_empty(), "it is packed");
        let layers = layers("application/vnd.openxmlformats-officedocument", &bytes).unwrap();
        let found: Vec<_> = layers.iter().filter(|(_, b)| !seen(b).is_empty()).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        for kind in ["application/pdf", "video/mp4", "application/octet-stream"] {
            assert!(super::layers(kind, b"%PDF").is_err(), "{kind}");
        }
    }
}
