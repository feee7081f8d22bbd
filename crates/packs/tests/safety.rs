//! What the cities' data promise to people in danger, proved over every category and every grade.

#[allow(dead_code, reason = "the walks use more of it")]
mod people;

use std::path::Path;

use domain::{
    case::{Actor, Case, Fact, Stamp},
    decide::{self, Ctx, Open, Step},
    field::{Checked, Raw, Value, check},
    pack::Pack,
    refusal::{Bar, Refusal},
    tick,
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use people::everybody;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

static CITIES: LazyLock<Vec<Arc<Pack>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found =
        std::fs::read_dir(root.join("packs")).expect("packs").map(|e| e.expect("one").path());
    let cities = found.filter(|dir| dir.join("pack.toml").exists());
    let all = cities.chain([root.join("crates/testkit/city")]);
    all.map(|dir| packs::load(&dir).expect("a sound pack").pack).collect()
});

const NOW: &str = "2026-03-02T02:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

/// Categories of violence, by the handbook: domestic violence, harm to the person, harassment,
/// harm to children, danger to one's own life.
fn is_violence(code: &str) -> bool {
    let grave = ["0301", "0302", "0303", "0304", "0305", "1001", "1002", "1003", "1004", "1007"];
    code.starts_with("02") || code.starts_with("04") || grave.contains(&code) || code == "1101"
}

/// A case of this workflow, opened by staff and put where the test wants it.
fn case(pack: &Pack, flow: &str, category: &str) -> Case {
    let workflow = &pack.workflows[flow];
    let place = pack.regions.root().to_owned();
    let raw: Raw =
        [("channel", "visit"), ("category", category), ("summary", "某事"), ("place", &place)]
            .into_iter()
            .map(|(field, value)| (field.to_owned(), vec![value.to_owned()]))
            .collect();
    let given = check(pack, workflow, &workflow.opening.fields, &raw).expect("a good form");
    let role = if flow == "mediation" { "handler" } else { "operator" };
    let unit = pack.units.iter().find(|u| pack.can_hold(role, u)).expect("a unit").code.clone();
    let staff = domain::case::Staff { account: 1, unit, roles: vec![role.to_owned()] };
    let actor = Actor::Staff(staff);
    let ctx = Ctx::bare(now(), pack, &actor);
    let wish = Open { id: 1, workflow: flow.to_owned(), programme: None, given, unit: None };
    decide::open(ctx, &wish).expect("opened").case
}

/// Each step of a mediation that records a contact is open to somebody, and shut to them as soon as the
/// person must not be contacted.
#[test]
fn a_mediation_contacts_nobody_outside_the_plan() {
    const CONTACTS: [(&str, &str); 4] = [
        ("visiting", "try_contact"),
        ("visiting", "visit_performed"),
        ("visiting", "visit_broken"),
        ("guided", "visit_guided"),
    ];
    let one = |value: &str| Value::One(value.to_owned());
    for pack in CITIES.iter().filter(|p| p.workflows.contains_key("mediation")) {
        let flow = &pack.workflows["mediation"];
        for (state, code) in CONTACTS {
            let action = flow.action(code).expect("a step that contacts somebody");
            let performed = if code == "visit_broken" { "broken" } else { "full" };
            let coded =
                [("try_channel", "phone"), ("reach_way", "phone"), ("performed", performed)];
            let coded = coded.map(|(field, value)| (field.to_owned(), one(value)));
            let given = Checked { coded: coded.into(), ..Checked::default() };
            let mut case = case(pack, "mediation", "0102");
            state.clone_into(&mut case.state);
            let may = |case: &Case, actor: &Actor| {
                decide::permit(Ctx::bare(now(), pack, actor), case, action, Some(&given))
            };
            let open: Vec<Actor> =
                everybody(pack, &case).into_iter().filter(|a| may(&case, a).is_ok()).collect();
            assert!(!open.is_empty(), "nobody ever does {code}");
            case.flags.insert("unsafe_contact".to_owned());
            for actor in &open {
                let shut = may(&case, actor);
                assert!(matches!(shut, Err(Bar::Contact { .. })), "{code} {actor:?}: {shut:?}");
            }
        }
    }
}

