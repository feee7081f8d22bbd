//! What erasing a case removes: its wrapped key, its sealed texts and files, its search words, the
//! tags of its people. The entries, which hold codes alone, stay and still make their chain.
//!
//! Decides nothing: it follows the fact that the domain has made.

use crate::{
    Store,
    db::{Batch, CountKey, Error, Stmt, Tx},
    hex, unhex,
};
use domain::{
    case::{CaseId, Fact},
    rights::Event,
};

static KEY: Stmt = Stmt::new("SELECT key FROM cases WHERE id = $1");
static NO_KEY: Stmt = Stmt::new("UPDATE cases SET key = NULL WHERE id = $1");
static NO_WORDS: Stmt = Stmt::split(
    "DELETE FROM words WHERE doc IN (SELECT pos FROM entries WHERE case_id = $1)",
    "DELETE FROM words WHERE rowid IN (SELECT pos FROM entries WHERE case_id = $1)",
);
static NO_PEOPLE: Stmt = Stmt::new("DELETE FROM people WHERE case_id = $1");
static NO_TEXTS: Stmt = Stmt::new("DELETE FROM texts WHERE case_id = $1");
static NO_FILES: Stmt = Stmt::new("DELETE FROM files WHERE case_id = $1");
static DONE: Stmt = Stmt::new(
    "INSERT INTO erasing (case_id, list, rule, seq) VALUES ($1, $2, $3, $4)
     ON CONFLICT (case_id) DO UPDATE SET list = $2, rule = $3, seq = $4",
);
static FORGET_TAG: Stmt = Stmt::new("DELETE FROM people WHERE case_id = $1 AND tag = $2");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&KEY, &NO_KEY, &NO_WORDS, &NO_PEOPLE, &NO_TEXTS, &NO_FILES, &DONE, &FORGET_TAG];

/// The figure that counts data keys by the wrapping key that wraps them.
pub(crate) const WRAPPED: &str = "wrapped";

/// The key of the count for a wrapped key.
pub(crate) fn count_of(wrapped: &[u8]) -> CountKey {
    CountKey::new(WRAPPED, hex(wrapped.get(..3).unwrap_or_default()))
}

/// The tables from which something is taken.
const TABLES: &[&str] = &["cases", "texts", "files", "people", "words", "entries", "deeds"];

impl Store {
    /// Makes what was erased leave the files of the database, as far as the database can.
    ///
    /// # Errors
    /// When the database fails, or a reader of another process keeps the log.
    pub async fn scrub(&self) -> Result<(), Error> {
        self.db.scrub(TABLES).await
    }
}

/// Follows the facts of an entry: erases when one of them says so.
pub(crate) async fn follow(
    tx: &mut Tx,
    (case, seq): (CaseId, i64),
    facts: &[Fact],
) -> Result<(), Error> {
    let erased = facts.iter().find_map(|fact| match fact {
        Fact::Right { event: Event::Erased { rule, list } } => Some((rule, list)),
        _ => None,
    });
    let Some((rule, list)) = erased else { return Ok(()) };
    let row = tx.row(&KEY, &[case.into()]).await?;
    if let Some(wrapped) = row.as_ref().map(|r| r.opt_blob(0)).transpose()?.flatten() {
        tx.add_count(count_of(wrapped), -1);
    }
    let list = unhex(list).unwrap_or_default();
    let mut batch = Batch::new();
    for stmt in [&NO_WORDS, &NO_PEOPLE, &NO_TEXTS, &NO_FILES, &NO_KEY] {
        batch.add(stmt, &[case.into()]);
    }
    batch.add(&DONE, &[case.into(), (&list).into(), rule.into(), seq.into()]);
    tx.exec_all(batch).await?;
    Ok(())
}

/// Forgets tags of wordings that were corrected.
pub(crate) fn forget<'a>(batch: &mut Batch<'a>, case: CaseId, tags: &'a [[u8; 16]]) {
    for tag in tags {
        batch.add(&FORGET_TAG, &[case.into(), tag.into()]);
    }
}
