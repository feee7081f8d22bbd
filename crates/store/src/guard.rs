//! Who may know of a case beside what roles say, and showing one masked field: the asking side of
//! `domain::secrecy`. Decides nothing.

use crate::{
    Store,
    answer::{Done, No},
    case_page::Masked,
    command::{BY_COMMAND, Command, Want},
    db::{Error, Reader, Stmt, WriteError},
    dossier::{self, Brought, Sealed, Texts, place},
    even::even,
    homes, sight,
};
use domain::{
    access::{self, Viewer},
    audit::Deed,
    case::{AccountId, Actor, By, Case, CaseId, Staff},
    decide::Ctx,
    field::Meaning,
    pack::{Pack, Right, Sight},
    secrecy::{self, Candidate, Change, Ground},
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use vault::CaseKey;

static ENTRIES: Stmt = Stmt::new(
    "SELECT t.seq, e.command, t.body FROM texts t
     JOIN entries e ON e.case_id = t.case_id AND e.seq = t.seq
     WHERE t.case_id = $1 ORDER BY t.seq LIMIT 2000",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&ENTRIES];

/// The action under which reasons for changes of who may know are kept.
const SECRECY: &str = "secrecy";

/// The wish to change who may know of a case.
#[derive(Debug, Clone)]
pub struct Guarding {
    /// Command id; a repetition answers the first result.
    pub command: [u8; 16],
    /// Who.
    pub actor: Actor,
    /// Case.
    pub case: CaseId,
    /// What.
    pub change: Change,
    /// Why, in words; kept sealed.
    pub reason: String,
}

/// One masked field, shown whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    /// Code of the field.
    pub field: String,
    /// Its text.
    pub text: String,
}

/// Somebody who should perhaps be kept out of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insider {
    /// The account.
    pub account: AccountId,
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Why.
    pub ground: Ground,
}

impl Store {
    /// Changes who may know of a case.
    ///
    /// # Errors
    /// When the domain refuses, the case is not known to the actor, or the database fails.
    pub async fn guard(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        guarding: Guarding,
    ) -> Result<Done, WriteError<No>> {
        let Guarding { command, actor, case, change, reason } = guarding;
        let mut reader = self.db.read().await?;
        let head = self.head(&mut reader, case).await?.ok_or(No::NotFound)?;
        let key = head.key.as_ref().ok_or(No::NotFound)?;
        let flow = pack.flow_of(&head.case).ok_or(No::NotFound)?;
        let opens = change == Change::Unseal;
        let mut sealed = Sealed::default();
        if !reason.trim().is_empty() {
            let field = BTreeMap::from([(sight::SECRECY_REASON.to_owned(), reason)]);
            let texts = Texts::from([(SECRECY.to_owned(), field)]);
            let said = Brought { texts: &texts, files: &[], place: "" };
            sealed = dossier::seal(&self.keys, key, flow, &place(case, &command), said);
            // Why somebody is let in or kept out is not found by searching.
            sealed.line.clear();
            sealed.tags.clear();
        }
        let mut lines = Vec::new();
        if opens {
            for (seq, texts) in opened(&mut reader, key, case).await? {
                let name =
                    if seq == 1 { pack.regions.full_name(&head.case.place) } else { String::new() };
                let (line, tags) = dossier::words(&self.keys, flow, &texts, &name);
                sealed.tags.extend(tags);
                lines.push((seq, line));
            }
            lines.retain(|(_, line)| !line.is_empty());
        }
        drop(reader);
        let command = Command {
            id: command,
            at: crate::request::whole(now),
            actor,
            pack: pack.clone(),
            keys: self.keys.clone(),
            want: Want::Guard { case, change, version: opens.then_some(head.version), lines },
            sealed,
        };
        self.db.write(command).await
    }

