//! The projects of a demonstration: each programme of the pack that promises something is proposed,
//! approved, made public and worked on, so that lights of all colours are seen. Where a number is
//! typed in by hand, so much of it is entered as leads to the light that the data name. No light is
//! written anywhere: each follows from records.

use super::{dice::Dice, stage::Stage};
use crate::failure::{Doing, Failure};
use domain::{
    case::{Actor, CaseId},
    decide::Step,
    field::{self, Raw},
    figure::{AnyAmount, Period},
    pack::Unit,
    workflow::Workflow,
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Deserialize;
use std::{fs, path::Path};
use store::{Act, Attachment, FigureAsk, NewCase};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    project: Vec<Project>,
}

/// One project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    programme: String,
    for_whom: String,
    figure: String,
    /// What it shall reach; without it so much as makes the pace of the records the wanted one.
    goal: Option<i64>,
    /// What may be spent, in yuan.
    budget: Option<i64>,
    /// Kind of the partner agency that leads; without it a county does.
    lead: Option<String>,
    /// Of a hundred parts of what the plan asks for by now, so many are done.
    pace: i64,
    /// Milestones on the way.
    #[serde(default)]
    stages: Vec<Milestone>,
    /// What the goal becomes after a change, and what everybody is told of it.
    changed: Option<Change>,
}

/// A milestone of a project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Milestone {
    /// What is there by then, as the workflow names it.
    what: String,
    /// Hundredths of the year that are gone by then.
    at: i64,
    /// Hundredths of the goal that are reached by then.
    reach: i64,
}

/// A change of a target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    goal: i64,
    note: String,
}

/// Reads the projects of a city; none when it has no such file.
///
/// # Errors
/// When the file cannot be read as what it should be.
pub fn read(city: &Path) -> Result<Vec<Project>, Failure> {
    let path = city.join("projects.toml");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let doing = format!("reading {}", path.display());
    let text = fs::read_to_string(&path).doing(&doing)?;
    Ok(toml::from_str::<File>(&text).doing(&doing)?.project)
}

/// Opens and carries on the projects of the year.
///
/// # Errors
/// When the store fails, or a step is refused.
pub async fn build(stage: &Stage, projects: Vec<Project>) -> Result<(), Failure> {
    let units = &stage.pack.units;
    let top = units.top();
    let flow = stage.pack.workflows.values().find(|flow| flow.promises());
    let (Some(top), Some(flow)) = (top, flow) else { return Ok(()) };
    let today = stage.pack.date_of(stage.end);
    let first = today.first_of_year();
    for (n, project) in projects.into_iter().enumerate() {
        // In the first counties there is somebody for every role.
        let mut counties = units.children(&top.code).filter(|u| u.kind == top.kind);
        let county = counties.nth(n % 3).unwrap_or(top);
        let agency = project.lead.as_ref().and_then(|k| units.of(k, top.level, &top.region));
        let lead = agency.unwrap_or(county);
        let mut dice = Dice::of(3_000_000 + n);
        let one = One { stage, flow, top, lead, project, first, today };
        one.play(&mut dice).await?;
    }
    stage.tick(stage.end).await
}

struct One<'a> {
    stage: &'a Stage,
    flow: &'a Workflow,
    top: &'a Unit,
    lead: &'a Unit,
    project: Project,
    first: Date,
    today: Date,
}

