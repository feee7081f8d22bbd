//! Certificates of erasure: that so many cases were erased, under which rules, when and by whom,
//! with a root over the entries that say so. They hold no number, no name and no id; the seal is
//! made with the keys, and `verify` compares root and seal with the entries.
//!
//! A certificate is written when every case of its list is done, by whoever finds that first.

use crate::{
    Store,
    chain::Hash,
    db::{Error, Row, Stmt, Tx, Work, WriteError},
    hex, text_of,
    verify::Report,
};
use domain::{
    case::{By, CaseId},
    workflow::Code,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc};
use vault::{Keys, Purpose};

static READY: Stmt =
    Stmt::new("SELECT list FROM erasing GROUP BY list HAVING MIN(seq) > 0 ORDER BY list LIMIT 100");
static OF_LIST: Stmt = Stmt::new(
    "SELECT e.case_id, e.rule, n.hash, n.by, e.seq FROM erasing e
     LEFT JOIN entries n ON n.case_id = e.case_id AND n.seq = e.seq
     WHERE e.list = $1 ORDER BY e.case_id",
);
static NEXT: Stmt = Stmt::new(
    "INSERT INTO sequences (name, next) VALUES ('certificate', 1)
     ON CONFLICT (name) DO UPDATE SET next = sequences.next + 1 RETURNING next",
);
static KNOWN: Stmt = Stmt::new("SELECT number FROM certificates WHERE list = $1");
static WRITE: Stmt = Stmt::new(
    "INSERT INTO certificates (number, list, at, by, rules, total, root, seal)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static CLEAR: Stmt = Stmt::new("DELETE FROM erasing WHERE list = $1");
static ALL: Stmt = Stmt::new(
    "SELECT number, list, at, by, rules, total, root, seal FROM certificates
     WHERE number < $1 ORDER BY number DESC LIMIT 100",
);
static IN_ORDER: Stmt = Stmt::new(
    "SELECT number, list, at, by, rules, total, root, seal FROM certificates
     WHERE number > $1 ORDER BY number LIMIT 100",
);
static WAITING: Stmt = Stmt::new("SELECT case_id FROM erasing WHERE seq > 0");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&READY, &OF_LIST, &NEXT, &KNOWN, &WRITE, &CLEAR, &ALL, &IN_ORDER, &WAITING];

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// From 1, without gaps.
    pub number: i64,
    /// Name of the list.
    pub list: String,
    /// When the last case of it was done.
    pub at: Timestamp,
    /// By whom it was decided; the program, when the time was over.
    pub by: By,
    /// How many cases by rule.
    pub rules: BTreeMap<Code, u32>,
    /// How many cases.
    pub total: i64,
    /// Root over the entries that erased them.
    pub root: String,
    /// Whether the seal was made with these keys.
    pub genuine: bool,
}

/// The root over erased cases: ids in order, each with the code of the entry that erased it. The
/// codes are keyed, so that nobody can try out which ids make a root.
pub(crate) fn root<'a>(cases: impl IntoIterator<Item = (&'a CaseId, &'a Hash)>) -> [u8; 32] {
    let mut all = Sha256::new();
    for (case, hash) in cases {
        all.update(case.to_be_bytes());
        all.update(hash);
    }
    all.finalize().into()
}

/// The bytes that a seal covers.
fn sealed(row: (i64, &[u8], i64, &str, &str, i64, &[u8])) -> Vec<u8> {
    let (number, list, at, by, rules, total, root) = row;
    let numbers = [number, at, total].map(i64::to_be_bytes).concat();
    let text = [by.as_bytes(), b"\n", rules.as_bytes(), b"\n"].concat();
    [b"certificate of erasure\n".as_slice(), &numbers, list, root, &text].concat()
}

struct Certify {
    keys: Arc<Keys>,
    list: Vec<u8>,
    at: i64,
}

