//! The place of the walk: all groups planted, some sealed, some kept from those who walk, and
//! somebody of every role.

use crate::{
    ground::{Caller, Ground},
    plant::{self, Grove, Planted},
    routes::{Facts, NUMBER, QUERY, TOKEN, WORD},
    seal,
    secret::{self, Group},
    walk::{Probe, Walk, Walker, apart},
};
use domain::case::Staff;
use std::collections::{BTreeMap, BTreeSet};
use testkit::{
    Appeal, Stand,
    mark::{Mark, Watch},
    unit,
};

/// Ids that no case will ever have here.
const NEVER: i64 = 90_000_000;

/// Roles that meet each route itself.
const DOORMAN: [&str; 2] = ["operator", "triage"];

/// Where somebody of each role sits; the first unit in which the role may be held.
pub const SEATS: [&str; 7] = [
    unit::HOTLINE,
    unit::EAST,
    unit::EAST_TOWN,
    unit::EAST_POLICE,
    unit::EAST_JUSTICE,
    unit::CITY,
    unit::WEST,
];

pub struct Site {
    pub ground: Ground,
    pub groves: BTreeMap<Group, Grove>,
    pub people: Vec<Person>,
    pub facts: Facts,
    /// Every page without a secret in its address, before the secrets were planted.
    pub before: BTreeMap<(String, String), String>,
    /// What has gone out, which everybody may read where releases are read and nowhere else.
    pub out: Out,
}

/// Press texts that have gone out: their numbers, and the words of theirs that are published.
#[derive(Debug, Clone, Default)]
pub struct Out {
    pub numbers: Vec<String>,
    pub words: Vec<String>,
}

/// Where releases are read by everybody, and the list of what has gone out.
pub const NEWS: [&str; 4] = ["/news", "/news/feed", "/news/{number}", "/releases"];

impl Out {
    /// A page of releases without what has gone out; whatever else it says is looked through.
    pub fn taken_from(&self, page: &[u8]) -> Vec<u8> {
        let mut text = String::from_utf8_lossy(page).into_owned();
        for said in self.numbers.iter().chain(&self.words) {
            text = text.replace(said.as_str(), "◊");
        }
        text.into_bytes()
    }

    /// A list of releases without the lines of what has gone out.
    fn lines_without(&self, page: &str) -> String {
        let tags = [("<li", "</li>"), ("<tr", "</tr>"), ("<entry", "</entry>")];
        tags.into_iter().fold(page.to_owned(), |text, (open, close)| {
            let mut parts = text.split(open);
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |all, part| {
                let (line, rest) = part.split_once(close).unwrap_or((part, ""));
                let is_out = self.numbers.iter().any(|number| line.contains(number));
                if is_out { all + rest.trim_start() } else { all + open + part }
            })
        })
    }
}

/// Somebody who walks.
#[derive(Debug, Clone)]
pub struct Person {
    pub caller: Caller,
    /// Whether cases of the other county are theirs too.
    pub knows_foreign: bool,
}

impl Site {
    /// Builds everything. What is open to all is planted first; then every page is looked at; then
    /// the secrets are planted, so that a page which has changed has told of them.
    pub async fn new(stand: Stand) -> Self {
        let ground = Ground::on(stand);
        let people = people(&ground).await;
        everybody(&ground).await;
        let mut groves = BTreeMap::new();
        for group in [Group::Control, Group::Foreign] {
            groves.insert(group, plant::grow(&ground, group).await);
        }
        let control = groves[&Group::Control].first("appeal").number.clone();
        let account = ground.person(unit::HOTLINE, &["operator"], 0).await.account;
        let facts = Facts { account, control, receipt: store::new_receipt() };
        let mut site =
            Self { ground, groves, people, facts, before: BTreeMap::new(), out: Out::default() };
        site.people.push(site.appellant().await);
        site.before = site.look_around().await;
        for group in [Group::Sealed, Group::Excluded] {
            let grove = plant::grow(&site.ground, group).await;
            site.groves.insert(group, grove);
        }
        let walkers = site.people.iter().filter_map(|p| p.caller.staff.clone());
        let walkers: Vec<Staff> = walkers.collect();
        seal::exclude(&site.ground, &site.groves[&Group::Excluded], &walkers).await;
        seal::seal(&site.ground, &site.groves[&Group::Sealed]).await;
        site.out = site.out().await;
        site
    }

