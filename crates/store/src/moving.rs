//! Moving open cases under the rules of today's pack: the list of what would change, its
//! confirmation by a person, and the carrying out.
//!
//! A list that is confirmed becomes rows in `moving`; each row is taken out in the transaction that
//! moves its case, so a stop at any moment loses nothing and repeats nothing. A case is moved only
//! while its deadlines would change exactly as they were shown.

use crate::{
    Store,
    answer::No,
    command::{Command, Want},
    db::{Batch, Error, Row, Stmt, Tx, Work, WriteError},
    deeds::Record,
    dossier::Sealed,
    hex, rules, unhex,
};
use domain::{
    audit::Deed,
    case::{Actor, By, Case, CaseId, Staff},
    decide::Ctx,
    moving::{self, Shift},
    pack::Pack,
    refusal::Refusal,
    workflow::Code,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, convert::Infallible, fmt::Write as _, sync::Arc};
use tokio::task::JoinSet;
use vault::Keys;

/// Cases whose rules are not those of an edition, oldest first.
static OTHERS: Stmt = Stmt::split(
    "SELECT id, body FROM cases WHERE id > $1 AND strpos(body, $2) = 0 ORDER BY id LIMIT 500",
    "SELECT id, body FROM cases WHERE id > $1 AND instr(body, $2) = 0 ORDER BY id LIMIT 500",
);
static TIMES: Stmt = Stmt::new("SELECT COUNT(*) FROM moves WHERE edition = $1");
static CONFIRMED: Stmt = Stmt::new("SELECT total FROM moves WHERE id = $1");
static CONFIRM: Stmt = Stmt::new(
    "INSERT INTO moves (id, edition, at, by, total, key, reason)
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
/// What is left of an older list stands on the new one too, or is no longer as it was shown.
static FORGET: Stmt = Stmt::new("DELETE FROM moving");
static ADD: Stmt = Stmt::new("INSERT INTO moving (case_id, move, seen) VALUES ($1, $2, $3)");
static LEFT: Stmt = Stmt::new(
    "SELECT m.case_id, m.seen, v.id, v.by FROM moves v JOIN moving m ON m.move = v.id
     WHERE v.edition = $1 ORDER BY m.case_id LIMIT $2",
);
pub(crate) static CARRIED: Stmt = Stmt::new("DELETE FROM moving WHERE case_id = $1 AND seen = $2");
static NEWEST: Stmt = Stmt::new(
    "SELECT v.id, v.edition, v.at, v.by, v.total, v.key, v.reason,
       (SELECT COUNT(*) FROM moving m WHERE m.move = v.id)
     FROM moves v WHERE v.edition = $1 ORDER BY v.at DESC LIMIT 1",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] =
    &[&OTHERS, &TIMES, &CONFIRMED, &CONFIRM, &FORGET, &ADD, &LEFT, &CARRIED, &NEWEST];

/// Cases that are moved at the same time: on one writer they share a commit.
const AT_ONCE: usize = 64;

/// What a move would do, to be looked at and confirmed as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct MoveList {
    /// Name of exactly this list, to be given back on confirmation: 32 hex digits.
    pub id: String,
    /// Edition under which the cases would live.
    pub edition: String,
    /// Every open case under other rules that can be moved, oldest first.
    pub cases: Vec<Listed>,
    /// Open cases that today's workflows have no place for; they stay under their rules.
    pub stuck: Vec<(Listed, Refusal)>,
}

/// One case of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Workflow.
    pub workflow: Code,
    /// State.
    pub state: Code,
    /// Edition under which it lives.
    pub edition: String,
    /// Deadlines that would change; a case may be moved without any.
    pub shifts: Vec<Shift>,
}

impl MoveList {
    /// The deadlines that would change, by workflow and clock.
    pub fn by_clock(&self) -> BTreeMap<(&str, &str), Vec<(&Listed, &Shift)>> {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for listed in &self.cases {
            for shift in &listed.shifts {
                let key = (listed.workflow.as_str(), shift.clock.as_str());
                groups.entry(key).or_default().push((listed, shift));
            }
        }
        groups
    }

