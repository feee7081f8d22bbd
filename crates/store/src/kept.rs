//! Files of a form that was not accepted yet, so that nobody has to choose them again. Each is
//! sealed with a key of its own and gone after the days of the pack; without the secret of the form nobody finds
//! them, and nothing here knows what the form was about.

use crate::{
    Attachment, Store,
    db::{Error, P, Row, Stmt, Tx, Work, WriteError},
};
use jiff::{SignedDuration, Timestamp};
use std::convert::Infallible;
use vault::Purpose;

static NAMES: Stmt = Stmt::new(
    "SELECT n, key, size, name FROM kept_files WHERE draft = $1 AND until > $2
     ORDER BY n LIMIT 20",
);
static BODIES: Stmt = Stmt::new(
    "SELECT n, key, kind, name, body FROM kept_files WHERE draft = $1 AND until > $2
     ORDER BY n LIMIT 20",
);
static NEXT: Stmt = Stmt::new("SELECT n FROM kept_files WHERE draft = $1 ORDER BY n DESC LIMIT 1");
/// Every file counts as the largest one may be, so that rows need not be read to be measured.
static ROOM: Stmt =
    Stmt::new("SELECT COUNT(*) FROM (SELECT 1 FROM kept_files WHERE until > 0 LIMIT 500) AS soon");
