//! A year of a city of ten million: one hundred thousand appeals, as fast as the store takes
//! them. Fewer turns than the small demonstration, the same doors.

use super::{
    dice::Dice,
    form::About,
    stage::Stage,
};
use crate::{
    failure::{Doing, Failure},
    progress::Progress,
};
use domain::{
    case::{Actor, Staff},
    decide::Step,
    field::{self, Checked, Raw},
    pack::{Level, Matter, Unit},
    workflow::Workflow,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use store::{Act, NewCase, db::WriteError};
use tokio::task::JoinSet;

/// How many appeals. Hotlines of such cities count one for a hundred residents a year.
pub const APPEALS: usize = 100_000;
/// How far back, days.
const DAYS: f64 = 365.0;
/// Appeals under way at once; enough to fill the commits of the store.
const ABREAST: usize = 256;
/// Appeals younger than this are not closed yet, days.
const YOUNG: f64 = 12.0;

/// What all appeals share.
struct Round {
    stage: Stage,
    places: Vec<String>,
    now: Timestamp,
}

/// Builds the city.
///
/// # Errors
/// When the store fails, or the pack has no appeals.
pub async fn build(stage: &Stage, now: Timestamp) -> Result<(), Failure> {
    let regions = &stage.pack.regions;
    let places = regions.iter().filter(|r| r.level >= Level::Town).map(|r| r.code.clone());
    let round = Arc::new(Round { stage: stage.clone(), places: places.collect(), now });
    let mut progress = Progress::new("appeals", Some(APPEALS as u64));
    let mut under_way = JoinSet::new();
    for index in 0..APPEALS {
        if under_way.len() >= ABREAST
            && let Some(done) = under_way.join_next().await
        {
            done.doing("building the city")??;
            progress.one();
        }
        let round = round.clone();
        under_way.spawn(async move { round.appeal(index).await });
    }
    while let Some(done) = under_way.join_next().await {
        done.doing("building the city")??;
        progress.one();
    }
    progress.end();
    stage.store.checkpoint(now).await.doing("sealing").map(drop)
}

impl Round {
    /// One appeal from its opening to as far as it has come.
    async fn appeal(&self, index: usize) -> Result<(), Failure> {
        let mut dice = Dice::of(1_000_000 + index);
        let stage = &self.stage;
        let pack = &stage.pack;
        let Some(flow) = pack.workflow("appeal") else { return Ok(()) };
        let stories = stage.texts.stories.as_slice();
        let (Some(story), Some(place)) = (dice.pick(stories), dice.pick(&self.places)) else {
            return Ok(());
        };
        // More today than a year ago: hotlines grow.
        let age = DAYS * dice.between(0.0, 1.0).powf(1.15);
        let at = |days: f64| {
            let back = SignedDuration::from_secs_f64((age - days).max(0.0) * 86_400.0);
            self.now.saturating_sub(back).unwrap_or(self.now)
        };
        let steps = Steps { round: self, flow, category: &story.category, place };
        let desk = stage.people.anywhere("operator", place).into_iter().next();
        let Some(desk) = desk else { return Ok(()) };
        let name = stage.texts.name("female_middle", &mut dice);
        let near = pack.regions.get(place).map_or("", |r| r.name.as_str());
        let mut said = Raw::from([
            ("channel".to_owned(), vec![story.channel.clone()]),
            ("category".to_owned(), vec![story.category.clone()]),
            ("summary".to_owned(), vec![story.summary.clone()]),
            ("narrative".to_owned(), vec![stage.texts.narrative(story, near, &name, &mut dice)]),
            ("place".to_owned(), vec![place.clone()]),
            ("contact_name".to_owned(), vec![name]),
            ("contact_phone".to_owned(), vec![stage.texts.phone(&mut dice)]),
        ]);
        said.insert("relation".to_owned(), vec![story.relation.clone()]);
        let far = age > YOUNG;
        let received = age < 0.3;
        let mut then = Vec::new();
        if !received {
            for action in ["register", "to_triage", "dispatch"] {
                then.extend(steps.step(action, at(0.0), &mut dice));
            }
        }
        let actor = Actor::Staff(steps.somebody(&["operator", "triage"], desk).await?);
        let new = NewCase {
            command: dice.bytes(),
            actor,
            workflow: flow.code.clone(),
            programme: None,
            given: steps.checked(&flow.opening.fields, &said),
            then,
            files: Vec::new(),
            receipt: store::new_receipt(),
            imported: None,
        };
        let opened = stage.store.import_case(pack, at(0.0), new).await.doing("opening")?;
        let case = opened.done.case;
        if received || age < 1.5 {
            return Ok(());
        }
        let matter = Matter {
            category: &story.category,
            grade: pack.categories.get(&story.category).map_or("", |c| c.grade.as_str()),
            channel: &story.channel,
            place,
        };
        let Some(route) = pack.routing.route(pack, matter) else { return Ok(()) };
        let Some(unit) = pack.units.get(&route.unit) else { return Ok(()) };
        let signed: &[&str] = match (far, route.co.is_empty()) {
            (false, _) => &["sign"],
            (true, true) => &["sign", "submit_reply"],
            // Whoever was asked for a part and did not answer is waited for no longer.
            (true, false) => &["sign", "recall", "submit_reply"],
        };
        let days = dice.between(0.5, if far { 8.0 } else { 1.2 });
        if !steps.act(case, (&["handler"], unit), signed, at(days), &mut dice).await? || !far {
            return Ok(());
        }
        let reviewer = pack.units.upward(&unit.code).find(|u| pack.can_hold("reviewer", u));
        let Some(reviewer) = reviewer else { return Ok(()) };
        let review = (&["reviewer"][..], reviewer);
        if !steps.act(case, review, &["approve_reply"], at(days + 1.0), &mut dice).await? {
            return Ok(());
        }
        let visit = (&["visitor", "archivist"][..], desk);
        let last: &[&str] =
            if age > 40.0 { &["record_visit", "archive"] } else { &["record_visit"] };
        steps.act(case, visit, last, at(days + 3.0), &mut dice).await.map(drop)
    }
}

/// The steps of one appeal.
struct Steps<'a> {
    round: &'a Round,
    flow: &'a Workflow,
    category: &'a str,
    place: &'a str,
}

