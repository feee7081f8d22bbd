//! Checks the store against itself: chains, checkpoints, projections, counts and the promises.
//!
//! Everything is rebuilt from the entries alone and compared with what stands. One trouble names
//! one row; nothing is repaired here.

use crate::{
    Store,
    chain::{Hash, Link, Root, START},
    db::{Error, Reader, Row, Stmt},
    project,
    seal::{RUN_OF, sealed_bytes},
};
use domain::{
    case::{By, Case, CaseId, Fact, Stamp},
    pack::Pack,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use vault::Purpose;

static CASES: Stmt = Stmt::new(
    "SELECT id, version, head, body FROM cases WHERE id > $1 ORDER BY id LIMIT 500",
);
static ENTRIES: Stmt = Stmt::new(
    "SELECT seq, at, by, command, facts, hash FROM entries WHERE case_id = $1 ORDER BY seq",
);
static ON_DESK: Stmt = Stmt::new(
    "SELECT yellow, grade, category FROM desk
     WHERE unit = $1 AND state = $2 AND rank = $3 AND case_id = $4",
);
static DESK_SIZE: Stmt = Stmt::new("SELECT COUNT(*) FROM desk");
static STRAY: Stmt = Stmt::new(
    "SELECT case_id FROM entries WHERE NOT EXISTS
       (SELECT 1 FROM cases WHERE cases.id = entries.case_id)
     ORDER BY case_id LIMIT 20",
);
static COUNTS: Stmt = Stmt::new(
    "SELECT name, unit, CAST(SUM(n) AS BIGINT) FROM counts GROUP BY name, unit
     HAVING SUM(n) <> 0",
);
static CHECKPOINTS: Stmt =
    Stmt::new("SELECT id, upto, entries, root, seal FROM checkpoints ORDER BY id");

/// What was checked and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases rebuilt.
    pub cases: u64,
    /// Entries followed.
    pub entries: u64,
    /// Checkpoints compared.
    pub checkpoints: u64,
    /// Everything that is not as it must be; empty is good. At most a thousand.
    pub troubles: Vec<Trouble>,
}

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Table and row.
    pub at: String,
    /// What is wrong.
    pub what: String,
}

const MOST: usize = 1_000;

impl Report {
    fn trouble(&mut self, at: impl Into<String>, what: impl Into<String>) {
        if self.troubles.len() < MOST {
            self.troubles.push(Trouble { at: at.into(), what: what.into() });
        }
    }
}

impl Store {
    /// Rebuilds every projection from the entries and compares.
    ///
    /// # Errors
    /// When the database fails; what is found wrong is in the report.
    pub async fn verify(&self, pack: &Pack) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut reader = self.db.snapshot().await?;
        let mut counts = BTreeMap::new();
        let mut after = -1;
        let mut on_desk = 0;
        loop {
            let rows = reader.rows(&CASES, &[after.into()]).await?;
            let Some(last) = rows.last() else { break };
            after = last.int(0)?;
            for row in &rows {
                let case = follow(&mut reader, pack, row, &mut report).await?;
                if let Some(case) = case {
                    check_case(pack, row, &case, &mut report)?;
                    for (key, n) in project::counts(pack, &case) {
                        *counts.entry(key).or_default() += n;
                    }
                    on_desk += check_desk(&mut reader, pack, &case, &mut report).await?;
                }
            }
        }
        let size = reader.row(&DESK_SIZE, &[]).await?.map_or(Ok(0), |r| r.int(0))?;
        if size != on_desk {
            report.trouble("desk", format!("holds {size} rows, the cases make {on_desk}"));
        }
        for row in reader.rows(&STRAY, &[]).await? {
            report.trouble(format!("entries of case {}", row.int(0)?), "the case is gone");
        }
        compare_counts(&mut reader, counts, &mut report).await?;
        self.follow_checkpoints(&mut reader, &mut report).await?;
        Ok(report)
    }

    async fn follow_checkpoints(
        &self,
        reader: &mut Reader,
        report: &mut Report,
    ) -> Result<(), Error> {
        let (mut before, mut from): (Hash, i64) = (START, 0);
        for row in reader.rows(&CHECKPOINTS, &[]).await? {
            let (upto, entries, kept) = (row.int(1)?, row.int(2)?, row.array(3)?);
            let at = format!("checkpoint {}", row.int(0)?);
            let mut root = Root::after(&before);
            while from < upto {
                let limit = (upto - from).min(10_000);
                let run = reader.rows(&RUN_OF, &[from.into(), limit.into()]).await?;
                let inside: Vec<&Row> =
                    run.iter().filter(|r| r.int(0).is_ok_and(|p| p <= upto)).collect();
                for entry in &inside {
                    root.add(entry.int(0)?, entry.blob(1)?);
                }
                from = match inside.last() {
                    Some(last) if inside.len() == run.len() => last.int(0)?,
                    _ => upto,
                };
            }
            let count = root.entries;
            let found = root.finish();
            if found != kept || count != entries {
                report.trouble(&at, "entries were changed, added or removed after it was sealed");
            }
            let bytes = sealed_bytes(upto, entries, &kept);
            if !self.keys.verify(Purpose::Checkpoints, &bytes, row.blob(4)?) {
                report.trouble(&at, "the seal was not made with this key");
            }
            report.checkpoints += 1;
            before = kept;
        }
        Ok(())
    }
}

