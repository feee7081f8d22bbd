//! Checks the store against itself: chains, checkpoints, projections, counts and the promises.
//!
//! Everything is rebuilt from the entries alone and compared with what stands. One trouble names
//! one row; nothing is repaired here.

use crate::{
    Store,
    certificates::Erased,
    chain::{Hash, Link, Root, START},
    db::{Batch, Error, Reader, Row, Stmt},
    erase::count_of,
    project::{self, Places},
    seal::sealed_bytes,
};
use domain::{
    case::{By, Case, CaseId, Fact, Stamp},
    figure::Tally,
    pack::Pack,
    rights::Event,
    tick,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use vault::{Keys, Purpose};

static CASES: Stmt = Stmt::new(
    "SELECT id, version, head, body, wake, key, tally
     FROM cases WHERE id > $1 ORDER BY id LIMIT 500",
);
static ENTRIES: Stmt = Stmt::new(
    "SELECT seq, at, by, command, facts, hash FROM entries WHERE case_id = $1 ORDER BY seq",
);
static SEALED: Stmt = Stmt::new("SELECT seq FROM texts WHERE case_id = $1 ORDER BY seq");
static ON_DESK: Stmt = Stmt::new(
    "SELECT yellow, grade, category FROM desk
     WHERE unit = $1 AND state = $2 AND tier = $3 AND rank = $4 AND case_id = $5",
);
/// What must be gone of an erased case.
static REMAINS: Stmt = Stmt::new(
    "SELECT (SELECT COUNT(*) FROM texts WHERE case_id = $1)
       + (SELECT COUNT(*) FROM files WHERE case_id = $1)
       + (SELECT COUNT(*) FROM people WHERE case_id = $1)",
);
static LINKED: Stmt =
    Stmt::new("SELECT 1 FROM links WHERE other = $1 AND case_id = $2 AND kind = $3");
static SIZES: Stmt = Stmt::new("SELECT (SELECT COUNT(*) FROM desk), (SELECT COUNT(*) FROM links)");
static STRAY: Stmt = Stmt::new(
    "SELECT case_id FROM entries WHERE NOT EXISTS
       (SELECT 1 FROM cases WHERE cases.id = entries.case_id)
     AND case_id >= 0 ORDER BY case_id LIMIT 20",
);
static COUNTS: Stmt = Stmt::new(
    "SELECT name, unit, CAST(SUM(n) AS BIGINT) FROM counts GROUP BY name, unit
     HAVING SUM(n) <> 0",
);
static CHECKPOINTS: Stmt =
    Stmt::new("SELECT id, upto, entries, root, seal FROM checkpoints ORDER BY id");
/// What is there, and the codes of what has left.
static RUN_OF: Stmt = Stmt::new(
    "SELECT pos, hash FROM entries WHERE pos > $1 UNION ALL
     SELECT pos, hash FROM gone WHERE pos > $1 ORDER BY pos LIMIT $2",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[
    &CASES,
    &ENTRIES,
    &SEALED,
    &ON_DESK,
    &REMAINS,
    &LINKED,
    &SIZES,
    &STRAY,
    &COUNTS,
    &CHECKPOINTS,
    &RUN_OF,
];

/// What was checked and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases rebuilt.
    pub cases: u64,
    /// Entries of cases followed.
    pub entries: u64,
    /// Entries of deeds followed.
    pub deeds: u64,
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
    pub(crate) fn trouble(&mut self, at: impl Into<String>, what: impl Into<String>) {
        if self.troubles.len() < MOST {
            self.troubles.push(Trouble { at: at.into(), what: what.into() });
        }
    }
}

/// What the cases make, added up while they are followed.
#[derive(Default)]
struct Sums {
    counts: BTreeMap<(String, String), i64>,
    desk: i64,
    links: i64,
    erased: Erased,
}

