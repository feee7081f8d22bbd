//! Passkeys of an account: what is kept of each, sealed, and under which name. What a passkey says is
//! checked elsewhere; here it is only true that no two answers count from the same state of one.

use crate::{
    Store,
    accounts::Account,
    db::{Error, Row, Stmt, Tx, Work, WriteError},
    factors::{FORGET_CODES, keep_codes},
    text_of,
};
use domain::{
    case::AccountId,
    pack::Pack,
    people::{self, NotSo},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, fmt::Write as _};
use vault::Purpose;

static OF_ACCOUNT: Stmt = Stmt::new(
    "SELECT id, key, body, since, used, version FROM passkeys
     WHERE account = $1 ORDER BY since LIMIT 20",
);
pub(crate) static COUNT: Stmt = Stmt::new("SELECT COUNT(*) FROM passkeys WHERE account = $1");
static ADD: Stmt = Stmt::new(
    "INSERT INTO passkeys (id, account, key, body, since, used, version)
     VALUES ($1, $2, $3, $4, $5, 0, 1) ON CONFLICT (id) DO NOTHING",
);
static REMOVE: Stmt = Stmt::new("DELETE FROM passkeys WHERE id = $1");
static USED: Stmt = Stmt::new(
    "UPDATE passkeys SET key = $3, body = $4, used = $5, version = version + 1
     WHERE id = $1 AND version = $2",
);
static PROGRAM: Stmt =
    Stmt::new("SELECT COUNT(*) FROM factors WHERE account = $1 AND confirmed = 1");
pub(crate) static FORGET: Stmt = Stmt::new("DELETE FROM passkeys WHERE account = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&OF_ACCOUNT, &COUNT, &ADD, &REMOVE, &USED, &PROGRAM, &FORGET];

/// An account has so many at most.
const MOST: i64 = 10;

/// A passkey of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// A word by which to remove it.
    pub handle: String,
    /// What its owner calls it.
    pub name: String,
    /// What is kept of it.
    pub key: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was last used, if it was.
    pub used: Option<Timestamp>,
    id: [u8; 32],
    version: i64,
}

/// A passkey that is to be added, as it is stored.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    id: [u8; 32],
    key: Vec<u8>,
    body: Vec<u8>,
    codes: Vec<[u8; 32]>,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Body {
    name: String,
    key: String,
}

impl NewPasskey {
    pub(crate) async fn add(
        &self,
        tx: &mut Tx,
        account: AccountId,
        at: i64,
    ) -> Result<(), WriteError<NotSo>> {
        let full = count(tx, &COUNT, account).await? >= MOST;
        let row =
            [(&self.id).into(), account.into(), (&self.key).into(), (&self.body).into(), at.into()];
        if full || tx.exec(&ADD, &row).await? != 1 {
            return Err(WriteError::Refused(NotSo::Bound));
        }
        if !self.codes.is_empty() {
            keep_codes(tx, account, &self.codes).await?;
        }
        Ok(())
    }
}

