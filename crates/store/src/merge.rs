//! Many lists read as one, in the order of their index.
//!
//! Of each list a few rows are read first and more only when those are used up, so a page costs
//! what it shows and not what its lists hold. Decides nothing about who may see what.

use crate::{
    db::{Batch, Error, Reader, Row, Stmt},
    desk::DeskFilter,
    project,
};
use domain::{case::CaseId, clock::Light};
use jiff::Timestamp;
use std::{
    cmp::Ordering,
    collections::{BTreeSet, VecDeque},
};

static FORWARD: Stmt = Stmt::new(
    "SELECT rank, case_id, yellow, grade, category FROM desk
     WHERE unit = $1 AND state = $2 AND tier = $3 AND (rank, case_id) > ($4, $5) AND rank < $6
     ORDER BY rank, case_id LIMIT $7",
);
static BACKWARD: Stmt = Stmt::new(
    "SELECT rank, case_id, yellow, grade, category FROM desk
     WHERE unit = $1 AND state = $2 AND tier = $3 AND (rank, case_id) < ($4, $5)
     ORDER BY rank DESC, case_id DESC LIMIT $6",
);
/// Steps from list to list, one look into the index each: most lists of a unit are empty.
static STANDING: Stmt = Stmt::new(
    "WITH RECURSIVE standing (list) AS (
       SELECT MIN(state) FROM desk WHERE unit = $1
       UNION ALL
       SELECT (SELECT MIN(state) FROM desk WHERE unit = $1 AND state > standing.list)
       FROM standing WHERE standing.list IS NOT NULL)
     SELECT list FROM standing WHERE list IS NOT NULL",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&FORWARD, &BACKWARD, &STANDING];

/// Rows of a list that are read at first; each time they are used up, eight times as many.
const FEW: i64 = 8;
const MANY: i64 = 512;
/// From so many lists on, those that hold anything are asked for first.
const SOME: usize = 12;
/// So many rows are looked at for a page before a narrow filter answers with what it has; the next
/// page goes on from there.
const PATIENCE: usize = 4_000;

/// A place in a list, from which its next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(crate) tier: i64,
    pub(crate) rank: i64,
    pub(crate) case: CaseId,
}

/// A row of a list.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) at: Cursor,
    pub(crate) yellow: i64,
    /// The list, as the projection names it.
    pub(crate) list: String,
    grade: String,
    category: String,
}

/// What is left of one tier of one list.
#[derive(Debug)]
struct Source {
    unit: String,
    list: String,
    tier: i64,
    /// The last row that was read.
    after: (i64, CaseId),
    rows: VecDeque<Place>,
    limit: i64,
    more: bool,
}

/// The lists of a page on their way.
pub(crate) struct Merge<'a> {
    filter: &'a DeskFilter,
    now: Timestamp,
    newest_first: bool,
    sources: Vec<Source>,
    /// Rows taken so far, and the last of them.
    looked: usize,
    last: Option<Cursor>,
    /// A place that was taken and belongs to the next run.
    ahead: Option<Place>,
    tired: bool,
}

