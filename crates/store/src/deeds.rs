//! The record of what people do beside acting on cases. The deeds of an account are a stream of
//! their own among the entries, under its number below zero, so that the one chain and the one
//! kind of checkpoint cover them too; `deeds` is their projection, for lists.
//!
//! Nothing here changes or removes a deed. Who may read which is decided by [`Store::deeds`].

use crate::{
    Store,
    chain::{Link, START},
    db::{Batch, Error, P, Row, Stmt, Survives, Tx, Work, WriteError},
    numbers, text_of,
};
use domain::{
    access::{self, Viewer},
    audit::Deed,
    case::{AccountId, By, CaseId, Staff},
    pack::{Admin, Pack},
    workflow::Code,
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    convert::Infallible,
    fmt::Write as _,
    sync::Arc,
};
use vault::{Keys, Purpose};

static BEGIN: Stmt = Stmt::new(
    "INSERT INTO streams (id, version, head) VALUES ($1, 0, $2) ON CONFLICT (id) DO NOTHING",
);
static STREAM: Stmt = Stmt::locking("SELECT version, head FROM streams WHERE id = $1");
static APPEND: Stmt = Stmt::new(
    "INSERT INTO entries (case_id, seq, at, by, command, facts, hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static GROW: Stmt =
    Stmt::new("UPDATE streams SET version = $3, head = $4 WHERE id = $1 AND version = $2");
static LIST: Stmt = Stmt::new(
    "INSERT INTO deeds (stream, seq, n, at, unit, kind, case_id, whom, detail, amount)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
);
static OF_ALL: Stmt = Stmt::new(
    "SELECT at, stream, seq, n, unit, kind, case_id, whom, detail, amount FROM deeds
     WHERE (at, stream, seq, n) < ($1, $2, $3, $4)
     ORDER BY at DESC, stream DESC, seq DESC, n DESC LIMIT $5",
);
static OF_UNIT: Stmt = Stmt::new(
    "SELECT at, stream, seq, n, unit, kind, case_id, whom, detail, amount FROM deeds
     WHERE unit = $6 AND (at, stream, seq, n) < ($1, $2, $3, $4)
     ORDER BY at DESC, stream DESC, seq DESC, n DESC LIMIT $5",
);
static OF_CASE: Stmt = Stmt::new(
    "SELECT at, stream, seq, n, unit, kind, case_id, whom, detail, amount FROM deeds
     WHERE case_id = $6 AND (at, stream, seq, n) < ($1, $2, $3, $4)
     ORDER BY at DESC, stream DESC, seq DESC, n DESC LIMIT $5",
);
static READS: Stmt = Stmt::new(
    "SELECT at, stream FROM deeds WHERE case_id = $1 AND kind = 'read'
     ORDER BY at DESC, stream DESC, seq DESC, n DESC LIMIT 1000",
);
static OF_STREAM: Stmt = Stmt::new(
    "SELECT at, stream, seq, n, unit, kind, case_id, whom, detail, amount FROM deeds
     WHERE stream = $6 AND (at, stream, seq, n) < ($1, $2, $3, $4)
     ORDER BY at DESC, stream DESC, seq DESC, n DESC LIMIT $5",
);
static OF_DETAIL: Stmt = Stmt::new(
    "SELECT at, stream, seq, n, unit, kind, case_id, whom, detail, amount FROM deeds
     WHERE kind = 'exported' AND detail = $6 AND (at, stream, seq, n) < ($1, $2, $3, $4)
     ORDER BY at DESC, stream DESC, seq DESC, n DESC LIMIT $5",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[
    &BEGIN, &STREAM, &APPEND, &GROW, &LIST, &OF_ALL, &OF_UNIT, &OF_CASE, &READS, &OF_STREAM,
    &OF_DETAIL,
];

/// What is taken out of the system under a tag.
pub const TAGGED: &[&str] = &[
    "desk_xlsx",
    "desk_csv",
    "desk_file",
    "records_xlsx",
    "board_xlsx",
    "board_docx",
    "figure_xlsx",
    "figure_docx",
    "form_xlsx",
    "paper",
    "print",
];

/// So many lines at most come at once.
const MOST: usize = 100;

/// Deeds done together, ready to be remembered.
#[derive(Debug, Clone)]
pub struct Record {
    account: AccountId,
    by: By,
    deeds: Vec<Deed>,
}

impl Record {
    /// What a member of staff did.
    pub fn of(staff: &Staff, deeds: Vec<Deed>) -> Self {
        let by = By::Staff(staff.account, staff.unit.clone());
        Self { account: staff.account, by, deeds }
    }

    /// What was done to an account by nobody who is known to the system: a wrong password, or a
    /// command on the machine itself.
    pub fn about(account: AccountId, by: By, deed: Deed) -> Self {
        Self { account, by, deeds: vec![deed] }
    }

    /// Appends the deeds to their stream, inside the transaction of what was done.
    pub(crate) async fn append<R>(
        &self,
        tx: &mut Tx,
        (keys, at, command): (&Keys, i64, &[u8; 16]),
    ) -> Result<(), WriteError<R>> {
        let stream = stream_of(self.account);
        tx.exec(&BEGIN, &[stream.into(), (&START).into()]).await?;
        let row = tx.row(&STREAM, &[stream.into()]).await?;
        let row = row.ok_or_else(|| Error::Conflict("a stream that just began is gone".into()))?;
        let (version, head) = (row.int(0)?, row.array(1)?);
        let seq = version + 1;
        let (by, facts) = (text_of(&self.by), text_of(&self.deeds));
        let link = Link { case: stream, seq, at, by: &by, command, facts: &facts };
        let hash = link.code(keys, &head);
        let rows: Vec<DeedRow> = deed_rows(&self.deeds);

        let mut batch = Batch::new();
        let entry = [
            stream.into(),
            seq.into(),
            at.into(),
            (&by).into(),
            command.into(),
            (&facts).into(),
            (&hash).into(),
        ];
        batch.add(&APPEND, &entry);
        batch.one(&GROW, &[stream.into(), version.into(), seq.into(), (&hash).into()]);
        for (n, row) in (0_i64..).zip(&rows) {
            let listed = [
                stream.into(),
                seq.into(),
                n.into(),
                at.into(),
                P::Text(unit_of(&self.by)),
                P::Text(row.kind),
                row.case.into(),
                row.whom.into(),
                (&row.detail).into(),
                row.amount.into(),
            ];
            batch.add(&LIST, &listed);
        }
        tx.exec_all(batch).await?;
        Ok(())
    }
}

/// The account in whose stream stand the deeds of nobody who is known: guesses at names.
pub const NOBODY: AccountId = i64::MAX;

/// The stream of an account: below zero, where no case is.
pub(crate) fn stream_of(account: AccountId) -> i64 {
    account.saturating_neg()
}

/// The unit for which it was done; empty when nobody known did it.
pub(crate) fn unit_of(by: &By) -> &str {
    match by {
        By::Staff(_, unit) => unit,
        By::Appellant | By::Public | By::System => "",
    }
}

/// A deed as it stands in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeedRow {
    pub(crate) kind: &'static str,
    pub(crate) case: Option<CaseId>,
    pub(crate) whom: Option<AccountId>,
    pub(crate) detail: String,
    pub(crate) amount: u32,
}

