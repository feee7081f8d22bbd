//! What was taken over from other systems, and whether anything is here at all. It only answers;
//! the write path itself refuses a row that comes again.

use crate::{
    Store,
    db::{Batch, Error, Stmt},
    seal::LAST,
};
use domain::case::CaseId;
use vault::BlindKind;

pub(crate) static IMPORTED: Stmt =
    Stmt::new("SELECT case_id FROM imports WHERE source = $1 AND number = $2");
static FIRST_CASE: Stmt = Stmt::new("SELECT MIN(id) FROM cases");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&IMPORTED, &FIRST_CASE];

impl Store {
    /// The cases that these numbers of a source became, one answer for each number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn imported(
        &self,
        source: &str,
        numbers: &[&str],
    ) -> Result<Vec<Option<CaseId>>, Error> {
        let tag = |number: &&str| self.keys.blind(BlindKind::Document, number);
        let tags: Vec<[u8; 16]> = numbers.iter().map(tag).collect();
        let mut batch = Batch::new();
        for tag in &tags {
            batch.add(&IMPORTED, &[source.into(), tag.into()]);
        }
        let answers = self.db.read().await?.rows_all(batch).await?;
        answers.iter().map(|rows| rows.first().map(|row| row.int(0)).transpose()).collect()
    }

    /// Whether there is no case yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        let first = self.db.read().await?.row(&FIRST_CASE, &[]).await?;
        Ok(first.map(|row| row.opt_int(0)).transpose()?.flatten().is_none())
    }

    /// Whether anything was ever sealed by a checkpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_sealed(&self) -> Result<bool, Error> {
        Ok(self.db.read().await?.row(&LAST, &[]).await?.is_some())
    }
}