impl One<'_> {
    /// An instant in the hours of an office on a day, never beyond the end of the demonstration.
    fn at(&self, day: Date) -> Timestamp {
        let back = SignedDuration::from_hours(8);
        let at = self.stage.pack.end_of(day).saturating_sub(back).unwrap_or(self.stage.end);
        at.min(self.stage.end)
    }

    /// So many hundredths of the year that is gone.
    fn day(&self, hundredths: i64) -> Date {
        let gone = self.today.duration_since(self.first).as_hours() / 24;
        self.first.saturating_add(SignedDuration::from_hours(24 * (gone * hundredths / 100)))
    }

    /// How much the plan of a goal asks for by now.
    fn planned(&self, goal: i64) -> i64 {
        let gone = self.today.duration_since(self.first).as_hours() / 24;
        goal * gone / 364
    }

    /// The goal: the one of the data, or one that fits the pace of records that are there already.
    /// Without any, nothing is known of its pace; in the first days of a year that is no wonder.
    async fn goal(&self) -> Result<i64, Failure> {
        if let Some(goal) = self.project.goal {
            return Ok(goal);
        }
        let Project { programme, figure: code, .. } = &self.project;
        let pack = &self.stage.pack;
        let figure = pack.figures.get(code).ok_or_else(|| {
            Failure::Plain(format!("the project {programme} names no figure: {code}"))
        })?;
        let ask = FigureAsk { figure, unit: &self.top.code, period: Period::year(self.today) };
        let found = self.stage.store.figure_values(&[ask], self.today).await.doing("a figure")?;
        let done = found.first().and_then(|v| v.amount).map_or(0, AnyAmount::count);
        let gone = (self.today.duration_since(self.first).as_hours() / 24).max(1);
        if done <= 0 && gone > pack.targets.forecast_days.into() {
            let why = format!("the project {programme} has no goal, and {code} has no records");
            return Err(Failure::Plain(why));
        }
        let goal = done * 100 * 364 / (self.project.pace.max(1) * gone);
        Ok(goal.max(1))
    }

    async fn play(&self, dice: &mut Dice) -> Result<(), Failure> {
        let goal = self.goal().await?;
        let case = self.propose(goal, dice).await?;
        let city = self.top;
        self.act(case, ("reviewer", city), ("screen", &[]), (1, dice)).await?;
        self.act(case, ("leader", city), ("approve", &[]), (2, dice)).await?;
        let lead = [("lead", self.lead.code.as_str())];
        self.act(case, ("reviewer", city), ("publish", &lead), (3, dice)).await?;
        let typed = self.stage.pack.figures.get(&self.project.figure);
        let typed = typed.and_then(|f| self.stage.pack.workflow(&f.workflow));
        if let Some(flow) = typed.filter(|flow| flow.opening.evidence) {
            let done = self.planned(goal) * self.project.pace / 100;
            let parts = done.clamp(0, 4);
            for part in 0..parts {
                let amount = done * (part + 1) / parts - done * part / parts;
                self.enter(flow, amount, (20 + 20 * part, dice)).await?;
            }
        }
        if let Some(change) = &self.project.changed {
            let until = format!("{:04}-12-31", self.today.year());
            let goal = change.goal.to_string();
            let fields = [
                ("goal", goal.as_str()),
                ("until", &until),
                ("reason", "实施条件发生变化"),
                ("public_note", &change.note),
            ];
            let lead = self.leads();
            self.act(case, lead, ("propose_change", &fields), (60, dice)).await?;
            self.act(case, ("leader", city), ("approve_change", &[]), (62, dice)).await?;
        }
        let said = [("said", "本月进度正常报送，问题已列清单。")];
        self.act(case, self.leads(), ("report", &said), (97, dice)).await
    }

    /// Who works on it: the liaison of an agency, or a handler of the federation.
    fn leads(&self) -> (&'static str, &Unit) {
        (if self.lead.agency { "agency" } else { "handler" }, self.lead)
    }

    async fn propose(&self, goal: i64, dice: &mut Dice) -> Result<CaseId, Failure> {
        let year = self.today.year();
        let stages = self.stages(goal);
        let goal = goal.to_string();
        let (from, until) = (self.first.to_string(), format!("{year:04}-12-31"));
        let year = format!("{year:04}");
        let budget = self.project.budget.map_or(String::new(), |n| n.to_string());
        let mut fields = vec![
            ("budget", budget.as_str()),
            ("year", year.as_str()),
            ("for_whom", &self.project.for_whom),
            ("figure", &self.project.figure),
            ("goal", &goal),
            ("from", &from),
            ("until", &until),
        ];
        fields.extend(stages.iter().map(|(code, value)| (code.as_str(), value.as_str())));
        let given = self.checked(self.flow, &self.flow.opening.fields, &fields)?;
        let command = dice.command();
        let new = NewCase {
            command,
            actor: Actor::Staff(self.stage.people.staff("handler", self.top, 0).await?),
            workflow: self.flow.code.clone(),
            programme: Some(self.project.programme.clone()),
            given,
            then: Vec::new(),
            files: Vec::new(),
            receipt: self.stage.store.receipt_for(&command),
            imported: None,
        };
        let opened = self.stage.store.open_case(&self.stage.pack, self.at(self.day(0)), new).await;
        Ok(opened.doing("proposing a project")?.done.case)
    }

    /// The milestones as the fields of the workflow.
    fn stages(&self, goal: i64) -> Vec<(String, String)> {
        let stages = self.project.stages.iter().zip(1..);
        let fields = stages.flat_map(|(stage, n)| {
            let days = SignedDuration::from_hours(24 * (364 * stage.at / 100));
            let value = (goal * stage.reach / 100).to_string();
            [
                (format!("stage_{n}"), stage.what.clone()),
                (format!("stage_{n}_on"), self.first.saturating_add(days).to_string()),
                (format!("stage_{n}_value"), value),
            ]
        });
        fields.collect()
    }

    fn checked(
        &self,
        flow: &Workflow,
        uses: &[domain::workflow::FieldUse],
        fields: &[(&str, &str)],
    ) -> Result<domain::field::Checked, Failure> {
        let raw: Raw =
            fields.iter().map(|(k, v)| ((*k).to_owned(), vec![(*v).to_owned()])).collect();
        field::check(&self.stage.pack, flow, uses, &raw)
            .map_err(|faults| Failure::Plain(format!("a project is not accepted: {faults:?}")))
    }

    async fn act(
        &self,
        case: CaseId,
        (role, unit): (&str, &Unit),
        (code, fields): (&str, &[(&str, &str)]),
        (hundredths, dice): (i64, &mut Dice),
    ) -> Result<(), Failure> {
        let missing = || Failure::Plain(format!("projects have no action {code}"));
        let action = self.flow.action(code).ok_or_else(missing)?;
        let given = self.checked(self.flow, &action.fields, fields)?;
        let steps = vec![Step { action: code.to_owned(), given }];
        let actor = Actor::Staff(self.stage.people.staff(role, unit, 0).await?);
        let act = Act { command: dice.command(), actor, case, steps, files: Vec::new() };
        let at = self.at(self.day(hundredths));
        self.stage.store.act(&self.stage.pack, at, act).await.doing(code).map(drop)
    }

    /// A number that is typed in with its evidence, and confirmed by another person.
    async fn enter(
        &self,
        flow: &Workflow,
        amount: i64,
        (hundredths, dice): (i64, &mut Dice),
    ) -> Result<(), Failure> {
        let day = self.day(hundredths);
        let (on, amount) = (day.to_string(), amount.to_string());
        let fields = [
            ("item", self.project.figure.as_str()),
            ("held_on", &on),
            ("amount", &amount),
            ("source", "验收单汇总"),
        ];
        let file = Attachment {
            name: "验收单.csv".to_owned(),
            kind: "text/csv".to_owned(),
            body: format!("{on},{amount}\n").into_bytes(),
        };
        let command = dice.command();
        // An agency enters no numbers: the federation does, with the evidence of the agency.
        let unit = if self.lead.agency { self.top } else { self.lead };
        let new = NewCase {
            command,
            actor: Actor::Staff(self.stage.people.staff("handler", unit, 0).await?),
            workflow: flow.code.clone(),
            programme: None,
            given: self.checked(flow, &flow.opening.fields, &fields)?,
            then: Vec::new(),
            files: vec![file],
            receipt: self.stage.store.receipt_for(&command),
            imported: None,
        };
        let (store, pack, at) = (&self.stage.store, &self.stage.pack, self.at(day));
        let case = store.open_case(pack, at, new).await.doing("typing a number in")?.done.case;
        let step = Step { action: "confirm".to_owned(), given: domain::field::Checked::default() };
        let reviewer = self.stage.people.staff("reviewer", self.top, 0).await?;
        let (actor, steps) = (Actor::Staff(reviewer), vec![step]);
        let act = Act { command: dice.command(), actor, case, steps, files: Vec::new() };
        store.act(pack, at, act).await.doing("confirming a number").map(drop)
    }
}
