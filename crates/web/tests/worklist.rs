//! The work list: what is in danger first, what waits for whom, and addresses that name no case.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod office;

use axum::http::StatusCode;
use office::{Office, Page};

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const DISPATCHER: &str = "dispatcher@hotline-9901";
const ARCHIVIST: &str = "archivist@hotline-9901";
const COUNTY: &str = "handler@wf-990101";
const CITY_LEADER: &str = "leader@wf-9901";

async fn office() -> Office {
    Office::open(Vec::new()).await
}

/// The numbers of the rows, in order.
fn numbers(page: &Page) -> Vec<String> {
    let rows = page.body.split("<a class=\"num\" href=\"/cases/").skip(1);
    rows.map(|row| row.split('"').next().unwrap().to_owned()).collect()
}

/// The address behind `next`, if there is one.
fn next(page: &Page) -> Option<String> {
    let (_, rest) = page.body.split_once("rel=\"next\" href=\"")?;
    Some(rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&"))
}

#[tokio::test]
async fn red_stands_above_what_is_long_overdue() {
    let office = office().await;
    let orange = [("category", "0103"), ("summary", "探望孩子")];
    let (late, _) = office.call(&orange).await;
    office.pass(10 * 3_600);
    let (red, _) = office.call(&[("risk.choking", "yes"), ("summary", "丈夫动手")]).await;
    let shown = office.get(TRIAGE, "/desk").await;
    assert_eq!(numbers(&shown), [red.clone(), late.clone()]);
    assert!(shown.has("需要立即处置的在最前") && shown.body.contains("grade-red"));
    let overdue = office.get(TRIAGE, "/desk?light=red").await;
    assert_eq!(numbers(&overdue), [late]);
}

#[tokio::test]
async fn the_first_list_is_what_waits_for_whoever_looks() {
    let office = office().await;
    let (number, _) = office.call(&[]).await;
    let listed = async |who: &str, path: &str| {
        let shown = office.get(who, path).await;
        assert_eq!(shown.status, StatusCode::OK, "{who} {path}");
        numbers(&shown).contains(&number)
    };
    let table = [
        // It waits for triage, whoever else of the unit may read it.
        (TRIAGE, "/desk", true),
        (TRIAGE, "/desk?own=me", true),
        (OPERATOR, "/desk", false),
        (OPERATOR, "/desk?own=me", false),
        (OPERATOR, "/desk?own=1", true),
        (OPERATOR, "/desk?own=0", true),
        (DISPATCHER, "/desk", false),
        // For whom nothing ever waits, the list is what the unit holds.
        (ARCHIVIST, "/desk", true),
        (ARCHIVIST, "/desk?own=me", false),
        // Who looks after others begins with everything.
        (CITY_LEADER, "/desk", true),
        (CITY_LEADER, "/desk?own=me", false),
    ];
    for (who, path, expected) in table {
        assert_eq!(listed(who, path).await, expected, "{who} {path}");
    }
    let mine = office.get(TRIAGE, "/desk").await;
    assert!(mine.body.contains("own=me\" aria-current=\"page\">要我办"), "{}", mine.body);
    assert!(mine.body.contains("<option value=\"me\" selected>要我办"));
    office.must(DISPATCHER, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    assert_eq!(office.state(&number).await, "assigned");
    for (who, path, expected) in [(TRIAGE, "/desk", false), (COUNTY, "/desk", true)] {
        assert_eq!(listed(who, path).await, expected, "{who} {path}");
    }
}

#[tokio::test]
async fn the_next_page_begins_where_the_last_one_ended() {
    let office = office().await;
    let mut all = Vec::new();
    for _ in 0..53 {
        all.push(office.call(&[]).await.0);
    }
    let first = office.get(TRIAGE, "/desk").await;
    let to = next(&first).unwrap();
    let second = office.get(TRIAGE, &to).await;
    let shown = [numbers(&first), numbers(&second)];
    assert_eq!((shown[0].len(), shown[1].len()), (50, 3));
    let mut found = shown.concat();
    found.sort();
    all.sort();
    assert_eq!(found, all, "each once");
    assert_eq!(next(&second), None);
    let digits = shown[0][49].replace('-', "");
    assert!(to.ends_with(&format!(".{}", &digits[2..10])), "{to}");
    for wrong in ["x", "1.2", "9.9.9", "-1.-1.-1"] {
        let shown = office.get(TRIAGE, &format!("/desk?after={wrong}")).await;
        assert_eq!((shown.status, shown.to.as_str()), (StatusCode::OK, ""), "{wrong}");
    }
}
