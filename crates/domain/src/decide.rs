//! Decides: who may do what to a case, and which facts follow. Acts on nothing.
//!
//! `permit` is the one rule that both draws a button and refuses a request. Every decision is
//! made on a draft case to which each fact is applied at once, so later effects see earlier ones,
//! and the draft must keep the first promise before its facts are handed out.

use crate::{
    access::{self, Viewer},
    case::{Actor, By, Case, CaseId, ClockChange, Fact, Staff, Stamp, is_paused, is_running},
    circle,
    clock::Clock,
    duty, effect,
    field::{Checked, Meaning, Value},
    figure::Frozen,
    pack::{Pack, Right, Rules, Unit},
    press::Past,
    refusal::{Bar, Refusal},
    reporter, rights,
    workflow::{Action, Code, Relation, StateKind, Target, Who, Workflow},
};
use jiff::Timestamp;

mod guards;

/// The name under which guards speak of the opening itself.
pub(crate) const OPENING: &str = "open";

/// What surrounds a decision.
#[derive(Debug, Clone, Copy)]
pub struct Ctx<'a> {
    /// The instant of the decision.
    pub now: Timestamp,
    /// The city.
    pub pack: &'a Pack,
    /// Who wants it.
    pub actor: &'a Actor,
    /// The case named in a case field, when the store found one that the actor may see.
    pub linked: Option<&'a Case>,
    /// Numbers as they are now, for a step that freezes some.
    pub frozen: &'a [Frozen],
    /// What went out before of the figures that a signed text tells.
    pub told: &'a [Past],
    /// The people of the circle as they are now, for a decision about a sealed case; none where
    /// nothing is decided, or the case is not sealed.
    pub circle: Option<&'a [Staff]>,
}

impl<'a> Ctx<'a> {
    /// A decision with nothing beside the case itself.
    pub fn bare(now: Timestamp, pack: &'a Pack, actor: &'a Actor) -> Self {
        Self { now, pack, actor, linked: None, circle: None, frozen: &[], told: &[] }
    }

    /// The stamp that facts of this decision carry.
    pub fn stamp(&self) -> Stamp {
        Stamp { at: self.now, day: self.pack.date_of(self.now), by: By::from(self.actor) }
    }
}

/// The wish to open a case.
#[derive(Debug, Clone)]
pub struct Open {
    /// Identity of the new case.
    pub id: CaseId,
    /// Workflow code.
    pub workflow: Code,
    /// Programme code.
    pub programme: Option<Code>,
    /// What was filled in.
    pub given: Checked,
    /// The unit for which the program opens it; everybody else opens for their own.
    pub unit: Option<Code>,
}

/// The wish to do an action.
#[derive(Debug, Clone)]
pub struct Step {
    /// Action code.
    pub action: Code,
    /// What was filled in.
    pub given: Checked,
}

/// A case together with the facts that lead to it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The case as it would be.
    pub case: Case,
    /// New facts, in order.
    pub facts: Vec<Fact>,
    pub(crate) stamp: Stamp,
}

impl Draft {
    /// Starts from a case as it is.
    pub fn of(case: &Case, stamp: Stamp) -> Self {
        Self { case: case.clone(), facts: Vec::new(), stamp }
    }

    pub(crate) fn push(&mut self, fact: Fact) {
        self.case.apply(&self.stamp, &fact);
        self.facts.push(fact);
    }
}

/// Opens a case.
///
/// # Errors
/// When the actor may not, or no responsible unit can be found.
pub fn open(ctx: Ctx<'_>, wish: &Open) -> Result<Draft, Refusal> {
    let flow = workflow(ctx.pack, &wish.workflow)?;
    if !flow.opening.by.iter().any(|who| may_open(ctx, who)) {
        return Err(Refusal::MayNotOpen(flow.code.clone()));
    }
    let coded = |code: &str| wish.given.coded.get(code).map_or("", Value::one).to_owned();
    let category = coded("category");
    let own = effect::own_unit(ctx, wish);
    let place = Some(coded("place")).filter(|p| !p.is_empty());
    let place = place.unwrap_or_else(|| effect::place_of(ctx.pack, own).to_owned());
    let grade = ctx
        .pack
        .categories
        .get(&category)
        .map(|c| c.grade.clone())
        .or_else(|| ctx.pack.risk.grades.first().map(|g| g.code.clone()))
        .unwrap_or_default();
    let opened = Fact::Opened {
        workflow: flow.code.clone(),
        programme: wish.programme.clone(),
        pack: ctx.pack.edition.clone(),
        state: flow.initial.clone(),
        unit: effect::first_unit(ctx.pack, flow, (&place, own))?,
        channel: coded("channel"),
        category,
        place,
        grade,
        anonymous: is_anonymous(flow, &wish.given),
    };
    let stamp = ctx.stamp();
    let case = Case::begin(wish.id, &stamp, &opened).ok_or(Refusal::WouldBeLost)?;
    let mut draft = Draft { case, facts: vec![opened], stamp };
    give(&mut draft, &wish.given);
    for one in &flow.opening.effects {
        effect::run(ctx, flow, &mut draft, one, &wish.given)?;
    }
    on_grade(ctx, flow, &mut draft, "")?;
    duty::settle(ctx, flow, &mut draft, None)?;
    enter(ctx, flow, &mut draft)?;
    settle(ctx, draft)
}

