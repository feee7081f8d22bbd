//! Random histories of sealed cases: whoever seals, lets in, dismisses, keeps out, passes on, leaves,
//! and whatever the person or the time brings, somebody in the circle can go on; or has been told to
//! let in somebody who can.

#[allow(dead_code, reason = "the walks need more of it")]
mod people;

use domain::{
    case::{Actor, Case, Fact, Staff},
    circle::{self, Hands},
    decide::{self, Ctx, Draft, Open, Step},
    field::{self, FieldKind},
    guarded::Barred,
    pack::Pack,
    refusal::Refusal,
    secrecy::{self, Change, Closed},
    tick,
    workflow::Workflow,
};
use jiff::{SignedDuration, Timestamp};
use people::{Dice, People, fill, opener};
use std::{collections::BTreeMap, path::Path};

const HISTORIES: u64 = 1500;
const STEPS: usize = 50;

struct History<'a> {
    pack: &'a Pack,
    flow: &'a Workflow,
    lots: &'a People<'a>,
    now: Timestamp,
    case: Case,
    /// Everybody who works here now.
    staff: Vec<Staff>,
    /// Whether the circle has been told that nobody in it can go on.
    told: bool,
    seen: &'a mut BTreeMap<&'static str, u32>,
}

/// One person for each role in a few units that have to do with one another.
fn staff(pack: &Pack) -> Vec<Staff> {
    let towns = pack.units.iter().filter(|u| u.level == domain::pack::Level::Town).take(2);
    let mut units: Vec<&str> =
        towns.flat_map(|t| pack.units.upward(&t.code)).map(|u| u.code.as_str()).collect();
    units.extend(pack.units.iter().filter(|u| u.kind == "hotline").map(|u| u.code.as_str()));
    units.sort_unstable();
    units.dedup();
    let mut all = Vec::new();
    for unit in units.iter().filter_map(|u| pack.units.get(u)) {
        for role in pack.roles.values().filter(|r| !r.grants.is_empty()) {
            if pack.can_hold(&role.code, unit) {
                let account = i64::try_from(all.len()).expect("few") + 1;
                let roles = vec![role.code.clone()];
                all.push(Staff { account, unit: unit.code.clone(), roles });
            }
        }
    }
    all
}

