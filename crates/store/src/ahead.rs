//! What a command writes, worked out before its turn. There is one writer, and everybody waits for
//! it: what it finds made and still true it has only to write. Whatever rests on more than the case
//! itself, and whatever is refused, is left to the writer.

use crate::{
    Store,
    answer::No,
    command::{Command, Loaded, PEEK, Want},
    db::{Error, Stmt, Tx, WriteError},
    entry::Entry,
    figures, freezing,
};
use domain::{
    case::CaseId,
    decide::{Ctx, Draft},
};

static STANDS: Stmt = Stmt::locking("SELECT version, tally FROM cases WHERE id = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&STANDS];

/// An entry that was worked out ahead.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// What the entry rests on; an opening rests on nothing that is stored.
    base: Option<Base>,
    pub entry: Entry,
}

/// The case as it was seen: how many entries, and what was kept beside it for the figures, which is
/// made anew when definitions change.
#[derive(Debug)]
struct Base {
    case: CaseId,
    version: i64,
    tally: String,
}

impl Ahead {
    /// Whether the case is still the one that was seen. Holds its row until the work ends.
    pub(crate) async fn stands(&self, tx: &mut Tx) -> Result<bool, Error> {
        let Some(base) = &self.base else { return Ok(true) };
        let Some(row) = tx.row(&STANDS, &[base.case.into()]).await? else { return Ok(false) };
        Ok(row.int(0)? == base.version && row.opt_text(1)? == Some(base.tally.as_str()))
    }
}

impl Command {
    /// What the command writes, if that was worked out ahead.
    pub(crate) fn ahead(&self) -> Option<&Ahead> {
        match &self.want {
            Want::Open { ahead, .. } | Want::Act { ahead, .. } => ahead.as_deref(),
            Want::Right { .. }
            | Want::Move { .. }
            | Want::Hand { .. }
            | Want::Guard { .. }
            | Want::Tick { .. } => None,
        }
    }

    /// Works out an opening.
    pub(crate) fn look_ahead(&mut self) {
        let made = self.opening().ok().map(|entry| Box::new(Ahead { base: None, entry }));
        if let Want::Open { ahead, .. } = &mut self.want {
            *ahead = made;
        }
    }

    /// What steps on this case write; nothing where the writer has to look.
    fn acted(&self, mut loaded: Loaded) -> Option<Ahead> {
        let Want::Act { case, steps, linked: None, .. } = &self.want else { return None };
        let is_own = !loaded.case.guarded.is_sealed()
            && !freezing::freezes(&self.pack, &loaded.case, steps)
            && self.may_ask(&loaded).is_ok();
        let tally = loaded.tally.take().filter(|_| is_own)?;
        let kept = figures::parsed(&tally)?;
        let ctx = Ctx::bare(self.at, &self.pack, &self.actor);
        let draft: Draft = self.decide(ctx, Some(&loaded.case)).ok()?;
        let base = Base { case: *case, version: loaded.version, tally };
        let entry = Entry::of(self, Some((&loaded, kept)), draft).ok()?;
        (!entry.draft.facts.is_empty()).then_some(Ahead { base: Some(base), entry })
    }
}

impl Store {
    /// Works out steps on a case as it stands now, before the writer's turn.
    pub(crate) async fn look_ahead(&self, command: &mut Command) -> Result<(), WriteError<No>> {
        let Want::Act { case, linked: None, .. } = &command.want else { return Ok(()) };
        let row = self.db.read().await?.row(&PEEK, &[(*case).into()]).await?;
        // Whoever may not know of a case is answered by the writer, as for one that is not there.
        let Some(row) = row else { return Ok(()) };
        let made = command.acted(Loaded::of(&row)?).map(Box::new);
        if let Want::Act { ahead, .. } = &mut command.want {
            *ahead = made;
        }
        Ok(())
    }
}
