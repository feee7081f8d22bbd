//! What was ever told of a figure, by releases and their tables: a later table must not give away what
//! an earlier one kept back.
//!
//! A row stands for a number that went out, or for one that was kept back where others of its table
//! went out; of that one nothing is written down.

use crate::{
    Store,
    db::{Batch, Error, P, Reader, Row, Stmt, Tx},
    figure_values::FigureAsk,
    figures::number_of,
    verify::Report,
};
use domain::{
    case::{Case, Fact},
    figure::{Figure, Nature, Period, numbered},
    pack::Pack,
    press::{Counts, Past, Spot, Told},
    workflow::Code,
};
use jiff::{Timestamp, civil::Date};
use std::collections::{BTreeMap, BTreeSet};

static ADD: Stmt = Stmt::new(
    "INSERT INTO told_numbers (figure, at, case_id, edition, unit, own, period, amount)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static BEFORE: Stmt = Stmt::new(
    "SELECT unit, own, period, amount, at FROM told_numbers WHERE figure = $1
     ORDER BY figure, at, case_id, edition, unit, own, period",
);
static KEPT: Stmt = Stmt::new(
    "SELECT unit, own, period, amount, at FROM told_numbers WHERE figure = $1 AND amount IS NULL
     ORDER BY figure, at, case_id, edition, unit, own, period",
);
static OF_CASE: Stmt = Stmt::new(
    "SELECT figure, at, edition, unit, own, period, amount FROM told_numbers WHERE case_id = $1",
);
static HAPPENED: Stmt = Stmt::new(
    "SELECT unit, rank / 100, CAST(SUM(COALESCE(amount, 0)) AS BIGINT) FROM marks
     WHERE figure = $1 AND unit >= $2 AND unit <= $3 AND rank >= $4 AND rank <= $5
     GROUP BY unit, rank / 100",
);
static STOOD: Stmt = Stmt::new(
    "SELECT unit, CAST($5 AS BIGINT) / 100, CAST(SUM(COALESCE(amount, 0)) AS BIGINT) FROM marks
     WHERE figure = $1 AND unit >= $2 AND unit <= $3 AND day <= $4 AND rank > $5
     GROUP BY unit",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&ADD, &BEFORE, &KEPT, &OF_CASE, &HAPPENED, &STOOD];

/// One row of the table, without its case.
type Line = (Code, i64, i64, Code, bool, String, Option<i64>);

/// What surrounds a figure that is told for these periods. Persons told apart add up to nothing, so
/// nothing follows from them.
pub(crate) async fn past(
    tx: &mut Tx,
    pack: &Pack,
    figure: &Figure,
    periods: &BTreeSet<Period>,
) -> Result<Past, Error> {
    let mut past = Past { figure: figure.code.clone(), ..Past::default() };
    for row in tx.rows(&BEFORE, &[(&figure.code).into()]).await? {
        past.before.push(told(pack, &row)?);
    }
    let mut ends: BTreeSet<Date> = periods.iter().map(|period| period.last()).collect();
    if figure.nature == Nature::Stock {
        // What stood on other days follows from none of these numbers.
        past.before.retain(|told| ends.contains(&told.period.last()));
    } else {
        ends.extend(past.before.iter().map(|told| told.period.last()));
        ends = ends.pop_last().into_iter().collect();
    }
    for end in ends {
        count(tx, pack, (figure, end), &mut past.counts).await?;
    }
    Ok(past)
}

fn told(pack: &Pack, row: &Row) -> Result<Told, Error> {
    let spot = Spot { unit: row.text(0)?.to_owned(), own: row.int(1)? == 1 };
    let period = Period::parse(row.text(2)?);
    let period = period.ok_or_else(|| row.corrupt(2, "no period".to_owned()))?;
    let at = Timestamp::from_microsecond(row.int(4)?);
    let on = pack.date_of(at.map_err(|e| row.corrupt(4, e.to_string()))?);
    Ok(Told { spot, period, on, amount: row.opt_int(3)? })
}

impl Store {
    /// What tables that went out kept back of some figures, each by its code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept_back(
        &self,
        pack: &Pack,
        figures: &BTreeSet<&str>,
    ) -> Result<BTreeMap<Code, Vec<Told>>, Error> {
        let mut batch = Batch::new();
        for figure in figures {
            batch.add(&KEPT, &[(*figure).into()]);
        }
        let found = self.db.read().await?.rows_all(batch).await?;
        let each = figures.iter().zip(found).map(|(figure, rows)| {
            let kept = rows.iter().map(|row| told(pack, row)).collect::<Result<_, _>>()?;
            Ok(((*figure).to_owned(), kept))
        });
        each.collect()
    }
}

