//! What a unit has promised for a year, and the course of a number through it.
//!
//! Projects are found as the only case of their programme, unit and year, never by a scan. What
//! anybody may know of one is told here: nothing before it was made public, and then neither its
//! number nor anybody who works on it.

use crate::{
    CasePage, FigureAsk, Store,
    case_page::Masked,
    db::{Batch, Error, Stmt},
    figure_hidden::Hidden,
    figure_values::months_between,
    imports::{number_of, source_of},
    sight,
};
use domain::{
    access::{self, Viewer},
    case::{Case, CaseId, Fact},
    field::{FieldKind, Meaning},
    figure::{AnyAmount, Figure, Nature, Period, WHOLE, first_in_year_name, name_of, running_sums},
    pack::Pack,
    workflow::{Code, Opening, Workflow},
};
use jiff::{ToSpan, civil::Date};
use std::collections::BTreeSet;

/// How many came for the first time of the year in each month of a span.
static NEW_IN: Stmt = Stmt::new(
    "SELECT unit, CAST(SUM(n) AS BIGINT) FROM counts
     WHERE name = $1 AND unit >= $2 AND unit <= $3 GROUP BY unit",
);
static BODY: Stmt = Stmt::new("SELECT body FROM cases WHERE id = $1");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&NEW_IN, &BODY];

/// The flag of a project that was made public.
const PUBLIC: &str = "project_public";

/// A project as somebody may see it.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its programme, which has its name.
    pub programme: Code,
    /// Its number; none for whoever may not open it.
    pub number: Option<String>,
    /// State, coded fields and targets; without deeds, people and units for the public.
    pub case: Case,
    /// The note for the public of each target, in the order of the targets; empty where there is
    /// none.
    pub notes: Vec<String>,
}

/// What a number said at the end of a month, or of today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The day.
    pub day: Date,
    /// The number; none where nothing was counted, which is not zero.
    pub value: Option<i64>,
}

impl Store {
    /// The projects of a unit in a year, as far as the viewer may know of them.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn projects(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        flow: &Workflow,
        (unit, year): (&str, i16),
    ) -> Result<Vec<Project>, Error> {
        let found = self.promised_by(pack, flow, (&[unit], year)).await?;
        let mut reader = self.db.page().await?;
        let mut all = Vec::new();
        for (programme, id) in found.into_iter().flatten() {
            let system = (&Viewer::System, Masked::Nothing);
            let Some(page) = self.page_with(&mut reader, pack, system, id).await? else { continue };
            all.extend(project(pack, viewer, programme, page));
        }
        Ok(all)
    }

    /// The figures that each of these units has promised everybody for a year.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn promised(
        &self,
        pack: &Pack,
        flow: &Workflow,
        (units, year): (&[&str], i16),
    ) -> Result<Vec<BTreeSet<Code>>, Error> {
        let found = self.promised_by(pack, flow, (units, year)).await?;
        let mut batch = Batch::new();
        for (_, id) in found.iter().flatten() {
            batch.add(&BODY, &[(*id).into()]);
        }
        let mut bodies = self.db.read().await?.rows_all(batch).await?.into_iter();
        let mut all = Vec::with_capacity(found.len());
        for cases in &found {
            let mut figures = BTreeSet::new();
            for rows in bodies.by_ref().take(cases.len()) {
                let case = rows.first().map(|row| crate::parse_case(row, 0)).transpose()?;
                let case = case.filter(is_public);
                figures.extend(case.and_then(|c| Some(c.promises.last()?.target.figure.clone())));
            }
            all.push(figures);
        }
        Ok(all)
    }

    /// The projects that each of these units has proposed for a year, with their programmes.
    async fn promised_by<'a>(
        &self,
        pack: &'a Pack,
        flow: &Workflow,
        (units, year): (&[&str], i16),
    ) -> Result<Vec<Vec<(&'a Code, CaseId)>>, Error> {
        let programmes: Vec<&Code> =
            pack.programmes.values().filter(|p| p.workflow == flow.code).map(|p| &p.code).collect();
        let year = Period::Year(year).code();
        let value = |code: &Code, programme: &Code| match flow.fields.get(code).map(|f| &f.kind) {
            None if code == Opening::PROGRAMME => programme.clone(),
            Some(FieldKind::Period) => year.clone(),
            _ => String::new(),
        };
        let number = |unit: &str, programme: &Code| {
            let only = flow.opening.only.iter();
            number_of(unit, &only.map(|code| value(code, programme)).collect::<Vec<_>>())
        };
        let numbers: Vec<String> = units
            .iter()
            .flat_map(|unit| programmes.iter().map(|programme| number(unit, programme)))
            .collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let mut found = self.imported(&source_of(&flow.code), &numbers).await?.into_iter();
        let of = |found: Vec<Option<CaseId>>| {
            let pairs = programmes.iter().copied().zip(found);
            pairs.filter_map(|(programme, id)| Some((programme, id?))).collect()
        };
        Ok(units.iter().map(|_| of(found.by_ref().take(programmes.len()).collect())).collect())
    }

    /// What a figure said for a unit through a year, month by month up to today: a flow added up
    /// since the year began, everything else as it stood. What the viewer is kept out of is in none of
    /// it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn course(
        &self,
        viewer: &Viewer,
        (figure, unit): (&Figure, &str),
        year: i16,
        today: Date,
    ) -> Result<Vec<Reading>, Error> {
        let days = month_ends(year, today);
        let flow = figure.nature == Nature::Flow;
        let people = flow && figure.is_distinct();
        let period = |day: Date| match (flow, people) {
            (true, true) => Period::year(day),
            (true, false) => Period::month(day),
            (false, _) => Period::up_to(day),
        };
        let asks: Vec<FigureAsk<'_>> =
            days.iter().map(|day| FigureAsk { figure, unit, period: period(*day) }).collect();
        let hidden = self.hidden_cells(viewer).await?;
        let told: Vec<Option<i64>> = self
            .values_without(&asks, today, &hidden)
            .await?
            .into_iter()
            .map(|value| value.amount.map(AnyAmount::count))
            .collect();
        let values = match (flow, people) {
            (true, true) => {
                let (since, last) = (figure.since(), told.last().copied().flatten());
                let sums = self.people_so_far((figure, unit), &days, &hidden).await?;
                let begun = |day: &Date| since.is_some_and(|since| since <= *day);
                let known = days.iter().zip(sums).map(|(day, n)| begun(day).then_some(n));
                // What nobody can tell of the whole year cannot be told of its months.
                known.map(|n| n.filter(|_| last.is_some())).collect()
            }
            (true, false) => running_sums(told),
            (false, _) => told,
        };
        Ok(days.into_iter().zip(values).map(|(day, value)| Reading { day, value }).collect())
    }

    /// How many different people there had been in the year by the end of each month.
    async fn people_so_far(
        &self,
        (figure, unit): (&Figure, &str),
        days: &[Date],
        hidden: &Hidden,
    ) -> Result<Vec<i64>, Error> {
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
        let (from, to) = months_between(first.first_of_month(), *last);
        let mut new = vec![0; days.len()];
        let mut reader = self.db.read().await?;
        for version in &figure.versions {
            let whole = name_of(&figure.code, version.number, unit, WHOLE);
            let name = first_in_year_name(&whole);
            let params = [(&name).into(), (&from).into(), (&to).into()];
            let mut add = |month: &str, n: i64| {
                let at = days.iter().position(|day| domain::figure::month_of(*day) == month);
                if let Some(sum) = at.and_then(|at| new.get_mut(at)) {
                    *sum += n;
                }
            };
            for row in reader.rows(&NEW_IN, &params).await? {
                add(row.text(0)?, row.int(1)?);
            }
            for (cell, n) in hidden.iter().filter(|(cell, _)| cell.name == name) {
                add(&cell.period, -n);
            }
        }
        let mut so_far = 0;
        Ok(new
            .into_iter()
            .map(|n| {
                so_far += n;
                so_far
            })
            .collect())
    }
}

