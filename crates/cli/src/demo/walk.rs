//! Walks any workflow of a pack without knowing it: people do what they are offered, the usual
//! next step more often than the others.

use super::{
    dice::Dice,
    form::About,
    stage::{Opening, Stage},
};
use crate::failure::Failure;
use domain::{
    case::{Actor, Case, CaseId},
    clock::Light,
    field::{FieldKind, Meaning, Raw},
    pack::{Level, Pack, Unit},
    workflow::{Action, AssignTo, Effect, StateKind, Target, Tone, Workflow},
};
use jiff::{SignedDuration, Timestamp};

/// Records of each programme.
const RECORDS: usize = 48;
/// The longest walk, steps.
const STEPS: usize = 18;
/// Of a hundred records, those that may lie around past their time.
const LATE: usize = 5;
/// What is liked less than this is not done.
const DISLIKED: usize = 7;

/// One record on its way.
pub struct Walk {
    flow: String,
    programme: Option<String>,
    place: String,
    category: String,
    dice: Dice,
    id: Option<CaseId>,
    left: usize,
    /// May lie around past its time.
    late: bool,
    /// When it is its turn again.
    pub next: Timestamp,
    /// Nothing more will happen.
    pub over: bool,
}

/// Records of every workflow but the appeals, programme by programme.
pub fn cast(stage: &Stage, now: Timestamp) -> Vec<Walk> {
    let pack = &stage.pack;
    // What needs evidence, what a city promises, and what it tells everybody, is no walk by chance.
    let told = |flow: &Workflow| flow.effects().any(|effect| matches!(effect, Effect::Fill(_)));
    let wanders = |code: &str| {
        let wanders = |f: &Workflow| !f.promises() && !f.opening.evidence && !told(f);
        code != "appeal" && pack.workflow(code).is_some_and(wanders)
    };
    let programmes = pack.programmes.values().filter(|p| wanders(&p.workflow));
    let mut named: Vec<(String, Option<String>)> =
        programmes.map(|p| (p.workflow.clone(), Some(p.code.clone()))).collect();
    for flow in pack.workflows.keys().filter(|w| wanders(w)) {
        if !named.iter().any(|(known, _)| known == flow) {
            named.push((flow.clone(), None));
        }
    }
    let mut walks = Vec::new();
    for (flow, programme) in &named {
        // Its own chance, whatever else the pack holds: a new programme changes no other story.
        let code = programme.as_ref().unwrap_or(flow);
        let seed = code.bytes().fold(0, |sum, b| (sum * 31 + usize::from(b)) % 1_000_003);
        let share = named.iter().filter(|(other, _)| other == flow).count();
        for record in 0..RECORDS.div_ceil(share) + 4 {
            let mut dice = Dice::of(10_000_000 + seed * 1_000 + record);
            // Half of them are young, so that some stand in each of the early states.
            let age = dice.between(2.0, if record % 2 == 0 { 32.0 } else { 115.0 });
            let back = SignedDuration::from_secs_f64((age * 86_400.0).round());
            walks.push(Walk {
                flow: flow.clone(),
                programme: programme.clone(),
                place: place(pack, &mut dice, if record % 4 == 3 { FAR } else { NEAR }),
                category: calm_category(pack, &mut dice),
                left: 3 + dice.below(STEPS),
                late: dice.percent(LATE),
                dice,
                id: None,
                next: now.saturating_sub(back).unwrap_or(now),
                over: false,
            });
        }
    }
    walks
}

/// Among how many counties, towns and villages a record may lie: most lie where the demonstration has
/// an account for every role, so that somebody can take them on.
const NEAR: [usize; 3] = [1, 1, 4];
const FAR: [usize; 3] = [6, 3, 4];

/// A village of one of the first counties, or whatever stands for it.
fn place(pack: &Pack, dice: &mut Dice, among: [usize; 3]) -> String {
    let regions = &pack.regions;
    let mut here = regions.root().to_owned();
    for most in among {
        let below: Vec<String> = regions.children(&here).map(|r| r.code.clone()).collect();
        let Some(next) = below.get(dice.below(below.len().min(most))) else { break };
        here.clone_from(next);
    }
    here
}

/// Disputes of families: no violence, or they would not be mediated.
fn calm_category(pack: &Pack, dice: &mut Dice) -> String {
    let all = pack.categories.values().filter(|c| c.code.len() == 4 && c.code.starts_with("01"));
    let calm: Vec<&str> = all.filter(|c| !c.sensitive).map(|c| c.code.as_str()).collect();
    dice.pick(&calm).copied().unwrap_or("01").to_owned()
}

