//! A year of appeals of a city, as fast as the store takes them. Fewer turns than the small demonstration, the same doors.

use super::{abreast, dice::Dice, form::About, stage::Stage, texts::Story};
use crate::{
    failure::{Doing, Failure},
    progress::Progress,
};
use domain::{
    case::{Actor, CaseId, Staff},
    decide::Step,
    duty::When,
    field::{self, Checked, Raw},
    pack::{Level, Matter, Unit},
    workflow::Workflow,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use store::{Act, NewCase, db::WriteError};

/// How far back, days.
const DAYS: f64 = 365.0;
/// Younger appeals than this have just arrived, days.
const FRESH: f64 = 0.3;
/// Of a hundred appeals, those that are left lying, and for how many days more.
const LEFT_LYING: (usize, f64) = (6, 15.0);
/// Older ones than this are in the archive, days.
const OLD: f64 = 40.0;

/// Younger appeals than these are not signed for or not answered yet, days: danger is met sooner.
fn pace(grade: &str) -> (f64, f64) {
    match grade {
        "red" => (0.02, 0.8),
        "orange" => (0.1, 4.0),
        "green" => (0.9, 2.8),
        _ => (0.9, 12.0),
    }
}

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
pub async fn build(stage: &Stage, now: Timestamp, appeals: usize) -> Result<(), Failure> {
    let regions = &stage.pack.regions;
    let places = regions.iter().filter(|r| r.level >= Level::Town).map(|r| r.code.clone());
    let round = Arc::new(Round { stage: stage.clone(), places: places.collect(), now });
    let mut progress = Progress::new("appeals", Some(appeals as u64));
    let life = |index| {
        let round = round.clone();
        async move { round.appeal(index).await }
    };
    abreast(appeals, &mut progress, life).await?;
    progress.end();
    Ok(())
}

impl Round {
    /// One appeal from its opening to as far as it has come.
    async fn appeal(&self, index: usize) -> Result<(), Failure> {
        let mut dice = Dice::of(1_000_000 + index);
        let Some(flow) = self.stage.pack.workflow("appeal") else { return Ok(()) };
        let stories = self.stage.texts.stories.as_slice();
        let (Some(story), Some(place)) = (dice.pick(stories), dice.pick(&self.places)) else {
            return Ok(());
        };
        let desk = self.stage.people.anywhere("operator", place).into_iter().next();
        let Some(desk) = desk else { return Ok(()) };
        // More today than a year ago: hotlines grow.
        let age = DAYS * dice.between(0.0, 1.0).powf(1.15);
        let category = self.stage.pack.categories.get(&story.category);
        let grade = category.map_or("", |c| c.grade.as_str());
        let mut life = Life { round: self, flow, story, place, desk, age, grade, dice };
        let case = life.open().await?;
        if age < pace(grade).0 { Ok(()) } else { life.go_on(case).await }
    }
}

/// One appeal.
struct Life<'a> {
    round: &'a Round,
    flow: &'a Workflow,
    story: &'a Story,
    place: &'a str,
    desk: &'a Unit,
    /// Days since it was made.
    age: f64,
    /// Risk grade of its category.
    grade: &'a str,
    dice: Dice,
}

