//! Messages that leave, as people at the program see them: the page of a case says what became of
//! each, the set-up pages say that there is no gateway, and only the system administrator deals
//! with what could not be sent.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[allow(dead_code, reason = "shared with tests that need more of it")]
mod office;

use axum::http::StatusCode;
use jiff::SignedDuration;
use office::Office;
use store::{Audience, Fate};
use testkit::Appeal;

const OPERATOR: &str = "operator@hotline-9901";
const ADMIN: &str = "system_admin@wf-9901";

/// An ordinary appeal of somebody who said this about being contacted.
async fn appeal(office: &Office, plan: &str) -> String {
    let appeal =
        Appeal::new("1302", "问路灯").with("contact_name", "金丝雀").with("safe_contact", plan);
    let (pack, now) = (office.app.pack(), office.app.now());
    office.app.store().open_case(&pack, now, appeal.new_case()).await.unwrap().number
}

/// Settles everything that is due as a gateway would have; answers how many letters were ready.
async fn deliver(office: &Office, fate: Fate) -> usize {
    let (store, pack, now) = (office.app.store(), office.app.pack(), office.app.now());
    let lease = SignedDuration::from_secs(60);
    let claimed = store.claim_messages(Audience::Persons, now, lease, 50).await.unwrap();
    let (mut fates, mut ready) = (Vec::new(), 0);
    for message in claimed {
        let letter = store.letter(&pack, now, &message).await.unwrap();
        ready += usize::from(letter.is_ok());
        fates.push((message, letter.err().unwrap_or_else(|| fate.clone())));
    }
    store.settle_messages(now, fates).await.unwrap();
    ready
}

#[tokio::test]
async fn whoever_waits_is_told_that_the_time_stands_still() {
    let office = Office::open(Vec::new()).await;
    let number = appeal(&office, "").await;
    let path = format!("/cases/{number}");
    office.must(OPERATOR, &number, "register", &[("category", "1302")]).await;
    office.must(OPERATOR, &number, "to_triage", &[]).await;
    office.must("triage@hotline-9901", &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must("handler@wf-990101", &number, "sign", &[]).await;
    let told = format!("您提交的编号{number}暂停计时");
    assert!(!office.get(OPERATOR, &path).await.has(&told));
    let pause = [("reason", "等待判决"), ("pause_until", "2026-02-02")];
    office.must("leader@wf-990101", &number, "suspend", &pause).await;
    let page = office.get(OPERATOR, &path).await;
    assert!(page.has(&told), "{}", page.words());
    // The text itself gives no reason away.
    assert!(!page.has(&format!("{told}，等待判决")));
}

#[tokio::test]
async fn a_case_says_what_became_of_its_messages() {
    let office = Office::open(Vec::new()).await;
    let plain = appeal(&office, "").await;
    let path = format!("/cases/{plain}");
    let page = office.get(OPERATOR, &path).await;
    assert!(page.has("没有发送：没有配置发送通道"), "{}", page.words());
    assert!(page.has("您提交的信息已收到"));

    office.app.connect([(Audience::Persons, "短信")]);
    assert!(office.get(OPERATOR, &path).await.has("等待发送"));
    let planned = appeal(&office, "只在周三").await;
    assert_eq!(deliver(&office, Fate::Sent).await, 1);
    assert!(office.get(OPERATOR, &path).await.has("已发送 2026-01-05"));
    let page = office.get(OPERATOR, &format!("/cases/{planned}")).await;
    assert!(page.has("没有发送：联系约定不允许"), "{}", page.words());
}

#[tokio::test]
async fn the_set_up_says_that_there_is_no_gateway() {
    let office = Office::open(Vec::new()).await;
    appeal(&office, "").await;
    let page = office.get(OPERATOR, "/setup/messages").await;
    assert!(page.has("没有配置：信息只留在队列里，没有发送") && page.has("[[gateway]]"));
    office.app.connect([(Audience::Persons, "短信"), (Audience::Units, "协同平台")]);
    let page = office.get(OPERATOR, "/setup/messages").await;
    assert!(page.has("协同平台") && !page.has("没有配置") && !page.has("[[gateway]]"));
    let metrics = office.get(OPERATOR, "/metrics").await;
    assert!(metrics.has("xiaohe_messages_queued{to=\"persons\"} 1"), "{}", metrics.words());
}

#[tokio::test]
async fn only_the_system_administrator_opens_a_dead_letter_again() {
    let office = Office::open(Vec::new()).await;
    let number = appeal(&office, "").await;
    let refused = Fate::Failed { why: "http_422".to_owned(), lasting: true };
    assert_eq!(deliver(&office, refused).await, 1);
    assert!(office.get(OPERATOR, "/metrics").await.has("xiaohe_messages_dead 1"));
    assert!(office.get(OPERATOR, &format!("/cases/{number}")).await.has("没有发出"));

    let page = office.get(ADMIN, "/setup/messages").await;
    assert!(page.has("http_422") && page.has("重新发送"), "{}", page.words());
    for hidden in [number.as_str(), "10000000001", "金丝雀", "路灯"] {
        assert!(!page.has(hidden), "{hidden}");
    }
    let id = page.value("id");
    let others = office.get(OPERATOR, "/setup/messages").await;
    assert!(others.has("有 1 条信息发不出去") && !others.has("http_422"));

    let retry = "/setup/messages/retry";
    let fields = [("id", id.as_str())];
    assert_eq!(office.post(OPERATOR, retry, &fields).await.status, StatusCode::NOT_FOUND);
    let done = office.post(ADMIN, retry, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!office.get(ADMIN, "/setup/messages").await.has("http_422"));
    assert_eq!(deliver(&office, Fate::Sent).await, 1);
    let bad = office.post(ADMIN, retry, &[("id", "x")]).await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
}
