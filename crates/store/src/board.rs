//! The supervision board: how many cases of which state each unit holds, and how many are late.
//! Counts come from the counter table, lateness from the index of the work lists; nothing is
//! added up from rows.

use crate::{
    Store,
    db::{Batch, Error, Row, Stmt},
    project,
};
use domain::{
    access::{self, Viewer},
    case::{Case, Staff},
    pack::Pack,
    workflow::{Code, State, Workflow},
};
use jiff::Timestamp;

static COUNT: Stmt = Stmt::new(
    "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM counts WHERE name = $1 AND unit = $2",
);
/// Counting stops at ten thousand: a board that says “more than ten thousand late” has said enough.
static LATE: Stmt = Stmt::new(
    "SELECT COUNT(*), MIN(rank) FROM (SELECT rank FROM desk
     WHERE unit = $1 AND state = $2 AND tier IN (0, 1) AND rank <= $3 LIMIT 10000) late",
);
/// The cases that somebody is kept out of, by name or with their unit.
static BARRED: Stmt = Stmt::new(
    "SELECT c.body FROM desk d JOIN cases c ON c.id = d.case_id
     WHERE (d.unit = $1 OR d.unit = $2) AND d.state = $3 LIMIT 5000",
);
static SOON: Stmt = Stmt::new(
    "SELECT COUNT(*) FROM (SELECT rank FROM desk
     WHERE unit = $1 AND state = $2 AND tier IN (0, 1) AND rank > $3 AND yellow <= $3
     LIMIT 10000) soon",
);
/// The rows whose light is not green, one by one: asked only for somebody who is kept out of some.
static LIT: Stmt = Stmt::new(
    "SELECT case_id, rank FROM desk WHERE unit = $1 AND state = $2 AND tier IN (0, 1)
       AND (rank <= $3 OR yellow <= $3) LIMIT 10000",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&COUNT, &LATE, &SOON, &BARRED, &LIT];

/// Cases in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// State code.
    pub state: Code,
    /// Cases.
    pub cases: i64,
}

/// One line of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardRow {
    /// Unit; its cases and those of every unit below it.
    pub unit: Code,
    /// Open cases by state, states without cases left out.
    pub states: Vec<StateCount>,
    /// Open cases.
    pub open: i64,
    /// Cases past their nearest deadline.
    pub late: i64,
    /// Cases whose light is yellow.
    pub soon: i64,
    /// The longest-passed deadline.
    pub oldest: Option<Timestamp>,
}

impl BoardRow {
    /// A row before its lights are looked at.
    fn of(unit: &str, states: Vec<StateCount>) -> Self {
        Self {
            unit: unit.to_owned(),
            open: states.iter().map(|s| s.cases).sum(),
            states,
            late: 0,
            soon: 0,
            oldest: None,
        }
    }
}