    /// What has gone out of each group: read from the histories of the cases, not from the pages. Of
    /// what is sealed nothing is out, whatever its history says.
    async fn out(&self) -> Out {
        let mut out = Out::default();
        for group in [Group::Control, Group::Foreign, Group::Excluded] {
            for planted in self.groves[&group].cases.iter().filter(|c| c.workflow == "release") {
                let page = self.ground.stand.page(planted.id).await;
                if page.case.published().next().is_some() {
                    out.numbers.push(planted.number.clone());
                }
            }
            let fields = &self.ground.pack().workflows["release"].fields;
            let said = ["title", "body", "english", "reason"];
            out.words.extend(said.map(|code| secret::text(group, &fields[code])));
        }
        out
    }

    /// The releases of a group that have gone out and are sealed.
    async fn once_out(&self, group: Group) -> Vec<&Planted> {
        let mut found = Vec::new();
        for planted in self.groves[&group].cases.iter().filter(|c| c.workflow == "release") {
            let case = self.ground.stand.page(planted.id).await.case;
            if case.published().next().is_some() && case.guarded.is_sealed() {
                found.push(planted);
            }
        }
        found
    }

    /// Somebody who appealed about something else.
    async fn appellant(&self) -> Person {
        let other = self.ground.stand.open(&Appeal::new("1302", "问路灯")).await;
        Person { caller: self.ground.appellant(other.done.case), knows_foreign: false }
    }

    /// Every page into which nothing is filled in, as everybody.
    pub async fn look_around(&self) -> BTreeMap<(String, String), String> {
        let nothing = Watch::new([]);
        let walker = |p: &Person| Walker { caller: p.caller.clone(), watch: &nothing, probes: &[] };
        let walkers: Vec<Walker<'_>> = self.people.iter().map(walker).collect();
        self.walk([&nothing, &nothing], &[]).all(&walkers).await.plain
    }

    pub fn walk<'a>(
        &'a self,
        [control, masked]: [&'a Watch; 2],
        control_words: &'a [Probe],
    ) -> Walk<'a> {
        let table = web::route_table(&self.ground.app).into_iter().map(|rule| rule.path);
        Walk {
            router: self.ground.router.clone(),
            table: table.collect(),
            pack: self.ground.pack(),
            facts: &self.facts,
            control,
            masked,
            control_words,
            out: &self.out,
        }
    }

    /// Everything that must not be seen of these groups.
    pub fn watch(&self, groups: &[Group]) -> Watch {
        let marks = groups.iter().flat_map(|group| {
            let numbers = self.groves[group].cases.iter().flat_map(|case| {
                let name = group.name();
                let number = Mark::new(format!("{name} number"), &case.number);
                [number, Mark::new(format!("{name} receipt"), &case.receipt)]
            });
            secret::marks(*group).into_iter().chain(numbers)
        });
        Watch::new(marks)
    }

    /// What is put into requests to find these groups.
    pub async fn probes(&self, groups: &[Group]) -> Vec<Probe> {
        let mut all = Vec::new();
        let mut never = NEVER;
        for group in groups {
            let grove = &self.groves[group];
            // The first release waits to be checked; one that was sealed after its hour is none too.
            let flows = ["appeal", "mediation", "recognition", "release"];
            let sealed = self.once_out(*group).await.into_iter().take(1);
            for planted in flows.map(|flow| grove.first(flow)).into_iter().chain(sealed) {
                // One of its own for each: what is counted of wrong tries is counted alike.
                never += 1;
                let mut case = self.ground.stand.page(planted.id).await.case;
                case.id = never;
                let decoy = self.ground.stand.store.number_of(self.ground.pack(), &case);
                all.push(Probe { slot: NUMBER, real: planted.number.clone(), decoy });
            }
            for (n, (real, decoy)) in secret::probes(*group).into_iter().enumerate() {
                if n % 6 == 0 {
                    all.push(Probe { slot: WORD, real: real.clone(), decoy: decoy.clone() });
                }
                all.push(Probe { slot: QUERY, real, decoy });
            }
            let hex = |id: &[u8; 16]| format!("{:032x}", u128::from_be_bytes(*id));
            let real = hex(&self.groves[group].first("appeal").command);
            all.push(Probe { slot: TOKEN, real, decoy: hex(&testkit::command_id()) });
        }
        all
    }

    /// What finds the control group: a number, a name, a telephone, how a name sounds.
    pub fn control_words(&self) -> Vec<Probe> {
        let probes = secret::probes(Group::Control);
        let words = probes.into_iter().map(|(real, _)| real);
        let words = words.filter(|w| w.ends_with('甲') || w.len() == 11 || w == "yubiao");
        let filled = words.flat_map(|w| [(WORD, w.clone()), (QUERY, w)]);
        let number = std::iter::once((NUMBER, self.facts.control.clone()));
        let probe =
            |(slot, real): (&'static str, String)| Probe { slot, decoy: real.clone(), real };
        filled.chain(number).map(probe).collect()
    }

    /// The numbers of excluded cases, each with the units that are kept out of it.
    pub async fn barred(&self) -> Vec<(String, BTreeSet<String>)> {
        let mut all = Vec::new();
        for planted in &self.groves[&Group::Excluded].cases {
            let case = self.ground.stand.page(planted.id).await.case;
            all.push((planted.number.clone(), case.guarded.units));
        }
        all
    }

    /// The walker of this name.
    pub fn person(&self, name: &str) -> &Person {
        self.people.iter().find(|p| p.caller.name == name).expect(name)
    }

    /// Somebody with every right at once, in a browser, as a program and as an appellant: meets
    /// each route itself and not the door before it.
    pub async fn doorman(&self) -> Caller {
        let staff = self.ground.person(unit::HOTLINE, &DOORMAN, 0).await;
        let mut caller = self.ground.caller("doorman", &staff).await;
        let last = &self.people.last().expect("the appellant").caller;
        caller.cookie = format!("{}; {}", caller.cookie, last.cookie);
        caller
    }
}

