//! Reads the forms of figures that units report: `forms/*.toml`, one form a file. Decides how a form
//! is written and that everything it names exists.

use std::collections::BTreeSet;

use domain::{
    pack::{Every, Form, Level, Pack},
    workflow::Code,
};
use serde::Deserialize;

use crate::{
    document::{Document, Entry, Worded, Words, lay},
    faults::Faults,
    folder::Folders,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForm {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    note_en: String,
    every: Every,
    kind: Code,
    levels: BTreeSet<Level>,
    figures: Vec<Code>,
    sample_percent: u32,
}

impl Worded for RawForm {
    const WORDS: Words = &[("name", "en"), ("note", "note_en")];
}

/// The forms, one a file; a city's file replaces that of the base.
pub(crate) fn forms(folders: &Folders, faults: &mut Faults) -> Vec<Form> {
    let mut all: Vec<Entry<Form>> = Vec::new();
    for file in folders.within("forms", "toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        let Some((code, at)) = document.code(faults) else { continue };
        let Some(raw) = document.rest::<RawForm>(faults) else { continue };
        if code != file.stem() {
            let what = format!("the form `{code}` stands in a file of another name");
            faults.add(&at, what, format!("name the file {code}.toml"));
        }
        let RawForm { name, en, note, note_en, every, kind, levels, figures, sample_percent } = raw;
        let form = Form {
            code: code.clone(),
            name,
            en,
            note,
            note_en,
            every,
            kind,
            levels,
            figures,
            sample_percent,
            at: at.clone(),
        };
        lay(&mut all, vec![Entry { code, at, value: form }]);
    }
    all.into_iter().map(|e| e.value).collect()
}

/// Everything that forms name exists, and no figure stands in a form twice.
pub(crate) fn check(pack: &Pack, faults: &mut Faults) {
    for form in pack.forms.values() {
        let mut seen = BTreeSet::new();
        for figure in &form.figures {
            faults.known(&form.at, pack.figures.get(figure).is_some(), "figure", figure);
            if !seen.insert(figure) {
                let what = format!("the figure `{figure}` stands in the form twice");
                faults.add(&form.at, what, "leave one of the two out");
            }
        }
        faults.known(&form.at, pack.units.kind(&form.kind).is_some(), "unit kind", &form.kind);
        if form.figures.is_empty() || form.levels.is_empty() {
            let what = format!("the form `{}` asks nobody, or for nothing", form.code);
            faults.add(&form.at, what, "name figures and levels");
        }
        if !(1..=100).contains(&form.sample_percent) {
            let what = format!("{} in a hundred cannot be drawn", form.sample_percent);
            faults.add(&form.at, what, "write sample_percent between 1 and 100");
        }
    }
}
