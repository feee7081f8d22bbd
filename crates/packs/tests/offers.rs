//! What is offered to whom, where the delivered appeal workflow and the rules of `domain` meet.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as loudly as the tests themselves")]

use std::{collections::BTreeMap, path::Path, sync::Arc};

use domain::{
    case::{Actor, By, Case, Fact, Staff, Stamp},
    clock::Clock,
    decide::{self, Ctx, Step},
    field::{Checked, Value},
    pack::Pack,
    refusal::Refusal,
};
use jiff::Timestamp;

fn sample() -> Arc<Pack> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    packs::load(&dir).unwrap().pack
}

fn now() -> Timestamp {
    "2026-03-02T02:00:00Z".parse().unwrap()
}

/// An appeal in a state, at a unit, with the answers of an earlier form.
fn appeal(pack: &Pack, state: &str, unit: &str, coded: &[(&str, &str)]) -> Case {
    let stamp = Stamp { at: now(), day: pack.date_of(now()), by: By::System };
    let opened = Fact::Opened {
        workflow: "appeal".to_owned(),
        programme: None,
        pack: pack.version.clone(),
        state: state.to_owned(),
        unit: unit.to_owned(),
        channel: "call".to_owned(),
        category: "0101".to_owned(),
        place: "990101100201".to_owned(),
        grade: "yellow".to_owned(),
        anonymous: false,
    };
    let mut case = Case::begin(1, &stamp, &opened).unwrap();
    let one = |(code, value): &(&str, &str)| ((*code).to_owned(), Value::One((*value).to_owned()));
    let coded: BTreeMap<_, _> = coded.iter().map(one).collect();
    case.apply(&stamp, &Fact::Given { coded, texts: Vec::new() });
    let span = "3wd".parse().unwrap();
    let clock = Clock::start("triage", now(), span, &pack.work_time).unwrap();
    case.clocks.insert("triage".to_owned(), clock);
    case
}

fn staff(unit: &str, role: &str) -> Actor {
    Actor::Staff(Staff { account: 1, unit: unit.to_owned(), roles: vec![role.to_owned()] })
}

fn offered(pack: &Pack, case: &Case, actor: &Actor) -> Vec<String> {
    let ctx = Ctx::bare(now(), pack, actor);
    decide::allowed(ctx, case).map(|a| a.code.clone()).collect()
}

/// An old answer must not hide the button whose own form asks the question again.
#[test]
fn a_form_that_asks_again_is_offered_whatever_was_answered_before() {
    let pack = sample();
    let visitor = staff("hotline-9901", "visitor");
    for result in ["1", "2", "3", "5"] {
        let case = appeal(&pack, "visiting", "hotline-9901", &[("result", result)]);
        let buttons = offered(&pack, &case, &visitor);
        for action in ["record_visit", "visit_dissatisfied"] {
            assert!(buttons.iter().any(|b| b == action), "{result}: {buttons:?}");
        }
        let buttons = offered(&pack, &case, &Actor::Appellant(1));
        assert!(buttons.iter().any(|b| b == "rate"), "{result}: {buttons:?}");
    }
}

/// A case goes only to a unit in which the role that must act next can be held.
#[test]
fn a_case_is_not_given_to_an_office_without_people_for_it() {
    let pack = sample();
    let dispatcher = staff("hotline-9901", "dispatcher");
    let cases = [
        ("wf-990101", true),
        ("wf-990101100201", true),
        ("police-990101", false),
        ("hotline-9901", false),
    ];
    for (unit, expected) in cases {
        let case = appeal(&pack, "triage", "hotline-9901", &[]);
        let ctx = Ctx::bare(now(), &pack, &dispatcher);
        let coded = BTreeMap::from([("unit".to_owned(), Value::One(unit.to_owned()))]);
        let given = Checked { coded, ..Checked::default() };
        let step = Step { action: "dispatch_to".to_owned(), given };
        match decide::act(ctx, &case, &step) {
            Ok(draft) => {
                assert!(expected, "{unit} was accepted");
                assert_eq!(draft.case.unit, unit);
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::NoUnit, "{unit}");
                assert!(!expected, "{unit} was refused");
            }
        }
    }
}
