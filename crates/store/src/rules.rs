//! The rules that running cases keep: every edition that was ever served, and how many open cases
//! live under it. Rules are data of a pack and hold nothing about anybody.

use crate::{
    Store,
    db::{Error, Stmt, Tx, Work, WriteError},
    project::EDITION,
};
use domain::pack::{Pack, Rules};
use jiff::Timestamp;
use std::{collections::BTreeMap, convert::Infallible};

pub(crate) static KEEP: Stmt = Stmt::new(
    "INSERT INTO rules (edition, at, body) VALUES ($1, $2, $3) ON CONFLICT (edition) DO NOTHING",
);
static KEPT: Stmt = Stmt::new("SELECT body FROM rules ORDER BY at, edition LIMIT 1000");
static IN_USE: Stmt = Stmt::new(
    "SELECT unit, CAST(SUM(n) AS BIGINT) FROM counts WHERE name = $1 GROUP BY unit
     HAVING SUM(n) <> 0",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&KEEP, &KEPT, &IN_USE];

/// What was served before, and what of it is needed.
#[derive(Debug, Clone)]
pub struct PastRules {
    /// Every edition, in the order in which they were first served.
    pub kept: Vec<Rules>,
    /// Open cases by the edition they live under.
    pub in_use: BTreeMap<String, i64>,
}

struct Keep {
    edition: String,
    at: i64,
    body: String,
}

impl Work for Keep {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&KEEP, &[(&self.edition).into(), self.at.into(), (&self.body).into()]).await?;
        Ok(())
    }
}

impl Store {
    /// Keeps the rules of a pack that is about to be served, before a case can be opened under
    /// them. Kept rules are never changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_rules(&self, pack: &Pack, now: Timestamp) -> Result<(), Error> {
        let (edition, body) = (pack.edition.clone(), crate::text_of(&pack.rules));
        let kept = self.db.write(Keep { edition, at: now.as_microsecond(), body }).await;
        kept.map_err(Error::from)
    }

    /// Everything that was served before.
    ///
    /// # Errors
    /// When the database fails, or a row is no rules.
    pub async fn past_rules(&self) -> Result<PastRules, Error> {
        let in_use = self.editions_in_use().await?;
        let rows = self.db.read().await?.rows(&KEPT, &[]).await?;
        let rules = |row: &crate::db::Row| {
            serde_json::from_str(row.text(0)?).map_err(|e| row.corrupt(0, e.to_string()))
        };
        Ok(PastRules { kept: rows.iter().map(rules).collect::<Result<_, _>>()?, in_use })
    }

    /// Open cases by the edition of the rules they live under.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn editions_in_use(&self) -> Result<BTreeMap<String, i64>, Error> {
        let rows = self.db.read().await?.rows(&IN_USE, &[EDITION.into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
    }
}
