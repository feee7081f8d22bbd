//! Reads what a matter can be: `categories.toml`, `channels.toml`, `risk.toml`, the words that are
//! sent about it (`messages.toml`) and the programmes of the city (`programmes/*.toml`).

use std::collections::BTreeMap;

use domain::{
    pack::{
        Category, Channel, EmergencyWord, Grade, Message, Programme, Question, Recipient, Risk,
    },
    tick,
    workflow::{Code, Locus},
};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    document::{Document, Entry, Worded, Words, lay},
    faults::Faults,
    folder::{File, Folders},
};

/// What a message may name. It may lie open on a shared telephone, so nothing about the matter
/// itself is among it.
pub const MESSAGE_VARIABLES: [&str; 5] =
    ["case_number", "platform_short", "hotline", "due_date", "step"];

/// Variables that tell who sends.
const SENDER: [&str; 2] = ["platform_short", "hotline"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCategory {
    name: String,
    #[serde(default)]
    en: String,
    grade: Code,
    sensitive: bool,
    public: bool,
    #[serde(default)]
    emergency: bool,
    #[serde(default)]
    advice: String,
    #[serde(default)]
    advice_en: String,
    /// For people who edit the file and for training.
    #[serde(default, rename = "note")]
    _note: String,
}

impl Worded for RawCategory {
    const WORDS: Words = &[("name", "en"), ("advice", "advice_en")];
}

/// The categories; one without advice gives that of its parent.
pub(crate) fn categories(
    folders: &Folders,
    risk: &Risk,
    faults: &mut Faults,
) -> BTreeMap<Code, Category> {
    let entries = list::<RawCategory>(folders, "categories.toml", "category", faults);
    let mut known: BTreeMap<Code, Category> = BTreeMap::new();
    for Entry { code, at, value: raw } in &entries {
        faults.known(at, risk.grade(&raw.grade).is_some(), "grade", &raw.grade);
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        let above = code.len().checked_sub(2).and_then(|n| code.get(..n)).unwrap_or_default();
        if !digits || code.len() % 2 != 0 {
            let what = format!("`{code}` is no code of a category");
            faults.add(at, what, "write two digits a level, for example 01 and 0101");
        } else if !above.is_empty() {
            faults.known(at, entries.iter().any(|e| e.code == above), "category", above);
        }
        let above = entries.iter().find(|e| e.code == above).map(|e| &e.value);
        let told = Some(raw).filter(|raw| !raw.advice.is_empty()).or(above);
        let category = Category {
            code: code.clone(),
            name: raw.name.clone(),
            en: raw.en.clone(),
            grade: raw.grade.clone(),
            sensitive: raw.sensitive,
            public: raw.public,
            emergency: raw.emergency,
            advice: told.map_or(String::new(), |raw| raw.advice.clone()),
            advice_en: told.map_or(String::new(), |raw| raw.advice_en.clone()),
        };
        known.insert(code.clone(), category);
    }
    known
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChannel {
    name: String,
    #[serde(default)]
    en: String,
    public: bool,
    external: bool,
    opens: Option<Code>,
}

impl Worded for RawChannel {
    const WORDS: Words = &[("name", "en")];
}

/// The channels, each with its place.
pub(crate) fn channels(folders: &Folders, faults: &mut Faults) -> Vec<Entry<Channel>> {
    let entries = list::<RawChannel>(folders, "channels.toml", "channel", faults);
    let channel = |Entry { code, at, value: raw }: Entry<RawChannel>| {
        let RawChannel { name, en, public, external, opens } = raw;
        let value = Channel { code: code.clone(), name, en, public, external, opens };
        Entry { code, at, value }
    };
    entries.into_iter().map(channel).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrade {
    name: String,
    #[serde(default)]
    en: String,
    order: u8,
    #[serde(default)]
    meaning: String,
    #[serde(default)]
    meaning_en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    text: String,
    #[serde(default)]
    en: String,
    #[serde(default = "one")]
    weight: u32,
    #[serde(default)]
    red: bool,
    #[serde(default)]
    help: String,
    #[serde(default)]
    help_en: String,
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRiskRule {
    orange_at: u32,
    duty: Code,
}

impl Worded for RawGrade {
    const WORDS: Words = &[("name", "en"), ("meaning", "meaning_en")];
}

impl Worded for RawQuestion {
    const WORDS: Words = &[("text", "en"), ("help", "help_en")];
}

/// Grades, questions and words that call for help at once.
pub(crate) fn risk(folders: &Folders, kinds: &[Code], faults: &mut Faults) -> Risk {
    let (mut grades, mut questions, mut words) = (Vec::new(), Vec::new(), Vec::new());
    let mut rule: Option<(Locus, RawRiskRule)> = None;
    for file in folders.needed("risk.toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else {
            faults.breaks("grade");
            continue;
        };
        lay(&mut grades, document.list::<RawGrade>("grade", faults));
        lay(&mut questions, document.list::<RawQuestion>("question", faults));
        words.extend(document.plain::<EmergencyWord>("emergency_word", faults));
        rule = document.one("rule", faults).or(rule);
        document.end(faults);
        if rule.is_none() {
            faults.add(
                &file.line(1),
                "the rule of the questions is missing",
                "add [rule] with orange_at and duty",
            );
        }
    }
    let mut grades: Vec<Grade> = grades
        .into_iter()
        .map(|Entry { code, value: raw, .. }| {
            let RawGrade { name, en, order, meaning, meaning_en } = raw;
            Grade { code, name, en, order, meaning, meaning_en }
        })
        .collect();
    grades.sort_by_key(|g| g.order);
    let questions = questions.into_iter().map(|Entry { code, value: raw, .. }| {
        let RawQuestion { text, en, weight, red, help, help_en } = raw;
        Question { code, text, en, weight, red, help, help_en }
    });
    let risk = Risk {
        questions: questions.collect(),
        many: rule.as_ref().map_or(u32::MAX, |(_, r)| r.orange_at),
        many_grade: "orange".to_owned(),
        decisive_grade: "red".to_owned(),
        duty: rule.as_ref().map_or(String::new(), |(_, r)| r.duty.clone()),
        emergency_words: words.into_iter().map(|(_, w)| w).collect(),
        grades,
    };
    if let Some((at, _)) = &rule {
        faults.known(at, kinds.contains(&risk.duty), "unit kind", &risk.duty);
        for grade in [&risk.many_grade, &risk.decisive_grade] {
            faults.known(at, risk.grade(grade).is_some(), "grade", grade);
        }
    }
    risk
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMessage {
    to: Recipient,
    text: Spanned<String>,
    #[serde(default)]
    en: Option<Spanned<String>>,
}

impl Worded for RawMessage {
    const WORDS: Words = &[("text", "en")];
}

/// The messages; each names only what the closed list allows.
pub(crate) fn messages(folders: &Folders, faults: &mut Faults) -> BTreeMap<Code, Message> {
    let mut entries = Vec::new();
    let files = folders.needed("messages.toml", faults);
    for file in &files {
        let Some(mut document) = Document::parse(file, faults) else {
            faults.breaks("message");
            continue;
        };
        let found = document.list::<RawMessage>("message", faults);
        document.end(faults);
        for entry in &found {
            for text in entry.value.en.iter().chain([&entry.value.text]) {
                variables(file, text, faults);
            }
            neutral(file, &entry.value, faults);
            names_no_case(file, &entry.value, faults);
        }
        lay(&mut entries, found);
    }
    let known: BTreeMap<Code, Message> = entries
        .into_iter()
        .map(|Entry { code, value: RawMessage { to, text, en }, .. }| {
            let en = en.map(Spanned::into_inner).unwrap_or_default();
            (code.clone(), Message { code, to, text: text.into_inner(), en })
        })
        .collect();
    if let Some(file) = files.first() {
        for code in [tick::OVERDUE, tick::ESCALATED] {
            faults.known(&file.line(1), known.contains_key(code), "message", code);
        }
    }
    known
}

/// Whoever holds the telephone of a person must not learn from whom the message is.
fn neutral(file: &File, message: &RawMessage, faults: &mut Faults) {
    for text in message.en.iter().chain([&message.text]) {
        let mark = |name: &&&str| text.get_ref().contains(&format!("{{{{{name}}}}}"));
        let Some(name) = SENDER.iter().find(mark) else { continue };
        if message.to != Recipient::Appellant {
            continue;
        }
        let what = format!("a message to a person names its sender with `{name}`");
        let at = file.at(text.span().start);
        faults.add(&at, what, "write it without the variable: the telephone may be in other hands");
    }
}

/// Security administrators may know of no case: what is said to them says nothing of one.
fn names_no_case(file: &File, message: &RawMessage, faults: &mut Faults) {
    for text in message.en.iter().chain([&message.text]) {
        if message.to == Recipient::Security && text.get_ref().contains("{{") {
            let what = "a message to the security administrators tells of a case";
            faults.add(&file.at(text.span().start), what, "write it without variables");
        }
    }
}

fn variables(file: &File, text: &Spanned<String>, faults: &mut Faults) {
    let at = file.at(text.span().start);
    let list = || format!("use {}", MESSAGE_VARIABLES.map(|v| format!("{{{{{v}}}}}")).join(", "));
    let mut rest = text.get_ref().as_str();
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else {
            faults.add(
                &at,
                "a variable is opened with {{ and never closed",
                "write }} after its name",
            );
            return;
        };
        if !MESSAGE_VARIABLES.contains(&name) {
            faults.add(&at, format!("a message cannot contain the variable `{name}`"), list());
        }
        rest = tail;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProgramme {
    name: String,
    #[serde(default)]
    en: String,
    workflow: Code,
    source: String,
    unit: String,
    #[serde(default)]
    unit_en: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    note_en: String,
}

impl Worded for RawProgramme {
    const WORDS: Words = &[("name", "en"), ("unit", "unit_en"), ("note", "note_en")];
}

/// The programmes of a city and their places.
pub(crate) struct Programmes {
    pub(crate) known: BTreeMap<Code, Programme>,
    pub(crate) at: BTreeMap<Code, Locus>,
}

/// The programmes, one a file.
pub(crate) fn programmes(folders: &Folders, faults: &mut Faults) -> Programmes {
    let mut programmes = Programmes { known: BTreeMap::new(), at: BTreeMap::new() };
    for file in folders.within("programmes", "toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        let Some((code, at)) = document.code(faults) else { continue };
        let Some(raw) = document.rest::<RawProgramme>(faults) else { continue };
        if code != file.stem() {
            let what = format!("the programme `{code}` stands in a file of another name");
            faults.add(&at, what, format!("name the file {code}.toml"));
        }
        let RawProgramme { name, en, workflow, source, unit, unit_en, note, note_en } = raw;
        programmes.at.insert(code.clone(), at);
        let programme = Programme {
            code: code.clone(),
            name,
            en,
            workflow,
            source,
            unit,
            unit_en,
            note,
            note_en,
        };
        programmes.known.insert(code, programme);
    }
    programmes
}

/// One list in one file, the city's entries laid over those of the base.
pub(crate) fn list<T: serde::de::DeserializeOwned + Worded>(
    folders: &Folders,
    name: &str,
    key: &'static str,
    faults: &mut Faults,
) -> Vec<Entry<T>> {
    let mut entries = Vec::new();
    for file in folders.needed(name, faults) {
        let Some(mut document) = Document::parse(&file, faults) else {
            faults.breaks(key);
            continue;
        };
        let found = document.list::<T>(key, faults);
        document.end(faults);
        lay(&mut entries, found);
    }
    entries
}
