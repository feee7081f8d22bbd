//! Proofs about a workflow, made when it is loaded, before a case can walk it.
//!
//! Guards are ignored when paths are searched: a path that guards might close still counts for
//! "nothing goes around a mandatory step", so the proof errs on the safe side. For "an end can
//! be reached" an automatic or unguarded way is not demanded, only a way.

mod numbers;
mod protection;
mod target;

use crate::{
    decide,
    field::FieldKind,
    pack::Pack,
    workflow::{
        Action, AssignTo, Code, Effect, Guard, Locus, Mandatory, Opening, Relation, StateKind,
        Target, Who, Workflow,
    },
};
use std::collections::{BTreeSet, VecDeque};

/// Something wrong in a pack: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// File and line.
    pub at: Locus,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {} — {}", self.at.file, self.at.line, self.what, self.advice)
    }
}

/// All faults of a workflow; none means it is sound.
pub fn prove(pack: &Pack, flow: &Workflow, documents: &BTreeSet<Code>) -> Vec<Fault> {
    let mut proof = Proof { pack, flow, documents, faults: Vec::new() };
    proof.references();
    proof.clocks_and_roles();
    // Path proofs on broken references would only repeat the same faults in worse words.
    if proof.faults.is_empty() {
        proof.reachable();
        proof.ends();
        proof.mandatory();
        proof.discharges();
    }
    proof.faults
}

struct Proof<'a> {
    pack: &'a Pack,
    flow: &'a Workflow,
    documents: &'a BTreeSet<Code>,
    faults: Vec<Fault>,
}

