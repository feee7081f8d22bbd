//! The one write path for cases: load, decide, append, project, count, queue, in one transaction.

pub(crate) use crate::want::{Command, Want};

use crate::{
    answer::{Done, No},
    chain::Hash,
    db::{Batch, Error, P, Row, Stmt, Tx, Work, WriteError},
    desk_rows,
    entry::{self, Entry},
    erase, figures,
    freezing::Now,
    sight::SECRECY_REASON,
    text_of,
};
use domain::{
    access::{self, Viewer},
    case::{Actor, By, Case, CaseId, Fact},
    decide::{self, Ctx, Draft, Step},
    moving, people,
    refusal::Refusal,
    rights,
    secrecy::{self, Change},
    tick,
    workflow::Code,
};

pub(crate) static BY_COMMAND: Stmt =
    Stmt::new("SELECT case_id, seq, by FROM entries WHERE command = $1");
pub(crate) static LOAD: Stmt =
    Stmt::locking("SELECT version, head, body, tally FROM cases WHERE id = $1");
pub(crate) static PEEK: Stmt =
    Stmt::new("SELECT version, head, body, tally FROM cases WHERE id = $1");
static APPEND: Stmt = Stmt::new(
    "INSERT INTO entries (case_id, seq, at, by, command, facts, hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static CREATE: Stmt = Stmt::new(
    "INSERT INTO cases (id, version, head, receipt, key, wake, body, tally)
     VALUES ($1, 1, $2, $3, $4, $5, $6, $7)",
);
static CHANGE: Stmt = Stmt::new(
    "UPDATE cases SET version = $3, head = $4, wake = $5, body = $6, tally = $7
     WHERE id = $1 AND version = $2",
);
/// As `CHANGE`, but a wake-up that is due stays: the case it was merged into may have closed, and
/// only a tick looks there.
static CHANGE_AWAKE: Stmt = Stmt::new(
    "UPDATE cases SET version = $3, head = $4, body = $6, tally = $7,
       wake = CASE WHEN wake <= $8 THEN wake ELSE $5 END
     WHERE id = $1 AND version = $2",
);
static REST: Stmt = Stmt::new("UPDATE cases SET wake = $2 WHERE id = $1");
static TEXTS: Stmt = Stmt::new("INSERT INTO texts (case_id, seq, body) VALUES ($1, $2, $3)");
/// Goes right after `APPEND`: a text is found under the position of its entry. Positions rise in
/// the order of writing, which FTS5 needs to gather the words of many texts before it sorts them.
static WORDS: Stmt = Stmt::split(
    "INSERT INTO words (doc, line) VALUES (
       currval(pg_get_serial_sequence('entries', 'pos')),
       array_to_tsvector(string_to_array($1, ' ')))",
    "INSERT INTO words (rowid, line) VALUES (last_insert_rowid(), $1)",
);
static PEOPLE: Stmt = Stmt::new(
    "INSERT INTO people (tag, case_id) VALUES ($1, $2) ON CONFLICT (tag, case_id) DO NOTHING",
);
static LINK: Stmt = Stmt::new(
    "INSERT INTO links (other, case_id, kind) VALUES ($1, $2, $3)
     ON CONFLICT (other, case_id, kind) DO NOTHING",
);
static WAKE_LINKED: Stmt = Stmt::new(
    "UPDATE cases SET wake = $2 WHERE id IN (SELECT case_id FROM links WHERE other = $1)",
);
static QUEUE: Stmt =
    Stmt::new("INSERT INTO outbox (case_id, seq, at, message, unit) VALUES ($1, $2, $3, $4, $5)");