static KEEP: Stmt = Stmt::new(
    "INSERT INTO kept_files (draft, n, until, key, kind, size, name, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static FORGET: Stmt = Stmt::new("DELETE FROM kept_files WHERE draft = $1 AND n = $2");
static FORGET_ALL: Stmt = Stmt::new("DELETE FROM kept_files WHERE draft = $1");
static SWEEP: Stmt = Stmt::new("DELETE FROM kept_files WHERE until <= $1");
static OLD: Stmt = Stmt::new("SELECT until FROM kept_files WHERE until <= $1 LIMIT 1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&NAMES, &BODIES, &NEXT, &ROOM, &KEEP, &FORGET, &FORGET_ALL, &SWEEP, &OLD];

/// The most files that wait at once, of all forms together: strangers may not fill the disk.
const MOST: i64 = 500;

/// A file that waits, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Position in the form.
    pub n: i64,
    /// Name.
    pub name: String,
    /// Bytes.
    pub size: i64,
}

struct SealedFile {
    key: Vec<u8>,
    kind: String,
    size: i64,
    name: Vec<u8>,
    body: Vec<u8>,
}

enum Change {
    Keep { draft: [u8; 32], until: i64, first: i64, files: Vec<SealedFile> },
    Forget { draft: [u8; 32], which: Option<i64> },
    Sweep { now: i64 },
}

impl Work for Change {
    type Reply = bool;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<bool, WriteError<Infallible>> {
        match self {
            Self::Keep { draft, until, first, files } => {
                let waiting = tx.row(&ROOM, &[]).await?.map_or(Ok(0), |r| r.int(0))?;
                if waiting + i64::try_from(files.len()).unwrap_or(MOST) > MOST {
                    return Ok(false);
                }
                for (n, file) in (*first..).zip(files) {
                    let row = [
                        draft.into(),
                        n.into(),
                        (*until).into(),
                        (&file.key).into(),
                        P::Text(&file.kind),
                        file.size.into(),
                        (&file.name).into(),
                        (&file.body).into(),
                    ];
                    tx.exec(&KEEP, &row).await?;
                }
            }
            Self::Forget { draft, which: Some(n) } => {
                tx.exec(&FORGET, &[draft.into(), (*n).into()]).await?;
            }
            Self::Forget { draft, which: None } => {
                tx.exec(&FORGET_ALL, &[draft.into()]).await?;
            }
            Self::Sweep { now } => drop(tx.exec(&SWEEP, &[(*now).into()]).await?),
        }
        Ok(true)
    }
}

/// What binds the bytes of a file to its place.
pub(crate) fn place(draft: &[u8; 32], n: i64) -> [u8; 40] {
    let mut aad = [0; 40];
    aad[..32].copy_from_slice(draft);
    aad[32..].copy_from_slice(&n.to_be_bytes());
    aad
}

impl Store {
    /// The name under which the files of a form wait. Its secret is never stored.
    fn draft(&self, secret: &str) -> [u8; 32] {
        self.keys.mac(Purpose::Sessions, format!("draft {secret}").as_bytes())
    }

    /// Keeps files for so many days under the secret of their form, beside those that wait already;
    /// whether there was room.
    ///
    /// # Errors
    /// When the database fails; a second press at the same moment is a conflict.
    pub async fn keep_files(
        &self,
        secret: &str,
        (now, days): (Timestamp, u16),
        files: &[Attachment],
    ) -> Result<bool, Error> {
        if files.is_empty() {
            return Ok(true);
        }
        let draft = self.draft(secret);
        let last = self.db.read().await?.row(&NEXT, &[(&draft).into()]).await?;
        let first = last.map_or(Ok(0), |row| row.int(0).map(|n| n + 1))?;
        let sealed = (first..).zip(files).map(|(n, file)| {
            let aad = place(&draft, n);
            let (key, wrapped) = self.keys.new_case_key(&aad);
            SealedFile {
                key: wrapped,
                kind: file.kind.clone(),
                size: i64::try_from(file.body.len()).unwrap_or(i64::MAX),
                name: key.seal(&aad, file.name.as_bytes()),
                body: key.seal(&aad, &file.body),
            }
        });
        let files = sealed.collect();
        let life = SignedDuration::from_hours(24 * i64::from(days));
        let until = now.checked_add(life).unwrap_or(now).as_microsecond();
        self.db.write(Change::Keep { draft, until, first, files }).await.map_err(Error::from)
    }

    /// The files that wait for a form.
    ///
    /// # Errors
    /// When the database fails or a row was altered.
    pub async fn kept_names(&self, secret: &str, now: Timestamp) -> Result<Vec<KeptFile>, Error> {
        let draft = self.draft(secret);
        let params = [(&draft).into(), now.as_microsecond().into()];
        let rows = self.db.read().await?.rows(&NAMES, &params).await?;
        let kept = |row: &Row| {
            let n = row.int(0)?;
            let name = self.unsealed(row, &place(&draft, n), 3)?;
            Ok(KeptFile { n, name: String::from_utf8_lossy(&name).into_owned(), size: row.int(2)? })
        };
        rows.iter().map(kept).collect()
    }

    /// The same files with their content, to go with the form at last.
    ///
    /// # Errors
    /// When the database fails or a row was altered.
    pub async fn kept_files(&self, secret: &str, now: Timestamp) -> Result<Vec<Attachment>, Error> {
        let draft = self.draft(secret);
        let params = [(&draft).into(), now.as_microsecond().into()];
        let rows = self.db.read().await?.rows(&BODIES, &params).await?;
        let file = |row: &Row| {
            let aad = place(&draft, row.int(0)?);
            Ok(Attachment {
                name: String::from_utf8_lossy(&self.unsealed(row, &aad, 3)?).into_owned(),
                kind: row.text(2)?.to_owned(),
                body: self.unsealed(row, &aad, 4)?,
            })
        };
        rows.iter().map(file).collect()
    }

    fn unsealed(&self, row: &Row, aad: &[u8], column: usize) -> Result<Vec<u8>, Error> {
        let key = self.keys.unwrap(aad, row.blob(1)?).map_err(|e| row.corrupt(1, e.to_string()))?;
        key.open(aad, row.blob(column)?).map_err(|e| row.corrupt(column, e.to_string()))
    }

    /// Forgets one file of a form, or all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_files(&self, secret: &str, which: Option<i64>) -> Result<(), Error> {
        let draft = self.draft(secret);
        self.db.write(Change::Forget { draft, which }).await.map_err(Error::from).map(drop)
    }

    /// Forgets every file whose days are over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_files(&self, now: Timestamp) -> Result<(), Error> {
        let now = now.as_microsecond();
        if self.db.read().await?.row(&OLD, &[now.into()]).await?.is_none() {
            return Ok(());
        }
        self.db.write(Change::Sweep { now }).await.map_err(Error::from).map(drop)
    }
}