async fn count(tx: &mut Tx, stmt: &'static Stmt, account: AccountId) -> Result<i64, Error> {
    let row = tx.row(stmt, &[account.into()]).await?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Takes a passkey away, unless it is the last second factor and the roles need one.
pub(crate) async fn remove(
    tx: &mut Tx,
    (pack, whom): (&Pack, &Account),
    handle: &str,
) -> Result<(), WriteError<NotSo>> {
    let rows = tx.rows(&OF_ACCOUNT, &[whom.id.into()]).await?;
    let mut found = None;
    for row in &rows {
        let id: [u8; 32] = row.array(0)?;
        if handle_of(&id) == handle {
            found = Some(id);
        }
    }
    let id = found.ok_or(WriteError::Refused(NotSo::Gone))?;
    let program = count(tx, &PROGRAM, whom.id).await? > 0;
    let left = rows.len() - 1 + usize::from(program);
    people::may_keep(pack, &whom.roles, left).map_err(WriteError::Refused)?;
    tx.exec_one(&REMOVE, &[(&id).into()]).await?;
    if left == 0 {
        tx.exec(&FORGET_CODES, &[whom.id.into()]).await?;
    }
    Ok(())
}

struct Use {
    id: [u8; 32],
    version: i64,
    key: Vec<u8>,
    body: Vec<u8>,
    at: i64,
}

impl Work for Use {
    type Reply = bool;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<bool, WriteError<Infallible>> {
        let row = [
            (&self.id).into(),
            self.version.into(),
            (&self.key).into(),
            (&self.body).into(),
            self.at.into(),
        ];
        Ok(tx.exec(&USED, &row).await? == 1)
    }
}

/// Where a passkey belongs: bytes moved to another account or passkey do not open there.
pub(crate) fn place(account: AccountId, id: &[u8; 32]) -> Vec<u8> {
    [b"passkey ".as_slice(), &account.to_be_bytes(), id].concat()
}

fn handle_of(id: &[u8; 32]) -> String {
    id.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Store {
    /// An identity of an account for authenticators, which says nothing about anybody.
    pub fn passkey_person(&self, account: AccountId) -> [u8; 16] {
        let code = self.keys.mac(Purpose::Sessions, format!("passkeys of {account}").as_bytes());
        let mut person = [0; 16];
        person.copy_from_slice(&code[..16]);
        person
    }

    /// The passkeys of an account, oldest first.
    ///
    /// # Errors
    /// When the database fails or one was altered.
    pub async fn passkeys(&self, account: AccountId) -> Result<Vec<Passkey>, Error> {
        let rows = self.db.read().await?.rows(&OF_ACCOUNT, &[account.into()]).await?;
        rows.iter().map(|row| self.passkey(account, row)).collect()
    }

    fn passkey(&self, account: AccountId, row: &Row) -> Result<Passkey, Error> {
        let id: [u8; 32] = row.array(0)?;
        let aad = place(account, &id);
        let key = self.keys.unwrap(&aad, row.blob(1)?);
        let key = key.map_err(|e| row.corrupt(1, e.to_string()))?;
        let body = key.open(&aad, row.blob(2)?).map_err(|e| row.corrupt(2, e.to_string()))?;
        let body: Body =
            serde_json::from_slice(&body).map_err(|_| row.corrupt(2, "not a passkey"))?;
        let instant = |column| {
            let at = Timestamp::from_microsecond(row.int(column)?);
            at.map_err(|e| row.corrupt(column, e.to_string()))
        };
        Ok(Passkey {
            handle: handle_of(&id),
            name: body.name,
            key: body.key,
            since: instant(3)?,
            used: if row.int(4)? == 0 { None } else { Some(instant(4)?) },
            id,
            version: row.int(5)?,
        })
    }

    /// A passkey that may be added to an account: its own identity, what is kept of it, its name.
    /// Also the recovery codes to show, when it is the first second factor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn new_passkey(
        &self,
        account: AccountId,
        (credential, key): (&[u8], String),
        name: &str,
    ) -> Result<(NewPasskey, Vec<String>), Error> {
        let told = [b"passkey ".as_slice(), credential].concat();
        let id = self.keys.mac(Purpose::Sessions, &told);
        let (key, body) = self.seal_passkey((account, &id), name, key);
        let (shown, codes) = if self.factor(account).await?.any() {
            (Vec::new(), Vec::new())
        } else {
            self.new_codes(account)
        };
        Ok((NewPasskey { id, key, body, codes }, shown))
    }

    fn seal_passkey(
        &self,
        (account, id): (AccountId, &[u8; 32]),
        name: &str,
        key: String,
    ) -> (Vec<u8>, Vec<u8>) {
        let aad = place(account, id);
        let (seal, wrapped) = self.keys.new_case_key(&aad);
        let body = text_of(&Body { name: name.to_owned(), key });
        (wrapped, seal.seal(&aad, body.as_bytes()))
    }

    /// Keeps what a passkey is after it was used; false when another answer came between.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn passkey_used(
        &self,
        account: AccountId,
        passkey: &Passkey,
        key: String,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (id, version) = (passkey.id, passkey.version);
        let (key, body) = self.seal_passkey((account, &id), &passkey.name, key);
        let at = now.as_microsecond();
        self.db.write(Use { id, version, key, body, at }).await.map_err(Error::from)
    }
}
