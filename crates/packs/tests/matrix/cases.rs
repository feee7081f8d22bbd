//! A case and somebody who stands to it in exactly the wanted ways.

use domain::{
    case::{AccountId, By, Case, Fact, Staff, Stamp, Task, TaskEnd},
    clock::Clock,
    figure::Target,
    guarded::Barred,
    pack::{Pack, Sensitivity, Standing},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// The one who looks, and somebody else.
const ME: AccountId = 7;
const OTHER: AccountId = 8;

/// How somebody is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    No,
    ByName,
    WithUnit,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub standings: BTreeSet<Standing>,
    pub of: Sensitivity,
    pub kept: Kept,
}

/// Sets of standings that one person can have to one case at once. Everybody works for the city.
pub fn sets() -> Vec<BTreeSet<Standing>> {
    use Standing::{Above, Circle, City, Glass, Lead, Lent, Opener, Owner, Past, Task, Unit};
    let free = [Owner, Opener, Lead, Task, Past, Circle, Glass, Lent];
    let mut all = Vec::new();
    for bits in 0..1_u32 << free.len() {
        let chosen = free.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0);
        let chosen: BTreeSet<Standing> = chosen.map(|(_, s)| *s).collect();
        for place in [None, Some(Unit), Some(Above)] {
            // A unit that has the case now has not had it before only.
            if place == Some(Unit) && chosen.contains(&Past) {
                continue;
            }
            let mut set = chosen.clone();
            set.extend(place.into_iter().chain([City]));
            all.push(set);
        }
    }
    all
}

/// A unit in which the role may be held, the unit that is then responsible for `place`, and one
/// that has nothing to do with either.
pub fn units(pack: &Pack, role: &str, standing: &BTreeSet<Standing>) -> Option<[String; 2]> {
    let mine = pack.units.iter().filter(|u| pack.can_hold(role, u));
    for unit in mine {
        let responsible = if standing.contains(&Standing::Unit) {
            Some(unit)
        } else if standing.contains(&Standing::Above) {
            pack.units.children(&unit.code).next()
        } else {
            pack.units.iter().find(|u| !pack.units.covers(&unit.code, &u.code))
        };
        if let Some(responsible) = responsible {
            return Some([unit.code.clone(), responsible.code.clone()]);
        }
    }
    None
}

/// The case, the one who looks, and the instant at which they do.
pub fn build(pack: &Pack, role: &[&str], wanted: &Wanted) -> Option<(Case, Staff, Timestamp)> {
    let [mine, responsible] = units(pack, role.first()?, &wanted.standings)?;
    let at: Timestamp = "2026-01-05T02:00:00Z".parse().expect("an instant");
    let has = |s| wanted.standings.contains(&s);
    let by = |account| By::Staff(account, responsible.clone());
    let stamp =
        Stamp { at, day: pack.date_of(at), by: by(if has(Standing::Opener) { ME } else { OTHER }) };
    let kind = if has(Standing::Lead) { "project" } else { "appeal" };
    let flow = pack.workflows.values().find(|w| w.code == kind)?;
    let category = if wanted.of == Sensitivity::Ordinary { "1302" } else { "0201" };
    let opened = Fact::Opened {
        workflow: flow.code.clone(),
        programme: None,
        pack: pack.edition.clone(),
        state: flow.initial.clone(),
        unit: if has(Standing::Past) { mine.clone() } else { responsible.clone() },
        channel: "web".to_owned(),
        category: category.to_owned(),
        place: pack.regions.root().to_owned(),
        grade: "green".to_owned(),
        anonymous: false,
    };
    let mut case = Case::begin(1, &stamp, &opened)?;
    let mut tell = |fact: Fact| case.apply(&stamp, &fact);
    if has(Standing::Past) {
        tell(Fact::Assigned { unit: responsible.clone(), rule: None });
    }
    tell(Fact::Taken { account: if has(Standing::Owner) { ME } else { OTHER } });
    if has(Standing::Lead) {
        tell(Fact::Promised { target: target(&mine) });
    }
    if has(Standing::Task) {
        tell(Fact::TaskOpened { task: task(pack, at, &mine) });
    }
    if wanted.of == Sensitivity::Sealed {
        let inside = if has(Standing::Circle) { ME } else { OTHER };
        tell(Fact::Sealed { circle: BTreeSet::from([inside]) });
    }
    let soon = at + SignedDuration::from_mins(30);
    if has(Standing::Glass) {
        let reason = "danger_to_life".to_owned();
        tell(Fact::GlassBroken { account: ME, reason, until: soon, judge_by: soon });
    }
    if has(Standing::Lent) {
        tell(Fact::IdentityLent { account: ME, until: soon });
    }
    match wanted.kept {
        Kept::No => {}
        Kept::ByName => tell(Fact::Barred { who: Barred::Person(ME) }),
        Kept::WithUnit => tell(Fact::Barred { who: Barred::Unit(mine.clone()) }),
    }
    let roles = role.iter().map(|r| (*r).to_owned()).collect();
    Some((case, Staff { account: ME, unit: mine, roles }, at))
}

/// A target that this unit leads to.
fn target(unit: &str) -> Target {
    let day = |month| jiff::civil::date(2026, month, 1);
    Target {
        figure: "appeals_received".to_owned(),
        baseline: None,
        goal: 10,
        from: day(1),
        until: day(12),
        steps: Vec::new(),
        lead: Some(unit.to_owned()),
        budget: None,
    }
}

fn task(pack: &Pack, at: Timestamp, unit: &str) -> Task {
    let span = pack.workflows["appeal"].clocks.values().next().expect("a clock").span;
    let clock = Clock::start("co", at, span, &pack.work_time).expect("a clock");
    Task { id: 1, kind: "co".to_owned(), unit: unit.to_owned(), clock, end: None::<TaskEnd> }
}
