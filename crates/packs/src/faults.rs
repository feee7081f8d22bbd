//! Collects what is wrong in a pack, and keeps silent about what only follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{soundness::Fault, workflow::Locus};

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Faults {
    found: BTreeSet<Fault>,
    /// Kinds of things of which at least one could not be read. That one is unknown to all who
    /// name it, and saying so again would bury the one fault that matters.
    broken: BTreeSet<&'static str>,
    texts: BTreeMap<Arc<str>, Arc<str>>,
}

impl Faults {
    pub(crate) fn add(&mut self, at: &Locus, what: impl Into<String>, advice: impl Into<String>) {
        self.push(Fault { at: at.clone(), what: what.into(), advice: advice.into() });
    }

    pub(crate) fn push(&mut self, mut fault: Fault) {
        if let Some(unknown) = fault.what.strip_prefix("unknown ") {
            if self.broken.iter().any(|kind| unknown.starts_with(kind)) {
                return;
            }
            if let (Some(word), Some(text)) =
                (unknown.split('`').nth(1), self.texts.get(&fault.at.file))
            {
                fault.at.line = line_of(text, fault.at.line, word);
            }
        }
        self.found.insert(fault);
    }

    /// Keeps the text of a file, to find the line on which a word stands.
    pub(crate) fn remember(&mut self, name: &Arc<str>, text: &Arc<str>) {
        self.texts.insert(Arc::clone(name), Arc::clone(text));
    }

    /// A reference that must lead somewhere.
    pub(crate) fn known(&mut self, at: &Locus, ok: bool, what: &str, code: &str) {
        if !ok {
            let advice = format!("define {what} `{code}` or correct the code");
            self.add(at, format!("unknown {what} `{code}`"), advice);
        }
    }

    /// From now on an unknown thing of this kind is no news.
    pub(crate) fn breaks(&mut self, kind: &'static str) {
        self.broken.insert(kind);
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn sorted(self) -> Vec<Fault> {
        self.found.into_iter().collect()
    }
}

/// The line on which a code is named, within the entry that `line` belongs to; `line` itself when
/// it is not found. Checks know the entry; an officer wants the line.
fn line_of(text: &str, line: u32, code: &str) -> u32 {
    let lines: Vec<&str> = text.lines().collect();
    let here = (line as usize).saturating_sub(1).min(lines.len());
    let opens = |text: &&str| text.starts_with('[');
    let first = (0..=here).rev().find(|i| lines.get(*i).is_some_and(opens)).unwrap_or(0);
    let names = |text: &str| {
        ["\"", "!\"", "@"].iter().any(|end| text.contains(&format!("\"{code}{end}")))
            || text.contains(&format!("{code} = \""))
    };
    let own = |text: &str| text.starts_with("code = ");
    let entry = lines.iter().enumerate().skip(first);
    let entry = entry.take_while(|(i, text)| *i <= first.max(here) || !opens(text));
    let hit = entry.filter(|(_, text)| !own(text)).find(|(_, text)| names(text));
    hit.and_then(|(i, _)| u32::try_from(i + 1).ok()).unwrap_or(line)
}
