//! Requests under the rights of the person, holds, and erasure on request: from a wish to a command.
//! Texts of a request are sealed like every other; a correction puts the wanted wording into the
//! field itself, beside the old one, which stays sealed in its entry.

use crate::{
    Store, Texts,
    answer::{Done, No},
    command::{Command, Want},
    db::{Error, WriteError},
    dossier, hex, sight,
};
use domain::{
    access::{self, Viewer},
    audit::Deed,
    case::{Actor, CaseId, Fact, Staff},
    decide::Ctx,
    field::Meaning,
    pack::Pack,
    refusal::Refusal,
    reporter::REPORTER,
    rights::{self, ANSWERED, ASKED, Bar, CHECKED, Event, HOLD, Right, WANTED, Wish},
    workflow::Code,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};
use vault::Purpose;

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
    /// For a decision on a correction: the code of the [`Comparison`] that was looked at.
    pub seen: String,
}

/// What a correction would replace by what, shown to whoever decides on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Code of the field.
    pub field: Code,
    /// The wording that stands.
    pub old: String,
    /// The wording that is wanted.
    pub new: String,
    /// Stands for having seen exactly this; it goes with the decision.
    pub code: String,
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
        if let Wish::Grant { id, .. } | Wish::Refuse { id, .. } = wished.wish {
            let compared = self.compared(pack, &wished.actor, (wished.case, id)).await?;
            if compared.as_ref().is_some_and(|(found, _)| found.code != wished.seen) {
                return Err(Refusal::from(Bar::Unseen).into());
            }
            if let (Some((found, meaning)), Wish::Grant { .. }) = (compared, &wished.wish) {
                forget = self.correct(found, meaning, &mut wished.texts);
            }
        }
        if let Wish::Grant { list, .. } = &mut wished.wish {
            *list = hex(&wished.command);
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
        self.set_apart(pack, wished.case, (&BTreeMap::new(), &mut wished.texts)).await?;
        let names: Vec<Code> = wished.texts.keys().cloned().collect();
        let texts = Texts::from([(action.to_owned(), wished.texts)]);
        let sealed = if names.is_empty() {
            dossier::Sealed::default()
        } else {
            let said = dossier::Brought { texts: &texts, files: &[], place: "" };
            self.seal_for(pack, (wished.case, &wished.command), said).await?
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

    /// Old and new wording of a correction, whole, for somebody who may decide on it, whatever else
    /// that person sees; remembered as a reveal before it is shown. None for everybody else.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn compare(
        &self,
        pack: &Arc<Pack>,
        (staff, now): (&Staff, Timestamp),
        (case, id): (CaseId, u32),
    ) -> Result<Option<Comparison>, Error> {
        let actor = Actor::Staff(staff.clone());
        let viewer = Viewer::of(&actor, now);
        let known = self.case_by_id(pack, &viewer, case).await?;
        let ctx = Ctx::bare(now, pack, &actor);
        let grant = Wish::Grant { id, online: false, list: String::new() };
        if known.as_ref().is_none_or(|page| rights::possible(ctx, &page.case, &grant).is_err()) {
            return Ok(None);
        }
        let Some((mut found, meaning)) = self.compared(pack, &actor, (case, id)).await? else {
            return Ok(None);
        };
        if meaning == Meaning::Reporter {
            // Who reported is shown as the table says, even to whoever decides.
            let sees = known.map(|page| page.rights.sees).unwrap_or_default();
            for text in [&mut found.old, &mut found.new] {
                *text = access::shown(sees, meaning, text).unwrap_or_default();
            }
        }
        let deed = Deed::Revealed { case, field: found.field.clone() };
        self.record(now, crate::Record::of(staff, vec![deed])).await?;
        Ok(Some(found))
    }

    /// What an open correction replaces by what, and what the field means.
    async fn compared(
        &self,
        pack: &Pack,
        actor: &Actor,
        (case, id): (CaseId, u32),
    ) -> Result<Option<(Comparison, Meaning)>, Error> {
        let Some(page) = self.case_by_id(pack, &Viewer::System, case).await? else {
            return Ok(None);
        };
        let open = page.case.rights.request(id).filter(|r| r.end.is_none());
        let Some(field) = open.and_then(|r| r.field.clone()) else { return Ok(None) };
        let asked = |fact: &Fact| matches!(fact, Fact::Right { event: Event::Asked { id: found, .. } } if *found == id);
        let entry = page.entries.iter().find(|e| e.facts.iter().any(asked));
        let asked = entry.and_then(|e| e.texts.get(ASKED));
        let apart = format!("{REPORTER}{WANTED}{field}");
        let (wanted, kept) = match asked.and_then(|texts| texts.get(&apart)) {
            Some(wanted) => (Some(wanted), format!("{REPORTER}{field}")),
            None => (asked.and_then(|t| t.get(&format!("{WANTED}{field}"))), field.clone()),
        };
        let Some(new) = wanted.cloned() else { return Ok(None) };
        let old = page.text(&kept).unwrap_or_default().to_owned();
        let who = match actor {
            Actor::Staff(staff) => staff.account,
            Actor::Appellant(_) | Actor::Public | Actor::System => 0,
        };
        let seen = format!("seen {who} {case} {id} {} {old}{new}", old.len());
        let code = hex(&self.keys.mac(Purpose::Sessions, seen.as_bytes()));
        let meaning = sight::meaning(pack.flow_of(&page.case), &kept);
        Ok(Some((Comparison { field, old, new, code }, meaning)))
    }

    /// Puts the wanted wording of a correction into its own field; answers the tags of the wording
    /// that it replaces, by which the case must no longer be found.
    fn correct(
        &self,
        found: Comparison,
        meaning: Meaning,
        texts: &mut BTreeMap<Code, String>,
    ) -> Vec<[u8; 16]> {
        let Comparison { field, old, new, .. } = found;
        let of_person = matches!(meaning, Meaning::Name | Meaning::Phone) && old != new;
        let tags = || dossier::tags_of(&self.keys, meaning, &old);
        let forget = if of_person { tags() } else { Vec::new() };
        texts.insert(field, new);
        forget
    }
}