impl Work for Certify {
    type Reply = bool;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<bool, WriteError<Infallible>> {
        let list = self.list.as_slice();
        if tx.row(&KNOWN, &[list.into()]).await?.is_some() {
            tx.exec(&CLEAR, &[list.into()]).await?;
            return Ok(false);
        }
        let rows = tx.rows(&OF_LIST, &[list.into()]).await?;
        if rows.is_empty() || rows.iter().any(|row| row.int(4) == Ok(0)) {
            return Ok(false);
        }
        let (mut cases, mut rules) = (BTreeMap::new(), BTreeMap::new());
        let mut by = text_of(&By::System);
        for row in &rows {
            cases.insert(row.int(0)?, row.array(2)?);
            *rules.entry(row.text(1)?.to_owned()).or_insert(0_u32) += 1;
            row.text(3)?.clone_into(&mut by);
        }
        let number = tx.row(&NEXT, &[]).await?.map_or(Ok(0), |r| r.int(0))?;
        let (root, rules) = (root(&cases), text_of(&rules));
        let total = i64::try_from(cases.len()).unwrap_or(i64::MAX);
        let bytes = sealed((number, list, self.at, &by, &rules, total, &root));
        let seal = self.keys.mac(Purpose::Certificates, &bytes);
        let row = [
            number.into(),
            list.into(),
            self.at.into(),
            (&by).into(),
            (&rules).into(),
            total.into(),
            (&root).into(),
            (&seal).into(),
        ];
        tx.exec(&WRITE, &row).await?;
        tx.exec(&CLEAR, &[list.into()]).await?;
        Ok(true)
    }
}

impl Store {
    /// Writes a certificate for every list of which all cases are erased; answers how many.
    ///
    /// # Errors
    /// When the database fails; then it is done another time.
    pub async fn certify(&self, now: Timestamp) -> Result<usize, Error> {
        let rows = self.db.read().await?.rows(&READY, &[]).await?;
        let mut written = 0;
        for row in &rows {
            let (keys, list) = (self.keys.clone(), row.blob(0)?.to_vec());
            let work = Certify { keys, list, at: now.as_microsecond() };
            let done = self.db.write(work).await?;
            written += usize::from(done);
        }
        Ok(written)
    }

    /// The newest certificates before a number, at most a hundred.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn certificates(&self, before: i64) -> Result<Vec<Certificate>, Error> {
        let rows = self.db.read().await?.rows(&ALL, &[before.into()]).await?;
        rows.iter().map(|row| self.certificate_of(row)).collect()
    }

    /// The certificate with this number.
    ///
    /// # Errors
    /// When the database fails or the row is corrupt.
    pub async fn certificate(&self, number: i64) -> Result<Option<Certificate>, Error> {
        let Some(before) = number.checked_add(1) else { return Ok(None) };
        let found = self.certificates(before).await?;
        Ok(found.into_iter().next().filter(|c| c.number == number))
    }

    fn certificate_of(&self, row: &Row) -> Result<Certificate, Error> {
        let (number, list, at) = (row.int(0)?, row.blob(1)?, row.int(2)?);
        let (by, rules, total, root) = (row.text(3)?, row.text(4)?, row.int(5)?, row.blob(6)?);
        let bytes = sealed((number, list, at, by, rules, total, root));
        Ok(Certificate {
            number,
            list: hex(list),
            at: Timestamp::from_microsecond(at).map_err(|e| row.corrupt(2, e.to_string()))?,
            by: serde_json::from_str(by).map_err(|_| row.corrupt(3, "nobody"))?,
            rules: serde_json::from_str(rules).map_err(|_| row.corrupt(4, "not rules"))?,
            total,
            root: hex(root),
            genuine: self.keys.verify(Purpose::Certificates, &bytes, row.blob(7)?),
        })
    }
}

/// Erased cases as their entries tell: list → case → code of the entry that erased it.
pub(crate) type Erased = BTreeMap<String, BTreeMap<CaseId, Hash>>;

impl Store {
    /// Compares every certificate with the entries, and finds erased cases that none covers.
    pub(crate) async fn verify_certificates(
        &self,
        reader: &mut crate::db::Reader,
        mut erased: Erased,
        report: &mut Report,
    ) -> Result<(), Error> {
        let mut last = 0;
        loop {
            let rows = reader.rows(&IN_ORDER, &[last.into()]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let found = self.certificate_of(row)?;
                let at = format!("certificate {}", found.number);
                if found.number != last + 1 {
                    report.trouble(&at, format!("certificate {} is missing", last + 1));
                }
                last = found.number;
                if !found.genuine {
                    report.trouble(&at, "the seal was not made with this key");
                }
                let cases = erased.remove(&found.list).unwrap_or_default();
                let total = i64::try_from(cases.len()).unwrap_or(i64::MAX);
                if total != found.total || hex(&root(&cases)) != found.root {
                    report.trouble(&at, "the entries tell of other erasures");
                }
            }
        }
        let waiting = reader.rows(&WAITING, &[]).await?;
        let waiting: Vec<i64> = waiting.iter().filter_map(|row| row.int(0).ok()).collect();
        let without = erased.values().flat_map(BTreeMap::keys).filter(|c| !waiting.contains(c));
        for case in without {
            report.trouble(format!("case {case}"), "was erased and no certificate says so");
        }
        Ok(())
    }
}
