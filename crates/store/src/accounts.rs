//! Staff accounts and their sessions. Directory data: plain rows, not events.

use crate::{
    Store,
    db::{Error, P, Row, Stmt, Tx, Work, WriteError},
};
use domain::case::{AccountId, Staff};
use jiff::Timestamp;
use std::{convert::Infallible, fmt::Write as _};
use vault::Purpose;

static BY_NAME: Stmt = Stmt::new(
    "SELECT id, username, password, name, unit, roles FROM accounts
     WHERE username = $1 AND active = 1",
);
static BY_ID: Stmt =
    Stmt::new("SELECT id, username, password, name, unit, roles FROM accounts WHERE id = $1");
static OF_UNIT: Stmt = Stmt::new(
    "SELECT id, username, password, name, unit, roles FROM accounts
     WHERE unit = $1 AND active = 1 ORDER BY id LIMIT 200",
);
static ALL: Stmt = Stmt::new(
    "SELECT id, username, password, name, unit, roles FROM accounts
     WHERE active = 1 ORDER BY id LIMIT 1000",
);
static CREATE: Stmt = Stmt::new(
    "INSERT INTO accounts (username, password, name, unit, roles, active)
     VALUES ($1, $2, $3, $4, $5, 1) RETURNING id",
);
static SET_PASSWORD: Stmt = Stmt::new("UPDATE accounts SET password = $2 WHERE id = $1");
static END_SESSIONS: Stmt = Stmt::new("DELETE FROM sessions WHERE account = $1");
static LOG_IN: Stmt = Stmt::new(
    "INSERT INTO sessions (token, account, csrf, since, seen) VALUES ($1, $2, $3, $4, $4)",
);
static LOG_OUT: Stmt = Stmt::new("DELETE FROM sessions WHERE token = $1");
static SESSION: Stmt = Stmt::new(
    "SELECT a.id, a.username, a.password, a.name, a.unit, a.roles, s.csrf FROM sessions s
     JOIN accounts a ON a.id = s.account WHERE s.token = $1 AND s.since > $2 AND a.active = 1",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[
    &BY_NAME,
    &BY_ID,
    &OF_UNIT,
    &ALL,
    &CREATE,
    &SET_PASSWORD,
    &END_SESSIONS,
    &LOG_IN,
    &LOG_OUT,
    &SESSION,
];

/// A session ends by itself after so many microseconds: a working day.
const SESSION_LENGTH: i64 = 12 * 3_600 * 1_000_000;

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// Log-in name.
    pub username: String,
    /// Password hash as a PHC string.
    pub password: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Roles held there.
    pub roles: Vec<String>,
}

impl Account {
    /// The account as the rules see it.
    pub fn staff(&self) -> Staff {
        Staff { account: self.id, unit: self.unit.clone(), roles: self.roles.clone() }
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Log-in name.
    pub username: String,
    /// Password hash as a PHC string.
    pub password: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Roles held there.
    pub roles: Vec<String>,
}

/// A log-in that is still valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub account: Account,
    /// Secret that every form of this session carries.
    pub csrf: String,
}

enum Change {
    Create(NewAccount),
    Password { account: AccountId, hash: String },
    LogIn { token: [u8; 32], account: AccountId, csrf: String, at: i64 },
    LogOut { token: [u8; 32] },
}

impl Work for Change {
    type Reply = i64;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<i64, WriteError<Infallible>> {
        match self {
            Self::Create(new) => {
                let roles = crate::text_of(&new.roles);
                let row = [
                    (&new.username).into(),
                    (&new.password).into(),
                    (&new.name).into(),
                    (&new.unit).into(),
                    P::Text(&roles),
                ];
                tx.row(&CREATE, &row).await?.map_or(Ok(0), |r| Ok(r.int(0)?))
            }
            Self::Password { account, hash } => {
                tx.exec(&SET_PASSWORD, &[(*account).into(), hash.into()]).await?;
                // Whoever knew the old password must not stay inside.
                tx.exec(&END_SESSIONS, &[(*account).into()]).await?;
                Ok(*account)
            }
            Self::LogIn { token, account, csrf, at } => {
                let row = [token.into(), (*account).into(), csrf.into(), (*at).into()];
                tx.exec(&LOG_IN, &row).await?;
                Ok(*account)
            }
            Self::LogOut { token } => {
                tx.exec(&LOG_OUT, &[token.into()]).await?;
                Ok(0)
            }
        }
    }
}

