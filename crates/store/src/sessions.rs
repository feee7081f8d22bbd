//! Sessions: how far somebody has come in, on which device, and when they were last there.
//!
//! A session begins at a stage and is replaced, never changed, when the next proof is given, so
//! that a token that was known before is worth nothing after.

use crate::{
    Store,
    accounts::{Account, account},
    db::{Error, Row, Stmt, Tx, Work, WriteError},
};
use domain::case::AccountId;
use jiff::Timestamp;
use std::{convert::Infallible, fmt::Write as _};
use vault::Purpose;

static BEGIN: Stmt = Stmt::new(
    "INSERT INTO sessions (token, account, csrf, since, seen, stage, device)
     VALUES ($1, $2, $3, $4, $4, $5, $6)",
);
static END: Stmt = Stmt::new("DELETE FROM sessions WHERE token = $1");
static END_OLD: Stmt = Stmt::new("DELETE FROM sessions WHERE account = $1 AND since <= $2");
static END_OTHERS: Stmt = Stmt::new("DELETE FROM sessions WHERE account = $1 AND token <> $2");
static SEEN: Stmt = Stmt::new("UPDATE sessions SET seen = $2 WHERE token = $1");
static SESSION: Stmt = Stmt::new(
    "SELECT a.id, a.username, a.password, a.name, a.unit, a.roles, s.csrf, s.stage, s.seen, s.device,
       (SELECT COUNT(*) FROM absences x WHERE x.deputy = a.id AND x.since <= $3 AND x.until > $3),
       a.pledge
     FROM sessions s JOIN accounts a ON a.id = s.account
     WHERE s.token = $1 AND s.since > $2 AND a.active = 1",
);
static OF_ACCOUNT: Stmt = Stmt::new(
    "SELECT token, device, since, seen, stage FROM sessions
     WHERE account = $1 AND since > $2 ORDER BY since DESC LIMIT 100",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&BEGIN, &END, &END_OLD, &END_OTHERS, &SEEN, &SESSION, &OF_ACCOUNT];

/// A session ends by itself after so many microseconds: a working day.
const SESSION_LENGTH: i64 = 12 * 3_600 * 1_000_000;

/// How far somebody has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// All the way.
    Full,
    /// The password was right; a code is owed.
    Code,
    /// The password was right; a second factor must be set up first.
    SetUp,
    /// The first password must be changed.
    NewPassword,
    /// A program with a bearer token, which nobody leaves lying open on a desk.
    Program,
}

impl Stage {
    const ALL: [Self; 5] = [Self::Full, Self::Code, Self::SetUp, Self::NewPassword, Self::Program];

    fn code(self) -> i64 {
        (0..).zip(Self::ALL).find(|(_, stage)| *stage == self).map_or(0, |(code, _)| code)
    }

    fn coded(row: &Row, column: usize) -> Result<Self, Error> {
        let stage = usize::try_from(row.int(column)?).ok().and_then(|n| Self::ALL.get(n));
        stage.copied().ok_or_else(|| row.corrupt(column, "not a stage"))
    }
}

/// A session that is still valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub account: Account,
    /// Secret that every form of this session carries.
    pub csrf: String,
    /// How far they have come in.
    pub stage: Stage,
    /// When they were last there, to the minute.
    pub seen: Timestamp,
    /// Kind of browser and machine.
    pub device: String,
    /// Whether they stand in for somebody now.
    pub deputises: bool,
    /// The version of the promise of confidentiality that they gave; empty for none.
    pub pledge: String,
}

/// A session as its owner sees it in the list of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// A word by which to end it; says nothing about its token.
    pub handle: String,
    /// Kind of browser and machine.
    pub device: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was last used.
    pub seen: Timestamp,
    /// A program's.
    pub program: bool,
    /// The one that asks.
    pub own: bool,
}

struct Begin {
    token: [u8; 32],
    account: AccountId,
    csrf: String,
    at: i64,
    stage: Stage,
    device: String,
    instead_of: Option<[u8; 32]>,
}

impl Work for Begin {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        if let Some(old) = &self.instead_of {
            tx.exec(&END, &[old.into()]).await?;
        }
        // What has ended by itself need not be kept.
        tx.exec(&END_OLD, &[self.account.into(), (self.at - SESSION_LENGTH).into()]).await?;
        let row = [
            (&self.token).into(),
            self.account.into(),
            (&self.csrf).into(),
            self.at.into(),
            self.stage.code().into(),
            (&self.device).into(),
        ];
        tx.exec(&BEGIN, &row).await?;
        Ok(())
    }
}

