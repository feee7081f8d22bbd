//! Proofs about targets: their fields are there and fit, and a workflow that says who leads tells of
//! no person.

use super::Proof;
use crate::{
    field::{Field, FieldKind, Meaning},
    workflow::{Locus, TargetFields},
};

impl Proof<'_> {
    /// The fields of a target are there, and hold what it is made of.
    pub(super) fn target(&mut self, at: &Locus, target: &TargetFields) {
        let TargetFields { figure, goal, baseline, from, until, steps, lead, budget } = target;
        self.holds(at, figure, &FieldKind::Figure);
        if let Some(lead) = lead {
            self.holds(at, lead, &FieldKind::Unit);
            self.tells_of_nobody(at);
        }
        for day in [from, until].into_iter().chain(steps.iter().map(|s| &s.on)) {
            self.holds(at, day, &FieldKind::Date);
        }
        for what in steps.iter().filter_map(|s| s.what.as_ref()) {
            let kind = self.flow.fields.get(what).map(|f| &f.kind);
            self.known(at, matches!(kind, Some(FieldKind::Choice(_))), "choice field", what);
        }
        let values = steps.iter().map(|s| &s.value);
        for number in values.chain(baseline).chain(budget).chain([goal]) {
            let kind = self.flow.fields.get(number).map(|f| &f.kind);
            let is_number = matches!(kind, Some(FieldKind::Number { .. }));
            self.known(at, is_number, "number field", number);
        }
    }

    /// Who leads a case is let in by that alone, partner agencies too; so nothing of a person may be
    /// in it.
    fn tells_of_nobody(&mut self, at: &Locus) {
        let personal = |f: &&Field| {
            let told = f.meaning.is_personal()
                || f.kind.is_text() && matches!(f.meaning, Meaning::Story | Meaning::Summary);
            told || matches!(f.kind, FieldKind::Category | FieldKind::Risk | FieldKind::Case)
        };
        for field in self.flow.fields.values().filter(personal) {
            let what = format!(
                "a target names who leads, and the field `{}` tells of a person",
                field.code
            );
            self.fault(at, what, "take lead out of the target, or the field out of the workflow");
        }
    }
}
