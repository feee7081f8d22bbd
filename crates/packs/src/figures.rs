//! Reads what is counted: `figures/*.toml`, one figure a file. Decides how a definition is written
//! and that everything it names exists; what a measure means is `domain::figure`'s.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    field::{FieldKind, Meaning},
    figure::{
        Credit, Dimension, Figure, Filter, Measure, Nature, Take, TargetRules, Version, Word,
    },
    pack::Pack,
    workflow::{Code, Locus, Workflow},
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
struct RawFigure {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    note_en: String,
    word: Word,
    nature: Nature,
    workflow: Code,
    owner: Code,
    verifier: Code,
    source: String,
    #[serde(default)]
    dimensions: BTreeSet<Dimension>,
}

impl Worded for RawFigure {
    const WORDS: Words = &[("name", "en"), ("note", "note_en")];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVersion {
    number: u32,
    since: String,
    measure: Measure,
    #[serde(default = "handling")]
    credit: Credit,
    distinct: Option<Code>,
    day: Option<Code>,
    #[serde(default)]
    category: Vec<Code>,
    #[serde(default)]
    channel: Vec<Code>,
    #[serde(default)]
    grade: Vec<Code>,
    #[serde(default)]
    programme: Vec<Code>,
    #[serde(default)]
    fields: BTreeMap<Code, Vec<String>>,
}

fn handling() -> Credit {
    Credit::Handling
}

/// A figure as it is read, with the places of its versions.
pub(crate) struct Read {
    pub(crate) figure: Figure,
    at: Vec<Locus>,
}

/// The figures, one a file; a city's file replaces that of the base.
pub(crate) fn figures(folders: &Folders, faults: &mut Faults) -> Vec<Read> {
    let mut all: Vec<Entry<Read>> = Vec::new();
    for file in folders.within("figures", "toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        let Some((code, at)) = document.code(faults) else { continue };
        let versions = document.plain::<RawVersion>("version", faults);
        let Some(raw) = document.rest::<RawFigure>(faults) else { continue };
        if code != file.stem() {
            let what = format!("the figure `{code}` stands in a file of another name");
            faults.add(&at, what, format!("name the file {code}.toml"));
        }
        let read = figure((&code, &at), raw, versions, faults);
        lay(&mut all, vec![Entry { code, at, value: read }]);
    }
    all.into_iter().map(|e| e.value).collect()
}

fn figure(
    (code, at): (&Code, &Locus),
    raw: RawFigure,
    versions: Vec<(Locus, RawVersion)>,
    faults: &mut Faults,
) -> Read {
    if versions.is_empty() {
        let advice = "add a [[version]] with number, since and measure";
        faults.add(at, format!("the figure `{code}` has no definition"), advice);
    }
    let mut known: Vec<Version> = Vec::new();
    let mut places = Vec::new();
    for (at, raw) in versions {
        let Ok(since) = raw.since.parse::<Date>() else {
            let what = format!("{} is no day", raw.since);
            faults.add(&at, what, "write since = \"2026-01-01\"");
            continue;
        };
        if known.last().is_some_and(|last| last.since >= since || last.number >= raw.number) {
            let what = format!("version {} does not follow the one before it", raw.number);
            faults.add(&at, what, "count the number up and let each hold from a later day");
        }
        let filter = Filter {
            category: raw.category,
            channel: raw.channel,
            grade: raw.grade,
            programme: raw.programme,
            fields: raw.fields,
        };
        let RawVersion { number, measure, credit, distinct, day, .. } = raw;
        known.push(Version { number, since, measure, credit, distinct, day, filter });
        places.push(at);
    }
    let figure = Figure {
        code: code.clone(),
        name: raw.name,
        en: raw.en,
        note: raw.note,
        note_en: raw.note_en,
        word: raw.word,
        nature: raw.nature,
        workflow: raw.workflow,
        owner: raw.owner,
        verifier: raw.verifier,
        source: raw.source,
        dimensions: raw.dimensions,
        versions: known,
        at: at.clone(),
    };
    Read { figure, at: places }
}

impl Worded for TargetRules {
    const WORDS: Words = &[];
}

/// When targets turn yellow and red; those of the city, or of its base.
pub(crate) fn targets(folders: &Folders, faults: &mut Faults) -> Option<TargetRules> {
    let files = folders.needed("targets.toml", faults);
    let file = files.last()?;
    let rules = Document::parse(file, faults)?.rest::<TargetRules>(faults)?;
    if rules.yellow_points == 0 || rules.yellow_points > rules.red_points {
        let advice = "let yellow_points be at least 1 and not more than red_points";
        faults.add(&file.line(1), "the lights of targets do not follow one another", advice);
    }
    Some(rules)
}

/// Everything that figures name exists, and their parts fit together.
pub(crate) fn check<T>(
    pack: &Pack,
    figures: &[Read],
    papers: &BTreeMap<Code, T>,
    faults: &mut Faults,
) {
    for Read { figure, at } in figures {
        for kind in [&figure.owner, &figure.verifier] {
            faults.known(&figure.at, pack.units.kind(kind).is_some(), "unit kind", kind);
        }
        let flow = pack.workflows.get(&figure.workflow);
        faults.known(&figure.at, flow.is_some(), "workflow", &figure.workflow);
        let Some(flow) = flow else { continue };
        for (version, at) in figure.versions.iter().zip(at) {
            let one = One { pack, flow, figure, version, at };
            one.measure(papers, faults);
            one.fits_together(faults);
            one.filter(faults);
            one.fields(faults);
        }
    }
}

/// One version under check.
struct One<'a> {
    pack: &'a Pack,
    flow: &'a Workflow,
    figure: &'a Figure,
    version: &'a Version,
    at: &'a Locus,
}

