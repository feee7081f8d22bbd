//! Keeping cases as long as the pack says, and no longer: the list, its name, the erasing that can
//! be stopped at any moment, the certificate.

use crate::{
    cast::*,
    erasure::{closed, wish},
    raw,
};
use domain::{
    case::{Actor, By},
    rights::{HOLD_REASON, Right, Wish},
};
use std::collections::BTreeMap;
use store::{NoExpiry, db::WriteError};
use testkit::{Appeal, Stand};

testkit::both!(
    what_was_kept_long_enough_goes_with_a_certificate,
    a_list_that_changed_is_not_carried_out,
    a_stop_in_the_middle_loses_nothing,
);

const LATER: &str = "2036-03-03T09:00+08:00";

async fn what_was_kept_long_enough_goes_with_a_certificate(stand: Stand) {
    let old = closed(&stand, &Appeal::new("1302", "十年前的事")).await;
    let stays = closed(&stand, &Appeal::new("1302", "有保全")).await;
    let asked = closed(&stand, &Appeal::new("1302", "有申请")).await;
    let open = handling(&stand, &Appeal::new("1302", "还在办")).await;
    let hold = Wish::Hold { basis: "legal_hold".to_owned() };
    wish(&stand, &east_leader(), stays, (hold, &[(HOLD_REASON, "调卷")])).await.unwrap();
    let copy = Wish::Ask { right: Right::Copy, field: None };
    wish(&stand, &Actor::Appellant(asked), asked, (copy, &[])).await.unwrap();

    let list = stand.store.expiry_list(&stand.pack, stand.clock.now()).await.unwrap();
    assert!(list.cases.is_empty(), "{list:?}");
    stand.clock.set("2035-03-03T09:00+08:00");
    let list = stand.store.expiry_list(&stand.pack, stand.clock.now()).await.unwrap();
    assert!(list.cases.is_empty(), "the last day is still kept");
    stand.clock.set("2035-03-04T09:00+08:00");
    let list = stand.store.expiry_list(&stand.pack, stand.clock.now()).await.unwrap();
    let found: Vec<(i64, &str)> = list.cases.iter().map(|c| (c.case, c.rule.as_str())).collect();
    assert_eq!((found, list.kept_back), (vec![(old, "ordinary")], 2));

    let now = stand.clock.now();
    assert_eq!(stand.store.confirm_expiry(&stand.pack, now, &list.id).await, Ok(1));
    while stand.store.carry_expiry(&stand.pack, now, 10).await.unwrap() > 0 {}
    assert_eq!(stand.store.certify(now).await.unwrap(), 1);
    let certificate = stand.store.certificate(1).await.unwrap().unwrap();
    assert_eq!((certificate.total, certificate.genuine, &certificate.by), (1, true, &By::System));
    assert_eq!(certificate.rules, BTreeMap::from([("ordinary".to_owned(), 1)]));
    assert_eq!(certificate.list, list.id);
    // Confirming again, and erasing again, changes nothing.
    assert_eq!(stand.store.confirm_expiry(&stand.pack, now, &list.id).await, Ok(1));
    assert_eq!(stand.store.carry_expiry(&stand.pack, now, 10).await.unwrap(), 0);
    assert!(stand.page(old).await.erased);
    for case in [stays, asked, open] {
        assert!(!stand.page(case).await.erased);
    }
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_list_that_changed_is_not_carried_out(stand: Stand) {
    let case = closed(&stand, &Appeal::new("1302", "一")).await;
    stand.clock.set(LATER);
    let now = stand.clock.now();
    let list = stand.store.expiry_list(&stand.pack, now).await.unwrap();
    for name in ["", "nonsense", &"0".repeat(32)] {
        let done = stand.store.confirm_expiry(&stand.pack, now, name).await;
        assert_eq!(done, Err(WriteError::Refused(NoExpiry::Changed)), "{name}");
    }
    assert_eq!(stand.store.confirm_expiry(&stand.pack, now, &list.id).await, Ok(1));
    // A hold that is set after the list was confirmed still keeps the case.
    let hold = Wish::Hold { basis: "review".to_owned() };
    wish(&stand, &east_leader(), case, (hold, &[(HOLD_REASON, "复查")])).await.unwrap();
    while stand.store.carry_expiry(&stand.pack, now, 10).await.unwrap() > 0 {}
    assert_eq!(stand.store.certify(now).await.unwrap(), 0, "nothing was erased");
    assert!(!stand.page(case).await.erased);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_stop_in_the_middle_loses_nothing(stand: Stand) {
    for n in 0..5 {
        closed(&stand, &Appeal::new("1302", &format!("第{n}件"))).await;
    }
    stand.clock.set(LATER);
    let now = stand.clock.now();
    let list = stand.store.expiry_list(&stand.pack, now).await.unwrap();
    stand.store.confirm_expiry(&stand.pack, now, &list.id).await.unwrap();
    assert_eq!(stand.store.carry_expiry(&stand.pack, now, 2).await.unwrap(), 2);
    assert_eq!(stand.store.certify(now).await.unwrap(), 0, "not before all are done");
    assert_eq!(stand.troubles().await, Vec::<String>::new(), "sound in between");
    let stand = stand.reopened().await;
    while stand.store.carry_expiry(&stand.pack, now, 2).await.unwrap() > 0 {}
    assert_eq!(stand.store.certify(now).await.unwrap(), 1);
    let certificate = stand.store.certificate(1).await.unwrap().unwrap();
    assert_eq!((certificate.total, certificate.list), (5, list.id));
    assert_eq!(raw::number(&stand, "SELECT COUNT(*) FROM cases WHERE key IS NOT NULL").await, 0);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
