//! Random walks over every workflow of every pack: whatever people do, in whatever order and
//! however late, the promises hold.

mod people;

use std::{
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
    workflow::{Action, Mandatory, StateKind, Target, Workflow},
};
use jiff::{SignedDuration, Timestamp};
use people::{Dice, everybody, fill, opener, somebody};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};

/// Walks for each workflow of each city; three cities and three workflows make over 300.
const WALKS: u32 = 150;
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
        4 => 1..240_i64,
        3 => 240..3 * 1440_i64,
        2 => 3 * 1440..14 * 1440_i64,
        1 => 14 * 1440..40 * 1440_i64,
    ];
    (wait, any::<u64>()).prop_map(|(wait, dice)| Turn { wait, dice })
}

fn packs() -> Vec<Arc<Pack>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = std::fs::read_dir(root.join("packs")).expect("packs");
    let mut dirs: Vec<PathBuf> = found.filter_map(|e| e.ok().map(|e| e.path())).collect();
    dirs.retain(|dir| dir.join("pack.toml").is_file());
    dirs.push(root.join("crates/testkit/city"));
    if let Ok(x) = std::env::var("WALK_ONLY") { dirs = vec![x.into()]; }
    dirs.iter().map(|dir| packs::load(dir).expect("a sound pack").pack).collect()
}

#[test]
fn no_walk_breaks_a_promise() {
    for pack in packs() {
        for flow in pack.workflows.values() {
            let config = Config { cases: WALKS, failure_persistence: None, ..Config::default() };
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let done = std::cell::RefCell::new(std::collections::BTreeMap::<String, u32>::new());
            let mut runner = TestRunner::new_with_rng(config, rng);
            let walks = (0..300 * 1440_i64, any::<u64>(), vec(turn(), STEPS));
            let result = runner.run(&walks, |(start, dice, turns)| {
                let mut walk = Walk::begin(&pack, flow, start, &mut Dice::new(dice))?;
                for turn in &turns {
                    if !walk.turn(turn)? {
                        break;
                    }
                }
                for deed in &walk.case.deeds { *done.borrow_mut().entry(deed.action.clone()).or_insert(0) += 1; }
                walk.end()
            });
            let done = done.borrow();
            for a in &flow.actions { println!("{:6} {}", done.get(&a.code).copied().unwrap_or(0), a.code); }
            if let Err(TestError::Fail(reason, walk)) = &result {
                panic!("{} {}: {reason}\nthe shortest such walk: {walk:?}", pack.code, flow.code);
            }
            assert!(result.is_ok(), "{result:?}");
        }
    }
}

struct Walk<'a> {
    pack: &'a Pack,
    flow: &'a Workflow,
    now: Timestamp,
    case: Case,
    /// Another case of the same workflow, into which this one may be merged.
    other: Case,
    entries: Vec<(Stamp, Vec<Fact>)>,
}

impl<'a> Walk<'a> {
    fn begin(
        pack: &'a Pack,
        flow: &'a Workflow,
        start: i64,
        dice: &mut Dice,
    ) -> Result<Self, TestCaseError> {
        let first: Timestamp = "2025-01-02T01:00:00Z".parse().expect("a time");
        let now = first + SignedDuration::from_mins(start);
        let mut open = |id| {
            let actor = opener(pack, flow, dice);
            let ctx = Ctx { now, pack, actor: &actor, linked: None };
            let given = given(ctx, flow, &flow.opening.fields, dice)?;
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
        let walk = Self { pack, flow, now, case: draft.case, other: other.case, entries };
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
        let given = given(ctx, self.flow, &action.fields, &mut dice)?;
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
                "{} was offered to {actor:?} in {} of {} and refused: {error:?}",
                action.code, self.case.state, self.case.unit
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

    /// Somebody, and one of the actions that are offered to them; mostly one that leads on.
    fn choose(&self, dice: &mut Dice) -> Option<(Actor, &'a Action)> {
        for _ in 0..12 {
            let actor = somebody(self.pack, &self.case, dice);
            let ctx = Ctx { now: self.now, pack: self.pack, actor: &actor, linked: None };
            let offered: Vec<&Action> = decide::allowed(ctx, &self.case)
                .filter(|a| a.auto.is_none())
                .filter_map(|a| self.flow.action(&a.code))
                .collect();
            let moving: Vec<&Action> =
                offered.iter().copied().filter(|a| moves(a, &self.case)).collect();
            let among = if moving.is_empty() || dice.one_in(3) { &offered } else { &moving };
            if let Some(action) = dice.pick(among) {
                let action: &'a Action = self.flow.action(&action.code)?;
                return Some((actor, action));
            }
        }
        None
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

    fn close_other(&mut self) {
        let closed = self.flow.states.iter().find(|s| !s.is_open()).expect("an end");
        self.other.state.clone_from(&closed.code);
    }

    fn promises(&self) -> Result<(), TestCaseError> {
        let Self { pack, flow, case, .. } = self;
        prop_assert!(case.keeps_promise(pack), "{} rests without a clock", case.state);
        prop_assert!(pack.units.get(&case.unit).is_some(), "{} is no unit", case.unit);
        for promise in &flow.mandatory {
            kept(promise, case)?;
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

/// Once the promised state is reached, one of the steps was done after the last reason for it.
fn kept(promise: &Mandatory, case: &Case) -> Result<(), TestCaseError> {
    if !promise.before.contains(&case.state) {
        return Ok(());
    }
    let last = case.deeds.iter().rposition(|d| promise.since.contains(&d.action));
    let Some(from) = last.or_else(|| promise.since.is_empty().then_some(0)) else {
        return Ok(());
    };
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
    flow: &Workflow,
    uses: &[domain::workflow::FieldUse],
    dice: &mut Dice,
) -> Result<Checked, TestCaseError> {
    let raw = fill(ctx, flow, uses, dice);
    check(ctx.pack, flow, uses, &raw).map_err(|e| TestCaseError::fail(format!("{raw:?}: {e:?}")))
}

fn stamp(pack: &Pack, now: Timestamp, actor: &Actor) -> Stamp {
    Stamp { at: now, day: pack.date_of(now), by: By::from(actor) }
}

fn fail<T>(message: String) -> Result<T, TestCaseError> {
    Err(TestCaseError::fail(message))
}
