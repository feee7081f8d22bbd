//! Changed rules: what is open goes on as it began, and moves only as somebody has seen and
//! confirmed it.

use crate::{cast::*, raw};
use domain::{
    case::{Case, Fact},
    clock::Span,
    pack::Pack,
};
use jiff::Timestamp;
use std::sync::Arc;
use store::{NoMove, db::WriteError};
use testkit::{Appeal, Stand, actor, unit};

testkit::both!(
    open_cases_keep_their_rules_until_they_are_moved,
    a_list_that_has_changed_moves_nothing,
    a_confirmed_move_survives_a_stop_and_repeats_nothing,
    rules_are_kept_once_and_come_back_whole,
);

/// The sample city with ten working days to sign instead of what it had.
fn changed() -> Pack {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    let mut pack = Arc::try_unwrap(packs::load(&dir).unwrap().pack).unwrap();
    let old = pack.rules.clone();
    "later".clone_into(&mut pack.rules.edition);
    let flow = pack.rules.workflows.get_mut("appeal").unwrap();
    let sign = flow.clocks.get_mut("sign").unwrap();
    sign.span = Span::WorkingDays(10);
    sign.by_grade.clear();
    pack.recall(old);
    pack
}

/// The same stand, served under the changed rules from now on.
async fn served(mut stand: Stand) -> Stand {
    stand.store.keep_rules(&stand.pack, stand.clock.now()).await.unwrap();
    stand.pack = Arc::new(changed());
    stand.store.keep_rules(&stand.pack, stand.clock.now()).await.unwrap();
    stand
}

fn sign_due(case: &Case) -> Timestamp {
    case.clocks["sign"].due()
}

async fn open_cases_keep_their_rules_until_they_are_moved(stand: Stand) {
    let old = stand.pack.edition.clone();
    let case = assigned(&stand, &Appeal::new("1302", "按老规矩"), unit::EAST).await;
    let fresh = to_triage(&stand, &Appeal::new("1302", "还没派"), "1302").await;
    let due = sign_due(&stand.page(case).await.case);
    let stand = served(stand).await;

    // Time goes on as before, for what runs and for what starts only now.
    assert_eq!(sign_due(&stand.page(case).await.case), due);
    stand.act(&dispatcher(), fresh, "dispatch_to", &[("unit", unit::EAST)]).await;
    let page = stand.page(fresh).await;
    assert_eq!((sign_due(&page.case), page.case.pack.as_str()), (due, old.as_str()));
    let newest = assigned(&stand, &Appeal::new("1302", "按新规矩"), unit::EAST).await;
    let later = sign_due(&stand.page(newest).await.case);
    assert!(later > due);
    assert_eq!(stand.troubles().await, Vec::<String>::new());

    let list = stand.store.move_list(&stand.pack, stand.clock.now()).await.unwrap();
    let listed: Vec<_> = list.cases.iter().map(|c| (c.case, c.shifts.len())).collect();
    assert_eq!(listed, [(case, 1), (fresh, 1)], "what was opened since needs no move");
    let first = &list.cases[0].shifts[0];
    assert_eq!((first.clock.as_str(), first.due, first.then), ("sign", due, later));
    assert_eq!(list.by_clock()[&("appeal", "sign")].len(), 2);
    assert_eq!(stand.store.carry_moves(&stand.pack, stand.clock.now(), 100).await.unwrap(), 0);
    assert_eq!(sign_due(&stand.page(case).await.case), due, "a list moves nothing");

    let admin = actor(90, unit::CITY, "system_admin");
    let now = stand.clock.now();
    let confirmed = stand.store.confirm_move(&stand.pack, now, &admin, (&list.id, "新办法")).await;
    assert_eq!(confirmed.unwrap(), 2);
    assert_eq!(sign_due(&stand.page(case).await.case), due, "a confirmation moves nothing yet");
    assert_eq!(stand.store.carry_moves(&stand.pack, now, 100).await.unwrap(), 2);
    for id in [case, fresh] {
        let page = stand.page(id).await;
        assert_eq!((sign_due(&page.case), page.case.pack.as_str()), (later, "later"));
        let facts = &page.entries.last().unwrap().facts;
        assert!(facts.contains(&Fact::Repacked { pack: "later".to_owned() }), "{facts:?}");
    }
    is_told(&stand).await;
}