impl Steps<'_> {
    fn step(&self, action: &str, at: Timestamp, dice: &mut Dice) -> Option<Step> {
        let stage = &self.round.stage;
        let action = self.flow.action(action)?;
        let about = About {
            pack: &stage.pack,
            texts: &stage.texts,
            flow: self.flow,
            today: stage.pack.date_of(at),
            category: self.category,
            place: self.place,
        };
        let form = (action.fields.as_slice(), action.guards.as_slice());
        let raw = about.fill(&action.code, form, Raw::new(), dice);
        Some(Step { action: action.code.clone(), given: self.checked(&action.fields, &raw) })
    }

    fn checked(&self, uses: &[domain::workflow::FieldUse], raw: &Raw) -> Checked {
        field::check(&self.round.stage.pack, self.flow, uses, raw).unwrap_or_default()
    }

    /// One person with several roles, as the night shift has it.
    async fn somebody(&self, roles: &[&str], unit: &Unit) -> Result<Staff, Failure> {
        let first = roles.first().copied().unwrap_or_default();
        let mut staff = self.round.stage.people.staff(first, unit, 0).await?;
        staff.roles = roles.iter().map(ToString::to_string).collect();
        Ok(staff)
    }

    /// Does some steps in one entry; false when the case is not as far as that.
    async fn act(
        &self,
        case: i64,
        (roles, unit): (&[&str], &Unit),
        actions: &[&str],
        at: Timestamp,
        dice: &mut Dice,
    ) -> Result<bool, Failure> {
        let steps = actions.iter().filter_map(|a| self.step(a, at, dice)).collect();
        let actor = Actor::Staff(self.somebody(roles, unit).await?);
        let act = Act { command: dice.bytes(), actor, case, steps, files: Vec::new() };
        match self.round.stage.store.act(&self.round.stage.pack, at, act).await {
            Ok(_) => Ok(true),
            Err(WriteError::Refused(_)) => Ok(false),
            Err(error) => Err(Failure::while_doing("acting", &error)),
        }
    }
}
