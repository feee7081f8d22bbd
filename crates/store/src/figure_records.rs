//! From a number to its records, and from a record to every figure that counts it.
//!
//! A page of records is read by the key of `marks`, unit by unit down the tree; whole branches in
//! which nothing was counted are passed over by their cells. What the viewer may not open is still
//! there, because the number counts it, but says nothing of itself.

use crate::{
    Store,
    db::{Batch, Error, P, Reader, Row, Stmt},
    figure_values::{FigureAsk, FigurePart, months_between},
    figures::{Kept, number_of},
    freezing::Listed,
};
use domain::{
    access::{self, Viewer},
    case::{Case, CaseId},
    figure::{Mark, Nature, UNKNOWN, Version, name_of, numbered},
    pack::{Level, Pack, Scope},
    workflow::Code,
};
use jiff::civil::Date;

static HAPPENED: Stmt = Stmt::new(
    "SELECT day, amount, rank, case_id, n FROM marks
     WHERE figure = $1 AND unit = $2 AND rank <= $4 AND (rank, case_id, n) > ($3, $5, $6)
     ORDER BY rank, case_id, n LIMIT $7",
);
static STOOD: Stmt = Stmt::new(
    "SELECT day, amount, rank, case_id, n FROM marks
     WHERE figure = $1 AND unit = $2 AND day <= $4 AND (rank, case_id, n) > ($3, $5, $6)
     ORDER BY rank, case_id, n LIMIT $7",
);
static HAPPENED_OF: Stmt = Stmt::split(
    "SELECT m.day, m.amount, m.rank, m.case_id, m.n FROM marks m JOIN cases c ON c.id = m.case_id
     WHERE m.figure = $1 AND m.unit = $2 AND m.rank <= $4
       AND (m.rank, m.case_id, m.n) > ($3, $5, $6)
       AND CAST(c.body AS JSON) ->> CAST($8 AS TEXT) = $9
     ORDER BY m.rank, m.case_id, m.n LIMIT $7",
    "SELECT m.day, m.amount, m.rank, m.case_id, m.n FROM marks m JOIN cases c ON c.id = m.case_id
     WHERE m.figure = $1 AND m.unit = $2 AND m.rank <= $4
       AND (m.rank, m.case_id, m.n) > ($3, $5, $6) AND c.body ->> $8 = $9
     ORDER BY m.rank, m.case_id, m.n LIMIT $7",
);
static STOOD_OF: Stmt = Stmt::split(
    "SELECT m.day, m.amount, m.rank, m.case_id, m.n FROM marks m JOIN cases c ON c.id = m.case_id
     WHERE m.figure = $1 AND m.unit = $2 AND m.day <= $4
       AND (m.rank, m.case_id, m.n) > ($3, $5, $6)
       AND CAST(c.body AS JSON) ->> CAST($8 AS TEXT) = $9
     ORDER BY m.rank, m.case_id, m.n LIMIT $7",
    "SELECT m.day, m.amount, m.rank, m.case_id, m.n FROM marks m JOIN cases c ON c.id = m.case_id
     WHERE m.figure = $1 AND m.unit = $2 AND m.day <= $4
       AND (m.rank, m.case_id, m.n) > ($3, $5, $6) AND c.body ->> $8 = $9
     ORDER BY m.rank, m.case_id, m.n LIMIT $7",
);
static ANYTHING: Stmt = Stmt::new(
    "SELECT 1 FROM counts WHERE name = $1 AND unit >= $2 AND unit <= $3 AND n <> 0 LIMIT 1",
);
static STANDING: Stmt = Stmt::new(
    "SELECT CAST(SUM(n) AS BIGINT) FROM counts WHERE name = $1 AND unit >= $2 AND unit <= $3
     HAVING SUM(n) <> 0",
);
static BODY: Stmt = Stmt::new("SELECT body FROM cases WHERE id = $1");
static TALLY: Stmt = Stmt::new("SELECT body, tally FROM cases WHERE id = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&HAPPENED, &STOOD, &HAPPENED_OF, &STOOD_OF, &ANYTHING, &STANDING, &BODY, &TALLY];

/// Records of a page.
pub const PAGE: usize = 20;

/// Where a page of records ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCursor {
    /// Version of the definition.
    pub version: u32,
    /// Unit.
    pub unit: Code,
    /// Rank, case and ordinal of the last record.
    pub rank: i64,
    /// Case.
    pub case: CaseId,
    /// Ordinal.
    pub n: i64,
}

/// One record that a number counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureRecord {
    /// The case; none if the viewer may not open it.
    pub case: Option<RecordCase>,
    /// How much it adds; none when nobody said.
    pub amount: Option<i64>,
}

/// What is shown of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCase {
    /// The case.
    pub id: CaseId,
    /// Number.
    pub number: String,
    /// Category.
    pub category: Code,
    /// State.
    pub state: Code,
    /// The unit to which it is credited.
    pub unit: Code,
    /// The day on which it happened, or from which it stands; `yyyymmdd`.
    pub day: i64,
}

/// A page of records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordPage {
    /// Records.
    pub records: Vec<FigureRecord>,
    /// Where the next page begins.
    pub next: Option<RecordCursor>,
}

