//! A numbered document at the moment at which it was issued: what the case and its texts were then.
//! Nothing here decides who may see it.

use domain::{
    case::{Case, Fact, Stamp, is_running},
    clock::Clock,
    pack::Pack,
    workflow::{StateKind, Workflow},
};
use jiff::Timestamp;
use store::{CasePage, EntryPage};

/// A document at the moment at which it was issued.
pub(super) struct Issue<'a> {
    pub(super) template: &'a str,
    /// Entries up to and with the one that issued it.
    pub(super) entries: &'a [EntryPage],
    /// The action that issued it, the state before and the state after.
    pub(super) step: (&'a str, &'a str, &'a str),
    /// The case when it was issued, and at the end of that entry.
    pub(super) before: Case,
    pub(super) after: Case,
    task_due: Option<Timestamp>,
}

impl<'a> Issue<'a> {
    /// The document with this ordinal in the case.
    pub(super) fn find(pack: &Pack, page: &'a CasePage, ordinal: &str) -> Option<Self> {
        let ordinal: u32 = ordinal.parse().ok()?;
        let mut case: Option<Case> = None;
        for (at, entry) in page.entries.iter().enumerate() {
            let stamp = Stamp { at: entry.at, day: pack.date_of(entry.at), by: entry.by.clone() };
            let (mut step, mut task_due, mut found) = (("", "", ""), None, None);
            for fact in &entry.facts {
                match fact {
                    Fact::Acted { action, from, to } if found.is_none() => {
                        step = (action.as_str(), from.as_str(), to.as_str());
                        task_due = None;
                    }
                    Fact::TaskOpened { task } => task_due = Some(task.clock.due()),
                    Fact::Issued { template, ordinal: n } if *n == ordinal => {
                        found = Some((template, step, task_due, case.clone()?));
                    }
                    _ => {}
                }
                match &mut case {
                    None => case = Case::begin(page.case.id, &stamp, fact),
                    Some(case) => case.apply(&stamp, fact),
                }
            }
            if let Some((template, step, task_due, before)) = found {
                let entries = page.entries.get(..=at)?;
                return Some(Self { template, entries, step, before, after: case?, task_due });
            }
        }
        None
    }

    pub(super) fn entry(&self) -> Option<&EntryPage> {
        self.entries.last()
    }

    pub(super) fn at(&self) -> Timestamp {
        self.entry().map_or(self.after.entered, |e| e.at)
    }

    /// The newest text of a field up to the document.
    pub(super) fn newest(&self, field: &str) -> Option<&str> {
        let newest = self.entries.iter().rev();
        newest.flat_map(|e| e.texts.values()).find_map(|t| t.get(field)).map(String::as_str)
    }

    /// The text that the step gave, or the one before it that led into the state it left.
    pub(super) fn of_step(&self, field: &str) -> Option<&str> {
        let (action, from, to) = self.step;
        let own = self.entry()?.texts.get(action).and_then(|t| t.get(field));
        let asked = || {
            if from == to {
                return None;
            }
            let led = |e: &&EntryPage| e.facts.iter().any(|f| leads(f, from));
            let entry = self.entries.iter().rev().skip(1).find(led)?;
            let action = entry.facts.iter().rev().find(|f| leads(f, from)).and_then(action_of)?;
            entry.texts.get(action).and_then(|t| t.get(field))
        };
        own.or_else(asked).map(String::as_str)
    }

    /// What has to be done next is due then: the part that was asked for, or the present stage.
    pub(super) fn due(&self, flow: &Workflow) -> Option<Timestamp> {
        let (_, from, to) = self.step;
        if from == to && self.task_due.is_some() {
            return self.task_due;
        }
        let clocks = &self.after.clocks;
        let stage = match flow.state(&self.after.state).map(|s| &s.kind) {
            Some(StateKind::Open { clock, .. }) => clocks.get(clock),
            _ => None,
        };
        let running = || clocks.values().filter(|c| is_running(c)).map(Clock::due).min();
        stage.map(Clock::due).or_else(running)
    }

    /// What is finished names the unit that handled it; everything else the responsible one.
    pub(super) fn unit(&self, flow: &Workflow) -> &str {
        let ends = flow.state(self.step.2).is_some_and(|s| !s.is_open());
        let handled = self.before.handling.as_ref().filter(|_| ends);
        handled.unwrap_or(&self.before.unit)
    }
}

fn leads(fact: &Fact, state: &str) -> bool {
    matches!(fact, Fact::Acted { from, to, .. } if to == state && from != to)
}

fn action_of(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::Acted { action, .. } => Some(action),
        _ => None,
    }
}