/// Of these lists, named by unit and list, those that hold anything.
pub(crate) async fn standing(
    reader: &mut Reader,
    mut lists: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Error> {
    if lists.len() < SOME {
        return Ok(lists);
    }
    let units: BTreeSet<String> = lists.iter().map(|(unit, _)| unit.clone()).collect();
    for unit in units {
        let rows = reader.rows(&STANDING, &[(&unit).into()]).await?;
        let held = rows.iter().map(|row| row.text(0)).collect::<Result<BTreeSet<_>, _>>()?;
        lists.retain(|(of, list)| *of != unit || held.contains(list.as_str()));
    }
    Ok(lists)
}

impl<'a> Merge<'a> {
    /// The lists, named by unit and list, from the cursor of the filter on.
    pub(crate) fn new(
        lists: &[(String, String)],
        newest_first: bool,
        now: Timestamp,
        filter: &'a DeskFilter,
    ) -> Self {
        // What is closed stands in the last tier alone.
        let tiers = if newest_first { &[project::REST][..] } else { &project::TIERS[..] };
        let first =
            if newest_first { (i64::MAX, i64::MAX) } else { (bounds(now, filter).0, i64::MIN) };
        let start = |tier: i64| match filter.cursor {
            Some(cursor) if cursor.tier > tier => None,
            Some(cursor) if cursor.tier == tier => Some((cursor.rank, cursor.case)),
            Some(_) | None => Some(first),
        };
        let source = |(unit, list): &(String, String), tier: i64| {
            start(tier).map(|after| Source {
                unit: unit.clone(),
                list: list.clone(),
                tier,
                after,
                rows: VecDeque::new(),
                limit: FEW,
                more: true,
            })
        };
        let sources =
            tiers.iter().flat_map(|tier| lists.iter().filter_map(|l| source(l, *tier))).collect();
        Self {
            filter,
            now,
            newest_first,
            sources,
            looked: 0,
            last: None,
            ahead: None,
            tired: false,
        }
    }

    /// The next places that fit the filter: `most` of them, and those at the same place as the
    /// last; none at the end. A case that stands in two lists at one place is told once, a task
    /// beside its case.
    pub(crate) async fn run(
        &mut self,
        reader: &mut Reader,
        most: usize,
    ) -> Result<Vec<Place>, Error> {
        let mut places: Vec<Place> = Vec::new();
        loop {
            let next = match self.ahead.take() {
                Some(place) => Some(place),
                None => self.fitting(reader).await?,
            };
            let Some(place) = next else { return Ok(places) };
            // A cursor cannot fall between two rows of one place.
            let twin = places.last().is_some_and(|last| last.at == place.at);
            if places.len() >= most && !twin {
                self.ahead = Some(place);
                return Ok(places);
            }
            let is_case = |place: &Place| project::task_of(&place.list).is_none();
            let twins = places.iter().rev().take_while(|other| other.at == place.at);
            if !(is_case(&place) && twins.into_iter().any(is_case)) {
                places.push(place);
            }
        }
    }

    /// Where the next page begins when the last run ended at `end`.
    pub(crate) fn next_page(&self, end: Option<Cursor>) -> Option<Cursor> {
        match (&self.ahead, self.tired) {
            (Some(_), _) => end,
            (None, true) => self.last,
            (None, false) => None,
        }
    }

    async fn fitting(&mut self, reader: &mut Reader) -> Result<Option<Place>, Error> {
        while !self.tired {
            self.refill(reader).await?;
            let Some(place) = self.pop() else { return Ok(None) };
            if self.looked >= PATIENCE && self.last != Some(place.at) {
                self.tired = true;
                break;
            }
            self.looked += 1;
            self.last = Some(place.at);
            if fits(&place, self.now, self.filter) {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// The first row of all lists; of rows at one place that of the list named first.
    fn pop(&mut self) -> Option<Place> {
        let newest_first = self.newest_first;
        let order =
            |a: &Cursor, b: &Cursor| -> Ordering { if newest_first { b.cmp(a) } else { a.cmp(b) } };
        let heads = self.sources.iter_mut().filter_map(|s| Some((s.rows.front()?.at, s)));
        let (_, source) = heads.min_by(|(a, _), (b, _)| order(a, b))?;
        source.rows.pop_front()
    }

    /// Reads on where a list has been used up; in one flight also where one soon will be.
    async fn refill(&mut self, reader: &mut Reader) -> Result<(), Error> {
        if !self.sources.iter().any(|s| s.more && s.rows.is_empty()) {
            return Ok(());
        }
        let (_, end) = bounds(self.now, self.filter);
        let low = |s: &Source| s.more && s.rows.len() < 3;
        let mut batch = Batch::new();
        for s in self.sources.iter().filter(|s| low(s)) {
            let (rank, case) = s.after;
            let key = [(&s.unit).into(), (&s.list).into(), s.tier.into(), rank.into(), case.into()];
            let [unit, list, tier, rank, case] = key;
            if self.newest_first {
                batch.add(&BACKWARD, &[unit, list, tier, rank, case, s.limit.into()]);
            } else {
                batch.add(&FORWARD, &[unit, list, tier, rank, case, end.into(), s.limit.into()]);
            }
        }
        let answers = reader.rows_all(batch).await?;
        for (source, rows) in self.sources.iter_mut().filter(|s| low(s)).zip(answers) {
            source.take(&rows)?;
        }
        Ok(())
    }
}

impl Source {
    fn take(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            self.after = (row.int(0)?, row.int(1)?);
            self.rows.push_back(Place {
                at: Cursor { tier: self.tier, rank: self.after.0, case: self.after.1 },
                yellow: row.int(2)?,
                list: self.list.clone(),
                grade: row.text(3)?.to_owned(),
                category: row.text(4)?.to_owned(),
            });
        }
        self.more = i64::try_from(rows.len()).is_ok_and(|n| n == self.limit);
        self.limit = (self.limit * 8).min(MANY);
        Ok(())
    }
}

/// The ranks between which a light can be found: from the first, up to and without the second.
fn bounds(now: Timestamp, filter: &DeskFilter) -> (i64, i64) {
    let now = now.as_microsecond();
    match filter.light {
        Some(Light::Red) => (i64::MIN, now.saturating_add(1)),
        Some(Light::Yellow) => (now, i64::MAX),
        // A paused case is green although its pause may have ended a moment ago.
        Some(Light::Green) | None => (i64::MIN, i64::MAX),
    }
}

fn fits(place: &Place, now: Timestamp, filter: &DeskFilter) -> bool {
    let shines = |l: Light| l == project::light(place.at.rank, place.yellow, now);
    filter.light.is_none_or(shines)
        && filter.grade.as_ref().is_none_or(|g| *g == place.grade)
        && filter.category.as_ref().is_none_or(|c| place.category.starts_with(c.as_str()))
}
