//! Plants a group of cases through the real commands: whatever the workflow asks for is filled in
//! with the secrets of the group, until every text field of every workflow has held one.
//!
//! Knows no workflow by name: people do what they are allowed to, the least done first.

use crate::{
    ground::Ground,
    secret::{self, Group},
};
use domain::{
    case::{Actor, Case, CaseId, Staff},
    decide::{self, Ctx, Step},
    field::{self, Checked, FieldKind, Meaning, Raw},
    pack::Pack,
    reporter,
    workflow::{Action, FieldUse, Guard, Relation, Who, Workflow},
};
use jiff::ToSpan;
use std::collections::{BTreeMap, BTreeSet};
use store::{Act, Attachment, NewCase};
use testkit::{command_id, unit};

/// What the columns of the access table are about. No form asks for an identity number.
const SPOKEN_OF: [Meaning; 8] = [
    Meaning::Name,
    Meaning::Phone,
    Meaning::Address,
    Meaning::SafeContact,
    Meaning::Story,
    Meaning::Summary,
    Meaning::Answer,
    Meaning::Reporter,
];

/// The most cases of a workflow, and the most steps of a case.
const CASES: usize = 14;
const STEPS: usize = 34;

/// A case that was planted.
#[derive(Debug, Clone)]
pub struct Planted {
    pub id: CaseId,
    pub number: String,
    pub receipt: String,
    /// The command that opened it.
    pub command: [u8; 16],
    pub workflow: String,
}

/// All cases of a group.
#[derive(Debug, Clone)]
pub struct Grove {
    pub group: Group,
    pub cases: Vec<Planted>,
}

impl Grove {
    /// The first case of each workflow: it is in work, with papers, files and tasks.
    pub fn first(&self, workflow: &str) -> &Planted {
        self.cases.iter().find(|c| c.workflow == workflow).expect("a case of each workflow")
    }
}

struct Planter<'a> {
    ground: &'a Ground,
    group: Group,
    cases: Vec<Planted>,
    done: BTreeMap<(String, String), usize>,
    filled: BTreeSet<(String, String)>,
    turns: usize,
}

/// Where a group lives.
struct Home {
    place: &'static str,
    county: &'static str,
    town: &'static str,
    police: &'static str,
    justice: &'static str,
}

fn home(group: Group) -> Home {
    match group {
        Group::Foreign => Home {
            place: unit::WEST_PLACE,
            county: unit::WEST,
            town: unit::WEST_TOWN,
            police: "police-990121",
            justice: "justice-990121",
        },
        Group::Sealed | Group::Excluded | Group::Control => Home {
            place: unit::EAST_STREET,
            county: unit::EAST,
            town: unit::EAST_TOWN,
            police: unit::EAST_POLICE,
            justice: unit::EAST_JUSTICE,
        },
    }
}

/// Plants a group.
pub async fn grow(ground: &Ground, group: Group) -> Grove {
    let mut planter = Planter {
        ground,
        group,
        cases: Vec::new(),
        done: BTreeMap::new(),
        filled: BTreeSet::new(),
        turns: 0,
    };
    let flows: Vec<String> = ground.pack().workflows.keys().cloned().collect();
    for flow in &flows {
        planter.in_work(flow).await;
        for _ in 0..CASES {
            if planter.missing(flow).is_empty() {
                break;
            }
            planter.walk(flow).await;
        }
        let missing = planter.missing(flow);
        assert!(missing.is_empty(), "nothing was planted in {missing:?} of {flow}");
    }
    let unsaid = planter.unsaid().await;
    assert!(unsaid.is_empty(), "no case holds anything of {unsaid:?}");
    Grove { group, cases: planter.cases }
}

