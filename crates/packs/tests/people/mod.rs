//! Who might touch a case, and what they might type. Everything follows from the dice.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    case::{Actor, Case, Staff},
    field::{Checked, Field, FieldKind, Meaning, Raw},
    figure::{Frozen, Look, Sample, asked},
    pack::{Every, Level, Pack, Unit},
    workflow::{Action, Code, FieldUse, Guard, Workflow},
};
use jiff::{ToSpan, civil::Date};

/// A small generator (`SplitMix64`), so that one number decides a whole step and can shrink.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).expect("small")).expect("small")
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// In each walk one of three actions are shunned as far as possible: a walk in which everybody
/// withdraws or marks never sees the end of the road.
pub struct Temper(u64);

impl Temper {
    pub fn new(dice: &mut Dice) -> Self {
        Self(dice.next())
    }

    /// Every other walk keeps to the usual next step.
    pub fn is_steady(&self) -> bool {
        self.0.is_multiple_of(2)
    }

    pub fn shuns(&self, action: &str) -> bool {
        let seed = action
            .bytes()
            .fold(self.0, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Dice(seed).one_in(3)
    }
}

/// A city as a walk needs it: everything that can be drawn by lot, counted once.
pub struct People<'a> {
    pack: &'a Pack,
    units: Vec<&'a str>,
    places: Vec<&'a str>,
    holders: BTreeMap<&'a str, Vec<&'a Unit>>,
}

impl<'a> People<'a> {
    pub fn of(pack: &'a Pack) -> Self {
        let holders = |role: &'a Code| {
            let units = pack.units.iter().filter(|u| pack.can_hold(role, u)).collect();
            (role.as_str(), units)
        };
        Self {
            pack,
            units: pack.units.iter().map(|u| u.code.as_str()).collect(),
            places: pack.regions.iter().map(|r| r.code.as_str()).collect(),
            holders: pack.roles.keys().map(holders).collect(),
        }
    }
}

/// Roles that may be held in a unit.
fn roles_in(pack: &Pack, unit: &Unit) -> Vec<Code> {
    pack.roles.keys().filter(|role| pack.can_hold(role, unit)).cloned().collect()
}

/// Units that have to do with the case: responsible, above, handling, asked for a part, hotline.
fn units_near<'a>(pack: &'a Pack, case: &Case) -> Vec<&'a Unit> {
    let tasks = case.tasks.iter().map(|t| t.unit.as_str());
    let own = [Some(case.unit.as_str()), case.handling.as_deref()];
    let starts: Vec<&str> = own.into_iter().flatten().chain(tasks).collect();
    let codes: BTreeSet<&str> =
        starts.iter().flat_map(|code| pack.units.upward(code)).map(|u| u.code.as_str()).collect();
    let mut near: Vec<&Unit> = codes.into_iter().filter_map(|c| pack.units.get(c)).collect();
    let desk = pack.units.of("hotline", Level::City, pack.regions.root());
    near.extend(desk);
    near
}

/// One of three people of a unit near the case, the resident, or the program.
pub fn somebody(pack: &Pack, case: &Case, dice: &mut Dice) -> Actor {
    if dice.one_in(10) {
        return Actor::Appellant(case.id);
    }
    if dice.one_in(40) {
        return Actor::System;
    }
    let near = units_near(pack, case);
    let own = pack.units.get(&case.unit).filter(|_| dice.one_in(3));
    let unit = own.or_else(|| dice.pick(&near).copied()).expect("a unit");
    let person = dice.below(3);
    let account = account(&unit.code, person);
    let mut roles = roles_in(pack, unit);
    // Two of three have one role only, as it should be.
    if person > 0 && !roles.is_empty() {
        let one = dice.below(roles.len());
        roles = vec![roles.swap_remove(one)];
    }
    Actor::Staff(Staff { account, unit: unit.code.clone(), roles })
}

