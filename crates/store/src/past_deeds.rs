//! Deeds leave when their years are over: the oldest of each stream, and never one that no
//! checkpoint covers. What stays is a code an entry, an anchor a stream and a certificate a
//! transaction, all sealed with the keys, so that `verify` proves that nothing else left.
//!
//! Everything happens in the transaction of the certificate: a stop loses nothing.

use crate::{
    Store,
    chain::{Hash, Root, START},
    db::{Batch, Error, P, Reader, Row, Stmt, Tx, Work, WriteError},
    hex,
    verify::Report,
};
use domain::{pack::Pack, retention};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};
use vault::{Keys, Purpose};

/// Entries that leave in one transaction, so that nobody waits long.
const AT_ONCE: i64 = 2_000;

static DUE: Stmt = Stmt::new(
    "SELECT s.id FROM streams s JOIN entries e ON e.case_id = s.id AND e.seq = s.cut + 1
     WHERE e.at < $1 AND e.pos <= (SELECT COALESCE(MAX(upto), 0) FROM checkpoints)
     ORDER BY s.id LIMIT 20",
);
static STREAM: Stmt = Stmt::locking("SELECT cut, cut_head FROM streams WHERE id = $1");
static OLDEST: Stmt = Stmt::new(
    "SELECT seq, at, pos, hash FROM entries WHERE case_id = $1 AND seq > $2
     AND pos <= (SELECT COALESCE(MAX(upto), 0) FROM checkpoints) ORDER BY seq LIMIT $3",
);
static NEXT: Stmt = Stmt::new(
    "INSERT INTO sequences (name, next) VALUES ('cut', 1)
     ON CONFLICT (name) DO UPDATE SET next = sequences.next + 1 RETURNING next",
);
static KEEP_CODES: Stmt = Stmt::new(
    "INSERT INTO gone (pos, hash, cut)
     SELECT pos, hash, $4 FROM entries WHERE case_id = $1 AND seq > $2 AND seq <= $3",
);
static DROP_ENTRIES: Stmt =
    Stmt::new("DELETE FROM entries WHERE case_id = $1 AND seq > $2 AND seq <= $3");
static DROP_LINES: Stmt =
    Stmt::new("DELETE FROM deeds WHERE stream = $1 AND seq > $2 AND seq <= $3");
static ANCHOR: Stmt =
    Stmt::new("UPDATE streams SET cut = $2, cut_head = $3, cut_seal = $4 WHERE id = $1");
static CERTIFY: Stmt = Stmt::new(
    "INSERT INTO cuts (number, at, years, since, until, total, root, seal)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static CUTS: Stmt = Stmt::new(
    "SELECT number, at, years, since, until, total, root, seal FROM cuts
     WHERE number < $1 ORDER BY number DESC LIMIT 100",
);
static IN_ORDER: Stmt = Stmt::new(
    "SELECT number, at, years, since, until, total, root, seal FROM cuts
     WHERE number > $1 ORDER BY number LIMIT 100",
);
static CODES: Stmt = Stmt::new("SELECT pos, hash FROM gone WHERE cut = $1 ORDER BY pos");
static SUMS: Stmt = Stmt::new(
    "SELECT CAST((SELECT COALESCE(SUM(cut), 0) FROM streams) AS BIGINT),
       (SELECT COUNT(*) FROM gone)",
);
static UNCERTIFIED: Stmt = Stmt::new(
    "SELECT pos FROM gone WHERE NOT EXISTS (SELECT 1 FROM cuts WHERE cuts.number = gone.cut)
     LIMIT 1",
);
static WAITING: Stmt = Stmt::new("SELECT COUNT(*) FROM deeds WHERE at < $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[
    &DUE,
    &STREAM,
    &OLDEST,
    &NEXT,
    &KEEP_CODES,
    &DROP_ENTRIES,
    &DROP_LINES,
    &ANCHOR,
    &CERTIFY,
    &CUTS,
    &IN_ORDER,
    &CODES,
    &SUMS,
    &UNCERTIFIED,
    &WAITING,
];

