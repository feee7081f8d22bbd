//! Random walks over every workflow of every pack: whatever people do, in whatever order and
//! however late, the promises hold; also when the rules change on the way, and when the case is
//! moved under them.

mod changed;
mod people;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{
    case::{Actor, By, Case, Fact, Stamp},
    clock::ClockError,
    contact::{self, Way},
    decide::{self, Ctx, Draft, Open, Step},
    duty::Duty,
    field::{Checked, FieldKind, Value, check},
    moving,
    pack::Pack,
    refusal::{Bar, Refusal},
    tick,
    workflow::{
        Action, Code, Effect, FieldUse, Guard, Mandatory, State, StateKind, Target, Tone, Workflow,
    },
};
use jiff::{SignedDuration, Timestamp};
use people::{Dice, People, Temper, everybody, fill, home, numbers, opener, somebody};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};

/// Walks for each workflow of each city; with the sample city, one workflow makes 360 already.
const WALKS: u32 = 120;
const STEPS: usize = 60;

/// What happens in one step of a walk.
#[derive(Debug, Clone)]
struct Turn {
    /// Minutes since the step before.
    wait: i64,
    /// Decides everything else.
    dice: u64,
}

fn turn() -> impl Strategy<Value = Turn> {
    let wait = prop_oneof![
        10 => 1..240_i64,
        6 => 240..3 * 1440_i64,
        3 => 3 * 1440..10 * 1440_i64,
        1 => 10 * 1440..40 * 1440_i64,
    ];
    (wait, any::<u64>()).prop_map(|(wait, dice)| Turn { wait, dice })
}

/// Every pack with a `pack.toml`, and the sample city; each with what it is changed to.
fn packs() -> Vec<(Arc<Pack>, Pack)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = std::fs::read_dir(root.join("packs")).expect("packs");
    let mut dirs: Vec<PathBuf> = found.filter_map(|e| e.ok().map(|e| e.path())).collect();
    dirs.retain(|dir| dir.join("pack.toml").is_file());
    dirs.sort();
    dirs.push(root.join("crates/testkit/city"));
    let load = |dir: &PathBuf| packs::load(dir).expect("a sound pack").pack;
    dirs.iter().map(|dir| (load(dir), changed::changed(load(dir)))).collect()
}

#[test]
fn no_walk_breaks_a_promise() {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let packs = packs();
    for (pack, next) in &packs {
        for flow in pack.workflows.values() {
            let done = walk_often((pack, next), flow);
            seen.entry(flow.code.clone()).or_default().extend(done);
        }
    }
    // Walks that never leave the first states would prove nothing.
    for flow in packs.iter().flat_map(|(p, _)| p.workflows.values()) {
        let missed: Vec<&str> = flow.actions.iter().map(|a| a.code.as_str()).collect();
        let missed: Vec<&str> =
            missed.into_iter().filter(|code| !seen[&flow.code].contains(*code)).collect();
        assert!(missed.len() * 3 < flow.actions.len(), "{}: never done: {missed:?}", flow.code);
    }
}

/// The actions that were done in all these walks together.
fn walk_often((pack, next): (&Pack, &Pack), flow: &Workflow) -> BTreeSet<String> {
    let people = People::of(pack);
    let done = RefCell::new(BTreeSet::new());
    let config = Config { cases: WALKS, failure_persistence: None, ..Config::default() };
    let mut seed = [7; 32];
    for (at, byte) in pack.code.bytes().chain(flow.code.bytes()).take(32).enumerate() {
        seed[at] = byte;
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let walks = (0..150 * 1440_i64, any::<u64>(), vec(turn(), STEPS));
    let result = runner.run(&walks, |(start, dice, turns)| {
        let mut walk = Walk::begin((pack, next), &people, flow, start, &mut Dice::new(dice))?;
        for turn in &turns {
            if !walk.turn(turn)? || walk.is_over() {
                break;
            }
        }
        done.borrow_mut().extend(walk.case.deeds.iter().map(|d| d.action.clone()));
        walk.end()
    });
    if let Err(TestError::Fail(reason, walk)) = &result {
        panic!("{} {}: {reason}\nthe shortest such walk: {walk:?}", pack.code, flow.code);
    }
    assert!(result.is_ok(), "{result:?}");
    done.into_inner()
}

struct Walk<'a> {
    pack: &'a Pack,
    /// The pack under which it began.
    old: &'a Pack,
    /// The pack to which the city changes on the way.
    next: &'a Pack,
    people: &'a People<'a>,
    flow: &'a Workflow,
    now: Timestamp,
    case: Case,
    /// Another case of the same workflow, into which this one may be merged.
    other: Case,
    entries: Vec<(Stamp, Vec<Fact>)>,
    /// What people like to do in this walk.
    temper: Temper,
    /// What was filled in last.
    chosen: BTreeMap<Code, Value>,
}

