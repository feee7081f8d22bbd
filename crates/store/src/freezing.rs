//! Freezes numbers in the transaction of the command: the records of each are listed as they are at
//! that instant, the number is counted from the list, and the list is kept in pieces beside the case
//! whose history holds its digest. What was frozen is never written again.
//!
//! The list is read from the marks and not from the cells: cells of works in the same batch are
//! written with its commit, marks at once.

use crate::{
    Store,
    answer::No,
    command::{Command, Want},
    db::{Batch, Error, P, Reader, Row, Stmt, Tx, WriteError},
    figure_hidden,
    figure_records::{FigureRecord, Found},
    figure_values::{FigureAsk, months_between},
    figures::number_of,
    hex,
    request::Act,
    text_of, told_numbers,
    verify::Report,
};
use domain::{
    access::Viewer,
    case::{Case, CaseId, Fact},
    decide::Step,
    field::FieldKind,
    figure::{Asked, Frozen, Look, Nature, Version, asked, numbered},
    pack::Pack,
    press::Past,
    refusal::Refusal,
    workflow::{Code, Effect},
};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

static HAPPENED: Stmt = Stmt::new(
    "SELECT unit, case_id, n, day, amount FROM marks
     WHERE figure = $1 AND unit >= $2 AND unit <= $3 AND rank >= $4 AND rank <= $5
     ORDER BY unit, rank, case_id, n",
);
static STOOD: Stmt = Stmt::new(
    "SELECT unit, case_id, n, day, amount FROM marks
     WHERE figure = $1 AND unit >= $2 AND unit <= $3 AND day <= $4 AND rank > $5
     ORDER BY unit, rank, case_id, n",
);
static PEOPLE: Stmt = Stmt::split(
    "SELECT COUNT(DISTINCT tag) FROM visits
     WHERE figure = $1 AND strpos(units, $2) > 0 AND month >= $3 AND month <= $4",
    "SELECT COUNT(DISTINCT tag) FROM visits
     WHERE figure = $1 AND instr(units, $2) > 0 AND month >= $3 AND month <= $4",
);
static KEEP: Stmt =
    Stmt::new("INSERT INTO frozen (case_id, freezing, n, piece, body) VALUES ($1, $2, $3, $4, $5)");
pub(crate) static PIECES: Stmt = Stmt::new(
    "SELECT body FROM frozen WHERE case_id = $1 AND freezing = $2 AND n = $3 ORDER BY piece",
);
static ONE_PIECE: Stmt = Stmt::new(
    "SELECT body FROM frozen WHERE case_id = $1 AND freezing = $2 AND n = $3 AND piece = $4",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&HAPPENED, &STOOD, &PEOPLE, &KEEP, &PIECES, &ONE_PIECE];

/// Records of one piece of a list.
pub(crate) const PIECE: usize = 1000;
/// Above so many units one reading of all of them is cheaper than one for each.
const MANY_UNITS: usize = 40;

/// A record in a list: unit, case, ordinal, day as yyyymmdd, amount.
pub(crate) type Listed = (Code, CaseId, i64, i64, Option<i64>);

/// Numbers as they are now, and the lists behind them.
#[derive(Debug, Default)]
pub(crate) struct Now {
    pub values: Vec<Frozen>,
    /// What went out before of the figures that a text tells.
    pub told: Vec<Past>,
    pieces: Vec<Vec<String>>,
}

impl Now {
    /// What the steps of a command freeze.
    pub(crate) async fn of(tx: &mut Tx, command: &Command, case: &Case) -> Result<Self, Error> {
        let Want::Act { steps, .. } = &command.want else { return Ok(Self::default()) };
        let mut now = Self::default();
        for one in wanted(&command.pack, case, steps) {
            now.add(tx, (&command.pack, command.pack.date_of(command.at)), &one).await?;
        }
        if tells(&command.pack, case, steps) {
            let told = now.values.iter().map(|v| (v.figure.as_str(), v.period.as_str()));
            for (figure, periods) in told_numbers::periods(told) {
                let figure = command.pack.figures.get(figure).filter(|f| !f.is_distinct());
                if let Some(figure) = figure {
                    now.told.push(told_numbers::past(tx, &command.pack, figure, &periods).await?);
                }
            }
        }
        Ok(now)
    }