/// For somebody in the circle of a sealed case, and for the security administrators: read on the page
/// of notices, and never sent.
static QUEUE_INSIDE: Stmt = Stmt::new(
    "INSERT INTO outbox (case_id, seq, at, message, unit, due, outcome)
     VALUES ($1, $2, $3, $4, $5, NULL, 'inside')",
);
/// What a seal takes out of everything that is shared: words, tags, messages on their way to units.
static UNWORD: Stmt = Stmt::split(
    "DELETE FROM words WHERE doc IN (SELECT pos FROM entries WHERE case_id = $1)",
    "DELETE FROM words WHERE rowid IN (SELECT pos FROM entries WHERE case_id = $1)",
);
static UNTAG: Stmt = Stmt::new("DELETE FROM people WHERE case_id = $1");
static UNSEND: Stmt = Stmt::new(
    "UPDATE outbox SET due = NULL, outcome = 'inside'
     WHERE case_id = $1 AND unit <> '' AND due IS NOT NULL",
);
/// What an opened seal puts back: the words of an entry, under its position.
static REWORD: Stmt = Stmt::split(
    "INSERT INTO words (doc, line)
     SELECT pos, array_to_tsvector(string_to_array($3, ' ')) FROM entries
     WHERE case_id = $1 AND seq = $2",
    "INSERT INTO words (rowid, line) SELECT pos, $3 FROM entries WHERE case_id = $1 AND seq = $2",
);
static FILE: Stmt = Stmt::new(
    "INSERT INTO files (case_id, seq, n, kind, size, name, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static IMPORT: Stmt =
    Stmt::new("INSERT INTO imports (source, number, case_id) VALUES ($1, $2, $3)");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[
    &BY_COMMAND,
    &LOAD,
    &PEEK,
    &APPEND,
    &CREATE,
    &CHANGE,
    &CHANGE_AWAKE,
    &REST,
    &TEXTS,
    &WORDS,
    &PEOPLE,
    &LINK,
    &WAKE_LINKED,
    &QUEUE,
    &QUEUE_INSIDE,
    &UNWORD,
    &UNTAG,
    &UNSEND,
    &REWORD,
    &FILE,
    &IMPORT,
];

/// A case that should move and cannot is tried again so much later; microseconds.
const RETRY: i64 = 3_600_000_000;
/// A case as it stands, with what is kept beside it.
pub(crate) struct Loaded {
    pub case: Case,
    pub version: i64,
    pub head: Hash,
    pub tally: Option<String>,
}

impl Loaded {
    /// From a row of version, head, body and tally.
    pub(crate) fn of(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            version: row.int(0)?,
            head: row.array(1)?,
            case: crate::parse_case(row, 2)?,
            tally: row.opt_text(3)?.map(ToOwned::to_owned),
        })
    }
}

impl Work for Command {
    type Reply = Done;
    type Refusal = No;

    async fn run(&self, tx: &mut Tx) -> Result<Done, WriteError<No>> {
        if let Some(row) = tx.row(&BY_COMMAND, &[(&self.id).into()]).await? {
            return self.repeated(&row);
        }
        if let Want::Open { imported, .. } = &self.want {
            self.refuse_second_import(tx, imported.as_ref()).await?;
        }
        if let Some(ahead) = self.ahead()
            && ahead.stands(tx).await?
        {
            return self.write(tx, &ahead.entry, &Now::default()).await;
        }
        match &self.want {
            Want::Open { .. } => self.write(tx, &self.opening()?, &Now::default()).await,
            Want::Act { case, .. }
            | Want::Right { case, .. }
            | Want::Move { case, .. }
            | Want::Hand { case, .. }
            | Want::Guard { case, .. }
            | Want::Tick { case } => {
                let loaded = load(tx, *case).await?;
                self.go_on(tx, loaded).await
            }
        }
    }
}

async fn load(tx: &mut Tx, case: CaseId) -> Result<Loaded, WriteError<No>> {
    let row = tx.row(&LOAD, &[case.into()]).await?.ok_or(WriteError::Refused(No::NotFound))?;
    Ok(Loaded::of(&row)?)
}

impl Command {
    /// What an opening writes.
    pub(crate) fn opening(&self) -> Result<Entry, No> {
        let draft = self.decide(Ctx::bare(self.at, &self.pack, &self.actor), None)?;
        Entry::of(self, None, draft)
    }

