//! What was taken over from other systems, which cases are the only ones of their kind, and whether
//! anything is here at all. A row that comes again is refused in the transaction that would write it.

use crate::{
    Store,
    answer::No,
    command::Command,
    db::{Batch, Error, Stmt, Tx, WriteError},
    request::NewCase,
    seal::LAST,
};
use domain::{
    case::{Actor, CaseId},
    refusal::Refusal,
    workflow::{Code, Opening, Workflow},
};
use vault::BlindKind;

pub(crate) static IMPORTED: Stmt =
    Stmt::new("SELECT case_id FROM imports WHERE source = $1 AND number = $2");
static FIRST_CASE: Stmt = Stmt::new("SELECT MIN(id) FROM cases");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&IMPORTED, &FIRST_CASE];

/// What stands before the source of a claim.
const ONLY: &str = "only/";

/// The claim that a case is the only one of its kind, where its workflow says so; kept where numbers
/// of other systems are, which refuses a second one in the same transaction.
pub(crate) fn claim(flow: &Workflow, new: &NewCase) -> Result<Option<(String, String)>, Refusal> {
    let Actor::Staff(me) = &new.actor else { return Ok(None) };
    if flow.opening.only.is_empty() {
        return Ok(None);
    }
    let value = |code: &Code| match new.given.coded.get(code) {
        Some(value) => Ok(value.one().to_owned()),
        None if code == Opening::PROGRAMME => new.programme.clone().ok_or(Refusal::NoProgramme),
        None => Ok(String::new()),
    };
    let values: Vec<String> = flow.opening.only.iter().map(value).collect::<Result<_, _>>()?;
    Ok(Some((source_of(&flow.code), number_of(&me.unit, &values))))
}

/// Whether a source is one of claims.
fn is_claim(source: &str) -> bool {
    source.starts_with(ONLY)
}

pub(crate) fn source_of(workflow: &str) -> String {
    format!("{ONLY}{workflow}")
}

pub(crate) fn number_of(unit: &str, values: &[String]) -> String {
    format!("{unit} {}", values.join(" "))
}

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
        Ok(self.first_case().await?.is_none())
    }

    /// The first case of this installation, if there is any.
    pub(crate) async fn first_case(&self) -> Result<Option<CaseId>, Error> {
        let first = self.db.read().await?.row(&FIRST_CASE, &[]).await?;
        Ok(first.map(|row| row.opt_int(0)).transpose()?.flatten())
    }

    /// Whether anything was ever sealed by a checkpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_sealed(&self) -> Result<bool, Error> {
        Ok(self.db.read().await?.row(&LAST, &[]).await?.is_some())
    }
}

impl Command {
    /// Refuses what was imported or claimed before.
    pub(crate) async fn refuse_second_import(
        &self,
        tx: &mut Tx,
        imported: Option<&(String, [u8; 16])>,
    ) -> Result<(), WriteError<No>> {
        let Some((source, number)) = imported else { return Ok(()) };
        match tx.row(&IMPORTED, &[source.into(), number.into()]).await? {
            Some(_) if is_claim(source) => Err(Refusal::OnlyOnce.into()),
            Some(row) => Err(WriteError::Refused(No::Imported(row.int(0)?))),
            None => Ok(()),
        }
    }
}
