//! What the cells hold of cases that somebody is kept out of, by name or with their unit. It only
//! answers; who is kept out is decided by the case itself.

use crate::{
    Store,
    db::{Batch, Error, Reader, Row, Stmt},
    figures::{self, VISITS},
    project::barred_units,
};
use domain::{
    access::Viewer,
    case::CaseId,
    figure::{Cell, Sums, people_cells},
};
use std::collections::BTreeMap;

static BARRED: Stmt = Stmt::new(
    "SELECT DISTINCT c.id, c.tally FROM desk d JOIN cases c ON c.id = d.case_id
     WHERE d.unit = $1 OR d.unit = $2 ORDER BY c.id LIMIT 5000",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&BARRED];

/// Amounts by cell.
pub(crate) type Hidden = BTreeMap<Cell, i64>;

impl Store {
    /// What this viewer is kept out of, cell by cell; nothing for whoever is kept out of nothing.
    pub(crate) async fn hidden_cells(&self, viewer: &Viewer) -> Result<Hidden, Error> {
        let mut reader = self.db.page().await?;
        let rows = kept_out(&mut reader, viewer).await?;
        let mut sums = Sums::default();
        for row in &rows {
            let kept = row.opt_text(1)?.and_then(figures::parsed);
            kept.unwrap_or_default().counted.add_to(&mut sums, 1);
        }
        let mut hidden = sums.cells;
        let mut batch = Batch::new();
        for who in sums.visits.keys() {
            batch.add(&VISITS, &[(&who.figure).into(), (&who.key).into()]);
        }
        let answers = reader.rows_all(batch).await?;
        for ((who, theirs), rows) in sums.visits.iter().zip(&answers) {
            let all = figures::visits(rows)?;
            let mut without = all.clone();
            for (visit, n) in theirs {
                *without.entry(visit.clone()).or_default() -= n;
            }
            for (cell, n) in people_cells(&who.figure, &without, &all) {
                *hidden.entry(cell).or_default() += n;
            }
        }
        Ok(hidden)
    }
}

/// The cases that somebody is kept out of.
pub(crate) async fn barred(reader: &mut Reader, viewer: &Viewer) -> Result<Vec<CaseId>, Error> {
    let rows = kept_out(reader, viewer).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

async fn kept_out(reader: &mut Reader, viewer: &Viewer) -> Result<Vec<Row>, Error> {
    let Viewer::Staff(staff, _) = viewer else { return Ok(Vec::new()) };
    let [name, unit] = barred_units(staff);
    reader.rows(&BARRED, &[(&name).into(), (&unit).into()]).await
}
