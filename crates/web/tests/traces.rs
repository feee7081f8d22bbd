//! Who did what is remembered before the answer goes out, and told to those who may know it.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "the staff tests share it")]
mod office;

use axum::http::StatusCode;
use office::Office;
use store::Whose;

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const LEADER: &str = "leader@wf-9901";
const REVIEWER: &str = "reviewer@wf-990101";
const AUDITOR: &str = "audit_admin@wf-9901";
const SYSTEM: &str = "system_admin@wf-9901";

/// A sensitive case and an ordinary one, by number.
async fn two_cases(office: &Office) -> (String, String) {
    let hot = office.call(&[("category", "0201"), ("group", "02")]).await.0;
    let plain = office.call(&[("category", "0101"), ("group", "01")]).await.0;
    (hot, plain)
}

/// The kinds of deed of an account, newest first.
async fn kinds(office: &Office, who: &str) -> Vec<String> {
    let me = office.hire(who).await;
    let store = office.app.store();
    let staff = store.account_by_id(me).await.unwrap().unwrap().staff();
    let page = store.deeds(&office.app.pack(), &staff, &Whose::Account(me), None).await.unwrap();
    // Everybody has given the promise of confidentiality when they are hired.
    page.unwrap().lines.into_iter().map(|l| l.kind).filter(|kind| kind != "pledged").collect()
}

#[tokio::test]
async fn reading_is_remembered_for_sensitive_cases_only() {
    let office = Office::open(Vec::new()).await;
    let (hot, plain) = two_cases(&office).await;
    for (number, expected) in [(&plain, 0), (&hot, 1), (&hot, 2)] {
        let shown = office.get(TRIAGE, &format!("/cases/{number}")).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert_eq!(kinds(&office, TRIAGE).await.len(), expected, "{number}");
    }
    office.post(TRIAGE, "/search", &[("q", "不该留下的词")]).await;
    assert_eq!(kinds(&office, TRIAGE).await, ["searched", "read", "read"]);
    let report = office.app.store().verify(&office.app.pack()).await.unwrap();
    assert_eq!(report.troubles, []);
    let mine = office.get(TRIAGE, "/traces/mine").await;
    assert!(
        mine.has("查看事项") && mine.has(&hot) && !mine.has("不该留下的词"),
        "{}",
        mine.words()
    );
}

#[tokio::test]
async fn logging_in_and_out_is_remembered() {
    let office = Office::open(Vec::new()).await;
    office.hire(TRIAGE).await;
    for (name, password) in [(TRIAGE, "wrong"), ("nobody@x", "wrong"), (TRIAGE, office::PASSWORD)] {
        office.send(None, "/login", &[("username", name), ("password", password)]).await;
    }
    office.post(TRIAGE, "/logout", &[]).await;
    assert_eq!(kinds(&office, TRIAGE).await, ["logged_out", "logged_in", "log_in_failed"]);
    // A made-up name leaves a trace too, or the time of the answer would tell which names exist.
    let all = office.get(AUDITOR, "/traces").await;
    assert!(all.has("未知账号") && !all.has("nobody@x"), "{}", all.words());
}

#[tokio::test]
async fn supervisors_see_who_has_read_a_case() {
    let office = Office::open(Vec::new()).await;
    let (hot, plain) = two_cases(&office).await;
    office.get(TRIAGE, &format!("/cases/{hot}")).await;
    let path = format!("/cases/{hot}/readers");
    let shown = office.get(LEADER, &format!("/cases/{hot}")).await;
    assert!(shown.has(&path), "{}", shown.words());
    assert!(!office.get(LEADER, &format!("/cases/{plain}")).await.has("/readers"));
    assert!(!office.get(TRIAGE, &format!("/cases/{hot}")).await.has("/readers"));
    let readers = office.get(LEADER, &path).await;
    assert!(readers.has("triage某") && readers.has("leader某"), "{}", readers.words());
    assert_eq!(kinds(&office, LEADER).await[0], "audited", "the question is remembered too");
    for who in [TRIAGE, OPERATOR, AUDITOR, SYSTEM] {
        assert_eq!(office.get(who, &path).await.status, StatusCode::NOT_FOUND, "{who}");
    }
    // The reviewer of a county in which the case is not.
    assert_eq!(office.get(REVIEWER, &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_audit_administrator_sees_deeds_and_no_case() {
    let office = Office::open(Vec::new()).await;
    let (hot, _) = two_cases(&office).await;
    office.get(TRIAGE, &format!("/cases/{hot}")).await;
    let all = office.get(AUDITOR, "/traces").await;
    assert!(all.has("triage某") && all.has("查看事项") && all.has("代号"), "{}", all.words());
    assert!(!all.has(&hot) && !all.has("/cases/"), "{}", all.words());
    let account = office.hire(TRIAGE).await;
    let one = office.get(AUDITOR, &format!("/traces/people/{account}")).await;
    assert!(one.has("triage某的痕迹") && !one.has(&hot), "{}", one.words());
    for (who, path) in [
        (SYSTEM, "/traces".to_owned()),
        (TRIAGE, "/traces".to_owned()),
        (SYSTEM, format!("/traces/people/{account}")),
        (REVIEWER, format!("/traces/people/{account}")),
        (AUDITOR, "/traces/people/99999".to_owned()),
        (AUDITOR, "/traces/people/x".to_owned()),
    ] {
        assert_eq!(office.get(who, &path).await.status, StatusCode::NOT_FOUND, "{who} {path}");
    }
    assert!(office.get(AUDITOR, "/desk").await.has("href=\"/traces\""));
    assert!(!office.get(SYSTEM, "/desk").await.has("href=\"/traces\""));
}
