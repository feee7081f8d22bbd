//! The sentences of an article in a real city's pack, from a small ledger: they come out of the records
//! and change with them.

use domain::{
    access::Viewer,
    case::{Actor, CaseId, Staff},
    decide::Step,
    field::{self, Checked, Raw},
    pack::Pack,
    press::{self, Composed, Material, Refused, Setting, Template, Unsayable},
    workflow::FieldUse,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{Act, NewCase};
use testkit::{Stand, command_id};

testkit::both!(the_sentences_of_an_article_follow_their_records,);

/// A city with standing sentences about jobs, and its first units from the top down.
struct Place {
    pack: Arc<Pack>,
    city: String,
    county: String,
    town: String,
    region: String,
}

fn place() -> Place {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut dirs: Vec<PathBuf> = root.read_dir().unwrap().map(|dir| dir.unwrap().path()).collect();
    dirs.sort();
    let packs = dirs.iter().filter_map(|dir| packs::load(dir).ok()).map(|city| city.pack);
    let known = |pack: &Arc<Pack>| pack.press.sentences.iter().any(|s| s.code == "jobs_and_homes");
    let pack = packs.into_iter().find(known).expect("a city that says how many found work");
    let top = pack.units.iter().find(|u| u.parent.is_none()).unwrap();
    let below = |unit: &str| {
        let found = pack.units.children(unit).find(|u| u.kind == top.kind).unwrap();
        (found.code.clone(), found.region.clone())
    };
    let (city, (county, _)) = (top.code.clone(), below(&top.code));
    let (town, region) = below(&county);
    Place { pack: pack.clone(), city, county, town, region }
}

/// A form as the edge checks it, in the pack of this stand.
fn form(stand: &Stand, flow: &str, uses: &[FieldUse], fields: &[(&str, &str)]) -> Checked {
    let flow = stand.pack.workflow(flow).unwrap();
    let asked = |code: &str| uses.iter().any(|u| u.code == code);
    let mut raw = Raw::new();
    for (code, value) in fields.iter().filter(|(code, _)| asked(code)) {
        raw.entry((*code).to_owned()).or_default().push((*value).to_owned());
    }
    field::check(&stand.pack, flow, uses, &raw).unwrap_or_else(|faults| panic!("{faults:?}"))
}

async fn open(
    stand: &Stand,
    by: &Actor,
    (workflow, programme): (&str, &str),
    fields: &[(&str, &str)],
) -> CaseId {
    let uses = &stand.pack.workflow(workflow).unwrap().opening.fields;
    let new = NewCase {
        command: command_id(),
        actor: by.clone(),
        workflow: workflow.to_owned(),
        programme: Some(programme.to_owned()),
        given: form(stand, workflow, uses, fields),
        then: Vec::new(),
        files: Vec::new(),
        receipt: stand.store.receipt_for(&command_id()),
        imported: None,
    };
    stand.store.open_case(&stand.pack, stand.clock.now(), new).await.unwrap().done.case
}

async fn does(
    stand: &Stand,
    (by, case): (&Actor, CaseId),
    (workflow, action): (&str, &str),
    fields: &[(&str, &str)],
) {
    let uses = &stand.pack.workflow(workflow).unwrap().action(action).unwrap().fields;
    let steps =
        vec![Step { action: action.to_owned(), given: form(stand, workflow, uses, fields) }];
    let act = Act { command: command_id(), actor: by.clone(), case, steps, files: Vec::new() };
    let done = stand.store.act(&stand.pack, stand.clock.now(), act).await;
    done.unwrap_or_else(|no| panic!("{action} is refused: {no:?}"));
}

/// A woman at work; nobody has verified it yet.
async fn placed((stand, at): (&Stand, &Place), n: usize) -> CaseId {
    let name = format!("林某{n}");
    let fields = [
        ("worker_name", name.as_str()),
        ("employer", "家政服务企业，居家护理员"),
        ("started_on", "2023-06-01"),
        ("proof", "contract"),
        ("place", at.region.as_str()),
    ];
    open(stand, &actor_of(81, &at.town, &["handler"]), ("placement", "jobs"), &fields).await
}

async fn verified((stand, at): (&Stand, &Place), case: CaseId) {
    does(stand, (&actor_of(82, &at.county, &["reviewer"]), case), ("placement", "verify"), &[])
        .await;
}

/// A village that was named before the platform began.
async fn named((stand, at): (&Stand, &Place), awarded_on: &str) {
    let fields = [
        ("subject_kind", "village"),
        ("summary", "示范村"),
        ("place", at.region.as_str()),
        ("awarded_on", awarded_on),
        ("document_number", "妇发〔2023〕8号"),
    ];
    let both = actor_of(83, &at.county, &["handler", "reviewer"]);
    let case = open(stand, &both, ("recognition", "model_village"), &fields).await;
    does(stand, (&both, case), ("recognition", "take_over"), &fields).await;
    let city = actor_of(84, &at.city, &["reviewer"]);
    does(stand, (&city, case), ("recognition", "confirm_ledger"), &[]).await;
}

fn actor_of(account: i64, unit: &str, roles: &[&str]) -> Actor {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    Actor::Staff(Staff { account, unit: unit.to_owned(), roles })
}

/// A standing sentence of the city, as it reads with the records of now; `as_said` changes how its
/// numbers are said, because a small ledger has no 万.
async fn reads(
    (stand, at): (&Stand, &Place),
    code: &str,
    as_said: impl Fn(&str) -> String,
) -> Result<Composed, Vec<Refused>> {
    let sentence = stand.pack.press.sentences.iter().find(|s| s.code == code).unwrap();
    let text = as_said(&sentence.text);
    let template = Template::parse(&text).unwrap();
    let today = stand.pack.date_of(stand.clock.now());
    let who = (&*stand.pack, &Viewer::System);
    let numbers = stand.store.numbers_today(who, &at.city, &template, today).await.unwrap();
    let setting = Setting::of(&stand.pack, sentence.day);
    press::compose(&text, &Material { setting, numbers: &numbers, register: &[] })
}

async fn the_sentences_of_an_article_follow_their_records(mut stand: Stand) {
    let place = place();
    stand.pack = place.pack.clone();
    let at = (&stand, &place);
    stand.clock.set("2026-03-02T09:00+08:00");
    // Ten women at work: 余 is not true of exactly ten, and whoever is not verified is not counted.
    let jobs = |text: &str| {
        text.replace("{jobs_placed 2023 万2}", "{jobs_placed 2023 余1}")
            .replace("{homes_served 2023 万2}", "{homes_served 2023}")
    };
    let mut cases = Vec::new();
    for n in 0..11 {
        cases.push(placed(at, n).await);
    }
    for case in cases.iter().take(10) {
        verified(at, *case).await;
    }
    let refused = reads(at, "jobs_and_homes", jobs).await.unwrap_err();
    let [Refused::Unsayable { why: Unsayable::NotOver { .. }, fits, .. }] = refused.as_slice()
    else {
        panic!("{refused:?}")
    };
    assert!(fits.iter().any(|(_, words)| words == "10"), "{fits:?}");
    verified(at, cases[10]).await;
    let text = reads(at, "jobs_and_homes", jobs).await.unwrap().text;
    assert_eq!(text, "去年，全市安置妇女就业10余人次，服务家庭0户。");
    // As it stands it says 万, of which eleven have none: it is refused with what would be true.
    let refused = reads(at, "jobs_and_homes", str::to_owned).await.unwrap_err();
    let Some(Refused::Unsayable { fits, .. }) = refused.first() else { panic!("{refused:?}") };
    assert!(fits.contains(&("{jobs_placed 2023}".to_owned(), "11".to_owned())), "{fits:?}");

    // Villages so far, and those of one year: two numbers that are not the same.
    let villages = |text: &str| {
        text.replace(
            "{model_households_named to-2023-12 万1}",
            "{model_households_named to-2023-12}",
        )
    };
    for year in ["2019", "2021", "2023"] {
        named(at, &format!("{year}-05-01")).await;
    }
    named(at, "2024-05-01").await;
    let text = reads(at, "model_villages_and_households", villages).await.unwrap().text;
    assert!(text.contains("推动3个村、0个家庭"), "{text}");
    let text = reads(at, "model_villages_new", str::to_owned).await.unwrap().text;
    assert!(text.contains("新创建命名1个"), "{text}");
    named(at, "2024-06-01").await;
    let text = reads(at, "model_villages_new", str::to_owned).await.unwrap().text;
    assert!(text.contains("新创建命名2个"), "{text}");
    let text = reads(at, "model_villages_and_households", villages).await.unwrap().text;
    assert!(text.contains("推动3个村"), "what came later is not in the number so far: {text}");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