enum Change {
    End([u8; 32]),
    EndOthers(AccountId, [u8; 32]),
    Seen([u8; 32], i64),
}

impl Work for Change {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        match self {
            Self::End(token) => tx.exec(&END, &[token.into()]).await?,
            Self::EndOthers(account, token) => {
                tx.exec(&END_OTHERS, &[(*account).into(), token.into()]).await?
            }
            Self::Seen(token, at) => tx.exec(&SEEN, &[token.into(), (*at).into()]).await?,
        };
        Ok(())
    }
}

impl Store {
    fn session_key(&self, token: &str) -> [u8; 32] {
        self.keys.mac(Purpose::Sessions, token.as_bytes())
    }

    /// Starts a session of somebody who has proved everything; answers its secret token, of which
    /// only a keyed hash is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_in(&self, account: AccountId, now: Timestamp) -> Result<String, Error> {
        self.begin_session(account, Stage::Full, ("", None), now).await
    }

    /// Starts a session at a stage, on a device, in place of an earlier one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_session(
        &self,
        account: AccountId,
        stage: Stage,
        (device, instead_of): (&str, Option<&str>),
        now: Timestamp,
    ) -> Result<String, Error> {
        let token = crate::new_receipt() + &crate::new_receipt();
        let work = Begin {
            token: self.session_key(&token),
            account,
            csrf: crate::new_receipt(),
            at: now.as_microsecond(),
            stage,
            device: device.to_owned(),
            instead_of: instead_of.map(|old| self.session_key(old)),
        };
        self.db.write(work).await?;
        Ok(token)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_out(&self, token: &str) -> Result<(), Error> {
        self.db.write(Change::End(self.session_key(token))).await.map_err(Error::from)
    }

    /// Ends every session of an account but this one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_other_sessions(&self, account: AccountId, token: &str) -> Result<(), Error> {
        self.db
            .write(Change::EndOthers(account, self.session_key(token)))
            .await
            .map_err(Error::from)
    }

    /// Ends the session of an account that has this handle, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(
        &self,
        account: AccountId,
        handle: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let rows = self.session_rows(account, now).await?;
        for row in &rows {
            let token: [u8; 32] = row.array(0)?;
            if handle_of(&token) == handle {
                self.db.write(Change::End(token)).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes that somebody is there; `None` locks the session at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seen(&self, token: &str, at: Option<Timestamp>) -> Result<(), Error> {
        let at = at.map_or(0, Timestamp::as_microsecond);
        self.db.write(Change::Seen(self.session_key(token), at)).await.map_err(Error::from)
    }

    /// The session of a token, if it is valid.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, token: &str, now: Timestamp) -> Result<Option<Session>, Error> {
        let key = self.session_key(token);
        let since = now.as_microsecond() - SESSION_LENGTH;
        let params = [(&key).into(), since.into(), now.as_microsecond().into()];
        let row = self.db.read().await?.row(&SESSION, &params).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Session {
            account: account(&row)?,
            csrf: row.text(6)?.to_owned(),
            stage: Stage::coded(&row, 7)?,
            seen: instant(&row, 8)?,
            device: row.text(9)?.to_owned(),
            deputises: row.int(10)? > 0,
            pledge: row.text(11)?.to_owned(),
        }))
    }

    /// The sessions of an account, newest first; `token` marks the one that asks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices(
        &self,
        account: AccountId,
        token: &str,
        now: Timestamp,
    ) -> Result<Vec<Device>, Error> {
        let own = self.session_key(token);
        let rows = self.session_rows(account, now).await?;
        let device = |row: &Row| -> Result<Device, Error> {
            let token: [u8; 32] = row.array(0)?;
            Ok(Device {
                handle: handle_of(&token),
                device: row.text(1)?.to_owned(),
                since: instant(row, 2)?,
                seen: instant(row, 3)?,
                program: Stage::coded(row, 4)? == Stage::Program,
                own: token == own,
            })
        };
        rows.iter().map(device).collect()
    }

    async fn session_rows(&self, account: AccountId, now: Timestamp) -> Result<Vec<Row>, Error> {
        let since = now.as_microsecond() - SESSION_LENGTH;
        self.db.read().await?.rows(&OF_ACCOUNT, &[account.into(), since.into()]).await
    }
}

/// The first half of the stored hash: enough to tell sessions apart, useless as a token.
fn handle_of(token: &[u8; 32]) -> String {
    token.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn instant(row: &Row, column: usize) -> Result<Timestamp, Error> {
    let at = Timestamp::from_microsecond(row.int(column)?);
    at.map_err(|e| row.corrupt(column, e.to_string()))
}
