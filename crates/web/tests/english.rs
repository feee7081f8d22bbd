//! English pages are English: every page of the route table is opened in English, with cases in
//! many states and with refused forms, and holds no Chinese but names that have no English.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

#[allow(dead_code, reason = "these tests use a part of the office")]
mod office;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use office::{Office, Page};
use std::collections::BTreeSet;
use web::Access;

const OPERATOR: &str = "operator@hotline-9901";
const TRIAGE: &str = "triage@hotline-9901";
const COUNTY: &str = "handler@wf-990101";
const REVIEWER: &str = "reviewer@wf-990101";
const LEADER: &str = "leader@wf-9901";
const VISITOR: &str = "visitor@hotline-9901";
const SYSTEM: &str = "system_admin@wf-9901";
const SECURITY: &str = "security_admin@wf-9901";
const AUDITOR: &str = "audit_admin@wf-9901";
const VILLAGE: &str = "handler@wf-990101001001";
/// Eyes that see every kind of page.
const EYES: &[&str] =
    &[OPERATOR, TRIAGE, COUNTY, REVIEWER, LEADER, VISITOR, VILLAGE, SYSTEM, SECURITY, AUDITOR];

/// What may be Chinese in an English page. Names of places stand in no other script in the list
/// of divisions; [`left_over`] takes them from the pack.
const ALLOWED: &[(&str, &str)] = &[
    ("简体", "the way to the page in simplified characters, named in them"),
    ("繁體", "the way to the page in traditional characters, named in them"),
    ("某", "names of the accounts of these tests, and what stands for a hidden name"),
];

/// Routes that are no pages in the language of the reader.
const NO_PAGES: &[(&str, &str)] = &[
    ("/static/", "files of the program"),
    ("/api/", "for programs; tested with the API"),
    ("/open311/", "for programs; the standard knows no language of the reader"),
    ("/healthz", "for programs"),
    ("/readyz", "for programs"),
    ("/metrics", "for programs"),
    ("/news/feed", "for programs; its texts are those of the releases"),
    ("/look", "only sets a cookie"),
    ("/leave", "leads away"),
    ("/cases/{number}/papers/", "official papers are Chinese by law"),
    ("/figures/board.", "files; the workbook has the words of the page, the paper is Chinese"),
    (
        "/figures/{figure}/table.",
        "files; the workbook has the words of the page, the paper is Chinese",
    ),
    ("/cases/{number}/figures/form.xlsx", "a file with the words of the page"),
    ("/my/papers/", "official papers are Chinese by law"),
    ("/cases/{number}/files/", "what people sent"),
    ("/cases/{number}/copy", "what people sent, as an official paper"),
    ("/my/copy", "what people sent, as an official paper"),
];

const STORY: &[(&str, &str)] = &[
    ("contact_name", "Lin"),
    ("place", "990101001000"),
    ("summary", "Who looks after the child"),
    ("narrative", "The child lives with its grandparents."),
    ("safe_contact", "Mornings only"),
];

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

/// The first Chinese that is left when everything allowed is taken away, with its surroundings.
fn left_over(places: &[String], body: &str) -> Option<String> {
    let mut body = body.to_owned();
    // What was sent to a person stands there as it was sent, and says in which language.
    while let Some((before, sent)) = body.split_once("<p class=\"small told\" lang=\"zh-Hans\">") {
        let (_, after) = sent.split_once("</p>")?;
        body = format!("{before}{after}");
    }
    body = without_chinese_texts(&body);
    for name in places.iter().map(String::as_str).chain(ALLOWED.iter().map(|(text, _)| *text)) {
        body = body.replace(name, "");
    }
    let found = body.char_indices().position(|(_, c)| is_chinese(c))?;
    Some(body.chars().skip(found.saturating_sub(50)).take(130).collect())
}

/// A page without the texts that it says are Chinese: what the press is told in Chinese stays so.
fn without_chinese_texts(body: &str) -> String {
    let mut parts = body.split("lang=\"zh-Hans\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        all + tag + ">" + text.find('<').map_or("", |at| &text[at..])
    })
}

