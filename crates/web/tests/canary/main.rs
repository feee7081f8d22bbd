//! The canary gate: secrets are planted in every field of every workflow, some cases are sealed,
//! people are kept out of others, and then everything that leaves the program is looked through for
//! them, as everybody, and everything that it writes down.
//!
//! One city is built for each database, because building it takes longer than looking through it.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod doors;
mod ground;
mod log;
mod merged;
mod places;
mod plant;
mod red;
mod routes;
mod same;
mod seal;
mod secret;
mod site;
mod speed;
#[allow(dead_code, reason = "the test of the table itself needs more of it")]
#[path = "../../../packs/tests/matrix/table.rs"]
mod table;
mod walk;

use secret::Group;
use site::Site;
use testkit::{Stand, mark::Watch};
use walk::Walker;

/// Routes on which the control group must have been seen; a walk that sees nothing proves nothing.
const SEEN_ON: [&str; 10] = [
    "/api/v1/cases",
    "/api/v1/cases/{number}",
    "/call/check",
    "/cases/{number}",
    "/cases/{number}/files/{seq}/{n}",
    "/cases/{number}/papers/{ordinal}",
    "/cases/{number}/papers/{ordinal}/docx",
    "/desk",
    "/exports/{export}",
    "/search",
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_what_is_not_theirs_on_sqlite() {
    log::listen();
    let site = Site::new(Stand::sqlite().await).await;
    nobody_sees(&site).await;
    answers_are_the_same(&site).await;
    the_gate_can_fail(&site).await;
    doors_open_as_the_table_says(&site).await;
    nothing_lies_about(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_what_is_not_theirs_on_postgresql() {
    log::listen();
    let site = Site::new(Stand::postgres().await).await;
    nobody_sees(&site).await;
    answers_are_the_same(&site).await;
    nothing_lies_about(&site).await;
}

/// Stops with every finding, one a line.
fn none(what: &str, found: &[String]) {
    let shown: String = found.iter().take(60).fold(String::new(), |all, one| all + one + "\n");
    assert!(found.is_empty(), "{what}: {}\n{shown}", found.len());
}

/// The walk: every route, everybody, every probe.
async fn nobody_sees(site: &Site) {
    let control = site.watch(&[Group::Control]);
    let words = site.control_words();
    let masked = Watch::new(secret::masked(Group::Control));
    let walk = site.walk([&control, &masked], &words);
    none("the walk does not go everywhere", &walk.gaps(&site.doorman().await).await);
    let mut all = site::changed(&site.before, &site.look_around().await, &site.out);

    let near = [Group::Sealed, Group::Excluded];
    let far = [Group::Sealed, Group::Excluded, Group::Foreign];
    let watches: [Watch; 2] = [site.watch(&near), site.watch(&far)];
    let probes = [site.probes(&near).await, site.probes(&far).await];
    let walker = |person: &site::Person| {
        let at = usize::from(!person.knows_foreign);
        Walker { caller: person.caller.clone(), watch: &watches[at], probes: &probes[at] }
    };
    let walkers: Vec<Walker<'_>> = site.people.iter().map(walker).collect();
    let findings = walk.all(&walkers).await;
    all.extend(findings.leaks.iter().map(ToString::to_string));
    none("leaks", &all);
    let unseen: Vec<&str> =
        SEEN_ON.into_iter().filter(|route| !findings.seen.contains_key(*route)).collect();
    assert!(unseen.is_empty(), "nothing was seen on {unseen:?}: {:#?}", findings.seen);
    assert!(findings.sent > 5_000, "{} requests", findings.sent);
}

/// The access table through HTTP.
async fn doors_open_as_the_table_says(site: &Site) {
    let doors = doors::built(&site.ground).await;
    none("doors are not as the table says", &doors.walk().await);
    red::doors_too_wide_and_too_narrow(site, &doors).await;
}

/// A number that one may not know of is answered like one that was never issued.
async fn answers_are_the_same(site: &Site) {
    let (apart, tried) = same::answers(site, &same::fresh(site), |_| true).await;
    none("answers differ", &apart);
    assert!(tried > 500, "{tried}");
    let near = [Group::Sealed, Group::Excluded];
    none("merged cases tell", &merged::tells(site, &site.ground.router, &near).await);
    none("broken glass tells", &same::glass(site, &site.ground.router).await);
    let (router, shapes) = (same::fresh(site), speed::shapes(site).await);
    none("answers differ in time", &speed::told(site, &router, &shapes, speed::PROBES).await);
}

/// Whatever is broken on purpose is noticed.
async fn the_gate_can_fail(site: &Site) {
    red::a_wide_pack(site).await;
    red::a_route_left_out(site, &site.doorman().await).await;
    red::a_view_that_slips(site).await;
    red::an_answer_of_its_own(site).await;
    red::a_whole_name(site).await;
    red::a_merger_that_tells(site).await;
    red::a_slow_answer(site).await;
    red::a_count(&site.before);
    red::what_is_written_down(site).await;
}

/// Database, backup, reports, log and letters.
async fn nothing_lies_about(site: &Site) {
    let everything = site.watch(&Group::ALL);
    let sealed = site.watch(&[Group::Sealed]);
    let words = Watch::new(Group::ALL.into_iter().flat_map(secret::marks));
    let barred = site.barred().await;
    let letters = places::letters(&site.ground).await;
    none("letters tell", &places::telling(&letters, [&sealed, &words], &barred));
    red::letters_that_tell(site, &letters);
    none("reports tell", &places::reports(&site.ground, &everything).await);
    // A number is a code, which facts may carry; whoever has the database has the cases' ids anyway.
    let personal =
        Watch::new(everything.marks().iter().filter(|m| !m.what.ends_with(" number")).cloned());
    none("the database tells", &places::database(&site.ground, &personal).await);
}