/// The rows that the deeds of one entry make.
pub(crate) fn deed_rows(deeds: &[Deed]) -> Vec<DeedRow> {
    let row = |deed: &Deed| DeedRow {
        kind: deed.kind(),
        case: deed.case(),
        whom: deed.whom(),
        detail: deed.detail(),
        amount: deed.amount(),
    };
    deeds.iter().map(row).collect()
}

struct Remember {
    keys: Arc<Keys>,
    at: i64,
    command: [u8; 16],
    record: Record,
}

impl Work for Remember {
    type Reply = ();
    type Refusal = Infallible;

    /// Whoever only looks does not wait for the disk (decision 20).
    fn survives(&self) -> Survives {
        let looks = self.record.deeds.iter().all(Deed::only_looks);
        if looks { Survives::Kill } else { Survives::PowerCut }
    }

    async fn run(&self, tx: &mut Tx) -> Result<(), WriteError<Infallible>> {
        self.record.append(tx, (&self.keys, self.at, &self.command)).await
    }
}

/// Whose deeds are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's whom the viewer may ask about.
    Everybody,
    /// One account's.
    Account(AccountId),
    /// Whatever was done with one case.
    Case(CaseId),
    /// What was taken out of the system under this tag, as it was typed.
    Tag(String),
}

/// Where a list of deeds goes on: instant, stream, entry, position in it.
pub type DeedCursor = (i64, i64, i64, i64);