/// Everybody works in one unit only.
fn account(unit: &str, person: usize) -> i64 {
    let number = unit.bytes().fold(7_u64, |sum, b| (sum * 31 + u64::from(b)) % 1_000_000_007);
    i64::try_from(number).expect("small") * 10 + i64::try_from(person).expect("small")
}

/// Somebody new in each unit near the case with all roles there, and the resident.
pub fn everybody(pack: &Pack, case: &Case) -> Vec<Actor> {
    let staff = units_near(pack, case).into_iter().map(|unit| {
        let roles = roles_in(pack, unit);
        Actor::Staff(Staff { account: -1, unit: unit.code.clone(), roles })
    });
    staff.chain([Actor::Appellant(case.id)]).collect()
}

/// Somebody who may open a case.
pub fn opener(people: &People<'_>, flow: &Workflow, dice: &mut Dice) -> Actor {
    let who = dice.pick(&flow.opening.by).expect("somebody may open");
    match who.role.as_str() {
        "citizen" => Actor::Public,
        "system" => Actor::System,
        role => {
            let unit = dice.pick(&people.holders[role]).expect("a unit");
            let account = account(&unit.code, dice.below(3));
            Actor::Staff(Staff { account, unit: unit.code.clone(), roles: vec![role.to_owned()] })
        }
    }
}

/// A unit for which the program may open a case: somebody there can go on with it.
pub fn home(people: &People<'_>, flow: &Workflow, dice: &mut Dice) -> Option<Code> {
    let role = flow.state(&flow.initial)?.responsible()?;
    dice.pick(people.holders.get(role)?).map(|unit| unit.code.clone())
}

/// A form filled in at random, but so that it could be meant.
pub fn fill(
    people: &People<'_>,
    today: Date,
    flow: &Workflow,
    (uses, guards): (&[FieldUse], &[Guard]),
    dice: &mut Dice,
) -> Raw {
    let mut raw = Raw::new();
    for one in uses {
        let wanted = guards.iter().find_map(|guard| match guard {
            Guard::FieldIn { field, values } if *field == one.code => Some(values),
            _ => None,
        });
        // Mostly what leads on, sometimes what is refused.
        let values = match wanted.filter(|_| !dice.one_in(4)) {
            Some(wanted) => vec![any(wanted.iter(), dice)],
            None if one.required || dice.one_in(2) => {
                values(people, today, (flow, &flow.fields[&one.code]), dice)
            }
            None => continue,
        };
        raw.insert(one.code.clone(), values);
    }
    let milestones = flow.targets().map(|target| &target.steps).find(|steps| !steps.is_empty());
    for (n, step) in milestones.into_iter().flatten().enumerate() {
        let fields = [Some(&step.on), Some(&step.value), step.what.as_ref()];
        // Meant whole, and seldom more than one: several at random lie on no way.
        let whole = n == 0 && dice.one_in(3);
        for code in fields.into_iter().flatten() {
            raw.remove(code);
            if whole && uses.iter().any(|one| one.code == *code) {
                let said = values(people, today, (flow, &flow.fields[code]), dice);
                raw.insert(code.clone(), said);
            }
        }
    }
    raw
}