/// Names of the divisions, the longest first, so that none leaves a part of another.
fn places(office: &Office) -> Vec<String> {
    let mut names: Vec<String> = office.app.pack().regions.iter().map(|r| r.name.clone()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}

async fn english(office: &Office, cookie: &str, path: &str, form: Option<&[(&str, &str)]>) -> Page {
    let request = match form {
        None => Request::get(path),
        Some(_) => {
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        }
    };
    let body: Vec<String> = form
        .unwrap_or_default()
        .iter()
        .map(|(name, value)| format!("{name}={}", office::encode(value)))
        .collect();
    let request = request.header(header::COOKIE, format!("{cookie}; lang=en"));
    office::page(office.raw(request.body(Body::from(body.join("&"))).unwrap()).await).await
}

async fn staff(office: &Office, who: &str, path: &str, form: Option<&[(&str, &str)]>) -> Page {
    let session = office.session(who).await;
    let csrf = [("csrf", session.csrf.as_str())];
    let form = form.map(|form| [&csrf, form].concat());
    english(office, &session.cookie, path, form.as_deref()).await
}

/// Cases in several states, the last one with an answer to be rated; and its secret.
async fn cases(office: &Office) -> (Vec<String>, (String, String)) {
    let (waiting, _) = office.call(STORY).await;
    let (red, _) = office.call(&[STORY, &[("risk.choking", "yes")]].concat()).await;
    let (handled, _) = office.call(STORY).await;
    let (rated, secret) = office.call(STORY).await;
    for number in [&handled, &rated] {
        office.must(TRIAGE, number, "dispatch_to", &[("unit", "wf-990101")]).await;
        office.must(COUNTY, number, "sign", &[]).await;
    }
    let help = [("units", "justice-990101"), ("instruction", "Legal aid, please")];
    office.must(COUNTY, &handled, "invite", &help).await;
    let level = [("level", "notice"), ("instruction", "Report this week")];
    office.must(LEADER, &handled, "chase", &[("instruction", "Please hurry")]).await;
    office.must(LEADER, &handled, "supervise", &level).await;
    let answer = [("answer", "Both parents were heard."), ("outcome", "resolved")];
    office.must(COUNTY, &rated, "submit_reply", &answer).await;
    office.must("reviewer@wf-9901", &rated, "approve_reply", &[]).await;
    let report = [("form", "monthly"), ("period", "2026-01")];
    let report = office.post(COUNTY, "/new/report", &report).await.to;
    let report = report.trim_start_matches("/cases/").split('?').next().unwrap().to_owned();
    office.must(COUNTY, &report, "submit", &[]).await;
    let release = release(office).await;
    (vec![waiting, red, handled, report, release, rated.clone()], (rated, secret))
}

/// A press text that has gone out and is being corrected.
async fn release(office: &Office) -> String {
    let [writer, checker] = ["handler@wf-9901", "reviewer@wf-9901"];
    let text = [
        ("title", "Appeals"),
        ("body", "Appeals this year: {appeals_received 2026}."),
        ("english", "Appeals this year: {appeals_received 2026}."),
        ("goes_out_on", "2026-01-08"),
    ];
    let opened = office.post(writer, "/new/release", &text).await.to;
    let number = opened.trim_start_matches("/cases/").split('?').next().unwrap().to_owned();
    for reason in ["The first", "The second"] {
        office.must(writer, &number, "submit", &[]).await;
        office.must(checker, &number, "check", &[]).await;
        office.must(LEADER, &number, "sign_now", &[]).await;
        office.call(STORY).await;
        office.must(writer, &number, "correct", &[("reason", reason)]).await;
    }
    number
}

/// The addresses of a route, its parameters filled in.
fn addresses(path: &str, numbers: &[String], flows: &[&str]) -> Vec<String> {
    let all = |name: &str, values: &[&str]| -> Vec<String> {
        values.iter().map(|value| path.replace(name, value)).collect()
    };
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let path = &path.replace("{freezing}/{n}", "0/0");
    match path.as_str() {
        "/setup/units/{code}" => all("{code}", &["wf-9901", "wf-990101", "police-990101"]),
        "/setup/workflows/{code}" => all("{code}", flows),
        "/figures/{figure}" => all("{figure}", &["appeals_open", "appeals_people"]),
        "/board/{unit}" => all("{unit}", &["wf-9901", "wf-990101"]),
        _ if path.contains("{account}") => all("{account}", &["1", "2"]),
        _ if path.contains("{workflow}") => all("{workflow}", flows),
        _ if path.contains("{number}") => all("{number}", &numbers),
        _ => vec![path.to_owned()],
    }
}

#[tokio::test]
async fn every_page_is_english_in_english() {
    let office = Office::open(Vec::new()).await;
    let (numbers, (number, receipt)) = cases(&office).await;
    let track = [("number", number.as_str()), ("receipt", receipt.as_str())];
    let pass = office.raw(form_request("/track", &track)).await;
    let pass = pass.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let places = places(&office);
    let pack = office.app.pack();
    let flows: Vec<&str> = pack.workflows.keys().map(String::as_str).collect();
    let (mut wrong, mut walked, mut seen) = (BTreeSet::new(), 0, BTreeSet::new());
    for rule in web::route_table(&office.app) {
        if NO_PAGES.iter().any(|(start, _)| rule.path.starts_with(start)) {
            continue;
        }
        for path in addresses(rule.path, &numbers, &flows) {
            let mut shown = Vec::new();
            match rule.access {
                Access::Public => shown.push(("anybody", english(&office, "", &path, None).await)),
                Access::Appellant => {
                    shown.push(("the appellant", english(&office, pass, &path, None).await));
                }
                // Where somebody stands who has nothing left to prove: the second factor can be set up.
                Access::Staff | Access::ComingIn => {
                    for who in EYES {
                        shown.push((who, staff(&office, who, &path, None).await));
                    }
                }
                Access::Token | Access::Demo => {}
            }
            for (who, page) in shown {
                assert_ne!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{who} {path}");
                if page.status == StatusCode::OK {
                    walked += 1;
                    seen.insert(rule.path);
                }
                let found = left_over(&places, &page.body);
                wrong.extend(found.map(|text| format!("{path} ({who}): {text}")));
            }
        }
    }
    assert!(walked > 150, "only {walked} pages were shown");
    let eyes = pages_of_the_browser();
    seen.retain(|path| !eyes.iter().any(|seen| fits(path, seen)));
    assert_eq!(seen, WALKED_THROUGH.into(), "no line of e2e/lib/pages.mjs shows these");
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n\n"));
}

/// A part of the page of a call, and a page that the browser tests reach by the steps that lead there.
const WALKED_THROUGH: [&str; 2] = ["/call/check", "/my"];

/// The addresses in the list of pages that the browser tests look at, without their queries.
fn pages_of_the_browser() -> Vec<String> {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/lib/pages.mjs");
    let list = std::fs::read_to_string(list).unwrap();
    let pages = list.lines().filter_map(|line| {
        let path = line.split_once(" path: '")?.1.split(['\'', '?']).next()?;
        Some(path.replace("{case}", "/cases/2").replace("{paper}", "/cases/2/papers/1"))
    });
    let pages: Vec<String> = pages.collect();
    assert!(pages.len() > 80, "{pages:?}");
    pages
}

/// Whether an address is one of a route, whose parameters stand for one part each.
fn fits(route: &str, address: &str) -> bool {
    let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (route, address) = (parts(route), parts(address));
    let same = |(part, given): (&String, &String)| part.starts_with('{') || part == given;
    route.len() == address.len() && route.iter().zip(&address).all(same)
}

fn form_request(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", office::encode(value))).collect();
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")))
        .unwrap()
}

/// What a form says about what was not accepted is English, and so is the label in it.
#[tokio::test]
async fn refused_forms_are_english_in_english() {
    let office = Office::open(Vec::new()).await;
    let (numbers, _) = cases(&office).await;
    let places = places(&office);
    let wrong = [("contact_phone", "abc"), ("relation", "nobody"), ("anonymous", "no")];
    let steps = ["group", "kind", "story", "contact", "review"];
    for step in steps {
        for typed in [&wrong[..0], &wrong[..]] {
            let form = [&[("step", step), ("group", "02"), ("go", "next")], typed].concat();
            let shown = english(&office, "", "/help", Some(&form)).await;
            assert_eq!(left_over(&places, &shown.body), None, "{step} {typed:?}");
        }
    }
    let [_, _, handled, _, _, rated] = numbers.as_slice() else { panic!("six cases") };
    let cases = [
        (OPERATOR, "/call".to_owned(), vec![("do", "register"), ("contact_phone", "abc")]),
        (VILLAGE, "/new/mediation".to_owned(), vec![("contact_phone", "abc")]),
        (COUNTY, format!("/cases/{handled}/invite"), vec![("units", "nowhere")]),
        (VISITOR, format!("/cases/{rated}/record_visit"), vec![("attitude", "9")]),
    ];
    for (who, path, mut form) in cases {
        if let Some(number) = path.split('/').nth(2).filter(|_| path.starts_with("/cases")) {
            let case = office.get(who, &format!("/cases/{number}")).await;
            let version = case.value("version");
            form.push(("version", version.leak()));
        }
        let shown = staff(&office, who, &path, Some(&form)).await;
        assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {}", shown.words());
        assert_eq!(left_over(&places, &shown.body), None, "{path}");
    }
    let conflict = staff(&office, TRIAGE, &format!("/cases/{rated}/dispatch"), Some(&[])).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert_eq!(left_over(&places, &conflict.body), None);
}
