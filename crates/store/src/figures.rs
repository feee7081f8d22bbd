//! Counts in the transaction of the command: the difference between the marks that a case had made
//! and those it makes now goes into the cells, the rows behind them, and the people counted once.
//!
//! What a case has added stands beside the case itself (`cases.tally`), so the difference is right
//! whatever was counted before: an older definition, another tree of units, or nothing at all.

use crate::{
    command::Command,
    db::{Batch, CountKey, Error, P, Row, Stmt, Tx, WriteError},
    project::Places,
    text_of,
};
use domain::{
    case::{By, Case, CaseId, Fact, Stamp},
    decide::Draft,
    figure::{Counted, Mark, Somebody, Sums, Tally, Visit, Visits, numbered, people_cells},
    pack::Pack,
    rights::Event,
};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

static MARK_ADD: Stmt = Stmt::new(
    "INSERT INTO marks (figure, unit, rank, case_id, n, day, amount)
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static MARK_DROP: Stmt = Stmt::new(
    "DELETE FROM marks WHERE figure = $1 AND unit = $2 AND rank = $3 AND case_id = $4 AND n = $5",
);
/// One after the other for the same person: two first visits at once would both be the first.
static ALONE: Stmt = Stmt::split(
    "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 12338))) alone",
    "SELECT 1 WHERE $1 IS NOT NULL AND $2 IS NOT NULL",
);
pub(crate) static VISITS: Stmt =
    Stmt::new("SELECT units, month, n FROM visits WHERE figure = $1 AND tag = $2");
static VISIT: Stmt = Stmt::new(
    "INSERT INTO visits (figure, tag, units, month, n) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (figure, tag, units, month) DO UPDATE SET n = excluded.n",
);
static NO_VISIT: Stmt =
    Stmt::new("DELETE FROM visits WHERE figure = $1 AND tag = $2 AND units = $3 AND month = $4");
static HISTORY: Stmt =
    Stmt::new("SELECT at, by, facts FROM entries WHERE case_id = $1 ORDER BY seq");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&MARK_ADD, &MARK_DROP, &ALONE, &VISITS, &VISIT, &NO_VISIT, &HISTORY];

/// The rank of a mark that still stands.
pub(crate) const STANDS: i64 = 99_991_231;

/// What is kept beside a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Its history, as far as figures need it.
    #[serde(rename = "t")]
    pub tally: Tally,
    /// What it has added to the figures.
    #[serde(rename = "c", default)]
    pub counted: Counted,
    /// Where it stands in lists and counts; none where an older program did not say.
    #[serde(rename = "p", default)]
    pub places: Option<Places>,
}

/// A row behind a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MarkRow {
    figure: String,
    unit: String,
    rank: i64,
    n: i64,
    day: i64,
    amount: Option<i64>,
}

/// A day as a number that sorts like it.
pub(crate) fn number_of(day: Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

impl MarkRow {
    pub(crate) fn of(mark: &Mark) -> Self {
        let day = number_of(mark.day);
        Self {
            figure: numbered(&mark.figure, mark.version),
            unit: mark.unit.clone(),
            rank: if mark.stands { mark.until.map_or(STANDS, number_of) } else { day },
            n: i64::from(mark.n),
            day,
            amount: mark.amount,
        }
    }

    /// The values of the key, in its order.
    pub(crate) fn key(&self, case: CaseId) -> [P<'_>; 5] {
        let (figure, unit) = ((&self.figure).into(), (&self.unit).into());
        [figure, unit, self.rank.into(), case.into(), self.n.into()]
    }

    /// Whether a row (day, amount) says the same.
    pub(crate) fn is(&self, row: &Row) -> Result<bool, Error> {
        Ok(row.int(0)? == self.day && row.opt_int(1)? == self.amount)
    }

    /// For messages.
    pub(crate) fn name(&self) -> String {
        format!("{} of {}", self.figure, self.unit)
    }
}

/// The tally of a case after some more facts.
pub(crate) fn follow(pack: &Pack, tally: &mut Tally, case: &Case, stamp: &Stamp, facts: &[Fact]) {
    let flow = pack.flow_of(case);
    for fact in facts {
        tally.apply(flow, stamp, fact);
    }
}

/// What a command changes in the figures.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// What is kept beside the case from now on.
    pub body: String,
    gone: BTreeSet<MarkRow>,
    new: BTreeSet<MarkRow>,
    cells: Vec<(CountKey, i64)>,
    visits: BTreeMap<Somebody, Visits>,
}

impl Change {
    /// What a command changes, from what was kept beside the case, which stands in these places now.
    pub(crate) fn by(command: &Command, kept: Kept, draft: &Draft, places: Places) -> Self {
        let (pack, at) = (&command.pack, command.at);
        let Kept { mut tally, counted, .. } = kept;
        let stamp = Stamp { at, day: pack.date_of(at), by: By::from(&command.actor) };
        follow(pack, &mut tally, &draft.case, &stamp, &draft.facts);
        tally.keys.extend(command.sealed.keys.iter().cloned());
        let erased = |fact: &Fact| matches!(fact, Fact::Right { event: Event::Erased { .. } });
        if draft.facts.iter().any(erased) {
            tally.forget(draft.case.id);
        }
        Self::between(pack, &counted, &draft.case, (tally, places))
    }

