//! What of the history of a case figures may need: one step an act, with the day, the unit that was
//! responsible after it, the numbers and papers that came with it. A fold of facts that knows no
//! figure, so that a new figure can count what lies before it.

use crate::{
    case::{By, Fact, Stamp},
    field::FieldKind,
    workflow::{Code, Workflow},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The history of one case, as far as figures need it. Holds codes, days and numbers only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Steps, in order.
    #[serde(rename = "s", default)]
    pub steps: Vec<Step>,
    /// Keyed tags, in hexadecimal, of what tells persons apart, by field.
    #[serde(rename = "k", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<Code, String>,
}

/// The opening, or one act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Action; none for the opening.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Code>,
    /// The state that was entered, if it is another one.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Code>,
    /// The unit that became responsible, if one did.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Code>,
    /// The unit of whoever acted.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Code>,
    /// Civil day.
    #[serde(rename = "d")]
    pub day: Date,
    /// Numbers given.
    #[serde(rename = "n", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<Code, i64>,
    /// Templates of the documents issued.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Code>,
}

impl Tally {
    /// The tally after one more fact; `flow` is the workflow that the case walks.
    pub fn apply(&mut self, flow: Option<&Workflow>, stamp: &Stamp, fact: &Fact) {
        match fact {
            Fact::Opened { state, unit, .. } => {
                let state = Some(state.clone());
                self.push(stamp, Step { state, unit: Some(unit.clone()), ..Step::on(stamp.day) });
            }
            Fact::Acted { action, from, to } => {
                let state = (from != to).then(|| to.clone());
                let action = Some(action.clone());
                self.push(stamp, Step { action, state, ..Step::on(stamp.day) });
            }
            Fact::Assigned { unit, .. } => self.here(stamp).unit = Some(unit.clone()),
            Fact::Issued { template, .. } => self.here(stamp).papers.push(template.clone()),
            Fact::Given { coded, .. } => {
                let is_number = |code: &Code| {
                    let field = flow.and_then(|f| f.fields.get(code));
                    field.is_some_and(|f| matches!(f.kind, FieldKind::Number { .. }))
                };
                let numbers = coded.iter().filter(|(code, _)| is_number(code));
                let numbers: Vec<_> = numbers
                    .filter_map(|(code, value)| Some((code.clone(), value.one().parse().ok()?)))
                    .collect();
                if !numbers.is_empty() {
                    self.here(stamp).numbers.extend(numbers);
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, stamp: &Stamp, mut step: Step) {
        step.by = match &stamp.by {
            By::Staff(_, unit) => Some(unit.clone()),
            By::Appellant | By::Public | By::System => None,
        };
        self.steps.push(step);
    }

    /// The step to which a fact belongs: the act before it in the same entry. What comes with no
    /// act, such as what time does alone, is a step of its own on another day.
    fn here(&mut self, stamp: &Stamp) -> &mut Step {
        if self.steps.last().is_none_or(|last| last.day != stamp.day) {
            self.push(stamp, Step::on(stamp.day));
        }
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Forgets who the person was and keeps that it was somebody: the tags become those of the case
    /// alone, so that distinct persons stay as many as they were counted.
    pub fn forget(&mut self, case: crate::case::CaseId) {
        for key in self.keys.values_mut() {
            *key = format!("case{case}");
        }
    }
}

impl Step {
    fn on(day: Date) -> Self {
        Self {
            action: None,
            state: None,
            unit: None,
            by: None,
            day,
            numbers: BTreeMap::new(),
            papers: Vec::new(),
        }
    }
}
