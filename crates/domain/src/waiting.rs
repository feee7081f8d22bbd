//! For whom a case waits: the role that its state expects to act, and from where that role acts.
//!
//! This sorts cases into the lists of people. Whether an action is open to somebody is decided in
//! `decide`, and never here.

use crate::{
    case::Case,
    pack::{Pack, Unit},
    workflow::{Code, Effect, Relation, State, Workflow},
};

/// The relations in which the expected role of an open state acts; may repeat.
pub fn ways<'a>(flow: &'a Workflow, state: &'a State) -> impl Iterator<Item = Relation> + 'a {
    let role = state.responsible();
    let actions = flow.actions_from(&state.code).filter(move |_| role.is_some());
    actions.flat_map(|a| &a.by).filter(move |who| role == Some(&who.role)).map(|who| who.relation)
}

/// Whether the expected role may act from the responsible unit.
pub fn from_own(relation: Relation) -> bool {
    match relation {
        Relation::Responsible | Relation::Covering | Relation::Anywhere => true,
        Relation::Above | Relation::Task | Relation::Appellant => false,
    }
}

/// Whether the expected role may act because its unit stands above the responsible one.
pub fn from_above(relation: Relation) -> bool {
    match relation {
        Relation::Above | Relation::Covering => true,
        Relation::Responsible | Relation::Anywhere | Relation::Task | Relation::Appellant => false,
    }
}

/// The unit above the responsible one for which the case waits: the nearest where the expected
/// role can be held. None when the responsible unit has such people itself.
pub fn brought_to<'a>(pack: &'a Pack, case: &'a Case) -> Option<&'a Unit> {
    let flow = pack.workflow(&case.workflow)?;
    let state = flow.state(&case.state)?;
    let role = state.responsible()?;
    let mut upward = pack.units.upward(&case.unit);
    let own = upward.next()?;
    if pack.can_hold(role, own) && ways(flow, state).any(from_own) {
        return None;
    }
    let above = upward.find(|unit| pack.can_hold(role, unit))?;
    ways(flow, state).any(from_above).then_some(above)
}

/// Whether somebody with these roles can answer a task of this kind.
pub fn answers(flow: &Workflow, roles: &[Code], kind: &str) -> bool {
    let owes =
        |who: &crate::workflow::Who| who.relation == Relation::Task && roles.contains(&who.role);
    let ends = |effect: &Effect| matches!(effect, Effect::AnswerTask(ended) if ended == kind);
    flow.actions.iter().any(|a| a.by.iter().any(owes) && a.effects.iter().any(ends))
}

/// Whether anything in the workflow waits for somebody with these roles.
pub fn concerns(flow: &Workflow, roles: &[Code]) -> bool {
    let expected =
        |state: &State| state.responsible().is_some_and(|r| roles.iter().any(|m| m == r));
    flow.states.iter().any(expected) || flow.task_kinds().any(|kind| answers(flow, roles, kind))
}
