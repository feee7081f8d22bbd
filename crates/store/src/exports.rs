//! Lists that somebody took out: each is remembered as a deed in the transaction that keeps it, lies
//! sealed under a key of its own, opens for the account that made it alone, and is gone after its
//! hours, or as soon as its maker may no longer know of a case in it. The tag on it leads from any copy back to the deed, long after the file itself is gone.

use crate::{
    Store,
    db::{Batch, Error, P, Row, Stmt, Tx, Work, WriteError},
    deeds::{self, Record},
    export_pieces::{self, Content, Fetched, Outgoing},
    numbers,
};
use domain::{
    access::{self, Viewer},
    audit::Deed,
    case::{AccountId, CaseId, Staff},
    pack::Pack,
    workflow::Code,
};
use jiff::Timestamp;
use std::{convert::Infallible, fmt::Write as _, sync::Arc};
use vault::{Keys, Purpose};

/// Two at the same instant may both be counted in: one file more harms nothing.
static ALIVE: Stmt = Stmt::new("SELECT COUNT(*) FROM exports WHERE account = $1 AND until > $2");
static KEEP: Stmt = Stmt::new(
    "INSERT INTO exports (id, account, at, until, kind, total, key, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static OF_ACCOUNT: Stmt = Stmt::new(
    "SELECT id, at, until, kind, total FROM exports
     WHERE account = $1 AND until > $2 ORDER BY at DESC LIMIT 50",
);
static ONE: Stmt = Stmt::new(
    "SELECT id, at, until, kind, total, key, body FROM exports
     WHERE id = $1 AND account = $2 AND until > $3",
);
static LISTED: Stmt = Stmt::new("SELECT body FROM cases WHERE id = $1");
static FORGET: Stmt = Stmt::new("DELETE FROM exports WHERE id = $1");
static SWEEP: Stmt = Stmt::new("DELETE FROM exports WHERE until <= $1");
static OLD: Stmt = Stmt::new(
    "SELECT until FROM exports WHERE until <= $1 UNION ALL
     SELECT until FROM export_pieces WHERE until <= $1 LIMIT 1",
);
static TRACE: Stmt = Stmt::new(
    "SELECT at, stream, unit, detail, amount FROM deeds
     WHERE kind = 'exported' AND detail = $1
     ORDER BY at DESC, stream DESC, seq DESC, n DESC LIMIT 100",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&ALIVE, &KEEP, &OF_ACCOUNT, &ONE, &LISTED, &FORGET, &SWEEP, &OLD, &TRACE];

/// So many cases are looked at in one turn.
const TURN: usize = 200;
/// So many files of one account lie ready at most: nobody may fill the disk.
const MOST: i64 = 20;

/// A list that is about to be taken out: its tag goes into the file before the file is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportMark {
    pub(crate) id: [u8; 16],
    /// The tag: twelve signs in three groups, which can be read out over the telephone.
    pub tag: Code,
}

/// A file that was made.
#[derive(Debug, Clone)]
pub struct NewExport {
    /// What it is, as a code that deeds may hold.
    pub what: Code,
    /// `xlsx` or `csv`.
    pub kind: Code,
    /// Rows.
    pub rows: u32,
    /// Hours for which it lies ready.
    pub hours: u32,
    /// The cases in it: it is fetched only while its maker may know of each.
    pub cases: Vec<CaseId>,
    /// The file.
    pub body: Vec<u8>,
}

/// A file that lies ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its name in an address.
    pub handle: String,
    /// Its tag.
    pub tag: Code,
    /// `xlsx` or `csv`.
    pub kind: Code,
    /// Rows.
    pub rows: i64,
    /// When it was made.
    pub at: Timestamp,
    /// When it will be gone.
    pub until: Timestamp,
}

/// Something that was taken out under a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub account: AccountId,
    /// For which unit.
    pub unit: Code,
    /// What, as a code.
    pub what: Code,
    /// How many rows.
    pub rows: i64,
}

struct Keep {
    keys: Arc<Keys>,
    at: i64,
    until: i64,
    account: AccountId,
    id: [u8; 16],
    kind: Code,
    rows: i64,
    key: Vec<u8>,
    body: Vec<u8>,
    record: Record,
}