    async fn add(
        &mut self,
        tx: &mut Tx,
        (pack, today): (&Pack, Date),
        asked: &Asked,
    ) -> Result<(), Error> {
        let Some(figure) = pack.figures.get(&asked.figure) else { return Ok(()) };
        let ask = FigureAsk { figure, unit: &asked.unit, period: asked.period };
        let told = if ask.is_told(today) { ask.versions(today) } else { Vec::new() };
        let units = units_below(pack, &asked.unit);
        let (mut list, mut number, mut unknown) = (Vec::new(), 0, 0);
        for (version, from, to) in &told {
            let found = listed(tx, &ask, (version, *from, *to), &units).await?;
            let known = found.iter().filter_map(|(.., amount)| *amount);
            number += if figure.is_distinct() {
                people(tx, &ask, version, (*from, *to)).await?
            } else {
                known.clone().sum()
            };
            unknown += found.len() - known.count();
            list.extend(found);
        }
        let unknown = i64::try_from(unknown).unwrap_or(i64::MAX);
        let silent = number == 0 && unknown > 0;
        let pieces: Vec<String> = list.chunks(PIECE).map(|piece| text_of(&piece)).collect();
        self.values.push(Frozen {
            figure: asked.figure.clone(),
            unit: asked.unit.clone(),
            period: asked.period.code(),
            versions: told.iter().map(|(v, _, _)| v.number).collect(),
            amount: (!told.is_empty() && !silent).then_some(number),
            unknown,
            records: list.len() as u64,
            digest: digest(pieces.iter().map(String::as_str)),
        });
        self.pieces.push(pieces);
        Ok(())
    }

    /// The lists of what a command has frozen, under the ordinal of the freezing in its case, and what
    /// has gone out.
    pub(crate) fn keep<'a>(&'a self, batch: &mut Batch<'a>, case: &Case, facts: &[Fact]) {
        crate::releases::out(batch, case, facts);
        let new = facts.iter().filter_map(|fact| match fact {
            Fact::Froze { values } => Some(values),
            _ => None,
        });
        let first = case.frozen.len() - new.clone().count();
        for (freezing, values) in (first..).zip(new) {
            for (n, value) in values.iter().enumerate() {
                let lists = self.values.iter().zip(&self.pieces);
                let pieces = lists.filter(|(known, _)| *known == value).map(|(_, p)| p).next();
                for (piece, body) in pieces.into_iter().flatten().enumerate() {
                    let at =
                        [freezing, n, piece].map(|n| P::Int(i64::try_from(n).unwrap_or(i64::MAX)));
                    batch.add(&KEEP, &[case.id.into(), at[0], at[1], at[2], body.into()]);
                }
            }
        }
    }
}

/// SHA-256 over the pieces of a list.
pub(crate) fn digest<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    pieces.for_each(|piece| hash.update(piece));
    hex(&hash.finalize())
}

/// Whether steps freeze numbers or sign a text: then the numbers of that moment are needed.
pub(crate) fn freezes(pack: &Pack, case: &Case, steps: &[Step]) -> bool {
    tells(pack, case, steps) || !wanted(pack, case, steps).is_empty()
}

/// What steps freeze, each once.
fn wanted(pack: &Pack, case: &Case, steps: &[Step]) -> BTreeSet<Asked> {
    let flow = pack.flow_of(case);
    let actions = steps.iter().filter_map(|step| Some((flow?.action(&step.action)?, &step.given)));
    let effects =
        actions.flat_map(|(action, given)| action.effects.iter().map(move |e| (e, given)));
    effects.flat_map(|(effect, given)| asked(pack, case, given, effect)).collect()
}

/// Whether one of the steps signs a text.
fn tells(pack: &Pack, case: &Case, steps: &[Step]) -> bool {
    let flow = pack.flow_of(case);
    let mut actions = steps.iter().filter_map(|step| flow?.action(&step.action));
    actions.any(|action| action.effects.iter().any(|e| matches!(e, Effect::Fill(_))))
}