/// The last day of each month of a year that has begun; today stands for the end of its month.
fn month_ends(year: i16, today: Date) -> Vec<Date> {
    let Ok(mut first) = Date::new(year, 1, 1) else { return Vec::new() };
    let mut days = Vec::new();
    while first.year() == year && first <= today {
        days.push(first.last_of_month().min(today));
        let Ok(next) = first.checked_add(1.month()) else { break };
        first = next;
    }
    days
}

/// Whether everybody may know of a project.
fn is_public(case: &Case) -> bool {
    case.flags.contains(PUBLIC) && !case.guarded.is_sealed()
}

/// What the viewer may know of a project.
fn project(pack: &Pack, viewer: &Viewer, programme: &Code, page: CasePage) -> Option<Project> {
    let opens = access::may_open(pack, viewer, &page.case);
    let public = is_public(&page.case);
    if !opens && !public {
        return None;
    }
    let notes = notes(pack, &page);
    let number = opens.then(|| page.number.clone());
    let mut case = page.case;
    if !opens {
        case.deeds.clear();
        case.been.clear();
        case.tasks.clear();
        case.clocks.clear();
        (case.owner, case.opener) = (None, None);
    }
    Some(Project { programme: programme.clone(), number, case, notes })
}

/// The note for the public that was approved with each target: the newest one since the target
/// before. What was proposed and not approved is nobody's.
fn notes(pack: &Pack, page: &CasePage) -> Vec<String> {
    let flow = pack.flow_of(&page.case);
    let mut notes = Vec::new();
    let mut newest = String::new();
    for entry in &page.entries {
        for (field, text) in entry.texts.values().flatten() {
            if sight::meaning(flow, field) == Meaning::Public {
                newest.clone_from(text);
            }
        }
        for fact in &entry.facts {
            if matches!(fact, Fact::Promised { .. }) {
                notes.push(std::mem::take(&mut newest));
            }
        }
    }
    notes
}
