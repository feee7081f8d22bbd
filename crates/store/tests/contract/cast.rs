//! The people of these tests, and the ways they take a case forward.

use domain::{
    case::{Actor, CaseId},
    refusal::{Bar, Refusal},
};
use store::{Done, No, db::WriteError};
use testkit::{Appeal, Stand, actor, unit};

pub fn operator() -> Actor {
    actor(1, unit::HOTLINE, "operator")
}

pub fn triage() -> Actor {
    actor(2, unit::HOTLINE, "triage")
}

pub fn dispatcher() -> Actor {
    actor(3, unit::HOTLINE, "dispatcher")
}

pub fn city_visitor() -> Actor {
    actor(4, unit::CITY, "visitor")
}

pub fn city_leader() -> Actor {
    actor(5, unit::CITY, "leader")
}

pub fn archivist() -> Actor {
    actor(6, unit::CITY, "archivist")
}

pub fn east_handler() -> Actor {
    actor(11, unit::EAST, "handler")
}

pub fn east_reviewer() -> Actor {
    actor(12, unit::EAST, "reviewer")
}

pub fn east_leader() -> Actor {
    actor(13, unit::EAST, "leader")
}

pub fn east_visitor() -> Actor {
    actor(14, unit::EAST, "county_visitor")
}

pub fn town_handler() -> Actor {
    actor(21, unit::EAST_TOWN, "handler")
}

pub fn west_handler() -> Actor {
    actor(31, unit::WEST, "handler")
}

pub fn east_police() -> Actor {
    actor(41, unit::EAST_POLICE, "agency")
}

pub fn east_justice() -> Actor {
    actor(42, unit::EAST_JUSTICE, "agency")
}

/// Registered and in triage.
pub async fn to_triage(stand: &Stand, appeal: &Appeal, category: &str) -> CaseId {
    let case = stand.open(appeal).await.done.case;
    stand.act(&operator(), case, "register", &[("category", category)]).await;
    stand.act(&operator(), case, "to_triage", &[]).await;
    case
}

/// Dispatched to a unit and not yet signed for.
pub async fn assigned(stand: &Stand, appeal: &Appeal, to: &str) -> CaseId {
    let case = to_triage(stand, appeal, "1302").await;
    stand.act(&dispatcher(), case, "dispatch_to", &[("unit", to)]).await;
    case
}

/// In the hands of the eastern county.
pub async fn handling(stand: &Stand, appeal: &Appeal) -> CaseId {
    let case = assigned(stand, appeal, unit::EAST).await;
    stand.act(&east_handler(), case, "sign", &[]).await;
    case
}

/// Answered by the eastern county, waiting for a visit.
pub async fn visiting(stand: &Stand, appeal: &Appeal) -> CaseId {
    let case = handling(stand, appeal).await;
    reply(stand, case, &east_handler(), &east_reviewer()).await;
    case
}

/// An answer, and its approval by another person.
pub async fn reply(stand: &Stand, case: CaseId, handler: &Actor, reviewer: &Actor) {
    let fields = [("answer", "已上门调解并落实帮扶"), ("outcome", "resolved")];
    stand.act(handler, case, "submit_reply", &fields).await;
    stand.act(reviewer, case, "approve_reply", &[]).await;
}

/// A visit with a result.
pub async fn visited(stand: &Stand, case: CaseId, visitor: &Actor, action: &str, result: &str) {
    let fields = [("attitude", "4"), ("result", result), ("visit_note", "回访时本人接听")];
    stand.act(visitor, case, action, &fields).await;
}

/// The bar that stood in the way, and what was allowed instead.
pub fn bar(refused: Result<Done, WriteError<No>>) -> (Bar, Vec<String>) {
    match refused {
        Err(WriteError::Refused(No::Refused(Refusal::NotAllowed { why, allowed, .. }))) => {
            (why, allowed)
        }
        other => panic!("not a bar: {other:?}"),
    }
}

/// The refusal of the domain.
pub fn refusal(refused: Result<Done, WriteError<No>>) -> Refusal {
    match refused {
        Err(WriteError::Refused(No::Refused(refusal))) => refusal,
        other => panic!("not refused by the domain: {other:?}"),
    }
}