    /// The case that a command of this person has changed before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn done_before(
        &self,
        command: &[u8; 16],
        actor: &Actor,
    ) -> Result<Option<CaseId>, Error> {
        let row = self.db.read().await?.row(&BY_COMMAND, &[command.into()]).await?;
        let by = crate::text_of(&By::from(actor));
        let Some(row) = row.filter(|row| row.text(2).is_ok_and(|doer| doer == by)) else {
            return Ok(None);
        };
        Ok(Some(row.int(0)?))
    }

    /// Shows one masked field whole, and remembers that it was shown before it is. None when the
    /// viewer may not have it, or there is no such text.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn reveal(
        &self,
        pack: &Pack,
        (staff, now): (&Staff, Timestamp),
        case: CaseId,
        (seq, field): (i64, &str),
    ) -> Result<Option<Revealed>, Error> {
        let viewer = Viewer::Staff(staff.clone(), now);
        let mut reader = self.db.page().await?;
        let page = self.page_with(&mut reader, pack, (&viewer, Masked::Nothing), case).await?;
        drop(reader);
        let Some(page) = page.filter(|p| p.rights.may(Right::Reveal)) else { return Ok(None) };
        let entry = page.entries.iter().find(|e| e.seq == seq);
        let text = entry.and_then(|e| e.texts.values().find_map(|fields| fields.get(field)));
        let Some(text) = text else { return Ok(None) };
        let deed = Deed::Revealed { case, field: field.to_owned() };
        self.record(now, crate::Record::of(staff, vec![deed])).await?;
        Ok(Some(Revealed { field: field.to_owned(), text: text.clone() }))
    }

    /// The case of a number whose glass this person might break; none as for a number that does not
    /// exist.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn behind_glass(
        &self,
        pack: &Pack,
        staff: &Staff,
        number: &str,
    ) -> Result<Option<CaseId>, Error> {
        let may = |case: &Case| access::may_break_glass(pack, staff, case);
        Ok(self.judged(pack, number, may).await?.map(|case| case.id))
    }

    /// Why somebody sees what they see of a case, told to somebody who may ask who read it. The
    /// outer none: the asker may not know of the case, or may not ask.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn case_for_why(
        &self,
        pack: &Pack,
        asker: &Viewer,
        number: &str,
    ) -> Result<Option<Case>, Error> {
        self.judged(pack, number, |case| access::may(pack, asker, case, Right::Supervise)).await
    }

    /// The case of a number, if it passes; it takes the same time where there is none.
    async fn judged(
        &self,
        pack: &Pack,
        number: &str,
        may: impl Fn(&Case) -> bool,
    ) -> Result<Option<Case>, Error> {
        let Some(id) = crate::numbers::case_of(&self.keys, number) else { return Ok(None) };
        even(async {
            let mut reader = self.db.read().await?;
            let Some(head) = self.nearest(&mut reader, id).await? else { return Ok(None) };
            let may = may(&head.case);
            let same = crate::case_page::same_number(&self.number_of(pack, &head.case), number);
            Ok((same && may).then_some(head.case))
        })
        .await
    }

    /// Who should perhaps be kept out of the case, by what stands in it. Empty for somebody who may
    /// not keep anybody out.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn exclusion_proposals(
        &self,
        pack: &Pack,
        (staff, now): (&Staff, Timestamp),
        case: CaseId,
    ) -> Result<Vec<Insider>, Error> {
        let mut reader = self.db.read().await?;
        let Some(head) = self.head(&mut reader, case).await? else { return Ok(Vec::new()) };
        let viewer = Viewer::Staff(staff.clone(), now);
        let Some(key) = head.key.filter(|_| access::may(pack, &viewer, &head.case, Right::Exclude))
        else {
            return Ok(Vec::new());
        };
        let sees_names = access::sees(pack, &viewer, &head.case).identity == Sight::Full;
        let flow = pack.flow_of(&head.case);
        let (mut names, mut words) = (Vec::new(), Vec::new());
        let mut phones = BTreeSet::new();
        for (_, texts) in opened(&mut reader, &key, case).await? {
            for (field, text) in texts.into_values().flatten() {
                match sight::meaning(flow, &field) {
                    Meaning::Name => names.push(text),
                    Meaning::Phone => {
                        phones.extend(dossier::phone_tag(&self.keys, &text));
                        words.push(text);
                    }
                    // Who reported is told to nobody by way of a colleague.
                    Meaning::Reporter => {}
                    _ => words.push(text),
                }
            }
        }
        let near = homes::near(&mut reader, &self.keys, (&phones, &head.case.place)).await?;
        drop(reader);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let actor = Actor::System;
        let ctx = Ctx::bare(now, pack, &actor);
        let mut found = Vec::new();
        for account in self.accounts().await? {
            let who = Candidate {
                account: account.id,
                name: &account.name,
                unit: &account.unit,
                household: near.phone.contains(&account.id),
                village: near.village.contains(&account.id),
            };
            let barred = head.case.guarded.bars(&account.staff());
            let ground = secrecy::ground(ctx, &head.case, who, (&names, &words));
            let ground = ground.map(|ground| if sees_names { ground } else { Ground::Perhaps });
            if let Some(ground) = ground.filter(|_| !barred) {
                found.push(Insider {
                    account: account.id,
                    name: account.name,
                    unit: account.unit,
                    ground,
                });
            }
        }
        found.sort_by_key(|i| (i.ground, i.account));
        found.truncate(20);
        Ok(found)
    }
}

/// Every text of a case, by the position of its entry.
async fn opened(
    reader: &mut Reader,
    key: &CaseKey,
    case: CaseId,
) -> Result<Vec<(i64, Texts)>, Error> {
    let mut all = Vec::new();
    for row in reader.rows(&ENTRIES, &[case.into()]).await? {
        let texts = dossier::open(key, case, &row.array(1)?, row.blob(2)?)
            .map_err(|e| row.corrupt(2, e.to_string()))?;
        all.push((row.int(0)?, texts));
    }
    Ok(all)
}