/// One remembered deed, as far as the viewer may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeedLine {
    /// Instant.
    pub at: Timestamp,
    /// Account whose stream it stands in.
    pub account: AccountId,
    /// Unit for which it was done.
    pub unit: Code,
    /// Kind of deed, as a code.
    pub kind: String,
    /// The case.
    pub case: Option<CaseName>,
    /// The account it was done to.
    pub whom: Option<AccountId>,
    /// The code that says more.
    pub detail: String,
    /// Hits or rows.
    pub amount: i64,
}

/// A case in the list of deeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseName {
    /// Its number, for those who may open it.
    Number(String),
    /// A word that is the same wherever the case is meant, and leads to no case: an auditor sees
    /// that two people read the same case, and never which.
    Tag(String),
}

/// Some deeds, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeedPage {
    /// The deeds.
    pub lines: Vec<DeedLine>,
    /// Where the list goes on, if it does.
    pub next: Option<DeedCursor>,
}

impl Store {
    /// Who has read a case, and when first, as far as readers of it are remembered. Whoever asks may
    /// open it.
    pub(crate) async fn readers_of(
        &self,
        case: CaseId,
    ) -> Result<BTreeMap<AccountId, Timestamp>, Error> {
        let mut first = BTreeMap::new();
        for row in self.db.read().await?.rows(&READS, &[case.into()]).await? {
            let at = Timestamp::from_microsecond(row.int(0)?);
            first.insert(
                row.int(1)?.saturating_neg(),
                at.map_err(|e| row.corrupt(0, e.to_string()))?,
            );
        }
        Ok(first)
    }

    /// Remembers deeds; when this answers they outlive this process, and a power cut too unless they
    /// [only look](Deed::only_looks), so that what follows is never unseen.
    ///
    /// # Errors
    /// When the database fails: then what was to be done must not be done.
    pub async fn record(&self, now: Timestamp, record: Record) -> Result<(), Error> {
        if record.deeds.is_empty() {
            return Ok(());
        }
        let at = now.as_microsecond();
        let work = Remember { keys: self.keys.clone(), at, command: crate::new_command(), record };
        self.db.write(work).await.map_err(Error::from)
    }

