//! The walk: every request of every route as everybody, and every answer looked through.
//!
//! What is asked with a secret in the request is asked again with a decoy in its place, and the
//! two answers must be the same: so that a page may repeat what was typed and still may say nothing
//! else. Everything that is seen is reported; nothing is decided here.

use crate::{
    ground::{Ask, Caller, Reply, encode, send},
    routes::{self, Facts, NUMBER, QUERY, TOKEN, WORD},
    site::{NEWS, Out},
};
use axum::{Router, http::Method};
use domain::pack::Pack;
use futures_util::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use testkit::mark::{self, Watch};

/// A leak, or something that could hide one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    pub route: String,
    pub who: String,
    pub ask: String,
    pub what: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}: {}\n    {}", self.route, self.who, self.what, self.ask)
    }
}

/// Something that is put into requests, with what was never planted in its place.
#[derive(Debug, Clone)]
pub struct Probe {
    pub slot: &'static str,
    pub real: String,
    pub decoy: String,
}

/// Somebody who walks, with what they must not see.
pub struct Walker<'a> {
    pub caller: Caller,
    pub watch: &'a Watch,
    pub probes: &'a [Probe],
}

/// Where the walk goes.
pub struct Walk<'a> {
    pub router: Router,
    /// The routes, as the table has them.
    pub table: Vec<&'static str>,
    pub pack: &'a Pack,
    pub facts: &'a Facts,
    /// What everybody may see who has the right: shows that the walk looks in the right places.
    pub control: &'a Watch,
    /// What staff see of it in part only, until they ask for more.
    pub masked: &'a Watch,
    /// What finds it.
    pub control_words: &'a [Probe],
    /// What has gone out.
    pub out: &'a Out,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Findings {
    pub leaks: BTreeSet<Leak>,
    /// Routes on which something of the control group was seen, and by whom.
    pub seen: BTreeMap<String, BTreeSet<String>>,
    /// The answers of all requests into which nothing is filled in.
    pub plain: BTreeMap<(String, String), String>,
    pub sent: usize,
}

/// The route of files that were made.
const FILES: &str = "/exports/{export}";

const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

