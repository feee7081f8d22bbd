//! Erasing what has been kept long enough: the list of what is due, its confirmation by its name,
//! and the carrying out, case by case, each in a transaction that takes it off the list. A stop at
//! any moment loses nothing and repeats nothing; a case that is held meanwhile stays.

use crate::{
    Store,
    answer::No,
    command::Want,
    db::{Batch, Error, Stmt, Tx, Work, WriteError},
    dossier::Sealed,
    hex, unhex,
};
use domain::{
    case::{Actor, CaseId},
    pack::Pack,
    retention,
    rights::Wish,
    workflow::Code,
};
use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, sync::Arc};

static WHOLE: Stmt =
    Stmt::new("SELECT id, body FROM cases WHERE id > $1 AND key IS NOT NULL ORDER BY id LIMIT 500");
static BEGUN: Stmt = Stmt::new("SELECT COUNT(*) FROM erasing WHERE list = $1");
static CERTIFIED: Stmt = Stmt::new("SELECT total FROM certificates WHERE list = $1");
static ADD: Stmt = Stmt::new(
    "INSERT INTO erasing (case_id, list, rule, seq) VALUES ($1, $2, $3, 0)
     ON CONFLICT (case_id) DO NOTHING",
);
static LEFT: Stmt =
    Stmt::new("SELECT case_id, list FROM erasing WHERE seq = 0 ORDER BY case_id LIMIT $1");
static STAYS: Stmt = Stmt::new("DELETE FROM erasing WHERE case_id = $1 AND seq = 0");
static SWEEP_SESSIONS: Stmt = Stmt::new("DELETE FROM sessions WHERE since <= $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&WHOLE, &BEGUN, &CERTIFIED, &ADD, &LEFT, &STAYS, &SWEEP_SESSIONS];

/// What is due to be erased, to be looked at and confirmed as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryList {
    /// Name of exactly this list, to be given back on confirmation: 32 hex digits.
    pub id: String,
    /// The cases, oldest first.
    pub cases: Vec<Expiring>,
    /// Cases whose time is over and that stay, because of a hold or an open request.
    pub kept_back: usize,
}

/// A case whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// The rule.
    pub rule: Code,
    /// The last day on which it was to be kept.
    pub until: Date,
}

/// Why nothing was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoExpiry {
    /// The list is not what is due now.
    #[error("this is not what is due now: look at the list again")]
    Changed,
}

struct Confirm {
    list: [u8; 16],
    cases: Vec<(CaseId, Code)>,
}

impl Work for Confirm {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        for some in self.cases.chunks(500) {
            let mut batch = Batch::new();
            for (case, rule) in some {
                batch.add(&ADD, &[(*case).into(), (&self.list).into(), rule.into()]);
            }
            tx.exec_all(batch).await?;
        }
        Ok(())
    }
}

enum Small {
    Stays(CaseId),
    Sessions(i64),
}

impl Work for Small {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        match self {
            Self::Stays(case) => tx.exec(&STAYS, &[(*case).into()]).await?,
            Self::Sessions(before) => tx.exec(&SWEEP_SESSIONS, &[(*before).into()]).await?,
        };
        Ok(())
    }
}

impl Store {
    /// Every closed case whose time is over. Reads only; the viewer needs no right to the cases,
    /// because numbers and days are all there is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expiry_list(&self, pack: &Pack, now: Timestamp) -> Result<ExpiryList, Error> {
        let mut list = ExpiryList { id: String::new(), cases: Vec::new(), kept_back: 0 };
        let today = pack.date_of(now);
        let mut all = Sha256::new();
        let mut reader = self.db.read().await?;
        let mut after = -1;
        loop {
            let rows = reader.rows(&WHOLE, &[after.into()]).await?;
            let Some(newest) = rows.last() else { break };
            after = newest.int(0)?;
            for row in &rows {
                let case = crate::parse_case(row, 1)?;
                let Some((until, rule)) = retention::kept_until(pack, &case) else { continue };
                if today <= until {
                    continue;
                }
                if retention::due(pack, &case, now).is_none() {
                    list.kept_back += 1;
                    continue;
                }
                all.update(format!("{} {rule} {until}\n", case.id));
                let number = self.number_of(pack, &case);
                list.cases.push(Expiring { case: case.id, number, rule, until });
            }
        }
        list.id = hex(all.finalize().get(..16).unwrap_or_default());
        Ok(list)
    }

    /// Confirms exactly the list with this name; answers how many cases it holds. Confirming it
    /// again changes nothing. [`Store::carry_expiry`] then erases them.
    ///
    /// # Errors
    /// When something else is due now, or the database fails.
    pub async fn confirm_expiry(
        &self,
        pack: &Pack,
        now: Timestamp,
        id: &str,
    ) -> Result<usize, WriteError<NoExpiry>> {
        let name = unhex(id).ok_or(WriteError::Refused(NoExpiry::Changed))?;
        for stmt in [&CERTIFIED, &BEGUN] {
            let row = self.db.read().await?.row(stmt, &[(&name).into()]).await?;
            let begun = row.map_or(Ok(0), |r| r.int(0))?;
            if begun > 0 {
                return Ok(usize::try_from(begun).unwrap_or(0));
            }
        }
        let list = self.expiry_list(pack, now).await?;
        if list.id != id || list.cases.is_empty() {
            return Err(WriteError::Refused(NoExpiry::Changed));
        }
        let total = list.cases.len();
        let cases = list.cases.into_iter().map(|c| (c.case, c.rule)).collect();
        self.db
            .write(Confirm { list: name, cases })
            .await
            .map_err(Error::from)
            .map_err(WriteError::Db)?;
        Ok(total)
    }

    /// Erases some of what is confirmed; answers how many rows were dealt with, none when nothing
    /// is left.
    ///
    /// # Errors
    /// When the database fails; the rest stays confirmed and is carried out later.
    pub async fn carry_expiry(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        limit: u32,
    ) -> Result<usize, Error> {
        let rows = self.db.read().await?.rows(&LEFT, &[limit.into()]).await?;
        for row in &rows {
            let (case, list) = (row.int(0)?, hex(row.blob(1)?));
            let id = crate::digest(&format!("expire {list} {case}"));
            let want = Want::Right {
                case,
                wish: Wish::Expire { list },
                texts: Vec::new(),
                forget: Vec::new(),
            };
            let side = (want, Sealed::default());
            let command = self.right_command(pack, now, (id, Actor::System), side);
            match self.db.write_bulk(command).await {
                Ok(_) => {}
                // Held, asked about or reopened meanwhile: it stays, and the list goes on.
                Err(WriteError::Refused(No::Refused(why))) => {
                    tracing::warn!(case, %why, "a case whose time was over stays");
                    self.db.write(Small::Stays(case)).await?;
                }
                Err(WriteError::Refused(no)) => tracing::warn!(case, %no, "not erased"),
                Err(WriteError::Db(error)) => return Err(error),
            }
        }
        Ok(rows.len())
    }

    /// Forgets sessions that are older than the pack lets them be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_sessions(&self, pack: &Pack, now: Timestamp) -> Result<(), Error> {
        let hours = i64::from(pack.retention.sessions_hours);
        let before = now.as_microsecond() - hours * 3_600_000_000;
        self.db.write(Small::Sessions(before)).await.map_err(Error::from)
    }
}
