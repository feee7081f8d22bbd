//! Papers of the law that expire: the written warning of the police (反家庭暴力法 art. 16), the
//! protection order of the court (art. 23–30). Decides their dates and when somebody must be told
//! of the expiry; what they are called and how long before is data.

use crate::{
    case::{Case, Cause, Fact},
    decide::{Ctx, Draft},
    effect,
    field::{Checked, Value},
    pack::Pack,
    refusal::Refusal,
    workflow::{Code, Locus, Workflow},
};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// A kind of paper, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MilestoneSpec {
    /// Stable code.
    pub code: Code,
    /// Name.
    #[serde(rename = "~name")]
    pub name: String,
    /// English name.
    #[serde(rename = "~en")]
    pub en: String,
    /// Date field: from when it counts.
    pub issued: Code,
    /// Date field: the last day on which it counts.
    pub expires: Code,
    /// Days before the expiry on which somebody is told, the longest first.
    pub alarms: Vec<u16>,
    /// Message of an alarm.
    pub message: Code,
    /// Task that an alarm opens for the responsible unit of an open case.
    pub task: Option<Code>,
    /// Clock of that task.
    pub clock: Option<Code>,
    /// Grade that a breach makes at least.
    pub breach: Option<Code>,
    /// The most days for which it may be issued.
    pub longest_days: Option<u32>,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// A paper of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// Kind.
    pub kind: Code,
    /// From when it counts.
    pub issued: Date,
    /// The last day on which it counts.
    pub expires: Date,
    /// Whether it has been broken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub breached: bool,
    /// The last alarm, in days before the expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<u16>,
}

impl Milestone {
    /// Whether it counts on a day.
    pub fn is_live(&self, day: Date) -> bool {
        day <= self.expires
    }
}

/// Records a paper; a later one of the same kind takes the place of the earlier.
///
/// # Errors
/// When the dates cross, or it is longer than the law allows.
pub(crate) fn record(
    flow: &Workflow,
    draft: &mut Draft,
    kind: &str,
    given: &Checked,
) -> Result<(), Refusal> {
    let unknown = || Refusal::Unknown { what: "milestone", code: kind.to_owned() };
    let spec = flow.milestones.get(kind).ok_or_else(unknown)?;
    let date = |field: &Code| {
        let value = given.coded.get(field).map_or("", Value::one);
        value.parse::<Date>().map_err(|_| Refusal::DatesCross(field.clone()))
    };
    let (issued, expires) = (date(&spec.issued)?, date(&spec.expires)?);
    if expires < issued {
        return Err(Refusal::DatesCross(spec.expires.clone()));
    }
    let days = issued.until(expires).map_or(0, |span| span.get_days());
    if let Some(max) = spec.longest_days
        && i64::from(days) > i64::from(max)
    {
        return Err(Refusal::OverLimit { what: "milestone_days", max });
    }
    let milestone =
        Milestone { kind: kind.to_owned(), issued, expires, breached: false, told: None };
    draft.push(Fact::MilestoneSet { milestone });
    Ok(())
}

/// Notes that a paper was broken, and raises the grade as the pack says.
pub(crate) fn breach(ctx: Ctx<'_>, flow: &Workflow, draft: &mut Draft, kind: &str) {
    draft.push(Fact::Breached { kind: kind.to_owned() });
    let Some(grade) = flow.milestones.get(kind).and_then(|s| s.breach.as_ref()) else { return };
    if ctx.pack.risk.order(grade) > ctx.pack.risk.order(&draft.case.grade) {
        let (yes, unknown) = (draft.case.risk_yes.clone(), Vec::new());
        let (decisive, cause) = (Vec::new(), Cause::Breach);
        draft.push(Fact::Graded { grade: grade.clone(), yes, unknown, decisive, cause });
    }
}

/// Tells of papers that expire: once for each threshold, and only the nearest of those that have
/// passed unseen.
///
/// # Errors
/// When a clock cannot be computed.
pub(crate) fn alarm(ctx: Ctx<'_>, flow: &Workflow, draft: &mut Draft) -> Result<(), Refusal> {
    let reached: Vec<(Code, u16)> = draft
        .case
        .live_milestones()
        .filter_map(|m| {
            let passed = thresholds(ctx.pack, flow, m).filter(|(_, at)| *at <= ctx.now);
            Some((m.kind.clone(), passed.map(|(days, _)| days).min()?))
        })
        .collect();
    for (kind, days) in reached {
        draft.push(Fact::Alarmed { kind: kind.clone(), days });
        let Some(spec) = flow.milestones.get(&kind) else { continue };
        if let (Some(task), Some(clock), true) =
            (&spec.task, &spec.clock, draft.case.is_open(ctx.pack))
        {
            let unit = [draft.case.unit.clone()];
            effect::open_tasks(ctx, flow, draft, task, (&unit, clock))?;
        }
        draft.push(Fact::Queued { message: spec.message.clone() });
    }
    Ok(())
}

/// The next instant at which an alarm is due.
pub(crate) fn wake_at(pack: &Pack, flow: &Workflow, case: &Case) -> Option<Timestamp> {
    let due = |m| thresholds(pack, flow, m).map(|(_, at)| at).min();
    case.live_milestones().filter_map(due).min()
}

/// The alarms that are still to come, with the beginning of their day; the last day itself is one
/// of them.
fn thresholds<'a>(
    pack: &'a Pack,
    flow: &'a Workflow,
    milestone: &'a Milestone,
) -> impl Iterator<Item = (u16, Timestamp)> + 'a {
    let spec = flow.milestones.get(&milestone.kind);
    let days = spec.map_or(&[][..], |s| s.alarms.as_slice()).iter().copied();
    days.chain([0]).filter(|d| milestone.told.is_none_or(|told| *d < told)).filter_map(|d| {
        // The day before ends when the day itself begins.
        let before = milestone.expires.checked_sub((i64::from(d) + 1).days()).ok()?;
        Some((d, pack.end_of(before)))
    })
}