/// Does an action to a case.
///
/// # Errors
/// When the action is not allowed to this actor now, or a limit is passed.
pub fn act(ctx: Ctx<'_>, case: &Case, step: &Step) -> Result<Draft, Refusal> {
    let flow = workflow(ctx.pack.of(case), &case.workflow)?;
    let action = flow
        .action(&step.action)
        .ok_or_else(|| Refusal::Unknown { what: "action", code: step.action.clone() })?;
    let refuse = |why| Refusal::NotAllowed {
        action: action.code.clone(),
        why,
        allowed: allowed(ctx, case).map(|a| a.code.clone()).collect(),
    };
    permit(ctx, case, action, Some(&step.given)).map_err(refuse)?;
    let mut draft = Draft::of(case, ctx.stamp());
    let from = case.state.clone();
    let to = match &action.to {
        Target::Same => from.clone(),
        Target::State(code) => code.clone(),
    };
    let moves = to != from;
    if moves && !shares_clock(flow, &from, &to) {
        leave(ctx, flow, &mut draft)?;
    }
    if !case.is_open(ctx.pack) && !ctx.pack.knows(&case.pack) {
        // Closed so long ago that its rules are gone: it comes back under those of today.
        draft.push(Fact::Repacked { pack: ctx.pack.edition.clone() });
    }
    draft.push(Fact::Acted { action: action.code.clone(), from, to });
    give(&mut draft, &step.given);
    for one in &action.effects {
        effect::run(ctx, flow, &mut draft, one, &step.given)?;
    }
    on_grade(ctx, flow, &mut draft, &case.grade)?;
    duty::settle(ctx, flow, &mut draft, Some(action))?;
    // What the step itself has brought to light may stand in its way.
    if moves && duty::shuts(flow, &draft.case, action) {
        return Err(refuse(Bar::Duty));
    }
    if moves {
        enter(ctx, flow, &mut draft)?;
    }
    settle(ctx, circle::keep(ctx, case, draft)?)
}

/// The actions that this actor may do to the case now, in the order of the pack.
pub fn allowed<'a>(ctx: Ctx<'a>, case: &'a Case) -> impl Iterator<Item = &'a Action> {
    ctx.pack
        .flow_of(case)
        .into_iter()
        .flat_map(|w| &w.actions)
        .filter(move |a| permit(ctx, case, a, None).is_ok())
}

/// Whether the actor may do the action to the case now. Without `given`, guards on fields of
/// the action itself are left open: they can only be judged once the form is filled in.
///
/// # Errors
/// The first bar that stands in the way.
pub fn permit(
    ctx: Ctx<'_>,
    case: &Case,
    action: &Action,
    given: Option<&Checked>,
) -> Result<(), Bar> {
    if !action.from.contains(&case.state) {
        return Err(Bar::State);
    }
    if !action.by.iter().any(|who| stands(ctx, case, who)) {
        return Err(Bar::Role);
    }
    if ctx.pack.flow_of(case).is_some_and(|w| rights::shuts(w, case, action)) {
        return Err(Bar::Erased);
    }
    let staff = matches!(ctx.actor, Actor::Staff(_));
    if staff && !access::may(ctx.pack, &Viewer::of(ctx.actor, ctx.now), case, Right::Act) {
        return Err(Bar::Access);
    }
    // What the law demands is said before what the office does.
    if ctx.pack.flow_of(case).is_some_and(|w| duty::shuts(w, case, action)) {
        return Err(Bar::Duty);
    }
    action.guards.iter().try_for_each(|g| guards::pass(ctx, case, g, (action, given)))
}

fn workflow<'a>(rules: &'a Rules, code: &str) -> Result<&'a Workflow, Refusal> {
    rules.workflow(code).ok_or_else(|| Refusal::Unknown { what: "workflow", code: code.to_owned() })
}

fn may_open(ctx: Ctx<'_>, who: &Who) -> bool {
    match ctx.actor {
        Actor::Staff(s) => s.roles.contains(&who.role),
        Actor::Public | Actor::Appellant(_) => who.role == "citizen",
        Actor::System => who.role == "system",
    }
}

fn is_anonymous(flow: &Workflow, given: &Checked) -> bool {
    let names_somebody = given
        .texts
        .keys()
        .filter_map(|c| flow.fields.get(reporter::asked(c)))
        .any(|f| matches!(f.meaning, Meaning::Name | Meaning::Phone | Meaning::IdNumber));
    !names_somebody || given.coded.get("anonymous").is_some_and(|v| v.one() == "yes")
}

