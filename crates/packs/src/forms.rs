//! Reads the forms of figures that units report: `forms/*.toml`, one form a file. Decides how a form
//! is written and that everything it names exists.

use std::collections::BTreeSet;

use domain::{
    figure::{LEAST_PERCENT, Share},
    pack::{Every, Form, FormCell, Level, Pack, filled, report_flow},
    workflow::{Code, Locus},
};
use jiff::civil::Date;
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
    #[serde(default)]
    figures: Vec<Code>,
    #[serde(default)]
    asked_by: String,
    #[serde(default)]
    asked_by_en: String,
    #[serde(default)]
    opens_itself: bool,
    sample_percent: u32,
    sample_most: Option<u32>,
}

impl Worded for RawForm {
    const WORDS: Words = &[("name", "en"), ("note", "note_en"), ("asked_by", "asked_by_en")];
}

/// The forms, one a file; a city's file replaces that of the base.
pub(crate) fn forms(folders: &Folders, faults: &mut Faults) -> Vec<Form> {
    let mut all: Vec<Entry<Form>> = Vec::new();
    for file in folders.within("forms", "toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        let Some((code, at)) = document.code(faults) else { continue };
        let cells = document.plain::<FormCell>("cell", faults);
        let Some(raw) = document.rest::<RawForm>(faults) else { continue };
        if code != file.stem() {
            let what = format!("the form `{code}` stands in a file of another name");
            faults.add(&at, what, format!("name the file {code}.toml"));
        }
        let form = form((&code, &at), raw, cells, faults);
        lay(&mut all, vec![Entry { code, at, value: form }]);
    }
    all.into_iter().map(|e| e.value).collect()
}

fn form(
    (code, at): (&Code, &Locus),
    raw: RawForm,
    cells: Vec<(Locus, FormCell)>,
    faults: &mut Faults,
) -> Form {
    if !cells.is_empty() && !raw.figures.is_empty() {
        let what = format!("the form `{code}` has both figures and cells");
        faults.add(at, what, "keep the one or the other");
    }
    if cells.is_empty() != raw.asked_by.is_empty() {
        let what = format!("the form `{code}` has cells and nobody who asks, or the reverse");
        faults.add(at, what, "a form with [[cell]] says asked_by, another does not");
    }
    let mut numbers = BTreeSet::new();
    let mut figures = raw.figures;
    for (at, cell) in &cells {
        if !numbers.insert(cell.number.as_str()) {
            let what = format!("the cell `{}` stands in the form twice", cell.number);
            faults.add(at, what, "give each cell the number that the upper level gave it");
        }
        if [&cell.number, &cell.label, &cell.label_en].iter().any(|text| text.trim().is_empty()) {
            faults.add(at, "the cell says too little", "write number, label and label_en");
        }
        if !figures.contains(&cell.figure) {
            figures.push(cell.figure.clone());
        }
    }
    Form {
        code: code.clone(),
        name: raw.name,
        en: raw.en,
        note: raw.note,
        note_en: raw.note_en,
        every: raw.every,
        kind: raw.kind,
        levels: raw.levels,
        figures,
        cells: cells.into_iter().map(|(_, cell)| cell).collect(),
        asked_by: raw.asked_by,
        asked_by_en: raw.asked_by_en,
        opens_itself: raw.opens_itself,
        sample: Share { percent: raw.sample_percent, most: raw.sample_most },
        at: at.clone(),
    }
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
        let opens = report_flow(pack).and_then(|flow| {
            filled(flow, form, form.every.newest_ended(Date::constant(2025, 1, 1))?)
        });
        if form.opens_itself && opens.is_none() {
            let what = format!("nothing can open the form `{}` by itself", form.code);
            let advice = "let \"system@anywhere\" open the workflow of reports for the unit of the \
                          actor, asking for form and period alone, or leave opens_itself out";
            faults.add(&form.at, what, advice);
        }
        if form.sample.most == Some(0) {
            faults.add(
                &form.at,
                "nothing is drawn",
                "write sample_most of at least 1, or leave it out",
            );
        }
        if !(LEAST_PERCENT..=100).contains(&form.sample.percent) {
            let what = format!("{} in a hundred are not enough to look at", form.sample.percent);
            let advice = format!("write sample_percent between {LEAST_PERCENT} and 100");
            faults.add(&form.at, what, advice);
        }
    }
}
