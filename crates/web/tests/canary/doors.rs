//! The access table through HTTP: cases in every standing and sensitivity that people can bring
//! about, and every route that takes a case, as everybody, with the status that the written table
//! asks for.
//!
//! How somebody stands to a case is read from the case here once more, not asked of `access`.

use crate::{
    ground::{Ask, Caller, Ground, send},
    site::SEATS,
    table::{self, Cell, Place, Table},
};
use axum::Router;
use domain::{
    case::{Actor, Case, CaseId, Staff},
    guarded::Barred,
    pack::{Right, Sensitivity, Sight, Standing},
    secrecy::Change,
    workflow::{Relation, Who},
};
use std::collections::{BTreeMap, BTreeSet};
use store::Guarding;
use testkit::{Appeal, command_id, unit};

/// Somebody of a role, at a desk of their own.
struct Person {
    role: String,
    staff: Staff,
    caller: Caller,
}

/// People, and cases to which they stand in every way.
pub struct Doors<'a> {
    ground: &'a Ground,
    people: Vec<Person>,
    cases: Vec<(CaseId, String)>,
    table: Table,
}

/// Categories: one ordinary, one that needs protection.
const KINDS: [&str; 2] = ["1302", "0201"];
/// Units that get a part, have had one, or stand above.
const PLACES: [(&str, Option<&str>); 5] = [
    (unit::HOTLINE, None),
    (unit::EAST, Some(unit::EAST_TOWN)),
    (unit::EAST_TOWN, Some("wf-990101001001")),
    (unit::EAST_POLICE, None),
    (unit::CITY, Some(unit::EAST)),
];

