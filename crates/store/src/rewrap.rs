//! Wrapping data keys again under the newest wrapping key, in small batches beside everybody else.
//! A row is changed only while it is as it was read, so a case that is erased meanwhile stays
//! erased, and a stop at any moment is gone on from. What a case has sealed stays as it is.

use crate::{
    Store,
    db::{Batch, Error, Reader, Row, Stmt, Tx, Work, WriteError},
    erase::{WRAPPED, count_of},
    exports, factors, homes, kept, passkeys,
};
use std::{collections::BTreeMap, convert::Infallible};

static CASES: Stmt =
    Stmt::new("SELECT id, key FROM cases WHERE id > $1 AND key IS NOT NULL ORDER BY id LIMIT $2");
static CASE: Stmt = Stmt::new("UPDATE cases SET key = $3 WHERE id = $1 AND key = $2");
static FACTORS: Stmt = Stmt::new("SELECT account, key FROM factors ORDER BY account");
static FACTOR: Stmt = Stmt::new("UPDATE factors SET key = $3 WHERE account = $1 AND key = $2");
static MOVES: Stmt = Stmt::new("SELECT id, key FROM moves ORDER BY id");
static MOVE: Stmt = Stmt::new("UPDATE moves SET key = $3 WHERE id = $1 AND key = $2");
static FILES: Stmt = Stmt::new("SELECT draft, n, key FROM kept_files ORDER BY draft, n");
static FILE: Stmt =
    Stmt::new("UPDATE kept_files SET key = $4 WHERE draft = $1 AND n = $2 AND key = $3");
static EXPORTS: Stmt = Stmt::new("SELECT id, key FROM exports ORDER BY id");
static EXPORT: Stmt = Stmt::new("UPDATE exports SET key = $3 WHERE id = $1 AND key = $2");
static PASSKEYS: Stmt = Stmt::new("SELECT id, key, account FROM passkeys ORDER BY id");
static PASSKEY: Stmt = Stmt::new("UPDATE passkeys SET key = $3 WHERE id = $1 AND key = $2");
static EXCHANGES: Stmt = Stmt::new("SELECT token, key FROM exchanges ORDER BY token");
static EXCHANGE: Stmt = Stmt::new("UPDATE exchanges SET key = $3 WHERE token = $1 AND key = $2");
static HOMES: Stmt = Stmt::new("SELECT account, key FROM staff_homes ORDER BY account");
static HOME: Stmt = Stmt::new("UPDATE staff_homes SET key = $3 WHERE account = $1 AND key = $2");
static COUNTED: Stmt = Stmt::new(
    "SELECT unit, CAST(SUM(n) AS BIGINT) FROM counts WHERE name = $1 GROUP BY unit
     HAVING SUM(n) <> 0",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[
    &CASES, &CASE, &FACTORS, &FACTOR, &MOVES, &MOVE, &FILES, &FILE, &EXPORTS, &EXPORT, &PASSKEYS,
    &PASSKEY, &EXCHANGES, &EXCHANGE, &HOMES, &HOME, &COUNTED,
];

/// How far a step of wrapping again has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RewrapStep {
    /// Cases looked at.
    pub seen: usize,
    /// Cases wrapped again.
    pub wrapped: usize,
    /// Where the next step begins; none at the end.
    pub next: Option<i64>,
}

/// What was wrapped again beside cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Secrets of second factors.
    pub factors: u64,
    /// Reasons of confirmed moves.
    pub moves: u64,
    /// Files that wait for a form.
    pub files: u64,
    /// Lists that were taken out and lie ready.
    pub exports: u64,
    /// Passkeys.
    pub passkeys: u64,
    /// What was begun with a browser and is not finished.
    pub exchanges: u64,
    /// Homes of members of staff.
    pub homes: u64,
}

/// One key to be changed: whose, as it was, as it becomes.
struct Change {
    id: Id,
    old: Vec<u8>,
    new: Vec<u8>,
}

enum Id {
    Case(i64),
    Factor(i64),
    Move(Vec<u8>),
    File(Vec<u8>, i64),
    Export(Vec<u8>),
    Passkey(Vec<u8>),
    Exchange(Vec<u8>),
    Home(i64),
}

struct Rewrap(Vec<Change>);

impl Work for Rewrap {
    type Reply = u64;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<u64, WriteError<Infallible>> {
        let mut batch = Batch::new();
        for Change { id, old, new } in &self.0 {
            let (old, new) = (old.into(), new.into());
            match id {
                Id::Case(case) => batch.add(&CASE, &[(*case).into(), old, new]),
                Id::Factor(account) => batch.add(&FACTOR, &[(*account).into(), old, new]),
                Id::Move(id) => batch.add(&MOVE, &[id.into(), old, new]),
                Id::File(draft, n) => batch.add(&FILE, &[draft.into(), (*n).into(), old, new]),
                Id::Export(id) => batch.add(&EXPORT, &[id.into(), old, new]),
                Id::Passkey(id) => batch.add(&PASSKEY, &[id.into(), old, new]),
                Id::Exchange(token) => batch.add(&EXCHANGE, &[token.into(), old, new]),
                Id::Home(account) => batch.add(&HOME, &[(*account).into(), old, new]),
            };
        }
        let touched = tx.exec_all(batch).await?;
        for (change, n) in self.0.iter().zip(&touched) {
            if let (Id::Case(_), 1) = (&change.id, n) {
                tx.add_count(count_of(&change.old), -1);
                tx.add_count(count_of(&change.new), 1);
            }
        }
        Ok(touched.iter().sum())
    }
}

