//! Shuts doors through the real commands: seals a group of cases, keeps people and units out of
//! another.

use crate::{ground::Ground, plant::Grove};
use domain::{
    case::{Actor, CaseId, Staff},
    decide::Step,
    field::Checked,
    guarded::Barred,
    secrecy::Change,
};
use store::{Act, Guarding};
use testkit::{command_id, unit};

/// Words that nobody but the circle may read.
fn reason(group: crate::secret::Group) -> String {
    format!("{}庚不便公开的理由", group.stem())
}

async fn guard(ground: &Ground, case: CaseId, change: Change, reason: &str) {
    // Of a release before its hour the hotline knows nothing: there it is somebody who has a part in it.
    hand_in(ground, case).await;
    let officer = ground.person(unit::HOTLINE, &["triage"], 0).await;
    let (stand, now) = (&ground.stand, ground.stand.clock.now());
    let mut refused = Vec::new();
    for officer in [officer].into_iter().chain(ground.planters()) {
        let (command, actor) = (command_id(), Actor::Staff(officer));
        let guarding =
            Guarding { command, actor, case, change: change.clone(), reason: reason.to_owned() };
        match stand.store.guard(&stand.pack, now, guarding).await {
            Ok(_) => return,
            Err(no) => refused.push(no),
        }
    }
    // What never went out and waits for nobody is known to those alone who wrote it.
    let page = ground.stand.page(case).await;
    let early = domain::access::is_early(ground.pack(), &page.case);
    let over = early && !page.case.is_open(ground.pack());
    assert!(over, "{change:?} of {case}: {:?}", refused.first());
}

/// A release that is being drafted waits for whoever drafts it, who shuts no doors: it is handed in to
/// be checked.
async fn hand_in(ground: &Ground, case: CaseId) {
    let (stand, now) = (&ground.stand, ground.stand.clock.now());
    let page = stand.page(case).await;
    if page.case.workflow != "release" || !["draft", "correcting"].contains(&&*page.case.state) {
        return;
    }
    for writer in ground.planters() {
        let step = Step { action: "submit".to_owned(), given: Checked::default() };
        let (command, actor) = (command_id(), Actor::Staff(writer));
        let act = Act { command, actor, case, steps: vec![step], files: Vec::new() };
        if stand.store.act(&stand.pack, now, act).await.is_ok() {
            return;
        }
    }
}

/// Seals every case of a group; those who planted it are the circle.
pub async fn seal(ground: &Ground, grove: &Grove) {
    let circle: Vec<Staff> = ground.planters();
    for case in &grove.cases {
        let change = Change::Seal { circle: circle.clone() };
        guard(ground, case.id, change, &reason(grove.group)).await;
    }
}

/// Keeps these people out of every case of a group: of every other one by name, of the rest with
/// their units, where the unit is not that of the one who says so.
pub async fn exclude(ground: &Ground, grove: &Grove, people: &[Staff]) {
    for (n, case) in grove.cases.iter().enumerate() {
        let mut all: Vec<Barred> = Vec::new();
        for person in people {
            let with_unit =
                n % 2 == 1 && ![unit::HOTLINE, unit::CITY].contains(&person.unit.as_str());
            let who = if with_unit {
                Barred::Unit(person.unit.clone())
            } else {
                Barred::Person(person.account)
            };
            if !all.contains(&who) {
                all.push(who);
            }
        }
        for who in all {
            guard(ground, case.id, Change::Bar(who), &reason(grove.group)).await;
        }
    }
}