/// Somebody of every role, somebody with several, and nobody.
async fn people(ground: &Ground) -> Vec<Person> {
    let pack = ground.pack();
    let mut all = vec![Person { caller: Caller::nobody(), knows_foreign: false }];
    for role in pack.roles.keys() {
        let held = |code: &&str| pack.units.get(code).is_some_and(|u| pack.can_hold(role, u));
        let Some(seat) = SEATS.into_iter().find(held) else { continue };
        all.push(person(ground, seat, &[role]).await);
    }
    for (seat, roles) in [
        (unit::HOTLINE, ["operator", "triage", "dispatcher", "archivist", "visitor"].as_slice()),
        (unit::EAST, &["handler", "reviewer", "leader", "statistician", "county_visitor"]),
        (unit::CITY, &["handler", "reviewer", "leader", "statistician", "visitor"]),
        (unit::EAST_TOWN, &["handler", "assistant", "reviewer"]),
    ] {
        all.push(person(ground, seat, roles).await);
    }
    all
}

/// Three people of each role at every desk that plants, made before anything is looked at: a list
/// of colleagues may grow when colleagues come.
async fn everybody(ground: &Ground) {
    let pack = ground.pack();
    ground.person(unit::HOTLINE, &DOORMAN, 0).await;
    let counties = ["990101", "990121"];
    let near = |code: &str| {
        counties.iter().any(|c| code.ends_with(c))
            || SEATS.contains(&code)
            || code == unit::WEST_TOWN
    };
    for desk in pack.units.iter().filter(|u| near(&u.code)) {
        for role in pack.roles.keys().filter(|r| pack.can_hold(r, desk)) {
            for n in 0..3 {
                ground.person(&desk.code, &[role], n).await;
            }
        }
    }
}

async fn person(ground: &Ground, seat: &str, roles: &[&str]) -> Person {
    let staff: Staff = ground.person(seat, roles, 9).await;
    let administers = roles.iter().any(|r| r.ends_with("_admin"));
    let city = [unit::HOTLINE, unit::CITY].contains(&seat);
    let caller = ground.caller(&format!("{}@{seat}", roles.join("+")), &staff).await;
    Person { caller, knows_foreign: city && !administers }
}

/// Pages that have changed although nothing has changed that they may tell of.
pub fn changed(
    before: &BTreeMap<(String, String), String>,
    after: &BTreeMap<(String, String), String>,
    out: &Out,
) -> Vec<String> {
    // What was done to cases is counted for those who run the program, and remembered for those who
    // watch over it: as how much, never as which. How many letters wait for a gateway is such a
    // count, and so are the files that somebody has had made.
    const COUNTS: [&str; 4] =
        ["GET /metrics ", "GET /traces", "GET /setup/messages ", "GET /exports "];
    let counts = |ask: &str| COUNTS.iter().any(|p| ask.starts_with(p));
    let kept = before.iter().filter(|((_, ask), _)| !counts(ask));
    // What has gone out in the meantime is in the lists of what has gone out.
    let same = |ask: &str, (text, now): (&str, &str)| {
        let path = ask.strip_prefix("GET ").and_then(|a| a.split(' ').next());
        let news = path.is_some_and(|path| NEWS.contains(&path));
        text == now || (news && out.lines_without(text) == out.lines_without(now))
    };
    let now = |key: &(String, String)| after.get(key).map_or("", String::as_str);
    let differs = kept.filter(|(key, text)| !same(&key.1, (text.as_str(), now(key))));
    let words = differs.map(|((who, ask), text)| {
        let now = after.get(&(who.clone(), ask.clone())).map_or("", String::as_str);
        format!("{ask} as {who} has changed: {}", apart(now, text))
    });
    words.collect()
}