impl<'a> Walk<'a> {
    fn begin(
        (pack, next): (&'a Pack, &'a Pack),
        people: &'a People<'a>,
        flow: &'a Workflow,
        start: i64,
        dice: &mut Dice,
    ) -> Result<Self, TestCaseError> {
        let first: Timestamp = "2025-01-02T01:00:00Z".parse().expect("a time");
        let now = first + SignedDuration::from_mins(start);
        let mut open = |id| {
            let actor = opener(people, flow, dice);
            let ctx = Ctx::bare(now, pack, &actor);
            let given = given(ctx, people, flow, (&flow.opening.fields, &[]), dice)?;
            let unit = home(people, flow, dice);
            let wish = Open { id, workflow: flow.code.clone(), programme: None, given, unit };
            let draft = decide::open(ctx, &wish).map_err(|e| match e {
                // A form filled in at random may promise nothing that can be followed.
                Refusal::BadTarget => TestCaseError::reject("no target"),
                e => TestCaseError::fail(format!("opening by {actor:?}: {e}")),
            })?;
            Ok::<_, TestCaseError>((actor, draft))
        };
        let (_, other) = open(2)?;
        let (actor, draft) = open(1)?;
        let stamp = stamp(pack, now, &actor);
        let mut facts = draft.facts.iter();
        let mut folded = Case::begin(1, &stamp, facts.next().expect("an opening"));
        for fact in facts {
            folded.as_mut().expect("a case").apply(&stamp, fact);
        }
        prop_assert_eq!(folded.as_ref(), Some(&draft.case));
        let entries = vec![(stamp, draft.facts)];
        let walk = Self {
            pack,
            old: pack,
            next,
            people,
            flow,
            now,
            case: draft.case,
            other: other.case,
            entries,
            temper: Temper::new(dice),
            chosen: BTreeMap::new(),
        };
        walk.promises()?;
        Ok(walk)
    }

    /// One step; false when the walk ends because the calendars do.
    fn turn(&mut self, turn: &Turn) -> Result<bool, TestCaseError> {
        let mut dice = Dice::new(turn.dice);
        self.now += SignedDuration::from_mins(turn.wait);
        if dice.one_in(20) {
            self.close_other();
        }
        if !self.tick()? {
            return Ok(false);
        }
        if dice.one_in(20) && !self.change(&mut dice)? {
            return Ok(false);
        }
        let Some((actor, action)) = self.choose(&mut dice) else { return Ok(true) };
        let linked = Some(&self.other);
        let ctx = Ctx { linked, ..Ctx::bare(self.now, self.pack, &actor) };
        let mut given =
            given(ctx, self.people, self.flow, (&action.fields, &action.guards), &mut dice)?;
        // The text that is signed is what was written last; the store puts it there.
        for effect in &action.effects {
            if let Effect::Fill(fill) = effect {
                given.texts.insert(fill.body.clone(), "某事".to_owned());
            }
            if let Effect::Look { field, .. } = effect {
                let looks = people::looks(self.pack, &self.case, &mut dice);
                given.coded.insert(field.clone(), Value::Many(looks));
            }
        }
        self.chosen = given.coded.clone();
        let frozen = numbers(self.pack, &self.case, action, &given);
        let ctx = Ctx { frozen: &frozen, ..ctx };
        match decide::act(ctx, &self.case, &Step { action: action.code.clone(), given }) {
            Ok(draft) => {
                self.keeps_safe(&actor, action, &draft.case)?;
                self.same_as_before(&actor, action, &draft)?;
                self.record(&actor, draft)?;
                self.promises()?;
                Ok(true)
            }
            // What the form says may be too much; what was offered must not fail otherwise.
            Err(
                Refusal::NotAllowed {
                    why:
                        Bar::Field
                        | Bar::Grade
                        | Bar::Rung
                        | Bar::Contact { .. }
                        | Bar::Suspect
                        | Bar::Duty,
                    ..
                }
                | Refusal::OverLimit { .. }
                | Refusal::DateInPast(_)
                | Refusal::BadTarget
                | Refusal::SameTarget
                | Refusal::DatesCross(_)
                | Refusal::BadLink(_),
            ) => Ok(true),
            // A unit chosen at random may have nobody for the work.
            Err(Refusal::NoUnit) if names_a_unit(self.flow, action) => Ok(true),
            Err(Refusal::Clock(ClockError::MissingYear(_))) => Ok(false),
            Err(error) => fail(format!(
                "{} was offered to {actor:?} in {} of {} and refused: {error:?}, after {:?}",
                action.code,
                self.case.state,
                self.case.unit,
                self.case.deeds.iter().map(|d| d.action.as_str()).collect::<Vec<_>>()
            )),
        }
    }

