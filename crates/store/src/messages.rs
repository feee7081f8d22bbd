//! Messages that commands have queued. What is sent is made from the neutral text of the pack at
//! the moment of sending; a queued row holds codes only.

use crate::{
    Store,
    db::{Error, Stmt},
};
use domain::{
    access::{self, Viewer},
    case::{Case, CaseId, Fact, Staff, is_running},
    clock::Clock,
    pack::{Pack, Recipient},
};
use jiff::Timestamp;

static OF_UNIT: Stmt = Stmt::new(
    "SELECT id, case_id, at, message FROM outbox
     WHERE unit = $1 AND sent IS NULL ORDER BY id DESC LIMIT 50",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&OF_UNIT];

/// A notice for a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identity.
    pub id: i64,
    /// Case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Instant.
    pub at: Timestamp,
    /// Message code.
    pub message: String,
    /// What the unit owes is due then: its open task, or the most urgent clock of the case.
    pub due: Option<Timestamp>,
    /// How many steps the case has climbed.
    pub step: u8,
}

/// Every message that the facts of a command queue, and for whom: a unit, or `""` for the person
/// who appealed. `after` is the case as the facts leave it.
pub(crate) fn queued<'a>(
    pack: &Pack,
    after: &'a Case,
    facts: &'a [Fact],
) -> Vec<(&'a str, &'a str)> {
    let mut all = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    let mut above = after.unit.as_str();
    for fact in facts {
        match fact {
            Fact::Acted { .. } => asked.clear(),
            Fact::TaskOpened { task } => asked.push(&task.unit),
            Fact::Climbed { unit, .. } => above = unit,
            Fact::Queued { message } => match pack.messages.get(message).map(|m| m.to) {
                Some(Recipient::Appellant) | None => all.push((message.as_str(), "")),
                Some(Recipient::Unit) => all.push((message, &after.unit)),
                Some(Recipient::Leader) => all.push((message, above)),
                Some(Recipient::Task) => all.extend(asked.iter().map(|u| (message.as_str(), *u))),
            },
            _ => {}
        }
    }
    all
}

fn due(case: &Case, unit: &str) -> Option<Timestamp> {
    let owed = case.open_tasks().filter(|t| t.unit == unit).map(|t| t.clock.due()).min();
    owed.or_else(|| case.clocks.values().filter(|c| is_running(c)).map(Clock::due).min())
}

impl Store {
    /// The newest notices for the viewer's unit about cases that the viewer may know of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notices(&self, pack: &Pack, staff: &Staff) -> Result<Vec<Message>, Error> {
        let mut reader = self.db.read().await?;
        let rows = reader.rows(&OF_UNIT, &[(&staff.unit).into()]).await?;
        let viewer = Viewer::Staff(staff.clone());
        let mut notices = Vec::new();
        for row in &rows {
            let id = row.int(1)?;
            let Some(head) = self.head(&mut reader, id).await? else { continue };
            if !access::may_open(pack, &viewer, &head.case) {
                continue;
            }
            notices.push(Message {
                due: due(&head.case, &staff.unit),
                step: head.case.climbed.values().copied().max().unwrap_or_default(),
                id: row.int(0)?,
                case: id,
                number: self.number_of(pack, &head.case),
                at: Timestamp::from_microsecond(row.int(2)?)
                    .map_err(|e| row.corrupt(2, e.to_string()))?,
                message: row.text(3)?.to_owned(),
            });
        }
        Ok(notices)
    }
}