    async fn go_on(&self, tx: &mut Tx, loaded: Loaded) -> Result<Done, WriteError<No>> {
        self.may_ask(&loaded)?;
        let linked = self.linked(tx, &loaded.case).await?;
        let circle = self.circle(tx, &loaded.case).await?;
        let now = Now::of(tx, self, &loaded.case).await?;
        let ctx = Ctx {
            linked: linked.as_ref(),
            circle: circle.as_deref(),
            frozen: &now.values,
            told: &now.told,
            ..Ctx::bare(self.at, &self.pack, &self.actor)
        };
        match self.decide(ctx, Some(&loaded.case)) {
            Ok(draft) if draft.facts.is_empty() => self.rest(tx, &loaded.case).await,
            Ok(draft) => {
                let tally = loaded.tally.as_deref();
                let kept = figures::kept(tx, &self.pack, &loaded.case, tally).await?;
                let entry = Entry::of(self, Some((&loaded, kept)), draft)?;
                self.write(tx, &entry, &now).await
            }
            // What time cannot move now must not stand before everything else at the next tick.
            Err(No::Refused(why)) if matches!(self.want, Want::Tick { .. }) => {
                tracing::warn!(case = loaded.case.id, %why, "time could not move this case");
                self.rest(tx, &loaded.case).await
            }
            Err(no) => Err(no.into()),
        }
    }

    fn repeated(&self, row: &Row) -> Result<Done, WriteError<No>> {
        let done = Done { case: row.int(0)?, seq: row.int(1)?, repeated: true };
        let same_case = match &self.want {
            // A repeated opening drew a new id; the first one stands.
            Want::Open { .. } => done.seq == 1,
            Want::Act { case, .. }
            | Want::Right { case, .. }
            | Want::Move { case, .. }
            | Want::Hand { case, .. }
            | Want::Guard { case, .. }
            | Want::Tick { case } => *case == done.case && done.seq != 1,
        };
        let same_actor = row.text(2)? == text_of(&By::from(&self.actor));
        if same_case && same_actor { Ok(done) } else { Err(WriteError::Refused(No::Misused)) }
    }

    /// The sealed field in which somebody said why they change who may know.
    fn said(&self) -> Vec<Code> {
        let why = (!self.sealed.texts.is_empty()).then(|| SECRECY_REASON.to_owned());
        why.into_iter().collect()
    }

    /// Whether whoever commands may know of the case, or break its glass.
    pub(crate) fn may_ask(&self, loaded: &Loaded) -> Result<(), WriteError<No>> {
        match &self.want {
            Want::Guard { change: Change::BreakGlass { .. }, .. } => {
                let Actor::Staff(me) = &self.actor else { return Err(No::NotFound.into()) };
                let may = access::may_break_glass(&self.pack, me, &loaded.case);
                if may { Ok(()) } else { Err(No::NotFound.into()) }
            }
            Want::Guard { version: Some(seen), .. } if *seen != loaded.version => {
                self.may_know(&loaded.case)?;
                Err(No::Changed.into())
            }
            // What the time brings is nobody's wish.
            Want::Right { .. } if self.actor == Actor::System => Ok(()),
            Want::Act { .. } | Want::Guard { .. } | Want::Right { .. } => {
                self.may_know(&loaded.case)
            }
            Want::Open { .. } | Want::Hand { .. } | Want::Tick { .. } | Want::Move { .. } => Ok(()),
        }
    }

    fn may_know(&self, case: &Case) -> Result<(), WriteError<No>> {
        let viewer = Viewer::of(&self.actor, self.at);
        let knows = access::may_open(&self.pack, &viewer, case);
        if knows { Ok(()) } else { Err(WriteError::Refused(No::NotFound)) }
    }

    async fn linked(&self, tx: &mut Tx, before: &Case) -> Result<Option<Case>, WriteError<No>> {
        let id = match &self.want {
            Want::Act { linked, .. } => *linked,
            Want::Tick { .. } => before.main_case(),
            Want::Open { .. }
            | Want::Move { .. }
            | Want::Hand { .. }
            | Want::Guard { .. }
            | Want::Right { .. } => None,
        };
        let Some(id) = id else { return Ok(None) };
        // A case that is about to be linked must not close unseen meanwhile.
        let stmt = if matches!(self.want, Want::Act { .. }) { &LOAD } else { &PEEK };
        let Some(row) = tx.row(stmt, &[id.into()]).await? else { return Ok(None) };
        let case = crate::parse_case(&row, 2)?;
        let known = matches!(self.want, Want::Tick { .. }) || self.may_know(&case).is_ok();
        Ok(known.then_some(case))
    }