    /// What people did, newest first: one's own deeds; for a supervisor those of the own unit and
    /// the units below, on cases that the supervisor may open; for the audit administrator all,
    /// with a tag in place of each case. None when the viewer may not ask.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn deeds(
        &self,
        pack: &Pack,
        viewer: &Staff,
        whose: &Whose,
        before: Option<DeedCursor>,
    ) -> Result<Option<DeedPage>, Error> {
        let mut page = DeedPage::default();
        let Some(asked) = self.questions(pack, viewer, whose).await? else { return Ok(None) };
        let (at, stream, seq, n) = before.unwrap_or((i64::MAX, i64::MAX, i64::MAX, i64::MAX));
        let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
        let mut batch = Batch::new();
        for (stmt, key) in &asked {
            let from = [at.into(), stream.into(), seq.into(), n.into(), limit.into()];
            let all: Vec<P<'_>> = from.into_iter().chain(key.as_ref().map(Key::as_p)).collect();
            batch.add(stmt, &all);
        }
        let mut rows: Vec<Row> =
            self.db.page().await?.rows_all(batch).await?.into_iter().flatten().collect();
        let place = |row: &Row| -> Result<DeedCursor, Error> {
            Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?))
        };
        let mut keyed = Vec::with_capacity(rows.len());
        for row in rows.drain(..) {
            keyed.push((place(&row)?, row));
        }
        keyed.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        if keyed.len() > MOST {
            keyed.truncate(MOST);
            page.next = keyed.last().map(|(place, _)| *place);
        }
        let mut names = BTreeMap::new();
        for (_, row) in &keyed {
            page.lines.extend(self.deed_line(pack, viewer, row, &mut names).await?);
        }
        Ok(Some(page))
    }

    /// The statements that answer the question, each with its key; none when it may not be asked.
    async fn questions(
        &self,
        pack: &Pack,
        viewer: &Staff,
        whose: &Whose,
    ) -> Result<Option<Vec<(&'static Stmt, Option<Key>)>>, Error> {
        let auditor = pack.administers(&viewer.roles) == Some(Admin::Audit);
        let supervisor = pack.supervises(&viewer.roles);
        Ok(match whose {
            Whose::Account(account) => {
                let theirs = *account == viewer.account
                    || auditor
                    || (supervisor && self.is_below(pack, viewer, *account).await?);
                theirs.then(|| vec![(&OF_STREAM, Some(Key::Id(stream_of(*account))))])
            }
            Whose::Tag(tag) => auditor.then(|| tagged(tag)),
            Whose::Case(case) => supervisor.then(|| vec![(&OF_CASE, Some(Key::Id(*case)))]),
            Whose::Everybody if auditor => Some(vec![(&OF_ALL, None)]),
            Whose::Everybody if supervisor => {
                let top = pack.units.get(&viewer.unit).is_some_and(|u| u.parent.is_none());
                let below = pack.units.iter().filter(|u| pack.units.covers(&viewer.unit, &u.code));
                Some(if top {
                    vec![(&OF_ALL, None)]
                } else {
                    below.map(|u| (&OF_UNIT, Some(Key::Unit(u.code.clone())))).collect()
                })
            }
            Whose::Everybody => None,
        })
    }

    async fn is_below(
        &self,
        pack: &Pack,
        viewer: &Staff,
        account: AccountId,
    ) -> Result<bool, Error> {
        let account = self.account_by_id(account).await?;
        Ok(account.is_some_and(|a| pack.units.covers(&viewer.unit, &a.unit)))
    }

    /// One line; none when it is about a case of which the viewer must not know.
    async fn deed_line(
        &self,
        pack: &Pack,
        viewer: &Staff,
        row: &Row,
        names: &mut BTreeMap<CaseId, Option<CaseName>>,
    ) -> Result<Option<DeedLine>, Error> {
        let case = match row.opt_int(6)? {
            None => None,
            Some(id) => {
                if let Entry::Vacant(place) = names.entry(id) {
                    place.insert(self.case_name(pack, viewer, id).await?);
                }
                let Some(name) = names.get(&id).cloned().flatten() else { return Ok(None) };
                Some(name)
            }
        };
        let at = Timestamp::from_microsecond(row.int(0)?);
        Ok(Some(DeedLine {
            at: at.map_err(|e| row.corrupt(0, e.to_string()))?,
            account: stream_of(row.int(1)?),
            unit: row.text(4)?.to_owned(),
            kind: row.text(5)?.to_owned(),
            case,
            whom: row.opt_int(7)?,
            detail: row.text(8)?.to_owned(),
            amount: row.int(9)?,
        }))
    }

    async fn case_name(
        &self,
        pack: &Pack,
        viewer: &Staff,
        id: CaseId,
    ) -> Result<Option<CaseName>, Error> {
        if pack.administers(&viewer.roles) == Some(Admin::Audit) {
            return Ok(Some(CaseName::Tag(self.case_tag(id))));
        }
        // What opens a door for a while does not open the record of who went through it.
        let viewer = Viewer::Staff(viewer.clone(), Timestamp::MAX);
        let mut reader = self.db.read().await?;
        let Some(head) = self.head(&mut reader, id).await? else { return Ok(None) };
        let open = access::may_open(pack, &viewer, &head.case);
        Ok(open.then(|| CaseName::Number(self.number_of(pack, &head.case))))
    }

    /// Six signs that stand for a case; nobody without the keys can go back from them.
    fn case_tag(&self, id: CaseId) -> String {
        let bytes = [b"case in the record of deeds ".as_slice(), &id.to_be_bytes()].concat();
        let code = self.keys.mac(Purpose::Sessions, &bytes);
        code.iter().take(3).fold(String::new(), |mut tag, byte| {
            // Writing to a string cannot fail.
            let _ = write!(tag, "{byte:02x}");
            tag
        })
    }
}

/// The questions that find a tag, whatever it stood on.
fn tagged(typed: &str) -> Vec<(&'static Stmt, Option<Key>)> {
    let Some(tag) = numbers::plain_tag(typed) else { return Vec::new() };
    let detail = |what: &&str| (&OF_DETAIL, Some(Key::Unit(format!("{what}:{tag}"))));
    TAGGED.iter().map(detail).collect()
}

/// A parameter that outlives its question.
enum Key {
    Id(i64),
    Unit(Code),
}

impl Key {
    fn as_p(&self) -> P<'_> {
        match self {
            Self::Id(id) => (*id).into(),
            Self::Unit(unit) => unit.into(),
        }
    }
}
