//! Every role in every state of an appeal: what its workflow does not allow is refused with 409 and
//! the actions that are, and nothing is written. The rules are read from the pack, not asked of the
//! program that judges by them.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod town;

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use domain::{access::Viewer, pack::Role, workflow::Workflow};
use serde_json::Value;
use std::collections::BTreeSet;
use store::Opened;
use testkit::unit::{CITY, EAST, EAST_JUSTICE, EAST_STREET, EAST_TOWN, HOTLINE, WEST};
use tower::ServiceExt;
use town::Town;

/// A state, the one before it, and the step between: who, what, with what filled in.
type Way = (&'static str, &'static str, (&'static str, &'static str), &'static str, Fields);
type Fields = &'static [(&'static str, &'static str)];

/// How a case comes into each state.
const WAYS: &[Way] = &[
    ("registered", "received", ("operator", HOTLINE), "register", &[("category", "0101")]),
    ("triage", "registered", ("triage", HOTLINE), "to_triage", &[]),
    ("answered", "registered", ("operator", HOTLINE), "answer_on_spot", &[("answer", "可以调解")]),
    (
        "not_accepted",
        "triage",
        ("triage", HOTLINE),
        "propose_refusal",
        &[("reason", "不属于受理范围"), ("where_to_go", "人民法院")],
    ),
    ("merged", "triage", ("triage", HOTLINE), "merge", &[("main", "")]),
    (
        "forwarded",
        "triage",
        ("triage", HOTLINE),
        "forward",
        &[("body", "市民政局"), ("reason", "依法由其处理")],
    ),
    ("assigned", "triage", ("triage", HOTLINE), "dispatch_to", &[("unit", EAST)]),
    (
        "returned",
        "assigned",
        ("handler", EAST),
        "return",
        &[("return_reason", "not_ours"), ("reason", "由街道办理")],
    ),
    ("handling", "assigned", ("handler", EAST), "sign", &[]),
    (
        "consulting",
        "handling",
        ("handler", EAST),
        "invite",
        &[("units", EAST_JUSTICE), ("instruction", "请派律师")],
    ),
    (
        "extension_pending",
        "handling",
        ("handler", EAST),
        "request_extension",
        &[("days", "10"), ("reason", "情况复杂")],
    ),
    (
        "suspended",
        "handling",
        ("leader", EAST),
        "suspend",
        &[("reason", "等待判决"), ("pause_until", "2026-07-01")],
    ),
    (
        "review",
        "handling",
        ("handler", EAST),
        "submit_reply",
        &[("answer", "已经调解"), ("outcome", "resolved")],
    ),
    ("visiting", "review", ("reviewer", EAST), "approve_reply", &[]),
    (
        "closed",
        "visiting",
        ("visitor", CITY),
        "record_visit",
        &[
            ("attitude", "5"),
            ("result", "5"),
            ("visit_note", "都好了"),
            // The plan allows mornings only, and it is morning.
            ("reach_way", "phone"),
        ],
    ),
    ("archived", "closed", ("archivist", HOTLINE), "archive", &[]),
];

async fn case_in(town: &Town, state: &str) -> Opened {
    let Some((_, before, who, action, fields)) = WAYS.iter().find(|way| way.0 == state) else {
        return town.appeal("0101", EAST_STREET).await;
    };
    let opened = Box::pin(case_in(town, before)).await;
    let main = town.triaged("0101", EAST_STREET).await.number;
    let filled: Vec<(&str, &str)> = fields
        .iter()
        .map(|(code, value)| (*code, if *code == "main" { main.as_str() } else { value }))
        .collect();
    town.act(opened.done.case, *who, action, &filled).await;
    opened
}

/// Units in which the role can be held: of the city, of the county that handles, of another one.
fn units_of(town: &Town, role: &Role) -> Vec<&'static str> {
    let fits = |unit: &&str| {
        let known = town.pack.units.get(unit).unwrap();
        role.kinds.contains(&known.kind) && role.levels.contains(&known.level)
    };
    [CITY, HOTLINE, EAST, WEST, EAST_TOWN, EAST_JUSTICE].into_iter().filter(fits).collect()
}

