//! Editions of the rules: what they are called, and whether old ones still fit the pack of today.
//!
//! Decides that a pack is refused while cases run under rules which it no longer supports; never
//! reads a database.

use crate::{City, check, faults::Faults};
use domain::{
    clock::{Policy, Thresholds, WorkTime},
    pack::{Pack, Rules},
    soundness::Fault,
    workflow::{Code, Locus, Workflow},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Begins the key of every word that people read; such words are no part of the rules.
const WORD_MARK: char = '~';

/// The rules of a pack under the name of their edition.
pub(crate) fn dated(
    version: &str,
    (work_time, lights, escalation): (WorkTime, Thresholds, Policy),
    workflows: BTreeMap<Code, Workflow>,
) -> Rules {
    let mut rules = Rules { edition: String::new(), work_time, lights, escalation, workflows };
    let mut written = serde_json::to_value(&rules).unwrap_or_default();
    strip_words(&mut written);
    let digest = Sha256::digest(written.to_string());
    let hex: Vec<String> = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    rules.edition = format!("{version}+{}", hex.concat());
    rules
}

/// A label that is spelt better is no other rule.
fn strip_words(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !key.starts_with(WORD_MARK));
            map.values_mut().for_each(strip_words);
        }
        Value::Array(all) => all.iter_mut().for_each(strip_words),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl City {
    /// Takes back the rules of earlier packs, so that the cases opened under them go on as they
    /// began. `in_use` names the editions under which cases are open.
    ///
    /// # Errors
    /// When today's pack lacks what cases that are open need: a role, a template, a state whose
    /// list they would vanish from. Rules that no open case needs are then left out instead.
    pub fn recall(
        &mut self,
        past: Vec<Rules>,
        in_use: &BTreeSet<String>,
    ) -> Result<(), Vec<Fault>> {
        let mut found = Vec::new();
        let mut fitting = Vec::new();
        for rules in past.into_iter().filter(|r| r.edition != self.pack.edition) {
            let faults = misfits(&self.pack, &rules, &self.papers);
            if faults.is_empty() {
                fitting.push(rules);
            } else if in_use.contains(&rules.edition) {
                found.extend(faults);
            }
        }
        if !found.is_empty() {
            return Err(found);
        }
        match Arc::get_mut(&mut self.pack) {
            Some(pack) => fitting.into_iter().for_each(|rules| pack.recall(rules)),
            // A pack that is served already is never changed under those who read it.
            None => debug_assert!(fitting.is_empty(), "rules are recalled before a pack is served"),
        }
        Ok(())
    }
}

fn misfits<T>(pack: &Pack, rules: &Rules, papers: &BTreeMap<Code, T>) -> Vec<Fault> {
    let mut faults = Faults::default();
    check::workflows(pack, rules, papers, &mut faults);
    let mut found = faults.sorted();
    let at = Locus { file: format!("rules {}", rules.edition).into(), line: 0 };
    for fault in &mut found {
        fault.at = at.clone();
        fault.advice = format!("{}; cases are still open under these rules", fault.advice);
    }
    let advice = "keep it until no case runs under these rules; `xiaohe pack move` moves them";
    for flow in rules.workflows.values() {
        let today = pack.rules.workflow(&flow.code);
        let states =
            flow.states.iter().filter(|s| today.is_none_or(|t| t.state(&s.code).is_none()));
        let kinds =
            flow.task_kinds().filter(|k| today.is_none_or(|t| t.task_kinds().all(|x| x != *k)));
        let missing = states.map(|s| ("state", &s.code)).chain(kinds.map(|k| ("kind of task", k)));
        for (what, code) in missing {
            let what = format!("the {what} `{code}` of `{}` is gone from the pack", flow.code);
            found.push(Fault { at: at.clone(), what, advice: advice.to_owned() });
        }
    }
    found
}