impl Planter<'_> {
    fn pack(&self) -> &Pack {
        self.ground.pack()
    }

    /// The text fields of a workflow in which no secret lies yet.
    fn missing(&self, flow: &str) -> Vec<String> {
        let all = self.pack().workflows[flow].fields.values().filter(|f| f.kind.is_text());
        let open = all.filter(|f| !self.filled.contains(&(flow.to_owned(), f.code.clone())));
        open.map(|f| f.code.clone()).collect()
    }

    /// What the access table speaks of and no case holds: nothing would show that it is kept.
    async fn unsaid(&self) -> BTreeSet<String> {
        let mut held = BTreeSet::new();
        for planted in &self.cases {
            let flow = &self.pack().workflows[&planted.workflow];
            let page = self.ground.stand.page(planted.id).await;
            for field in page.entries.iter().flat_map(|e| e.texts.values()).flat_map(|t| t.keys()) {
                let known = flow.fields.get(reporter::asked(field)).map(|f| f.meaning);
                let apart = reporter::is_apart(field).then_some(Meaning::Reporter);
                held.extend(apart.or(known).map(|meaning| format!("{meaning:?}")));
            }
            held.extend((!page.files.is_empty()).then(|| "evidence".to_owned()));
        }
        let spoken = SPOKEN_OF.map(|meaning| format!("{meaning:?}")).into_iter();
        spoken.chain(["evidence".to_owned()]).filter(|what| !held.contains(what)).collect()
    }

    /// Whether somebody reports for another in the form that is filled in now. Never in the first
    /// case of a workflow, which everybody of the unit works on.
    fn reports(&self, flow: &Workflow) -> bool {
        let later = self.cases.iter().any(|c| c.workflow == flow.code);
        later && self.turns.is_multiple_of(3)
    }

    /// A case that stays in work, with tasks of others where the workflow knows any.
    async fn in_work(&mut self, flow: &str) {
        let id = self.open(flow).await;
        let county = home(self.group).county;
        let wanted: &[(&str, &[(&str, &str)])] = match flow {
            "appeal" => &[
                ("register", &[("category", "0101")]),
                ("to_triage", &[]),
                ("dispatch_to", &[("unit", county)]),
                ("sign", &[]),
                ("take", &[]),
                ("note", &[]),
                ("invite", &[]),
                ("give_opinion", &[]),
            ],
            "mediation" => {
                &[("register", &[]), ("grade", &[("screening", "clear")]), ("take", &[])]
            }
            _ => &[("submit", &[]), ("note", &[])],
        };
        for (action, fixed) in wanted {
            let case = self.case(id).await;
            let flow = self.pack().workflows[flow].clone();
            let Some(action) = flow.action(action) else { continue };
            let Some(actor) = self.actor_for(&case, action).await else { continue };
            self.act(&actor, &case, action, fixed).await;
        }
    }

    /// A case of its own, as far as it goes.
    async fn walk(&mut self, flow: &str) {
        let id = self.open(flow).await;
        let flow = self.pack().workflows[flow].clone();
        for _ in 0..STEPS {
            if self.missing(&flow.code).is_empty() {
                return;
            }
            let case = self.case(id).await;
            let Some((actor, action)) = self.choose(&flow, &case).await else { return };
            let key = (flow.code.clone(), action.code.clone());
            *self.done.entry(key).or_default() += 1;
            self.act(&actor, &case, action, &[]).await;
        }
    }

    async fn case(&self, id: CaseId) -> Case {
        self.ground.stand.page(id).await.case
    }

    /// The least done of what somebody may do, first what asks for a text that is still missing.
    async fn choose<'f>(&self, flow: &'f Workflow, case: &Case) -> Option<(Actor, &'f Action)> {
        let missing = self.missing(&flow.code);
        let mut here: Vec<&Action> =
            flow.actions.iter().filter(|a| a.from.contains(&case.state)).collect();
        here.sort_by_key(|action| {
            let key = (flow.code.clone(), action.code.clone());
            let tells = action.fields.iter().any(|f| missing.contains(&f.code));
            (!tells, self.done.get(&key).copied().unwrap_or_default(), action.auto.is_some())
        });
        for action in here {
            let key = (flow.code.clone(), action.code.clone());
            if self.done.get(&key).copied().unwrap_or_default() > 6 {
                continue;
            }
            if let Some(actor) = self.actor_for(case, action).await {
                return Some((actor, action));
            }
        }
        None
    }

    /// Somebody who may do it now; of each role there are three, because one may not check oneself.
    async fn actor_for(&self, case: &Case, action: &Action) -> Option<Actor> {
        for who in &action.by {
            for n in 0..3 {
                let Some(actor) = self.actor(case, who, n).await else { continue };
                let now = self.ground.stand.clock.now();
                let ctx = Ctx::bare(now, self.pack(), &actor);
                if decide::permit(ctx, case, action, None).is_ok() {
                    return Some(actor);
                }
            }
        }
        None
    }

    async fn actor(&self, case: &Case, who: &Who, n: usize) -> Option<Actor> {
        match (who.role.as_str(), who.relation) {
            ("citizen", Relation::Appellant) => return Some(Actor::Appellant(case.id)),
            ("system", _) => return Some(Actor::System),
            ("citizen", _) => return None,
            _ => {}
        }
        let pack = self.pack();
        let holds = |code: &str| pack.units.get(code).is_some_and(|u| pack.can_hold(&who.role, u));
        let above = || pack.units.upward(&case.unit).map(|u| u.code.clone());
        let found = match who.relation {
            Relation::Responsible => Some(case.unit.clone()),
            Relation::Covering => above().find(|u| holds(u)),
            Relation::Above => above().skip(1).find(|u| holds(u)),
            Relation::Task => case.open_tasks().map(|t| t.unit.clone()).find(|u| holds(u)),
            Relation::Anywhere => self.desks().find(|u| holds(u)).map(str::to_owned),
            Relation::Appellant => None,
        };
        let unit = found.filter(|u| holds(u))?;
        Some(Actor::Staff(self.staff(&unit, &who.role, n).await))
    }

    /// Where a role is looked for that may act from anywhere.
    fn desks(&self) -> impl Iterator<Item = &'static str> {
        let home = home(self.group);
        [unit::HOTLINE, home.town, home.county, unit::CITY].into_iter()
    }

    async fn staff(&self, unit: &str, role: &str, n: usize) -> Staff {
        self.ground.person(unit, &[role], n).await
    }

    async fn open(&mut self, code: &str) -> CaseId {
        self.turns += 1;
        let flow = self.pack().workflows[code].clone();
        let who = flow.opening.by.iter().map(|w| w.role.as_str()).collect::<Vec<_>>();
        let turn = self.turns;
        let actor = if who.contains(&"citizen") && turn.is_multiple_of(2) {
            Actor::Public
        } else {
            let role = who.into_iter().find(|r| *r != "citizen").expect("an opener");
            let held = |u: &&str| {
                let unit = self.pack().units.get(u).expect("a unit");
                self.pack().can_hold(role, unit)
            };
            let unit = self.desks().find(held).expect("a desk");
            Actor::Staff(self.staff(unit, role, turn % 3).await)
        };
        let given = self.fill(&flow, (&flow.opening.fields, &[]), &[]);
        let receipt = store::new_receipt();
        let command = command_id();
        let new = NewCase {
            command,
            actor,
            workflow: code.to_owned(),
            programme: self.programme(code),
            given,
            then: Vec::new(),
            files: self.files(),
            receipt: receipt.clone(),
            imported: None,
        };
        let (stand, now) = (&self.ground.stand, self.ground.stand.clock.now());
        let opened = stand.store.open_case(&stand.pack, now, new).await.unwrap();
        let id = opened.done.case;
        let workflow = code.to_owned();
        self.cases.push(Planted { id, number: opened.number, receipt, command, workflow });
        self.note(code, &flow.opening.fields);
        id
    }

    /// A programme of a workflow, in turn.
    fn programme(&self, flow: &str) -> Option<String> {
        let all = self.pack().programmes.values().filter(|p| p.workflow == flow);
        let all: Vec<&String> = all.map(|p| &p.code).collect();
        all.get(self.turns % all.len().max(1)).map(|code| (*code).clone())
    }

    fn files(&self) -> Vec<Attachment> {
        let body = secret::file_body(self.group).into_bytes();
        vec![Attachment {
            name: secret::file_name(self.group),
            kind: "text/plain".to_owned(),
            body,
        }]
    }

    async fn act(&mut self, actor: &Actor, case: &Case, action: &Action, fixed: &[(&str, &str)]) {
        let flow = self.pack().flow_of(case).expect("a workflow").clone();
        let given = self.fill(&flow, (&action.fields, &action.guards), fixed);
        let filled: Vec<FieldUse> = action.fields.clone();
        let act = Act {
            command: command_id(),
            actor: actor.clone(),
            case: case.id,
            steps: vec![Step { action: action.code.clone(), given }],
            files: self.files(),
        };
        let (stand, now) = (&self.ground.stand, self.ground.stand.clock.now());
        if stand.store.act(&stand.pack, now, act).await.is_ok() {
            self.note(&flow.code, &filled);
        }
    }

    fn note(&mut self, flow: &str, uses: &[FieldUse]) {
        let fields = &self.ground.pack().workflows[flow].fields;
        let texts = uses.iter().filter(|u| fields[&u.code].kind.is_text());
        self.filled.extend(texts.map(|u| (flow.to_owned(), u.code.clone())));
    }

    /// A form with a secret in every text; what a guard wants is what is chosen.
    fn fill(
        &self,
        flow: &Workflow,
        (uses, guards): (&[FieldUse], &[Guard]),
        fixed: &[(&str, &str)],
    ) -> Checked {
        let mut raw = Raw::new();
        let asked = |code: &str| uses.iter().any(|u| u.code == code);
        let rules = flow.reporters.iter().filter(|rule| asked(&rule.field) && self.reports(flow));
        let rules: Vec<_> = rules.collect();
        for one in uses {
            let field = &flow.fields[&one.code];
            let tells = rules.iter().any(|rule| rule.keeps.contains(&one.code));
            let reports = rules.iter().find(|rule| rule.field == one.code);
            let wanted = guards.iter().find_map(|guard| match guard {
                Guard::FieldIn { field, values } if *field == one.code => values.first().cloned(),
                _ => None,
            });
            let set = fixed.iter().find(|(code, _)| *code == one.code).map(|(_, v)| *v);
            let value = match (set, wanted, &field.kind) {
                (Some(set), ..) => Some(set.to_owned()),
                (None, Some(wanted), _) => Some(wanted),
                (None, None, _) if reports.is_some() => {
                    reports.and_then(|rule| rule.values.first().cloned())
                }
                (None, None, FieldKind::Line { .. } | FieldKind::Text { .. }) if tells => {
                    Some(secret::reporter(self.group, field))
                }
                (None, None, FieldKind::Line { .. } | FieldKind::Text { .. }) => {
                    Some(secret::text(self.group, field))
                }
                (None, None, kind) if one.required || always(&one.code) => {
                    Some(self.coded(&one.code, kind))
                }
                _ => None,
            };
            raw.extend(value.map(|v| (one.code.clone(), vec![v])));
        }
        field::check(self.pack(), flow, uses, &raw).unwrap_or_else(|f| panic!("{f:?}"))
    }

    fn coded(&self, code: &str, kind: &FieldKind) -> String {
        let home = home(self.group);
        let today = self.pack().date_of(self.ground.stand.clock.now());
        // Of papers the day of issue has been, the end is to come.
        let past = ["issued", "found_on", "met_on", "awarded_on", "plan_made", "from"];
        let past = past.iter().any(|w| code.contains(w));
        let turn = self.turns;
        let once = turn + 1000 * (self.group as usize);
        let in_turn = |all: &[&str]| all[turn % all.len()].to_owned();
        match kind {
            FieldKind::Choice(options) | FieldKind::Choices(options) => {
                options[turn % options.len()].value.clone()
            }
            FieldKind::Channel => "web".to_owned(),
            FieldKind::Category => in_turn(&["0101", "1302", "0102", "0201"]),
            FieldKind::Grade => in_turn(&["orange", "red", "yellow"]),
            FieldKind::Place => home.place.to_owned(),
            FieldKind::Unit if code == "inspector" => in_turn(&[home.town, home.county]),
            FieldKind::Unit => in_turn(&[home.county, home.town]),
            FieldKind::Units => in_turn(&[home.police, home.town, home.justice]),
            FieldKind::Case => self.cases[turn % self.cases.len()].number.clone(),
            FieldKind::Date if past => today.to_string(),
            FieldKind::Date => today.saturating_add(10.days()).to_string(),
            FieldKind::Time => "10:00".to_owned(),
            FieldKind::Number { .. } if code == "goal" => "10".to_owned(),
            FieldKind::Number { min, .. } => min.to_string(),
            FieldKind::Flag => "yes".to_owned(),
            FieldKind::Risk => {
                let question = &self.pack().risk.questions[turn % self.pack().risk.questions.len()];
                format!("{}=yes", question.code)
            }
            FieldKind::Figure if code == "item" => "online_views".to_owned(),
            FieldKind::Figure => "appeals_received".to_owned(),
            FieldKind::Form => "monthly".to_owned(),
            // A unit reports or promises for a period once.
            FieldKind::Period if code == "year" => format!("{}", 2000 + once),
            FieldKind::Period => format!("{}-{:02}", 2000 + once / 12, once % 12 + 1),
            FieldKind::Figures => format!("appeals_received {} 2025-03", home.county),
            FieldKind::Sample => "0.0.0=sound".to_owned(),
            FieldKind::Line { .. } | FieldKind::Text { .. } => String::new(),
        }
    }
}

/// Optional fields that are filled in all the same, because lists are made of them.
fn always(code: &str) -> bool {
    matches!(code, "category" | "place" | "lead")
}
