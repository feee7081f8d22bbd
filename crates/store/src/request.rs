//! From a request to a command: ids, receipt, sealing. Everything costly or random happens here,
//! before the writer, so that the command itself can be replayed.

use crate::{
    Store,
    answer::{Done, No},
    command::{BY_COMMAND, Command, Want},
    db::{Error, Stmt, WriteError},
    dossier::{self, Attachment, Brought, Sealed, Texts, place},
    even::even,
    imports, numbers, sight,
};
use domain::{
    access::{self, Viewer},
    case::{AccountId, Actor, By, CaseId, Staff},
    decide::{Open, Step},
    field::{Checked, FieldKind, Value},
    pack::Pack,
    refusal::Refusal,
    reporter,
    workflow::Code,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};
use vault::BlindKind;

pub(crate) static SEALING: Stmt = Stmt::new("SELECT key, body FROM cases WHERE id = $1");
pub(crate) static DUE: Stmt =
    Stmt::new("SELECT id FROM cases WHERE wake <= $1 ORDER BY wake LIMIT $2");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&SEALING, &DUE];

/// The wish to open a case, checked at the edge.
#[derive(Debug, Clone)]
pub struct NewCase {
    /// Command id; a repetition answers the first result.
    pub command: [u8; 16],
    /// Who.
    pub actor: Actor,
    /// Workflow.
    pub workflow: Code,
    /// Programme.
    pub programme: Option<Code>,
    /// What was filled in.
    pub given: Checked,
    /// Steps right after the opening.
    pub then: Vec<Step>,
    /// Files, already sniffed and stripped.
    pub files: Vec<Attachment>,
    /// The secret receipt, made by the caller so that a page can show it.
    pub receipt: String,
    /// Source and number of an import.
    pub imported: Option<(String, String)>,
}

/// The wish to act on a case, checked at the edge.
#[derive(Debug, Clone)]
pub struct Act {
    /// Command id; a repetition answers the first result.
    pub command: [u8; 16],
    /// Who.
    pub actor: Actor,
    /// Case.
    pub case: CaseId,
    /// Steps, in order.
    pub steps: Vec<Step>,
    /// Files, already sniffed and stripped.
    pub files: Vec<Attachment>,
}

/// A case that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What was done.
    pub done: Done,
    /// Its number.
    pub number: String,
}

impl Store {
    /// Opens a case.
    ///
    /// # Errors
    /// When the domain refuses, or the database fails.
    pub async fn open_case(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        new: NewCase,
    ) -> Result<Opened, WriteError<No>> {
        let command = self.opening(pack, now, (new, None)).await?;
        let done = self.db.write(command).await?;
        self.opened(pack, now, done).await
    }

    /// Like [`open_case`](Self::open_case) for imports, which give way to everybody else.
    ///
    /// # Errors
    /// When the domain refuses, or the database fails.
    pub async fn import_case(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        new: NewCase,
    ) -> Result<Opened, WriteError<No>> {
        let command = self.opening(pack, now, (new, None)).await?;
        let done = self.db.write_bulk(command).await?;
        self.opened(pack, now, done).await
    }

    /// The number holds the year of the first opening, which a repetition may have passed.
    async fn opened(
        &self,
        pack: &Pack,
        now: Timestamp,
        done: Done,
    ) -> Result<Opened, WriteError<No>> {
        let mut opened = now;
        if done.repeated {
            let row = self.db.read().await?.row(&SEALING, &[done.case.into()]).await?;
            opened = crate::parse_case(&row.ok_or(No::NotFound)?, 1)?.opened;
        }
        let number = numbers::number_of(&self.keys, done.case, pack.date_of(opened));
        Ok(Opened { done, number })
    }

    /// The command that opens a case; for a unit, where the machine opens it in its name.
    pub(crate) async fn opening(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        (new, unit): (NewCase, Option<Code>),
    ) -> Result<Command, WriteError<No>> {
        let flow = pack.workflow(&new.workflow).ok_or_else(|| {
            No::Refused(Refusal::Unknown { what: "workflow", code: new.workflow.clone() })
        })?;
        let id = self.ids.next(&self.db).await.map_err(Error::from)?;
        let (key, wrapped) = self.keys.new_case_key(&id.to_be_bytes());
        let mut new = new;
        let Checked { coded, texts } = &mut new.given;
        reporter::set_apart(flow, (&BTreeMap::new(), coded), texts);
        for step in &mut new.then {
            reporter::set_apart(flow, (coded, &step.given.coded), &mut step.given.texts);
        }
        let texts = texts_of(Some(&new.given), &new.then);
        let aad = place(id, &new.command);
        let given = std::iter::once(&new.given).chain(given_in(&new.then));
        let place = place_in(pack, given);
        let brought = Brought { texts: &texts, files: &new.files, place: &place };
        let sealed = dossier::seal(&self.keys, &key, flow, &aad, brought);
        if flow.opening.evidence && new.files.is_empty() {
            return Err(Refusal::NoEvidence.into());
        }
        let claim = match new.imported.clone() {
            Some(imported) => Some(imported),
            None => imports::claim(flow, &new)?,
        };
        let imported =
            claim.map(|(source, number)| (source, self.keys.blind(BlindKind::Document, &number)));
        let (workflow, programme, given) = (new.workflow, new.programme, new.given);
        let open = Open { id, workflow, programme, given, unit };
        let mut command = Command {
            id: new.command,
            at: whole(now),
            actor: new.actor,
            pack: pack.clone(),
            keys: self.keys.clone(),
            want: Want::Open {
                open,
                then: new.then,
                receipt: numbers::receipt_tag(&self.keys, &new.receipt),
                key: wrapped,
                imported,
                ahead: None,
            },
            sealed,
        };
        command.look_ahead();
        Ok(command)
    }

