//! The gate can fail: each of these breaks one thing, and the gate must say so, with route, person
//! and mark.

use crate::{
    doors::Doors,
    ground::{Ask, Caller},
    log, merged, places,
    routes::NUMBER,
    same,
    secret::{self, Group},
    site::{Out, Site},
    speed,
    walk::{Leak, Walker},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, Method, StatusCode},
    middleware::{self, Next},
    response::Response,
};
use domain::pack::{Grant, Pack, Right, Sees, Sensitivity, Standing};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};
use store::NewAccount;
use testkit::{
    Received,
    mark::{Mark, Watch},
};
use web::App;

/// What somebody finds on an application that is broken in one place.
async fn found(site: &Site, router: Router, who: &str, table: &[&'static str]) -> BTreeSet<Leak> {
    let nothing = Watch::new([]);
    let groups = [Group::Sealed, Group::Excluded, Group::Foreign];
    let (watch, probes) = (site.watch(&groups), site.probes(&groups).await);
    let mut walk = site.walk([&nothing, &nothing], &[]);
    walk.router = router;
    walk.table.retain(|route| table.contains(route));
    let walker = Walker { caller: site.person(who).caller.clone(), watch: &watch, probes: &probes };
    walk.all(&[walker]).await.leaks
}

fn assert_red(leaks: &BTreeSet<Leak>, route: &str, words: &str) {
    let told = leaks.iter().any(|l| l.route == route && l.what.contains(words));
    assert!(told, "nobody noticed {words} on {route}: {leaks:#?}");
}

const HANDLER: &str = "handler@wf-990101";

/// The application under a pack in which something was changed.
fn under(site: &Site, change: impl FnOnce(&mut Pack)) -> Router {
    let mut city = testkit::city().clone();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/city");
    city.pack = packs::load(&root).unwrap().pack;
    change(Arc::get_mut(&mut city.pack).unwrap());
    let clock = site.ground.stand.clock.clone();
    let store = site.ground.stand.store.clone();
    web::router(App::new(store, city, move || clock.now(), Vec::new()))
}

/// Handlers see the whole city.
fn widen(pack: &mut Pack) {
    let may = pack.roles["handler"].grants[0].may.clone();
    let of = BTreeSet::from(Sensitivity::ALL);
    let standings = BTreeSet::from([Standing::City]);
    let row = Grant { standings, of, sees: Sees::ALL, may };
    pack.roles.get_mut("handler").unwrap().grants.push(row);
}

/// A pack whose handlers see the whole city.
pub async fn a_wide_pack(site: &Site) {
    let routes = ["/search", "/cases/{number}", "/api/v1/cases/{number}", "/desk"];
    let leaks = found(site, under(site, widen), HANDLER, &routes).await;
    for route in ["/search", "/cases/{number}", "/api/v1/cases/{number}"] {
        assert_red(&leaks, route, "foreign");
    }
    // Seals and exclusions hold even so: they do not rest on the rows of roles.
    let beyond = leaks.iter().find(|l| l.what.contains("sealed ") || l.what.contains("excluded "));
    assert_eq!(beyond, None);
}

/// Doors that open to too many, and one that stays shut to whom it should open.
pub async fn doors_too_wide_and_too_narrow(site: &Site, doors: &Doors<'_>) {
    let wide = doors.wrong(&under(site, widen), |role| role == "handler").await;
    let opened = |line: &String| line.starts_with("GET /cases/") && line.contains("handler: 200");
    assert!(wide.iter().any(opened), "nobody noticed that handlers see the city: {wide:#?}");
    for (right, rest) in [(Right::Export, "/papers/1/docx"), (Right::Supervise, "/readers")] {
        let narrow = under(site, |pack| {
            let grants = &mut pack.roles.get_mut("reviewer").unwrap().grants;
            for grant in grants {
                grant.may.remove(&right);
            }
        });
        let shut = doors.wrong(&narrow, |role| role == "reviewer").await;
        let told = shut.iter().any(|line| line.contains(rest));
        assert!(told, "nobody noticed that reviewers lost {right:?}: {shut:#?}");
    }
}

/// A sealed number that is answered with another status, or with one header more.
pub async fn an_answer_of_its_own(site: &Site) {
    let numbers = Arc::new(same::numbers_of(site, Group::Sealed));
    for (what, words) in [("status", "403"), ("header", "x-known")] {
        let known = numbers.clone();
        let tells = move |request: Request, next: Next| {
            let sealed = known.keys().any(|number| request.uri().path().contains(number));
            async move {
                let mut response = next.run(request).await;
                match what {
                    "status" if sealed => *response.status_mut() = StatusCode::FORBIDDEN,
                    "header" if sealed => {
                        let yes = HeaderValue::from_static("1");
                        response.headers_mut().insert("x-known", yes);
                    }
                    _ => {}
                }
                response
            }
        };
        let router = same::fresh(site).layer(middleware::from_fn(tells));
        let (apart, _) = same::answers(site, &router, |path| path == "/cases/{number}").await;
        let told = apart.iter().any(|line| line.contains(words));
        assert!(told, "nobody noticed another {what}: {apart:#?}");
    }
}

/// A route that is not in the walk, and a method that nobody asks.
pub async fn a_route_left_out(site: &Site, doorman: &Caller) {
    let nothing = Watch::new([]);
    let mut walk = site.walk([&nothing, &nothing], &[]);
    walk.table = vec!["/cases/{number}/letters"];
    assert_eq!(walk.gaps(doorman).await, ["/cases/{number}/letters is not in the walk"]);
    walk.table = vec!["/board"];
    walk.router =
        Router::new().route("/board", axum::routing::get(|| async {}).put(|| async { "done" }));
    assert_eq!(walk.gaps(doorman).await, ["PUT /board answers 200 OK unasked"]);
}

/// Ways in which a view could tell.
#[derive(Debug, Clone, Copy)]
enum Slip {
    /// A field added to a page.
    Field,
    /// The same, coded.
    Coded,
    /// A header.
    Header,
    /// Another status for a number that exists.
    Status,
    /// One more hit, without any word of it.
    Count,
    /// A release that has not gone out, beside those that have.
    Early,
    /// A release that has gone out and was sealed.
    Late,
    /// What has gone out, where it has no place.
    Astray,
}

/// The application with a slip.
fn slipping(site: &Site, slip: Slip) -> Router {
    let secret = format!("{}丁summary", Group::Sealed.stem());
    let early = site.groves[&Group::Excluded].first("release").number.clone();
    let late = format!("{}庚title", Group::Sealed.stem());
    let astray = format!("{}庚title", Group::Excluded.stem());
    let news = [early, late, astray];
    let numbers = Arc::new(same::numbers_of(site, Group::Sealed));
    let slips = move |request: Request, next: Next| {
        let (secret, numbers) = (secret.clone(), numbers.clone());
        let [early, late, astray] = news.clone();
        async move {
            let path = request.uri().path().to_owned();
            let sealed = numbers.keys().any(|number| path.contains(number));
            let (parts, body) = request.into_parts();
            let sent = to_bytes(body, usize::MAX).await.unwrap();
            let asked =
                String::from_utf8_lossy(&sent).contains(&crate::ground::encode(&secret[..6]));
            let request = Request::from_parts(parts, Body::from(sent));
            let mut response = next.run(request).await;
            match slip {
                Slip::Field if path == "/desk" => extended(response, &secret).await,
                Slip::Coded if path == "/notices" => {
                    extended(response, "6b6Y6Z2Q5LiBc3VtbWFyeQ==").await
                }
                Slip::Header if path == "/me" => {
                    let value = HeaderValue::from_bytes(secret.as_bytes()).unwrap();
                    response.headers_mut().insert("x-last", value);
                    response
                }
                Slip::Status if sealed => {
                    *response.status_mut() = StatusCode::FORBIDDEN;
                    response
                }
                Slip::Early if path == "/news" => extended(response, &early).await,
                Slip::Late if path == "/news" => extended(response, &late).await,
                Slip::Astray if path == "/desk" => extended(response, &astray).await,
                Slip::Count if asked && path == "/search" => extended(response, "1").await,
                _ => response,
            }
        }
    };
    site.ground.router.clone().layer(middleware::from_fn(slips))
}

async fn extended(response: Response, text: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove("content-length");
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Response::from_parts(parts, Body::from([&bytes, text.as_bytes()].concat()))
}

pub async fn a_view_that_slips(site: &Site) {
    for (slip, route, words) in [
        (Slip::Field, "/desk", "sealed summary as UTF-8"),
        (Slip::Coded, "/notices", "sealed summary as base64"),
        (Slip::Header, "/me", "headers: sealed summary"),
        (Slip::Status, "/cases/{number}", "tells "),
        (Slip::Count, "/search", "tells "),
        (Slip::Early, "/news", "excluded number as UTF-8"),
        (Slip::Late, "/news", "sealed work as UTF-8"),
        (Slip::Astray, "/desk", "excluded work as UTF-8"),
    ] {
        let router = slipping(site, slip);
        assert_red(&found(site, router, HANDLER, &[route]).await, route, words);
    }
}

/// An answer that takes a little longer for a sealed number.
pub async fn a_slow_answer(site: &Site) {
    let numbers = Arc::new(same::numbers_of(site, Group::Sealed));
    let slow = move |request: Request, next: Next| {
        let sealed = numbers.keys().any(|n| request.uri().path().contains(n));
        async move {
            let response = next.run(request).await;
            let start = Instant::now();
            while sealed && start.elapsed() < Duration::from_micros(500) {
                std::hint::spin_loop();
            }
            response
        }
    };
    let router = site.ground.router.clone().layer(middleware::from_fn(slow));
    let shape = speed::shape(HANDLER, "a page", Ask::get(format!("/cases/{NUMBER}")));
    let told = speed::told(site, &router, &[shape], 1_000).await;
    assert_eq!(told.len(), 2, "nobody noticed the wait: {told:?}");
}

/// The main case told to everybody who looks at a case that was merged into it.
pub async fn a_merger_that_tells(site: &Site) {
    let main = site.groves[&Group::Sealed].first("appeal").number.clone();
    let tells = move |request: Request, next: Next| {
        let case = request.uri().path().starts_with("/cases/");
        let main = main.clone();
        async move {
            let response = next.run(request).await;
            if case { extended(response, &main).await } else { response }
        }
    };
    let router = site.ground.router.clone().layer(middleware::from_fn(tells));
    let told = merged::tells(site, &router, &[Group::Sealed]).await;
    let noticed = |who: &str| told.iter().any(|line| line.starts_with(who));
    assert!(noticed(HANDLER) && noticed("appellant"), "nobody noticed the main case: {told:#?}");
}

/// A whole name in the answer to a form.
pub async fn a_whole_name(site: &Site) {
    let nothing = Watch::new([]);
    let masked = Watch::new(secret::masked(Group::Control));
    let name = masked.marks()[0].text.clone();
    let slips = move |request: Request, next: Next| {
        let form = request.method() == Method::POST;
        let name = name.clone();
        async move {
            let response = next.run(request).await;
            if form { extended(response, &name).await } else { response }
        }
    };
    // Telephones find the case, and are no name.
    let mut words = site.control_words();
    words.retain(|word| word.real.starts_with('1'));
    let mut walk = site.walk([&nothing, &masked], &words);
    walk.router = site.ground.router.clone().layer(middleware::from_fn(slips));
    walk.table = vec!["/call/check"];
    let caller = site.person("operator@hotline-9901").caller.clone();
    let leaks = walk.all(&[Walker { caller, watch: &nothing, probes: &[] }]).await.leaks;
    assert_red(&leaks, "/call/check", "unmasked ");
}

/// Letters that say what they may, looked through for just that.
pub fn letters_that_tell(site: &Site, letters: &[Received]) {
    let (nothing, control) = (Watch::new([]), site.watch(&[Group::Control]));
    let known = site.groves[&Group::Control].cases.iter().map(|case| case.number.clone());
    let every: BTreeSet<String> = site.ground.pack().units.iter().map(|u| u.code.clone()).collect();
    let shut: Vec<_> = known.map(|number| (number, every.clone())).collect();
    let own = letters.iter().find(|letter| letter.text("/data/to/unit").is_empty());
    let said = own.expect("a letter to a person").text("/data/text");
    let said = Watch::new([Mark::new("said", said)]);
    for (what, watches, shut) in [
        ("to an office", [&control, &nothing], &shut[..0]),
        ("to the person", [&nothing, &said], &shut[..0]),
        ("tells ", [&nothing, &nothing], &shut[..]),
    ] {
        let told = places::telling(letters, watches, shut);
        assert!(told.iter().any(|line| line.contains(what)), "nobody noticed {what}: {told:?}");
    }
}

/// A line of the log, and a name that stands in the database as it is.
pub async fn what_is_written_down(site: &Site) {
    let watch = Watch::new([Mark::new("logged", "钀鱵钀鱵"), Mark::new("kept", "癵爨癵爨")]);
    assert_eq!(places::look("the log", &log::said(), &watch), Vec::<String>::new());
    tracing::debug!(summary = "钀鱵钀鱵", "a line that should not be there");
    assert_eq!(places::look("the log", &log::said(), &watch).len(), 1);
    let word = str::to_owned;
    let (username, name, unit) = (word("mutant"), word("癵爨癵爨"), word("wf-9901"));
    let new = NewAccount { username, password: String::new(), name, unit, roles: Vec::new() };
    assert_eq!(places::database(&site.ground, &watch).await, Vec::<String>::new());
    site.ground.stand.store.create_account(new).await.unwrap();
    assert!(!places::database(&site.ground, &watch).await.is_empty(), "nobody looked there");
}

/// A page that changed when secrets were planted.
pub fn a_count(before: &BTreeMap<(String, String), String>) {
    let mut after = before.clone();
    let counted = after.iter_mut().find(|((_, ask), _)| ask.contains(" /board")).expect("a board");
    counted.1.push('1');
    assert_eq!(crate::site::changed(before, &after, &Out::default()).len(), 1);
}
