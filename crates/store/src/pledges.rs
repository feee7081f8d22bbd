//! Who has promised which version of confidentiality. The promise is a deed; the account keeps the
//! newest version only, so that the way in can be asked quickly.

use crate::{
    Store,
    accounts::{Account, FOUND_ACCOUNTS, account},
    db::{Error, P, Stmt, Tx, Work, WriteError},
    deeds::Record,
};
use domain::{
    audit::Deed,
    case::{AccountId, By, Staff},
    workflow::Code,
};
use jiff::Timestamp;
use std::{convert::Infallible, sync::Arc};
use vault::Keys;

static GIVE: Stmt = Stmt::new("UPDATE accounts SET pledge = $2 WHERE id = $1 AND active = 1");
static GIVEN: Stmt = Stmt::new("SELECT pledge FROM accounts WHERE id = $1");
static MISSING: Stmt = Stmt::new(
    "SELECT id, username, password, name, unit, roles FROM accounts
     WHERE active = 1 AND pledge <> $1 ORDER BY unit, id LIMIT $2",
);
static COUNT: Stmt = Stmt::new("SELECT COUNT(*) FROM accounts WHERE active = 1 AND pledge <> $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&GIVE, &GIVEN, &MISSING, &COUNT];

struct Give {
    keys: Arc<Keys>,
    at: i64,
    command: [u8; 16],
    account: AccountId,
    version: Code,
    record: Record,
}

impl Work for Give {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&GIVE, &[self.account.into(), P::Text(&self.version)]).await?;
        self.record.append(tx, (&self.keys, self.at, &self.command)).await
    }
}

impl Store {
    /// Remembers that somebody has promised this version.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pledge(&self, now: Timestamp, staff: &Staff, version: &str) -> Result<(), Error> {
        let by = By::Staff(staff.account, staff.unit.clone());
        self.pledge_by(now, (staff.account, by), version).await
    }

    /// The same for a promise that was signed on paper, as somebody else says.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pledge_by(
        &self,
        now: Timestamp,
        (account, by): (AccountId, By),
        version: &str,
    ) -> Result<(), Error> {
        let deed = Deed::Pledged { version: version.to_owned() };
        let give = Give {
            keys: self.keys.clone(),
            at: now.as_microsecond(),
            command: crate::new_command(),
            account,
            version: version.to_owned(),
            record: Record::about(account, by, deed),
        };
        self.db.write(give).await.map_err(Error::from)
    }

    /// The version that an account has promised; empty for none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pledged(&self, account: AccountId) -> Result<Code, Error> {
        let row = self.db.read().await?.row(&GIVEN, &[account.into()]).await?;
        row.map_or(Ok(String::new()), |row| row.text(0).map(str::to_owned))
    }

    /// Active accounts that have not promised this version, unit by unit, and how many they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unpledged(&self, version: &str) -> Result<(Vec<Account>, i64), Error> {
        let most = i64::try_from(FOUND_ACCOUNTS).unwrap_or(i64::MAX);
        let mut reader = self.db.read().await?;
        let rows = reader.rows(&MISSING, &[version.into(), most.into()]).await?;
        let count = reader.row(&COUNT, &[version.into()]).await?;
        let people = rows.iter().map(account).collect::<Result<_, _>>()?;
        Ok((people, count.map_or(Ok(0), |row| row.int(0))?))
    }
}
