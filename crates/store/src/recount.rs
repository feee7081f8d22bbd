//! Counting again, case by case, when the definitions or the tree of units have changed: figures, the
//! rows of work lists and the counts of open work. Each case is a transaction of its own that writes a
//! difference, so people go on working meanwhile, and a big city holds nobody up; it ends by remembering
//! under which definitions all of it was counted.

use crate::{
    Store,
    command::LOAD,
    db::{Batch, CountKey, Error, FaultKind, Stmt, Tx, Work, WriteError},
    desk_rows,
    figures::{self, Change},
    project::{self, DeskRow, Places},
};
use domain::{
    case::{Case, CaseId},
    clock::ClockError,
    pack::Pack,
    waiting,
    workflow::Relation,
};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt::Write as _,
    sync::Arc,
};
use tokio::task::JoinSet;

static CASES: Stmt = Stmt::new("SELECT id FROM cases WHERE id > $1 ORDER BY id LIMIT 1000");
static KEEP: Stmt = Stmt::new("UPDATE cases SET tally = $2 WHERE id = $1");
static SIGNATURE: Stmt = Stmt::new("SELECT signature FROM figure_signature WHERE id = 1");
static SIGN: Stmt = Stmt::new(
    "INSERT INTO figure_signature (id, signature) VALUES (1, $1)
     ON CONFLICT (id) DO UPDATE SET signature = excluded.signature",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&CASES, &KEEP, &SIGNATURE, &SIGN];

/// Cases that are counted at the same time.
const AT_ONCE: usize = 64;

/// Everything that decides what is counted where and who finds it on a list, as a digest.
fn signature(pack: &Pack) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(pack.figures.signature());
    for unit in pack.units.iter() {
        hash.update(&unit.code);
        hash.update(" ");
        hash.update(unit.parent.as_deref().unwrap_or_default());
        hash.update(format!(" {} {:?}\n", unit.kind, unit.level));
    }
    hash.update(waiters(pack));
    hash.finalize().into()
}

/// Which grades stand first, and for whom cases and requests wait.
fn waiters(pack: &Pack) -> String {
    let mut text = format!("{:?} {:?}\n", pack.rights.approves, pack.rights.answers);
    for grade in &pack.risk.grades {
        let _ = writeln!(text, "{} {}", grade.code, pack.risk.is_first(&grade.code));
    }
    for role in pack.roles.values() {
        let _ = writeln!(text, "{} {:?} {:?}", role.code, role.kinds, role.levels);
    }
    for flow in pack.workflows.values() {
        for state in &flow.states {
            let expected: Vec<&str> = state.expected().collect();
            let ways: Vec<Relation> = waiting::ways(flow, state).collect();
            let _ = writeln!(text, "{} {} {expected:?} {ways:?}", flow.code, state.code);
        }
    }
    text
}

struct Recount {
    pack: Arc<Pack>,
    case: CaseId,
}

/// What a pack changes in lists and counts.
#[derive(Default)]
struct Placed {
    old: BTreeSet<DeskRow>,
    new: BTreeSet<DeskRow>,
    counts: BTreeMap<(String, String), i64>,
}

impl Placed {
    fn between(
        pack: &Pack,
        case: &Case,
        (from, to): (&Places, &Places),
    ) -> Result<Self, ClockError> {
        let (old, new) = (project::desk(pack, case, from)?, project::desk(pack, case, to)?);
        let counts = project::counts_between(pack, (case, from), (case, to));
        Ok(Self { old, new, counts })
    }
}

impl Work for Recount {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        let Some(row) = tx.row(&LOAD, &[self.case.into()]).await? else { return Ok(()) };
        let case = crate::parse_case(&row, 2)?;
        let kept = figures::kept(tx, &self.pack, &case, row.opt_text(3)?).await?;
        let (mut to, mut placed) = (Places::of(&self.pack, &case), Placed::default());
        if let Some(from) = kept.places.filter(|from| *from != to) {
            match Placed::between(&self.pack, &case, (&from, &to)) {
                Ok(made) => placed = made,
                // A calendar that lacks a year is no reason to leave all others uncounted.
                Err(error) => {
                    tracing::error!(case = case.id, %error, "it stays on the lists of before");
                    to = from;
                }
            }
        }
        let change = Change::between(&self.pack, &kept.counted, &case, (kept.tally, to));
        if row.opt_text(3)? == Some(change.body.as_str()) {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.one(&KEEP, &[self.case.into(), (&change.body).into()]);
        change.rows(&mut batch, self.case);
        desk_rows::difference(&mut batch, &placed.old, &placed.new);
        tx.exec_all(batch).await?;
        change.cells(tx).await?;
        for ((name, unit), n) in placed.counts {
            tx.add_count(CountKey::new(name, unit), n);
        }
        Ok(())
    }
}

struct Sign([u8; 32]);

impl Work for Sign {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&SIGN, &[(&self.0).into()]).await?;
        Ok(())
    }
}

impl Store {
    /// Whether figures were counted under the definitions and units of this pack; none when nobody
    /// ever said under which.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counted_under(&self, pack: &Pack) -> Result<Option<bool>, Error> {
        let row = self.db.read().await?.row(&SIGNATURE, &[]).await?;
        row.map(|row| Ok(row.blob(0)? == signature(pack))).transpose()
    }

    /// Counts every case again if the definitions or the units have changed since; answers how many
    /// cases were looked at. `told` is told after each thousand.
    ///
    /// # Errors
    /// When the database fails; what is done by then stands, and the next call goes on.
    pub async fn count_figures(
        &self,
        pack: &Arc<Pack>,
        mut told: impl FnMut(u64),
    ) -> Result<u64, Error> {
        if self.counted_under(pack).await? == Some(true) {
            return Ok(0);
        }
        let (mut after, mut seen) = (-1, 0);
        loop {
            let rows = self.db.read().await?.rows(&CASES, &[after.into()]).await?;
            let Some(last) = rows.last() else { break };
            after = last.int(0)?;
            let cases = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<CaseId>, _>>()?;
            for some in cases.chunks(AT_ONCE) {
                self.count_some(pack, some).await?;
            }
            seen += cases.len() as u64;
            told(seen);
        }
        self.db.write(Sign(signature(pack))).await?;
        Ok(seen)
    }

    /// Counts some cases again, side by side: each is its own work, and works that wait together share a
    /// commit on one writer.
    async fn count_some(&self, pack: &Arc<Pack>, cases: &[CaseId]) -> Result<(), Error> {
        let mut running = JoinSet::new();
        for case in cases {
            let (store, work) = (self.clone(), Recount { pack: pack.clone(), case: *case });
            running.spawn(async move { store.db.write_bulk(work).await });
        }
        while let Some(done) = running.join_next().await {
            // A work that panicked counted nothing, and nobody may sign that it did.
            done.map_err(|e| Error::fault(FaultKind::Program, e.to_string()))??;
        }
        Ok(())
    }
}
