//! Who may know of a case, through the API: every change that the page has, refused alike for a case
//! that is hidden and one that is not there, done once for a key, and held to the table of access.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "other tests use more of it")]
mod office;

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use domain::{access::Viewer, pack::Right};
use office::Office;
use serde_json::{Value, json};

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const COUNTY: &str = "handler@wf-990101";
const REVIEWER: &str = "reviewer@wf-990101";
const LEADER: &str = "leader@wf-990101";
const CITY: &str = "leader@wf-9901";
const AGENCY: &str = "agency@justice-990101";
const SYSTEM: &str = "system_admin@wf-9901";
const UNKNOWN: &str = "26-0000-0000-0";

async fn signed(office: &Office) -> String {
    let (number, _) = office.call(&[]).await;
    office.must(TRIAGE, &number, "dispatch_to", &[("unit", "wf-990101")]).await;
    office.must(COUNTY, &number, "sign", &[]).await;
    number
}

/// Asks as somebody with a token; a body makes it a POST.
async fn ask(
    office: &Office,
    who: &str,
    (path, key): (&str, &str),
    body: Option<Value>,
) -> (StatusCode, Value) {
    let cookie = office.session(who).await.cookie;
    let token = format!("Bearer {}", cookie.trim_start_matches("staff="));
    let path = format!("/api/v1/cases/{path}");
    let request = if body.is_some() { Request::post(path) } else { Request::get(path) };
    let mut request = request.header(header::AUTHORIZATION, token);
    if !key.is_empty() {
        request = request.header("idempotency-key", key);
    }
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
    let answer = office.raw(request.body(body).unwrap()).await;
    let (status, kind) = (answer.status(), answer.headers()[header::CONTENT_TYPE].clone());
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let found: Value = serde_json::from_slice(&bytes).unwrap();
    if !status.is_success() {
        assert_eq!(kind, "application/problem+json", "{found}");
        assert_eq!(found["status"], status.as_u16());
    }
    (status, found)
}

async fn tell(office: &Office, who: &str, path: &str, body: Value) -> (StatusCode, Value) {
    ask(office, who, (path, ""), Some(body)).await
}

async fn read(office: &Office, who: &str, number: &str) -> (StatusCode, Value) {
    ask(office, who, (&format!("{number}/secrecy"), ""), None).await
}