/// A certificate that deeds left because their years were over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeedCertificate {
    /// From 1, without gaps.
    pub number: i64,
    /// When they left.
    pub at: Timestamp,
    /// The rule: so many years they had to be kept at least.
    pub years: i64,
    /// The oldest of them.
    pub since: Timestamp,
    /// The newest of them.
    pub until: Timestamp,
    /// How many entries left.
    pub total: i64,
    /// Root over their positions and codes.
    pub root: String,
    /// Whether the seal was made with these keys.
    pub genuine: bool,
}

/// What the seal of a certificate covers.
fn certified(numbers: [i64; 6], root: &[u8]) -> Vec<u8> {
    let numbers = numbers.map(i64::to_be_bytes).concat();
    [b"certificate of deeds\n".as_slice(), &numbers, root].concat()
}

/// What the seal of an anchor covers: from where on the chain of a stream still stands.
fn anchored(stream: i64, cut: i64, head: &[u8]) -> Vec<u8> {
    let numbers = [stream, cut].map(i64::to_be_bytes).concat();
    [b"anchor of deeds\n".as_slice(), &numbers, head].concat()
}

/// Where the chain of a stream begins: after so many entries, with this code; none when the seal of
/// the anchor was not made with these keys.
pub(crate) fn anchor(
    keys: &Keys,
    stream: i64,
    (cut, head, seal): (i64, Option<&[u8]>, Option<&[u8]>),
) -> Option<(i64, Hash)> {
    if cut == 0 {
        return (head.is_none() && seal.is_none()).then_some((0, START));
    }
    let head: Hash = head?.try_into().ok()?;
    let genuine = keys.verify(Purpose::Certificates, &anchored(stream, cut, &head), seal?);
    genuine.then_some((cut, head))
}

struct Leave {
    keys: Arc<Keys>,
    streams: Vec<i64>,
    years: i64,
    before: i64,
    at: i64,
}

/// What leaves: codes by position, and the span.
struct Leaving {
    codes: BTreeMap<i64, Hash>,
    since: i64,
    until: i64,
}

/// Somebody else was first, and the number of the certificate must not be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing was left to leave")]
struct NothingLeft;

impl Work for Leave {
    type Reply = i64;
    type Refusal = NothingLeft;

    async fn run(&self, tx: &mut Tx) -> Result<i64, WriteError<NothingLeft>> {
        // Also the turn of this node: another one that does the same waits here.
        let number = tx.row(&NEXT, &[]).await?.map_or(Ok(0), |r| r.int(0))?;
        let mut leaving = Leaving { codes: BTreeMap::new(), since: i64::MAX, until: i64::MIN };
        for stream in &self.streams {
            self.cut(tx, (*stream, number), &mut leaving).await?;
        }
        if leaving.codes.is_empty() {
            return Err(WriteError::Refused(NothingLeft));
        }
        let mut root = Root::after(&START);
        for (pos, hash) in &leaving.codes {
            root.add(*pos, hash);
        }
        let (total, root) = (root.entries, root.finish());
        let numbers = [number, self.at, self.years, leaving.since, leaving.until, total];
        let seal = self.keys.mac(Purpose::Certificates, &certified(numbers, &root));
        let row: Vec<P<'_>> =
            numbers.iter().map(|n| P::Int(*n)).chain([(&root).into(), P::Blob(&seal)]).collect();
        tx.exec(&CERTIFY, &row).await?;
        Ok(total)
    }
}

impl Leave {
    /// Takes the oldest entries out of one stream.
    async fn cut(
        &self,
        tx: &mut Tx,
        (stream, number): (i64, i64),
        leaving: &mut Leaving,
    ) -> Result<(), Error> {
        let room = AT_ONCE - i64::try_from(leaving.codes.len()).unwrap_or(AT_ONCE);
        let Some(row) = tx.row(&STREAM, &[stream.into()]).await? else { return Ok(()) };
        let from = row.int(0)?;
        let rows = tx.rows(&OLDEST, &[stream.into(), from.into(), room.into()]).await?;
        let mut last = None;
        for entry in &rows {
            let at = entry.int(1)?;
            if at >= self.before {
                break;
            }
            let hash: Hash = entry.array(3)?;
            leaving.codes.insert(entry.int(2)?, hash);
            (leaving.since, leaving.until) = (leaving.since.min(at), leaving.until.max(at));
            last = Some((entry.int(0)?, hash));
        }
        let Some((upto, head)) = last else { return Ok(()) };
        let seal = self.keys.mac(Purpose::Certificates, &anchored(stream, upto, &head));
        let range = [stream.into(), from.into(), upto.into()];
        let mut batch = Batch::new();
        batch
            .add(&KEEP_CODES, &[stream.into(), from.into(), upto.into(), number.into()])
            .add(&DROP_LINES, &range)
            .add(&DROP_ENTRIES, &range)
            .add(&ANCHOR, &[stream.into(), upto.into(), (&head).into(), P::Blob(&seal)]);
        tx.exec_all(batch).await?;
        Ok(())
    }
}