impl Walk {
    /// Opens the record, or does one thing that is offered.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn step(&mut self, stage: &Stage) -> Result<(), Failure> {
        let Some(flow) = stage.pack.workflow(&self.flow) else {
            self.over = true;
            return Ok(());
        };
        let id = match self.id {
            None => self.open(stage, flow).await?,
            Some(id) => {
                self.go_on(stage, flow, id).await?;
                Some(id)
            }
        };
        let wanted = stage.at_work(self.next, self.dice.between(8.0, 110.0));
        let case = match id {
            Some(id) => stage.case(id).await?,
            None => None,
        };
        self.next = match &case {
            Some(case) if !self.late => Stage::in_time(case, self.next, wanted),
            _ => wanted,
        };
        self.left = self.left.saturating_sub(1);
        let late = case.is_some_and(|case| stage.last_light(&case, &[]) == Light::Red);
        self.over |= self.left == 0 && (self.late || !late);
        Ok(())
    }

    async fn open(&mut self, stage: &Stage, flow: &Workflow) -> Result<Option<CaseId>, Failure> {
        let pack = &stage.pack;
        let unit = units_of(pack, flow, &self.place).into_iter().next();
        let Some((role, unit)) = unit else {
            self.over = true;
            return Ok(None);
        };
        let about = About {
            pack,
            texts: &stage.texts,
            flow,
            today: pack.date_of(self.next),
            category: &self.category,
            place: &self.place,
        };
        let mut raw = about.fill("", (&flow.opening.fields, &[]), Raw::new(), &mut self.dice);
        self.tell(stage, flow, &mut raw);
        let actor = Actor::Staff(stage.people.staff(&role, unit, 0).await?);
        let opening = Opening { flow, programme: self.programme.clone(), actor, raw };
        let opened = stage.open_once(self.next, opening, &mut self.dice).await?;
        // Somebody of the unit was there before.
        self.over |= opened.is_none();
        self.id = opened.map(|(id, _)| id);
        Ok(self.id)
    }

    /// A dispute has a story from the appeals; a household is named as it would be posted.
    fn tell(&mut self, stage: &Stage, flow: &Workflow, raw: &mut Raw) {
        let dice = &mut self.dice;
        let texts = &stage.texts;
        let place = stage.pack.regions.get(&self.place).map_or("", |r| r.name.as_str());
        let asks = |code: &str| flow.opening.fields.iter().any(|f| f.code == code);
        let mut set = |field: &str, value: String| {
            if asks(field) {
                raw.insert(field.to_owned(), vec![value]);
            }
        };
        let name = texts.name("female_middle", dice);
        let named = flow.fields.values().find(|f| f.meaning == Meaning::Name && asks(&f.code));
        if asks("category") {
            let stories: Vec<_> =
                texts.stories.iter().filter(|s| s.category == self.category).collect();
            if let Some(story) = dice.pick(&stories) {
                set("summary", story.summary.clone());
                set("narrative", texts.narrative(story, place, &name, dice));
            }
            set("contact_name", name);
            set("contact_phone", texts.phone(dice));
            return;
        }
        let surname: String = name.chars().take(1).collect();
        let kinds = flow.fields.get("subject_kind").map(|f| &f.kind);
        let household = !matches!(kinds, Some(FieldKind::Choice(_))) || dice.percent(75);
        if household {
            set("subject_kind", "household".to_owned());
            set("summary", format!("{place}{surname}某某户"));
            if let Some(field) = named {
                set(&field.code, name);
            }
        } else {
            set("subject_kind", "village".to_owned());
            set("summary", place.to_owned());
        }
        set("contact_phone", texts.phone(dice));
    }

    async fn go_on(&mut self, stage: &Stage, flow: &Workflow, id: CaseId) -> Result<(), Failure> {
        let Some(case) = stage.case(id).await? else {
            self.over = true;
            return Ok(());
        };
        self.over = flow.state(&case.state).is_none_or(|s| s.kind == StateKind::End);
        let mut offers: Vec<&Action> = flow
            .actions_from(&case.state)
            .filter(|a| a.auto.is_none() && !names_a_case(flow, a))
            .collect();
        self.dice.shuffle(&mut offers);
        let mut liked: Vec<(usize, &Action)> =
            offers.into_iter().map(|a| (self.liking(flow, &case, a), a)).collect();
        liked.sort_by_key(|(liking, _)| *liking);
        // What nobody likes is not done: then the clocks of the case decide.
        for (_, action) in liked.into_iter().filter(|(liking, _)| *liking < DISLIKED).take(4) {
            if stage.act(self.next, (&case, action), Raw::new(), &mut self.dice).await? {
                break;
            }
        }
        Ok(())
    }

    /// Smaller is likelier: the usual step first, small things sometimes, an end rarely.
    fn liking(&mut self, flow: &Workflow, case: &Case, action: &Action) -> usize {
        let to = match &action.to {
            Target::State(to) => flow.state(to).filter(|s| s.code != case.state),
            Target::Same => None,
        };
        let moves = to.is_some();
        let ends = to.is_some_and(|s| !s.is_open()) && action.tone != Tone::Primary;
        let base = match action.tone {
            Tone::Primary => 0,
            Tone::Normal => 3,
            Tone::Danger => 6,
            Tone::Quiet => 4,
        };
        let again = usize::try_from(case.times(&action.code)).unwrap_or(9) * 3;
        base + again + usize::from(!moves) * 2 + usize::from(ends) * 5 + self.dice.below(5)
    }
}

/// Who may open the workflow for a place: role and unit, the nearest first.
fn units_of<'a>(pack: &'a Pack, flow: &Workflow, place: &str) -> Vec<(String, &'a Unit)> {
    let lowest = match flow.opening.unit {
        AssignTo::ActorUnit => Level::Village,
        _ => Level::City,
    };
    let mut found = Vec::new();
    for who in &flow.opening.by {
        let Some(role) = pack.roles.get(&who.role) else { continue };
        for kind in &role.kinds {
            if let Some(unit) = pack.units.nearest(kind, place, lowest)
                && pack.can_hold(&role.code, unit)
            {
                found.push((role.code.clone(), unit));
            }
        }
    }
    found
}

fn names_a_case(flow: &Workflow, action: &Action) -> bool {
    let mut kinds = action.fields.iter().filter_map(|f| flow.fields.get(&f.code)).map(|f| &f.kind);
    kinds.any(|kind| *kind == FieldKind::Case)
}
