//! Second factors: a secret that an authenticator program shares, sealed under the keys, and
//! recovery codes of which only keyed hashes are stored. Every code is taken once.

use crate::{
    Store,
    db::{Error, Row, Stmt, Tx, Work, WriteError},
    deeds::Record,
    passkeys,
};
use domain::case::AccountId;
use jiff::Timestamp;
use std::{convert::Infallible, sync::Arc};
use vault::{Keys, Purpose, totp};

static FACTOR: Stmt =
    Stmt::locking("SELECT key, secret, step, confirmed FROM factors WHERE account = $1");
static PEEK: Stmt =
    Stmt::new("SELECT key, secret, step, confirmed FROM factors WHERE account = $1");
static BEGIN: Stmt = Stmt::new(
    "INSERT INTO factors (account, key, secret, step, confirmed) VALUES ($1, $2, $3, 0, 0)
     ON CONFLICT (account) DO NOTHING",
);
static USED: Stmt =
    Stmt::new("UPDATE factors SET step = $2, confirmed = 1 WHERE account = $1 AND step < $2");
pub(crate) static FORGET: Stmt = Stmt::new("DELETE FROM factors WHERE account = $1");
pub(crate) static FORGET_CODES: Stmt = Stmt::new("DELETE FROM recovery WHERE account = $1");
static KEEP_CODE: Stmt = Stmt::new("INSERT INTO recovery (account, code) VALUES ($1, $2)");
static TAKE_CODE: Stmt = Stmt::new("DELETE FROM recovery WHERE account = $1 AND code = $2");
static CODES_LEFT: Stmt = Stmt::new("SELECT COUNT(*) FROM recovery WHERE account = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&FACTOR, &PEEK, &BEGIN, &USED, &FORGET, &FORGET_CODES, &KEEP_CODE, &TAKE_CODE, &CODES_LEFT];

/// So many recovery codes are given at once.
pub const RECOVERY_CODES: usize = 8;
/// Signs of a recovery code: fifty bits, which the throttle makes plenty.
const RECOVERY_CHARS: usize = 10;

/// What was proved by a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A code of the authenticator program.
    Code,
    /// A recovery code, which is now used up.
    Recovery,
}

/// The second factor of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Factor {
    /// An authenticator program is set up and has been shown to work.
    pub ready: bool,
    /// Passkeys.
    pub passkeys: i64,
    /// Recovery codes that are left.
    pub recovery: i64,
}

impl Factor {
    /// Whether there is any second factor, which is owed after the password then.
    pub fn any(self) -> bool {
        self.ready || self.passkeys > 0
    }
}

enum Change {
    Begin { account: AccountId, key: Vec<u8>, secret: Vec<u8> },
    Check { keys: Arc<Keys>, account: AccountId, typed: String, second: i64, first: Option<First> },
    Codes { account: AccountId, codes: Vec<[u8; 32]> },
}

/// What follows from the first right code.
struct First {
    codes: Vec<[u8; 32]>,
    record: Record,
    at: i64,
    command: [u8; 16],
}

impl Work for Change {
    type Reply = Option<Proof>;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<Option<Proof>, WriteError<Infallible>> {
        match self {
            Self::Begin { account, key, secret } => {
                tx.exec(&BEGIN, &[(*account).into(), key.into(), secret.into()]).await?;
                Ok(None)
            }
            Self::Codes { account, codes } => {
                keep_codes(tx, *account, codes).await?;
                Ok(None)
            }
            Self::Check { keys, account, typed, second, first } => {
                check(tx, keys, *account, (typed, *second), first.as_ref()).await
            }
        }
    }
}

async fn check(
    tx: &mut Tx,
    keys: &Keys,
    account: AccountId,
    (typed, second): (&str, i64),
    first: Option<&First>,
) -> Result<Option<Proof>, WriteError<Infallible>> {
    let row = tx.row(&FACTOR, &[account.into()]).await?;
    let ready = row.as_ref().map_or(Ok(0), |row| row.int(3))? == 1;
    if first.is_some() && ready {
        return Ok(None);
    }
    // A secret that was never shown to work counts for nothing but to be shown now.
    if let Some(row) = row.filter(|_| ready || first.is_some())
        && let Some(step) = totp::accepted(&open(keys, account, &row)?, typed, second, row.int(2)?)
    {
        tx.exec(&USED, &[account.into(), step.into()]).await?;
        if let Some(first) = first {
            keep_codes(tx, account, &first.codes).await?;
            first.record.append(tx, (keys, first.at, &first.command)).await?;
        }
        return Ok(Some(Proof::Code));
    }
    if first.is_some() {
        return Ok(None);
    }
    // Whoever has only passkeys has recovery codes as well.
    let code = recovery_key(keys, account, typed);
    let taken = tx.exec(&TAKE_CODE, &[account.into(), (&code).into()]).await?;
    Ok((taken == 1).then_some(Proof::Recovery))
}

