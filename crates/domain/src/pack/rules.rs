//! What a running case keeps when the city's pack changes: the workflow it walks, its clocks, and
//! the time in which they count. Everything else of a pack (units, roles, categories, words) is
//! always today's.
//!
//! Decides under which rules a case lives; never moves one (`moving` does).

use super::Pack;
use crate::{
    case::Case,
    clock::{Policy, Thresholds, WorkTime},
    workflow::{Code, Workflow},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::Deref, sync::Arc};

/// The part of a pack that a case depends on from its opening to its end. Stored for as long as
/// the installation lives, as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rules {
    /// Version of the pack and a digest of these rules, so that rules which differ have different
    /// editions even if somebody forgot to count the version up.
    pub edition: String,
    /// Calendar and office hours.
    pub work_time: WorkTime,
    /// When a running clock turns yellow.
    pub lights: Thresholds,
    /// How overdue clocks climb.
    pub escalation: Policy,
    /// Workflows by code.
    pub workflows: BTreeMap<Code, Workflow>,
}

impl Rules {
    /// The workflow with this code.
    pub fn workflow(&self, code: &str) -> Option<&Workflow> {
        self.workflows.get(code)
    }

    /// The kinds of task that any workflow opens.
    pub fn task_kinds(&self) -> Vec<Code> {
        let mut kinds: Vec<Code> =
            self.workflows.values().flat_map(Workflow::task_kinds).cloned().collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

/// A pack reads as the rules of today.
impl Deref for Pack {
    type Target = Rules;

    fn deref(&self) -> &Rules {
        &self.rules
    }
}

impl Pack {
    /// The rules that a case lives under; today's if nobody kept the ones it names.
    pub fn of(&self, case: &Case) -> &Rules {
        if case.pack == self.rules.edition {
            return &self.rules;
        }
        self.past.get(&case.pack).map_or(&self.rules, |past| past)
    }

    /// Whether the rules that a case names are at hand.
    pub fn knows(&self, edition: &str) -> bool {
        edition == self.rules.edition || self.past.contains_key(edition)
    }

    /// The workflow that a case walks.
    pub fn flow_of(&self, case: &Case) -> Option<&Workflow> {
        self.of(case).workflow(&case.workflow)
    }

    /// Takes rules of an earlier pack back, for the cases that still run under them. Years that
    /// were not known then count as they are known today.
    pub fn recall(&mut self, rules: Rules) {
        if rules.edition != self.rules.edition {
            let work_time = rules.work_time.with_years_of(&self.rules.work_time);
            let rules = Rules { work_time, ..rules };
            self.past.insert(rules.edition.clone(), Arc::new(rules));
        }
    }
}
