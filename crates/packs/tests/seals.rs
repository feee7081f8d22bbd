//! No seal and no exclusion leaves a case to nobody: whatever is sealed, dismissed, barred or passed
//! on, somebody who knows of an open case can take its next step.

#[path = "matrix/cases.rs"]
#[allow(dead_code, reason = "the matrix needs more of it")]
mod cases;

use domain::{
    case::{Actor, Case, Staff},
    decide::{self, Ctx, Step},
    field::{self, Raw},
    guarded::Barred,
    pack::{Pack, Sensitivity, Standing},
    secrecy::{self, Change},
    workflow::Tone,
};
use jiff::Timestamp;
use std::{collections::BTreeSet, path::Path};

const WEST: &str = "wf-990121";
const HOTLINE: &str = "hotline-9901";

struct Scene {
    pack: std::sync::Arc<Pack>,
    case: Case,
    at: Timestamp,
}

fn staff(account: i64, unit: &str, role: &str) -> Staff {
    Staff { account, unit: unit.to_owned(), roles: vec![role.to_owned()] }
}

impl Scene {
    /// A case at the hotline, before triage.
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
        let pack = packs::load(&root).expect("a sound pack").pack;
        let standings = BTreeSet::from([Standing::Unit]);
        let wanted =
            cases::Wanted { standings, of: Sensitivity::Sensitive, kept: cases::Kept::No };
        let (case, _, at) = cases::build(&pack, &["triage"], &wanted).expect("a case");
        let mut scene = Self { pack, case, at };
        let triage = staff(1, HOTLINE, "triage");
        assert!(scene.act(&triage, "register", &[("category", "0201")]));
        assert!(scene.act(&triage, "to_triage", &[]));
        scene
    }

    fn ctx<'a>(&'a self, actor: &'a Actor) -> Ctx<'a> {
        Ctx { now: self.at, pack: &self.pack, actor, linked: None }
    }

    fn change(&mut self, by: &Staff, change: Change) -> bool {
        let actor = Actor::Staff(by.clone());
        let made = secrecy::change(self.ctx(&actor), &self.case, &change).map(|d| d.case);
        let taken = made.is_ok();
        if let Ok(case) = made {
            self.case = case;
        }
        taken
    }

    fn act(&mut self, by: &Staff, action: &str, fields: &[(&str, &str)]) -> bool {
        let actor = Actor::Staff(by.clone());
        let flow = self.pack.flow_of(&self.case).expect("a workflow");
        let mut raw = Raw::new();
        for (code, value) in fields {
            raw.insert((*code).to_owned(), vec![(*value).to_owned()]);
        }
        let uses = &flow.action(action).expect("an action").fields;
        let given = field::check(&self.pack, flow, uses, &raw).expect("a form");
        let step = Step { action: action.to_owned(), given };
        let made = decide::act(self.ctx(&actor), &self.case, &step).map(|d| d.case);
        let done = made.is_ok();
        if let Ok(case) = made {
            self.case = case;
        }
        done
    }

    /// Whether one of these people can bring the case on.
    fn goes_on(&self, people: &[&Staff]) -> bool {
        people.iter().any(|staff| {
            let actor = Actor::Staff((*staff).clone());
            decide::allowed(self.ctx(&actor), &self.case)
                .any(|a| a.tone != Tone::Quiet && a.to != domain::workflow::Target::Same)
        })
    }
}

#[test]
fn nobody_is_dismissed_who_alone_can_go_on() {
    let mut scene = Scene::new();
    let (triage, leader) = (staff(1, HOTLINE, "triage"), staff(2, WEST, "leader"));
    assert!(scene.change(&triage, Change::Seal { circle: vec![leader.clone()] }));
    let dismissed = scene.change(&triage, Change::Dismiss(triage.account));
    assert!(!dismissed || scene.goes_on(&[&leader]), "the case is left to nobody");
}

#[test]
fn no_unit_is_barred_that_alone_can_go_on() {
    let mut scene = Scene::new();
    let triage = staff(1, HOTLINE, "triage");
    let reviewer = staff(3, "wf-9901", "reviewer");
    assert!(scene.change(&triage, Change::Seal { circle: vec![reviewer.clone()] }));
    let barred = scene.change(&reviewer, Change::Bar(Barred::Unit(HOTLINE.to_owned())));
    assert!(!barred || scene.goes_on(&[&reviewer]), "the case is left to nobody");
}

#[test]
fn a_sealed_case_is_passed_on_only_to_somebody_who_knows_of_it() {
    let mut scene = Scene::new();
    let triage = staff(1, HOTLINE, "triage");
    assert!(scene.change(&triage, Change::Seal { circle: Vec::new() }));
    let passed = scene.act(&triage, "dispatch_to", &[("unit", WEST), ("instruction", "办")]);
    assert!(!passed || scene.goes_on(&[&triage]), "{} of {} waits for nobody", scene.case.state, scene.case.unit);
}