/// Whether this viewer may ask for the figures of a unit.
pub fn may_count(pack: &Pack, viewer: &Viewer, unit: &str) -> bool {
    match viewer {
        Viewer::System => true,
        Viewer::Public | Viewer::Appellant(_) => false,
        Viewer::Staff(staff, _) => {
            let root = access::list_root(pack, staff);
            let scope = access::scope(pack, staff);
            match root {
                Some(root) if scope >= Scope::Subtree => pack.units.covers(&root, unit),
                Some(root) => scope == Scope::Unit && root == unit,
                None => false,
            }
        }
    }
}

/// Whether the case keeps the viewer out, by name or with the unit.
fn keeps_out(viewer: &Viewer, case: &Case) -> bool {
    matches!(viewer, Viewer::Staff(staff, _) if case.guarded.bars(staff))
}

/// One version, and the days of the period on which it holds.
struct Walk<'a> {
    pack: &'a Pack,
    ask: &'a FigureAsk<'a>,
    part: FigurePart<'a>,
    version: &'a Version,
    from: Date,
    to: Date,
    /// Records of a page.
    most: usize,
}

/// A record as the rows have it.
pub(crate) struct Found {
    version: u32,
    unit: Code,
    rank: i64,
    case: CaseId,
    n: i64,
    day: i64,
    amount: Option<i64>,
}

impl From<&Listed> for Found {
    fn from((unit, case, n, day, amount): &Listed) -> Self {
        let (unit, case, n, day) = (unit.clone(), *case, *n, *day);
        Self { version: 0, unit, rank: day, case, n, day, amount: *amount }
    }
}

impl Store {
    /// The cases that a number counts, a page at a time; nothing for who may not see the number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn records_of(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        ask: FigureAsk<'_>,
        today: Date,
        cursor: Option<&RecordCursor>,
    ) -> Result<RecordPage, Error> {
        self.records_up_to((pack, viewer), ask, today, (cursor, PAGE)).await
    }

    /// The same, so many at a time: for whoever takes out all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn records_up_to(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        ask: FigureAsk<'_>,
        today: Date,
        page: (Option<&RecordCursor>, usize),
    ) -> Result<RecordPage, Error> {
        self.walked((pack, viewer), (ask, FigurePart::Whole), today, page).await
    }

    /// A page of the cases in a part of a figure that is split by it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn records_in(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        (ask, part): (FigureAsk<'_>, FigurePart<'_>),
        today: Date,
        cursor: Option<&RecordCursor>,
    ) -> Result<RecordPage, Error> {
        self.walked((pack, viewer), (ask, part), today, (cursor, PAGE)).await
    }

    async fn walked(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        (ask, part): (FigureAsk<'_>, FigurePart<'_>),
        today: Date,
        (cursor, most): (Option<&RecordCursor>, usize),
    ) -> Result<RecordPage, Error> {
        if !may_count(pack, viewer, ask.unit) {
            return Ok(RecordPage::default());
        }
        let mut reader = self.db.page().await?;
        let mut found: Vec<Found> = Vec::new();
        let skip = cursor.map_or(0, |c| c.version);
        for (version, from, to) in ask.versions(today) {
            if version.number < skip || found.len() > most {
                continue;
            }
            let walk = Walk { pack, ask: &ask, part, version, from, to, most };
            walk.go(&mut reader, cursor.filter(|c| c.version == version.number), &mut found)
                .await?;
        }
        let more = found.len() > most;
        found.truncate(most);
        let next = found.last().filter(|_| more).map(|f| RecordCursor {
            version: f.version,
            unit: f.unit.clone(),
            rank: f.rank,
            case: f.case,
            n: f.n,
        });
        let records = self.masked(&mut reader, (pack, viewer), found).await?;
        Ok(RecordPage { records, next })
    }

    pub(crate) async fn masked(
        &self,
        reader: &mut Reader,
        (pack, viewer): (&Pack, &Viewer),
        found: Vec<Found>,
    ) -> Result<Vec<FigureRecord>, Error> {
        let each = self.masked_each(reader, (pack, viewer), found).await?;
        Ok(each.into_iter().flatten().collect())
    }

    /// The same, one answer for each record: none of a case that keeps the viewer out.
    pub(crate) async fn masked_each(
        &self,
        reader: &mut Reader,
        (pack, viewer): (&Pack, &Viewer),
        found: Vec<Found>,
    ) -> Result<Vec<Option<FigureRecord>>, Error> {
        let mut batch = Batch::new();
        for one in &found {
            batch.add(&BODY, &[one.case.into()]);
        }
        let bodies = reader.rows_all(batch).await?;
        let mut records = Vec::with_capacity(found.len());
        for (one, rows) in found.into_iter().zip(bodies) {
            let case = rows.first().map(|row| crate::parse_case(row, 0)).transpose()?;
            // Whoever is kept out of a case is told of no line either.
            if case.as_ref().is_some_and(|case| keeps_out(viewer, case)) {
                records.push(None);
                continue;
            }
            let case = case.filter(|case| access::may_open(pack, viewer, case));
            let case = case.map(|case| self.shown(pack, &case, &one));
            records.push(Some(FigureRecord { case, amount: one.amount }));
        }
        Ok(records)
    }

    fn shown(&self, pack: &Pack, case: &Case, one: &Found) -> RecordCase {
        RecordCase {
            id: case.id,
            number: self.number_of(pack, case),
            category: case.category.clone(),
            state: case.state.clone(),
            unit: one.unit.clone(),
            day: one.day,
        }
    }

    /// Every figure that counts a case, as it counts it now; none for who may not open it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn figures_of(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        case: CaseId,
    ) -> Result<Option<Vec<Mark>>, Error> {
        let Some(row) = self.db.read().await?.row(&TALLY, &[case.into()]).await? else {
            return Ok(None);
        };
        if !access::may_open(pack, viewer, &crate::parse_case(&row, 0)?) {
            return Ok(None);
        }
        let kept = row.opt_text(1)?.and_then(|body| serde_json::from_str::<Kept>(body).ok());
        Ok(Some(kept.unwrap_or_default().counted.marks))
    }
}