struct Asker<'a> {
    town: &'a Town,
    token: String,
    path: String,
}

impl Asker<'_> {
    async fn ask(&self, request: axum::http::request::Builder) -> (StatusCode, Value) {
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from("{}")).unwrap();
        let answer = self.town.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// The actions that the program offers; none when the case is not theirs to see.
    async fn offered(&self) -> Option<BTreeSet<String>> {
        let (status, case) = self.ask(Request::get(&self.path)).await;
        if status == StatusCode::NOT_FOUND {
            return None;
        }
        assert_eq!(status, StatusCode::OK, "{}: {case}", self.path);
        let all = case["allowed_actions"].as_array().unwrap().iter();
        Some(all.map(|a| a["code"].as_str().unwrap().to_owned()).collect())
    }
}

/// What the workflow lets the role do in the state, as far as state and role decide.
fn possible<'a>(flow: &'a Workflow, state: &str, role: &str) -> BTreeSet<&'a str> {
    let fits = |a: &&domain::workflow::Action| {
        a.from.iter().any(|s| s == state) && a.by.iter().any(|who| who.role == role)
    };
    flow.actions.iter().filter(fits).map(|a| a.code.as_str()).collect()
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_for_every_role_in_every_state() {
    let town = Town::new().await;
    let flow = town.pack.workflow("appeal").unwrap().clone();
    let (mut refused, mut unseen, mut offered) = (0, 0, 0);
    for state in flow.states.iter().map(|s| s.code.as_str()) {
        let opened = case_in(&town, state).await;
        let stored = async || {
            let page = town.store.case_by_id(&town.pack, &Viewer::System, opened.done.case).await;
            let page = page.unwrap().unwrap();
            (page.case.state, page.version, page.entries.len())
        };
        let before = stored().await;
        assert_eq!(before.0, state);
        for role in town.pack.roles.values().filter(|r| r.code != "citizen" && r.code != "system") {
            for unit in units_of(&town, role) {
                let cookie = town.cookie(&role.code, unit).await;
                let token = cookie.trim_start_matches("staff=").to_owned();
                let path = format!("/api/v1/cases/{}", opened.number);
                let asker = Asker { town: &town, token, path };
                let may = asker.offered().await;
                let possible = possible(&flow, state, &role.code);
                let own = may.clone().unwrap_or_default();
                let beyond: Vec<&String> =
                    own.iter().filter(|a| !possible.contains(a.as_str())).collect();
                assert!(beyond.is_empty(), "{role:?} at {unit} in {state}: {beyond:?}");
                offered += own.len();
                for action in flow.actions.iter().filter(|a| !own.contains(&a.code)) {
                    // Where the state alone forbids it, one unit speaks for the others of the role.
                    let asked = action.from.iter().any(|s| s == state);
                    if !asked && Some(unit) != units_of(&town, role).first().copied() {
                        continue;
                    }
                    let to = format!("{}/actions/{}", asker.path, action.code);
                    let (status, said) = asker.ask(Request::post(to)).await;
                    let whom =
                        format!("{} at {unit}, {} in {state}: {said}", role.code, action.code);
                    if may.is_none() {
                        assert_eq!(status, StatusCode::NOT_FOUND, "{whom}");
                        unseen += 1;
                    } else {
                        assert_eq!(status, StatusCode::CONFLICT, "{whom}");
                        let told = said["allowed_actions"].as_array().unwrap().iter();
                        let told: BTreeSet<String> =
                            told.map(|a| a.as_str().unwrap().to_owned()).collect();
                        assert_eq!(told, own, "{whom}");
                        refused += 1;
                    }
                }
            }
        }
        assert_eq!(stored().await, before, "{state}: something was written");
    }
    println!("{refused} refused, {unseen} not even seen, {offered} offered");
    assert!(refused > 5_000 && unseen > 1_000 && offered > 300, "the walk is not empty");
}
