//! Reports that open by themselves: once, for every unit that owes them, whoever asks and how often.

use crate::{cast::*, raw};
use domain::case::{By, is_running};
use store::NewCase;
use testkit::{Appeal, Stand, checked, command_id, unit};

testkit::both!(
    a_report_opens_for_every_unit_when_its_period_has_ended,
    two_servers_open_each_report_once,
    a_report_that_nobody_prepares_climbs,
    what_ended_before_the_first_case_is_not_reported,
);

fn owing(stand: &Stand, form: &str) -> usize {
    let form = &stand.pack.forms[form];
    stand.pack.units.iter().filter(|unit| form.is_owed_by(unit)).count()
}

async fn opens(stand: &Stand) -> usize {
    stand.store.open_reports(&stand.pack, stand.clock.now()).await.unwrap()
}

/// The report of a unit, by the claim that lets it open one.
async fn report_of(stand: &Stand, unit: &str, form: &str, period: &str) -> i64 {
    let number = format!("{unit} {form} {period}");
    let found = stand.store.imported("only/report", &[&number]).await.unwrap();
    found[0].unwrap_or_else(|| panic!("{unit} has no report of {period}"))
}

async fn begun(stand: &Stand) {
    stand.clock.set("2025-03-12T02:00:00Z");
    assigned(stand, &Appeal::new("1302", "村里的路"), unit::EAST_TOWN).await;
}

async fn a_report_opens_for_every_unit_when_its_period_has_ended(stand: Stand) {
    begun(&stand).await;
    assert_eq!(opens(&stand).await, 0, "the month before had no case yet");
    // The last hour of the month in the city, and the first of the next.
    stand.clock.set("2025-03-31T15:30:00Z");
    assert_eq!(opens(&stand).await, 0);
    let uses = &stand.pack.workflow("report").unwrap().opening.fields;
    let by_hand = NewCase {
        command: command_id(),
        actor: town_handler(),
        workflow: "report".to_owned(),
        programme: None,
        given: checked("report", uses, &[("form", "monthly"), ("period", "2025-03")]),
        then: Vec::new(),
        files: Vec::new(),
        receipt: stand.store.receipt_for(&command_id()),
        imported: None,
    };
    let by_hand = stand.store.open_case(&stand.pack, stand.clock.now(), by_hand).await.unwrap();
    stand.clock.set("2025-03-31T16:30:00Z");
    assert_eq!(opens(&stand).await, owing(&stand, "monthly") - 1, "one was opened by hand");
    assert_eq!(opens(&stand).await, 0, "once is enough");
    let town = report_of(&stand, unit::EAST_TOWN, "monthly", "2025-03").await;
    assert_eq!(town, by_hand.done.case);
    let page = stand.page(report_of(&stand, unit::WEST, "monthly", "2025-03").await).await;
    assert_eq!((page.case.state.as_str(), page.case.unit.as_str()), ("draft", unit::WEST));
    assert_eq!(page.case.handling.as_deref(), Some(unit::WEST));
    assert!(page.case.clocks.get("prepare").is_some_and(is_running));
    assert_eq!(page.case.place, stand.pack.units.get(unit::WEST).unwrap().region);
    assert_eq!(page.entries[0].by, By::System);
    // A server that was off for months opens the newest period only; the year is over as well.
    stand.clock.set("2026-01-01T01:00:00Z");
    let all = ["monthly", "province_annual", "province_half"].map(|form| owing(&stand, form));
    assert_eq!(opens(&stand).await, all.iter().sum::<usize>());
    report_of(&stand, unit::CITY, "province_annual", "2025").await;
    report_of(&stand, unit::CITY, "monthly", "2025-12").await;
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn two_servers_open_each_report_once(stand: Stand) {
    begun(&stand).await;
    stand.clock.set("2025-04-01T01:00:00Z");
    let (one, other) = tokio::join!(opens(&stand), opens(&stand));
    let claims = "SELECT case_id FROM imports WHERE source = 'only/report'";
    assert_eq!(raw::rows(&stand, claims).await.len(), owing(&stand, "monthly"));
    assert_eq!(one + other, owing(&stand, "monthly"));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_report_that_nobody_prepares_climbs(stand: Stand) {
    begun(&stand).await;
    stand.clock.set("2025-04-01T01:00:00Z");
    opens(&stand).await;
    let case = report_of(&stand, unit::EAST_TOWN, "monthly", "2025-03").await;
    assert!(stand.page(case).await.case.climbed.is_empty());
    stand.clock.set("2025-04-14T01:00:00Z");
    stand.tick().await;
    assert!(stand.page(case).await.case.climbed.contains_key("prepare"));
}

async fn what_ended_before_the_first_case_is_not_reported(stand: Stand) {
    stand.clock.set("2025-04-02T01:00:00Z");
    assert_eq!(opens(&stand).await, 0, "nothing has begun");
    assigned(&stand, &Appeal::new("1302", "村里的路"), unit::EAST_TOWN).await;
    assert_eq!(opens(&stand).await, 0, "March was before the first case");
}