impl Proof<'_> {
    fn fault(&mut self, at: &Locus, what: String, advice: &str) {
        self.faults.push(Fault { at: at.clone(), what, advice: advice.to_owned() });
    }

    fn known(&mut self, at: &Locus, ok: bool, what: &str, code: &str) {
        if !ok {
            let advice = format!("define {what} `{code}` or correct the code");
            self.fault(at, format!("unknown {what} `{code}`"), &advice);
        }
    }

    /// The workflow has the field, and it holds this.
    fn holds(&mut self, at: &Locus, code: &str, kind: &FieldKind) {
        let field = self.flow.fields.get(code);
        self.known(at, field.is_some_and(|f| f.kind == *kind), "field of that type", code);
    }

    fn references(&mut self) {
        let flow = self.flow;
        let has_state = |s: &str| flow.state(s).is_some();
        self.known(&flow.at, has_state(&flow.initial), "state", &flow.initial);
        self.who(&flow.opening.at, &flow.opening.by);
        for code in &flow.opening.only {
            let asked = code == Opening::PROGRAMME
                || flow.opening.fields.iter().any(|f| f.code == *code && f.required);
            self.known(&flow.opening.at, asked, "required field of the opening", code);
        }
        for one in &flow.opening.fields {
            let ok = flow.fields.contains_key(&one.code);
            self.known(&flow.opening.at, ok, "field", &one.code);
        }
        if !matches!(flow.opening.unit, AssignTo::Desk(_) | AssignTo::ActorUnit) {
            self.fault(
                &flow.opening.at,
                "a new case has no unit to start from".to_owned(),
                "use unit = { desk = \"…\" } or unit = \"actor_unit\"",
            );
        }
        self.assign(&flow.opening.at, &flow.opening.unit);
        for effect in &flow.opening.effects {
            self.effect(&flow.opening.at, effect);
        }
        for action in &flow.actions {
            self.action(action);
        }
        self.protection();
        for promise in &flow.mandatory {
            for s in &promise.before {
                self.known(&promise.at, has_state(s), "state", s);
            }
            let since = promise.since.iter().filter(|a| *a != Mandatory::OPENING);
            for a in promise.steps.iter().chain(since) {
                self.known(&promise.at, flow.action(a).is_some(), "action", a);
            }
        }
    }

    fn action(&mut self, action: &Action) {
        let flow = self.flow;
        for s in &action.from {
            self.known(&action.at, flow.state(s).is_some(), "state", s);
        }
        if let Target::State(s) = &action.to {
            self.known(&action.at, flow.state(s).is_some(), "state", s);
        }
        self.who(&action.at, &action.by);
        for one in &action.fields {
            self.known(&action.at, flow.fields.contains_key(&one.code), "field", &one.code);
        }
        for guard in &action.guards {
            self.guard(action, guard);
        }
        self.contacts(action);
        self.evidence(action);
        for effect in &action.effects {
            self.effect(&action.at, effect);
        }
        // The program may also do by command what people may do, for example when it imports.
        let system = action.by.iter().any(|w| w.role == "system");
        let only_system = system && action.by.iter().all(|w| w.role == "system");
        if action.auto.is_some() && !system || action.auto.is_none() && only_system {
            self.fault(
                &action.at,
                format!("action `{}` is only half automatic", action.code),
                "give it both auto = … and by = [\"system@anywhere\"], or neither",
            );
        }
    }

    fn who(&mut self, at: &Locus, by: &[Who]) {
        if by.is_empty() {
            let advice = "name at least one role@relation";
            self.fault(at, "nobody may do this".to_owned(), advice);
        }
        for who in by {
            self.known(at, self.pack.roles.contains_key(&who.role), "role", &who.role);
            let citizen = who.role == "citizen";
            if citizen != (who.relation == Relation::Appellant)
                && who.relation != Relation::Anywhere
            {
                self.fault(
                    at,
                    format!("role `{}` cannot stand in this relation", who.role),
                    "residents stand as citizen@appellant, staff in the other relations",
                );
            }
        }
    }

    fn guard(&mut self, action: &Action, guard: &Guard) {
        let (flow, at) = (self.flow, &action.at);
        match guard {
            Guard::NotActorOf(actions) | Guard::NotUnitOf(actions) => {
                for a in actions {
                    let opens = a == decide::OPENING;
                    self.known(at, opens || flow.action(a).is_some(), "action", a);
                }
            }
            Guard::AtMost { action, .. }
            | Guard::AtLeast { action, .. }
            | Guard::OnDays { action, .. } => {
                self.known(at, flow.action(action).is_some(), "action", action);
            }
            Guard::FieldIn { field, .. } | Guard::NotLower(field) => {
                self.known(at, flow.fields.contains_key(field), "field", field);
            }
            Guard::Climbs(field) => {
                let kind = flow.fields.get(field).map(|f| &f.kind);
                let ladder = matches!(kind, Some(FieldKind::Choice(_)));
                let asked = action.fields.iter().any(|f| f.code == *field && f.required);
                self.known(at, ladder && asked, "required choice of the action", field);
            }
            Guard::GradeIn(grades) | Guard::GradeNotIn(grades) => {
                for g in grades {
                    self.known(at, self.pack.risk.grade(g).is_some(), "grade", g);
                }
            }
            Guard::BeforeDue(clock) => {
                self.known(at, flow.clocks.contains_key(clock), "clock", clock);
            }
            Guard::ChannelIn(channels) => {
                for c in channels {
                    self.known(at, self.pack.channels.contains_key(c), "channel", c);
                }
            }
            Guard::NoOpenTasks(kind) | Guard::HasOpenTasks(kind) | Guard::OwesTask(kind) => {
                self.known(at, opens_tasks(flow, kind), "task kind", kind);
            }
            Guard::Flagged(flag) | Guard::NotFlagged(flag) => {
                self.known(at, sets_flag(flow, flag), "flag", flag);
            }
            Guard::Contact { field, or } => self.contact_guard(action, field.as_deref(), *or),
            Guard::OtherUnit(f) => self.holds(at, f, &FieldKind::Unit),
            Guard::NotAmong { field, among } => {
                for f in [field, among] {
                    self.known(at, flow.fields.contains_key(f), "field", f);
                }
            }
            Guard::Milestone(kind) => {
                self.known(at, flow.milestones.contains_key(kind), "milestone", kind);
            }
            Guard::SampleSound => self.sample(action),
            Guard::Sensitive(_)
            | Guard::Anonymous(_)
            | Guard::WithinDays(_)
            | Guard::Protected(_)
            | Guard::NotOwner => {}
        }
    }

    fn effect(&mut self, at: &Locus, effect: &Effect) {
        let flow = self.flow;
        let field = |me: &mut Self, f: &str| {
            me.known(at, flow.fields.contains_key(f), "field", f);
        };
        let clock = |me: &mut Self, c: &str| {
            me.known(at, flow.clocks.contains_key(c), "clock", c);
        };
        match effect {
            Effect::Assign(to) => self.assign(at, to),
            Effect::StartClock(c)
            | Effect::StopClock(c)
            | Effect::OpenRoutedTasks { clock: c, .. } => clock(self, c),
            Effect::StartClockAt { clock: c, field: f, time } => {
                clock(self, c);
                field(self, f);
                if let Some(time) = time {
                    self.holds(at, time, &FieldKind::Time);
                }
            }
            Effect::ExtendClock { clock: c, field: f, .. }
            | Effect::RepeatRisk { field: f, clock: c } => {
                clock(self, c);
                field(self, f);
            }
            Effect::PauseClocks { until: f, .. }
            | Effect::SetGrade(f)
            | Effect::AssessRisk(f)
            | Effect::SetCategory(f)
            | Effect::SetPlace(f)
            | Effect::Link { field: f, .. } => field(self, f),
            Effect::OpenTasks { units, clock: c, .. } => {
                clock(self, c);
                if let Some(f) = units {
                    field(self, f);
                }
            }
            Effect::Document(d) => self.known(at, self.documents.contains(d), "document", d),
            Effect::Notify(m) => {
                self.known(at, self.pack.messages.contains_key(m), "message", m);
            }
            Effect::AnswerTask(kind) | Effect::DropTasks(kind) => {
                self.known(at, opens_tasks(flow, kind), "task kind", kind);
            }
            Effect::TakeOwner
            | Effect::MarkHandling
            | Effect::ResumeClocks
            | Effect::Publish
            | Effect::Withdraw
            | Effect::Flag(_)
            | Effect::Unflag(_) => {}
            Effect::KeepContact => self.needs_plan(at),
            Effect::Hear { flag: _, message: m, clock: c } => {
                clock(self, c);
                self.known(at, self.pack.messages.contains_key(m), "message", m);
            }
            Effect::Freeze(f) => self.holds(at, f, &FieldKind::Figures),
            Effect::FreezeForm { form, period } => {
                self.frozen(at, (form, &FieldKind::Form), period);
            }
            Effect::Fill(fill) => self.fill(at, fill),
            Effect::FreezeFigure { figure, period } => {
                self.frozen(at, (figure, &FieldKind::Figure), period);
            }
            Effect::Look { field, tells } => self.look(at, field, tells),
            Effect::Propose(target) | Effect::Promise(target) => self.target(at, target),
            Effect::Milestone(kind) | Effect::Breach(kind) => {
                self.known(at, flow.milestones.contains_key(kind), "milestone", kind);
            }
        }
    }

    fn assign(&mut self, at: &Locus, to: &AssignTo) {
        match to {
            AssignTo::Field(f) => {
                self.known(at, self.flow.fields.contains_key(f), "field", f);
            }
            AssignTo::Desk(kind) | AssignTo::AboveHandlingOrDesk(kind) => {
                self.known(at, self.pack.units.kind(kind).is_some(), "unit kind", kind);
            }
            AssignTo::Lead => {
                let names = |e: &Effect| matches!(e, Effect::Promise(t) if t.lead.is_some());
                self.known(
                    at,
                    self.flow.effects().any(names),
                    "target that names who leads",
                    "lead",
                );
            }
            AssignTo::Routed if self.pack.routing.rules.is_empty() => self.fault(
                at,
                "the pack has no routing rules".to_owned(),
                "add routing.toml or name the unit in a field",
            ),
            _ => {}
        }
    }

    fn clocks_and_roles(&mut self) {
        for state in &self.flow.states {
            let at = &state.at;
            for role in state.expected() {
                self.known(at, self.pack.roles.contains_key(role), "role", role);
            }
            match &state.kind {
                StateKind::Open { clock, .. } => {
                    self.known(at, self.flow.clocks.contains_key(clock), "clock", clock);
                }
                StateKind::Held { .. } => {
                    let ways: Vec<&Action> =
                        self.flow.actions.iter().filter(|a| leads_to(a, &state.code)).collect();
                    let pauses = |a: &&Action| {
                        a.effects.iter().any(|e| matches!(e, Effect::PauseClocks { .. }))
                    };
                    if !ways.iter().all(pauses) {
                        self.fault(
                            at,
                            format!("state `{}` is held without an end", state.code),
                            "every action that leads here needs the effect pause_clocks",
                        );
                    }
                }
                StateKind::Closed | StateKind::End => {}
            }
        }
    }

    fn reachable(&mut self) {
        let seen = walk(self.flow, [self.flow.initial.as_str()], &BTreeSet::new());
        for state in &self.flow.states {
            if !seen.contains(state.code.as_str()) {
                self.fault(
                    &state.at,
                    format!("state `{}` can never be reached", state.code),
                    "add an action that leads to it, or delete it",
                );
            }
        }
    }

    fn ends(&mut self) {
        for state in self.flow.states.iter().filter(|s| s.is_open()) {
            let seen = walk(self.flow, [state.code.as_str()], &BTreeSet::new());
            let ends = |s: &str| self.flow.state(s).is_some_and(|s| !s.is_open());
            if !seen.iter().any(|s| ends(s)) {
                self.fault(
                    &state.at,
                    format!("no end can be reached from state `{}`", state.code),
                    "add an action that leads on towards a closed state",
                );
            }
        }
    }

    fn mandatory(&mut self) {
        for promise in &self.flow.mandatory {
            let steps: BTreeSet<&str> = promise.steps.iter().map(String::as_str).collect();
            let seen = walk(self.flow, starts(self.flow, promise), &steps);
            for state in promise.before.iter().filter(|s| seen.contains(s.as_str())) {
                let path = way_around(self.flow, promise, state);
                self.fault(
                    &promise.at,
                    format!("`{state}` can be reached around “{}”: {path}", promise.name),
                    "remove that way, count its action among the steps, or say in since after what \
                     the step is needed (\"open\": once from the opening is enough)",
                );
            }
        }
    }
}