fn stands(ctx: Ctx<'_>, case: &Case, who: &Who) -> bool {
    let units = &ctx.pack.units;
    match (ctx.actor, who.relation) {
        (Actor::System, Relation::Anywhere) => who.role == "system",
        (Actor::Appellant(id), Relation::Appellant) => *id == case.id,
        (Actor::Staff(s), relation) if s.roles.contains(&who.role) => match relation {
            Relation::Responsible => s.unit == case.unit,
            Relation::Above => s.unit != case.unit && units.covers(&s.unit, &case.unit),
            Relation::Covering => units.covers(&s.unit, &case.unit),
            Relation::Task => case.open_tasks().any(|t| t.unit == s.unit),
            Relation::Anywhere => true,
            Relation::Appellant => false,
        },
        _ => false,
    }
}

/// What the pack does when the grade has become another one.
fn on_grade(ctx: Ctx<'_>, flow: &Workflow, draft: &mut Draft, before: &str) -> Result<(), Refusal> {
    let grade = draft.case.grade.clone();
    for rule in flow.on_grade.iter().filter(|r| r.grade == grade && r.grade != before) {
        for one in &rule.effects {
            effect::run(ctx, flow, draft, one, &Checked::default())?;
        }
    }
    Ok(())
}

fn give(draft: &mut Draft, given: &Checked) {
    if !given.coded.is_empty() || !given.texts.is_empty() {
        draft.push(Fact::Given {
            coded: given.coded.clone(),
            texts: given.texts.keys().cloned().collect(),
        });
    }
}

fn shares_clock(flow: &Workflow, from: &str, to: &str) -> bool {
    let clock = |code: &str| match flow.state(code).map(|s| &s.kind) {
        Some(StateKind::Open { clock, .. }) => Some(clock.clone()),
        _ => None,
    };
    clock(from).is_some_and(|c| clock(to) == Some(c))
}

/// Stops the stage clock of the state that is left.
fn leave(ctx: Ctx<'_>, flow: &Workflow, draft: &mut Draft) -> Result<(), Refusal> {
    let state = flow.state(&draft.case.state);
    if let Some(StateKind::Open { clock, .. }) = state.map(|s| &s.kind) {
        effect::stop_clock(ctx, draft, clock)?;
    }
    Ok(())
}

/// Starts the stage clock of the state that is entered; a closed state stops every clock.
fn enter(ctx: Ctx<'_>, flow: &Workflow, draft: &mut Draft) -> Result<(), Refusal> {
    let Some(state) = flow.state(&draft.case.state) else { return Err(Refusal::WouldBeLost) };
    match &state.kind {
        // Two states may share one stage clock; it then runs on between them.
        StateKind::Open { clock, .. } if draft.case.clocks.get(clock).is_some_and(is_running) => {
            Ok(())
        }
        StateKind::Open { clock, .. } => effect::start_clock(ctx, flow, draft, clock),
        StateKind::Held { .. } => Ok(()),
        StateKind::Closed | StateKind::End => {
            let live: Vec<Clock> = draft
                .case
                .clocks
                .values()
                .filter(|c| is_running(c) || is_paused(c))
                .cloned()
                .collect();
            for clock in live {
                let clock = clock.stop(ctx.now)?;
                draft.push(Fact::Clock { change: ClockChange::Stopped, clock });
            }
            effect::drop_tasks(draft, None);
            Ok(())
        }
    }
}

pub(crate) fn settle(ctx: Ctx<'_>, draft: Draft) -> Result<Draft, Refusal> {
    if !draft.case.keeps_promise(ctx.pack) {
        return Err(Refusal::WouldBeLost);
    }
    if is_manned(ctx.pack, &draft.case) { Ok(draft) } else { Err(Refusal::NoUnit) }
}

/// Whether a role that is expected to act can be held where it must be held: a case given to
/// an office without such people would have a clock and nobody who may stop it.
pub(crate) fn is_manned(pack: &Pack, case: &Case) -> bool {
    let Some(flow) = pack.flow_of(case) else { return false };
    let Some(state) = flow.state(&case.state).filter(|s| s.is_open()) else { return true };
    let manned = |role: &str| {
        let holds = |unit: &Unit| pack.can_hold(role, unit);
        let ways = flow.actions_from(&case.state).flat_map(|a| &a.by).filter(|w| w.role == role);
        let mut upward = pack.units.upward(&case.unit);
        let own = upward.next().is_some_and(holds);
        let above = upward.any(holds);
        ways.map(|w| w.relation).any(|relation| match relation {
            Relation::Responsible => own,
            Relation::Above => above,
            Relation::Covering => own || above,
            Relation::Anywhere => true,
            // A part of the case is not the case.
            Relation::Task | Relation::Appellant => false,
        })
    };
    state.expected().any(manned)
}
