//! The rows of the work lists: what a command takes away and what it adds.

use crate::{
    db::{Batch, Stmt},
    project::DeskRow,
};
use std::collections::BTreeSet;

static DESK_ADD: Stmt = Stmt::new(
    "INSERT INTO desk (unit, state, tier, rank, case_id, yellow, grade, category)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static DESK_DROP: Stmt = Stmt::new(
    "DELETE FROM desk WHERE unit = $1 AND state = $2 AND tier = $3 AND rank = $4 AND case_id = $5",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&DESK_ADD, &DESK_DROP];

/// Writes what is different between the rows before and after.
pub(crate) fn difference<'a>(
    batch: &mut Batch<'a>,
    old: &'a BTreeSet<DeskRow>,
    new: &'a BTreeSet<DeskRow>,
) {
    for r in old.difference(new) {
        batch.one(&DESK_DROP, &r.key());
    }
    for r in new.difference(old) {
        let [unit, state, tier, rank, case] = r.key();
        let (yellow, grade, category) = (r.yellow.into(), (&r.grade).into(), (&r.category).into());
        batch.add(&DESK_ADD, &[unit, state, tier, rank, case, yellow, grade, category]);
    }
}