    /// Acts on a case.
    ///
    /// # Errors
    /// When the domain refuses, the case is not known to the actor, or the database fails.
    pub async fn act(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        act: Act,
    ) -> Result<Done, WriteError<No>> {
        let viewer = Viewer::of(&act.actor, now);
        let done = match self.acting(pack, now, act).await {
            Ok(command) => self.db.write(command).await,
            Err(why) => Err(why),
        };
        match done {
            Err(WriteError::Refused(no)) => {
                Err(WriteError::Refused(self.withheld(&viewer, no).await?))
            }
            done => done,
        }
    }

    /// Like [`act`](Self::act) for records that are entered later, which give way to everybody else.
    ///
    /// # Errors
    /// When the domain refuses, or the database fails.
    pub async fn import_act(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        act: Act,
    ) -> Result<Done, WriteError<No>> {
        let command = self.acting(pack, now, act).await?;
        self.db.write_bulk(command).await
    }

    async fn acting(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        act: Act,
    ) -> Result<Command, WriteError<No>> {
        let act = self.as_signed(pack, act).await?;
        let act = self.apart(pack, act).await?;
        self.only_seen(pack, &Viewer::of(&act.actor, now), &act).await?;
        let texts = texts_of(None, &act.steps);
        let place = place_in(pack, given_in(&act.steps));
        let sealed = if texts.is_empty() && act.files.is_empty() && place.is_empty() {
            Sealed::default()
        } else {
            let brought = Brought { texts: &texts, files: &act.files, place: &place };
            self.seal_for(pack, (act.case, &act.command), brought).await?
        };
        let linked = act.steps.iter().find_map(|step| self.named_case(pack, step));
        let linked = match linked {
            Some(id) => self.known(pack, &Viewer::of(&act.actor, now), id).await?,
            None => None,
        };
        let want = Want::Act { case: act.case, steps: act.steps, linked, ahead: None };
        let mut command = Command {
            id: act.command,
            at: whole(now),
            actor: act.actor,
            pack: pack.clone(),
            keys: self.keys.clone(),
            want,
            sealed,
        };
        self.look_ahead(&mut command).await?;
        Ok(command)
    }

    /// The steps with what tells who reported kept apart, as the case says already or they say.
    async fn apart(&self, pack: &Pack, mut act: Act) -> Result<Act, WriteError<No>> {
        for step in &mut act.steps {
            let Checked { coded, texts } = &mut step.given;
            self.set_apart(pack, act.case, (coded, texts)).await?;
        }
        Ok(act)
    }

    /// Keeps what tells who reported apart from the other texts for a case.
    pub(crate) async fn set_apart(
        &self,
        pack: &Pack,
        case: CaseId,
        (given, texts): (&BTreeMap<Code, Value>, &mut BTreeMap<Code, String>),
    ) -> Result<(), WriteError<No>> {
        let may_tell =
            |field: &Code| pack.workflows.values().any(|flow| reporter::may_tell(flow, field));
        if !texts.keys().any(may_tell) {
            return Ok(());
        }
        let row = self.db.read().await?.row(&SEALING, &[case.into()]).await?;
        let case = crate::parse_case(&row.ok_or(No::NotFound)?, 1)?;
        if let Some(flow) = pack.flow_of(&case) {
            reporter::set_apart(flow, (&case.coded, given), texts);
        }
        Ok(())
    }

    /// The case that somebody names in a form, if they may know of it.
    async fn known(
        &self,
        pack: &Pack,
        viewer: &Viewer,
        id: CaseId,
    ) -> Result<Option<CaseId>, Error> {
        even(async {
            let mut reader = self.db.read().await?;
            let Some(head) = self.nearest(&mut reader, id).await? else { return Ok(None) };
            let known = access::may_open(pack, viewer, &head.case);
            Ok((known && head.case.id == id).then_some(id))
        })
        .await
    }