impl Life<'_> {
    /// The instant so many days after the opening.
    fn at(&self, days: f64) -> Timestamp {
        let seconds = ((self.age - days).max(0.0) * 86_400.0).round();
        let back = SignedDuration::from_secs_f64(seconds);
        self.round.now.saturating_sub(back).unwrap_or(self.round.now)
    }

    /// Opens it and, unless it has just arrived, registers and dispatches it in the same entry.
    async fn open(&mut self) -> Result<CaseId, Failure> {
        let Round { stage, .. } = self.round;
        let (pack, story, at) = (&stage.pack, self.story, self.at(0.0));
        let name = stage.texts.name("female_middle", &mut self.dice);
        let near = pack.regions.get(self.place).map_or("", |r| r.name.as_str());
        let narrative = stage.texts.narrative(story, near, &name, &mut self.dice);
        let said = [
            ("channel", story.channel.clone()),
            ("category", story.category.clone()),
            ("summary", story.summary.clone()),
            ("narrative", narrative),
            ("place", self.place.to_owned()),
            ("contact_name", name),
            ("contact_phone", stage.texts.phone(&mut self.dice)),
            ("relation", story.relation.clone()),
        ];
        let heard = said.iter().any(|(_, text)| pack.risk.is_emergency(text));
        let said: Raw = said.into_iter().map(|(f, v)| (f.to_owned(), vec![v])).collect();
        let mut then = Vec::new();
        if heard {
            then.extend(self.step("emergency_seen", at));
        }
        if self.age >= FRESH.min(pace(self.grade).0) {
            for action in ["register", "to_triage", "dispatch"] {
                then.extend(self.step(action, at));
            }
        }
        let actor = Actor::Staff(self.somebody(&["operator", "triage"], self.desk).await?);
        let new = NewCase {
            command: self.dice.command(),
            actor,
            workflow: self.flow.code.clone(),
            programme: None,
            given: self.checked(&self.flow.opening.fields, &said),
            then,
            files: Vec::new(),
            receipt: store::new_receipt(),
            imported: None,
        };
        Ok(stage.store.import_case(pack, at, new).await.doing("opening")?.done.case)
    }

    /// Signs for it and, when it is old enough, answers, reviews, visits and archives.
    async fn go_on(&mut self, case: CaseId) -> Result<(), Failure> {
        let pack = &self.round.stage.pack;
        let matter = Matter {
            category: &self.story.category,
            grade: self.grade,
            channel: &self.story.channel,
            place: self.place,
        };
        let Some(route) = pack.routing.route(pack, matter) else { return Ok(()) };
        let Some(unit) = pack.units.get(&route.unit) else { return Ok(()) };
        let (signed, answered) = pace(self.grade);
        let (often, longer) = LEFT_LYING;
        let lies = if self.dice.percent(often) { longer } else { 0.0 };
        let done = self.age > answered + lies;
        let days = self.dice.between(signed / 2.0, if done { answered * 0.7 } else { signed });
        let danger = matches!(self.grade, "red" | "orange");
        let steps: &[&str] = match (done, route.co.is_empty()) {
            (false, _) if danger => &["sign", "contact"],
            (false, _) => &["sign"],
            (true, true) => &["sign", "submit_reply"],
            // Whoever was asked for a part and did not answer is waited for no longer.
            (true, false) => &["sign", "recall", "submit_reply"],
        };
        let (Some((first, rest)), handler) = (steps.split_first(), (&["handler"][..], unit)) else {
            return Ok(());
        };
        // Where the law demands a report, it is made with the signature.
        let mut reported = vec![*first, "file_report"];
        reported.extend(rest);
        let must = self.must_report();
        let steps = if must { &reported } else { steps };
        if !self.act(case, handler, steps, days).await? || !done {
            return Ok(());
        }
        let reviewer = pack.units.upward(&unit.code).find(|u| pack.can_hold("reviewer", u));
        let Some(reviewer) = reviewer else { return Ok(()) };
        if !self.act(case, (&["reviewer"], reviewer), &["approve_reply"], days + 1.0).await? {
            return Ok(());
        }
        let archived = self.age > OLD;
        let last: &[&str] = if archived { &["record_visit", "archive"] } else { &["record_visit"] };
        self.act(case, (&["visitor", "archivist"], self.desk), last, days + 3.0).await.map(drop)
    }

    /// Whether a duty of the law falls on the appeal by its category or by who made it.
    fn must_report(&self) -> bool {
        let (category, relation) = (&self.story.category, &self.story.relation);
        let begins = |codes: &[String]| codes.iter().any(|c| category.starts_with(c.as_str()));
        let said = |w: &When| w.field.as_deref() == Some("relation") && w.values.contains(relation);
        let mut all = self.flow.duties.iter().flat_map(|d| &d.when);
        all.any(|when| begins(&when.category) || said(when))
    }

    fn step(&mut self, action: &str, at: Timestamp) -> Option<Step> {
        let stage = &self.round.stage;
        let action = self.flow.action(action)?;
        let about = About {
            pack: &stage.pack,
            texts: &stage.texts,
            flow: self.flow,
            today: stage.pack.date_of(at),
            category: &self.story.category,
            place: self.place,
        };
        let form = (action.fields.as_slice(), action.guards.as_slice());
        let raw = about.fill(&action.code, form, Raw::new(), &mut self.dice);
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
        &mut self,
        case: CaseId,
        (roles, unit): (&[&str], &Unit),
        actions: &[&str],
        days: f64,
    ) -> Result<bool, Failure> {
        let at = self.at(days);
        let steps = actions.iter().filter_map(|action| self.step(action, at)).collect();
        let actor = Actor::Staff(self.somebody(roles, unit).await?);
        let act = Act { command: self.dice.command(), actor, case, steps, files: Vec::new() };
        match self.round.stage.store.import_act(&self.round.stage.pack, at, act).await {
            Ok(_) => Ok(true),
            Err(WriteError::Refused(_)) => Ok(false),
            Err(error) => Err(Failure::while_doing("acting", &error)),
        }
    }
}