impl History<'_> {
    fn note(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn circle(&self) -> Option<Vec<Staff>> {
        let ids = self.case.guarded.circle.as_ref()?;
        Some(self.staff.iter().filter(|s| ids.contains(&s.account)).cloned().collect())
    }

    fn hands(&self) -> Hands {
        let ctx = Ctx::bare(self.now, self.pack, &Actor::System);
        circle::hands(ctx, &self.case, &self.circle().unwrap_or_default())
    }

    fn anybody(&self, dice: &mut Dice) -> Staff {
        let inside = self.circle().filter(|c| !c.is_empty() && !dice.one_in(5));
        dice.pick(&inside.unwrap_or_else(|| self.staff.clone())).expect("somebody").clone()
    }

    fn turn(&mut self, dice: &mut Dice) {
        self.now += SignedDuration::from_mins(i64::try_from(dice.below(3000)).expect("few"));
        let before = self.hands();
        let made = match dice.below(10) {
            0..=4 => self.act(dice),
            5..=7 => self.change(dice),
            8 => self.time(),
            _ => {
                self.leave(dice);
                None
            }
        };
        if let Some(draft) = made {
            let queued = Fact::Queued { message: self.pack.secrecy.nobody_acts.clone() };
            self.told |= draft.facts.contains(&queued);
            self.case = draft.case;
        }
        self.check(before);
    }

    fn check(&mut self, before: Hands) {
        match self.hands() {
            Hands::Held => self.told = false,
            Hands::Waits if self.told => self.note("told"),
            // What only the passing of time shuts is nobody's step.
            Hands::Waits if before == Hands::Waits => {}
            hands => panic!(
                "{hands:?}: {} of {} with {:?} after {:?}",
                self.case.state,
                self.case.unit,
                self.circle(),
                self.case.deeds.last()
            ),
        }
    }

    fn act(&mut self, dice: &mut Dice) -> Option<Draft> {
        let people = self.circle();
        let by = self.anybody(dice);
        let actor = if dice.one_in(6) { Actor::Appellant(self.case.id) } else { Actor::Staff(by) };
        let (now, pack) = (self.now, self.pack);
        let ctx = Ctx { circle: people.as_deref(), ..Ctx::bare(now, pack, &actor) };
        let offered: Vec<_> =
            decide::allowed(ctx, &self.case).filter(|a| a.auto.is_none()).collect();
        let action = *dice.pick(&offered)?;
        let uses = (&action.fields[..], &action.guards[..]);
        let mut raw = fill(self.lots, pack.date_of(now), self.flow, uses, dice);
        for (code, value) in &mut raw {
            if self.flow.fields[code].kind == FieldKind::Unit {
                *value = vec![dice.pick(&self.staff).expect("somebody").unit.clone()];
            }
        }
        let given = field::check(pack, self.flow, &action.fields, &raw).ok()?;
        let step = Step { action: action.code.clone(), given };
        match decide::act(ctx, &self.case, &step) {
            Ok(draft) => {
                self.note(if people.is_some() { "acted sealed" } else { "acted open" });
                Some(draft)
            }
            Err(Refusal::Secrecy(Closed::PassedToNobody)) => {
                assert!(matches!(actor, Actor::Staff(_)), "the person is never refused for it");
                self.note("passed to nobody");
                None
            }
            Err(_) => None,
        }
    }

    fn change(&mut self, dice: &mut Dice) -> Option<Draft> {
        let people = self.circle();
        let by = self.anybody(dice);
        let one = self.anybody(dice);
        let change = match dice.below(if people.is_some() { 10 } else { 3 }) {
            0 => Change::Bar(Barred::Unit(one.unit)),
            1 => Change::Bar(Barred::Person(one.account)),
            2 if people.is_none() => {
                Change::Seal { circle: (0..dice.below(5)).map(|_| self.anybody(dice)).collect() }
            }
            2 => Change::Unbar(Barred::Unit(one.unit)),
            3..=5 => Change::Admit(dice.pick(&self.staff).expect("somebody").clone()),
            6..=8 => Change::Dismiss(one.account),
            _ => Change::Unbar(Barred::Person(one.account)),
        };
        let actor = Actor::Staff(by);
        let (now, pack) = (self.now, self.pack);
        let ctx = Ctx { circle: people.as_deref(), ..Ctx::bare(now, pack, &actor) };
        match secrecy::change(ctx, &self.case, &change, &[]) {
            Ok(draft) => {
                self.note(match change {
                    Change::Seal { .. } => "sealed",
                    Change::Dismiss(_) => "dismissed",
                    Change::Bar(_) if people.is_some() => "kept out",
                    _ => "changed",
                });
                Some(draft)
            }
            Err(Refusal::Secrecy(Closed::NobodyGoesOn)) => {
                self.note("nobody goes on");
                None
            }
            Err(Refusal::Secrecy(Closed::NobodyAdmits)) => {
                self.note("nobody admits");
                None
            }
            Err(_) => None,
        }
    }

    fn time(&mut self) -> Option<Draft> {
        let people = self.circle();
        let unit = self.case.unit.clone();
        let made = tick::tick(self.now, self.pack, &self.case, (None, people.as_deref())).ok()?;
        if people.is_some() && made.case.unit != unit {
            self.note("time went elsewhere");
        }
        Some(made)
    }

    /// Somebody leaves, or goes down to another role, if the rule lets them.
    fn leave(&mut self, dice: &mut Dice) {
        let whom = self.anybody(dice);
        let Some(people) = self.circle() else { return };
        let ctx = Ctx::bare(self.now, self.pack, &Actor::System);
        let kept = if dice.one_in(2) { vec!["archivist".to_owned()] } else { Vec::new() };
        if !circle::may_give_up(ctx, &self.case, &people, (whom.account, &kept)) {
            self.note("may not leave");
            return;
        }
        self.staff.retain(|s| s.account != whom.account || !kept.is_empty());
        for me in self.staff.iter_mut().filter(|s| s.account == whom.account) {
            me.roles.clone_from(&kept);
        }
        self.note("left");
    }
}

#[test]
fn somebody_in_the_circle_can_always_go_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    let pack = packs::load(&root).expect("a sound pack").pack;
    let lots = People::of(&pack);
    let mut seen = BTreeMap::new();
    for flow in pack.workflows.values() {
        for seed in 0..HISTORIES {
            let mut dice = Dice::new(seed);
            let now: Timestamp = "2025-03-03T01:00:00Z".parse().expect("a time");
            let actor = opener(&lots, flow, &mut dice);
            let ctx = Ctx::bare(now, &pack, &actor);
            let uses = (&flow.opening.fields[..], &[][..]);
            let raw = fill(&lots, pack.date_of(now), flow, uses, &mut dice);
            let Ok(given) = field::check(&pack, flow, &flow.opening.fields, &raw) else { continue };
            let open =
                Open { id: 1, workflow: flow.code.clone(), programme: None, given, unit: None };
            let Ok(draft) = decide::open(ctx, &open) else { continue };
            let mut history = History {
                pack: &pack,
                flow,
                lots: &lots,
                now,
                case: draft.case,
                staff: staff(&pack),
                told: false,
                seen: &mut seen,
            };
            for _ in 0..STEPS {
                history.turn(&mut dice);
            }
        }
    }
    // Histories in which nothing is ever sealed, moved, told or refused would prove nothing.
    for what in [
        "sealed",
        "acted sealed",
        "dismissed",
        "kept out",
        "passed to nobody",
        "nobody goes on",
        "nobody admits",
        "may not leave",
        "left",
        "told",
    ] {
        assert!(seen.get(what).is_some_and(|n| *n > 20), "{what}: {seen:?}");
    }
}
