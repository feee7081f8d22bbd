//! Reads `routing.toml`. The order of rules is theirs: the first that fits decides.

use domain::{
    pack::{RouteTo, Routing, Rule},
    workflow::Code,
};
use serde::Deserialize;

use crate::{
    document::{Document, Entry, Worded, Words},
    faults::Faults,
    folder::Folders,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    category: Vec<Code>,
    #[serde(default)]
    area: Vec<Code>,
    #[serde(default)]
    risk: Vec<Code>,
    #[serde(default)]
    channel: Vec<Code>,
    to: RouteTo,
    #[serde(default)]
    co: Vec<RouteTo>,
    why: String,
    #[serde(default)]
    why_en: String,
}

impl Worded for RawRule {
    const WORDS: Words = &[("name", "en"), ("why", "why_en")];
}

/// The rules: one of the base that the city gives again stays in its place with the city's words,
/// the city's other rules come before those of the base.
pub(crate) fn rules(folders: &Folders, faults: &mut Faults) -> Routing {
    let mut rules: Vec<Entry<RawRule>> = Vec::new();
    for file in folders.needed("routing.toml", faults) {
        let Some(mut document) = Document::parse(&file, faults) else {
            faults.breaks("routing rule");
            continue;
        };
        let mut first = Vec::new();
        for entry in document.list::<RawRule>("rule", faults) {
            match rules.iter_mut().find(|r| r.code == entry.code) {
                Some(old) => *old = entry,
                None => first.push(entry),
            }
        }
        document.end(faults);
        first.append(&mut rules);
        rules = first;
    }
    let rule = |Entry { code, at, value: raw }: Entry<RawRule>| {
        let RawRule { name, en, category, area, risk, channel, to, co, why, why_en } = raw;
        Rule { code, name, en, category, area, risk, channel, to, co, why, why_en, at }
    };
    Routing { rules: rules.into_iter().map(rule).collect() }
}