/// What stood at the end of a day, or all that ever happened up to it by month, for each unit.
async fn count(
    tx: &mut Tx,
    pack: &Pack,
    (figure, end): (&Figure, Date),
    counts: &mut Counts,
) -> Result<(), Error> {
    let codes = || pack.units.iter().map(|unit| &unit.code);
    let (Some(first), Some(last)) = (codes().next(), codes().last()) else { return Ok(()) };
    let ask = FigureAsk { figure, unit: first, period: Period::up_to(end) };
    for (version, from, to) in ask.versions(end) {
        let name = numbered(&figure.code, version.number);
        let (from, to) = (number_of(from.max(Date::constant(1, 1, 1))), number_of(to));
        let (stmt, from) = match figure.nature {
            Nature::Stock => (&STOOD, to),
            Nature::Flow | Nature::Cumulative => (&HAPPENED, from),
        };
        let params: [P<'_>; 5] =
            [(&name).into(), first.into(), last.into(), from.into(), to.into()];
        for row in tx.rows(stmt, &params).await? {
            *counts.entry((row.text(0)?.to_owned(), row.int(1)?)).or_default() += row.int(2)?;
        }
    }
    Ok(())
}

/// The rows of what a case has told.
fn lines(case: &Case) -> BTreeSet<Line> {
    let mut lines = BTreeSet::new();
    for (n, edition) in (0_i64..).zip(&case.editions) {
        let freezing = edition.freezing.and_then(|n| case.frozen.get(n));
        let values = freezing.map_or(&[][..], |freezing| &freezing.values);
        for (figure, told) in edition.told(values, Date::MIN) {
            let (at, Spot { unit, own }) = (edition.at.as_microsecond(), told.spot);
            lines.insert((figure, at, n, unit, own, told.period.code(), told.amount));
        }
    }
    lines
}

/// Writes down what the text that was signed just now tells.
pub(crate) async fn keep(tx: &mut Tx, case: &Case, facts: &[Fact]) -> Result<(), Error> {
    if !facts.iter().any(|fact| matches!(fact, Fact::Filled { .. })) {
        return Ok(());
    }
    let told = lines(case);
    let newest = i64::try_from(case.editions.len()).unwrap_or(i64::MAX) - 1;
    let mut batch = Batch::new();
    for (figure, at, edition, unit, own, period, amount) in &told {
        if *edition == newest {
            let [at, own] = [*at, i64::from(*own)].map(P::Int);
            let amount = amount.map_or(P::Null, P::Int);
            let (id, edition) = (case.id.into(), P::Int(*edition));
            let row = [figure.into(), at, id, edition, unit.into(), own, period.into(), amount];
            batch.add(&ADD, &row);
        }
    }
    tx.exec_all(batch).await?;
    Ok(())
}

/// Whether what was told is written down as the history of the case says.
pub(crate) async fn check(
    reader: &mut Reader,
    case: &Case,
    report: &mut Report,
) -> Result<(), Error> {
    if case.editions.is_empty() {
        return Ok(());
    }
    let rows = reader.rows(&OF_CASE, &[case.id.into()]).await?;
    let found: BTreeSet<Line> = rows.iter().map(line).collect::<Result<_, _>>()?;
    let told = lines(case);
    let name = format!("told numbers of case {}", case.id);
    for (figure, ..) in told.difference(&found) {
        report.trouble(name.clone(), format!("a number of {figure} that was told is missing"));
    }
    for (figure, ..) in found.difference(&told) {
        report.trouble(name.clone(), format!("a number of {figure} was never told"));
    }
    Ok(())
}

fn line(row: &Row) -> Result<Line, Error> {
    let text = |n| row.text(n).map(str::to_owned);
    Ok((text(0)?, row.int(1)?, row.int(2)?, text(3)?, row.int(4)? == 1, text(5)?, row.opt_int(6)?))
}

/// The periods for which each figure is told.
pub(crate) fn periods<'a>(
    told: impl Iterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<&'a str, BTreeSet<Period>> {
    let mut periods: BTreeMap<&str, BTreeSet<Period>> = BTreeMap::new();
    for (figure, period) in told {
        periods.entry(figure).or_default().extend(Period::parse(period));
    }
    periods
}