/// In every state, with every grade, for everybody: no step of a joint mediation is offered in a
/// category of violence, whatever a leader has lowered.
#[test]
fn violence_is_never_mediated_jointly() {
    const JOINT: [&str; 4] = ["start", "session", "agree", "mediate_again"];
    let mut proved = 0;
    for pack in CITIES.iter().filter(|p| p.workflows.contains_key("mediation")) {
        let flow = &pack.workflows["mediation"];
        for action in JOINT {
            assert!(flow.action(action).is_some(), "{action} is gone: name the joint steps anew");
        }
        for category in pack.categories.values().filter(|c| is_violence(&c.code)) {
            assert!(category.sensitive, "{} {} must be sensitive", category.code, category.name);
            let mut case = case(pack, "mediation", &category.code);
            for state in &flow.states {
                for grade in &pack.risk.grades {
                    case.state.clone_from(&state.code);
                    case.grade.clone_from(&grade.code);
                    for actor in everybody(pack, &case) {
                        let ctx = Ctx::bare(now(), pack, &actor);
                        let joint =
                            decide::allowed(ctx, &case).find(|a| JOINT.contains(&a.code.as_str()));
                        assert!(joint.is_none(), "{joint:?} in {} {}", category.code, grade.code);
                        proved += 1;
                    }
                }
            }
        }
        // The rule can fail: a quarrel without violence is mediated.
        let mut quarrel = case(pack, "mediation", "0105");
        quarrel.state = "graded".to_owned();
        let free = everybody(pack, &quarrel).iter().any(|actor| {
            let ctx = Ctx::bare(now(), pack, actor);
            decide::allowed(ctx, &quarrel).any(|a| a.code == "start")
        });
        assert!(free, "nothing is mediated at all in {}", pack.code);
    }
    assert!(proved > 1_000, "{proved}");
}

/// Red at opening starts the day, tells the supervisor, and is offered to the handler at once.
#[test]
fn every_red_category_goes_straight_to_handling() {
    for pack in CITIES.iter() {
        for category in pack.categories.values().filter(|c| c.grade == "red") {
            let mut case = case(pack, "appeal", &category.code);
            assert!(case.clocks.contains_key("reach"), "{} waits for nobody", category.code);
            "registered".clone_into(&mut case.state);
            let urgent = everybody(pack, &case).iter().any(|actor| {
                let ctx = Ctx::bare(now(), pack, actor);
                decide::allowed(ctx, &case).any(|a| a.code == "urgent")
            });
            assert!(urgent, "{} {}", category.code, category.name);
        }
    }
}

/// Harm to a child owes the report from the first second, in each of its categories.
#[test]
fn harm_to_children_owes_the_report() {
    for pack in CITIES.iter() {
        for category in pack.categories.keys() {
            let owes =
                ["0205", "1001", "1002", "1003", "1004", "1007"].contains(&category.as_str());
            let case = case(pack, "appeal", category);
            assert_eq!(case.owed.contains("report"), owes, "{category}");
            for state in ["answered", "review", "visiting", "closed"] {
                let mut here = case.clone();
                here.state = "registered".to_owned();
                let flow = &pack.workflows["appeal"];
                let leads = |a: &&domain::workflow::Action| matches!(&a.to, domain::workflow::Target::State(to) if to == state);
                for action in flow.actions.iter().filter(leads) {
                    here.state.clone_from(&action.from[0]);
                    for actor in everybody(pack, &here) {
                        let ctx = Ctx::bare(now(), pack, &actor);
                        let bar = decide::permit(ctx, &here, action, None);
                        assert!(!owes || bar.is_err(), "{} in {category}", action.code);
                    }
                }
            }
        }
    }
}