fn opens_tasks(flow: &Workflow, kind: &str) -> bool {
    flow.task_kinds().any(|k| k == kind)
}

fn sets_flag(flow: &Workflow, flag: &str) -> bool {
    let plan = flow.contact.iter().any(|c| c.none_flag == flag || c.words_flag == flag);
    plan || flow
        .effects()
        .any(|e| matches!(e, Effect::Flag(f) | Effect::Hear { flag: f, .. } if f == flag))
}

fn leads_to(action: &Action, state: &str) -> bool {
    matches!(&action.to, Target::State(s) if s == state)
}

/// The states in which a case may be after an action.
fn after<'a>(flow: &'a Workflow, action: &str) -> Vec<&'a str> {
    flow.action(action)
        .map(|a| match &a.to {
            Target::State(s) => vec![s.as_str()],
            Target::Same => a.from.iter().map(String::as_str).collect(),
        })
        .unwrap_or_default()
}

/// Where a case may be when the promise begins to hold.
fn starts<'a>(flow: &'a Workflow, promise: &'a Mandatory) -> Vec<&'a str> {
    if !promise.since.is_empty() {
        let named = promise.since.iter().flat_map(|action| match action.as_str() {
            Mandatory::OPENING => vec![flow.initial.as_str()],
            action => after(flow, action),
        });
        return named.collect();
    }
    let within = |state: &String| promise.before.contains(state);
    let left = flow.actions.iter().filter(|a| a.from.iter().any(within));
    let left = left.filter_map(|a| match &a.to {
        Target::State(to) if !within(to) && !promise.steps.contains(&a.code) => Some(to.as_str()),
        Target::State(_) | Target::Same => None,
    });
    left.chain([flow.initial.as_str()]).collect()
}