    /// The city changes its pack; the case may be moved under it at once, later, or never.
    fn change(&mut self, dice: &mut Dice) -> Result<bool, TestCaseError> {
        self.pack = self.next;
        if dice.one_in(2) {
            let ctx = Ctx::bare(self.now, self.next, &Actor::System);
            let made = match moving::moved(ctx, &self.case) {
                Ok(made) => made,
                Err(Refusal::Clock(ClockError::MissingYear(_))) => return Ok(false),
                Err(error) => return fail(format!("moving in {}: {error:?}", self.case.state)),
            };
            changed::is_fair(self.next, &self.case, &made)?;
            if !made.draft.facts.is_empty() {
                self.record(&Actor::System, made.draft)?;
            }
        }
        self.flow = self.pack.flow_of(&self.case).expect("a workflow");
        self.promises()?;
        Ok(true)
    }

    /// A case that was not moved goes on exactly as if its city had never changed.
    fn same_as_before(
        &self,
        actor: &Actor,
        action: &Action,
        draft: &Draft,
    ) -> Result<(), TestCaseError> {
        if self.case.pack != self.old.edition {
            return Ok(());
        }
        let given = draft.facts.iter().find_map(|f| match f {
            Fact::Given { coded, texts } => Some(Checked {
                coded: coded.clone(),
                texts: texts.iter().map(|t| (t.clone(), "某事".to_owned())).collect(),
            }),
            _ => None,
        });
        let step = Step { action: action.code.clone(), given: given.unwrap_or_default() };
        let frozen = numbers(self.old, &self.case, action, &step.given);
        let linked = Some(&self.other);
        let ctx = Ctx { linked, frozen: &frozen, ..Ctx::bare(self.now, self.old, actor) };
        let before = decide::act(ctx, &self.case, &step);
        let before = before.map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(&before.facts, &draft.facts, "the old rules say otherwise");
        Ok(())
    }

    /// Lets time work until it has nothing more to say.
    fn tick(&mut self) -> Result<bool, TestCaseError> {
        for round in 0..4 {
            let draft = match tick::tick(self.now, self.pack, &self.case, (Some(&self.other), None))
            {
                Ok(draft) => draft,
                Err(Refusal::Clock(ClockError::MissingYear(_))) => return Ok(false),
                Err(error) => return fail(format!("tick in {}: {error:?}", self.case.state)),
            };
            if draft.facts.is_empty() {
                let wake = match tick::wake_at(self.pack, &self.case) {
                    Ok(wake) => wake,
                    Err(Refusal::Clock(ClockError::MissingYear(_))) => return Ok(false),
                    Err(error) => return fail(format!("wake in {}: {error:?}", self.case.state)),
                };
                prop_assert!(
                    wake.is_none_or(|at| at > self.now),
                    "at {} it still wants to wake at {wake:?}, in {}: {:?}",
                    self.now,
                    self.case.state,
                    self.case.clocks
                );
                return Ok(true);
            }
            prop_assert!(round < 3, "time never comes to rest: {:?}", draft.facts);
            self.record(&Actor::System, draft)?;
            self.promises()?;
        }
        Ok(true)
    }

