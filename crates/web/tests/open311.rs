//! Open311 `GeoReport` v2 from outside, in both forms.
//!
//! Third parties: `e2e/open311.test.mjs` lets the client library `georeport` 0.3.1 talk to the
//! running program. The names of all elements were compared with the fixtures of the standard.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod programs;

use programs::{City, START};
use serde_json::Value;
use std::sync::atomic::Ordering;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn post(city: &City, form: &str, body: &str) -> programs::Answer {
    city.send("POST", &format!("/open311/v2/requests.{form}"), &[FORM], body.to_owned()).await
}

/// The value between the first pair of these marks.
fn inner<'a>(xml: &'a str, name: &str) -> &'a str {
    let after = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {xml}")).1;
    after.split_once(&format!("</{name}>")).unwrap().0
}

async fn praise(city: &City) -> String {
    let answer = post(city, "json", "api_key=demo&service_code=praise&description=x").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()[0]["service_request_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_offered_can_be_read_in_both_forms() {
    let city = City::demo().await;
    let json = city.get("/open311/v2/services.json").await;
    assert_eq!(json.kind(), "application/json; charset=utf-8");
    let services = json.json();
    assert_eq!(services.as_array().unwrap().len(), city.app.city().services.len());
    let xml = city.get("/open311/v2/services.xml").await;
    assert_eq!(xml.kind(), "text/xml; charset=utf-8");
    assert_eq!(xml.text.matches("<service>").count(), services.as_array().unwrap().len());
    for service in services.as_array().unwrap() {
        let code = service["service_code"].as_str().unwrap();
        let json = city.get(&format!("/open311/v2/services/{code}.json")).await.json();
        assert_eq!(json["service_code"], code);
        let attributes = json["attributes"].as_array().unwrap();
        assert_eq!(service["metadata"], !attributes.is_empty());
        let xml = city.get(&format!("/open311/v2/services/{code}.xml")).await.text;
        assert_eq!(inner(&xml, "service_code"), code);
        assert_eq!(xml.matches("<attribute>").count(), attributes.len());
    }
    for path in ["/open311/discovery.xml", "/open311/v2/discovery.xml"] {
        let answer = city.send("GET", path, &[("host", "city.example:8080")], "").await;
        assert_eq!(inner(&answer.text, "url"), "http://city.example:8080/open311/v2");
    }
    let odd = [("host", "a<b>\"")];
    let answer = city.send("GET", "/open311/discovery.json", &odd, "").await.json();
    assert_eq!(answer["endpoints"][0]["url"], "/open311/v2");
}

#[tokio::test]
async fn a_request_is_sent_and_only_its_progress_is_public() {
    let city = City::demo().await;
    let body = "api_key=demo&service_code=nursing_room&description=Secret%20story&lat=36.6&long=117\
        &first_name=Hua&last_name=Wang&phone=13800001234&email=hua%40mail.example\
        &address_string=Hidden%20road&attribute%5Bplace_name%5D=Park\
        &attribute%5Bproblem%5D=closed&media_url=https%3A%2F%2Fimg.example%2F1.jpg";
    let sent = post(&city, "xml", body).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    let number = inner(&sent.text, "service_request_id").to_owned();
    for path in [
        format!("/open311/v2/requests/{number}.xml"),
        format!("/open311/v2/requests.xml?service_request_id={number}"),
        "/open311/v2/requests.xml".to_owned(),
    ] {
        let seen = city.get(&path).await.text;
        assert_eq!(inner(&seen, "service_request_id"), number);
        assert_eq!(inner(&seen, "status"), "open");
        assert_eq!(inner(&seen, "requested_datetime"), "2026-03-10T02:00:00Z");
        assert!(seen.contains("<address/>") && seen.contains("<lat/>"));
        for secret in ["Secret", "Hua", "1380000", "mail.example", "Hidden", "117", "img.example"] {
            assert!(!seen.contains(secret), "{secret} in {seen}");
        }
    }
    let token = city.token("operator", &city.top("hotline")).await;
    let case = city.get_as(&token, &format!("/api/v1/cases/{number}")).await.json();
    let texts = &case["timeline"][0]["texts"]["open"];
    let story = texts["narrative"].as_str().unwrap();
    for part in ["Secret story", "Park", "36.6", "https://img.example/1.jpg"] {
        assert!(story.contains(part), "{part} in {story}");
    }
    assert_eq!(texts["contact_name"], "W某某");
    assert_eq!(texts["address"], "Hidden…");
}

#[tokio::test]
async fn errors_have_the_form_of_the_standard() {
    let city = City::demo().await;
    let key = "api_key=demo&service_code=";
    for (body, status) in [
        ("service_code=praise".to_owned(), 403),
        ("api_key=other&service_code=praise".to_owned(), 403),
        ("api_key=demo".to_owned(), 400),
        (format!("{key}none"), 404),
        (format!("{key}nursing_room"), 400),
        (format!("{key}nursing_room&attribute[place_name]=a&attribute[problem]=none"), 400),
        (format!("{key}praise&lat=91&long=0"), 400),
        (format!("{key}praise&lat=NaN&long=0"), 400),
        (format!("{key}praise&phone=abc"), 400),
        (format!("{key}praise&description=%00"), 400),
        (format!("{key}praise&description=%ff"), 400),
        (format!("{key}praise&description={}", "x".repeat(6_000)), 400),
        (format!("{key}praise&description={}", "x".repeat(10_000_000)), 413),
    ] {
        let json = post(&city, "json", &body).await;
        let shown = &body[..body.len().min(80)];
        // What is not UTF-8 is replaced by the reader of forms and does no harm.
        if json.status == 200 && shown.ends_with("%ff") {
            continue;
        }
        let fits = json.status == status || (status == 413 && json.status == 400);
        assert!(fits, "{shown}: {} {}", json.status, json.text);
        let errors = json.json();
        assert_eq!(errors[0]["code"], json.status.as_u16(), "{shown}");
        assert!(!errors[0]["description"].as_str().unwrap().is_empty());
        let xml = post(&city, "xml", &body).await;
        assert_eq!(xml.status, json.status);
        assert!(xml.text.contains("<errors><error><code>"), "{}", xml.text);
    }
    for (path, status) in [
        ("/open311/v2/nothing.json", 404),
        ("/open311/v2/services/none.json", 404),
        ("/open311/v2/services/%ff.json", 400),
        ("/open311/v2/requests/none.json", 404),
        ("/open311/v2/tokens/none.json", 404),
        ("/open311/v2/requests.json?status=lost", 400),
        ("/open311/v2/requests.json?start_date=yesterday", 400),
        ("/open311/v2/requests.json?start_date=2026-01-01&end_date=2026-06-01", 400),
        ("/open311/v2/requests.json?start_date=2026-03-02&end_date=2026-03-01T00:00:00Z", 400),
        ("/open311/v2/requests.json?start_date=0001-01-01T00:00:00Z&status=open", 200),
        ("/open311/v2/requests.json?start_date=9999-12-29T00:00:00Z", 400),
        ("/open311/v2/requests.json?end_date=-009999-01-10T00:00:00Z", 400),
    ] {
        let answer = city.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        if status != 200 {
            assert_eq!(answer.json()[0]["code"], status, "{path}");
        }
    }
    let wrong = city.send("DELETE", "/open311/v2/requests.json", &[], "").await;
    assert_eq!((wrong.status.as_u16(), wrong.json()[0]["code"].clone()), (405, 405.into()));
    // Nothing at all: the key is missing.
    assert_eq!(city.send("POST", "/open311/v2/requests.xml", &[], "").await.status, 403);
}

#[tokio::test]
async fn the_demonstration_key_opens_nothing_in_earnest() {
    let city = City::new().await;
    let answer = post(&city, "json", "api_key=demo&service_code=praise&description=x").await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn requests_are_filtered_and_the_newest_come_first() {
    filtered(City::demo().await).await;
}

#[tokio::test]
async fn requests_are_filtered_alike_on_postgresql() {
    filtered(City::demo_on(Some(testkit::postgres::fresh_database())).await).await;
}

async fn filtered(city: City) {
    let mut numbers = Vec::new();
    for day in [0, 40, 89] {
        city.clock.store(START + day * 86_400, Ordering::Relaxed);
        numbers.insert(0, praise(&city).await);
    }
    let list = async |query: &str| {
        let found = city.get(&format!("/open311/v2/requests.json?{query}")).await.json();
        let number = |r: &Value| r["service_request_id"].as_str().unwrap().to_owned();
        found.as_array().unwrap().iter().map(number).collect::<Vec<_>>()
    };
    assert_eq!(list("").await, numbers);
    assert_eq!(list("status=open&service_code=praise,volunteer").await, numbers);
    assert!(list("status=closed").await.is_empty());
    assert!(list("service_code=volunteer").await.is_empty());
    assert_eq!(list("start_date=2026-04-01").await, numbers[..2]);
    assert_eq!(list("start_date=2026-03-10&end_date=2026-03-10").await, numbers[2..]);
    assert_eq!(list("end_date=2026-03-11T00:00:00%2B08:00").await, numbers[2..]);
    let two = format!("service_request_id={},{},none", numbers[2], numbers[0]);
    assert_eq!(list(&two).await, [&*numbers[2], &*numbers[0]]);
    city.clock.store(START + 95 * 86_400, Ordering::Relaxed);
    assert_eq!(list("").await, numbers[..2]);
}

#[tokio::test]
async fn cases_that_are_not_requests_or_have_become_sensitive_do_not_exist() {
    let city = City::demo().await;
    let appeal = serde_json::json!({ "channel": "web", "category": "1303", "summary": "a" });
    let plain = city.post("/api/v1/appeals", &appeal).await.json()["number"].clone();
    let number = praise(&city).await;
    let hidden = city.get(&format!("/open311/v2/requests/{}.json", plain.as_str().unwrap())).await;
    assert_eq!(hidden.status, 404);

    let pack = city.app.pack();
    let sensitive = pack.categories.values().find(|c| c.sensitive && c.code.len() > 2).unwrap();
    let token = city.token("operator", &city.top("hotline")).await;
    let path = format!("/api/v1/cases/{number}/actions/register");
    let body = serde_json::json!({ "category": sensitive.code });
    assert_eq!(city.post_as(&token, &path, &body).await.status, 200);
    let gone = city.get(&format!("/open311/v2/requests/{number}.json")).await;
    assert_eq!((gone.status.as_u16(), &gone.text), (404, &hidden.text));
    assert_eq!(city.get("/open311/v2/requests.json").await.json(), serde_json::json!([]));
}

#[tokio::test]
async fn a_repeated_key_sends_once() {
    let city = City::demo().await;
    let headers = [FORM, ("idempotency-key", "a")];
    let send = async |body: &str| {
        city.send("POST", "/open311/v2/requests.json", &headers, body.to_owned()).await
    };
    let body = "api_key=demo&service_code=praise&description=x";
    let (first, again) = (send(body).await, send(body).await);
    assert_eq!(first.status, 200);
    assert_eq!(first.text, again.text);
    assert_eq!(send(&format!("{body}yz")).await.status, 409);
    assert_eq!(city.get("/open311/v2/requests.json").await.json().as_array().unwrap().len(), 1);
}
