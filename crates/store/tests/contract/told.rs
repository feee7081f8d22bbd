//! What a table kept back stays so in every later release, by whatever unit and for whatever period.

use crate::{
    cast::*,
    raw,
    releases::{
        checked_by_another, does, draft, draft_for, press_leader, reasons, release, try_step,
    },
};
use domain::{
    case::CaseId,
    press::{Parts, Refused},
};
use testkit::{Appeal, Stand, unit};

testkit::both!(
    a_later_table_gives_nothing_away,
    a_text_that_gives_something_away_is_not_signed,
    what_stands_is_split_as_it_is_frozen,
    what_was_told_is_checked_with_everything_else,
);

async fn handed(stand: &Stand, n: usize, to: &str) {
    for i in 0..n {
        assigned(stand, &Appeal::new("1302", &format!("第{i}件")), to).await;
    }
}

async fn signed(stand: &Stand, body: &str) -> (CaseId, Vec<Parts>) {
    let today = stand.pack.date_of(stand.clock.now()).to_string();
    let case = draft_for(stand, body, &today).await;
    checked_by_another(stand, case).await;
    does(stand, (&press_leader(), case), "sign_now", &[]).await;
    let edition = release(stand, case).await.signed.remove(0).edition;
    (case, edition.tables.into_iter().map(|table| table.parts).collect())
}

/// Three appeals of March in the east, which a table of March keeps back; many in the other places.
async fn march(stand: &Stand) -> CaseId {
    handed(stand, 3, unit::EAST).await;
    handed(stand, 9, unit::WEST).await;
    let (case, tables) = signed(stand, "3月，收到诉求{appeals_received 2025-03}件").await;
    let [parts] = tables.as_slice() else { panic!("{tables:?}") };
    assert_eq!(parts.get(unit::EAST), Some(&None), "small");
    assert_eq!(parts.get(unit::WEST), Some(&None), "else the rest would tell it");
    assert_eq!(parts.get(unit::CITY), Some(&Some(0)));
    case
}

async fn a_later_table_gives_nothing_away(stand: Stand) {
    march(&stand).await;
    stand.clock.set("2025-04-08T10:00+08:00");
    handed(&stand, 30, unit::EAST).await;
    handed(&stand, 40, unit::WEST).await;
    // Nothing in the year is small, and nobody knows April yet.
    let (_, tables) = signed(&stand, "今年，收到诉求{appeals_received 2025}件").await;
    assert_eq!(tables[0].get(unit::EAST), Some(&Some(33)));
    assert_eq!(tables[0].get(unit::WEST), Some(&Some(49)));
    // Nothing in April is small either, but with the year it would tell March.
    let (_, tables) = signed(&stand, "4月，收到诉求{appeals_received 2025-04}件").await;
    assert!(tables.iter().all(|parts| parts.get(unit::EAST) == Some(&None)), "{tables:?}");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn what_stands_is_split_as_it_is_frozen(stand: Stand) {
    handed(&stand, 7, unit::EAST).await;
    handed(&stand, 9, unit::WEST).await;
    let (case, tables) = signed(&stand, "在办诉求{appeals_open 2025-03}件").await;
    let [parts] = tables.as_slice() else { panic!("{tables:?}") };
    assert_eq!(parts.get(unit::EAST), Some(&Some(7)));
    assert_eq!(parts.get(unit::WEST), Some(&Some(9)));
    let frozen = stand.page(case).await.case.frozen;
    assert_eq!(frozen[0].values[0].amount, parts.values().copied().sum::<Option<i64>>());
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_text_that_gives_something_away_is_not_signed(stand: Stand) {
    march(&stand).await;
    let own = "3月，东区收到诉求{appeals_received 2025-03 wf-990101}件";
    let case = draft(&stand, own).await;
    checked_by_another(&stand, case).await;
    let why = reasons(try_step(&stand, (&press_leader(), case), ("sign_now", &[])).await);
    assert_eq!(why, [Refused::Reveals { figure: "appeals_received".to_owned() }]);
    assert_eq!(stand.page(case).await.case.frozen.len(), 0, "nothing was frozen");
    // So would the other place tell it, whose number is not small at all.
    let other = draft(&stand, "3月，西县收到诉求{appeals_received 2025-03 wf-990121}件").await;
    checked_by_another(&stand, other).await;
    let why = reasons(try_step(&stand, (&press_leader(), other), ("sign_now", &[])).await);
    assert_eq!(why.len(), 1);
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn what_was_told_is_checked_with_everything_else(stand: Stand) {
    let case = march(&stand).await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
    let told =
        format!("UPDATE told_numbers SET amount = 3 WHERE case_id = {case} AND amount IS NULL");
    raw::run(&stand, &told).await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains("never told")), "{troubles:?}");
    raw::run(&stand, "DELETE FROM told_numbers").await;
    let troubles = stand.troubles().await;
    assert!(troubles.iter().any(|t| t.contains("is missing")), "{troubles:?}");
}
