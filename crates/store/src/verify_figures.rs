//! Recounts every figure from the entries: what a case must have added, the rows behind it, the
//! people counted once, and at the end the cells themselves.

use crate::{
    Store,
    db::{Batch, Error, Reader, Row, Stmt},
    figures::{Kept, MarkRow},
    project::Places,
    verify::Report,
};
use domain::{
    case::Case,
    figure::{Counted, Somebody, Sums, Tally, Visit, Visits, people_cells},
    pack::Pack,
};
use std::collections::BTreeMap;

static MARK: Stmt = Stmt::new(
    "SELECT day, amount FROM marks
     WHERE figure = $1 AND unit = $2 AND rank = $3 AND case_id = $4 AND n = $5",
);
static MARKS: Stmt = Stmt::new("SELECT COUNT(*) FROM marks");
static PEOPLE: Stmt = Stmt::new(
    "SELECT figure, tag, units, month, n FROM visits
     WHERE (figure, tag, units, month) > ($1, $2, $3, $4)
     ORDER BY figure, tag, units, month LIMIT 5000",
);
static TAGGED: Stmt = Stmt::new("SELECT 1 FROM people WHERE tag = $1 AND case_id = $2");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&MARK, &MARKS, &PEOPLE, &TAGGED];

/// What all cases together make.
#[derive(Default)]
pub(crate) struct Expected {
    sums: Sums,
    marks: i64,
    /// The definitions of the pack are those under which was counted.
    pub(crate) same: bool,
}

impl Store {
    /// Begins a recount; says so once when it was counted under other definitions.
    pub(crate) async fn expect_figures(
        &self,
        pack: &Pack,
        report: &mut Report,
    ) -> Result<Expected, Error> {
        let same = self.counted_under(pack).await?.unwrap_or(true);
        if !same {
            let what = "were counted under other definitions or units: start the server once";
            report.trouble("figures", what);
        }
        Ok(Expected { same, ..Expected::default() })
    }
}

impl Expected {
    /// Compares what is kept beside a case with what its entries make, and its rows.
    pub(crate) async fn check(
        &mut self,
        reader: &mut Reader,
        (pack, case, mut tally): (&Pack, &Case, Tally),
        row: (&Row, usize),
        report: &mut Report,
    ) -> Result<(), Error> {
        let at = || format!("figures of case {}", case.id);
        let (row, column) = row;
        let Some(body) = row.opt_text(column)? else {
            if self.same && pack.figures.of(&case.workflow).next().is_some() {
                report.trouble(at(), "were never counted: start the server once");
            }
            return Ok(());
        };
        let Ok(kept) = serde_json::from_str::<Kept>(body) else {
            report.trouble(at(), "cannot be read");
            return Ok(());
        };
        // Tags are made of sealed texts, which an entry does not hold.
        tally.keys.clone_from(&kept.tally.keys);
        if kept.tally != tally {
            report.trouble(at(), "the history kept for them differs from the entries");
        }
        if self.same && kept.counted != Counted::of(pack, case, &tally) {
            report.trouble(at(), "differ from a recount");
        }
        let placed = kept.places.as_ref();
        if self.same && placed.is_some_and(|places| *places != Places::of(pack, case)) {
            report.trouble(at(), "the lists kept beside them are not where it stands");
        }
        let counted = if self.same { Counted::of(pack, case, &tally) } else { kept.counted };
        counted.add_to(&mut self.sums, 1);
        self.rows(reader, (case, &tally), &counted, report).await
    }

    async fn rows(
        &mut self,
        reader: &mut Reader,
        (case, tally): (&Case, &Tally),
        counted: &Counted,
        report: &mut Report,
    ) -> Result<(), Error> {
        let rows: Vec<MarkRow> = counted.marks.iter().map(MarkRow::of).collect();
        // A sealed case is in no index that others share.
        let keys = tally.keys.values().filter(|_| !case.guarded.is_sealed());
        let tags: Vec<Vec<u8>> = keys.filter_map(|key| bytes(key)).collect();
        let mut batch = Batch::new();
        for mark in &rows {
            batch.add(&MARK, &mark.key(case.id));
        }
        for tag in &tags {
            batch.add(&TAGGED, &[tag.into(), case.id.into()]);
        }
        let answers = reader.rows_all(batch).await?;
        for (mark, found) in rows.iter().zip(&answers) {
            if !found.first().is_some_and(|row| mark.is(row).unwrap_or(false)) {
                let what = format!("the record of case {} is missing or differs", case.id);
                report.trouble(format!("figure {}", mark.name()), what);
            }
        }
        if answers.iter().skip(rows.len()).any(Vec::is_empty) {
            let what = "a person is told apart by a tag that the case does not have";
            report.trouble(format!("figures of case {}", case.id), what);
        }
        self.marks += i64::try_from(rows.len()).unwrap_or(i64::MAX);
        Ok(())
    }

    /// Compares the people, and gives the cells to the comparison of all counts.
    pub(crate) async fn finish(
        self,
        reader: &mut Reader,
        counts: &mut BTreeMap<(String, String), i64>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let found = reader.row(&MARKS, &[]).await?.map_or(Ok(0), |row| row.int(0))?;
        if found != self.marks {
            let what = format!("holds {found} rows, the cases make {}", self.marks);
            report.trouble("marks", what);
        }
        let mut cells = self.sums.cells;
        for (who, visits) in &self.sums.visits {
            for (cell, n) in people_cells(&who.figure, &Visits::new(), visits) {
                *cells.entry(cell).or_default() += n;
            }
        }
        for (cell, n) in cells.into_iter().filter(|(_, n)| *n != 0) {
            *counts.entry((cell.name, cell.period)).or_default() += n;
        }
        people(reader, self.sums.visits, report).await
    }
}

fn key(row: &Row) -> Result<[String; 4], Error> {
    let [figure, tag, units, month] = [0, 1, 2, 3].map(|n| row.text(n).map(ToOwned::to_owned));
    Ok([figure?, tag?, units?, month?])
}

async fn people(
    reader: &mut Reader,
    mut expected: BTreeMap<Somebody, Visits>,
    report: &mut Report,
) -> Result<(), Error> {
    let mut after: [String; 4] = Default::default();
    loop {
        let rows = reader.rows(&PEOPLE, &after.each_ref().map(Into::into)).await?;
        let Some(last) = rows.last() else { break };
        after = key(last)?;
        for row in &rows {
            let [figure, tag, units, month] = key(row)?;
            let who = Somebody { figure, key: tag };
            let right = expected.get_mut(&who).and_then(|v| v.remove(&Visit { units, month }));
            if right != Some(row.int(4)?) {
                let what = "somebody is counted more or less often than the records say";
                report.trouble(format!("figure {}", who.figure), what);
            }
        }
    }
    for (who, visits) in expected {
        if visits.values().any(|n| *n != 0) {
            report.trouble(
                format!("figure {}", who.figure),
                "somebody in the records is not counted",
            );
        }
    }
    Ok(())
}

/// The bytes of a tag; none for one that was forgotten.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pair = |n: usize| u8::from_str_radix(hex.get(n..n + 2)?, 16).ok();
    (hex.len() == 32).then(|| (0..32).step_by(2).map(pair).collect::<Option<_>>())?
}