impl Doors<'_> {
    async fn staff(&self, unit: &str, role: &str) -> Staff {
        self.ground.person(unit, &[role], 7).await
    }

    async fn act(
        &self,
        case: CaseId,
        (unit, role): (&str, &str),
        step: &str,
        fields: &[(&str, &str)],
    ) {
        let actor = Actor::Staff(self.staff(unit, role).await);
        self.ground.stand.act(&actor, case, step, fields).await;
    }

    async fn guard(&self, case: CaseId, by: &Staff, change: Change) -> bool {
        let (command, actor) = (command_id(), Actor::Staff(by.clone()));
        let reason = "试".to_owned();
        let guarding = Guarding { command, actor, case, change, reason };
        let (stand, now) = (&self.ground.stand, self.ground.stand.clock.now());
        stand.store.guard(&stand.pack, now, guarding).await.is_ok()
    }

    /// A case at the triage desk.
    async fn desk(&mut self, category: &str, by: &Actor) -> CaseId {
        let appeal = Appeal::new(category, "试门").file("伤情.txt", "text/plain", b"bytes");
        let opened = self.ground.stand.open(&appeal.by(by)).await;
        let case = opened.done.case;
        self.cases.push((case, opened.number));
        self.act(case, (unit::HOTLINE, "operator"), "register", &[("category", category)]).await;
        self.act(case, (unit::HOTLINE, "triage"), "to_triage", &[]).await;
        case
    }

    /// A case of a unit of the federation.
    async fn at(&mut self, category: &str, unit: &str) -> CaseId {
        let case = self.desk(category, &Actor::Public).await;
        let fields = [("unit", unit), ("instruction", "办")];
        self.act(case, (unit::HOTLINE, "triage"), "dispatch_to", &fields).await;
        case
    }

    /// A case of the west in which this unit owes a part.
    async fn task(&mut self, category: &str, unit: &str) -> CaseId {
        let case = self.at(category, unit::WEST).await;
        self.act(case, (unit::WEST, "handler"), "sign", &[]).await;
        let fields = [("units", unit), ("instruction", "协办")];
        self.act(case, (unit::WEST, "handler"), "invite", &fields).await;
        case
    }

    async fn places(&mut self, category: &str) {
        for (unit, below) in PLACES {
            let federation = unit.starts_with("wf-");
            if federation {
                self.at(category, unit).await;
                let past = self.at(category, unit).await;
                let fields = [("return_reason", "not_ours"), ("reason", "退")];
                self.act(past, (unit, "handler"), "return", &fields).await;
                let fields = [("unit", unit::WEST), ("instruction", "办")];
                self.act(past, (unit::HOTLINE, "triage"), "redispatch", &fields).await;
            } else {
                self.desk(category, &Actor::Public).await;
            }
            if let Some(below) = below {
                self.at(category, below).await;
            }
            self.task(category, unit).await;
            if unit == unit::EAST_POLICE {
                let past = self.task(category, unit).await;
                self.act(past, (unit, "agency"), "give_opinion", &[("opinion", "已办")]).await;
            }
        }
    }

    /// Cases that somebody opened, took, was lent, or looks at through broken glass.
    async fn persons(&mut self, category: &str) {
        let people: Vec<(String, Staff)> =
            self.people.iter().map(|p| (p.role.clone(), p.staff.clone())).collect();
        let lent = self.task(category, unit::EAST_POLICE).await;
        let both = [unit::EAST, unit::EAST_TOWN];
        for unit in both {
            let fields = [("units", unit), ("instruction", "协办")];
            self.act(lent, (unit::WEST, "handler"), "invite", &fields).await;
        }
        let glass = self.at(category, unit::WEST).await;
        let lender = self.staff(unit::WEST, "handler").await;
        // Whoever sees the cases of one county alone is lent one of those.
        let near = self.at(category, unit::EAST).await;
        let neighbour = self.staff(unit::EAST, "handler").await;
        for (role, staff) in people {
            if ["operator", "triage", "handler"].contains(&role.as_str()) {
                let case = self.desk(category, &Actor::Staff(staff.clone())).await;
                let fields = [("unit", unit::WEST), ("instruction", "办")];
                self.act(case, (unit::HOTLINE, "triage"), "dispatch_to", &fields).await;
            }
            if role == "handler" {
                let case = self.at(category, &staff.unit).await;
                let actor = Actor::Staff(staff.clone());
                self.ground.stand.act(&actor, case, "sign", &[]).await;
                self.ground.stand.act(&actor, case, "take", &[]).await;
            }
            self.lend(lent, &lender, &staff).await;
            if role == "county_visitor" {
                self.lend(near, &neighbour, &staff).await;
            }
            self.guard(glass, &staff, break_glass()).await;
        }
    }

    /// Lends the identity to whoever may ask for it.
    async fn lend(&self, case: CaseId, lender: &Staff, staff: &Staff) {
        if self.guard(case, staff, Change::AskIdentity).await {
            let change = Change::Lend { account: staff.account };
            assert!(self.guard(case, lender, change).await, "{:?} was not lent it", staff.roles);
        }
    }

    /// Sealed cases: one whose circle is everybody, one whose circle is somebody else, one of which
    /// some are kept out though they are in the circle.
    async fn sealed(&mut self) {
        let triage = self.staff(unit::HOTLINE, "triage").await;
        let handler = self.staff(unit::WEST, "handler").await;
        let people: Vec<Staff> = self.people.iter().map(|p| p.staff.clone()).collect();
        let everybody: Vec<Staff> = people.iter().cloned().chain([handler.clone()]).collect();
        let few = vec![handler.clone()];
        for (circle, barred) in [(everybody.clone(), false), (few, false), (everybody, true)] {
            let case = self.at(KINDS[1], unit::WEST).await;
            assert!(self.guard(case, &triage, Change::Seal { circle }).await, "it is not sealed");
            for (n, staff) in people.iter().enumerate().filter(|_| barred) {
                let unit = n % 2 == 0 && staff.unit != triage.unit;
                let who = if unit {
                    Barred::Unit(staff.unit.clone())
                } else {
                    Barred::Person(staff.account)
                };
                self.guard(case, &triage, Change::Bar(who)).await;
            }
            for staff in &people {
                self.guard(case, staff, break_glass()).await;
                self.lend(case, &handler, staff).await;
            }
        }
    }
}

fn break_glass() -> Change {
    Change::BreakGlass { reason: "danger_to_life".to_owned() }
}