/// A case as its entries make it.
struct Rebuilt {
    case: Case,
    /// What it was counted as when it was opened.
    opened: (String, String),
    /// Positions of the entries that brought texts.
    with_texts: Vec<i64>,
    /// Its history, as far as figures need it.
    tally: Tally,
    /// The list on which it was erased, and the code of the entry that did it.
    erased: Option<(String, Hash)>,
}

impl Store {
    /// Rebuilds every projection from the entries and compares.
    ///
    /// # Errors
    /// When the database fails; what is found wrong is in the report.
    pub async fn verify(&self, pack: &Pack) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut reader = self.db.snapshot().await?;
        let mut sums = Sums::default();
        let mut figures = self.expect_figures(pack, &mut report).await?;
        let mut after = -1;
        loop {
            let rows = reader.rows(&CASES, &[after.into()]).await?;
            let Some(last) = rows.last() else { break };
            after = last.int(0)?;
            for row in &rows {
                let id = [row.int(0)?.into()];
                let mut batch = Batch::new();
                batch.add(&ENTRIES, &id).add(&SEALED, &id);
                let answers = reader.rows_all(batch).await?;
                let [entries, texts] = answers.as_slice() else { continue };
                let Some(rebuilt) = follow(&self.keys, pack, row, entries, &mut report)? else {
                    continue;
                };
                check_case(pack, row, &rebuilt, texts, &mut report)?;
                check_erasure(&mut reader, row, &rebuilt, (&mut sums, &mut report)).await?;
                check_projections(&mut reader, pack, &rebuilt, (&mut sums, &mut report)).await?;
                crate::freezing::check(&mut reader, &rebuilt.case, &mut report).await?;
                crate::releases::check(&mut reader, &rebuilt.case, &mut report).await?;
                crate::told_numbers::check(&mut reader, &rebuilt.case, &mut report).await?;
                crate::circle::check(&mut reader, (pack, &rebuilt.case), &mut report).await?;
                let made = (pack, &rebuilt.case, rebuilt.tally);
                figures.check(&mut reader, made, (row, 6), &mut report).await?;
            }
        }
        let sizes = reader.row(&SIZES, &[]).await?;
        for (column, (table, made)) in
            [("desk", sums.desk), ("links", sums.links)].iter().enumerate()
        {
            let size = sizes.as_ref().map_or(Ok(0), |r| r.int(column))?;
            if size != *made {
                report.trouble(*table, format!("holds {size} rows, the cases make {made}"));
            }
        }
        crate::releases::check_strays(&mut reader, &mut report).await?;
        for row in reader.rows(&STRAY, &[]).await? {
            report.trouble(format!("entries of case {}", row.int(0)?), "the case is gone");
        }
        self.verify_deeds(&mut reader, &mut report).await?;
        figures.finish(&mut reader, &mut sums.counts, &mut report).await?;
        self.verify_cuts(&mut reader, &mut report).await?;
        compare_counts(&mut reader, sums.counts, &mut report).await?;
        self.verify_certificates(&mut reader, sums.erased, &mut report).await?;
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

/// Follows a chain entry by entry: a case's, or that of an account's deeds below zero.
pub(crate) struct Chain {
    pub(crate) id: i64,
    /// Entries followed so far.
    pub(crate) seq: i64,
    pub(crate) head: Hash,
}

impl Chain {
    /// What the chain belongs to, in words.
    fn name(&self) -> String {
        if self.id < 0 { format!("stream {}", self.id) } else { format!("case {}", self.id) }
    }

