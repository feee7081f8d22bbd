//! The supervision board: how many cases of which state each unit holds, and how many are late.
//! Counts come from the counter table, lateness from the index of the work lists; nothing is
//! added up from rows.

use crate::{
    Store,
    db::{Batch, Error, Row, Stmt},
    project,
};
use domain::{
    access,
    case::Staff,
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
static SOON: Stmt = Stmt::new(
    "SELECT COUNT(*) FROM (SELECT rank FROM desk
     WHERE unit = $1 AND state = $2 AND tier IN (0, 1) AND rank > $3 AND yellow <= $3
     LIMIT 10000) soon",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&COUNT, &LATE, &SOON];

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
        for unit in std::iter::once(unit).chain(below) {
            rows.push(self.board_row(flow, unit, now).await?);
        }
        Ok(rows)
    }

    /// Cases by state for a unit and everything below it; closed states included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn state_counts(
        &self,
        flow: &Workflow,
        unit: &str,
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
            .map(|(state, rows)| Ok(StateCount { state: state.code.clone(), cases: sum(&rows)? }))
            .collect()
    }

    async fn board_row(
        &self,
        flow: &Workflow,
        unit: &str,
        now: Timestamp,
    ) -> Result<BoardRow, Error> {
        let mut states = self.state_counts(flow, unit).await?;
        states.retain(|s| s.cases != 0 && flow.state(&s.state).is_some_and(State::is_open));
        let keys: Vec<String> = states
            .iter()
            .filter_map(|s| flow.state(&s.state))
            .flat_map(|state| project::case_lists(flow, state))
            .collect();
        let now = now.as_microsecond();
        let mut batch = Batch::new();
        for key in &keys {
            batch.add(&LATE, &[unit.into(), key.into(), now.into()]);
            batch.add(&SOON, &[unit.into(), key.into(), now.into()]);
        }
        let answers = self.db.read().await?.rows_all(batch).await?;
        let mut row = BoardRow {
            unit: unit.to_owned(),
            open: states.iter().map(|s| s.cases).sum(),
            states,
            late: 0,
            soon: 0,
            oldest: None,
        };
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