    /// Somebody, and one of the actions that are offered to them. Of a few that chance brings, the
    /// one that leads on and has been done least, so that walks get far and see everything.
    fn choose(&self, dice: &mut Dice) -> Option<(Actor, &'a Action)> {
        let mut offers: Vec<(Actor, &'a Action)> = Vec::new();
        for _ in 0..5 {
            let actor = somebody(self.pack, &self.case, dice);
            let ctx = Ctx::bare(self.now, self.pack, &actor);
            let offered = decide::allowed(ctx, &self.case).filter(|a| a.auto.is_none());
            let offered = offered.filter_map(|a| self.flow.action(&a.code));
            offers.extend(offered.map(|action| (actor.clone(), action)));
        }
        dice.shuffle(&mut offers);
        if !self.temper.is_steady() && dice.one_in(8) {
            return offers.pop();
        }
        let weariness = |(_, action): &(Actor, &Action)| {
            let goes = match &action.to {
                Target::State(to) if *to != self.case.state => self.visits(to),
                Target::State(_) | Target::Same => 3,
            };
            let shunned = if self.temper.shuns(&action.code) { 8 } else { 0 };
            let usual = u32::from(action.tone != Tone::Primary);
            goes + usual + shunned + self.case.times(&action.code)
        };
        offers.into_iter().min_by_key(weariness)
    }

    fn record(&mut self, actor: &Actor, draft: Draft) -> Result<(), TestCaseError> {
        let stamp = stamp(self.pack, self.now, actor);
        for fact in &draft.facts {
            self.case.apply(&stamp, fact);
        }
        prop_assert_eq!(&self.case, &draft.case, "the fold of the facts is the case");
        self.entries.push((stamp, draft.facts));
        Ok(())
    }

    /// How often a state has been entered; an end counts as if it had been, to walk on first.
    fn visits(&self, state: &str) -> u32 {
        let leads = |code: &str| {
            let action = self.flow.action(code);
            action.is_some_and(|a| matches!(&a.to, Target::State(to) if to == state))
        };
        let visits = self.case.deeds.iter().filter(|d| leads(&d.action)).count();
        let open = self.flow.state(state).is_some_and(State::is_open);
        u32::try_from(visits).expect("few") + if open { 0 } else { 3 }
    }

    fn is_over(&self) -> bool {
        self.flow.state(&self.case.state).is_some_and(|s| s.kind == StateKind::End)
    }

    fn close_other(&mut self) {
        let closed = self.flow.states.iter().find(|s| !s.is_open()).expect("an end");
        self.other.state.clone_from(&closed.code);
    }

    fn promises(&self) -> Result<(), TestCaseError> {
        let Self { pack, flow, case, .. } = self;
        prop_assert!(case.keeps_promise(pack), "{} rests without a clock", case.state);
        prop_assert!(pack.units.get(&case.unit).is_some(), "{} is no unit", case.unit);
        let leads = case.lead().is_none() || flow.names_leads();
        prop_assert!(leads, "a case of {} has somebody who leads it", flow.code);
        for promise in &flow.mandatory {
            kept(flow, promise, case)?;
        }
        let state = flow.state(&case.state).expect("a state of the workflow");
        let free = match state.kind {
            StateKind::Closed | StateKind::End => true,
            StateKind::Open { .. } | StateKind::Held { .. } => self.somebody_can_go_on(),
        };
        prop_assert!(free, "in {} of {} nobody can do anything", case.state, case.unit);
        Ok(())
    }

    /// What must hold of a step however it came about: nobody is reached outside the plan, no
    /// duty is walked around, and a withdrawal is confirmed by somebody new to the case.
    fn keeps_safe(
        &self,
        actor: &Actor,
        action: &Action,
        after: &Case,
    ) -> Result<(), TestCaseError> {
        let before = &self.case;
        for guard in &action.guards {
            let Guard::Contact { field, or } = guard else { continue };
            let chosen = field.as_ref().and_then(|f| self.chosen.get(f)).map(Value::one);
            let Some(way) = chosen.map_or(*or, Way::named) else { continue };
            let may = contact::may_reach(self.pack, before, way, self.now);
            prop_assert!(may.is_ok(), "{} by {way:?} at {}: {may:?}", action.code, self.now);
            let never = before.flags.contains("unsafe_contact");
            prop_assert!(!never, "{} although nobody may contact them", action.code);
        }
        for duty in self.flow.duties.iter().filter(|d| after.owed.contains(&d.code)) {
            let entered = before.state != after.state && duty.before.contains(&after.state);
            prop_assert!(!entered, "{} entered {} around {}", action.code, after.state, duty.name);
        }
        let Actor::Staff(me) = actor else { return Ok(()) };
        if action.code == "confirm_withdrawal" && self.flow.code == "appeal" {
            prop_assert!(!before.needs_protection(self.pack), "withdrawn without a safety check");
        }
        if action.code == "confirm_withdrawal_checked" && self.flow.code == "appeal" {
            let took = before.owner == Some(me.account) || before.opener == Some(me.account);
            prop_assert!(!took, "the one who took it confirmed its withdrawal");
        }
        Ok(())
    }

    fn somebody_can_go_on(&self) -> bool {
        everybody(self.pack, &self.case).iter().any(|actor| {
            let ctx = Ctx::bare(self.now, self.pack, actor);
            decide::allowed(ctx, &self.case).any(|a| {
                let meets =
                    |d: &Duty| self.case.owed.contains(&d.code) && d.met_by.contains(&a.code);
                a.auto.is_none() && (moves(a, &self.case) || self.flow.duties.iter().any(meets))
            })
        })
    }

    fn end(self) -> Result<(), TestCaseError> {
        let entries = self.entries.iter().map(|(stamp, facts)| (stamp, facts.as_slice()));
        prop_assert_eq!(Case::fold(1, entries), Some(self.case));
        Ok(())
    }
}

/// Once the promised state is reached, one of the steps was done after the last reason for it:
/// an action, the opening, or having left the promised states.
fn kept(flow: &Workflow, promise: &Mandatory, case: &Case) -> Result<(), TestCaseError> {
    if !promise.before.contains(&case.state) {
        return Ok(());
    }
    let always = promise.since.is_empty();
    let once = promise.since.iter().any(|a| a == Mandatory::OPENING);
    let (mut from, mut state) = ((always || once).then_some(0), &flow.initial);
    for (n, deed) in case.deeds.iter().enumerate() {
        let next = match flow.action(&deed.action).map(|a| &a.to) {
            Some(Target::State(to)) => to,
            Some(Target::Same) | None => state,
        };
        let left = promise.before.contains(state) && !promise.before.contains(next);
        if promise.since.contains(&deed.action) || always && left {
            from = Some(n);
        }
        state = next;
    }
    let Some(from) = from else { return Ok(()) };
    let done = case.deeds.iter().skip(from).any(|d| promise.steps.contains(&d.action));
    let path: Vec<&str> = case.deeds.iter().map(|d| d.action.as_str()).collect();
    prop_assert!(done, "“{}” was left out on the way {path:?}", promise.name);
    Ok(())
}

fn moves(action: &Action, case: &Case) -> bool {
    matches!(&action.to, Target::State(to) if *to != case.state)
}

fn names_a_unit(flow: &Workflow, action: &Action) -> bool {
    let kinds = action.fields.iter().filter_map(|f| flow.fields.get(&f.code)).map(|f| &f.kind);
    kinds.into_iter().any(|kind| *kind == FieldKind::Unit)
}

fn given(
    ctx: Ctx<'_>,
    people: &People<'_>,
    flow: &Workflow,
    form: (&[FieldUse], &[Guard]),
    dice: &mut Dice,
) -> Result<Checked, TestCaseError> {
    let raw = fill(people, ctx.pack.date_of(ctx.now), flow, form, dice);
    check(ctx.pack, flow, form.0, &raw).map_err(|e| TestCaseError::fail(format!("{raw:?}: {e:?}")))
}

fn stamp(pack: &Pack, now: Timestamp, actor: &Actor) -> Stamp {
    Stamp { at: now, day: pack.date_of(now), by: By::from(actor) }
}

fn fail<T>(message: String) -> Result<T, TestCaseError> {
    Err(TestCaseError::fail(message))
}