/// How somebody stands to a case, read from the case.
fn standings(ground: &Ground, me: &Staff, case: &Case) -> BTreeSet<Standing> {
    let (now, units) = (ground.stand.clock.now(), &ground.pack().units);
    let above = units.upward(&case.unit).skip(1).any(|u| u.code == me.unit);
    let owes = case.tasks.iter().any(|t| t.unit == me.unit && t.end.is_none());
    let answered = case.tasks.iter().any(|t| t.unit == me.unit && t.end.is_some());
    let past = case.unit != me.unit && (answered || case.been.contains(&me.unit));
    let guarded = &case.guarded;
    let open = |until: jiff::Timestamp| now < until;
    let glass = guarded.glass.iter().any(|g| g.account == me.account && open(g.until));
    let lent = guarded.lent.iter().any(|l| l.account == me.account && l.until.is_some_and(open));
    let circle = guarded.circle.iter().flatten().any(|account| *account == me.account);
    let all = [
        (Standing::Owner, case.owner == Some(me.account)),
        (Standing::Opener, case.opener == Some(me.account)),
        (Standing::Unit, case.unit == me.unit),
        (Standing::Lead, case.lead() == Some(me.unit.as_str())),
        (Standing::Task, owes),
        (Standing::Past, past),
        (Standing::Above, above),
        (Standing::City, true),
        (Standing::Circle, circle),
        (Standing::Glass, glass),
        (Standing::Lent, lent),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(standing, _)| standing).collect()
}

/// What the table says, with the cells that say it.
fn expected(
    (ground, table): (&Ground, &Table),
    person: &Person,
    case: &Case,
) -> (Option<Cell>, Vec<Place>) {
    let guarded = &case.guarded;
    let me = &person.staff;
    if guarded.people.contains(&me.account) || guarded.units.contains(&me.unit) {
        return (None, Vec::new());
    }
    let of = if guarded.circle.is_some() {
        Sensitivity::Sealed
    } else if case.category.starts_with("02") {
        Sensitivity::Sensitive
    } else {
        Sensitivity::Ordinary
    };
    let (mut all, mut places) = (Cell::default(), Vec::new());
    for standing in standings(ground, me, case) {
        let place = (person.role.clone(), standing, of);
        if let Some(cell) = table.get(&place) {
            all.sees = all.sees.or(cell.sees);
            all.may.extend(&cell.may);
            places.push(place);
        }
    }
    let opened = places.iter().any(|(_, standing, _)| *standing != Standing::Lent);
    (opened.then_some(all), places)
}

/// What something takes that a case can be asked for.
#[derive(Debug, Clone, Copy)]
enum Takes {
    /// Nothing but to know of the case.
    Nothing,
    /// The step that everybody may take whom the workflow names for it.
    Step,
    /// The paper that was issued first, if any was.
    Paper,
    /// The file that the case was opened with: all of the evidence.
    File,
    /// The name of the person, which is seen at least in part.
    Name,
    /// A right alone.
    Right(Right),
}

impl Takes {
    fn right(self) -> Option<Right> {
        match self {
            Self::Nothing => None,
            Self::Step => Some(Right::Act),
            Self::Paper | Self::File => Some(Right::Export),
            Self::Name => Some(Right::Reveal),
            Self::Right(right) => Some(right),
        }
    }

    /// Whether it is there to be had, whatever the rights.
    fn is_there(self, ground: &Ground, person: &Person, (case, cell): (&Case, &Cell)) -> bool {
        match self {
            Self::Nothing | Self::Right(_) => true,
            Self::Step => may_note(ground, person, case),
            Self::Paper => !case.documents.is_empty(),
            Self::File => cell.sees.evidence == Sight::Full,
            Self::Name => cell.sees.identity >= Sight::Masked,
        }
    }
}

/// Whether the workflow names somebody who stands so for a note, in this state.
fn may_note(ground: &Ground, person: &Person, case: &Case) -> bool {
    let note = ground.pack().flow_of(case).and_then(|flow| flow.action(NOTE)).expect("a note");
    let stands = standings(ground, &person.staff, case);
    let named = |who: &Who| match who.relation {
        Relation::Anywhere => true,
        Relation::Responsible => stands.contains(&Standing::Unit),
        Relation::Covering => stands.contains(&Standing::Unit) || stands.contains(&Standing::Above),
        Relation::Above => stands.contains(&Standing::Above),
        Relation::Task => stands.contains(&Standing::Task),
        Relation::Appellant => false,
    };
    note.from.contains(&case.state)
        && note.by.iter().any(|who| who.role == person.role && named(who))
}

/// A step that changes nothing but the history.
const NOTE: &str = "note";