impl Store {
    /// Lets some deeds leave whose years are over under the rules of the pack, and writes the
    /// certificate; answers how many entries left, none when nothing is due.
    ///
    /// # Errors
    /// When the database fails; then nothing has left.
    pub async fn let_deeds_go(&self, pack: &Pack, now: Timestamp) -> Result<i64, Error> {
        let before = retention::deeds_before(pack, now).as_microsecond();
        let rows = self.db.read().await?.rows(&DUE, &[before.into()]).await?;
        let streams = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
        if streams.is_empty() {
            return Ok(0);
        }
        let years = i64::from(pack.retention.deeds_years);
        let (keys, at) = (self.keys.clone(), now.as_microsecond());
        match self.db.write_bulk(Leave { keys, streams, years, before, at }).await {
            Ok(left) => Ok(left),
            Err(WriteError::Refused(NothingLeft)) => Ok(0),
            Err(WriteError::Db(error)) => Err(error),
        }
    }

    /// How many deeds are older than the pack has them kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deeds_waiting(&self, pack: &Pack, now: Timestamp) -> Result<i64, Error> {
        let before = retention::deeds_before(pack, now).as_microsecond();
        let row = self.db.read().await?.row(&WAITING, &[before.into()]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The newest certificates of deeds before a number, at most a hundred.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn deed_certificates(&self, before: i64) -> Result<Vec<DeedCertificate>, Error> {
        let rows = self.db.read().await?.rows(&CUTS, &[before.into()]).await?;
        rows.iter().map(|row| self.deed_certificate(row)).collect()
    }

    fn deed_certificate(&self, row: &Row) -> Result<DeedCertificate, Error> {
        let instant = |column: usize| {
            let at = Timestamp::from_microsecond(row.int(column)?);
            at.map_err(|e| row.corrupt(column, e.to_string()))
        };
        let (number, years, total) = (row.int(0)?, row.int(2)?, row.int(5)?);
        let numbers = [number, row.int(1)?, years, row.int(3)?, row.int(4)?, total];
        let root = row.blob(6)?;
        let bytes = certified(numbers, root);
        Ok(DeedCertificate {
            number,
            at: instant(1)?,
            years,
            since: instant(3)?,
            until: instant(4)?,
            total,
            root: hex(root),
            genuine: self.keys.verify(Purpose::Certificates, &bytes, row.blob(7)?),
        })
    }

    /// Compares every certificate with the codes that stayed, and both with the streams.
    pub(crate) async fn verify_cuts(
        &self,
        reader: &mut Reader,
        report: &mut Report,
    ) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let rows = reader.rows(&IN_ORDER, &[last.into()]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let found = self.deed_certificate(row)?;
                let at = format!("certificate of deeds {}", found.number);
                if found.number != last + 1 {
                    report.trouble(&at, format!("certificate {} is missing", last + 1));
                }
                last = found.number;
                if !found.genuine {
                    report.trouble(&at, "the seal was not made with this key");
                }
                let mut root = Root::after(&START);
                for code in reader.rows(&CODES, &[found.number.into()]).await? {
                    root.add(code.int(0)?, code.blob(1)?);
                }
                if root.entries != found.total || hex(&root.finish()) != found.root {
                    report.trouble(&at, "the codes that stayed tell of other deeds");
                }
            }
        }
        if reader.row(&UNCERTIFIED, &[]).await?.is_some() {
            report.trouble("deeds that left", "no certificate says that they did");
        }
        let Some(sums) = reader.row(&SUMS, &[]).await? else { return Ok(()) };
        if sums.int(0)? != sums.int(1)? {
            report.trouble("deeds that left", "the streams tell of more or fewer");
        }
        Ok(())
    }
}