    /// How many cases would be moved without any deadline changing.
    pub fn unchanged(&self) -> usize {
        self.cases.iter().filter(|c| c.shifts.is_empty()).count()
    }
}

/// How far the newest confirmed list has been carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveProgress {
    /// Name of the list.
    pub id: String,
    /// Edition to which it moves.
    pub edition: String,
    /// When it was confirmed.
    pub at: Timestamp,
    /// Who confirmed it.
    pub by: By,
    /// Why.
    pub reason: String,
    /// Cases on the list.
    pub total: i64,
    /// Cases still to be moved.
    pub left: i64,
}

/// Why a list was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMove {
    /// It is not, or no longer, what a move would do.
    #[error("the list has changed; look at it again")]
    Changed,
    /// Nobody said why.
    #[error("a reason is needed")]
    NoReason,
}

/// Digest of what somebody sees of one case: which deadline would go from where to where.
pub(crate) fn seen(case: &Case, shifts: &[Shift]) -> [u8; 32] {
    let mut text = format!("{} {}", case.id, case.pack);
    for shift in shifts {
        let (due, then) = (shift.due.as_second(), shift.then.as_second());
        let task = shift.task.unwrap_or(0);
        let _ = write!(text, "\n{} {task} {due} {then}", shift.clock);
    }
    Sha256::digest(text).into()
}

struct Confirm {
    id: [u8; 16],
    edition: String,
    at: i64,
    by: String,
    key: Vec<u8>,
    reason: Vec<u8>,
    rules: String,
    /// What the administrator did, for the record of deeds; none for a command on the machine.
    record: Option<Record>,
    keys: Arc<Keys>,
    cases: Vec<(CaseId, [u8; 32])>,
}

impl Work for Confirm {
    type Reply = i64;
    type Refusal = NoMove;

    async fn run(&self, tx: &mut Tx) -> Result<i64, WriteError<NoMove>> {
        if let Some(row) = tx.row(&CONFIRMED, &[(&self.id).into()]).await? {
            return Ok(row.int(0)?);
        }
        let total = i64::try_from(self.cases.len()).unwrap_or(i64::MAX);
        let rules = [(&self.edition).into(), self.at.into(), (&self.rules).into()];
        tx.exec(&rules::KEEP, &rules).await?;
        let row = [
            (&self.id).into(),
            (&self.edition).into(),
            self.at.into(),
            (&self.by).into(),
            total.into(),
            (&self.key).into(),
            (&self.reason).into(),
        ];
        tx.exec(&CONFIRM, &row).await?;
        if let Some(record) = &self.record {
            record.append(tx, (&self.keys, self.at, &self.id)).await?;
        }
        tx.exec(&FORGET, &[]).await?;
        for some in self.cases.chunks(500) {
            let mut batch = Batch::new();
            for (case, seen) in some {
                batch.add(&ADD, &[(*case).into(), (&self.id).into(), seen.into()]);
            }
            tx.exec_all(batch).await?;
        }
        Ok(total)
    }
}

/// Takes one case off the list without moving it.
struct LeaveOut {
    case: CaseId,
    seen: [u8; 32],
}

impl Work for LeaveOut {
    type Reply = ();
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        tx.exec(&CARRIED, &[self.case.into(), (&self.seen).into()]).await?;
        Ok(())
    }
}

