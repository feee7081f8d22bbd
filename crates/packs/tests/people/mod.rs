//! Who might touch a case, and what they might type. Everything follows from the dice.

use std::collections::BTreeSet;

use domain::{
    case::{Actor, Case, Staff},
    decide::Ctx,
    field::{FieldKind, Meaning, Raw},
    pack::{Pack, Unit},
    workflow::{Code, FieldUse, Workflow},
};
use jiff::ToSpan;

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

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// Roles that may be held in a unit.
fn roles_in(pack: &Pack, unit: &Unit) -> Vec<Code> {
    let held = pack
        .roles
        .values()
        .filter(|r| r.kinds.contains(&unit.kind) && r.levels.contains(&unit.level));
    held.map(|r| r.code.clone()).collect()
}

/// Units that have to do with the case: responsible, above, handling, asked for a part, hotline.
fn units_near<'a>(pack: &'a Pack, case: &Case) -> Vec<&'a Unit> {
    let tasks = case.tasks.iter().map(|t| t.unit.as_str());
    let own = [Some(case.unit.as_str()), case.handling.as_deref()];
    let starts: Vec<&str> = own.into_iter().flatten().chain(tasks).collect();
    let codes: BTreeSet<&str> = starts
        .iter()
        .flat_map(|code| pack.units.upward(code))
        .map(|u| u.code.as_str())
        .collect();
    let mut near: Vec<&Unit> = codes.into_iter().filter_map(|c| pack.units.get(c)).collect();
    let desk = pack.units.of("hotline", domain::pack::Level::City, pack.regions.root());
    near.extend(desk.filter(|d| !codes_contain(&near, &d.code)));
    near
}

fn codes_contain(units: &[&Unit], code: &str) -> bool {
    units.iter().any(|u| u.code == code)
}

/// One of three people of a unit near the case, the resident, or the program.
pub fn somebody(pack: &Pack, case: &Case, dice: &mut Dice) -> Actor {
    if dice.one_in(8) {
        return Actor::Appellant(case.id);
    }
    if dice.one_in(40) {
        return Actor::System;
    }
    let near = units_near(pack, case);
    let unit = dice.pick(&near).expect("a unit");
    let person = dice.below(3);
    let place = pack.units.iter().position(|u| u.code == unit.code).expect("a unit");
    let account = i64::try_from(place * 10 + person).expect("small");
    let mut roles = roles_in(pack, unit);
    // Two of three have one role only, as it should be.
    if person > 0 && !roles.is_empty() {
        let one = dice.below(roles.len());
        roles = vec![roles.swap_remove(one)];
    }
    Actor::Staff(Staff { account, unit: unit.code.clone(), roles })
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
pub fn opener(pack: &Pack, flow: &Workflow, dice: &mut Dice) -> Actor {
    let who = dice.pick(&flow.opening.by).expect("somebody may open");
    match who.role.as_str() {
        "citizen" => Actor::Public,
        "system" => Actor::System,
        role => {
            let holds = |u: &&Unit| roles_in(pack, u).iter().any(|r| r == role);
            let units: Vec<&Unit> = pack.units.iter().filter(holds).collect();
            let unit = dice.pick(&units).expect("a unit");
            let account = 1_000_000 + i64::try_from(dice.below(3)).expect("small");
            Actor::Staff(Staff { account, unit: unit.code.clone(), roles: vec![role.to_owned()] })
        }
    }
}

/// A form filled in at random, but so that it could be meant.
pub fn fill(ctx: Ctx<'_>, flow: &Workflow, uses: &[FieldUse], dice: &mut Dice) -> Raw {
    let mut raw = Raw::new();
    for one in uses {
        if one.required || dice.one_in(2) {
            let field = &flow.fields[&one.code];
            raw.insert(one.code.clone(), values(ctx, &field.kind, field.meaning, dice));
        }
    }
    raw
}

fn values(ctx: Ctx<'_>, kind: &FieldKind, meaning: Meaning, dice: &mut Dice) -> Vec<String> {
    let pack = ctx.pack;
    let any = |codes: Vec<&str>, dice: &mut Dice| dice.pick(&codes).map(ToString::to_string);
    let one = match kind {
        FieldKind::Line { .. } | FieldKind::Text { .. } => Some(match meaning {
            Meaning::Phone => "13900000000".to_owned(),
            _ => "某事".to_owned(),
        }),
        FieldKind::Choice(options) => any(options.iter().map(|o| o.value.as_str()).collect(), dice),
        FieldKind::Channel => any(pack.channels.keys().map(String::as_str).collect(), dice),
        FieldKind::Category => any(pack.categories.keys().map(String::as_str).collect(), dice),
        FieldKind::Grade => any(pack.risk.grades.iter().map(|g| g.code.as_str()).collect(), dice),
        FieldKind::Place => any(pack.regions.iter().map(|r| r.code.as_str()).collect(), dice),
        FieldKind::Unit => any(pack.units.iter().map(|u| u.code.as_str()).collect(), dice),
        FieldKind::Units => {
            let codes: Vec<&str> = pack.units.iter().map(|u| u.code.as_str()).collect();
            let n = 1 + dice.below(3);
            return (0..n).filter_map(|_| dice.pick(&codes).map(ToString::to_string)).collect();
        }
        FieldKind::Case => Some("2".to_owned()),
        FieldKind::Date => {
            let days = i64::try_from(dice.below(120)).expect("small") + 1;
            Some(pack.date_of(ctx.now).saturating_add(days.days()).to_string())
        }
        FieldKind::Number { min, max } => {
            let width = usize::try_from(max - min + 1).expect("small");
            Some((min + i64::try_from(dice.below(width)).expect("small")).to_string())
        }
        FieldKind::Flag => any(vec!["yes", "no", "no"], dice),
        FieldKind::Risk => {
            let answers = ["yes", "no", "no", "no", "no", "unknown"];
            let asked = pack.risk.questions.iter().filter(|q| !q.code.is_empty());
            let mut said = Vec::new();
            for question in asked {
                if let Some(answer) = dice.pick(&answers) {
                    said.push(format!("{}={answer}", question.code));
                }
            }
            return said;
        }
    };
    one.into_iter().collect()
}
