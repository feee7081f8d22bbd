//! Reads `texts.toml` and `pledge.toml`: the words of the public home page, and what staff promise.
//! Chinese first, English complete.

use domain::pack::Pledge;
use serde::Deserialize;

use crate::{
    document::{Document, Worded, Words},
    faults::Faults,
    folder::Folders,
};

/// The home page in both languages.
#[derive(Debug, Clone)]
pub struct HomeTexts {
    /// Chinese.
    pub zh: HomeText,
    /// English.
    pub en: HomeText,
}

/// The words of the home page in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeText {
    /// A line of welcome.
    pub welcome: String,
    /// What the platform is for.
    pub intro: String,
    /// What to do in danger.
    pub emergency: String,
    /// What the city promises, one sentence each.
    pub promises: Vec<String>,
    /// When the hotline and the desk are open.
    pub hours: String,
    /// Where to come.
    pub address: String,
    /// Where to write.
    pub letter: String,
    /// That nothing costs money.
    pub free: String,
    /// Who runs it.
    pub footer: String,
    /// Deadlines that the city commits itself to.
    #[serde(rename = "commitment")]
    pub commitments: Vec<Commitment>,
}

/// One deadline that the city commits itself to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// What it is about.
    pub name: String,
    /// What is promised.
    pub text: String,
}

/// The English stands in a table of its own, with the same keys.
impl Worded for HomeText {}

/// The texts of the city, or those of its base.
pub(crate) fn home(folders: &Folders, faults: &mut Faults) -> Option<HomeTexts> {
    let files = folders.needed("texts.toml", faults);
    let file = files.last()?;
    let mut document = Document::parse(file, faults)?;
    let before = faults.len();
    let en = document.one::<HomeText>("en", faults);
    if en.is_none() && faults.len() == before {
        faults.add(&file.line(1), "the English texts are missing", "add [en] with the same keys");
    }
    let zh = document.rest::<HomeText>(faults)?;
    let (at, en) = en?;
    if zh.commitments.len() != en.commitments.len() || zh.promises.len() != en.promises.len() {
        let what = "the English texts do not promise as much as the Chinese ones";
        faults.add(&at, what, "write each promise and commitment in both languages");
    }
    Some(HomeTexts { zh, en })
}

impl Worded for Pledge {
    const WORDS: Words = &[("title", "title_en")];
}

/// The promise of the city, or that of its base.
pub(crate) fn pledge(folders: &Folders, faults: &mut Faults) -> Option<Pledge> {
    let files = folders.needed("pledge.toml", faults);
    let file = files.last()?;
    let pledge = Document::parse(file, faults)?.rest::<Pledge>(faults)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if pledge.version.is_empty() || !pledge.version.chars().all(plain) {
        let advice = "write letters, digits, dots and dashes, for example 2026-1";
        faults.add(&file.line(1), "the promise has no version that can be kept", advice);
    }
    if pledge.points.is_empty() || pledge.points.len() != pledge.points_en.len() {
        let what = "the promise does not say the same in both languages";
        faults.add(&file.line(1), what, "write each point in points and in points_en");
    }
    Some(pledge)
}