/// What is known after both cases were moved.
async fn is_told(stand: &Stand) {
    let used = stand.store.editions_in_use().await.unwrap();
    assert_eq!(used.into_iter().collect::<Vec<_>>(), [("later".to_owned(), 3)]);
    let known = stand.store.move_progress(&stand.pack).await.unwrap().unwrap();
    assert_eq!((known.total, known.left, known.reason.as_str()), (2, 0, "新办法"));
    let deeds = "SELECT COUNT(*) FROM entries WHERE facts LIKE '%moved_cases%'";
    assert_eq!(raw::number(stand, deeds).await, 1, "a confirmation is a deed");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_list_that_has_changed_moves_nothing(stand: Stand) {
    let one = assigned(&stand, &Appeal::new("1302", "甲"), unit::EAST).await;
    let other = assigned(&stand, &Appeal::new("1302", "乙"), unit::EAST).await;
    let stand = served(stand).await;
    let (store, pack, now) = (&stand.store, &stand.pack, stand.clock.now());
    let by = domain::case::Actor::System;
    let list = store.move_list(pack, now).await.unwrap();

    let unsaid = store.confirm_move(pack, now, &by, (&list.id, "  ")).await;
    assert_eq!(unsaid, Err(WriteError::Refused(NoMove::NoReason)));
    stand.act(&east_handler(), one, "sign", &[]).await;
    for id in [list.id.as_str(), "", "zz", &"0".repeat(32), &"é".repeat(16)] {
        let refused = store.confirm_move(pack, now, &by, (id, "理由")).await;
        assert_eq!(refused, Err(WriteError::Refused(NoMove::Changed)), "{id}");
    }
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM moving").await, 0);

    // What changes after the confirmation is left out, the rest moves.
    let list = store.move_list(pack, now).await.unwrap();
    store.confirm_move(pack, now, &by, (&list.id, "理由")).await.unwrap();
    stand.act(&east_handler(), other, "sign", &[]).await;
    let before = stand.page(other).await.case;
    while store.carry_moves(pack, now, 1).await.unwrap() > 0 {}
    assert_eq!(stand.page(other).await.case, before);
    assert_eq!(stand.page(one).await.case.pack, "later");
    let next = store.move_list(pack, now).await.unwrap();
    assert_eq!(next.cases.iter().map(|c| c.case).collect::<Vec<_>>(), [other]);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_confirmed_move_survives_a_stop_and_repeats_nothing(stand: Stand) {
    for n in 0..5 {
        assigned(&stand, &Appeal::new("1302", &format!("第{n}件")), unit::EAST).await;
    }
    let stand = served(stand).await;
    let now = stand.clock.now();
    let by = actor(90, unit::CITY, "system_admin");
    let list = stand.store.move_list(&stand.pack, now).await.unwrap();
    let confirm = (list.id.as_str(), "新办法");
    stand.store.confirm_move(&stand.pack, now, &by, confirm).await.unwrap();
    assert_eq!(stand.store.carry_moves(&stand.pack, now, 2).await.unwrap(), 2);
    let stand = stand.reopened().await;
    let again = stand.store.confirm_move(&stand.pack, now, &by, confirm).await;
    assert_eq!(again.unwrap(), 5, "the same list is confirmed once");
    assert_eq!(stand.store.move_progress(&stand.pack).await.unwrap().unwrap().left, 3);
    let (one, other) = tokio::join!(
        stand.store.carry_moves(&stand.pack, now, 100),
        stand.store.carry_moves(&stand.pack, now, 100)
    );
    assert!(one.unwrap() + other.unwrap() >= 3);
    let moved = "SELECT COUNT(*) FROM entries WHERE facts LIKE '%repacked%'";
    assert_eq!(raw::number(&stand, moved).await, 5, "each case once");
    assert_eq!(stand.store.carry_moves(&stand.pack, now, 100).await.unwrap(), 0);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn rules_are_kept_once_and_come_back_whole(stand: Stand) {
    let now = stand.clock.now();
    stand.store.keep_rules(&stand.pack, now).await.unwrap();
    stand.store.keep_rules(&stand.pack, now).await.unwrap();
    let past = stand.store.past_rules().await.unwrap();
    assert_eq!(past.kept.len(), 1);
    let (kept, rules) = (&past.kept[0], &stand.pack.rules);
    assert_eq!(serde_json::to_value(kept).unwrap(), serde_json::to_value(rules).unwrap());
    assert_eq!(kept.workflows["appeal"].actions.len(), rules.workflows["appeal"].actions.len());
    assert_eq!(past.in_use.len(), 0);
    stand.open(&Appeal::new("1302", "一件")).await;
    let past = stand.store.past_rules().await.unwrap();
    assert_eq!(past.in_use[&stand.pack.edition], 1);
}
