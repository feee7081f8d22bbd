//! Queued messages on their way out: claimed under a lease, made ready, settled.
//!
//! A message is claimed for a while before anything is sent and settled afterwards, so nothing is
//! locked while a gateway is waited for. Whoever dies in between lets the lease run out, and the
//! message goes out again under the same id: at least once, never silently not at all. A claim
//! takes at most the oldest open message of a case and recipient, which keeps their order.

use crate::{
    Store,
    db::{Error, Row, Stmt, Tx, Work, WriteError},
};
use domain::{
    case::CaseId,
    sending::{self, Why},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// The claim of one kind of recipient. Rows that another node is claiming are left to it.
macro_rules! claim {
    ($unit:literal, $rows:literal) => {
        concat!(
            "UPDATE outbox SET due = $2, claims = claims + 1 WHERE id IN (
               SELECT o.id FROM outbox o WHERE o.unit ",
            $unit,
            " '' AND o.due <= $1 AND NOT EXISTS (
                 SELECT 1 FROM outbox b WHERE b.case_id = o.case_id AND b.unit = o.unit
                   AND b.id < o.id AND b.due IS NOT NULL)
               ORDER BY o.due, o.id LIMIT $3",
            $rows,
            ") RETURNING id, claims, case_id, seq, at, message, unit"
        )
    };
}
static CLAIM_PERSON: Stmt =
    Stmt::split(claim!("=", " FOR UPDATE OF o SKIP LOCKED"), claim!("=", ""));
static CLAIM_UNIT: Stmt =
    Stmt::split(claim!("<>", " FOR UPDATE OF o SKIP LOCKED"), claim!("<>", ""));
static WAITS_PERSON: Stmt =
    Stmt::new("SELECT due FROM outbox WHERE unit = '' AND due <= $1 ORDER BY due, id LIMIT 1");
static WAITS_UNIT: Stmt =
    Stmt::new("SELECT due FROM outbox WHERE unit <> '' AND due <= $1 ORDER BY due, id LIMIT 1");
/// Only the newest claim may settle: whoever held an older one has lost it.
static SETTLE: Stmt = Stmt::new(
    "UPDATE outbox SET due = $3, sent = $4, outcome = $5, why = $6
     WHERE id = $1 AND claims = $2 AND due IS NOT NULL",
);
static FAILURES: Stmt = Stmt::new(
    "UPDATE outbox SET failures = failures + 1
     WHERE id = $1 AND claims = $2 AND due IS NOT NULL RETURNING failures",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&CLAIM_PERSON, &CLAIM_UNIT, &WAITS_PERSON, &WAITS_UNIT, &SETTLE, &FAILURES];

/// Whom a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Persons who appealed, by their telephone.
    Persons,
    /// Desks of units.
    Units,
}

impl Audience {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Persons, Self::Units];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Persons => "persons",
            Self::Units => "units",
        }
    }
}

/// A message that this node may send until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Identity in the outbox.
    pub id: i64,
    claim: i64,
    pub(crate) case: CaseId,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) message: String,
    pub(crate) unit: String,
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The gateway took it.
    Sent,
    /// It may not leave before this instant.
    NotBefore(Timestamp),
    /// It must not leave at all.
    Withheld(Why),
    /// The gateway did not take it.
    Failed {
        /// A short code; never what the gateway said, which could repeat the message.
        why: String,
        /// Whether trying again is pointless.
        lasting: bool,
    },
}

/// What has become of messages since the start.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sent: AtomicU64,
    failed: AtomicU64,
    withheld: AtomicU64,
    dead: AtomicU64,
}

/// What has become of messages on this node since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SendingStats {
    /// Taken by a gateway.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Not sent, because it must not be.
    pub withheld: u64,
    /// Given up.
    pub dead: u64,
}

struct Claim {
    audience: Audience,
    now: i64,
    until: i64,
    most: u32,
}

impl Work for Claim {
    type Reply = Vec<Claimed>;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<Claimed>, WriteError<Infallible>> {
        let stmt = match self.audience {
            Audience::Persons => &CLAIM_PERSON,
            Audience::Units => &CLAIM_UNIT,
        };
        let params = [self.now.into(), self.until.into(), self.most.into()];
        let rows = tx.rows(stmt, &params).await?;
        let mut claimed = rows.iter().map(claimed).collect::<Result<Vec<_>, _>>()?;
        claimed.sort_by_key(|c| c.id);
        Ok(claimed)
    }
}