fn with_order(pack: &Pack, expires: Date) -> Result<Case, Refusal> {
    let case = case(pack, "appeal", "0201");
    let mut case = case;
    "registered".clone_into(&mut case.state);
    let fields = [
        ("order_number", "1"),
        ("order_issued", "2026-03-01"),
        ("order_expires", &expires.to_string()),
        ("paper_issuer", "法院"),
    ];
    let raw: Raw = fields.into_iter().map(|(f, v)| (f.to_owned(), vec![v.to_owned()])).collect();
    let flow = &pack.workflows["appeal"];
    let uses = &flow.action("record_order").expect("an action").fields;
    let given = check(pack, flow, uses, &raw).expect("a good form");
    let unit = pack.units.iter().find(|u| pack.can_hold("operator", u)).expect("a unit");
    let staff =
        domain::case::Staff { account: 1, unit: unit.code.clone(), roles: vec!["operator".into()] };
    let actor = Actor::Staff(staff);
    let ctx = Ctx::bare(now(), pack, &actor);
    let step = Step { action: "record_order".to_owned(), given };
    decide::act(ctx, &case, &step).map(|draft| draft.case)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// However seldom or often time is asked, and through any number of restarts: an alarm comes
    /// once, on or after its day, nearer ones follow farther ones, and the last day is never missed.
    #[test]
    fn alarms_come_once_and_in_order(days in 0..180_i64, waits in proptest::collection::vec(1..40_000_i64, 1..40)) {
        let pack = &CITIES[2];
        let first = Date::constant(2026, 3, 2);
        let expires = first.checked_add(days.days()).expect("a day");
        let mut case = with_order(pack, expires).expect("recorded");
        let mut at = now();
        let mut told: Vec<u16> = Vec::new();
        for wait in waits {
            at += SignedDuration::from_mins(wait);
            if at.as_second() > "2026-12-01T00:00:00Z".parse::<Timestamp>().expect("a time").as_second() {
                break;
            }
            for _ in 0..2 {
                let Ok(draft) = tick::tick(at, pack, &case, (None, None)) else { continue };
                let stamp = Stamp { at, day: pack.date_of(at), by: domain::case::By::System };
                for fact in &draft.facts {
                    case.apply(&stamp, fact);
                    if let Fact::Alarmed { days, .. } = fact {
                        prop_assert!(told.last().is_none_or(|last| days < last), "{told:?} then {days}");
                        let left = stamp.day.until(expires).expect("days").get_days();
                        prop_assert!(left <= i32::from(*days), "{days} said with {left} left");
                        told.push(*days);
                    }
                }
                // What is stored is all there is: a restart begins from here.
                let stored = serde_json::to_string(&case).expect("json");
                case = serde_json::from_str(&stored).expect("a case");
            }
        }
        let over = at >= pack.end_of(expires.yesterday().expect("a day"));
        prop_assert_eq!(told.last() == Some(&0), over, "told {:?} at {} of {}", told, at, expires);
    }
}

/// The supervisor alone lowers a grade, in every state and for everybody else.
#[test]
fn only_a_supervisor_lowers_a_grade() {
    for pack in CITIES.iter() {
        let flow = &pack.workflows["appeal"];
        let mut case = case(pack, "appeal", "0201");
        case.grade = "red".to_owned();
        for state in &flow.states {
            case.state.clone_from(&state.code);
            for actor in everybody(pack, &case) {
                let ctx = Ctx::bare(now(), pack, &actor);
                let leader =
                    matches!(&actor, Actor::Staff(s) if s.roles.iter().any(|r| r == "leader"));
                for code in ["assess", "raise_grade", "lower_grade"] {
                    let action = flow.action(code).expect("an action");
                    let raw: Raw = [("grade", "green"), ("reason", "无"), ("risk", "choking=no")]
                        .into_iter()
                        .filter(|(f, _)| action.fields.iter().any(|u| u.code == *f))
                        .map(|(f, v)| (f.to_owned(), vec![v.to_owned()]))
                        .collect();
                    let given = check(pack, flow, &action.fields, &raw).expect("a good form");
                    let step = Step { action: code.to_owned(), given };
                    match decide::act(ctx, &case, &step) {
                        Ok(draft) if draft.case.grade != "red" => {
                            assert!(leader && code == "lower_grade", "{code} by {actor:?}");
                        }
                        Ok(_) => assert_eq!(code, "assess", "{actor:?}"),
                        Err(Refusal::NotAllowed { why, .. }) => {
                            assert!(matches!(why, Bar::Role | Bar::State | Bar::Grade), "{why:?}");
                        }
                        // The state was set by hand, and nobody there may hold its role.
                        Err(Refusal::NoUnit) => {}
                        Err(other) => panic!("{code}: {other:?}"),
                    }
                }
            }
        }
    }
}