    /// From what was kept to what the case adds now.
    pub(crate) fn between(
        pack: &Pack,
        before: &Counted,
        case: &Case,
        (tally, places): (Tally, Places),
    ) -> Self {
        let counted = Counted::of(pack, case, &tally);
        let mut change = Self::default();
        if *before != counted {
            let mut sums = Sums::default();
            before.add_to(&mut sums, -1);
            counted.add_to(&mut sums, 1);
            let cells = sums.cells.into_iter().filter(|(_, n)| *n != 0);
            change.cells = cells.map(|(c, n)| (CountKey::new(c.name, c.period), n)).collect();
            sums.visits.retain(|_, delta| delta.values().any(|n| *n != 0));
            change.visits = sums.visits;
            let old: BTreeSet<MarkRow> = before.marks.iter().map(MarkRow::of).collect();
            let new: BTreeSet<MarkRow> = counted.marks.iter().map(MarkRow::of).collect();
            change.gone = old.difference(&new).cloned().collect();
            change.new = new.difference(&old).cloned().collect();
        }
        change.body = text_of(&Kept { tally, counted, places: Some(places) });
        change
    }

    /// The rows behind the cells.
    pub(crate) fn rows<'a>(&'a self, batch: &mut Batch<'a>, case: CaseId) {
        for row in &self.gone {
            batch.one(&MARK_DROP, &row.key(case));
        }
        for row in &self.new {
            let [figure, unit, rank, case, n] = row.key(case);
            let amount = row.amount.map_or(P::Null, P::Int);
            batch.add(&MARK_ADD, &[figure, unit, rank, case, n, row.day.into(), amount]);
        }
    }

    /// The cells, after the rows.
    pub(crate) async fn cells(&self, tx: &mut Tx) -> Result<(), Error> {
        for (key, n) in &self.cells {
            tx.add_count(key.clone(), *n);
        }
        for (who, delta) in &self.visits {
            visit(tx, who, delta).await?;
        }
        Ok(())
    }
}

async fn visit(tx: &mut Tx, who: &Somebody, delta: &Visits) -> Result<(), Error> {
    let who_p = [P::Text(&who.figure), P::Text(&who.key)];
    if !tx.is_alone() {
        tx.rows(&ALONE, &who_p).await?;
    }
    let before = visits(&tx.rows(&VISITS, &who_p).await?)?;
    let mut after = before.clone();
    for (visit, n) in delta {
        *after.entry(visit.clone()).or_default() += n;
    }
    let mut batch = Batch::new();
    for visit in delta.keys() {
        let [figure, tag] = who_p;
        let (units, month) = ((&visit.units).into(), (&visit.month).into());
        match after.get(visit).copied().unwrap_or(0) {
            0 => batch.add(&NO_VISIT, &[figure, tag, units, month]),
            n => batch.add(&VISIT, &[figure, tag, units, month, n.into()]),
        };
    }
    tx.exec_all(batch).await?;
    for (cell, n) in people_cells(&who.figure, &before, &after) {
        tx.add_count(CountKey::new(cell.name, cell.period), n);
    }
    Ok(())
}

/// Rows of units, month and number.
pub(crate) fn visits(rows: &[Row]) -> Result<Visits, Error> {
    let each = rows.iter().map(|row| {
        let (units, month) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok((Visit { units, month }, row.int(2)?))
    });
    each.collect()
}

/// What is kept beside a case, where this program can read it.
pub(crate) fn parsed(body: &str) -> Option<Kept> {
    serde_json::from_str(body).ok()
}

/// What is kept beside a case; made from its entries where an older program kept nothing.
pub(crate) async fn kept<R>(
    tx: &mut Tx,
    pack: &Pack,
    case: &Case,
    body: Option<&str>,
) -> Result<Kept, WriteError<R>> {
    if let Some(kept) = body.and_then(parsed) {
        return Ok(kept);
    }
    let mut tally = Tally::default();
    for row in tx.rows(&HISTORY, &[case.id.into()]).await? {
        let (stamp, facts) = entry(pack, &row)?;
        follow(pack, &mut tally, case, &stamp, &facts);
    }
    Ok(Kept { tally, counted: Counted::default(), places: None })
}

fn entry(pack: &Pack, row: &Row) -> Result<(Stamp, Vec<Fact>), Error> {
    let at = Timestamp::from_microsecond(row.int(0)?);
    let at = at.map_err(|_| row.corrupt(0, "not an instant"))?;
    let by: By = serde_json::from_str(row.text(1)?).map_err(|_| row.corrupt(1, "nobody"))?;
    let facts = serde_json::from_str(row.text(2)?).map_err(|_| row.corrupt(2, "no facts"))?;
    Ok((Stamp { at, day: pack.date_of(at), by }, facts))
}
