//! Two people, one matter: merging, and closing together.

use crate::{cast::*, raw};
use domain::{access::Viewer, refusal::Refusal};
use testkit::{Appeal, Stand, unit};

testkit::both!(
    two_appellants_are_answered_together,
    a_note_does_not_put_the_closing_off,
    only_open_cases_can_be_merged_into,
    merging_into_one_another_at_once_leaves_one,
    a_case_merged_while_its_main_case_closes_is_not_forgotten,
);

async fn two_appellants_are_answered_together(stand: Stand) {
    let (one, two) = (Appeal::new("1302", "村里的路"), Appeal::new("1302", "还是那条路"));
    let main = stand.open(&one).await;
    let other = stand.open(&two).await;
    let (main_id, other_id) = (main.done.case, other.done.case);
    for case in [main_id, other_id] {
        stand.act(&operator(), case, "register", &[("category", "1302")]).await;
    }
    stand.act(&operator(), other_id, "merge", &[("main", &main.number)]).await;
    let merged = stand.page(other_id).await;
    assert_eq!(merged.case.main_case(), Some(main_id));
    assert_eq!(merged.case.state, "merged");
    assert_eq!(stand.page(main_id).await.merged, [other_id]);

    stand.act(&operator(), main_id, "to_triage", &[]).await;
    stand.act(&dispatcher(), main_id, "dispatch_to", &[("unit", unit::EAST)]).await;
    stand.act(&east_handler(), main_id, "sign", &[]).await;
    reply(&stand, main_id, &east_handler(), &east_reviewer()).await;
    assert_eq!(stand.tick().await, 0, "the main case is open");
    visited(&stand, main_id, &city_visitor(), "record_visit", "5").await;
    assert_eq!(stand.tick().await, 1);
    assert_eq!(stand.tick().await, 0);
    assert_eq!(stand.page(other_id).await.case.state, "closed");
    let told = format!("SELECT message FROM outbox WHERE case_id = {other_id} ORDER BY id");
    assert_eq!(raw::rows(&stand, &told).await, [["received"], ["merged"], ["closed"]]);

    for (appeal, opened) in [(&one, &main), (&two, &other)] {
        let found = stand.store.track(&stand.pack, &opened.number, appeal.receipt()).await.unwrap();
        assert_eq!(found, Some(opened.done.case));
        let own = stand.seen(&Viewer::Appellant(opened.done.case), opened.done.case).await.unwrap();
        assert_eq!(own.case.state, "closed");
    }
    let crossed = stand.store.track(&stand.pack, &main.number, two.receipt()).await.unwrap();
    assert_eq!(crossed, None, "the receipt of another case");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

/// The wake-up that the closed main case left must outlive what staff do before the tick.
async fn a_note_does_not_put_the_closing_off(stand: Stand) {
    let main = handling(&stand, &Appeal::new("1302", "主件")).await;
    let number = stand.page(main).await.number;
    let other = to_triage(&stand, &Appeal::new("1302", "从件"), "1302").await;
    stand.act(&triage(), other, "merge", &[("main", &number)]).await;
    reply(&stand, main, &east_handler(), &east_reviewer()).await;
    visited(&stand, main, &city_visitor(), "record_visit", "5").await;
    stand.act(&operator(), other, "note", &[("note", "来电询问进展")]).await;
    assert_eq!(stand.tick().await, 1);
    assert_eq!(stand.page(other).await.case.state, "closed");
}

async fn only_open_cases_can_be_merged_into(stand: Stand) {
    let closed = visiting(&stand, &Appeal::new("1302", "已办结")).await;
    visited(&stand, closed, &city_visitor(), "record_visit", "5").await;
    let main = to_triage(&stand, &Appeal::new("1302", "主件"), "1302").await;
    let merged = to_triage(&stand, &Appeal::new("1302", "从件"), "1302").await;
    let main_number = stand.page(main).await.number;
    stand.act(&triage(), merged, "merge", &[("main", &main_number)]).await;

    let case = to_triage(&stand, &Appeal::new("1302", "又一件"), "1302").await;
    let own = stand.page(case).await.number;
    let (closed, merged) = (stand.page(closed).await.number, stand.page(merged).await.number);
    for number in [own.as_str(), &closed, &merged, "25-0000-0000-0", "13800000000"] {
        let answer = stand.try_act(&triage(), case, "merge", &[("main", number)]).await;
        assert_eq!(refusal(answer), Refusal::BadLink("main".to_owned()), "{number}");
    }
    // A handler who may not know the other case cannot learn of it by merging.
    let theirs = handling(&stand, &Appeal::new("1302", "东区的件")).await;
    let western = to_triage(&stand, &Appeal::new("1302", "西县的件"), "1302").await;
    stand.act(&dispatcher(), western, "dispatch_to", &[("unit", unit::WEST)]).await;
    let number = stand.page(western).await.number;
    let answer = stand.try_act(&east_handler(), theirs, "merge", &[("main", &number)]).await;
    assert_eq!(refusal(answer), Refusal::BadLink("main".to_owned()));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn merging_into_one_another_at_once_leaves_one(stand: Stand) {
    for round in 0..5 {
        let one = to_triage(&stand, &Appeal::new("1302", "甲"), "1302").await;
        let two = to_triage(&stand, &Appeal::new("1302", "乙"), "1302").await;
        let (first, second) = (stand.page(one).await.number, stand.page(two).await.number);
        let (who, into_second, into_first) = (triage(), [("main", &*second)], [("main", &*first)]);
        let (a, b) = tokio::join!(
            stand.try_act(&who, one, "merge", &into_second),
            stand.try_act(&who, two, "merge", &into_first),
        );
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{round}: {a:?} {b:?}");
        let refused = if a.is_ok() { b } else { a };
        assert_eq!(refusal(refused), Refusal::BadLink("main".to_owned()));
    }
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_case_merged_while_its_main_case_closes_is_not_forgotten(stand: Stand) {
    for round in 0..6 {
        let main = visiting(&stand, &Appeal::new("1302", "主件")).await;
        let number = stand.page(main).await.number;
        let other = to_triage(&stand, &Appeal::new("1302", "从件"), "1302").await;
        let (who, fields) = (triage(), [("main", &*number)]);
        let visitor = city_visitor();
        let (merged, ()) = tokio::join!(
            stand.try_act(&who, other, "merge", &fields),
            visited(&stand, main, &visitor, "record_visit", "5"),
        );
        stand.tick().await;
        let state = stand.page(other).await.case.state;
        let expected = if merged.is_ok() { "closed" } else { "triage" };
        assert_eq!(state, expected, "{round}: {merged:?}");
    }
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