pub(crate) async fn keep_codes<R>(
    tx: &mut Tx,
    account: AccountId,
    codes: &[[u8; 32]],
) -> Result<(), WriteError<R>> {
    tx.exec(&FORGET_CODES, &[account.into()]).await?;
    for code in codes {
        tx.exec(&KEEP_CODE, &[account.into(), code.into()]).await?;
    }
    Ok(())
}

/// Where the secret of an account belongs: bytes moved to another account do not open there.
pub(crate) fn place(account: AccountId) -> Vec<u8> {
    [b"second factor ".as_slice(), &account.to_be_bytes()].concat()
}

fn open(keys: &Keys, account: AccountId, row: &Row) -> Result<Vec<u8>, Error> {
    let aad = place(account);
    let key = keys.unwrap(&aad, row.blob(0)?).map_err(|e| row.corrupt(0, e.to_string()))?;
    key.open(&aad, row.blob(1)?).map_err(|e| row.corrupt(1, e.to_string()))
}

/// What is stored of a recovery code; dashes and case do not matter.
fn recovery_key(keys: &Keys, account: AccountId, typed: &str) -> [u8; 32] {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    let text = format!("recovery {account} {}", plain.to_ascii_uppercase());
    keys.mac(Purpose::Sessions, text.as_bytes())
}

impl Store {
    /// The second factor of an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factor(&self, account: AccountId) -> Result<Factor, Error> {
        let mut reader = self.db.read().await?;
        let row = reader.row(&PEEK, &[account.into()]).await?;
        let ready = row.map_or(Ok(0), |row| row.int(3))? == 1;
        let left = reader.row(&CODES_LEFT, &[account.into()]).await?;
        let recovery = left.map_or(Ok(0), |row| row.int(0))?;
        let passkeys = reader.row(&passkeys::COUNT, &[account.into()]).await?;
        Ok(Factor { ready, passkeys: passkeys.map_or(Ok(0), |row| row.int(0))?, recovery })
    }

    /// The secret of a second factor that is being set up, for the authenticator program: the same
    /// until a code has shown that it works, and none from then on.
    ///
    /// # Errors
    /// When the database fails or the secret was altered.
    pub async fn begin_factor(&self, account: AccountId) -> Result<Option<Vec<u8>>, Error> {
        let aad = place(account);
        let (key, wrapped) = self.keys.new_case_key(&aad);
        let fresh: [u8; totp::SECRET_BYTES] = rand::random();
        let secret = key.seal(&aad, &fresh);
        self.db.write(Change::Begin { account, key: wrapped, secret }).await?;
        let row = self.db.read().await?.row(&PEEK, &[account.into()]).await?;
        let Some(row) = row.filter(|row| row.int(3) == Ok(0)) else { return Ok(None) };
        open(&self.keys, account, &row).map(Some)
    }

    /// Makes the second factor count, if the code is right; answers the recovery codes, which are
    /// shown once. `record` is written with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_factor(
        &self,
        account: AccountId,
        typed: &str,
        now: Timestamp,
        record: Record,
    ) -> Result<Option<Vec<String>>, Error> {
        let (shown, codes) = self.new_codes(account);
        let at = now.as_microsecond();
        let first = First { codes, record, at, command: rand::random() };
        let done = self.check(account, typed, now, Some(first)).await?;
        Ok(done.map(|_| shown))
    }

    /// Takes a code of the authenticator program, or a recovery code. Each is taken once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_code(
        &self,
        account: AccountId,
        typed: &str,
        now: Timestamp,
    ) -> Result<Option<Proof>, Error> {
        self.check(account, typed, now, None).await
    }

    /// Gives new recovery codes in place of the old ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_recovery(&self, account: AccountId) -> Result<Vec<String>, Error> {
        let (shown, codes) = self.new_codes(account);
        self.db.write(Change::Codes { account, codes }).await?;
        Ok(shown)
    }

    async fn check(
        &self,
        account: AccountId,
        typed: &str,
        now: Timestamp,
        first: Option<First>,
    ) -> Result<Option<Proof>, Error> {
        let (keys, typed, second) = (self.keys.clone(), typed.to_owned(), now.as_second());
        self.db
            .write(Change::Check { keys, account, typed, second, first })
            .await
            .map_err(Error::from)
    }

    pub(crate) fn new_codes(&self, account: AccountId) -> (Vec<String>, Vec<[u8; 32]>) {
        let one = |_| {
            let code: String = crate::new_receipt().chars().take(RECOVERY_CHARS).collect();
            let stored = recovery_key(&self.keys, account, &code);
            let half = RECOVERY_CHARS / 2;
            (format!("{}-{}", &code[..half], &code[half..]), stored)
        };
        (0..RECOVERY_CODES).map(one).unzip()
    }
}
