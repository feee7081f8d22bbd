//! Messages that commands have queued. What is sent is made from the neutral text of the pack at
//! the moment of sending; a queued row holds codes only.

use crate::{
    Store,
    db::{Error, Row, Stmt},
    project,
};
use domain::{
    access::{self, Viewer},
    case::{AccountId, Case, CaseId, Fact, Staff, is_running},
    clock::Clock,
    pack::{Admin, Pack, Recipient},
    workflow::Code,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

static OF_UNIT: Stmt = Stmt::new(
    "SELECT o.id, o.case_id, o.at, o.message, e.facts, o.unit FROM outbox o
     JOIN entries e ON e.case_id = o.case_id AND e.seq = o.seq
     WHERE (o.unit = $1 OR o.unit = $2) AND o.unit <> '' AND o.id < $3
     ORDER BY o.id DESC LIMIT 50",
);
/// The most notices that are shown.
const MOST: usize = 50;
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&OF_UNIT];

/// A notice for a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identity.
    pub id: i64,
    /// Case.
    pub case: CaseId,
    /// Its number; empty for the security administrators, who may know of no case.
    pub number: String,
    /// The account that it is about, for the security administrators alone.
    pub whom: Option<AccountId>,
    /// Instant.
    pub at: Timestamp,
    /// Message code.
    pub message: String,
    /// What it asks for is due then, as it was said: a part of the case, or the stage it entered.
    pub due: Option<Timestamp>,
    /// The step that an overdue clock climbed, if it is about that.
    pub step: u8,
    /// Workflow, and the state in which the case is now.
    pub state: (Code, Code),
}

/// Every message that the facts of a command queue, and for whom: a unit, or `""` for the person
/// who appealed. `after` is the case as the facts leave it. What a sealed case has to say to units
/// is said to each person in its circle instead.
pub(crate) fn queued(pack: &Pack, after: &Case, facts: &[Fact]) -> Vec<(Code, String)> {
    let all = addressed(pack, after, facts);
    let Some(circle) = &after.guarded.circle else {
        return all.into_iter().map(|(m, unit)| (m.to_owned(), unit.to_owned())).collect();
    };
    let mut inside = Vec::new();
    for (message, unit) in all {
        if unit.is_empty() || unit == project::SECURITY {
            inside.push((message.to_owned(), unit.to_owned()));
        } else {
            let units = circle.iter().map(|a| project::circle_unit(*a));
            inside.extend(units.map(|unit| (message.to_owned(), unit)));
        }
    }
    inside
}

fn addressed<'a>(pack: &'a Pack, after: &'a Case, facts: &'a [Fact]) -> Vec<(&'a str, &'a str)> {
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
                Some(Recipient::Unit | Recipient::Owner) => all.push((message, &after.unit)),
                Some(Recipient::Leader) => all.push((message, above)),
                Some(Recipient::Supervisor) => {
                    let over = pack.units.upward(&after.unit).nth(1);
                    all.push((message, over.map_or(after.unit.as_str(), |u| &u.code)));
                }
                Some(Recipient::Security) => all.push((message, project::SECURITY)),
                Some(Recipient::Duty) => all.push((message, duty_desk(pack, after))),
                Some(Recipient::Task) => all.extend(asked.iter().map(|u| (message.as_str(), *u))),
            },
            _ => {}
        }
    }
    all
}

/// The desk on duty nearest to the place, or the responsible unit where there is none.
fn duty_desk<'a>(pack: &'a Pack, case: &'a Case) -> &'a str {
    let region = pack.regions.get(&case.place);
    let desk = region.and_then(|r| pack.units.nearest(&pack.risk.duty, &r.code, r.level));
    desk.map_or(case.unit.as_str(), |u| &u.code)
}

/// When that which the facts of an entry ask of a unit is due, and the step that a clock climbed.
/// A person (`""`) is told when all of it will be over, not when the next office has to act.
pub(crate) fn asked(case: &Case, facts: &[Fact], unit: &str) -> (Option<Timestamp>, u8) {
    let mut clocks: BTreeMap<&str, &Clock> = BTreeMap::new();
    let (mut task, mut climbed) = (None, None);
    for fact in facts {
        match fact {
            Fact::Clock { clock, .. } => drop(clocks.insert(clock.code(), clock)),
            Fact::TaskOpened { task: opened } if opened.unit == unit => {
                task = Some(opened.clock.due());
            }
            Fact::Climbed { clock, step, .. } => climbed = Some((clock, *step)),
            _ => {}
        }
    }
    if let Some((clock, step)) = climbed {
        let found = case.clocks.get(clock).or_else(|| case.rights.clock(clock));
        return (found.map(Clock::due), step);
    }
    let dues = || clocks.values().filter(|c| is_running(c)).map(|c| c.due());
    let stage = || if unit.is_empty() { dues().max() } else { dues().min() };
    (task.or_else(stage), 0)
}

impl Store {
    /// The newest notices for the viewer's unit about cases that the viewer may know of; for a security
    /// administrator those that name no case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notices(
        &self,
        pack: &Pack,
        staff: &Staff,
        now: Timestamp,
    ) -> Result<Vec<Message>, Error> {
        let mut reader = self.db.read().await?;
        let security = pack.administers(&staff.roles) == Some(Admin::Security);
        let circle = if security {
            project::SECURITY.to_owned()
        } else {
            project::circle_unit(staff.account)
        };
        let viewer = Viewer::Staff(staff.clone(), now);
        let (mut notices, mut before) = (Vec::new(), i64::MAX);
        // What the viewer may not know of takes no place: a list that grew shorter would tell of it.
        while notices.len() < MOST {
            let params = [(&staff.unit).into(), (&circle).into(), before.into()];
            let rows = reader.rows(&OF_UNIT, &params).await?;
            for row in &rows {
                before = row.int(0)?;
                let Some(head) = self.head(&mut reader, row.int(1)?).await? else { continue };
                let about_nobody = row.text(5)? == project::SECURITY;
                let may = about_nobody || access::may_open(pack, &viewer, &head.case);
                if may && notices.len() < MOST {
                    notices.push(self.notice(pack, staff, (row, head.case))?);
                }
            }
            if rows.len() < MOST {
                break;
            }
        }
        Ok(notices)
    }

    fn notice(
        &self,
        pack: &Pack,
        staff: &Staff,
        (row, case): (&Row, Case),
    ) -> Result<Message, Error> {
        let facts: Vec<Fact> =
            serde_json::from_str(row.text(4)?).map_err(|_| row.corrupt(4, "not facts"))?;
        let (due, step) = asked(&case, &facts, &staff.unit);
        let names_none = row.text(5)? == project::SECURITY;
        let judged = facts.iter().find_map(|fact| match fact {
            Fact::GlassJudged { account, .. } => Some(*account),
            _ => None,
        });
        Ok(Message {
            due,
            step,
            id: row.int(0)?,
            case: case.id,
            number: if names_none { String::new() } else { self.number_of(pack, &case) },
            whom: judged.filter(|_| names_none),
            at: Timestamp::from_microsecond(row.int(2)?)
                .map_err(|e| row.corrupt(2, e.to_string()))?,
            message: row.text(3)?.to_owned(),
            state: (case.workflow, case.state),
        })
    }
}
