//! What is proved of steps that freeze numbers, promise them, look at their records or tell them.

use super::Proof;
use crate::{
    field::FieldKind,
    figure,
    press::Fill,
    workflow::{Action, Locus},
};

impl Proof<'_> {
    /// Wherever a sound sample is asked for, somebody can look at it.
    pub(super) fn sample(&mut self, action: &Action) {
        for state in &action.from {
            let looked = figure::looks_in(self.flow, state);
            self.known(&action.at, looked, "action with the effect look from the state", state);
        }
    }

    /// What is frozen and for when is said in fields that hold it.
    pub(super) fn frozen(&mut self, at: &Locus, (what, kind): (&str, &FieldKind), period: &str) {
        self.holds(at, what, kind);
        self.holds(at, period, &FieldKind::Period);
    }

    /// The fields of a look are there, and hold what it needs.
    pub(super) fn look(&mut self, at: &Locus, field: &str, tells: &str) {
        self.holds(at, field, &FieldKind::Sample);
        let is_text = self.flow.fields.get(tells).is_some_and(|f| f.kind.is_text());
        self.known(at, is_text, "field of text", tells);
    }

    pub(super) fn fill(&mut self, at: &Locus, fill: &Fill) {
        for code in [&fill.title, &fill.body, &fill.english, &fill.says, &fill.evidence] {
            let is_text = self.flow.fields.get(code).is_some_and(|f| f.kind.is_text());
            self.known(at, is_text, "field of text", code);
        }
        for code in [&fill.day, &fill.until] {
            self.holds(at, code, &FieldKind::Date);
        }
        self.known(at, self.flow.action(&fill.check).is_some(), "action", &fill.check);
    }
}