impl Store {
    /// Every open case that lives under other rules than today's, and what moving it would change.
    /// Reads only. The viewer needs no right to the cases: numbers and deadlines are all there is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn move_list(&self, pack: &Pack, now: Timestamp) -> Result<MoveList, Error> {
        let (list, _) = self.listed(pack, now).await?;
        Ok(list)
    }

    async fn listed(
        &self,
        pack: &Pack,
        now: Timestamp,
    ) -> Result<(MoveList, Vec<(CaseId, [u8; 32])>), Error> {
        let in_use = self.editions_in_use().await?;
        let others = in_use.iter().filter(|(edition, _)| **edition != pack.edition);
        let expected: i64 = others.map(|(_, n)| n).sum();
        let mut reader = self.db.read().await?;
        let times = reader.row(&TIMES, &[(&pack.edition).into()]).await?;
        let times = times.map_or(Ok(0), |r| r.int(0))?;
        let mut list = MoveList {
            id: String::new(),
            edition: pack.edition.clone(),
            cases: Vec::new(),
            stuck: Vec::new(),
        };
        let mut moves = Vec::new();
        let mark = format!("\"pack\":{}", crate::text_of(&pack.edition));
        let ctx = Ctx::bare(now, pack, &Actor::System);
        let (mut after, mut found) = (-1, 0);
        while found < expected {
            let rows = reader.rows(&OTHERS, &[after.into(), (&mark).into()]).await?;
            let Some(newest) = rows.last() else { break };
            after = newest.int(0)?;
            for row in &rows {
                let case = crate::parse_case(row, 1)?;
                if !case.is_open(pack) || case.pack == pack.edition {
                    continue;
                }
                found += 1;
                // Who moves cases may not know of a sealed one: it keeps its rules until it is open.
                if case.guarded.is_sealed() {
                    continue;
                }
                match moving::moved(ctx, &case) {
                    Ok(made) => {
                        moves.push((case.id, seen(&case, &made.shifts)));
                        list.cases.push(self.listing(pack, case, made.shifts));
                    }
                    Err(why) => list.stuck.push((self.listing(pack, case, Vec::new()), why)),
                }
            }
        }
        let mut all = Sha256::new();
        // The same list may come again after a way back; that is another move.
        all.update(format!("{} {times}", pack.edition));
        for (_, seen) in &moves {
            all.update(seen);
        }
        list.id = hex(all.finalize().get(..16).unwrap_or_default());
        Ok((list, moves))
    }

    fn listing(&self, pack: &Pack, case: Case, shifts: Vec<Shift>) -> Listed {
        Listed {
            case: case.id,
            number: self.number_of(pack, &case),
            workflow: case.workflow,
            state: case.state,
            edition: case.pack,
            shifts,
        }
    }

    /// Confirms exactly the list with this name; answers how many cases it holds. Confirming it
    /// again changes nothing. [`Store::carry_moves`] then moves them.
    ///
    /// # Errors
    /// When a move would now do something else than was seen, or the database fails.
    pub async fn confirm_move(
        &self,
        pack: &Pack,
        now: Timestamp,
        by: &Actor,
        (id, reason): (&str, &str),
    ) -> Result<i64, WriteError<NoMove>> {
        let name = unhex(id).ok_or(WriteError::Refused(NoMove::Changed))?;
        if let Some(row) = self.db.read().await?.row(&CONFIRMED, &[(&name).into()]).await? {
            return Ok(row.int(0)?);
        }
        if reason.trim().is_empty() {
            return Err(WriteError::Refused(NoMove::NoReason));
        }
        let (list, cases) = self.listed(pack, now).await?;
        if list.id != id || cases.is_empty() {
            return Err(WriteError::Refused(NoMove::Changed));
        }
        // Somebody writes the reason by hand, so it is sealed like every such text.
        let (key, wrapped) = self.keys.new_case_key(&name);
        let deed = Deed::Administered {
            what: "moved_cases".to_owned(),
            whom: None,
            detail: list.edition.clone(),
        };
        let record = match by {
            Actor::Staff(staff) => Some(Record::of(staff, vec![deed])),
            Actor::Appellant(_) | Actor::Public | Actor::System => None,
        };
        let confirm = Confirm {
            id: name,
            record,
            keys: self.keys.clone(),
            edition: list.edition,
            at: now.as_microsecond(),
            by: crate::text_of(&By::from(by)),
            key: wrapped,
            reason: key.seal(&name, reason.trim().as_bytes()),
            rules: crate::text_of(&pack.rules),
            cases,
        };
        self.db.write(confirm).await
    }

    /// Moves some of the cases whose move to this pack is confirmed; answers how many rows of the
    /// list were dealt with, none when nothing is left. A case that is no longer as it was shown
    /// stays under its rules and stands on the next list.
    ///
    /// # Errors
    /// When the database fails; the rest stays confirmed and is carried out later.
    pub async fn carry_moves(
        &self,
        pack: &Arc<Pack>,
        now: Timestamp,
        limit: u32,
    ) -> Result<usize, Error> {
        let params = [(&pack.edition).into(), limit.into()];
        let rows = self.db.read().await?.rows(&LEFT, &params).await?;
        for some in rows.chunks(AT_ONCE) {
            let mut running = JoinSet::new();
            for row in some {
                let (store, command) = (self.clone(), self.mover(pack, now, row)?);
                running.spawn(async move { store.carry(command).await });
            }
            while let Some(done) = running.join_next().await {
                // A task that panicked or was ended left its row; it comes again.
                done.unwrap_or(Ok(()))?;
            }
        }
        Ok(rows.len())
    }

    /// The command that moves one case; the same whoever carries it out, and however often.
    fn mover(&self, pack: &Arc<Pack>, now: Timestamp, row: &Row) -> Result<Command, Error> {
        let (case, seen) = (row.int(0)?, row.array(1)?);
        let by = serde_json::from_str(row.text(3)?).map_err(|_| row.corrupt(3, "nobody"))?;
        let actor = match by {
            By::Staff(account, unit) => Actor::Staff(Staff { account, unit, roles: Vec::new() }),
            By::Appellant | By::Public | By::System => Actor::System,
        };
        Ok(Command {
            id: crate::digest(&format!("move {} {case}", hex(row.blob(2)?))),
            at: crate::request::whole(now),
            actor,
            pack: pack.clone(),
            keys: self.keys.clone(),
            want: Want::Move { case, seen },
            sealed: Sealed::default(),
        })
    }

    async fn carry(&self, command: Command) -> Result<(), Error> {
        let Want::Move { case, seen } = command.want else { return Ok(()) };
        match self.db.write(command).await {
            Ok(done) if done.seq > 0 && !done.repeated => return Ok(()),
            // It has closed or was moved meanwhile.
            Ok(_) | Err(WriteError::Refused(No::Changed)) => {}
            Err(WriteError::Refused(no)) => tracing::warn!(case, %no, "a move was refused"),
            // One broken row must not stop all others.
            Err(WriteError::Db(Error::Corrupt(error))) => {
                tracing::error!(case, %error, "this case cannot be moved");
            }
            Err(WriteError::Db(error)) => return Err(error),
        }
        self.db.write(LeaveOut { case, seen }).await.map_err(Error::from)
    }

    /// The list that was confirmed last for this pack, and how far it has got.
    ///
    /// # Errors
    /// When the database fails or the row is corrupt.
    pub async fn move_progress(&self, pack: &Pack) -> Result<Option<MoveProgress>, Error> {
        let row = self.db.read().await?.row(&NEWEST, &[(&pack.edition).into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let id = row.blob(0)?;
        let key = self.keys.unwrap(id, row.blob(5)?).map_err(|e| row.corrupt(5, e.to_string()))?;
        let reason = key.open(id, row.blob(6)?).map_err(|e| row.corrupt(6, e.to_string()))?;
        Ok(Some(MoveProgress {
            id: hex(id),
            edition: row.text(1)?.to_owned(),
            at: Timestamp::from_microsecond(row.int(2)?)
                .map_err(|e| row.corrupt(2, e.to_string()))?,
            by: serde_json::from_str(row.text(3)?).map_err(|_| row.corrupt(3, "nobody"))?,
            reason: String::from_utf8_lossy(&reason).into_owned(),
            total: row.int(4)?,
            left: row.int(7)?,
        }))
    }
}