impl Store {
    /// A unit and the units directly below it, if the viewer may see their lists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn board(
        &self,
        pack: &Pack,
        staff: &Staff,
        (flow, unit): (&Workflow, &str),
        now: Timestamp,
    ) -> Result<Vec<BoardRow>, Error> {
        let root = access::list_root(pack, staff);
        let wide = access::scope(pack, staff) >= domain::pack::Scope::Subtree;
        if !root.is_some_and(|r| wide && pack.units.covers(&r, unit)) {
            return Ok(Vec::new());
        }
        let below = pack.units.children(unit).filter(|u| !u.agency).map(|u| u.code.as_str());
        let mut rows = Vec::new();
        let barred = self.barred(pack, staff, flow).await?;
        for unit in std::iter::once(unit).chain(below) {
            rows.push(self.board_row((pack, flow), unit, now, &barred).await?);
        }
        Ok(rows)
    }

    /// Cases by state for a unit and everything below it; closed states included, cases that the
    /// viewer is kept out of not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn state_counts(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        (flow, unit): (&Workflow, &str),
    ) -> Result<Vec<StateCount>, Error> {
        let barred = match viewer {
            Viewer::Staff(staff, _) => self.barred(pack, staff, flow).await?,
            Viewer::System => Vec::new(),
            Viewer::Appellant(_) | Viewer::Public => return Ok(Vec::new()),
        };
        self.counted((pack, flow), unit, &barred).await
    }

    /// The cases of a workflow that somebody is kept out of: few, so they are read whole.
    async fn barred(
        &self,
        pack: &Pack,
        staff: &Staff,
        flow: &Workflow,
    ) -> Result<Vec<Case>, Error> {
        let [name, unit] = project::barred_units(staff);
        let params = [(&name).into(), (&unit).into(), (&flow.code).into()];
        let rows = self.db.read().await?.rows(&BARRED, &params).await?;
        let mut cases =
            rows.iter().map(|r| crate::parse_case(r, 0)).collect::<Result<Vec<_>, _>>()?;
        // Counted once however often somebody is kept out, and what only named people know not at all.
        cases.sort_by_key(|case| case.id);
        cases.dedup_by_key(|case| case.id);
        cases.retain(|case| {
            pack.units.get(&case.unit).is_some() && !access::is_uncounted(pack, case)
        });
        Ok(cases)
    }

    async fn counted(
        &self,
        (pack, flow): (&Pack, &Workflow),
        unit: &str,
        barred: &[Case],
    ) -> Result<Vec<StateCount>, Error> {
        let names: Vec<String> =
            flow.states.iter().map(|s| format!("{}:{}", flow.code, s.code)).collect();
        let mut batch = Batch::new();
        for name in &names {
            batch.add(&COUNT, &[name.into(), unit.into()]);
        }
        let answers = self.db.read().await?.rows_all(batch).await?;
        flow.states
            .iter()
            .zip(answers)
            .map(|(state, rows)| {
                let hides = |c: &&Case| c.state == state.code && pack.units.covers(unit, &c.unit);
                let hidden = barred.iter().filter(hides).count();
                let cases = sum(&rows)? - i64::try_from(hidden).unwrap_or(0);
                Ok(StateCount { state: state.code.clone(), cases })
            })
            .collect()
    }

    /// A row of the board without the cases that the viewer is kept out of.
    async fn lit(
        &self,
        (unit, keys): (&str, &[String]),
        now: i64,
        (states, barred): (Vec<StateCount>, &[Case]),
    ) -> Result<BoardRow, Error> {
        let mut batch = Batch::new();
        for key in keys {
            batch.add(&LIT, &[unit.into(), key.into(), now.into()]);
        }
        let mut row = BoardRow::of(unit, states);
        for found in self.db.read().await?.rows_all(batch).await?.iter().flatten() {
            let (case, rank) = (found.int(0)?, found.int(1)?);
            if barred.iter().any(|c| c.id == case) {
                continue;
            }
            row.late += i64::from(rank <= now);
            row.soon += i64::from(rank > now);
            if rank <= now {
                let at = Timestamp::from_microsecond(rank).ok();
                row.oldest = row.oldest.into_iter().chain(at).min();
            }
        }
        Ok(row)
    }

    async fn board_row(
        &self,
        (pack, flow): (&Pack, &Workflow),
        unit: &str,
        now: Timestamp,
        barred: &[Case],
    ) -> Result<BoardRow, Error> {
        let mut states = self.counted((pack, flow), unit, barred).await?;
        states.retain(|s| s.cases != 0 && flow.state(&s.state).is_some_and(State::is_open));
        let keys: Vec<String> = states
            .iter()
            .filter_map(|s| flow.state(&s.state))
            .flat_map(|state| project::case_lists(flow, state))
            .collect();
        let now = now.as_microsecond();
        if !barred.is_empty() {
            return self.lit((unit, &keys), now, (states, barred)).await;
        }
        let mut batch = Batch::new();
        for key in &keys {
            batch.add(&LATE, &[unit.into(), key.into(), now.into()]);
            batch.add(&SOON, &[unit.into(), key.into(), now.into()]);
        }
        let answers = self.db.read().await?.rows_all(batch).await?;
        let mut row = BoardRow::of(unit, states);
        for pair in answers.chunks(2) {
            if let [late, soon] = pair {
                row.late += sum(late)?;
                row.soon += sum(soon)?;
                let oldest = late.first().map(|r| r.opt_int(1)).transpose()?.flatten();
                let oldest = oldest.and_then(|o| Timestamp::from_microsecond(o).ok());
                row.oldest = row.oldest.into_iter().chain(oldest).min();
            }
        }
        Ok(row)
    }
}

fn sum(rows: &[Row]) -> Result<i64, Error> {
    rows.first().map_or(Ok(0), |r| r.int(0))
}
