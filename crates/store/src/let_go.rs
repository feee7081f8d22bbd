//! What leaves by itself when its time is over, without anybody's word: files of forms that were not
//! sent, lists that were taken out, exchanges and registrations that were not finished, sessions,
//! and deeds after their years. Cases never leave this way: see `expiry`.

use crate::{
    Store,
    db::{Error, Stmt, Tx, Work, WriteError},
};
use domain::pack::Pack;
use jiff::Timestamp;
use std::convert::Infallible;

static EXCHANGES: Stmt = Stmt::new("DELETE FROM exchanges WHERE until < $1");
/// A second factor that was begun belongs to the log-in that began it.
static FACTORS: Stmt = Stmt::new(
    "DELETE FROM factors WHERE confirmed = 0
     AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.account = factors.account)",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&EXCHANGES, &FACTORS];

struct Unfinished(i64);

impl Work for Unfinished {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&EXCHANGES, &[self.0.into()]).await?;
        tx.exec(&FACTORS, &[]).await?;
        Ok(())
    }
}

impl Store {
    /// Lets everything go whose time is over and that needs nobody's word; answers how many entries
    /// of deeds left. May be stopped at any moment and done again.
    ///
    /// # Errors
    /// When the database fails; what has left has left, the rest leaves another time.
    pub async fn let_go(&self, pack: &Pack, now: Timestamp) -> Result<i64, Error> {
        self.sweep_sessions(pack, now).await?;
        self.sweep_exports(now).await?;
        self.sweep_files(now).await?;
        self.db.write(Unfinished(now.as_microsecond())).await?;
        let mut left = 0;
        loop {
            match self.let_deeds_go(pack, now).await? {
                0 => break,
                some => left += some,
            }
        }
        if left > 0 {
            self.scrub().await?;
        }
        Ok(left)
    }
}