impl Work for Keep {
    type Reply = bool;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<bool, WriteError<Infallible>> {
        let alive = tx.row(&ALIVE, &[self.account.into(), self.at.into()]).await?;
        if alive.map_or(Ok(0), |row| row.int(0))? >= MOST {
            tx.exec(&export_pieces::FORGET, &[P::Blob(&self.id)]).await?;
            return Ok(false);
        }
        let row = [
            P::Blob(&self.id),
            self.account.into(),
            self.at.into(),
            self.until.into(),
            P::Text(&self.kind),
            self.rows.into(),
            P::Blob(&self.key),
            P::Blob(&self.body),
        ];
        tx.exec(&KEEP, &row).await?;
        self.record.append(tx, (&self.keys, self.at, &self.id)).await?;
        Ok(true)
    }
}

struct Forget([u8; 16]);

impl Work for Forget {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&FORGET, &[P::Blob(&self.0)]).await?;
        tx.exec(&export_pieces::FORGET, &[P::Blob(&self.0)]).await?;
        Ok(())
    }
}

struct Sweep(i64);

impl Work for Sweep {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&SWEEP, &[self.0.into()]).await?;
        tx.exec(&export_pieces::SWEEP, &[self.0.into()]).await?;
        Ok(())
    }
}

/// What binds the bytes of a file to its place.
pub(crate) fn place(id: &[u8; 16]) -> Vec<u8> {
    [b"export ".as_slice(), id].concat()
}

/// What binds a file together with its cases to its place. Files that were made before cases were
/// kept with them open under [`place`] alone, and are given out no more.
pub(crate) fn place_with_cases(id: &[u8; 16]) -> Vec<u8> {
    [b"export and cases ".as_slice(), id].concat()
}

/// The cases and then the file, as they are sealed together.
pub(crate) fn bundled(cases: &[CaseId], body: &[u8]) -> Vec<u8> {
    let count = u32::try_from(cases.len()).unwrap_or(u32::MAX);
    let mut all = count.to_be_bytes().to_vec();
    all.extend(cases.iter().flat_map(|id| id.to_be_bytes()));
    all.extend(body);
    all
}

/// The cases of a bundle, and the file; none when it is none.
pub(crate) fn unbundled(bundle: &[u8]) -> Option<(Vec<CaseId>, &[u8])> {
    let (count, rest) = bundle.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
    let (ids, body) = rest.split_at_checked(count.checked_mul(8)?)?;
    let ids = ids.as_chunks::<8>().0.iter().map(|id| CaseId::from_be_bytes(*id));
    Some((ids.collect(), body))
}

impl Store {
    /// A new mark. Its tag follows from a key, so that nobody can make one up that leads to somebody
    /// else.
    pub fn export_mark(&self) -> ExportMark {
        self.mark_of(crate::new_command())
    }

    fn mark_of(&self, id: [u8; 16]) -> ExportMark {
        let code = self.keys.mac(Purpose::Sessions, &[b"tag of ".as_slice(), &place(&id)].concat());
        ExportMark { id, tag: numbers::tag_of(&code) }
    }

    /// Remembers that a list is taken out, and keeps it for its hours; whether there was room.
    ///
    /// # Errors
    /// When the database fails: then nothing was taken out.
    pub async fn keep_export(
        &self,
        now: Timestamp,
        staff: &Staff,
        mark: ExportMark,
        new: NewExport,
    ) -> Result<bool, Error> {
        let out = self.begin_export(now, mark, new.hours);
        self.end_export(now, staff, out, new).await
    }

    /// The same for a file that was written piece by piece: what is given here is its end.
    ///
    /// # Errors
    /// When the database fails: then nothing was taken out.
    pub async fn end_export(
        &self,
        now: Timestamp,
        staff: &Staff,
        out: Outgoing,
        new: NewExport,
    ) -> Result<bool, Error> {
        let body = out.end(&new.cases, &new.body);
        let Outgoing { mark, wrapped, until, .. } = out;
        let deed = Deed::Exported { what: new.what, case: None, rows: new.rows, tag: mark.tag };
        let keep = Keep {
            keys: self.keys.clone(),
            at: now.as_microsecond(),
            until,
            account: staff.account,
            kind: new.kind,
            rows: new.rows.into(),
            key: wrapped,
            body,
            record: Record::of(staff, vec![deed]),
            id: mark.id,
        };
        self.db.write(keep).await.map_err(Error::from)
    }

