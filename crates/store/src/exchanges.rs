//! Exchanges: what was begun with a browser (a journey to the provider, a question for a passkey)
//! and may be finished once, soon, by the same browser. What is remembered of it is sealed.

use crate::{
    Store,
    db::{Error, Stmt, Tx, Work, WriteError},
};
use jiff::Timestamp;
use std::convert::Infallible;
use vault::Purpose;

static SWEEP: Stmt = Stmt::new("DELETE FROM exchanges WHERE until < $1");
static BEGIN: Stmt = Stmt::new(
    "INSERT INTO exchanges (token, until, key, body) VALUES ($1, $2, $3, $4)
     ON CONFLICT (token) DO UPDATE SET until = $2, key = $3, body = $4",
);
static TAKE: Stmt = Stmt::new("DELETE FROM exchanges WHERE token = $1 RETURNING until, key, body");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&SWEEP, &BEGIN, &TAKE];

/// What an exchange is about. One of a kind is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Somebody is on the way to the provider and back.
    Journey,
    /// A browser was asked to make a passkey.
    NewPasskey,
    /// A browser was asked for a passkey.
    Passkey,
}

impl Exchange {
    fn word(self) -> &'static str {
        match self {
            Self::Journey => "journey",
            Self::NewPasskey => "new passkey",
            Self::Passkey => "passkey",
        }
    }
}

struct Begin {
    token: [u8; 32],
    now: i64,
    until: i64,
    key: Vec<u8>,
    body: Vec<u8>,
}

impl Work for Begin {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&SWEEP, &[self.now.into()]).await?;
        let row =
            [(&self.token).into(), self.until.into(), (&self.key).into(), (&self.body).into()];
        tx.exec(&BEGIN, &row).await?;
        Ok(())
    }
}

struct Take([u8; 32]);

impl Work for Take {
    type Reply = Option<crate::db::Row>;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<Option<crate::db::Row>, WriteError<Infallible>> {
        Ok(tx.row(&TAKE, &[(&self.0).into()]).await?)
    }
}

impl Store {
    fn exchange_key(&self, kind: Exchange, token: &str) -> [u8; 32] {
        self.keys.mac(Purpose::Sessions, format!("exchange {} {token}", kind.word()).as_bytes())
    }

    /// Remembers what was begun with whoever holds this secret token, for so many seconds, in place
    /// of what was begun of the same kind before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_exchange(
        &self,
        (kind, token): (Exchange, &str),
        body: &str,
        (now, seconds): (Timestamp, u32),
    ) -> Result<(), Error> {
        let token = self.exchange_key(kind, token);
        let (key, wrapped) = self.keys.new_case_key(&token);
        let now = now.as_microsecond();
        let body = key.seal(&token, body.as_bytes());
        let until = now + i64::from(seconds) * 1_000_000;
        self.db.write(Begin { token, now, until, key: wrapped, body }).await.map_err(Error::from)
    }

    /// What was begun with the holder of this token, if it is not too late. It is taken once,
    /// whatever comes of it.
    ///
    /// # Errors
    /// When the database fails or what it held was altered.
    pub async fn take_exchange(
        &self,
        (kind, token): (Exchange, &str),
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        let token = self.exchange_key(kind, token);
        let Some(row) = self.db.write(Take(token)).await? else {
            return Ok(None);
        };
        if row.int(0)? < now.as_microsecond() {
            return Ok(None);
        }
        let key = self.keys.unwrap(&token, row.blob(1)?);
        let key = key.map_err(|e| row.corrupt(1, e.to_string()))?;
        let body = key.open(&token, row.blob(2)?).map_err(|e| row.corrupt(2, e.to_string()))?;
        String::from_utf8(body).map(Some).map_err(|_| row.corrupt(2, "not a text"))
    }
}