#[tokio::test]
async fn a_case_is_sealed_and_opened_by_a_program() {
    let office = Office::open(Vec::new()).await;
    let number = signed(&office).await;
    for who in [COUNTY, REVIEWER] {
        office.hire(who).await;
    }
    let (status, open) = read(&office, LEADER, &number).await;
    assert_eq!((status, &open["sealed"]), (StatusCode::OK, &json!(false)));
    let at = |deed: &str| format!("{number}/secrecy/{deed}");
    let body = json!({ "who": [COUNTY], "reason": "当事人有顾虑" });
    let (status, done) = tell(&office, LEADER, &at("seal"), body).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!((&done["number"], &done["deed"]), (&json!(number), &json!("seal")));
    let (_, sealed) = read(&office, LEADER, &number).await;
    let names = |value: &Value| -> Vec<String> {
        let all = value.as_array().unwrap().iter();
        all.map(|p| p["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(sealed["sealed"], true);
    let mut circle = names(&sealed["circle"]);
    circle.sort();
    assert_eq!(circle, [COUNTY, LEADER]);
    // Alike for everybody else, whatever is asked and however it is written.
    let bodies = [json!({}), json!({ "who": 3 }), json!({ "who": [COUNTY], "reason": "试" })];
    for who in [OPERATOR, TRIAGE, CITY, REVIEWER, AGENCY, SYSTEM] {
        assert_eq!(read(&office, who, &number).await, read(&office, who, UNKNOWN).await, "{who}");
        for deed in ["seal", "unseal", "admit", "dismiss", "bar", "unbar", "ask", "lend", "none"] {
            for body in &bodies {
                let hidden = tell(&office, who, &at(deed), body.clone()).await;
                let path = format!("{UNKNOWN}/secrecy/{deed}");
                let unknown = tell(&office, who, &path, body.clone()).await;
                assert_eq!(hidden.0, StatusCode::NOT_FOUND, "{who} {deed}");
                assert_eq!(hidden, unknown, "{who} {deed}");
            }
        }
    }
    let (status, _) = tell(&office, LEADER, &at("admit"), json!({ "who": [REVIEWER] })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(read(&office, REVIEWER, &number).await.0, StatusCode::OK);
    let (status, _) = tell(&office, LEADER, &at("dismiss"), json!({ "who": [REVIEWER] })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(read(&office, REVIEWER, &number).await.0, StatusCode::NOT_FOUND);
    let (status, no) = tell(&office, COUNTY, &at("unseal"), json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{no}");
    let (status, _) = tell(&office, LEADER, &at("unseal"), json!({ "reason": "已消除" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(read(&office, OPERATOR, &number).await.0, StatusCode::OK);
}

#[tokio::test]
async fn people_and_units_are_kept_out_by_a_program() {
    let office = Office::open(Vec::new()).await;
    let number = signed(&office).await;
    let at = |deed: &str| format!("{number}/secrecy/{deed}");
    let account = office.hire(AGENCY).await;
    office.hire(CITY).await;
    // Somebody with the telephone of the case at home is proposed.
    office.post(AGENCY, "/me/home", &[("home_phone", "13800001234")]).await;
    let (_, before) = read(&office, LEADER, &number).await;
    let proposed = before["proposals"].as_array().unwrap();
    assert!(
        proposed.iter().any(|p| p["account"] == account && p["ground"].is_string()),
        "{before}"
    );
    assert!(!before.to_string().contains("13800001234"));
    let (status, _) =
        tell(&office, LEADER, &at("bar"), json!({ "who": [account.to_string()] })).await;
    assert_eq!(status, StatusCode::OK);
    let unit = json!({ "who": ["wf-990101"], "reason": "投诉本单位" });
    let (status, own) = tell(&office, LEADER, &at("bar-unit"), unit.clone()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{own}");
    let (_, after) = read(&office, LEADER, &number).await;
    assert_eq!(after["kept_out"]["people"][0]["username"], AGENCY);
    assert_eq!(after["proposals"], json!([]));
    let (status, _) = tell(&office, LEADER, &at("unbar"), json!({ "who": [AGENCY] })).await;
    assert_eq!(status, StatusCode::OK);
    let (status, done) = tell(&office, CITY, &at("bar-unit"), unit).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!(read(&office, COUNTY, &number).await.0, StatusCode::NOT_FOUND);
    let (status, _) = tell(&office, CITY, &at("unbar-unit"), json!({ "who": ["wf-990101"] })).await;
    assert_eq!(status, StatusCode::OK);
    for (body, expected) in [
        (json!({ "who": ["nobody"] }), StatusCode::CONFLICT),
        (json!({ "who": [] }), StatusCode::CONFLICT),
        (json!({ "who": "text" }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!([]), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "who": vec!["a"; 65] }), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (status, answer) = tell(&office, CITY, &at("bar"), body.clone()).await;
        assert_eq!(status, expected, "{body}: {answer}");
    }
    assert_eq!(tell(&office, CITY, &at("none"), json!({})).await.0, StatusCode::NOT_FOUND);
    // Glass is broken on a page, by a person with a second proof.
    assert_eq!(tell(&office, CITY, &at("glass"), json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_identity_is_lent_by_a_program() {
    let office = Office::open(Vec::new()).await;
    let number = signed(&office).await;
    let invited = [("units", "justice-990101"), ("instruction", "请派法律援助")];
    office.must(COUNTY, &number, "invite", &invited).await;
    let at = |deed: &str| format!("{number}/secrecy/{deed}");
    let (status, asked) = tell(&office, AGENCY, &at("ask"), json!({ "reason": "需联系" })).await;
    assert_eq!(status, StatusCode::OK, "{asked}");
    let (_, shown) = read(&office, COUNTY, &number).await;
    assert_eq!(shown["asked"][0]["username"], AGENCY);
    let (status, lent) = tell(&office, COUNTY, &at("lend"), json!({ "who": [AGENCY] })).await;
    assert_eq!(status, StatusCode::OK, "{lent}");
    let (_, shown) = read(&office, COUNTY, &number).await;
    assert!(shown["lent"][0]["until"].is_string() && shown["asked"] == json!([]), "{shown}");
}

#[tokio::test]
async fn a_repeated_change_is_done_once_and_another_is_refused() {
    let office = Office::open(Vec::new()).await;
    let number = signed(&office).await;
    for who in [COUNTY, CITY] {
        office.hire(who).await;
    }
    let path = format!("{number}/secrecy/seal");
    // Somebody who may change the circle stays in it when the leader of the county goes.
    let seal = json!({ "who": [COUNTY, CITY], "reason": "当事人有顾虑" });
    let send = async |who: &str, path: &str, key: &str, body: &Value| {
        ask(&office, who, (path, key), Some(body.clone())).await
    };
    let first = send(LEADER, &path, "k-1", &seal).await;
    assert_eq!(first.0, StatusCode::OK, "{}", first.1);
    assert_eq!(send(LEADER, &path, "k-1", &seal).await, first);
    for other in [json!({ "who": [], "reason": "当事人有顾虑" }), json!({ "who": [COUNTY] })]
    {
        let (status, refused) = send(LEADER, &path, "k-1", &other).await;
        assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    }
    // Somebody takes themselves out: repeated, it is the same; for others there is still nothing.
    let out = json!({ "who": [LEADER] });
    let leave = format!("{number}/secrecy/dismiss");
    let gone = send(LEADER, &leave, "k-2", &out).await;
    assert_eq!(gone.0, StatusCode::OK, "{}", gone.1);
    assert_eq!(read(&office, LEADER, &number).await.0, StatusCode::NOT_FOUND);
    assert_eq!(send(LEADER, &leave, "k-2", &out).await, gone);
    for key in ["k-1", "k-2"] {
        assert_eq!(send(REVIEWER, &leave, key, &out).await.0, StatusCode::NOT_FOUND);
    }
}

/// Every deed for everybody: refused as not theirs exactly where the table gives no right.
#[tokio::test]
async fn the_table_decides_every_deed() {
    let office = Office::open(Vec::new()).await;
    let number = signed(&office).await;
    let (pack, store) = (office.app.pack(), office.app.store());
    let deeds = [
        ("seal", Right::Seal),
        ("unseal", Right::Seal),
        ("dismiss", Right::Seal),
        ("bar", Right::Exclude),
        ("unbar", Right::Exclude),
        ("judge-right", Right::Supervise),
        ("lend", Right::Lend),
    ];
    let (mut yes, mut no) = (0, 0);
    for who in [OPERATOR, TRIAGE, COUNTY, REVIEWER, LEADER, CITY, AGENCY, SYSTEM] {
        let account = office.hire(who).await;
        let staff = store.account_by_id(account).await.unwrap().unwrap().staff();
        let viewer = Viewer::Staff(staff, office.app.now());
        let known = store.case(&pack, &viewer, &number).await.unwrap();
        for (deed, right) in deeds {
            // Nobody has this number, so that what may be done changes nothing.
            let body =
                json!({ "who": if deed == "seal" { vec!["nobody"] } else { vec!["999999"] } });
            let (status, answer) =
                tell(&office, who, &format!("{number}/secrecy/{deed}"), body).await;
            let Some(known) = &known else {
                assert_eq!(status, StatusCode::NOT_FOUND, "{who} {deed}");
                continue;
            };
            let refused = answer["detail"].as_str().unwrap_or_default() == NOT_YOURS;
            // An unknown name is refused before anybody's right is looked at.
            if deed != "seal" {
                assert_eq!(refused, !known.rights.may(right), "{who} {deed}: {answer}");
                (yes, no) = (yes + i32::from(!refused), no + i32::from(refused));
            }
        }
    }
    assert!(yes >= 4 && no >= 4, "{yes} {no}");
}

const NOT_YOURS: &str = "这不由您决定。";
