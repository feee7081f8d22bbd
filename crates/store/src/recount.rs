//! Counting again, case by case, when the definitions or the tree of units have changed. Each case
//! is a transaction of its own that writes a difference, so people go on working meanwhile; it ends
//! by remembering under which definitions all of it was counted.

use crate::{
    Store,
    command::LOAD,
    db::{Batch, Error, Stmt, Tx, Work, WriteError},
    figures::{self, Change},
};
use domain::{case::CaseId, pack::Pack};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, sync::Arc};

static CASES: Stmt = Stmt::new("SELECT id FROM cases WHERE id > $1 ORDER BY id LIMIT 1000");
static KEEP: Stmt = Stmt::new("UPDATE cases SET tally = $2 WHERE id = $1");
static SIGNATURE: Stmt = Stmt::new("SELECT signature FROM figure_signature WHERE id = 1");
static SIGN: Stmt = Stmt::new(
    "INSERT INTO figure_signature (id, signature) VALUES (1, $1)
     ON CONFLICT (id) DO UPDATE SET signature = excluded.signature",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&CASES, &KEEP, &SIGNATURE, &SIGN];

/// Everything that decides what is counted where, as a digest.
fn signature(pack: &Pack) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(pack.figures.signature());
    for unit in pack.units.iter() {
        hash.update(&unit.code);
        hash.update(" ");
        hash.update(unit.parent.as_deref().unwrap_or_default());
        hash.update("\n");
    }
    hash.finalize().into()
}

struct Recount {
    pack: Arc<Pack>,
    case: CaseId,
}

impl Work for Recount {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        let Some(row) = tx.row(&LOAD, &[self.case.into()]).await? else { return Ok(()) };
        let case = crate::parse_case(&row, 2)?;
        let kept = figures::kept(tx, &self.pack, &case, row.opt_text(3)?).await?;
        let change = Change::between(&self.pack, &kept.counted, &case, kept.tally);
        if row.opt_text(3)? == Some(change.body.as_str()) {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.one(&KEEP, &[self.case.into(), (&change.body).into()]);
        change.rows(&mut batch, self.case);
        tx.exec_all(batch).await?;
        change.cells(tx).await?;
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
            for row in &rows {
                let work = Recount { pack: pack.clone(), case: row.int(0)? };
                self.db.write_bulk(work).await?;
                seen += 1;
            }
            told(seen);
        }
        self.db.write(Sign(signature(pack))).await?;
        Ok(seen)
    }
}