    pub(crate) fn decide(&self, ctx: Ctx<'_>, before: Option<&Case>) -> Result<Draft, No> {
        let all = |mut draft: Draft, steps: &[Step]| -> Result<Draft, No> {
            for step in steps {
                let next = decide::act(ctx, &draft.case, step)?;
                self.has_evidence(&draft.case, step)?;
                draft.case = next.case;
                draft.facts.extend(next.facts);
            }
            Ok(draft)
        };
        match (&self.want, before) {
            (Want::Open { open, then, .. }, _) => all(decide::open(ctx, open)?, then),
            (Want::Act { steps, .. }, Some(case)) => all(Draft::of(case, ctx.stamp()), steps),
            (Want::Right { wish, texts, .. }, Some(case)) => {
                Ok(rights::decide(ctx, case, wish, texts)?)
            }
            (Want::Hand { from, to, .. }, Some(case)) if case.owner == Some(*from) => {
                Ok(people::hand_over(ctx, case, to).map_err(Refusal::from)?)
            }
            (Want::Hand { .. }, Some(case)) => Ok(Draft::of(case, ctx.stamp())),
            (Want::Guard { change, .. }, Some(case)) => {
                Ok(secrecy::change(ctx, case, change, &self.said())?)
            }
            (Want::Tick { .. }, Some(case)) => {
                Ok(tick::tick(self.at, &self.pack, case, (ctx.linked, ctx.circle))?)
            }
            (Want::Move { seen, .. }, Some(case)) => {
                let made = moving::moved(ctx, case)?;
                let same = crate::moving::seen(case, &made.shifts) == *seen;
                if same { Ok(made.draft) } else { Err(No::Changed) }
            }
            (_, None) => Err(No::NotFound),
        }
    }

    /// Whether a file came with a step that needs one. Asked last: who may not do it learns nothing else.
    fn has_evidence(&self, case: &Case, step: &Step) -> Result<(), No> {
        let action = self.pack.flow_of(case).and_then(|flow| flow.action(&step.action));
        let lacks = action.is_some_and(|action| action.evidence) && self.sealed.files.is_empty();
        if lacks { Err(Refusal::NoEvidence.into()) } else { Ok(()) }
    }

    /// Nothing happened, but the case must be asked again at another time.
    async fn rest(&self, tx: &mut Tx, case: &Case) -> Result<Done, WriteError<No>> {
        let wake = entry::wake(self, case, RETRY)?;
        tx.exec(&REST, &[case.id.into(), wake.into()]).await?;
        Ok(Done { case: case.id, seq: 0, repeated: false })
    }

    async fn write(
        &self,
        tx: &mut Tx,
        entry: &Entry,
        frozen: &Now,
    ) -> Result<Done, WriteError<No>> {
        let (case, facts) = (&entry.draft.case, &entry.draft.facts);
        let mut batch = Batch::new();
        batch.add(&APPEND, &entry.appended(self));
        if !self.sealed.line.is_empty() && !case.guarded.is_sealed() {
            batch.add(&WORDS, &[(&self.sealed.line).into()]);
        }
        self.row(&mut batch, entry);
        desk_rows::difference(&mut batch, &entry.desk.0, &entry.desk.1);
        entry.figures.rows(&mut batch, case.id);
        frozen.keep(&mut batch, case, facts);
        self.sealed_side(&mut batch, case, entry.seq);
        self.around(&mut batch, case, facts);
        self.queue(&mut batch, entry);
        tx.exec_all(batch).await?;
        entry.figures.cells(tx).await?;
        crate::told_numbers::keep(tx, case, facts).await?;
        erase::follow(tx, (case.id, entry.seq), facts).await?;
        for (key, n) in &entry.counts {
            tx.add_count(key.clone(), *n);
        }
        Ok(Done { case: case.id, seq: entry.seq, repeated: false })
    }