/// All states reachable from `starts` without doing any of the actions in `without`.
pub fn walk<'a>(
    flow: &'a Workflow,
    starts: impl IntoIterator<Item = &'a str>,
    without: &BTreeSet<&str>,
) -> BTreeSet<&'a str> {
    let mut seen: BTreeSet<&str> = starts.into_iter().collect();
    let mut queue: VecDeque<&str> = seen.iter().copied().collect();
    while let Some(here) = queue.pop_front() {
        for action in flow.actions.iter().filter(|a| a.from.iter().any(|f| f == here)) {
            if without.contains(action.code.as_str()) {
                continue;
            }
            if let Target::State(next) = &action.to
                && seen.insert(next)
            {
                queue.push_back(next);
            }
        }
    }
    seen
}

/// A shortest way to the state that avoids the steps, for the fault message.
fn way_around(flow: &Workflow, promise: &Mandatory, goal: &str) -> String {
    let starts = starts(flow, promise);
    let mut queue: VecDeque<(&str, Vec<&str>)> = starts.iter().map(|s| (*s, vec![*s])).collect();
    let mut seen: BTreeSet<&str> = starts.into_iter().collect();
    while let Some((here, path)) = queue.pop_front() {
        if here == goal {
            return path.join(" → ");
        }
        for action in flow.actions.iter().filter(|a| a.from.iter().any(|f| f == here)) {
            if let Target::State(next) = &action.to
                && !promise.steps.contains(&action.code)
                && seen.insert(next)
            {
                let mut longer = path.clone();
                longer.extend([action.code.as_str(), next.as_str()]);
                queue.push_back((next, longer));
            }
        }
    }
    goal.to_owned()
}
