//! The page on which the administrator of the system sees what changed rules would move, and
//! confirms it.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "these tests use a part of the office")]
mod office;

use axum::http::StatusCode;
use domain::clock::Span;
use office::Office;
use packs::City;
use std::{path::Path, sync::Arc};
use testkit::Appeal;

const ADMIN: &str = "system_admin@wf-9901";
const OPERATOR: &str = "operator@hotline-9901";
const PAGE: &str = "/setup/moving";

/// The same city with a longer time to register.
fn changed() -> City {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    let mut city = packs::load(&dir).unwrap();
    let pack = Arc::get_mut(&mut city.pack).unwrap();
    let old = pack.rules.clone();
    "later".clone_into(&mut pack.rules.edition);
    let clock = pack.rules.workflows.get_mut("appeal").unwrap().clocks.get_mut("register");
    clock.unwrap().span = Span::WorkingDays(3);
    pack.recall(old);
    city
}

async fn opened(office: &Office) -> String {
    let new = Appeal::new("1302", "内容不在此页").new_case();
    let opened = office.app.store().open_case(&office.app.pack(), office.app.now(), new).await;
    opened.unwrap().number
}

#[tokio::test]
async fn the_list_is_confirmed_as_it_was_seen() {
    let office = Office::open(Vec::new()).await;
    let (one, other) = (opened(&office).await, opened(&office).await);
    let page = office.get(ADMIN, PAGE).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.has("没有需要变动的在办事项") && !page.has(&one));

    office.app.reload(changed());
    let page = office.get(ADMIN, PAGE).await;
    for words in [one.as_str(), &other, "2 件，2 个时限会变", "登记", "2026-01-08"] {
        assert!(page.has(words), "{words} in {}", page.body);
    }
    assert!(!page.has("内容不在此页"), "numbers and deadlines only");
    let list = page.value("list");

    let silent = office.post(ADMIN, PAGE, &[("list", &list), ("reason", " ")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.has("请写明理由"));
    let stale = office.post(ADMIN, PAGE, &[("list", &"0".repeat(32)), ("reason", "依据甲")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.has("依据甲") && stale.has(&one), "what was typed stays");
    assert!(office.get(ADMIN, PAGE).await.has(&one), "nothing was moved");

    let done = office.post(ADMIN, PAGE, &[("list", &list), ("reason", "依据甲")]).await;
    assert_eq!((done.status, done.to.as_str()), (StatusCode::SEE_OTHER, PAGE));
    let again = office.post(ADMIN, PAGE, &[("list", &list), ("reason", "依据甲")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "a second press does nothing twice");
    let page = office.get(ADMIN, PAGE).await;
    assert!(!page.has(&one) && page.has("共 2 件，已全部处理"), "{}", page.body);
    let case = office.get(OPERATOR, &format!("/cases/{one}")).await;
    assert!(case.has("改按现行规则办理") && case.has("2026-01-08"), "{}", case.body);
}

#[tokio::test]
async fn only_the_administrator_of_the_system_finds_the_page() {
    let office = Office::open(Vec::new()).await;
    assert!(office.get(ADMIN, "/setup").await.has("规则变更与在办事项"));
    for who in [OPERATOR, "leader@wf-9901", "security_admin@wf-9901", "audit_admin@wf-9901"] {
        assert_eq!(office.get(who, PAGE).await.status, StatusCode::NOT_FOUND, "{who}");
        let post = office.post(who, PAGE, &[("list", "x"), ("reason", "x")]).await;
        assert_eq!(post.status, StatusCode::NOT_FOUND, "{who}");
        assert!(!office.get(who, "/setup").await.has(PAGE), "{who}");
    }
    let session = office.session(ADMIN).await;
    let forged = office.send(Some(&session), PAGE, &[("list", "x"), ("reason", "x")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}
