//! Staff accounts. Directory data: plain rows; what administrators do to them is remembered by
//! `people`.

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
     WHERE active = 1 AND id > $1 ORDER BY id LIMIT $2",
);
static CREATE: Stmt = Stmt::new(
    "INSERT INTO accounts (username, password, name, unit, roles, active)
     VALUES ($1, $2, $3, $4, $5, 1) RETURNING id",
);
static FIND: Stmt = Stmt::new(
    "SELECT id, username, password, name, unit, roles FROM accounts
     WHERE active = 1 AND (username LIKE $1 OR name LIKE $1) ORDER BY id LIMIT $2",
);
pub(crate) static ACTIVE: Stmt = Stmt::new(
    "SELECT id, username, password, name, unit, roles FROM accounts WHERE id = $1 AND active = 1",
);
static SET_PASSWORD: Stmt =
    Stmt::new("UPDATE accounts SET password = $2, must_change = 0 WHERE id = $1");
static END_SESSIONS: Stmt = Stmt::new("DELETE FROM sessions WHERE account = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&BY_NAME, &BY_ID, &OF_UNIT, &ALL, &CREATE, &SET_PASSWORD, &END_SESSIONS, &FIND, &ACTIVE];

/// So many accounts are read at a time where all are wanted.
const AT_ONCE: i64 = 1_000;
/// So many accounts a search finds at most.
pub const FOUND_ACCOUNTS: usize = 200;

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

enum Change {
    Create(NewAccount),
    Password { account: AccountId, hash: String },
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

    /// The active accounts, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let mut all: Vec<Account> = Vec::new();
        let mut reader = self.db.page().await?;
        loop {
            let last = all.last().map_or(0, |a| a.id);
            let rows = reader.rows(&ALL, &[last.into(), AT_ONCE.into()]).await?;
            for row in &rows {
                all.push(account(row)?);
            }
            if i64::try_from(rows.len()).is_ok_and(|n| n < AT_ONCE) {
                return Ok(all);
            }
        }
    }

    /// Active accounts whose log-in name or name holds what was typed, or who belong to one of the
    /// units; all when nothing was typed. At most [`FOUND_ACCOUNTS`], oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_accounts(&self, typed: &str, units: &[&str]) -> Result<Vec<Account>, Error> {
        let plain: String = typed.chars().filter(|c| !"%_\\".contains(*c)).collect();
        let like = format!("%{plain}%");
        let mut reader = self.db.page().await?;
        let limit = i64::try_from(FOUND_ACCOUNTS).unwrap_or(i64::MAX);
        let mut rows = reader.rows(&FIND, &[P::Text(&like), limit.into()]).await?;
        for unit in units {
            rows.extend(reader.rows(&OF_UNIT, &[P::Text(unit)]).await?);
        }
        let mut found: Vec<Account> = rows.iter().map(account).collect::<Result<_, _>>()?;
        found.sort_by_key(|a| a.id);
        found.dedup_by_key(|a| a.id);
        found.truncate(FOUND_ACCOUNTS);
        Ok(found)
    }

    /// An account that may still come in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn active_account(&self, id: AccountId) -> Result<Option<Account>, Error> {
        let row = self.db.read().await?.row(&ACTIVE, &[id.into()]).await?;
        row.as_ref().map(account).transpose()
    }

    async fn change(&self, change: Change) -> Result<i64, Error> {
        self.db.write(change).await.map_err(Error::from)
    }
}

pub(crate) fn account(row: &Row) -> Result<Account, Error> {
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
