//! For whom a case waits: the role that its state expects to act, and from where that role acts.
//!
//! This sorts cases into the lists of people. Whether an action is open to somebody is decided in
//! `decide`, and never here.

use crate::{
    case::Case,
    pack::{Pack, Unit},
    workflow::{Code, Effect, Relation, State, Workflow},
};

/// The relations in which the expected roles of an open state act; may repeat.
pub fn ways<'a>(flow: &'a Workflow, state: &'a State) -> impl Iterator<Item = Relation> + 'a {
    state.expected().flat_map(|role| ways_of(flow, state, role))
}

/// The relations in which one role acts in a state; may repeat.
fn ways_of<'a>(
    flow: &'a Workflow,
    state: &'a State,
    role: &'a str,
) -> impl Iterator<Item = Relation> + 'a {
    let who = flow.actions_from(&state.code).flat_map(|a| &a.by);
    who.filter(move |who| who.role == role).map(|who| who.relation)
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
    let holds = |unit: &Unit, from: fn(Relation) -> bool| {
        let mut held = state.expected().filter(|role| pack.can_hold(role, unit));
        held.any(|role| ways_of(flow, state, role).any(from))
    };
    let mut upward = pack.units.upward(&case.unit);
    if holds(upward.next()?, from_own) {
        return None;
    }
    upward.find(|unit| holds(unit, from_above))
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
    flow.states.iter().any(|state| state.expects(roles))
        || flow.task_kinds().any(|kind| answers(flow, roles, kind))
}