    /// The files of an account that lie ready, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exports(&self, account: AccountId, now: Timestamp) -> Result<Vec<Export>, Error> {
        let params = [account.into(), now.as_microsecond().into()];
        let rows = self.db.read().await?.rows(&OF_ACCOUNT, &params).await?;
        rows.iter().map(|row| self.export_of(row)).collect()
    }

    /// One file with its content; none for anybody but its maker, and none after its hours. It is
    /// judged again, case by case: one may have been sealed since, or its maker kept out of one.
    ///
    /// # Errors
    /// When the database fails or the file was altered.
    pub async fn export(
        &self,
        pack: &Pack,
        (staff, now): (&Staff, Timestamp),
        handle: &str,
    ) -> Result<Option<Fetched>, Error> {
        let Some(id) = id_of(handle) else { return Ok(None) };
        let params = [P::Blob(&id), staff.account.into(), now.as_microsecond().into()];
        let Some(row) = self.db.read().await?.row(&ONE, &params).await? else { return Ok(None) };
        let viewer = Viewer::Staff(staff.clone(), now);
        match self.content(id, &row).await? {
            Some(found) if self.may_fetch((pack, &viewer), &found).await? => {
                Ok(Some(Fetched::File(self.export_of(&row)?, found.0)))
            }
            Some(_) | None => self.forget_export(id).await.map(Some),
        }
    }

    /// Whether the viewer may know of every case in a file now: all of it is judged before any of it
    /// goes out.
    async fn may_fetch(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        (file, cases): &(Content, Vec<CaseId>),
    ) -> Result<bool, Error> {
        if !self.all_known(pack, viewer, cases).await? {
            return Ok(false);
        }
        for n in 0.. {
            let Some(cases) = self.cases_of_piece(file, n).await? else { break };
            if !self.all_known(pack, viewer, &cases).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn forget_export(&self, id: [u8; 16]) -> Result<Fetched, Error> {
        self.db.write(Forget(id)).await.map_err(Error::from).map(|()| Fetched::Gone)
    }

    /// Whether the viewer may know of each of these cases now.
    async fn all_known(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        cases: &[CaseId],
    ) -> Result<bool, Error> {
        for turn in cases.chunks(TURN) {
            let mut batch = Batch::new();
            for id in turn {
                batch.add(&LISTED, &[(*id).into()]);
            }
            for rows in self.db.page().await?.rows_all(batch).await? {
                let Some(row) = rows.first() else { return Ok(false) };
                if !access::may_open(pack, viewer, &crate::parse_case(row, 0)?) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Everything that was taken out under a tag, as it was typed: for whoever commands the machine.
    /// Which case it was is not said.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trace(&self, typed: &str) -> Result<Vec<Traced>, Error> {
        let Some(tag) = numbers::plain_tag(typed) else { return Ok(Vec::new()) };
        let mut reader = self.db.read().await?;
        let mut found = Vec::new();
        for what in deeds::TAGGED {
            let detail = format!("{what}:{tag}");
            for row in reader.rows(&TRACE, &[(&detail).into()]).await? {
                let at = Timestamp::from_microsecond(row.int(0)?);
                found.push(Traced {
                    at: at.map_err(|e| row.corrupt(0, e.to_string()))?,
                    account: deeds::stream_of(row.int(1)?),
                    unit: row.text(2)?.to_owned(),
                    what: (*what).to_owned(),
                    rows: row.int(4)?,
                });
            }
        }
        found.sort_by_key(|one| std::cmp::Reverse(one.at));
        Ok(found)
    }

    fn export_of(&self, row: &Row) -> Result<Export, Error> {
        let id: [u8; 16] = row.array(0)?;
        let instant = |column: usize| {
            let at = Timestamp::from_microsecond(row.int(column)?);
            at.map_err(|e| row.corrupt(column, e.to_string()))
        };
        Ok(Export {
            handle: handle_of(&id),
            tag: self.mark_of(id).tag,
            kind: row.text(3)?.to_owned(),
            rows: row.int(4)?,
            at: instant(1)?,
            until: instant(2)?,
        })
    }

    /// Forgets every file whose hours are over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_exports(&self, now: Timestamp) -> Result<(), Error> {
        let now = now.as_microsecond();
        if self.db.read().await?.row(&OLD, &[now.into()]).await?.is_none() {
            return Ok(());
        }
        self.db.write(Sweep(now)).await.map_err(Error::from)
    }
}

fn handle_of(id: &[u8; 16]) -> String {
    id.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn id_of(handle: &str) -> Option<[u8; 16]> {
    let hex = handle.len() == 32 && handle.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| u128::from_str_radix(handle, 16).ok().map(u128::to_be_bytes)).flatten()
}