impl Walk<'_> {
    /// Routes that are not in the walk, and methods that a route answers and the walk does not ask.
    pub async fn gaps(&self, doorman: &Caller) -> Vec<String> {
        let mut gaps = Vec::new();
        for route in &self.table {
            let Some(asks) = routes::asks(self.pack, self.facts, route) else {
                gaps.push(format!("{route} is not in the walk"));
                continue;
            };
            // Ends the session that asks, so it is asked by nobody.
            let ends = *route == "/api/v1/sessions/current";
            for method in METHODS.iter().filter(|m| !(ends && **m == Method::DELETE)) {
                if asks.iter().any(|a| a.method == *method) {
                    continue;
                }
                let path = filled(route);
                let reply =
                    send(&self.router, doorman, &Ask::post(path, &[]).by(method.clone())).await;
                if reply.status != 405 {
                    gaps.push(format!("{method} {route} answers {} unasked", reply.status));
                }
            }
        }
        gaps
    }

    /// Everything, as all these people at once.
    pub async fn all(&self, walkers: &[Walker<'_>]) -> Findings {
        let mut all = Findings::default();
        for found in join_all(walkers.iter().map(|walker| self.walk(walker))).await {
            all.leaks.extend(found.leaks);
            all.plain.extend(found.plain);
            all.sent += found.sent;
            for (route, who) in found.seen {
                all.seen.entry(route).or_default().extend(who);
            }
        }
        all
    }

    /// Everything, as one person.
    async fn walk(&self, walker: &Walker<'_>) -> Findings {
        let mut findings = Findings::default();
        for route in &self.table {
            for ask in routes::asks(self.pack, self.facts, route).unwrap_or_default() {
                self.one(walker, route, &ask, &mut findings).await;
            }
        }
        if self.table.contains(&FILES) {
            self.files(walker, &mut findings).await;
        }
        findings
    }

    /// Every file that this person has had made.
    async fn files(&self, walker: &Walker<'_>, findings: &mut Findings) {
        let list = send(&self.router, &walker.caller, &Ask::get("/exports")).await.text();
        for part in list.split("href=\"/exports/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            let ask = Ask::get(format!("/exports/{name}"));
            let reply = self.look(walker, (FILES, &ask), &[], findings).await;
            if reply.status != 200 {
                let what = format!("the file is not there: {}", reply.status);
                findings.leaks.insert(leak(FILES, walker, &ask, what));
            }
        }
    }

    async fn one(&self, walker: &Walker<'_>, route: &str, ask: &Ask, findings: &mut Findings) {
        let slots = [NUMBER, WORD, QUERY, TOKEN];
        let Some(slot) = slots.into_iter().find(|slot| ask.names(slot)) else {
            let reply = self.look(walker, (route, ask), &[], findings).await;
            let key = (walker.caller.name.clone(), said(ask));
            findings.plain.insert(key, settled(&reply, &[]));
            return;
        };
        // There wrong tries are counted, and people who walk side by side count for one another.
        let counted = slot == NUMBER && route.ends_with("track");
        for word in self.control_words.iter().filter(|w| w.slot == slot) {
            if slot != NUMBER || changes_nothing(route, ask) {
                let ask = ask.with(slot, &word.real);
                self.look(walker, (route, &ask), &[&word.real], findings).await;
            }
        }
        let mut decoys: BTreeMap<&str, String> = BTreeMap::new();
        for probe in walker.probes.iter().filter(|p| p.slot == slot && !counted) {
            let real = ask.with(slot, &probe.real);
            let reply = self.look(walker, (route, &real), &[&probe.real], findings).await;
            if !decoys.contains_key(probe.decoy.as_str()) {
                let other = ask.with(slot, &probe.decoy);
                let other = send(&self.router, &walker.caller, &other).await;
                findings.sent += 1;
                decoys.insert(&probe.decoy, settled(&other, &[&probe.decoy]));
            }
            let (found, expected) =
                (settled(&reply, &[&probe.real]), &decoys[probe.decoy.as_str()]);
            if found != *expected {
                let what = format!(
                    "tells {} from {}: {}",
                    probe.real,
                    probe.decoy,
                    apart(&found, expected)
                );
                findings.leaks.insert(leak(route, walker, &real, what));
            }
        }
    }

    /// Sends, and looks through status line, headers and every layer of the body.
    async fn look(
        &self,
        walker: &Walker<'_>,
        (route, ask): (&str, &Ask),
        own: &[&str],
        findings: &mut Findings,
    ) -> Reply {
        let reply = send(&self.router, &walker.caller, ask).await;
        findings.sent += 1;
        let mut parts = vec![("headers".to_owned(), reply.head().into_bytes())];
        match mark::layers(reply.kind(), &reply.bytes) {
            Ok(layers) => parts.extend(layers),
            Err(what) => drop(findings.leaks.insert(leak(route, walker, ask, what))),
        }
        for (place, bytes) in parts {
            let shown = self.control.look(&bytes);
            if shown.iter().any(|s| !own.iter().any(|own| covers(own, &s.what, self.control))) {
                let who = walker.caller.name.clone();
                findings.seen.entry(route.to_owned()).or_default().insert(who);
            }
            if walker.caller.staff.is_some() && !is_taken_out(route, ask) {
                for seen in self.masked.look(&bytes) {
                    let asked_for = route.ends_with("/reveal") && is_asked(ask, &seen.what);
                    if !asked_for && !own.iter().any(|own| covers(own, &seen.what, self.masked)) {
                        let what = format!("{place}: unmasked {seen}");
                        findings.leaks.insert(leak(route, walker, ask, what));
                    }
                }
            }
            let news = NEWS.contains(&route).then(|| self.out.taken_from(&bytes));
            for seen in walker.watch.look(news.as_deref().unwrap_or(&bytes)) {
                // What the request itself said may be said back; the decoy shows whether it is more.
                if own.iter().any(|own| covers(own, &seen.what, walker.watch)) {
                    continue;
                }
                let what = format!("{place}: {seen}");
                findings.leaks.insert(leak(route, walker, ask, what));
            }
        }
        if reply.status.is_server_error() {
            let what = format!("answers {}", reply.status);
            findings.leaks.insert(leak(route, walker, ask, what));
        }
        reply
    }
}

/// Whether the mark is part of what was sent.
fn covers(own: &str, what: &str, watch: &Watch) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let plain = digits(own);
    watch
        .marks()
        .iter()
        .filter(|m| m.what == what)
        .any(|m| own.contains(&m.text) || (m.text.is_ascii() && plain.contains(&digits(&m.text))))
}

