//! What a decided command writes, worked out from the case before and the decision alone. Pure: the
//! writer, of which there is one, has only to write it.

use crate::{
    answer::No,
    chain::{Hash, Link, START},
    command::Loaded,
    db::{CountKey, P},
    erase, figures,
    figures::Kept,
    messages,
    project::{self, DeskRow, Places},
    text_of,
    want::{Command, Want},
};
use domain::{
    case::{By, Case},
    decide::Draft,
    refusal::Refusal,
    tick,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A case that has moved may move further at once; microseconds.
const NEXT: i64 = 1_000_000;

/// An entry and what it does to the rows around it.
#[derive(Debug)]
pub struct Entry {
    /// The case as it will be, and the facts that lead to it.
    pub draft: Draft,
    /// Position of the entry in the case.
    pub seq: i64,
    by: String,
    facts: String,
    /// Code of the entry in the chain.
    pub hash: Hash,
    /// When time must look at the case again; microseconds.
    pub wake: Option<i64>,
    /// The case, as its row has it.
    pub body: String,
    /// Rows of work lists, before and after.
    pub desk: (BTreeSet<DeskRow>, BTreeSet<DeskRow>),
    /// Messages, and to whom.
    pub messages: Vec<(String, String)>,
    /// What changes in the figures.
    pub(crate) figures: figures::Change,
    /// What changes in the counts.
    pub counts: Vec<(CountKey, i64)>,
}

impl Entry {
    /// From the case as it stands, if it does, and what is kept of it for the figures.
    pub(crate) fn of(
        command: &Command,
        before: Option<(&Loaded, Kept)>,
        draft: Draft,
    ) -> Result<Self, No> {
        let (before, kept) = before.unzip();
        let (version, head) = before.map_or((0, START), |l| (l.version, l.head));
        let (case, mut kept, pack) = (&draft.case, kept.unwrap_or_default(), &command.pack);
        let places = Places::of(pack, case);
        // A pack that came since may place it elsewhere, and what goes is what was written.
        let stood = kept.places.take();
        let before = before.map(|l| (&l.case, stood.unwrap_or_else(|| Places::of(pack, &l.case))));
        let old = before.as_ref().map(|(case, places)| project::desk(pack, case, places));
        let old = old.transpose().map_err(Refusal::from)?.unwrap_or_default();
        let mut entry = Self {
            seq: version + 1,
            by: text_of(&By::from(&command.actor)),
            facts: text_of(&draft.facts),
            hash: START,
            wake: wake(command, case, NEXT)?,
            body: text_of(case),
            desk: (old, project::desk(pack, case, &places).map_err(Refusal::from)?),
            messages: messages::queued(pack, case, &draft.facts),
            counts: counts(command, before.as_ref(), (case, &places)),
            figures: figures::Change::by(command, kept, &draft, places),
            draft,
        };
        entry.hash = entry.link(command).code(&command.keys, &head);
        Ok(entry)
    }

    fn link<'a>(&'a self, command: &'a Command) -> Link<'a> {
        Link {
            case: self.draft.case.id,
            seq: self.seq,
            at: command.at.as_microsecond(),
            by: &self.by,
            command: &command.id,
            facts: &self.facts,
        }
    }

    /// The row that is appended to the history.
    pub(crate) fn appended<'a>(&'a self, command: &'a Command) -> [P<'a>; 7] {
        let link = self.link(command);
        let (by, id, facts) = (link.by.into(), link.command.into(), link.facts.into());
        [link.case.into(), link.seq.into(), link.at.into(), by, id, facts, (&self.hash).into()]
    }
}

/// When the case must be asked again. An instant that has passed would keep the reminder busy
/// with a case that cannot move, so then it is `soon` from now; microseconds.
pub(crate) fn wake(command: &Command, case: &Case, soon: i64) -> Result<Option<i64>, No> {
    let now = command.at.as_microsecond();
    let wake = tick::wake_at(&command.pack, case)?.map(Timestamp::as_microsecond);
    Ok(wake.map(|w| if w > now { w } else { now + soon }))
}

fn counts(
    command: &Command,
    before: Option<&(&Case, Places)>,
    (after, places): (&Case, &Places),
) -> Vec<(CountKey, i64)> {
    let pack = &command.pack;
    let delta = if let Some((before, stood)) = before {
        project::counts_between(pack, (before, stood), (after, places))
    } else {
        let mut opened = project::counts(pack, after, places);
        opened.insert(project::opened(after), 1);
        opened
    };
    let keyed = |((name, unit), n)| (CountKey::new(name, unit), n);
    let mut all: Vec<(CountKey, i64)> = delta.into_iter().map(keyed).collect();
    if let Want::Open { key, .. } = &command.want {
        all.push((erase::count_of(key), 1));
    }
    all
}