impl Store {
    /// Makes an account.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the name is taken.
    pub async fn create_account(&self, new: NewAccount) -> Result<AccountId, Error> {
        self.change(Change::Create(new)).await
    }

    /// Gives an account a new password, as a PHC string, and ends all its sessions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_password(&self, account: AccountId, hash: String) -> Result<(), Error> {
        self.change(Change::Password { account, hash }).await.map(drop)
    }

    /// The active account with this log-in name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, username: &str) -> Result<Option<Account>, Error> {
        // No stored text holds a NUL, and neither database takes a question with one.
        if username.contains('\0') {
            return Ok(None);
        }
        let row = self.db.read().await?.row(&BY_NAME, &[username.into()]).await?;
        row.as_ref().map(account).transpose()
    }

    /// An account by its identity, active or not: history names people who have left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_by_id(&self, id: AccountId) -> Result<Option<Account>, Error> {
        let row = self.db.read().await?.row(&BY_ID, &[id.into()]).await?;
        row.as_ref().map(account).transpose()
    }

    /// The active accounts of a unit.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts_of(&self, unit: &str) -> Result<Vec<Account>, Error> {
        let rows = self.db.read().await?.rows(&OF_UNIT, &[unit.into()]).await?;
        rows.iter().map(account).collect()
    }

    /// The active accounts, oldest first, at most a thousand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let rows = self.db.read().await?.rows(&ALL, &[]).await?;
        rows.iter().map(account).collect()
    }

    /// Starts a session; answers its secret token. Only a keyed hash of it is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_in(&self, account: AccountId, now: Timestamp) -> Result<String, Error> {
        let token = crate::new_receipt() + &crate::new_receipt();
        let hash = self.keys.mac(Purpose::Sessions, token.as_bytes());
        let csrf = crate::new_receipt();
        let at = now.as_microsecond();
        self.change(Change::LogIn { token: hash, account, csrf, at }).await?;
        Ok(token)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_out(&self, token: &str) -> Result<(), Error> {
        let hash = self.keys.mac(Purpose::Sessions, token.as_bytes());
        self.change(Change::LogOut { token: hash }).await.map(drop)
    }

    /// The session of a token, if it is valid.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, token: &str, now: Timestamp) -> Result<Option<Session>, Error> {
        let hash = self.keys.mac(Purpose::Sessions, token.as_bytes());
        let since = now.as_microsecond() - SESSION_LENGTH;
        let row = self.db.read().await?.row(&SESSION, &[(&hash).into(), since.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Session { account: account(&row)?, csrf: row.text(6)?.to_owned() }))
    }

    async fn change(&self, change: Change) -> Result<i64, Error> {
        self.db.write(change).await.map_err(|e| match e {
            WriteError::Db(error) => error,
            WriteError::Refused(never) => match never {},
        })
    }
}

fn account(row: &Row) -> Result<Account, Error> {
    Ok(Account {
        id: row.int(0)?,
        username: row.text(1)?.to_owned(),
        password: row.text(2)?.to_owned(),
        name: row.text(3)?.to_owned(),
        unit: row.text(4)?.to_owned(),
        roles: serde_json::from_str(row.text(5)?).map_err(|_| row.corrupt(5, "not roles"))?,
    })
}

impl Store {
    /// A pass that lets the holder see one case for a while: the case, an end, and a tag.
    pub fn write_pass(&self, case: domain::case::CaseId, now: Timestamp, seconds: u32) -> String {
        let end = now.as_second() + i64::from(seconds);
        let body = format!("{case}.{end}");
        let tag = self.keys.mac(Purpose::Receipts, body.as_bytes());
        let mut pass = format!("{body}.");
        for byte in tag {
            let _ = write!(pass, "{byte:02x}");
        }
        pass
    }

    /// The case of a pass that is genuine and has not ended.
    pub fn read_pass(&self, pass: &str, now: Timestamp) -> Option<domain::case::CaseId> {
        let (body, tag) = pass.rsplit_once('.')?;
        let tag: Option<Vec<u8>> = (0..tag.len())
            .step_by(2)
            .map(|at| tag.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .collect();
        if !self.keys.verify(Purpose::Receipts, body.as_bytes(), &tag?) {
            return None;
        }
        let (case, end) = body.split_once('.')?;
        (end.parse::<i64>().ok()? > now.as_second()).then(|| case.parse().ok()).flatten()
    }
}
