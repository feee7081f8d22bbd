//! What people are told about queued messages: how many wait, which were given up, and on the page
//! of a case what became of those to the person. Only opens given-up ones again, sends nothing.

use crate::{
    CasePage, Store,
    db::{Error, Row, Stmt, Tx, Work, WriteError},
    letter::Waiting,
    outbox::{Audience, instant},
};
use domain::pack::Pack;
use jiff::Timestamp;
use std::convert::Infallible;

static OPEN: Stmt = Stmt::new(
    "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM outbox
              WHERE unit = '' AND due IS NOT NULL LIMIT 100000) AS soon_person),
            (SELECT COUNT(*) FROM (SELECT 1 FROM outbox
              WHERE unit <> '' AND due IS NOT NULL LIMIT 100000) AS soon_unit),
            (SELECT COUNT(*) FROM outbox WHERE outcome = 'dead' AND id > 0)",
);
static DEAD: Stmt = Stmt::new(
    "SELECT id, at, message, unit, failures, why FROM outbox
     WHERE outcome = 'dead' AND id > 0 ORDER BY id DESC LIMIT 100",
);
static REVIVE: Stmt = Stmt::new(
    "UPDATE outbox SET due = $2, outcome = NULL, why = NULL, failures = 0
     WHERE id = $1 AND outcome = 'dead'",
);
static TOLD: Stmt = Stmt::new(
    "SELECT at, seq, message, due, sent, outcome, why FROM outbox
     WHERE case_id = $1 AND unit = '' ORDER BY id LIMIT 200",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&OPEN, &DEAD, &REVIVE, &TOLD];

/// How many messages wait, and how many were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxSize {
    /// Open messages to persons, counted to a hundred thousand.
    pub persons: i64,
    /// Open messages to units, counted to a hundred thousand.
    pub units: i64,
    /// Given up.
    pub dead: i64,
}

impl OutboxSize {
    /// Open messages of one audience.
    pub fn open(&self, audience: Audience) -> i64 {
        match audience {
            Audience::Persons => self.persons,
            Audience::Units => self.units,
        }
    }
}

/// A message that was given up. Names no case: who runs the machine may know of none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Identity in the outbox.
    pub id: i64,
    /// When it was queued.
    pub at: Timestamp,
    /// Message code.
    pub message: String,
    /// The unit; empty for a person.
    pub unit: String,
    /// Attempts that failed.
    pub failures: u32,
    /// Code of the last failure.
    pub why: String,
}

/// What a case page says about a message to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When it was queued.
    pub at: Timestamp,
    /// Its words.
    pub words: String,
    /// Where it stands.
    pub state: ToldState,
}

/// Where a message to the person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldState {
    /// Not yet tried, or to be tried again.
    Waiting,
    /// Taken by the gateway at this instant.
    Sent(Timestamp),
    /// Not sent, with the code of a [`Why`].
    Withheld(String),
    /// Given up.
    Dead,
}

struct Revive {
    id: i64,
    now: i64,
}

impl Work for Revive {
    type Reply = bool;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<bool, WriteError<Infallible>> {
        Ok(tx.exec(&REVIVE, &[self.id.into(), self.now.into()]).await? == 1)
    }
}

impl Store {
    /// How many messages wait, and how many were given up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outbox_size(&self) -> Result<OutboxSize, Error> {
        let row = self.db.read().await?.row(&OPEN, &[]).await?;
        let Some(row) = row else { return Ok(OutboxSize::default()) };
        Ok(OutboxSize { persons: row.int(0)?, units: row.int(1)?, dead: row.int(2)? })
    }

    /// The newest messages that were given up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Error> {
        let rows = self.db.read().await?.rows(&DEAD, &[]).await?;
        let letter = |row: &Row| {
            Ok(DeadLetter {
                id: row.int(0)?,
                at: instant(row, 1)?,
                message: row.text(2)?.to_owned(),
                unit: row.text(3)?.to_owned(),
                failures: row.narrow(4)?,
                why: row.opt_text(5)?.unwrap_or_default().to_owned(),
            })
        };
        rows.iter().map(letter).collect()
    }

    /// Opens a message again that was given up; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revive_message(&self, id: i64, now: Timestamp) -> Result<bool, Error> {
        self.db.write(Revive { id, now: now.as_microsecond() }).await.map_err(Error::from)
    }

    /// The messages to the person about a case whose page somebody was given already, oldest
    /// first.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn told(&self, pack: &Pack, page: &CasePage) -> Result<Vec<Told>, Error> {
        let rows = self.db.read().await?.rows(&TOLD, &[page.case.id.into()]).await?;
        let told = |row: &Row| {
            let state = match row.opt_text(5)? {
                Some("sent") => ToldState::Sent(instant(row, 4)?),
                Some("withheld") => {
                    ToldState::Withheld(row.opt_text(6)?.unwrap_or_default().to_owned())
                }
                Some(_) => ToldState::Dead,
                None => ToldState::Waiting,
            };
            let said = Waiting { seq: row.int(1)?, message: row.text(2)?, unit: "" };
            let words = said.words(pack, page).unwrap_or_default();
            Ok(Told { at: instant(row, 0)?, words, state })
        };
        rows.iter().map(told).collect()
    }
}
