//! Which account an identity of the provider comes in as. Of an identity only a keyed hash is
//! stored: at some providers it is a telephone number or worse.

use crate::{
    Store,
    db::{Error, Stmt, Tx, WriteError},
};
use domain::{case::AccountId, people::NotSo};
use std::fmt::Write as _;
use vault::{Keys, Purpose};

static FIND: Stmt = Stmt::new("SELECT account FROM subjects WHERE issuer = $1 AND subject = $2");
static OF_ACCOUNT: Stmt = Stmt::new("SELECT 1 FROM subjects WHERE account = $1 AND issuer = $2");
static BIND: Stmt = Stmt::new(
    "INSERT INTO subjects (issuer, subject, account) VALUES ($1, $2, $3)
     ON CONFLICT (issuer, subject) DO NOTHING",
);
static UNBIND: Stmt = Stmt::new("DELETE FROM subjects WHERE account = $1 AND issuer = $2");
pub(crate) static FORGET: Stmt = Stmt::new("DELETE FROM subjects WHERE account = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&FIND, &OF_ACCOUNT, &BIND, &UNBIND, &FORGET];

/// An identity of a provider, as it may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    issuer: String,
    subject: String,
}

impl Binding {
    /// An identity as it may be stored.
    pub fn of(keys: &Keys, issuer: &str, subject: &str) -> Self {
        let told = format!("subject {issuer}\n{subject}");
        let code = keys.mac(Purpose::Sessions, told.as_bytes());
        let subject = code.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self { issuer: issuer.to_owned(), subject }
    }

    /// One identity is one account's, and an account has one identity of an issuer.
    pub(crate) async fn bind(
        &self,
        tx: &mut Tx,
        account: AccountId,
    ) -> Result<(), WriteError<NotSo>> {
        let has = tx.row(&OF_ACCOUNT, &[account.into(), (&self.issuer).into()]).await?.is_some();
        let row = [(&self.issuer).into(), (&self.subject).into(), account.into()];
        if has || tx.exec(&BIND, &row).await? != 1 {
            return Err(WriteError::Refused(NotSo::Bound));
        }
        Ok(())
    }
}

pub(crate) async fn unbind(
    tx: &mut Tx,
    account: AccountId,
    issuer: &str,
) -> Result<(), WriteError<NotSo>> {
    match tx.exec(&UNBIND, &[account.into(), issuer.into()]).await? {
        0 => Err(WriteError::Refused(NotSo::Gone)),
        _ => Ok(()),
    }
}

impl Store {
    /// The account that an identity is bound to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bound_to(&self, binding: &Binding) -> Result<Option<AccountId>, Error> {
        let identity = [(&binding.issuer).into(), (&binding.subject).into()];
        let row = self.db.read().await?.row(&FIND, &identity).await?;
        row.map(|row| row.int(0)).transpose()
    }

    /// Whether an identity of this issuer is bound to the account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_bound(&self, account: AccountId, issuer: &str) -> Result<bool, Error> {
        let row = self.db.read().await?.row(&OF_ACCOUNT, &[account.into(), issuer.into()]).await?;
        Ok(row.is_some())
    }
}