/// Whether a request leaves a case as it is that the walker may see: what is written into cases that
/// everybody sees would be noticed by those who walk beside.
fn changes_nothing(route: &str, ask: &Ask) -> bool {
    let refused = match route {
        // The form is of an older version, so that the case comes back as it is now; nothing waits for
        // the decision; a paper is shown, and remembered for whoever asked.
        "/cases/{number}/{action}"
        | "/cases/{number}/rights/{wish}"
        | "/cases/{number}/papers/{ordinal}" => true,
        "/cases/{number}/secrecy/{what}" | "/api/v1/cases/{number}/secrecy/{what}" => {
            ["/judge", "/judge-right", "/none"].iter().any(|what| ask.path.ends_with(what))
        }
        "/api/v1/cases/{number}/actions/{action}" => ask.path.ends_with("/none"),
        _ => ["/search", "/reveal", "/glass"].iter().any(|end| route.ends_with(end)),
    };
    ask.method == Method::GET || ask.method == Method::HEAD || refused
}

/// Whether this is the field that is to be shown whole.
fn is_asked(ask: &Ask, what: &str) -> bool {
    let field = what.rsplit(' ').next().unwrap_or_default();
    said(ask).contains(&format!("contact_{field}"))
}

/// What is taken out whole, by those who may: files, and papers as a file or when they are asked for
/// without masks.
fn is_taken_out(route: &str, ask: &Ask) -> bool {
    let paper = route.contains("/papers/");
    route.contains("/files/") || (paper && (route.ends_with("/docx") || ask.method == Method::POST))
}

fn leak(route: &str, walker: &Walker<'_>, ask: &Ask, what: String) -> Leak {
    let (route, who) = (route.to_owned(), walker.caller.name.clone());
    Leak { route, who, ask: said(ask), what }
}

fn said(ask: &Ask) -> String {
    format!("{} {} {:?}", ask.method, ask.path, ask.load)
}

/// What of two answers differs, in a few words.
pub fn apart(found: &str, expected: &str) -> String {
    let mut lines = found.lines().zip(expected.lines());
    let cut = |line: &str| line.trim().chars().take(300).collect::<String>();
    match lines.find(|(a, b)| a != b) {
        Some((a, b)) => format!("“{}” or “{}”", cut(a), cut(b)),
        None => format!("{} or {} lines", found.lines().count(), expected.lines().count()),
    }
}

/// An answer without what differs each time, and without what was sent in it.
pub fn settled(reply: &Reply, sent: &[&str]) -> String {
    let mut text = format!("{}\n{}", reply.head(), unpacked(reply));
    // Drawn by chance, in which four digits of a telephone may stand by chance too: they go first.
    for (before, after) in [
        ("name=\"csrf\" value=\"", '"'),
        ("name=\"command\" value=\"", '"'),
        ("&#34;command&#34;:&#34;", '&'),
        ("content-length: ", '\n'),
    ] {
        text = blanked(&text, before, after);
    }
    for one in sent {
        let digits: String = one.chars().filter(char::is_ascii_digit).collect();
        // Two letters stand in many words of a page; what was typed stands in quotes.
        if one.len() <= 2 {
            text = text.replace(&format!("\"{one}\""), "◊");
            continue;
        }
        text = text.replace(one, "◊").replace(&encode(one), "◊");
        if digits.len() > 7 {
            text = text.replace(&digits, "◊");
        }
    }
    text
}

/// The words of an answer; of one that is packed those of its parts, without the tag that is drawn
/// anew whenever something is taken out.
fn unpacked(reply: &Reply) -> String {
    if !reply.bytes.starts_with(b"PK") {
        return reply.text();
    }
    let parts = mark::layers(reply.kind(), &reply.bytes).unwrap_or_default();
    let text =
        |(name, part): &(String, Vec<u8>)| format!("{name}\n{}\n", String::from_utf8_lossy(part));
    let all: String =
        parts.iter().filter(|(name, _)| name.starts_with("part ")).map(text).collect();
    without_tags(&all)
}

/// Twelve signs in three groups are a tag; no number of a case is written so.
fn without_tags(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let sign = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    let is_tag = |at: usize| {
        let group = signs.get(at..at + 14);
        group.is_some_and(|g| {
            g.iter().enumerate().all(|(n, c)| if n == 4 || n == 9 { *c == '-' } else { sign(*c) })
        })
    };
    let (mut all, mut at) = (String::with_capacity(text.len()), 0);
    while at < signs.len() {
        if is_tag(at) {
            all.push('◊');
            at += 14;
        } else {
            all.push(signs[at]);
            at += 1;
        }
    }
    all
}

fn blanked(text: &str, before: &str, after: char) -> String {
    let mut parts = text.split(before);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        all.push_str(before);
        all.push_str(part.find(after).map_or("", |at| &part[at..]));
    }
    all
}

/// A path with something in each place.
fn filled(route: &str) -> String {
    let mut parts = route.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "1" + part.split_once('}').map_or("", |p| p.1))
}