impl Store {
    /// Wraps some data keys of cases again, those after a case; everybody else goes first.
    ///
    /// # Errors
    /// When the database fails, or the key file lacks a key that is still needed.
    pub async fn rewrap_cases(&self, after: i64, limit: u32) -> Result<RewrapStep, Error> {
        let rows = self.db.read().await?.rows(&CASES, &[after.into(), limit.into()]).await?;
        let next = rows.last().map(|row| row.int(0)).transpose()?;
        let mut changes = Vec::new();
        for row in &rows {
            let case = row.int(0)?;
            changes.extend(self.renewed(row, 1, &case.to_be_bytes(), Id::Case(case))?);
        }
        let wrapped = usize::try_from(self.rewrap(changes).await?).unwrap_or(usize::MAX);
        Ok(RewrapStep { seen: rows.len(), wrapped, next })
    }

    /// Wraps everything again that is not a case: second factors, reasons of moves, waiting files,
    /// and whatever else holds a wrapped key; a test finds a table that is missing here.
    ///
    /// # Errors
    /// As [`rewrap_cases`](Self::rewrap_cases).
    pub async fn rewrap_rest(&self) -> Result<Rewrapped, Error> {
        let mut changes: [Vec<Change>; 7] = Default::default();
        let mut reader = self.db.read().await?;
        for row in reader.rows(&FACTORS, &[]).await? {
            let account = row.int(0)?;
            let place = factors::place(account);
            changes[0].extend(self.renewed(&row, 1, &place, Id::Factor(account))?);
        }
        for row in reader.rows(&MOVES, &[]).await? {
            let id = row.blob(0)?.to_vec();
            changes[1].extend(self.renewed(&row, 1, &id, Id::Move(id.clone()))?);
        }
        for row in reader.rows(&FILES, &[]).await? {
            let (draft, n): ([u8; 32], i64) = (row.array(0)?, row.int(1)?);
            let id = Id::File(draft.to_vec(), n);
            changes[2].extend(self.renewed(&row, 2, &kept::place(&draft, n), id)?);
        }
        for row in reader.rows(&EXPORTS, &[]).await? {
            let id: [u8; 16] = row.array(0)?;
            let aad = exports::place(&id);
            changes[3].extend(self.renewed(&row, 1, &aad, Id::Export(id.to_vec()))?);
        }
        for row in reader.rows(&PASSKEYS, &[]).await? {
            let id: [u8; 32] = row.array(0)?;
            let aad = passkeys::place(row.int(2)?, &id);
            changes[4].extend(self.renewed(&row, 1, &aad, Id::Passkey(id.to_vec()))?);
        }
        for row in reader.rows(&EXCHANGES, &[]).await? {
            let token: [u8; 32] = row.array(0)?;
            changes[5].extend(self.renewed(&row, 1, &token, Id::Exchange(token.to_vec()))?);
        }
        for row in reader.rows(&HOMES, &[]).await? {
            let account = row.int(0)?;
            let place = homes::place(account);
            changes[6].extend(self.renewed(&row, 1, &place, Id::Home(account))?);
        }
        drop(reader);
        let [factors, moves, files, exports, passkeys, exchanges, homes] = changes;
        Ok(Rewrapped {
            factors: self.rewrap(factors).await?,
            moves: self.rewrap(moves).await?,
            files: self.rewrap(files).await?,
            exports: self.rewrap(exports).await?,
            passkeys: self.rewrap(passkeys).await?,
            exchanges: self.rewrap(exchanges).await?,
            homes: self.rewrap(homes).await?,
        })
    }

    fn renewed(
        &self,
        row: &Row,
        column: usize,
        aad: &[u8],
        id: Id,
    ) -> Result<Option<Change>, Error> {
        let old = row.blob(column)?;
        let new = self.keys.rewrap(aad, old).map_err(|e| row.corrupt(column, e.to_string()))?;
        Ok(new.map(|new| Change { id, old: old.to_vec(), new }))
    }

    async fn rewrap(&self, changes: Vec<Change>) -> Result<u64, Error> {
        if changes.is_empty() {
            return Ok(0);
        }
        self.db.write_bulk(Rewrap(changes)).await.map_err(Error::from)
    }

    /// How many data keys each wrapping key wraps, by its number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wrapped_under(&self) -> Result<BTreeMap<u16, i64>, Error> {
        let mut reader = self.db.read().await?;
        let mut under = BTreeMap::new();
        for row in reader.rows(&COUNTED, &[WRAPPED.into()]).await? {
            let tail = row.text(0)?.get(2..).unwrap_or_default();
            let number = u16::from_str_radix(tail, 16).map_err(|_| row.corrupt(0, "no key"))?;
            *under.entry(number).or_default() += row.int(1)?;
        }
        for (stmt, column) in [
            (&FACTORS, 1),
            (&MOVES, 1),
            (&FILES, 2),
            (&EXPORTS, 1),
            (&PASSKEYS, 1),
            (&EXCHANGES, 1),
            (&HOMES, 1),
        ] {
            count(&mut reader, (stmt, column), &mut under).await?;
        }
        Ok(under)
    }

    /// Wrapping keys that are needed and that the key file does not hold, with how much is lost
    /// without each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missing_keys(&self) -> Result<Vec<(u16, i64)>, Error> {
        let under = self.wrapped_under().await?;
        Ok(under.into_iter().filter(|(number, n)| *n > 0 && !self.keys.holds(*number)).collect())
    }
}

async fn count(
    reader: &mut Reader,
    (stmt, column): (&'static Stmt, usize),
    under: &mut BTreeMap<u16, i64>,
) -> Result<(), Error> {
    for row in reader.rows(stmt, &[]).await? {
        if let Some(number) = vault::wrapped_under(row.blob(column)?) {
            *under.entry(number).or_default() += 1;
        }
    }
    Ok(())
}
