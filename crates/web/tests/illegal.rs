//! Every role in every state of an appeal: what its workflow does not allow is refused with 409 and
//! the actions that are, and nothing is written. The rules are read from the pack, not asked of the
//! program that judges by them.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod town;

use axum::{
    Router,
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

struct Asker {
    router: Router,
    token: String,
    unit: &'static str,
}

impl Asker {
    async fn ask(&self, request: axum::http::request::Builder) -> (StatusCode, Value) {
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from("{}")).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Asks for all that the program does not offer; answers how much was refused, how much of a case
    /// that they do not even see, and how much is offered.
    async fn refusals(
        &self,
        path: &str,
        (possible, asked): (&BTreeSet<&str>, Vec<&str>),
        whom: &str,
    ) -> [usize; 3] {
        let (status, case) = self.ask(Request::get(path)).await;
        let hidden = status == StatusCode::NOT_FOUND;
        assert!(hidden || status == StatusCode::OK, "{whom}: {case}");
        let offered = if hidden { BTreeSet::new() } else { codes(&case, |a| &a["code"]) };
        let beyond: Vec<_> = offered.iter().filter(|a| !possible.contains(a.as_str())).collect();
        assert!(beyond.is_empty(), "{whom} is offered {beyond:?}");
        let mut refused = 0;
        for action in asked.into_iter().filter(|a| !offered.contains(*a)) {
            let (status, said) = self.ask(Request::post(format!("{path}/actions/{action}"))).await;
            let wanted = if hidden { StatusCode::NOT_FOUND } else { StatusCode::CONFLICT };
            assert_eq!(status, wanted, "{whom}, {action}: {said}");
            if !hidden {
                assert_eq!(codes(&said, |a| a), offered, "{whom}, {action}");
            }
            refused += 1;
        }
        if hidden { [0, refused, 0] } else { [refused, 0, offered.len()] }
    }
}

/// The codes in a list of actions.
fn codes(answer: &Value, code: impl Fn(&Value) -> &Value) -> BTreeSet<String> {
    let all = answer["allowed_actions"].as_array().unwrap().iter();
    all.map(|a| code(a).as_str().unwrap().to_owned()).collect()
}

/// What the workflow lets the role do in the state, as far as state and role decide.
fn possible<'a>(flow: &'a Workflow, state: &str, role: &str) -> BTreeSet<&'a str> {
    let fits = |a: &&domain::workflow::Action| {
        a.from.iter().any(|s| s == state) && a.by.iter().any(|who| who.role == role)
    };
    flow.actions.iter().filter(fits).map(|a| a.code.as_str()).collect()
}

/// Everybody, each with a session of their own: role, unit, and whether it is the first of the role.
async fn everybody(town: &Town) -> Vec<(&Role, bool, Asker)> {
    let mut all = Vec::new();
    for role in town.pack.roles.values() {
        for (n, unit) in units_of(town, role).into_iter().enumerate() {
            let cookie = town.cookie(&role.code, unit).await;
            let token = cookie.trim_start_matches("staff=").to_owned();
            all.push((role, n == 0, Asker { router: town.router.clone(), token, unit }));
        }
    }
    all
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_for_every_role_in_every_state() {
    let town = Town::new().await;
    let flow = town.pack.workflow("appeal").unwrap().clone();
    let people = everybody(&town).await;
    let roles: Vec<&str> = town.pack.roles.keys().map(String::as_str).collect();
    let mut seen = [0; 3];
    for state in flow.states.iter().map(|s| s.code.as_str()) {
        let opened = case_in(&town, state).await;
        let stored = async || {
            let page = town.store.case_by_id(&town.pack, &Viewer::System, opened.done.case).await;
            let page = page.unwrap().unwrap();
            (page.case.state, page.version, page.entries.len())
        };
        let before = stored().await;
        assert_eq!(before.0, state);
        let path = format!("/api/v1/cases/{}", opened.number);
        for (role, first, asker) in &people {
            let possible = possible(&flow, state, &role.code);
            let turn = roles.iter().position(|r| *r == role.code);
            // What the state alone forbids is asked by the roles in turns, what it does not by each of
            // them, and by each unit of those that the workflow names.
            let asked = flow.actions.iter().enumerate().filter(|(n, action)| {
                let named = possible.contains(action.code.as_str());
                let from = action.from.iter().any(|s| s == state);
                named || *first && (from || Some(n % roles.len()) == turn)
            });
            let asked = asked.map(|(_, action)| action.code.as_str());
            let whom = format!("{} at {} in {state}", role.code, asker.unit);
            let found = asker.refusals(&path, (&possible, asked.collect()), &whom).await;
            seen.iter_mut().zip(found).for_each(|(all, one)| *all += one);
        }
        assert_eq!(stored().await, before, "{state}: something was written");
    }
    println!("refused, not even seen, offered: {seen:?}");
    assert!(seen[0] > 1_500 && seen[1] > 500 && seen[2] > 300, "the walk is not empty: {seen:?}");
}