    /// Whether this entry (seq, at, by, command, facts, hash) is the next one.
    pub(crate) fn follow(
        &mut self,
        keys: &Keys,
        entry: &Row,
        report: &mut Report,
    ) -> Result<bool, Error> {
        *(if self.id < 0 { &mut report.deeds } else { &mut report.entries }) += 1;
        let expected = self.seq + 1;
        let at = format!("entry {expected} of {}", self.name());
        let (seq, by, facts) = (entry.int(0)?, entry.text(2)?, entry.text(4)?);
        if seq != expected {
            report.trouble(&at, format!("is missing; found {seq}"));
            return Ok(false);
        }
        let code = entry.array::<16>(3).ok().map(|command| {
            Link { case: self.id, seq, at: entry.int(1).unwrap_or(0), by, command: &command, facts }
                .code(keys, &self.head)
        });
        let Some(code) = code.filter(|code| entry.blob(5).is_ok_and(|kept| kept == code)) else {
            report.trouble(&at, "was changed: its code does not follow from the one before");
            return Ok(false);
        };
        (self.seq, self.head) = (seq, code);
        Ok(true)
    }
}

/// Follows the chain of a case and folds it; none when the chain is broken.
fn follow(
    keys: &Keys,
    pack: &Pack,
    row: &Row,
    entries: &[Row],
    report: &mut Report,
) -> Result<Option<Rebuilt>, Error> {
    let id: CaseId = row.int(0)?;
    let mut chain = Chain { id, seq: 0, head: START };
    let mut rebuilt: Option<Rebuilt> = None;
    for entry in entries {
        if !chain.follow(keys, entry, report)? {
            return Ok(None);
        }
        if !fold(pack, id, &mut rebuilt, entry) {
            let at = format!("entry {} of case {id}", chain.seq);
            report.trouble(at, "holds facts that cannot be read");
            return Ok(None);
        }
    }
    report.cases += 1;
    if entries.is_empty() || chain.seq != row.int(1)? || row.blob(2)? != chain.head {
        report.trouble(format!("case {id}"), "its last entries are missing");
        return Ok(None);
    }
    Ok(rebuilt)
}

fn fold(pack: &Pack, id: CaseId, rebuilt: &mut Option<Rebuilt>, entry: &Row) -> bool {
    let json = |column: usize| entry.text(column).unwrap_or_default();
    let (Ok(seq), Ok(by), Ok(facts), Some(at)) = (
        entry.int(0),
        serde_json::from_str::<By>(json(2)),
        serde_json::from_str::<Vec<Fact>>(json(4)),
        entry.int(1).ok().and_then(|at| Timestamp::from_microsecond(at).ok()),
    ) else {
        return false;
    };
    let stamp = Stamp { at, day: pack.date_of(at), by };
    let mut case = rebuilt.as_ref().map(|r| r.case.clone());
    for fact in &facts {
        match &mut case {
            None => case = Case::begin(id, &stamp, fact),
            Some(case) => case.apply(&stamp, fact),
        }
    }
    let Some(case) = case else { return false };
    let rebuilt = rebuilt.get_or_insert_with(|| Rebuilt {
        opened: project::opened(&case),
        case: case.clone(),
        with_texts: Vec::new(),
        tally: Tally::default(),
        erased: None,
    });
    crate::figures::follow(pack, &mut rebuilt.tally, &case, &stamp, &facts);
    rebuilt.case = case;
    let list = facts.iter().find_map(|fact| match fact {
        Fact::Right { event: Event::Erased { list, .. } } => Some(list.clone()),
        _ => None,
    });
    if let (Some(list), Ok(hash)) = (list, entry.array(5)) {
        rebuilt.erased = Some((list, hash));
    }
    if facts.iter().any(|f| matches!(f, Fact::Given { texts, .. } if !texts.is_empty())) {
        rebuilt.with_texts.push(seq);
    }
    true
}

fn check_case(
    pack: &Pack,
    row: &Row,
    rebuilt: &Rebuilt,
    texts: &[Row],
    report: &mut Report,
) -> Result<(), Error> {
    let case = &rebuilt.case;
    let at = format!("case {}", case.id);
    if crate::parse_case(row, 3).ok().as_ref() != Some(case) {
        report.trouble(&at, "the stored case differs from the one its entries make");
    }
    if !case.keeps_promise(pack) {
        report.trouble(&at, "is open without a running clock or an approved pause");
    }
    if case.is_open(pack) && !pack.knows(&case.pack) {
        report.trouble(&at, format!("runs under rules that were not kept: {}", case.pack));
    }
    if pack.units.get(&case.unit).is_none() {
        report.trouble(&at, "its responsible unit does not exist");
    }
    let waits = tick::wake_at(pack, case).is_ok_and(|wake| wake.is_some());
    if waits && row.opt_int(4)?.is_none() {
        report.trouble(&at, "waits for an instant at which nobody will ask for it");
    }
    let erased = row.opt_blob(5)?.is_none();
    let found: Vec<i64> = texts.iter().filter_map(|t| t.int(0).ok()).collect();
    if !erased && found != rebuilt.with_texts {
        report.trouble(&at, "texts are missing, or stand where no entry brought them");
    }
    Ok(())
}

/// A case has a key exactly while no entry says that it is erased, and nothing of it is left then.
async fn check_erasure(
    reader: &mut Reader,
    row: &Row,
    rebuilt: &Rebuilt,
    (sums, report): (&mut Sums, &mut Report),
) -> Result<(), Error> {
    let id = rebuilt.case.id;
    let at = format!("case {id}");
    let wrapped = row.opt_blob(5)?;
    if let Some(wrapped) = wrapped {
        let key = count_of(wrapped);
        *sums.counts.entry((key.name.to_string(), key.unit.to_string())).or_default() += 1;
    }
    let Some((list, hash)) = &rebuilt.erased else {
        if wrapped.is_none() {
            report.trouble(&at, "its key is gone, and no entry says that it was erased");
        }
        return Ok(());
    };
    sums.erased.entry(list.clone()).or_default().insert(id, *hash);
    let left = reader.row(&REMAINS, &[id.into()]).await?.map_or(Ok(0), |r| r.int(0))?;
    if wrapped.is_some() || left > 0 {
        report.trouble(&at, "was erased, and something of it is still there");
    }
    Ok(())
}

/// Looks every row that a case makes up by its key; sums over all rows then find strays.
async fn check_projections(
    reader: &mut Reader,
    pack: &Pack,
    rebuilt: &Rebuilt,
    (sums, report): (&mut Sums, &mut Report),
) -> Result<(), Error> {
    let case = &rebuilt.case;
    let opened = std::iter::once((rebuilt.opened.clone(), 1));
    let places = Places::of(pack, case);
    for (key, n) in project::counts(pack, case, &places).into_iter().chain(opened) {
        *sums.counts.entry(key).or_default() += n;
    }
    let links: BTreeSet<&(String, CaseId)> = case.links.iter().collect();
    let rows = project::desk(pack, case, &places).unwrap_or_else(|error| {
        report.trouble(format!("case {}", case.id), error.to_string());
        BTreeSet::new()
    });
    let mut batch = Batch::new();
    for r in &rows {
        batch.add(&ON_DESK, &r.key());
    }
    for (kind, other) in &links {
        batch.add(&LINKED, &[(*other).into(), case.id.into(), kind.into()]);
    }
    let answers = reader.rows_all(batch).await?;
    for (r, found) in rows.iter().zip(&answers) {
        let right = match found.first() {
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
    if answers.iter().skip(rows.len()).any(Vec::is_empty) {
        report.trouble(format!("links of case {}", case.id), "a link is missing");
    }
    sums.desk += i64::try_from(rows.len()).unwrap_or(i64::MAX);
    sums.links += i64::try_from(links.len()).unwrap_or(i64::MAX);
    Ok(())
}

async fn compare_counts(
    reader: &mut Reader,
    mut expected: BTreeMap<(String, String), i64>,
    report: &mut Report,
) -> Result<(), Error> {
    for row in reader.rows(&COUNTS, &[]).await? {
        let key = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        let n = row.int(2)?;
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
