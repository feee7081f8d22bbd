//! Cases that everybody may see, merged into cases that nobody may know of. None of them names the
//! other, on any page, in any format.

use crate::{
    ground::{Caller, send},
    routes::{self, NUMBER},
    secret::Group,
    site::Site,
};
use axum::{Router, http::Method};
use domain::case::{Actor, CaseId};
use std::collections::BTreeSet;
use testkit::{
    Appeal,
    mark::{self, Mark, Watch},
    unit,
};

/// What tells of a main case, as everybody; and whether somebody who knows of it was told.
pub async fn tells(site: &Site, router: &Router, groups: &[Group]) -> Vec<String> {
    let insider = site.ground.person(unit::HOTLINE, &["operator", "triage"], 0).await;
    let inside = site.ground.caller("insider", &insider).await;
    let mut found = Vec::new();
    for group in groups {
        let main = site.groves[group].first("appeal").number.clone();
        let other = merge(site, &main).await;
        let number = site.ground.stand.page(other).await.number;
        let watch = Watch::new([Mark::new(format!("{} number", group.name()), &main)]);
        let told = asked(site, (router, &inside), (&number, &watch)).await;
        for route in ["/cases/{number}", "/api/v1/cases/{number}"] {
            if !told.iter().any(|t| t.starts_with(route)) {
                found.push(format!("{route} tells nothing to who may know: {told:?}"));
            }
        }
        let walkers = site.people.iter().map(|p| p.caller.clone());
        for caller in walkers.chain([site.ground.appellant(other)]) {
            let told = asked(site, (router, &caller), (&number, &watch)).await;
            found.extend(told.into_iter().map(|t| format!("{}: {t}", caller.name)));
        }
    }
    found
}

/// A case of which everybody may know, merged by somebody who knows of the main case.
async fn merge(site: &Site, main: &str) -> CaseId {
    let stand = &site.ground.stand;
    let operator = Actor::Staff(site.ground.person(unit::HOTLINE, &["operator"], 0).await);
    let case = stand.open(&Appeal::new("1302", "同一件事")).await.done.case;
    stand.act(&operator, case, "register", &[("category", "1302")]).await;
    stand.act(&operator, case, "merge", &[("main", main)]).await;
    case
}

/// Where somebody who reads everything about a case finds a mark.
async fn asked(
    site: &Site,
    (router, caller): (&Router, &Caller),
    (number, watch): (&str, &Watch),
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rule in web::route_table(&site.ground.app) {
        let asks = routes::asks(site.ground.pack(), &site.facts, rule.path).unwrap_or_default();
        for ask in asks.iter().filter(|a| a.method == Method::GET) {
            let reply = send(router, caller, &ask.with(NUMBER, number)).await;
            let layers = mark::layers(reply.kind(), &reply.bytes).unwrap_or_default();
            if layers.iter().any(|(_, bytes)| !watch.look(bytes).is_empty()) {
                found.insert(format!("{} by {}", rule.path, ask.path));
            }
        }
    }
    found
}
