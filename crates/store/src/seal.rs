//! Sealed checkpoints: every so often a root over all entries so far is sealed with a key that
//! is not in the database, so that no entry before it can be changed, added, moved or removed.

use crate::{
    Store,
    chain::{Hash, Root, START},
    db::{Error, P, Stmt, Tx, Work, WriteError},
};
use jiff::Timestamp;
use std::{convert::Infallible, sync::Arc};
use vault::{Keys, Purpose};

/// How many entries one checkpoint looks at.
const RUN: i64 = 50_000;

pub(crate) static LAST: Stmt =
    Stmt::new("SELECT id, upto, root FROM checkpoints ORDER BY id DESC LIMIT 1");
/// Waits until nobody writes, so that the positions below the newest one are complete.
static CALM: Stmt = Stmt::split("LOCK TABLE entries IN SHARE MODE", "SELECT 1");
static RUN_OF: Stmt =
    Stmt::new("SELECT pos, hash FROM entries WHERE pos > $1 ORDER BY pos LIMIT $2");
static KEEP: Stmt = Stmt::new(
    "INSERT INTO checkpoints (upto, entries, root, seal, at) VALUES ($1, $2, $3, $4, $5)",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&LAST, &CALM, &RUN_OF, &KEEP];

/// The bytes that a checkpoint's seal covers.
pub(crate) fn sealed_bytes(upto: i64, entries: i64, root: &Hash) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48);
    bytes.extend(upto.to_be_bytes());
    bytes.extend(entries.to_be_bytes());
    bytes.extend(root);
    bytes
}

struct Checkpoint {
    keys: Arc<Keys>,
    at: i64,
}

impl Work for Checkpoint {
    type Reply = i64;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<i64, WriteError<Infallible>> {
        tx.rows(&CALM, &[]).await?;
        let last = tx.row(&LAST, &[]).await?;
        let (before, from) = match &last {
            Some(row) => (row.array(2)?, row.int(1)?),
            None => (START, 0),
        };
        let rows = tx.rows(&RUN_OF, &[from.into(), P::Int(RUN)]).await?;
        let Some(newest) = rows.last() else { return Ok(0) };
        let upto = newest.int(0)?;
        let mut root = Root::after(&before);
        for row in &rows {
            root.add(row.int(0)?, row.blob(1)?);
        }
        let entries = root.entries;
        let root = root.finish();
        let seal = self.keys.mac(Purpose::Checkpoints, &sealed_bytes(upto, entries, &root));
        let row = [upto.into(), entries.into(), (&root).into(), P::Blob(&seal), self.at.into()];
        tx.exec(&KEEP, &row).await?;
        Ok(entries)
    }
}

impl Store {
    /// Seals the entries since the last checkpoint; answers how many they were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkpoint(&self, now: Timestamp) -> Result<i64, Error> {
        let work = Checkpoint { keys: self.keys.clone(), at: now.as_microsecond() };
        self.db.write(work).await.map_err(Error::from)
    }
}