/// Follows the chain of a case and folds it; none when the chain is broken.
async fn follow(
    reader: &mut Reader,
    pack: &Pack,
    row: &Row,
    report: &mut Report,
) -> Result<Option<Case>, Error> {
    let id: CaseId = row.int(0)?;
    let mut head = START;
    let mut folded: Option<Case> = None;
    let entries = reader.rows(&ENTRIES, &[id.into()]).await?;
    for (expected, entry) in (1_i64..).zip(&entries) {
        report.entries += 1;
        let at = format!("entry {expected} of case {id}");
        let command: [u8; 16] = entry.array(3)?;
        let (by, facts) = (entry.text(2)?, entry.text(4)?);
        let link = Link { case: id, seq: entry.int(0)?, at: entry.int(1)?, by, command: &command, facts };
        let hash = link.hash(&head);
        if link.seq != expected {
            report.trouble(&at, format!("is missing; found {}", link.seq));
            return Ok(None);
        }
        if hash != entry.array(5)? {
            report.trouble(&at, "was changed: its hash does not follow from the one before");
            return Ok(None);
        }
        head = hash;
        if !fold(pack, id, &mut folded, &link) {
            report.trouble(&at, "holds facts that cannot be read");
            return Ok(None);
        }
    }
    report.cases += 1;
    let version = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    if version != row.int(1)? || head != row.array(2)? {
        report.trouble(format!("case {id}"), "its last entries are missing");
        return Ok(None);
    }
    Ok(folded)
}

fn fold(pack: &Pack, id: CaseId, folded: &mut Option<Case>, link: &Link<'_>) -> bool {
    let (Ok(by), Ok(facts), Ok(at)) = (
        serde_json::from_str::<By>(link.by),
        serde_json::from_str::<Vec<Fact>>(link.facts),
        Timestamp::from_microsecond(link.at),
    ) else {
        return false;
    };
    let stamp = Stamp { at, day: pack.date_of(at), by };
    for fact in &facts {
        match folded {
            None => *folded = Case::begin(id, &stamp, fact),
            Some(case) => case.apply(&stamp, fact),
        }
    }
    folded.is_some()
}

fn check_case(pack: &Pack, row: &Row, rebuilt: &Case, report: &mut Report) -> Result<(), Error> {
    let at = format!("case {}", rebuilt.id);
    if crate::parse_case(row, 3)? != *rebuilt {
        report.trouble(&at, "the stored case differs from the one its entries make");
    }
    if !rebuilt.keeps_promise(pack) {
        report.trouble(&at, "is open without a running clock or an approved pause");
    }
    if pack.units.get(&rebuilt.unit).is_none() {
        report.trouble(&at, "its responsible unit does not exist");
    }
    Ok(())
}

/// Looks every row of a case up by its key; a count over all rows then finds strays.
async fn check_desk(
    reader: &mut Reader,
    pack: &Pack,
    case: &Case,
    report: &mut Report,
) -> Result<i64, Error> {
    let rows = match project::desk(pack, case) {
        Ok(rows) => rows,
        Err(error) => {
            report.trouble(format!("case {}", case.id), error.to_string());
            return Ok(0);
        }
    };
    for r in &rows {
        let key = [(&r.unit).into(), (&r.state).into(), r.rank.into(), r.case.into()];
        let found = reader.row(&ON_DESK, &key).await?;
        let right = match &found {
            Some(row) => {
                row.int(0)? == r.yellow && row.text(1)? == r.grade && row.text(2)? == r.category
            }
            None => false,
        };
        if !right {
            let at = format!("desk of {}", r.unit);
            report.trouble(at, format!("case {} is missing or differs in {}", r.case, r.state));
        }
    }
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

async fn compare_counts(
    reader: &mut Reader,
    mut expected: BTreeMap<(String, String), i64>,
    report: &mut Report,
) -> Result<(), Error> {
    for row in reader.rows(&COUNTS, &[]).await? {
        let key = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        let n = row.int(2)?;
        if key.0.ends_with(":opened") {
            continue;
        }
        let right = expected.remove(&key).unwrap_or(0);
        if right != n {
            let at = format!("count {} of {}", key.0, key.1);
            report.trouble(at, format!("is {n}, a recount gives {right}"));
        }
    }
    for ((name, unit), right) in expected.into_iter().filter(|(_, n)| *n != 0) {
        report.trouble(format!("count {name} of {unit}"), format!("is 0, a recount gives {right}"));
    }
    Ok(())
}