fn values(
    people: &People<'_>,
    today: Date,
    (flow, field): (&Workflow, &Field),
    dice: &mut Dice,
) -> Vec<String> {
    let pack = people.pack;
    let one = match &field.kind {
        FieldKind::Line { .. } | FieldKind::Text { .. } => match field.meaning {
            Meaning::Phone => "13900000000".to_owned(),
            _ => "某事".to_owned(),
        },
        FieldKind::Choice(options) => dice.pick(options).expect("options").value.clone(),
        FieldKind::Choices(options) => {
            return options.iter().filter(|_| dice.one_in(2)).map(|o| o.value.clone()).collect();
        }
        FieldKind::Channel => any(pack.channels.keys(), dice),
        FieldKind::Category => any(pack.categories.keys(), dice),
        FieldKind::Grade => any(pack.risk.grades.iter().map(|g| &g.code), dice),
        FieldKind::Place => any(people.places.iter().copied(), dice),
        FieldKind::Unit => any(people.units.iter().copied(), dice),
        FieldKind::Units => {
            let n = 1 + dice.below(3);
            return (0..n).map(|_| any(people.units.iter().copied(), dice)).collect();
        }
        FieldKind::Case => "2".to_owned(),
        FieldKind::Date => {
            let late = if field.code == "until" { 150 } else { 0 };
            let days = i64::try_from(dice.below(120)).expect("small") + 1 + late;
            today.saturating_add(days.days()).to_string()
        }
        FieldKind::Time => format!("{:02}:{:02}", dice.below(24), dice.below(60)),
        FieldKind::Number { min, max } => {
            let width = usize::try_from(max - min + 1).expect("small");
            (min + i64::try_from(dice.below(width)).expect("small")).to_string()
        }
        // The period beside it is a month.
        FieldKind::Form => {
            let monthly = pack.forms.values().filter(|form| form.every == Every::Month);
            let codes: Vec<&Code> = monthly.map(|form| &form.code).collect();
            any(codes.into_iter(), dice)
        }
        FieldKind::Period if flow.promises() => "2025".to_owned(),
        FieldKind::Period => "2025-03".to_owned(),
        FieldKind::Figure => {
            let named = pack.figures.iter().filter(|f| f.may_be_named_by(flow));
            any(named.map(|f| &f.code).collect::<Vec<_>>().iter(), dice)
        }
        FieldKind::Figures => {
            let figure = any(pack.figures.iter().map(|f| &f.code).collect::<Vec<_>>().iter(), dice);
            return vec![format!("{figure} {} 2025-03", any(people.units.iter().copied(), dice))];
        }
        // What was drawn is known only to the case; the walk puts it there.
        FieldKind::Sample => "0.0.0=sound".to_owned(),
        FieldKind::Flag => any(["yes", "no", "no"].into_iter(), dice),
        FieldKind::Risk => {
            let calm = !dice.one_in(4);
            let answers = [if calm { "no" } else { "yes" }, "no", "no", "no", "no", "unknown"];
            let say = |code: &Code| format!("{code}={}", any(answers.into_iter(), dice));
            return pack.risk.questions.iter().map(|q| &q.code).map(say).collect();
        }
    };
    vec![one]
}

fn any<T: ToString>(from: impl ExactSizeIterator<Item = T>, dice: &mut Dice) -> String {
    let lot = dice.below(from.len());
    let mut from = from;
    from.nth(lot).expect("something to choose from").to_string()
}

/// What somebody says of the records of a sample: mostly that they are sound.
pub fn looks(pack: &Pack, case: &Case, dice: &mut Dice) -> Vec<String> {
    let Some(sample) = Sample::of(pack, case) else { return Vec::new() };
    let numbers = case.frozen[sample.freezing].values.len();
    let drawn = (0..numbers).flat_map(|n| sample.drawn(n).iter().map(move |place| (n, *place)));
    let all: Vec<(usize, u64)> = drawn.collect();
    let few = if dice.one_in(3) { 1 } else { all.len() };
    let found = |dice: &mut Dice, (n, place)| Look { n, place, sound: !dice.one_in(30) };
    all.into_iter().take(few).map(|at| found(dice, at).code(sample.freezing)).collect()
}

/// The numbers that an action freezes; what they say is nothing to the rules.
pub fn numbers(pack: &Pack, case: &Case, action: &Action, given: &Checked) -> Vec<Frozen> {
    let asked = action.effects.iter().flat_map(|effect| asked(pack, case, given, effect));
    let frozen = asked.map(|a| Frozen {
        period: a.period.code(),
        figure: a.figure,
        unit: a.unit,
        versions: vec![1],
        amount: Some(7),
        unknown: 0,
        records: 7,
        digest: String::new(),
    });
    frozen.collect()
}
