//! No seal and no exclusion leaves a case to nobody: whatever is sealed, dismissed, barred or passed
//! on, somebody who knows of an open case can take its next step.

#[path = "matrix/cases.rs"]
#[allow(dead_code, reason = "the matrix needs more of it")]
mod cases;

use domain::{
    case::{Actor, By, Case, Fact, Staff, Stamp},
    decide::{self, Ctx, Draft, Step},
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
    /// Everybody of whom the circle may consist, as the store would bring them along.
    people: Vec<Staff>,
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
        let wanted = cases::Wanted { standings, of: Sensitivity::Sensitive, kept: cases::Kept::No };
        let (case, _, at) = cases::build(&pack, &["triage"], &wanted).expect("a case");
        let mut scene = Self { pack, case, at, people: Vec::new() };
        let triage = staff(1, HOTLINE, "triage");
        assert!(scene.act(&triage, "register", &[("category", "0201")]));
        assert!(scene.act(&triage, "to_triage", &[]));
        scene
    }

    fn ctx<'a>(&'a self, actor: &'a Actor) -> Ctx<'a> {
        Ctx { circle: Some(&self.people), ..Ctx::bare(self.at, &self.pack, actor) }
    }

    fn change(&mut self, by: &Staff, change: &Change) -> bool {
        match change {
            Change::Seal { circle } => self.people = [circle.clone(), vec![by.clone()]].concat(),
            Change::Admit(staff) => self.people.push(staff.clone()),
            _ => {}
        }
        let actor = Actor::Staff(by.clone());
        let made = secrecy::change(self.ctx(&actor), &self.case, change, &[]).map(|d| d.case);
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
    assert!(scene.change(&triage, &Change::Seal { circle: vec![leader.clone()] }));
    let dismissed = scene.change(&triage, &Change::Dismiss(triage.account));
    assert!(!dismissed || scene.goes_on(&[&leader]), "the case is left to nobody");
}

#[test]
fn no_unit_is_barred_that_alone_can_go_on() {
    let mut scene = Scene::new();
    let triage = staff(1, HOTLINE, "triage");
    let reviewer = staff(3, "wf-9901", "reviewer");
    assert!(scene.change(&triage, &Change::Seal { circle: vec![reviewer.clone()] }));
    let barred = scene.change(&reviewer, &Change::Bar(Barred::Unit(HOTLINE.to_owned())));
    assert!(!barred || scene.goes_on(&[&reviewer]), "the case is left to nobody");
}

#[test]
fn a_sealed_case_is_passed_on_only_to_somebody_who_knows_of_it() {
    let mut scene = Scene::new();
    let triage = staff(1, HOTLINE, "triage");
    assert!(scene.change(&triage, &Change::Seal { circle: Vec::new() }));
    let passed = scene.act(&triage, "dispatch_to", &[("unit", WEST), ("instruction", "办")]);
    assert!(
        !passed || scene.goes_on(&[&triage]),
        "{} of {} waits for nobody",
        scene.case.state,
        scene.case.unit
    );
}

impl Scene {
    /// A sealed case of the west that waits for its return visit, and who knows of it.
    fn visited(circle: &[Staff]) -> Self {
        let mut scene = Self::new();
        let by = By::Staff(9, WEST.to_owned());
        let stamp = Stamp { at: scene.at, day: scene.pack.date_of(scene.at), by };
        let (from, to) = (scene.case.state.clone(), "visiting".to_owned());
        let action = "approve_reply".to_owned();
        for fact in [
            Fact::Handling { unit: WEST.to_owned() },
            Fact::Acted { action, from, to },
            Fact::Sealed { circle: circle.iter().map(|s| s.account).collect() },
        ] {
            scene.case.apply(&stamp, &fact);
        }
        scene.people = circle.to_vec();
        scene
    }

    /// The person is not satisfied: the level above takes it up, says the workflow.
    fn dissatisfied(&self) -> Draft {
        let actor = Actor::Appellant(self.case.id);
        let flow = self.pack.flow_of(&self.case).expect("a workflow");
        let said = [("attitude", "1"), ("result", "1"), ("visit_note", "没有解决")];
        let raw: Raw = said.iter().map(|(f, v)| ((*f).to_owned(), vec![(*v).to_owned()])).collect();
        let action = flow.action("rate_dissatisfied").expect("an action");
        let given = field::check(&self.pack, flow, &action.fields, &raw).expect("a form");
        let step = Step { action: action.code.clone(), given };
        decide::act(self.ctx(&actor), &self.case, &step).expect("the person is never refused")
    }
}

/// Nobody of the level above knows of it: it goes to whoever in the circle can act.
#[test]
fn what_the_person_brings_goes_to_whoever_can_act() {
    let circle =
        [staff(1, HOTLINE, "triage"), staff(2, "wf-9901", "visitor"), staff(3, WEST, "handler")];
    let draft = Scene::visited(&circle).dissatisfied();
    assert_eq!((draft.case.state.as_str(), draft.case.unit.as_str()), ("handling", WEST));
    assert_eq!(draft.case.handling.as_deref(), Some(WEST));
    let above = [circle[0].clone(), circle[1].clone(), staff(4, "wf-9901", "handler")];
    let draft = Scene::visited(&above).dissatisfied();
    assert_eq!((draft.case.state.as_str(), draft.case.unit.as_str()), ("handling", "wf-9901"));
}

/// Nobody in the circle handles cases at all: they are told to let somebody in.
#[test]
fn a_circle_that_cannot_go_on_is_told() {
    let circle = [staff(1, HOTLINE, "triage"), staff(2, "wf-9901", "visitor")];
    let scene = Scene::visited(&circle);
    let draft = scene.dissatisfied();
    let told = Fact::Queued { message: scene.pack.secrecy.nobody_acts.clone() };
    assert!(draft.facts.contains(&told), "{:?}", draft.facts);
    let satisfied =
        Scene::visited(&[circle[0].clone(), circle[1].clone(), staff(3, WEST, "handler")]);
    assert!(!satisfied.dissatisfied().facts.contains(&told));
}

/// Whose it becomes when its owner leaves must know of it.
#[test]
fn a_sealed_case_is_handed_over_inside_the_circle() {
    let circle = [staff(1, HOTLINE, "triage"), staff(2, "wf-9901", "visitor")];
    let scene = Scene::visited(&circle);
    let actor = Actor::System;
    let to = |who: &Staff| domain::people::hand_over(scene.ctx(&actor), &scene.case, who).is_ok();
    assert!(to(&circle[1]));
    assert!(!to(&staff(7, "wf-9901", "visitor")));
}