/// Everything that a case can be asked for, with what it takes.
fn asks(number: &str, version: i64) -> [(Ask, Takes); 9] {
    let at = |rest: &str| format!("/cases/{number}{rest}");
    let version = version.to_string();
    let note = [("note", "记"), ("version", version.as_str())];
    let reveal = [("seq", "1"), ("field", "contact_name")];
    let json = serde_json::json!({ "note": "记" });
    [
        (Ask::get(at("")), Takes::Nothing),
        (Ask::get(format!("/api/v1/cases/{number}")), Takes::Nothing),
        (Ask::post(at("/note"), &note), Takes::Step),
        (Ask::json(format!("/api/v1/cases/{number}/actions/note"), json), Takes::Step),
        (Ask::get(at("/files/1/0")), Takes::File),
        (Ask::get(at("/papers/1/docx")), Takes::Paper),
        (Ask::get(at("/readers")), Takes::Right(Right::Supervise)),
        (Ask::get(at("/why")), Takes::Right(Right::Supervise)),
        (Ask::post(at("/reveal"), &reveal), Takes::Name),
    ]
}

/// Cells of the table that nobody can bring about through the workflow of appeals.
const OUT_OF_REACH: [Standing; 3] = [Standing::Owner, Standing::Opener, Standing::Lead];

/// Brings about every standing.
pub async fn built(ground: &Ground) -> Doors<'_> {
    let handbook = table::written(include_str!("../../../packs/tests/matrix/expected.txt"));
    let known = table::written_apart(include_str!("../../../packs/tests/matrix/apart.txt"));
    let table = table::agreed(handbook, &known);
    let mut doors = Doors { ground, people: Vec::new(), cases: Vec::new(), table };
    for role in ground.pack().roles.keys() {
        let held =
            |u: &&str| ground.pack().units.get(u).is_some_and(|u| ground.pack().can_hold(role, u));
        let Some(seat) = SEATS.into_iter().find(held) else { continue };
        let staff = ground.person(seat, &[role], 6).await;
        let caller = ground.caller(role, &staff).await;
        doors.people.push(Person { role: role.clone(), staff, caller });
    }
    for category in KINDS {
        doors.places(category).await;
        doors.persons(category).await;
    }
    doors.sealed().await;
    doors
}

impl Doors<'_> {
    /// Every case as everybody. Answers what is not as the table says.
    pub async fn walk(&self) -> Vec<String> {
        let (mut met, mut tally) = (BTreeSet::new(), BTreeMap::<bool, usize>::new());
        for (id, _) in &self.cases {
            let case = self.ground.stand.page(*id).await.case;
            for person in &self.people {
                let (cell, places) = expected((self.ground, &self.table), person, &case);
                met.extend(places);
                *tally.entry(cell.is_some()).or_default() += 1;
            }
        }
        let open = |(_, standing, _): &&Place| !OUT_OF_REACH.contains(standing);
        let all = self.table.keys().filter(open);
        let unmet: Vec<&Place> = all.filter(|p| !met.contains(*p)).collect();
        assert!(unmet.is_empty(), "nobody stood so to a case: {unmet:?}");
        assert!(tally[&true] > 200 && tally[&false] > 200, "{tally:?}");
        self.wrong(&self.ground.router, |_| true).await
    }

    /// What is not as the table says in the answers of a router to people of some roles.
    pub async fn wrong(&self, router: &Router, of: impl Fn(&str) -> bool) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, number) in &self.cases {
            for person in self.people.iter().filter(|p| of(&p.role)) {
                wrong.extend(self.asked(router, person, (*id, number)).await);
            }
        }
        wrong
    }

    async fn asked(
        &self,
        router: &Router,
        person: &Person,
        (id, number): (CaseId, &str),
    ) -> Vec<String> {
        let page = self.ground.stand.page(id).await;
        let case = &page.case;
        let (cell, _) = expected((self.ground, &self.table), person, case);
        // What does not exist is tried on a few routes here, and on all of them by the walk.
        let most = if cell.is_some() { usize::MAX } else { 3 };
        let mut wrong = Vec::new();
        for (ask, takes) in asks(number, page.version).into_iter().take(most) {
            let status = send(router, &person.caller, &ask).await.status.as_u16();
            let fits = match &cell {
                None => status == 404,
                Some(cell) => {
                    let lacks = takes.right().is_some_and(|right| !cell.may.contains(&right));
                    if lacks || !takes.is_there(self.ground, person, (case, cell)) {
                        [403, 404, 409].contains(&status)
                    } else {
                        (200..400).contains(&status)
                    }
                }
            };
            if !fits {
                let (role, unit) = (&person.role, &case.unit);
                wrong.push(format!(
                    "{} {} of {} at {unit} as {role}: {status}, and the table says {cell:?}",
                    ask.method, ask.path, case.category
                ));
            }
        }
        wrong
    }
}
