//! Figures: defined counts and sums over records, each of which leads back to its records.
//!
//! Decides what a case adds to which figure of which unit and period, from the case, its tally and
//! the definitions of the pack alone. Never counts rows: the store adds the difference between the
//! marks that a case made before a command and those it makes after it, in the same transaction, so
//! that a correction, another unit or category, a merge and a back-dated act all move what they
//! must by one and the same rule.

mod amount;
mod cell;
mod definition;
mod few;
mod frozen;
mod mark;
mod period;
mod promise;
mod sampling;
mod tally;
mod target;

pub use amount::{Additive, Amount, AnyAmount, Word, word};
pub use cell::{
    Cell, Somebody, Sums, UNKNOWN, Visit, Visits, WHOLE, category_part, chain, first_in_year_name,
    first_name, month_of, name_of, numbered, people_cells, programme_part,
};
pub use definition::{Credit, Dimension, Figure, Figures, Filter, Measure, Nature, Take, Version};
pub use few::{is_few, keep_back, stand_beside};
pub(crate) use frozen::freeze;
pub use frozen::{Asked, Freezing, Frozen, asked};
pub use mark::Mark;
pub use period::{Part, Period};
pub use promise::{Held, Promise, held, promised_on};
pub(crate) use promise::{promise, propose};
pub use sampling::{LEAST_PERCENT, Look, Progress, Sample, Share, Sitting, sample, share};
pub(crate) use sampling::{look, looks_in, sample_sound};
pub use tally::{Step, Tally};
pub use target::{Forecast, Plan, Reached, Stage, Target, TargetLight, TargetRules, running_sums};

use crate::workflow::Code;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a case has added to the figures so far: its marks, and the units above each of their units
/// at the time, for which they were added too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Marks, in order.
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Unit → itself and those above it.
    #[serde(rename = "u", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chains: BTreeMap<Code, Vec<Code>>,
}

impl Counted {
    /// What a case adds, as it is now.
    pub fn of(pack: &crate::pack::Pack, case: &crate::case::Case, tally: &Tally) -> Self {
        let marks = mark::marks(pack, case, tally);
        let mut chains = BTreeMap::new();
        for mark in &marks {
            if !chains.contains_key(&mark.unit) {
                chains.insert(mark.unit.clone(), chain(pack, &mark.unit));
            }
        }
        Self { marks, chains }
    }

    /// Adds all of it to sums, `times` times.
    pub fn add_to(&self, sums: &mut Sums, times: i64) {
        for mark in &self.marks {
            let chain = self.chains.get(&mark.unit).map_or(&[][..], Vec::as_slice);
            sums.add(mark, chain, times);
        }
    }
}