/// The unit and all below it.
fn units_below(pack: &Pack, unit: &str) -> BTreeSet<Code> {
    let below = pack.units.iter().filter(|u| pack.units.covers(unit, &u.code));
    below.map(|u| u.code.clone()).collect()
}

async fn listed(
    tx: &mut Tx,
    ask: &FigureAsk<'_>,
    (version, from, to): (&Version, Date, Date),
    units: &BTreeSet<Code>,
) -> Result<Vec<Listed>, Error> {
    let figure = numbered(&ask.figure.code, version.number);
    let (from, to) = (number_of(from.max(Date::constant(1, 1, 1))), number_of(to));
    let (stmt, ranks) = match ask.figure.nature {
        Nature::Stock => (&STOOD, [to, to]),
        Nature::Flow | Nature::Cumulative => (&HAPPENED, [from, to]),
    };
    let mut list = Vec::new();
    let ranges: Vec<(&Code, &Code)> = if units.len() > MANY_UNITS {
        units.first().zip(units.last()).into_iter().collect()
    } else {
        units.iter().zip(units).collect()
    };
    for (first, last) in ranges {
        let params: [P<'_>; 5] =
            [(&figure).into(), first.into(), last.into(), ranks[0].into(), ranks[1].into()];
        for row in tx.rows(stmt, &params).await? {
            let one = record(&row)?;
            if units.contains(&one.0) {
                list.push(one);
            }
        }
    }
    Ok(list)
}

fn record(row: &Row) -> Result<Listed, Error> {
    Ok((row.text(0)?.to_owned(), row.int(1)?, row.int(2)?, row.int(3)?, row.opt_int(4)?))
}

async fn people(
    tx: &mut Tx,
    ask: &FigureAsk<'_>,
    version: &Version,
    (from, to): (Date, Date),
) -> Result<i64, Error> {
    let (figure, unit) = (numbered(&ask.figure.code, version.number), format!(" {} ", ask.unit));
    let (from, to) = months_between(from, to);
    let params = [&figure, &unit, &from, &to].map(P::from);
    let row = tx.row(&PEOPLE, &params).await?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Which frozen number: the ordinal of the freezing in its case, and of the number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrozenAt {
    /// The case.
    pub case: CaseId,
    /// Ordinal of the freezing, from 0.
    pub freezing: usize,
    /// Ordinal of the number, from 0.
    pub n: usize,
}

impl FrozenAt {
    pub(crate) fn params(self) -> [P<'static>; 3] {
        let whole = |n: usize| P::Int(i64::try_from(n).unwrap_or(i64::MAX));
        [self.case.into(), whole(self.freezing), whole(self.n)]
    }
}

/// A piece of a list.
fn listed_in(row: &Row) -> Result<Vec<Listed>, Error> {
    serde_json::from_str(row.text(0)?).map_err(|e| row.corrupt(0, e.to_string()))
}

/// Takes the records of some cases out of a number.
fn without(value: &mut Frozen, list: &[Listed], barred: &[CaseId]) {
    for (_, _, _, _, amount) in list.iter().filter(|(_, case, ..)| barred.contains(case)) {
        value.records -= 1;
        match amount {
            Some(n) => value.amount = value.amount.map(|all| all - n),
            None => value.unknown -= 1,
        }
    }
}

impl Store {
    /// The frozen numbers of a case as this viewer is told them: without what they are kept out of.
    /// Whoever is kept out of nothing is told what was frozen. Of persons it takes one away for each
    /// such record, which is one too many where somebody has another record in the list.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn frozen_for(&self, viewer: &Viewer, case: &mut Case) -> Result<(), Error> {
        let mut reader = self.db.page().await?;
        let barred = figure_hidden::barred(&mut reader, viewer).await?;
        if barred.is_empty() {
            return Ok(());
        }
        let id = case.id;
        for (freezing, one) in case.frozen.iter_mut().enumerate() {
            for (n, value) in one.values.iter_mut().enumerate() {
                let at = FrozenAt { case: id, freezing, n };
                for row in reader.rows(&PIECES, &at.params()).await? {
                    without(value, &listed_in(&row)?, &barred);
                }
            }
        }
        Ok(())
    }

    /// Some records of a frozen number with their places in its list, each masked as the viewer's
    /// rights say today. Whoever asks has opened the case that holds the number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn frozen_records(
        &self,
        who: (&Pack, &Viewer),
        at: FrozenAt,
        places: &[u64],
    ) -> Result<Vec<(u64, FigureRecord)>, Error> {
        let each = self.frozen_each(who, at, places).await?;
        Ok(each.into_iter().filter_map(|(place, record)| Some((place, record?))).collect())
    }

    /// Refuses what somebody says of records that they may not open: they cannot have looked at them.
    pub(crate) async fn only_seen(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        act: &Act,
    ) -> Result<(), WriteError<No>> {
        let is_sample = |code: &Code| {
            let fields = pack.workflows.values().filter_map(|flow| flow.fields.get(code));
            fields.into_iter().any(|field| field.kind == FieldKind::Sample)
        };
        let coded = act.steps.iter().flat_map(|step| &step.given.coded);
        let said = coded.filter(|(code, _)| is_sample(code)).flat_map(|(_, value)| value.all());
        let mut numbers: BTreeMap<(usize, usize), Vec<u64>> = BTreeMap::new();
        for (freezing, look) in said.filter_map(|code| Look::parse(code)) {
            numbers.entry((freezing, look.n)).or_default().push(look.place);
        }
        // Whoever may not know of the case is told so by the command, and nothing of its records.
        if numbers.is_empty() || self.case_by_id(pack, viewer, act.case).await?.is_none() {
            return Ok(());
        }
        for ((freezing, n), mut places) in numbers {
            places.sort_unstable();
            let at = FrozenAt { case: act.case, freezing, n };
            let each = self.frozen_each((pack, viewer), at, &places).await?;
            let open = |record: &Option<FigureRecord>| {
                record.as_ref().is_some_and(|record| record.case.is_some())
            };
            if !each.iter().all(|(_, record)| open(record)) {
                return Err(Refusal::NotSeen.into());
            }
        }
        Ok(())
    }

    /// The records at these places, one answer for each that is there.
    async fn frozen_each(
        &self,
        who: (&Pack, &Viewer),
        at: FrozenAt,
        places: &[u64],
    ) -> Result<Vec<(u64, Option<FigureRecord>)>, Error> {
        let mut reader = self.db.page().await?;
        let (mut there, mut found) = (Vec::new(), Vec::with_capacity(places.len()));
        let mut piece: (Option<u64>, Vec<Listed>) = (None, Vec::new());
        let [case, freezing, n] = at.params();
        for place in places {
            let wanted = place / PIECE as u64;
            if piece.0 != Some(wanted) {
                let number = P::Int(i64::try_from(wanted).unwrap_or(i64::MAX));
                let row = reader.row(&ONE_PIECE, &[case, freezing, n, number]).await?;
                let list = row.as_ref().map(listed_in).transpose()?;
                piece = (Some(wanted), list.unwrap_or_default());
            }
            let within = usize::try_from(place % PIECE as u64).unwrap_or(usize::MAX);
            if let Some(listed) = piece.1.get(within) {
                there.push(*place);
                found.push(Found::from(listed));
            }
        }
        let records = self.masked_each(&mut reader, who, found).await?;
        Ok(there.into_iter().zip(records).collect())
    }
}

/// Whether every list behind the frozen numbers of a case is the one whose digest its history holds.
pub(crate) async fn check(
    reader: &mut Reader,
    case: &Case,
    report: &mut Report,
) -> Result<(), Error> {
    for (freezing, one) in case.frozen.iter().enumerate() {
        for (n, value) in one.values.iter().enumerate() {
            let at = FrozenAt { case: case.id, freezing, n };
            let rows = reader.rows(&PIECES, &at.params()).await?;
            let pieces = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
            if digest(pieces.into_iter()) != value.digest {
                let what =
                    format!("the records of {} are not those that were frozen", value.figure);
                report.trouble(format!("frozen numbers of case {}", case.id), what);
            }
        }
    }
    Ok(())
}