impl Walk<'_> {
    /// Down the tree from the unit that was asked for, until a page is full and one more is found.
    async fn go(
        &self,
        reader: &mut Reader,
        cursor: Option<&RecordCursor>,
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        let units = &self.pack.units;
        let mut stack: Vec<Code> = vec![self.ask.unit.to_owned()];
        let mut resume = cursor;
        while let Some(unit) = stack.pop() {
            // On the way to where the last page ended: what lies before was shown.
            let ahead = resume.filter(|c| c.unit != unit);
            if ahead.is_none() {
                self.own(reader, &unit, resume.take(), found).await?;
            }
            if found.len() > self.most {
                break;
            }
            if units.get(&unit).is_none_or(|u| u.level == Level::Village) {
                continue;
            }
            let mut below: Vec<&str> = units.children(&unit).map(|u| u.code.as_str()).collect();
            if let Some(cursor) = ahead {
                let at = below.iter().position(|u| units.covers(u, &cursor.unit));
                below.drain(..at.unwrap_or(0));
            }
            let filled = self.filled(reader, &below).await?;
            stack.extend(filled.into_iter().rev().map(str::to_owned));
        }
        Ok(())
    }

    /// The units in which, or below which, something was counted.
    async fn filled<'u>(
        &self,
        reader: &mut Reader,
        units: &[&'u str],
    ) -> Result<Vec<&'u str>, Error> {
        let (from, to) = months_between(self.from, self.to);
        let stands = self.ask.figure.nature == Nature::Stock;
        let (stmt, from) = if stands { (&STANDING, String::new()) } else { (&ANYTHING, from) };
        let name =
            |unit: &str, part| name_of(&self.ask.figure.code, self.version.number, unit, part);
        let part = self.part.code();
        let unknown = if self.part == FigurePart::Whole { UNKNOWN } else { &part };
        let names: Vec<[String; 2]> =
            units.iter().map(|u| [name(u, &part), name(u, unknown)]).collect();
        let mut batch = Batch::new();
        for name in names.iter().flatten() {
            batch.add(stmt, &[name.into(), (&from).into(), (&to).into()]);
        }
        let answers = reader.rows_all(batch).await?;
        let any = |pair: &[Vec<Row>]| pair.iter().any(|rows| !rows.is_empty());
        Ok(units.iter().zip(answers.chunks(2)).filter(|(_, p)| any(p)).map(|(u, _)| *u).collect())
    }

    /// The records that are credited to one unit itself.
    async fn own(
        &self,
        reader: &mut Reader,
        unit: &str,
        after: Option<&RecordCursor>,
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        let figure = numbered(&self.ask.figure.code, self.version.number);
        let stands = self.ask.figure.nature == Nature::Stock;
        let (from, to) = (number_of(self.from.max(Date::constant(1, 1, 1))), number_of(self.to));
        // A rank before the first one that counts: a stock counts what stands beyond the day.
        let before = if stands { to } else { from - 1 };
        let (rank, case, n) = after.map_or((before, i64::MAX, 0), |c| (c.rank, c.case, c.n));
        let left = i64::try_from((self.most + 1).saturating_sub(found.len())).unwrap_or(0);
        let mut params: Vec<P<'_>> = vec![
            (&figure).into(),
            unit.into(),
            rank.into(),
            to.into(),
            case.into(),
            n.into(),
            left.into(),
        ];
        let stmt = match (self.part.said(), stands) {
            (None, false) => &HAPPENED,
            (None, true) => &STOOD,
            (Some(_), false) => &HAPPENED_OF,
            (Some(_), true) => &STOOD_OF,
        };
        if let Some((key, code)) = self.part.said() {
            params.extend([P::from(key), P::from(code)]);
        }
        for row in reader.rows(stmt, &params).await? {
            found.push(Found {
                version: self.version.number,
                unit: unit.to_owned(),
                day: row.int(0)?,
                amount: row.opt_int(1)?,
                rank: row.int(2)?,
                case: row.int(3)?,
                n: row.int(4)?,
            });
        }
        Ok(())
    }
}