    /// The row of the case.
    fn row<'a>(&'a self, batch: &mut Batch<'a>, entry: &'a Entry) {
        let (id, seq) = (entry.draft.case.id, entry.seq);
        let (hash, wake) = ((&entry.hash).into(), entry.wake.into());
        let (body, tally) = ((&entry.body).into(), (&entry.figures.body).into());
        if let Want::Open { receipt, key, .. } = &self.want {
            let row = [id.into(), hash, receipt.into(), key.into(), wake, body, tally];
            batch.add(&CREATE, &row);
            return;
        }
        let now = self.at.as_microsecond().into();
        let row = [id.into(), (seq - 1).into(), seq.into(), hash, wake, body, tally, now];
        match self.want {
            Want::Tick { .. } => batch.one(&CHANGE, &row[..7]),
            _ => batch.one(&CHANGE_AWAKE, &row),
        };
    }

    fn sealed_side<'a>(&'a self, batch: &mut Batch<'a>, case: &Case, seq: i64) {
        if !self.sealed.texts.is_empty() {
            let row = [case.id.into(), seq.into(), (&self.sealed.texts).into()];
            batch.add(&TEXTS, &row);
        }
        let tags = self.sealed.tags.iter().filter(|_| !case.guarded.is_sealed());
        for tag in tags {
            batch.add(&PEOPLE, &[tag.into(), case.id.into()]);
        }
        for (n, (kind, size, name, body)) in (0_i64..).zip(&self.sealed.files) {
            let row = [
                case.id.into(),
                seq.into(),
                n.into(),
                kind.into(),
                (*size).into(),
                name.into(),
                body.into(),
            ];
            batch.add(&FILE, &row);
        }
        if let Want::Open { imported: Some((source, number)), .. } = &self.want {
            batch.add(&IMPORT, &[source.into(), number.into(), case.id.into()]);
        }
    }

    /// What was left to move, links, messages, and cases that wait for this one.
    fn around<'a>(&'a self, batch: &mut Batch<'a>, case: &'a Case, facts: &'a [Fact]) {
        if let Want::Right { case, forget, .. } = &self.want {
            erase::forget(batch, *case, forget);
        }
        if let Want::Move { case, seen } = &self.want {
            batch.add(&crate::moving::CARRIED, &[(*case).into(), seen.into()]);
        }
        for fact in facts {
            if let Fact::Linked { kind, case: other } = fact {
                batch.add(&LINK, &[(*other).into(), case.id.into(), kind.into()]);
            }
        }
        self.shared(batch, case, facts);
        let closes = facts.iter().any(|f| matches!(f, Fact::Acted { from, to, .. } if from != to));
        if closes && !case.is_open(&self.pack) {
            batch.add(&WAKE_LINKED, &[case.id.into(), self.at.as_microsecond().into()]);
        }
    }

    /// What is to be said to units and to the person.
    fn queue<'a>(&self, batch: &mut Batch<'a>, entry: &'a Entry) {
        let case = &entry.draft.case;
        for (message, unit) in &entry.messages {
            let at = self.at.as_microsecond();
            let row = [case.id.into(), entry.seq.into(), at.into(), message.into(), P::Text(unit)];
            let sealed = case.guarded.is_sealed() && !unit.is_empty();
            let inside = sealed || unit == crate::project::SECURITY;
            batch.add(if inside { &QUEUE_INSIDE } else { &QUEUE }, &row);
        }
    }

    /// What a seal takes out of the shared indexes, and an opened one puts back.
    fn shared<'a>(&'a self, batch: &mut Batch<'a>, case: &Case, facts: &[Fact]) {
        if facts.iter().any(|f| matches!(f, Fact::Sealed { .. })) {
            for stmt in [&UNWORD, &UNTAG, &UNSEND] {
                batch.add(stmt, &[case.id.into()]);
            }
        }
        if let Want::Guard { lines, .. } = &self.want {
            for (seq, line) in lines {
                batch.add(&REWORD, &[case.id.into(), (*seq).into(), line.into()]);
            }
        }
    }
}
