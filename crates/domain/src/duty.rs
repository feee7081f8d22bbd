//! Duties of the law: what must be done before a case may be answered or closed, such as the
//! report of harm to a minor. Decides when a case owes a duty; which actions meet it is data.
//!
//! Invariant: a case that owes a duty enters none of the states that the duty stands before.

use crate::{
    case::{Case, Fact},
    decide::{Ctx, Draft},
    effect,
    field::Value,
    pack::Pack,
    refusal::Refusal,
    workflow::{Action, Code, Locus, Target, Workflow},
};
use serde::{Deserialize, Serialize};

/// A duty, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Duty {
    /// Stable code.
    pub code: Code,
    /// Name shown to staff.
    #[serde(rename = "~name")]
    pub name: String,
    /// English name.
    #[serde(rename = "~en")]
    pub en: String,
    /// What to do, and by what law.
    #[serde(rename = "~help")]
    pub help: String,
    /// The same in English.
    #[serde(rename = "~help_en")]
    pub help_en: String,
    /// It is owed as soon as one of these fits.
    pub when: Vec<When>,
    /// States that are shut while it is owed.
    pub before: Vec<Code>,
    /// Actions that meet it.
    pub met_by: Vec<Code>,
    /// Runs while it is owed.
    pub clock: Code,
    /// Message that is queued when it is first owed.
    pub message: Option<Code>,
    /// Where it is written.
    #[serde(skip)]
    pub at: Locus,
}

/// A condition; every part that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The category begins with one of these.
    #[serde(default)]
    pub category: Vec<Code>,
    /// One of these danger questions was answered "yes".
    #[serde(default)]
    pub answers: Vec<Code>,
    /// This field …
    pub field: Option<Code>,
    /// … holds one of these values.
    #[serde(default)]
    pub values: Vec<String>,
    /// The case needs protection.
    #[serde(default)]
    pub protected: bool,
}

impl When {
    /// Whether a part is given at all; an empty condition would fit everything by mistake.
    pub fn says_something(&self) -> bool {
        !self.category.is_empty() || !self.answers.is_empty() || self.field.is_some()
    }

    fn fits(&self, pack: &Pack, case: &Case) -> bool {
        let held = self.field.as_ref().and_then(|f| case.coded.get(f)).map_or(&[][..], Value::all);
        let begins = |code: &Code| case.category.starts_with(code.as_str());
        self.says_something()
            && (self.category.is_empty() || self.category.iter().any(begins))
            && (self.answers.is_empty() || self.answers.iter().any(|a| case.risk_yes.contains(a)))
            && (self.field.is_none() || held.iter().any(|v| self.values.contains(v)))
            && (!self.protected || case.needs_protection(pack))
    }
}

/// Whether an owed duty shuts the state that the action leads to.
pub(crate) fn shuts(flow: &Workflow, case: &Case, action: &Action) -> bool {
    let Target::State(to) = &action.to else { return false };
    let open = flow.duties.iter().filter(|d| case.owed.contains(&d.code));
    open.filter(|d| !d.met_by.contains(&action.code)).any(|d| d.before.contains(to))
}

/// Meets duties by an action, and notes those that have come to be owed.
///
/// # Errors
/// When a clock cannot be computed.
pub(crate) fn settle(
    ctx: Ctx<'_>,
    flow: &Workflow,
    draft: &mut Draft,
    action: Option<&Action>,
) -> Result<(), Refusal> {
    for duty in &flow.duties {
        if action.is_some_and(|a| duty.met_by.contains(&a.code)) {
            draft.push(Fact::Met { duty: duty.code.clone() });
            effect::stop_clock(ctx, draft, &duty.clock)?;
            continue;
        }
        let case = &draft.case;
        let known = case.owed.contains(&duty.code) || case.met.contains(&duty.code);
        if known || !case.is_open(ctx.pack) || !duty.when.iter().any(|w| w.fits(ctx.pack, case)) {
            continue;
        }
        draft.push(Fact::Owed { duty: duty.code.clone() });
        effect::start_clock(ctx, flow, draft, &duty.clock)?;
        if let Some(message) = &duty.message {
            draft.push(Fact::Queued { message: message.clone() });
        }
    }
    Ok(())
}