impl One<'_> {
    fn measure<T>(&self, papers: &BTreeMap<Code, T>, faults: &mut Faults) {
        let (states, actions, templates): (&[Code], &[Code], &[Code]) = match &self.version.measure
        {
            Measure::Opened => return,
            Measure::Entered { states, .. }
            | Measure::Given { states, .. }
            | Measure::InState { states } => (states, &[], &[]),
            Measure::Acted { actions, .. } | Measure::Sum { actions, .. } => (&[], actions, &[]),
            Measure::Issued { templates } => (&[], &[], templates),
        };
        if states.is_empty() && actions.is_empty() && templates.is_empty() {
            let advice = "name at least one state, action or template of the workflow";
            faults.add(self.at, "the measure counts nothing", advice);
        }
        for state in states {
            faults.known(self.at, self.flow.state(state).is_some(), "state", state);
        }
        for action in actions {
            faults.known(self.at, self.flow.action(action).is_some(), "action", action);
        }
        for template in templates {
            faults.known(self.at, papers.contains_key(template), "document", template);
        }
        let summed = match &self.version.measure {
            Measure::Sum { field, actions, .. } => Some((field, &actions[..])),
            Measure::Given { field, .. } => Some((field, &[][..])),
            _ => None,
        };
        if let Some((field, actions)) = summed {
            let kind = self.flow.fields.get(field).map(|f| &f.kind);
            faults.known(self.at, kind.is_some(), "field", field);
            if kind.is_some_and(|k| !matches!(k, FieldKind::Number { .. })) {
                let what = format!("`{field}` is no number that could be added up");
                faults.add(self.at, what, "name a field of type number");
            }
            for action in actions.iter().filter_map(|a| self.flow.action(a)) {
                if !action.fields.iter().any(|f| f.code == *field) {
                    let what = format!("the action `{}` does not ask for `{field}`", action.code);
                    faults.add(self.at, what, "name an action that asks for the number");
                }
            }
        }
    }

    fn fits_together(&self, faults: &mut Faults) {
        let (figure, version) = (self.figure, self.version);
        let stands = matches!(version.measure, Measure::InState { .. });
        if stands != (figure.nature == Nature::Stock) {
            let what = "what stands on a day is a stock, and nothing else is";
            let advice = "use in_state with nature = \"stock\", the other measures with flow or \
                          cumulative";
            faults.add(self.at, what, advice);
        }
        if figure.is_distinct() != version.distinct.is_some() {
            let what = format!("{} and a key do not go together", figure.word.text());
            let advice = "人 and 户 are told apart by a field: add distinct = \"…\"; every other word \
                          counts each time: leave distinct out";
            faults.add(self.at, what, advice);
        }
        if figure.is_distinct() && (stands || !figure.dimensions.is_empty()) {
            let what = "distinct persons are neither a stock nor split by category or programme";
            faults.add(self.at, what, "count them as flow or cumulative, without dimensions");
        }
        let sums = matches!(version.measure, Measure::Sum { .. } | Measure::Given { .. });
        if sums && figure.is_distinct() {
            let advice = "give the figure the word of what is added up";
            faults.add(self.at, "a sum has no persons to tell apart", advice);
        }
        let take = match &version.measure {
            Measure::Entered { take, .. }
            | Measure::Given { take, .. }
            | Measure::Acted { take, .. }
            | Measure::Sum { take, .. } => Some(*take),
            Measure::Opened | Measure::InState { .. } | Measure::Issued { .. } => None,
        };
        let enters = matches!(version.measure, Measure::Entered { .. } | Measure::Given { .. });
        if take == Some(Take::Standing) && !enters {
            let advice = "write every, first or last";
            faults.add(self.at, "only a state that was entered can stand", advice);
        }
        let many = take == Some(Take::Every) || matches!(version.measure, Measure::Issued { .. });
        if version.day.is_some() && (many || stands) {
            let advice = "take the first or the last, or leave day out";
            faults.add(self.at, "one field cannot date what happens many times", advice);
        }
    }

    fn filter(&self, faults: &mut Faults) {
        let Filter { category, channel, grade, programme, fields } = &self.version.filter;
        let pack = self.pack;
        for code in category {
            faults.known(self.at, pack.categories.contains_key(code), "category", code);
        }
        for code in channel {
            faults.known(self.at, pack.channels.contains_key(code), "channel", code);
        }
        for code in grade {
            faults.known(self.at, pack.risk.grade(code).is_some(), "grade", code);
        }
        for code in programme {
            let ok = pack.programmes.get(code).is_some_and(|p| p.workflow == self.flow.code);
            faults.known(self.at, ok, "programme of this workflow", code);
        }
        for (code, values) in fields {
            let kind = self.flow.fields.get(code).map(|f| &f.kind);
            faults.known(self.at, kind.is_some(), "field", code);
            if kind == Some(&FieldKind::Figure) {
                for value in values {
                    faults.known(self.at, pack.figures.get(value).is_some(), "figure", value);
                }
                continue;
            }
            let Some(FieldKind::Choice(options) | FieldKind::Choices(options)) = kind else {
                if kind.is_some() {
                    let what = format!("the field `{code}` has no values to choose from");
                    faults.add(self.at, what, "filter by a field of type choice or choices");
                }
                continue;
            };
            for value in values {
                faults.known(self.at, options.iter().any(|o| o.value == *value), "value", value);
            }
        }
    }

    /// The fields that date an act or tell persons apart.
    fn fields(&self, faults: &mut Faults) {
        if let Some(code) = &self.version.day {
            let field = self.flow.fields.get(code);
            faults.known(self.at, field.is_some(), "field", code);
            if field.is_some_and(|f| f.kind != FieldKind::Date) {
                let what = format!("`{code}` holds no day");
                faults.add(self.at, what, "name a field of type date");
            }
        }
        if let Some(code) = &self.version.distinct {
            let field = self.flow.fields.get(code);
            faults.known(self.at, field.is_some(), "field", code);
            if field.is_some_and(|f| !matches!(f.meaning, Meaning::Phone | Meaning::IdNumber)) {
                let what = format!("`{code}` does not tell persons apart");
                faults.add(self.at, what, "name a field that means a phone or an identity number");
            }
        }
    }
}
