//! Whether a database is a demonstration: everybody knows the passwords of its accounts, so it must
//! never be served to others. The mark is a row among the counters, and nothing takes it away.

use crate::{
    Store,
    db::{Error, Stmt, Tx, Work, WriteError},
};
use std::convert::Infallible;

static MARK: Stmt = Stmt::new(
    "INSERT INTO sequences (name, next) VALUES ('demonstration', 1) ON CONFLICT (name) DO NOTHING",
);
static MARKED: Stmt = Stmt::new("SELECT next FROM sequences WHERE name = 'demonstration'");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&MARK, &MARKED];

struct Mark;

impl Work for Mark {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&MARK, &[]).await?;
        Ok(())
    }
}

impl Store {
    /// Marks the database as a demonstration, for good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn become_demonstration(&self) -> Result<(), Error> {
        self.db.write(Mark).await.map_err(Error::from)
    }

    /// Whether a demonstration was built here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_demonstration(&self) -> Result<bool, Error> {
        Ok(self.db.read().await?.row(&MARKED, &[]).await?.is_some())
    }
}
