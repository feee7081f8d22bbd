//! Nothing of an article is written in the program: records that are opened and verified over the API
//! change the sentence that the press desk reads.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod programs;

use programs::City;
use serde_json::json;

/// A standing sentence of the city about jobs, with one place of it.
const SENTENCE: &str = "今年，安置妇女就业{jobs_placed 2026 余1}人次。";

/// How the press desk reads the sentence now, as a page.
async fn tried(city: &City, token: &str) -> String {
    let csrf = city.app.store().session(token, city.app.now()).await.unwrap().unwrap().csrf;
    let encode = |text: &str| -> String {
        let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        bytes.concat()
    };
    let form = format!("csrf={csrf}&text={}&day=2026-03-10", encode(SENTENCE));
    let cookie = format!("staff={token}");
    let headers = [("cookie", &*cookie), ("content-type", "application/x-www-form-urlencoded")];
    let page = city.send("POST", "/releases/try", &headers, form).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

#[tokio::test]
async fn records_that_come_over_the_api_change_the_sentence() {
    let city = City::new().await;
    let pack = city.app.pack().clone();
    let top = city.top("wf");
    let below = |unit: &str| {
        let found = pack.units.children(unit).find(|u| u.kind == "wf").unwrap();
        (found.code.clone(), found.region.clone())
    };
    let (county, _) = below(&top);
    let (town, region) = below(&county);
    let (handler, reviewer) =
        (city.token("handler", &town).await, city.token("reviewer", &county).await);
    let leader = city.token("leader", &top).await;
    let verify = async |number: &str| {
        let path = format!("/api/v1/cases/{number}/actions/verify");
        let done = city.post_as(&reviewer, &path, &json!({})).await;
        assert_eq!(done.status, 200, "{}", done.text);
    };
    let mut numbers = Vec::new();
    for n in 0..11 {
        let body = json!({
            "workflow": "placement", "programme": "jobs",
            "fields": {
                "worker_name": format!("林某{n}"), "employer": "家政服务企业，居家护理员",
                "started_on": "2026-03-02", "proof": "contract", "place": region,
            },
        });
        let opened = city.post_as(&handler, "/api/v1/cases", &body).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        numbers.push(opened.json()["number"].as_str().unwrap().to_owned());
    }
    let page = tried(&city, &leader).await;
    assert!(!page.contains("安置妇女就业10余人次"), "nobody has verified any: {page}");
    for number in &numbers[..10] {
        verify(number).await;
    }
    let page = tried(&city, &leader).await;
    assert!(page.contains("实际数正好是 10，没有超过 10"), "{page}");
    verify(&numbers[10]).await;
    let page = tried(&city, &leader).await;
    assert!(page.contains("今年，安置妇女就业10余人次。"), "{page}");
    // What no record carries is said by no sentence.
    let path = format!("/api/v1/cases/{}/actions/verify", numbers[0]);
    city.post_as(&reviewer, &path, &json!({})).await.problem(409);
    assert!(tried(&city, &leader).await.contains("今年，安置妇女就业10余人次。"));
}