    /// The case of a command that this actor has done already: a second press of the button must
    /// not be told that the case has changed, because it was the first press that changed it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn done_already(
        &self,
        command: &[u8; 16],
        actor: &Actor,
    ) -> Result<Option<CaseId>, crate::db::Error> {
        let row = self.db.read().await?.row(&BY_COMMAND, &[command.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let same = row.text(2)? == crate::text_of(&By::from(actor));
        if same { row.int(0).map(Some) } else { Ok(None) }
    }

    /// The case named in a case field of a step.
    fn named_case(&self, pack: &Pack, step: &Step) -> Option<CaseId> {
        let coded = step.given.coded.iter();
        let mut named = coded.filter(|(code, _)| is_kind(pack, code, &FieldKind::Case));
        named.find_map(|(_, value)| numbers::case_of(&self.keys, value.one()))
    }

    pub(crate) async fn seal_for(
        &self,
        pack: &Pack,
        (case_id, command): (CaseId, &[u8; 16]),
        brought: Brought<'_>,
    ) -> Result<Sealed, WriteError<No>> {
        let row = self.db.read().await?.row(&SEALING, &[case_id.into()]).await?;
        let row = row.ok_or(No::NotFound)?;
        let Some(wrapped) = row.opt_blob(0)? else {
            let erased = crate::parse_case(&row, 1)?.rights.erased.is_some();
            // The command itself finds who may be told that the case is erased.
            return if erased { Ok(Sealed::default()) } else { Err(No::NotFound.into()) };
        };
        let key = self
            .keys
            .unwrap(&case_id.to_be_bytes(), wrapped)
            .map_err(|e| row.corrupt(0, e.to_string()))?;
        // What a field means, and so how its words are found, is said by the case's own workflow.
        let case = crate::parse_case(&row, 1)?;
        let flow = pack.flow_of(&case).ok_or_else(|| {
            No::Refused(Refusal::Unknown { what: "workflow", code: case.workflow.clone() })
        })?;
        let aad = place(case_id, command);
        Ok(dossier::seal(&self.keys, &key, flow, &aad, brought))
    }

    /// Gives one case from one owner to another; whether it was still the first one's.
    pub(crate) async fn hand_one(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        doer: Option<&Staff>,
        (case, (from, to)): (CaseId, (AccountId, Staff)),
    ) -> Result<bool, crate::db::Error> {
        let command = Command {
            id: rand::random(),
            at: whole(now),
            actor: doer.map_or(Actor::System, |staff| Actor::Staff(staff.clone())),
            pack: pack.clone(),
            keys: self.keys.clone(),
            want: Want::Hand { case, from, to },
            sealed: Sealed::default(),
        };
        match self.db.write(command).await {
            Ok(done) => Ok(done.seq != 0),
            Err(WriteError::Db(error)) => Err(error),
            // A case that is gone, or has been closed meanwhile, needs no owner.
            Err(WriteError::Refused(_)) => Ok(false),
        }
    }

    /// Lets time act on the cases that wait for it; answers how many moved. Idempotent: a second
    /// node that asks at the same time finds nothing left to do.
    ///
    /// # Errors
    /// When the database fails; a single case that cannot move is logged and left.
    pub async fn tick(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        limit: u32,
    ) -> Result<usize, crate::db::Error> {
        let params = [now.as_microsecond().into(), limit.into()];
        let due = self.db.read().await?.rows(&DUE, &params).await?;
        let mut moved = 0;
        for row in &due {
            let case: CaseId = row.int(0)?;
            let command = Command {
                id: crate::new_command(),
                at: whole(now),
                actor: Actor::System,
                pack: pack.clone(),
                keys: self.keys.clone(),
                want: Want::Tick { case },
                sealed: Sealed::default(),
            };
            match self.db.write(command).await {
                Ok(done) => moved += usize::from(done.seq > 0),
                Err(WriteError::Refused(no)) => tracing::warn!(case, %no, "a tick was refused"),
                // One broken row must not stop the time of all others.
                Err(WriteError::Db(crate::db::Error::Corrupt(error))) => {
                    tracing::error!(case, %error, "time could not move this case");
                }
                Err(WriteError::Db(error)) => return Err(error),
            }
        }
        Ok(moved)
    }
}

/// The instant as an entry can keep it: whole microseconds. Facts that held more than that would
/// not be made again from the entries.
pub(crate) fn whole(now: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// Whether a field is of this kind, in whatever workflow it is one.
fn is_kind(pack: &Pack, code: &str, kind: &FieldKind) -> bool {
    let mut fields = pack.workflows.values().filter_map(|flow| flow.fields.get(code));
    fields.any(|field| field.kind == *kind)
}

fn given_in(steps: &[Step]) -> impl Iterator<Item = &Checked> {
    steps.iter().map(|step| &step.given)
}

/// The name of the place that is chosen, from the county down; empty when none is.
fn place_in<'a>(pack: &Pack, given: impl Iterator<Item = &'a Checked>) -> String {
    let coded = given.flat_map(|given| &given.coded);
    let chosen = coded.filter(|(code, _)| is_kind(pack, code, &FieldKind::Place)).last();
    chosen.map(|(_, value)| pack.regions.full_name(value.one())).unwrap_or_default()
}

/// The texts of an opening and of steps, by action.
fn texts_of(opening: Option<&Checked>, steps: &[Step]) -> Texts {
    let mut texts = Texts::new();
    if let Some(given) = opening.filter(|g| !g.texts.is_empty()) {
        texts.insert(sight::OPENING.to_owned(), given.texts.clone());
    }
    for step in steps.iter().filter(|s| !s.given.texts.is_empty()) {
        texts.entry(step.action.clone()).or_default().extend(step.given.texts.clone());
    }
    texts
}
