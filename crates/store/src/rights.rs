//! Requests under the rights of the person, holds, and erasure on request: from a wish to a command.
//! Texts of a request are sealed like every other; a correction puts the wanted wording into the
//! field itself, beside the old one, which stays sealed in its entry.

use crate::{
    Store, Texts,
    answer::{Done, No},
    command::{Command, Want},
    db::WriteError,
    dossier, hex, sight,
};
use domain::{
    access::Viewer,
    case::{Actor, CaseId, Fact},
    field::Meaning,
    pack::Pack,
    rights::{ANSWERED, ASKED, CHECKED, Event, HOLD, Right, WANTED, Wish},
    workflow::Code,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// A wish under the rights of the person, checked at the edge.
#[derive(Debug, Clone)]
pub struct RightWish {
    /// Command id; a repetition answers the first result.
    pub command: [u8; 16],
    /// Who.
    pub actor: Actor,
    /// Case.
    pub case: CaseId,
    /// What.
    pub wish: Wish,
    /// What was written, by field.
    pub texts: BTreeMap<Code, String>,
}

impl Store {
    /// Does what is wished.
    ///
    /// # Errors
    /// When the domain refuses, the case is not known to the actor, or the database fails.
    pub async fn right(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        mut wished: RightWish,
    ) -> Result<Done, WriteError<No>> {
        let mut forget = Vec::new();
        if let Wish::Grant { id, list, .. } = &mut wished.wish {
            *list = hex(&wished.command);
            forget = self.correct(pack, wished.case, *id, &mut wished.texts).await?;
        }
        wished.texts.retain(|_, text| !text.trim().is_empty());
        let action = match &wished.wish {
            Wish::Ask { .. } => ASKED,
            Wish::Check { .. } => CHECKED,
            Wish::Grant { .. } | Wish::Refuse { .. } => ANSWERED,
            Wish::Hold { .. } | Wish::Release | Wish::Expire { .. } => HOLD,
        };
        // What is erased in the same step is not sealed first.
        if self.erases(pack, &wished).await? {
            wished.texts.clear();
        }
        let names: Vec<Code> = wished.texts.keys().cloned().collect();
        let texts = Texts::from([(action.to_owned(), wished.texts)]);
        let sealed = if names.is_empty() {
            dossier::Sealed::default()
        } else {
            self.seal_for(pack, (wished.case, &wished.command), (&texts, &[])).await?
        };
        let want = Want::Right { case: wished.case, wish: wished.wish, texts: names, forget };
        self.db
            .write(self.right_command(pack, now, (wished.command, wished.actor), (want, sealed)))
            .await
    }

    /// The command of a wish.
    pub(crate) fn right_command(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        (id, actor): ([u8; 16], Actor),
        (want, sealed): (Want, dossier::Sealed),
    ) -> Command {
        Command {
            id,
            at: crate::request::whole(now),
            actor,
            pack: pack.clone(),
            keys: self.keys.clone(),
            want,
            sealed,
        }
    }

    async fn erases(&self, pack: &Pack, wished: &RightWish) -> Result<bool, WriteError<No>> {
        let Wish::Grant { id, .. } = wished.wish else { return Ok(false) };
        let page = self.case_by_id(pack, &Viewer::System, wished.case).await?;
        let request = page.as_ref().and_then(|p| p.case.rights.request(id));
        Ok(request.is_some_and(|r| r.right == Right::Erase))
    }

    /// Puts the wanted wording of a correction into its own field; answers the tags of the wording
    /// that it replaces, by which the case must no longer be found.
    async fn correct(
        &self,
        pack: &Pack,
        case: CaseId,
        id: u32,
        texts: &mut BTreeMap<Code, String>,
    ) -> Result<Vec<[u8; 16]>, WriteError<No>> {
        let page = self.case_by_id(pack, &Viewer::System, case).await?.ok_or(No::NotFound)?;
        let field = page.case.rights.request(id).and_then(|r| r.field.clone());
        let Some(field) = field else { return Ok(Vec::new()) };
        let asked = |fact: &Fact| matches!(fact, Fact::Right { event: Event::Asked { id: found, .. } } if *found == id);
        let entry = page.entries.iter().find(|e| e.facts.iter().any(asked));
        let wanted = entry.and_then(|e| e.texts.get(ASKED)?.get(&format!("{WANTED}{field}")));
        let Some(wanted) = wanted else { return Ok(Vec::new()) };
        let meaning = sight::meaning(pack.flow_of(&page.case), &field);
        let is_of_person = matches!(meaning, Meaning::Name | Meaning::Phone);
        let old = page.text(&field).filter(|old| is_of_person && *old != wanted);
        let forget = old.map(|old| dossier::tags_of(&self.keys, meaning, old)).unwrap_or_default();
        texts.insert(field, wanted.clone());
        Ok(forget)
    }
}