fn claimed(row: &Row) -> Result<Claimed, Error> {
    Ok(Claimed {
        id: row.int(0)?,
        claim: row.int(1)?,
        case: row.int(2)?,
        seq: row.int(3)?,
        at: instant(row, 4)?,
        message: row.text(5)?.to_owned(),
        unit: row.text(6)?.to_owned(),
    })
}

pub(crate) fn instant(row: &Row, column: usize) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(row.int(column)?).map_err(|e| row.corrupt(column, e.to_string()))
}

struct Settle {
    now: Timestamp,
    fates: Vec<(Claimed, Fate)>,
}

/// What settling counted.
#[derive(Debug, Default)]
struct Settled {
    sent: u64,
    failed: u64,
    withheld: u64,
    dead: u64,
}

impl Work for Settle {
    type Reply = Settled;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<Settled, WriteError<Infallible>> {
        let mut settled = Settled::default();
        for (message, fate) in &self.fates {
            self.one(tx, message, fate, &mut settled).await?;
        }
        Ok(settled)
    }
}

impl Settle {
    async fn one(
        &self,
        tx: &mut Tx,
        message: &Claimed,
        fate: &Fate,
        settled: &mut Settled,
    ) -> Result<(), Error> {
        let now = self.now.as_microsecond();
        let (due, sent, outcome, why) = match fate {
            Fate::Sent => (None, Some(now), Some("sent"), None),
            Fate::NotBefore(at) => (Some(at.as_microsecond()), None, None, None),
            Fate::Withheld(why) => (None, None, Some("withheld"), Some(why.code())),
            Fate::Failed { why, lasting } => {
                let key = [message.id.into(), message.claim.into()];
                let Some(row) = tx.row(&FAILURES, &key).await? else { return Ok(()) };
                settled.failed += 1;
                let wait = sending::retry_after(row.narrow(0)?).filter(|_| !lasting);
                let next = wait.and_then(|d| self.now.checked_add(d).ok());
                let dead = if next.is_none() { Some("dead") } else { None };
                (next.map(Timestamp::as_microsecond), None, dead, Some(why.as_str()))
            }
        };
        let row = [
            message.id.into(),
            message.claim.into(),
            due.into(),
            sent.into(),
            outcome.into(),
            why.into(),
        ];
        let touched = tx.exec(&SETTLE, &row).await?;
        match outcome {
            Some("sent") => settled.sent += touched,
            Some("withheld") => settled.withheld += touched,
            Some(_) => settled.dead += touched,
            None => {}
        }
        Ok(())
    }
}

impl Store {
    /// Claims open messages whose time has come, oldest first. Until the lease ends nobody else
    /// gets them; then they are open again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_messages(
        &self,
        audience: Audience,
        now: Timestamp,
        lease: SignedDuration,
        most: u32,
    ) -> Result<Vec<Claimed>, Error> {
        let at = now.as_microsecond();
        let waits = match audience {
            Audience::Persons => &WAITS_PERSON,
            Audience::Units => &WAITS_UNIT,
        };
        // Looking costs nothing; an empty claim would be a commit every few seconds.
        if self.db.read().await?.row(waits, &[at.into()]).await?.is_none() {
            return Ok(Vec::new());
        }
        let until = now.checked_add(lease).unwrap_or(now).as_microsecond();
        self.db.write(Claim { audience, now: at, until, most }).await.map_err(Error::from)
    }

    /// Writes down how claims ended. A claim whose lease has passed to somebody else settles
    /// nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_messages(
        &self,
        now: Timestamp,
        fates: Vec<(Claimed, Fate)>,
    ) -> Result<(), Error> {
        if fates.is_empty() {
            return Ok(());
        }
        let settled = self.db.write(Settle { now, fates }).await?;
        self.tally.sent.fetch_add(settled.sent, Relaxed);
        self.tally.failed.fetch_add(settled.failed, Relaxed);
        self.tally.withheld.fetch_add(settled.withheld, Relaxed);
        self.tally.dead.fetch_add(settled.dead, Relaxed);
        Ok(())
    }

    /// What has become of messages on this node.
    pub fn sending_stats(&self) -> SendingStats {
        SendingStats {
            sent: self.tally.sent.load(Relaxed),
            failed: self.tally.failed.load(Relaxed),
            withheld: self.tally.withheld.load(Relaxed),
            dead: self.tally.dead.load(Relaxed),
        }
    }
}
