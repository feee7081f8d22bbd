//! The JSON API from outside: what it answers, what it refuses and how, and that its description
//! and its routes are the same.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod programs;

use programs::{City, START, bearer};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::atomic::Ordering};

fn appeal() -> Value {
    json!({
        "channel": "web",
        "category": "1301",
        "summary": "想学月嫂技能",
        "narrative": "社区什么时候有免费培训？",
        "place": "",
        "contact": { "name": "王小花", "phone": "13800001234", "safe_contact": "上午打电话" },
    })
}

fn faulty(body: &Value) -> Vec<&str> {
    let errors = body["errors"].as_array().unwrap();
    errors.iter().map(|e| e["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn categories_are_a_public_tree() {
    let city = City::new().await;
    let answer = city.get("/api/v1/categories").await;
    let tree = answer.json();
    let pack = city.app.pack();
    let public = pack.categories.values().filter(|c| c.public).count();
    let top = tree.as_array().unwrap();
    let all = top.iter().map(|c| 1 + c["children"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(all, public);
    for one in top.iter().flat_map(|c| c["children"].as_array().unwrap()) {
        let known = &pack.categories[one["id"].as_str().unwrap()];
        assert_eq!(one["name"], known.name.as_str());
        assert_eq!(one["sensitive"], known.sensitive);
    }
}

#[tokio::test]
async fn an_appeal_can_be_sent_and_followed() {
    let city = City::new().await;
    let sent = city.post("/api/v1/appeals", &appeal()).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    let body = sent.json();
    let (number, receipt) = (body["number"].as_str().unwrap(), body["receipt"].as_str().unwrap());
    assert_eq!(receipt.len(), 26);
    assert_eq!(sent.headers["location"], body["status_url"].as_str().unwrap());
    assert!(!sent.headers["location"].to_str().unwrap().contains(receipt));

    let path = format!("/api/v1/appeals/track?number={number}&receipt={receipt}");
    let seen = city.get(&path).await.json();
    assert_eq!(seen["number"], number);
    assert_eq!(seen["open"], true);
    assert_eq!(seen["opened"], "2026-03-10T02:00:00Z");
    assert_eq!(seen["timeline"].as_array().unwrap().len(), 1);
    assert_eq!(seen["answer"], Value::Null);
    assert!(!seen["clocks"].as_array().unwrap().is_empty());
    assert!(!seen.to_string().contains("王小花"));

    let wrong = city.get(&path.replace(receipt, &"0".repeat(26))).await;
    let unknown = city.get(&path.replace(number, "26-0000-0000-0")).await;
    assert_eq!(wrong.problem(404), unknown.problem(404));
    city.get("/api/v1/appeals/track").await.problem(400);
}

#[tokio::test]
async fn guessing_a_receipt_becomes_slow_but_the_right_one_gets_in() {
    let city = City::new().await;
    let body = city.post("/api/v1/appeals", &appeal()).await.json();
    let (number, receipt) = (body["number"].as_str().unwrap(), body["receipt"].as_str().unwrap());
    let path = format!("/api/v1/appeals/track?number={number}&receipt=");
    for _ in 0..10 {
        city.get(&format!("{path}X")).await.problem(404);
    }
    let slow = city.get(&format!("{path}X")).await;
    slow.problem(429);
    assert_eq!(slow.headers["retry-after"], "60");
    assert_eq!(city.get(&format!("{path}{receipt}")).await.status, 200);
    city.clock.store(START + 60, Ordering::Relaxed);
    city.get(&format!("{path}X")).await.problem(404);
}

#[tokio::test]
async fn a_repeated_key_has_the_same_result() {
    let city = City::new().await;
    let send = async |key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        city.send("POST", "/api/v1/appeals", &headers, body.to_string()).await
    };
    let first = send("k-1", &appeal()).await;
    city.clock.store(START + 86_400 * 300, Ordering::Relaxed);
    let again = send("k-1", &appeal()).await;
    city.clock.store(START, Ordering::Relaxed);
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201));
    assert_eq!(first.text, again.text);
    assert_ne!(send("k-2", &appeal()).await.text, first.text);

    // Whoever guesses the key must not get the receipt.
    let mut other = appeal();
    other["narrative"] = json!("别的事");
    let refused = send("k-1", &other).await;
    refused.problem(409);
    assert!(!refused.text.contains(first.json()["receipt"].as_str().unwrap()));

    // The same key of somebody else is another key.
    let token = bearer(&city.token("operator", &city.top("hotline")).await);
    let headers = [("idempotency-key", "k-1"), ("authorization", token.as_str())];
    let theirs = city.send("POST", "/api/v1/appeals", &headers, appeal().to_string()).await;
    assert_eq!(theirs.status, 201);
    assert_ne!(theirs.json()["number"], first.json()["number"]);
    for bad in ["", " ", &"x".repeat(201)] {
        send(bad, &appeal()).await.problem(400);
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let city = City::new().await;
    let long = "长".repeat(81);
    let hidden = city.app.pack().categories.values().find(|c| !c.public).map(|c| c.code.clone());
    let mut cases = vec![
        (json!({}), vec!["channel", "summary"]),
        (json!({ "channel": "call", "summary": "a" }), vec!["channel"]),
        (json!({ "channel": "web", "summary": long }), vec!["summary"]),
        (json!({ "channel": "web", "summary": "a\u{0}" }), vec!["summary"]),
        (json!({ "channel": "web", "summary": 3 }), vec!["summary"]),
        (json!({ "channel": ["web"], "summary": {} }), vec!["channel", "summary"]),
        (json!({ "channel": "web", "summary": "a", "category": "9999" }), vec!["category"]),
        (
            json!({ "channel": "web", "summary": "a", "contact": "x" }),
            vec!["contact.name", "contact.phone", "contact.safe_contact"],
        ),
        (
            json!({ "channel": "web", "summary": "a", "contact": ["a", "b"] }),
            vec!["contact.name", "contact.phone", "contact.safe_contact"],
        ),
        (
            json!({ "channel": "web", "summary": "a", "contact": { "phone": "abc" } }),
            vec!["contact.phone"],
        ),
        (
            json!({ "channel": "web", "summary": "a", "contact": { "phone": 13_800_001_234_u64 } }),
            vec!["contact.phone"],
        ),
        (json!({ "channel": "web", "summary": "a", "place": "字".repeat(121) }), vec!["place"]),
    ];
    if let Some(code) = hidden {
        let body = json!({ "channel": "web", "summary": "a", "category": code });
        cases.push((body, vec!["category"]));
    }
    for (body, expected) in cases {
        let answer = city.post("/api/v1/appeals", &body).await;
        assert_eq!(faulty(&answer.problem(422)), expected, "{body}");
    }
    let english = [("accept-language", "en"), ("content-type", "application/json")];
    let answer = city.send("POST", "/api/v1/appeals", &english, "{}").await;
    assert!(answer.json()["title"].as_str().unwrap().is_ascii());
}

#[tokio::test]
async fn words_for_a_place_are_kept_and_codes_are_used() {
    let city = City::new().await;
    let pack = city.app.pack();
    let county = pack.regions.children(pack.regions.root()).next().unwrap().code.clone();
    let token = city.token("operator", &city.top("hotline")).await;
    for (place, code, address) in [
        (county.as_str(), county.as_str(), None),
        ("老槐树下", pack.regions.root(), Some("老槐树下")),
        ("", pack.regions.root(), None),
    ] {
        let mut body = appeal();
        body["place"] = json!(place);
        let number = city.post("/api/v1/appeals", &body).await.json()["number"].clone();
        let path = format!("/api/v1/cases/{}", number.as_str().unwrap());
        let case = city.get_as(&token, &path).await.json();
        assert_eq!(case["place"], code);
        let texts = &case["timeline"][0]["texts"]["open"];
        assert_eq!(texts.get("address").and_then(Value::as_str), address);
    }
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_nothing_breaks() {
    let city = City::new().await;
    let token = bearer(&city.token("operator", &city.top("hotline")).await);
    let deep = format!("{{\"summary\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: Vec<(Vec<u8>, u16)> = vec![
        (b"".to_vec(), 400),
        (b"{".to_vec(), 400),
        (b"null".to_vec(), 422),
        (b"[]".to_vec(), 422),
        (b"\"text\"".to_vec(), 422),
        (deep.into_bytes(), 400),
        (b"{\"channel\":\"\xff\xfe\"}".to_vec(), 400),
        (b"{\"channel\":\"\\ud800\"}".to_vec(), 400),
        (b"{\"a\":1e999999}".to_vec(), 400),
        (format!("{{\"summary\":\"{}\"}}", "x".repeat(10_000_000)).into_bytes(), 413),
        (vec![b' '; 53 * 1024 * 1024], 413),
    ];
    let paths = ["/api/v1/appeals", "/api/v1/sessions", "/api/v1/cases"];
    for path in paths {
        for (body, expected) in &bodies {
            let headers = [("content-type", "application/json"), ("authorization", &*token)];
            let answer = city.send("POST", path, &headers, body.clone()).await;
            let status = answer.status.as_u16();
            // A number beyond all bounds in a property nobody reads may pass; the rest is missing.
            let fits = status == *expected || (*expected == 400 && status == 422);
            assert!(fits, "{path}: {status} instead of {expected} for {}", body.len());
            answer.problem(status);
        }
    }
    let headers = [("content-type", "text/plain")];
    city.send("POST", "/api/v1/appeals", &headers, "{}").await.problem(415);
}

#[tokio::test]
async fn errors_of_the_framework_are_problems_too() {
    let city = City::new().await;
    city.get("/api").await.problem(404);
    city.get("/api/v9/nothing").await.problem(404);
    city.get("/api/v1/demo/accounts").await.problem(404);
    let token = city.token("operator", &city.top("hotline")).await;
    city.get_as(&token, "/api/v1/cases/%ff").await.problem(400);
    city.get_as(&token, "/api/v1/cases?light=blue").await.problem(400);
    city.get_as(&token, "/api/v1/cases?cursor=1").await.problem(400);
    city.get_as(&token, "/api/v1/cases?q=%00").await.json();
    city.get("/api/v1/appeals/track?number=%ff&receipt=%00").await;
    let answer = city.get("/api/v1/cases").await;
    answer.problem(401);
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    for (method, path, allow) in [
        ("PUT", "/api/v1/appeals", "POST"),
        ("POST", "/api/v1/categories", "GET,HEAD"),
        ("TRACE", "/api/openapi.json", "GET,HEAD"),
    ] {
        let answer = city.send(method, path, &[], "").await;
        answer.problem(405);
        assert_eq!(answer.headers["allow"], allow);
    }
}

#[tokio::test]
async fn sessions_begin_end_and_resist_guessing() {
    let city = City::new().await;
    let account = store::NewAccount {
        username: "li".to_owned(),
        password: web::password::hash("good").unwrap(),
        name: "李".to_owned(),
        unit: city.top("hotline"),
        roles: vec!["operator".to_owned()],
    };
    let id = city.app.store().create_account(account).await.unwrap();
    let unpledged = json!({ "username": "li", "password": "good" });
    city.post("/api/v1/sessions", &unpledged).await.problem(403);
    city.promise(id).await;
    let log_in = async |name: &str, password: &str| {
        city.post("/api/v1/sessions", &json!({ "username": name, "password": password })).await
    };
    let body = log_in("li", "good").await;
    assert_eq!(body.status, 201);
    let body = body.json();
    let token = body["token"].as_str().unwrap();
    assert_eq!(body["account"]["roles"], json!(["operator"]));
    assert_eq!(city.get_as(token, "/api/v1/cases").await.status, 200);
    let headers = [("authorization", bearer(token))];
    let headers = headers.each_ref().map(|(n, v)| (*n, v.as_str()));
    let ended = city.send("DELETE", "/api/v1/sessions/current", &headers, "").await;
    assert_eq!(ended.status, 204);
    city.get_as(token, "/api/v1/cases").await.problem(401);
    city.post_as(token, "/api/v1/appeals", &appeal()).await.problem(401);

    city.post("/api/v1/sessions", &json!({ "username": 1, "password": [] })).await.problem(422);
    let nobody = log_in("nobody\u{0}", "x").await.problem(401);
    assert_eq!(nobody, log_in("li", "bad").await.problem(401));
    for _ in 1..10 {
        log_in("li", "bad").await.problem(401);
    }
    log_in("li", "good").await.problem(429);
    city.clock.store(START + 61, Ordering::Relaxed);
    assert_eq!(log_in("li", "good").await.status, 201);
}

#[tokio::test]
async fn a_case_is_moved_by_those_who_may() {
    let city = City::new().await;
    let hotline = city.top("hotline");
    let (operator, triage) =
        (city.token("operator", &hotline).await, city.token("triage", &hotline).await);
    let number = city.post("/api/v1/appeals", &appeal()).await.json()["number"].clone();
    let path = format!("/api/v1/cases/{}", number.as_str().unwrap());

    let list = city.get_as(&operator, "/api/v1/cases?state=received&light=green").await.json();
    assert_eq!(list["items"][0]["number"], number);
    assert_eq!(list["next_cursor"], Value::Null);
    let found = city.get_as(&operator, "/api/v1/cases?q=%E6%9C%88%E5%AB%82").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");

    let case = city.get_as(&operator, &path).await.json();
    assert_eq!(case["unit"], hotline.as_str());
    assert_eq!(case["people"][0]["phone"], "138****1234");
    assert!(case["rights"].as_array().unwrap().contains(&json!("reveal")));
    let reveal = async |field: &str| {
        let asked = json!({ "version": 1, "field": field });
        city.post_as(&operator, &format!("{path}/reveal"), &asked).await
    };
    assert_eq!(reveal("contact_phone").await.json()["text"], "13800001234");
    assert_eq!(reveal("no_such_field").await.status, 404);
    let register = &case["allowed_actions"][0];
    assert_eq!(register["code"], "register");
    assert!(register["fields"].as_array().unwrap().iter().any(|f| f["type"] == "risk"));

    let act = async |token: &str, action: &str, body: Value| {
        city.post_as(token, &format!("{path}/actions/{action}"), &body).await
    };
    let question = city.app.pack().risk.questions[0].code.clone();
    for (body, expected) in [
        (json!({}), vec!["category"]),
        (json!({ "category": [1, {}] }), vec!["category"]),
        (json!({ "category": "1301", "risk": { (question.as_str()): "perhaps" } }), vec!["risk"]),
        (json!({ "category": "1301", "colour": "red" }), vec!["colour"]),
    ] {
        assert_eq!(faulty(&act(&operator, "register", body).await.problem(422)), expected);
    }
    let body = json!({ "category": "1301", "risk": { (question.as_str()): "no" } });
    let moved = act(&operator, "register", body.clone()).await;
    assert_eq!(moved.json(), json!({ "number": number, "state": "registered", "version": 2 }));

    let refused = act(&operator, "register", body.clone()).await.problem(409);
    let allowed = refused["allowed_actions"].as_array().unwrap();
    assert!(allowed.contains(&json!("to_triage")), "{refused}");
    assert!(!allowed.contains(&json!("register")));
    act(&operator, "no_such_step", json!({})).await.problem(409);
    act(&triage, "spot_check_passed", json!({})).await.problem(409);

    // A handler elsewhere must not even learn that it exists.
    let stranger = city.token("handler", &city.top("wf")).await;
    let unknown = city.get_as(&stranger, "/api/v1/cases/26-0000-0000-0").await.problem(404);
    if let Ok(hidden) = serde_json::from_str::<Value>(&city.get_as(&stranger, &path).await.text)
        && hidden["status"] == 404
    {
        assert_eq!(hidden, unknown);
    }
}

#[tokio::test]
async fn a_repeated_step_is_done_once() {
    let city = City::new().await;
    let token = bearer(&city.token("operator", &city.top("hotline")).await);
    let number = city.post("/api/v1/appeals", &appeal()).await.json()["number"].clone();
    let act = async |action: &str, body: &str| {
        let path = format!("/api/v1/cases/{}/actions/{action}", number.as_str().unwrap());
        let headers = [("authorization", &*token), ("idempotency-key", "step-1")];
        city.send("POST", &path, &headers, body.to_owned()).await
    };
    let body = r#"{"category":"1301"}"#;
    let (first, again) = (act("register", body).await, act("register", body).await);
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.text, again.text);
    act("register", r#"{"category":"1302"}"#).await.problem(409);
    act("to_triage", "{}").await.problem(409);
}

#[tokio::test]
async fn staff_open_cases_of_any_workflow() {
    let city = City::new().await;
    let operator = city.token("operator", &city.top("hotline")).await;
    let body = json!({
        "workflow": "appeal",
        "fields": { "channel": "call", "summary": "来电", "anonymous": true },
        "then": [{ "action": "register", "fields": { "category": "1301" } }],
    });
    let opened = city.post_as(&operator, "/api/v1/cases", &body).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    assert_eq!(opened.json()["state"], "registered");
    let path = opened.headers["location"].to_str().unwrap();
    assert_eq!(city.get_as(&operator, path).await.json()["channel"], "call");

    let token = bearer(&operator);
    let headers = [("authorization", &*token), ("idempotency-key", "open-1")];
    let send =
        async |body: &Value| city.send("POST", "/api/v1/cases", &headers, body.to_string()).await;
    let first = send(&body).await.json();
    assert_eq!(send(&body).await.json(), first);
    let mut other = body.clone();
    other["then"][0]["fields"]["category"] = json!("1302");
    send(&other).await.problem(409);
    other["then"] = json!([]);
    send(&other).await.problem(409);

    let mut call = appeal();
    call["channel"] = json!("call");
    assert_eq!(city.post_as(&operator, "/api/v1/appeals", &call).await.status, 201);
    for (body, status) in [
        (json!({ "workflow": "none" }), 422),
        (json!({ "workflow": "appeal", "programme": "none" }), 422),
        (json!({ "workflow": "appeal", "fields": { "channel": "call" } }), 422),
        (json!({ "workflow": "appeal", "fields": 3 }), 422),
        (
            json!({ "workflow": "appeal", "then": [{ "action": "none" }],
            "fields": { "channel": "call", "summary": "a" } }),
            422,
        ),
        (
            json!({ "workflow": "mediation", "fields": { "channel": "call", "summary": "a",
            "category": "1301", "place": city.app.pack().regions.root() } }),
            403,
        ),
    ] {
        city.post_as(&operator, "/api/v1/cases", &body).await.problem(status);
    }
}

#[tokio::test]
async fn a_clock_finer_than_the_entries_makes_no_trouble() {
    let city = City::new().await;
    let (store, data) = (city.app.store().clone(), (*city.app.city()).clone());
    let now = || jiff::Timestamp::new(START, 123_456_789).unwrap();
    let app = web::App::new(store, data, now, Vec::new());
    let body = axum::body::Body::from(appeal().to_string());
    let request = axum::http::Request::post("/api/v1/appeals").body(body);
    let answer = tower::ServiceExt::oneshot(web::router(app.clone()), request.unwrap()).await;
    assert_eq!(answer.unwrap().status(), 201);
    let report = app.store().verify(&app.pack()).await.unwrap();
    assert_eq!(report.cases, 1);
    assert!(report.troubles.is_empty(), "{:?}", report.troubles);
}

#[tokio::test]
async fn demo_accounts_are_listed_in_a_demonstration_alone() {
    let accounts = City::demo().await.get("/api/v1/demo/accounts").await.json();
    let expected =
        json!([{ "username": "operator@x", "password": "p", "role": "operator", "unit": "x" }]);
    assert_eq!(accounts, expected);
}

#[tokio::test]
async fn the_description_names_every_route_and_no_other() {
    let city = City::demo().await;
    let document = city.get("/api/openapi.json").await.json();
    let described: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let table = web::route_table(&city.app);
    let served: BTreeSet<&str> =
        table.iter().map(|r| r.path).filter(|p| p.starts_with("/api/")).collect();
    assert_eq!(described, served);

    let token = bearer(&city.token("operator", &city.top("hotline")).await);
    for (path, item) in document["paths"].as_object().unwrap() {
        let access = table.iter().find(|r| r.path == path).unwrap().access;
        for method in ["get", "post", "put", "patch", "delete"] {
            let here = path.replace(['{', '}'], "");
            let headers = [("authorization", &*token)];
            // Ending the session would spoil the rest.
            let status = if method == "delete" && item.get(method).is_some() {
                204
            } else {
                city.send(method.to_uppercase().as_str(), &here, &headers, "").await.status.as_u16()
            };
            let described = item.get(method);
            assert_eq!(described.is_some(), status != 405, "{method} {path}: {status}");
            let Some(operation) = described else { continue };
            let staff = operation["security"] == json!([{ "token": [] }]);
            assert_eq!(staff, access == web::Access::Token, "{path}");
            assert!(operation["responses"].get(status.to_string()).is_some(), "{path}: {status}");
        }
    }
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is not described");
    }
}
