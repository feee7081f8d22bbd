//! Random walks over every workflow of every pack: whatever people do, in whatever order and
//! however late, the promises hold.

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
    decide::{self, Ctx, Draft, Open, Step},
    field::{Checked, FieldKind, check},
    pack::Pack,
    refusal::{Bar, Refusal},
    tick,
    workflow::{Action, FieldUse, Guard, Mandatory, State, StateKind, Target, Tone, Workflow},
};
use jiff::{SignedDuration, Timestamp};
use people::{Dice, People, Temper, everybody, fill, opener, somebody};
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

/// Every pack with a `pack.toml`, and the sample city.
fn packs() -> Vec<Arc<Pack>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = std::fs::read_dir(root.join("packs")).expect("packs");
    let mut dirs: Vec<PathBuf> = found.filter_map(|e| e.ok().map(|e| e.path())).collect();
    dirs.retain(|dir| dir.join("pack.toml").is_file());
    dirs.sort();
    dirs.push(root.join("crates/testkit/city"));
    dirs.iter().map(|dir| packs::load(dir).expect("a sound pack").pack).collect()
}

#[test]
fn no_walk_breaks_a_promise() {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let packs = packs();
    for pack in &packs {
        for flow in pack.workflows.values() {
            let done = walk_often(pack, flow);
            seen.entry(flow.code.clone()).or_default().extend(done);
        }
    }
    // Walks that never leave the first states would prove nothing.
    for flow in packs.iter().flat_map(|p| p.workflows.values()) {
        let missed: Vec<&str> = flow.actions.iter().map(|a| a.code.as_str()).collect();
        let missed: Vec<&str> =
            missed.into_iter().filter(|code| !seen[&flow.code].contains(*code)).collect();
        assert!(missed.len() * 3 < flow.actions.len(), "{}: never done: {missed:?}", flow.code);
    }
}

/// The actions that were done in all these walks together.
fn walk_often(pack: &Pack, flow: &Workflow) -> BTreeSet<String> {
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
        let mut walk = Walk::begin(pack, &people, flow, start, &mut Dice::new(dice))?;
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
    people: &'a People<'a>,
    flow: &'a Workflow,
    now: Timestamp,
    case: Case,
    /// Another case of the same workflow, into which this one may be merged.
    other: Case,
    entries: Vec<(Stamp, Vec<Fact>)>,
    /// What people like to do in this walk.
    temper: Temper,
}

impl<'a> Walk<'a> {
    fn begin(
        pack: &'a Pack,
        people: &'a People<'a>,
        flow: &'a Workflow,
        start: i64,
        dice: &mut Dice,
    ) -> Result<Self, TestCaseError> {
        let first: Timestamp = "2025-01-02T01:00:00Z".parse().expect("a time");
        let now = first + SignedDuration::from_mins(start);
        let mut open = |id| {
            let actor = opener(people, flow, dice);
            let ctx = Ctx { now, pack, actor: &actor, linked: None };
            let given = given(ctx, people, flow, (&flow.opening.fields, &[]), dice)?;
            let wish = Open { id, workflow: flow.code.clone(), programme: None, given };
            let draft = decide::open(ctx, &wish)
                .map_err(|e| TestCaseError::fail(format!("opening by {actor:?}: {e}")))?;
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
            people,
            flow,
            now,
            case: draft.case,
            other: other.case,
            entries,
            temper: Temper::new(dice),
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
        let Some((actor, action)) = self.choose(&mut dice) else { return Ok(true) };
        let ctx = Ctx { now: self.now, pack: self.pack, actor: &actor, linked: Some(&self.other) };
        let given =
            given(ctx, self.people, self.flow, (&action.fields, &action.guards), &mut dice)?;
        match decide::act(ctx, &self.case, &Step { action: action.code.clone(), given }) {
            Ok(draft) => {
                self.record(&actor, draft)?;
                self.promises()?;
                Ok(true)
            }
            // What the form says may be too much; what was offered must not fail otherwise.
            Err(
                Refusal::NotAllowed { why: Bar::Field | Bar::Grade, .. }
                | Refusal::OverLimit { .. }
                | Refusal::DateInPast(_)
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

    /// Lets time work until it has nothing more to say.
    fn tick(&mut self) -> Result<bool, TestCaseError> {
        for round in 0..4 {
            let draft = match tick::tick(self.now, self.pack, &self.case, Some(&self.other)) {
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
            let ctx = Ctx { now: self.now, pack: self.pack, actor: &actor, linked: None };
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

    fn somebody_can_go_on(&self) -> bool {
        everybody(self.pack, &self.case).iter().any(|actor| {
            let ctx = Ctx { now: self.now, pack: self.pack, actor, linked: None };
            decide::allowed(ctx, &self.case).any(|a| a.auto.is_none() && moves(a, &self.case))
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
