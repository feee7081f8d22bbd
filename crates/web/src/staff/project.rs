//! The part of a case page that shows a project: its targets, its course against the plan as picture
//! and table, and the units below. Numbers come from records alone; nothing here is typed in.

use super::history::Words;
use crate::{
    app::App,
    error::Oops,
    figures::{
        self,
        standing::{self, Reader, StageView, Standing},
    },
    page::Page,
    session::LoggedIn,
    view::LightView,
};
use domain::{
    case::Case,
    field::FieldKind,
    figure::{AnyAmount, Figure, Held, Period, Plan, Promise, held, promised_on},
    workflow::Workflow,
};
use jiff::{ToSpan, civil::Date};
use store::{CasePage, FigureAsk, Reading, may_count};

/// Size of the picture, and of its edges.
const WIDE: i64 = 640;
const HIGH: i64 = 240;
const LEFT: i64 = 64;
const LOW: i64 = 28;
const EDGE: i64 = 12;

pub(super) struct FactView {
    pub(super) label: String,
    pub(super) text: String,
}

/// Something that was promised, and the days on which it held.
pub(super) struct HeldView {
    pub(super) days: String,
    pub(super) what: String,
    pub(super) holds: bool,
}

/// One part of what was promised, through all changes.
pub(super) struct PartView {
    pub(super) name: String,
    pub(super) held: Vec<HeldView>,
}

pub(super) struct MonthView {
    pub(super) name: String,
    pub(super) number: String,
    pub(super) planned: String,
    pub(super) light: Option<LightView>,
}

pub(super) struct BelowView {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) number: String,
    pub(super) month: String,
    pub(super) gap: bool,
}

pub(super) struct MarkView {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// The picture, as coordinates.
#[derive(Default)]
pub(super) struct ChartView {
    /// Lines of targets that held before.
    pub(super) were: Vec<String>,
    /// The line of the target that holds.
    pub(super) plan: String,
    /// The line of the numbers.
    pub(super) real: String,
    pub(super) dots: Vec<MarkView>,
    pub(super) months: Vec<MarkView>,
    pub(super) values: Vec<MarkView>,
    /// What it shows, in words.
    pub(super) words: String,
}

/// Everything about the project on its case page.
pub(super) struct ProjectView {
    pub(super) figure: String,
    pub(super) records: String,
    pub(super) now: Standing,
    pub(super) stages: Vec<StageView>,
    pub(super) facts: Vec<FactView>,
    pub(super) parts: Vec<PartView>,
    pub(super) months: Vec<MonthView>,
    pub(super) below: Vec<BelowView>,
    pub(super) chart: ChartView,
}

/// What is told of a project; none for a case that promises nothing yet.
pub(super) async fn of(
    (app, me): (&App, &LoggedIn),
    words: &Words<'_>,
    shown: &CasePage,
) -> Result<Option<ProjectView>, Oops> {
    let (page, case) = (words.page, &shown.case);
    let Some(last) = case.promises.last() else { return Ok(None) };
    let figure = page.pack.figures.get(&last.target.figure);
    let (Some(figure), Some(year)) = (figure, year_of(words.flow, case)) else { return Ok(None) };
    let unit = case.handling.as_deref().unwrap_or(&case.unit);
    let today = page.today();
    let course = app.store().course(&me.viewer(), (figure, unit), year, today).await?;
    let end = standing::last_day(year, today);
    let latest = course.last().copied().unwrap_or(Reading { day: end, value: None });
    let mut ways = case.promises.clone();
    ways.dedup_by(|later, before| before.target.goes_like(&later.target));
    let told = Told { page, figure, promises: &ways };
    let may = may_count(&page.pack, &me.viewer(), unit);
    let period = standing::period_of(figure, year, today);
    let promised = (words.flow, figure, case.promises.as_slice());
    Ok(Some(ProjectView {
        figure: page.either(&figure.name, &figure.en).to_owned(),
        records: if may { figures::records_href(figure, unit, period) } else { String::new() },
        now: standing::standing(page, (figure, &case.promises), latest, Reader::Staff),
        stages: standing::stages(page, promised, latest, Reader::Staff),
        facts: facts(words, case),
        parts: parts(page, figure, &case.promises),
        months: course.iter().map(|reading| told.month(*reading)).collect(),
        below: if may { below((app, me), page, (figure, unit), year).await? } else { Vec::new() },
        chart: told.chart(year, &course),
    }))
}

/// The year of a project.
pub(crate) fn year_of(flow: &Workflow, case: &Case) -> Option<i16> {
    let field = flow.fields.values().find(|f| f.kind == FieldKind::Period)?;
    match Period::parse(case.coded.get(&field.code)?.one())? {
        Period::Year(year) => Some(year),
        _ => None,
    }
}

/// Goal, leading unit and budget, each with the days on which it held.
fn parts(page: &Page, figure: &Figure, promises: &[Promise]) -> Vec<PartView> {
    let day = |d| standing::day_words(page, d);
    let view = |one: Held<String>| HeldView {
        days: match one.until {
            Some(end) => page.tf("project.held", &[("from", &day(one.since)), ("to", &day(end))]),
            None => page.tf("project.holds", &[("from", &day(one.since))]),
        },
        what: one.what,
        holds: one.until.is_none(),
    };
    let part = |key: &str, held: Vec<Held<String>>| PartView {
        name: page.t(key).to_owned(),
        held: held.into_iter().map(view).collect(),
    };
    let goals = held(promises, |t| Some(standing::goal(page, figure, t)));
    let leads = held(promises, |t| t.lead.as_ref().map(|lead| page.unit(lead).to_owned()));
    let budgets = held(promises, |t| t.budget.map(|n| standing::money(page, n)));
    let all = [("project.targets", goals), ("project.leads", leads), ("project.budgets", budgets)];
    let told = all.into_iter().filter(|(_, held)| !held.is_empty());
    told.map(|(key, held)| part(key, held)).collect()
}

/// The fields of what was promised: what stands in them may be proposed only.
fn promised(flow: &Workflow) -> Vec<&String> {
    let parts = flow.targets().flat_map(|t| {
        let stages = t.steps.iter().flat_map(|s| [Some(&s.on), Some(&s.value), s.what.as_ref()]);
        [Some(&t.goal), Some(&t.until), t.lead.as_ref(), t.budget.as_ref()]
            .into_iter()
            .chain(stages)
    });
    parts.flatten().collect()
}

/// What was said when it was proposed and handed over, as it is now.
fn facts(words: &Words<'_>, case: &Case) -> Vec<FactView> {
    let mut fields: Vec<&String> = words.flow.opening.fields.iter().map(|f| &f.code).collect();
    let named = |kind: &FieldKind| matches!(kind, FieldKind::Unit | FieldKind::Units);
    fields.extend(words.flow.fields.values().filter(|f| named(&f.kind)).map(|f| &f.code));
    let promised = promised(words.flow);
    fields.retain(|code| !promised.contains(code));
    let fact = |code: &String| {
        let (field, value) = (words.flow.fields.get(code)?, case.coded.get(code)?);
        let all: Vec<String> = value.all().iter().map(|v| words.value(&field.kind, v)).collect();
        let (label, text) = (words.label(code), all.join(words.page.t("staff.comma")));
        Some(FactView { label, text })
    };
    fields.into_iter().filter_map(fact).collect()
}

/// The same number of the units below: who has none is a gap, not a zero.
async fn below(
    (app, me): (&App, &LoggedIn),
    page: &Page,
    (figure, unit): (&Figure, &str),
    year: i16,
) -> Result<Vec<BelowView>, Oops> {
    let today = page.today();
    let kind = page.pack.units.get(unit).map(|u| &u.kind);
    let units: Vec<_> = page.pack.units.children(unit).filter(|u| Some(&u.kind) == kind).collect();
    let period = standing::period_of(figure, year, today);
    let month = Period::month(standing::last_day(year, today));
    let ask = |u: &'_ domain::pack::Unit, period| (u.code.clone(), period);
    let wanted: Vec<(String, Period)> =
        units.iter().flat_map(|u| [ask(u, period), ask(u, month)]).collect();
    let asks: Vec<FigureAsk<'_>> =
        wanted.iter().map(|(unit, period)| FigureAsk { figure, unit, period: *period }).collect();
    let values = app.store().figures_for(&me.viewer(), &asks, today).await?;
    let text = |n: Option<i64>| {
        n.map_or_else(
            || page.t("project.no_number").to_owned(),
            |n| standing::amount(page, figure, n),
        )
    };
    Ok(units
        .iter()
        .zip(values.chunks(2))
        .map(|(unit, pair)| {
            let count = |n: usize| pair.get(n).and_then(|v| v.amount).map(AnyAmount::count);
            BelowView {
                name: page.unit(&unit.code).to_owned(),
                href: figures::records_href(figure, &unit.code, period),
                number: text(count(0)),
                month: text(count(1)),
                gap: count(0).is_none_or(|n| n == 0) || count(1).is_none_or(|n| n == 0),
            }
        })
        .collect())
}

struct Told<'a> {
    page: &'a Page,
    figure: &'a Figure,
    promises: &'a [Promise],
}

impl Told<'_> {
    fn month(&self, reading: Reading) -> MonthView {
        let page = self.page;
        let plan = promised_on(self.promises, reading.day)
            .and_then(|promise| Plan::new(self.figure.nature, &promise.target));
        let light = standing::light_on(page, (self.figure, self.promises), reading);
        MonthView {
            name: figures::period_name(page, Period::month(reading.day)),
            number: reading.value.map_or_else(
                || page.t("project.no_number").to_owned(),
                |n| standing::amount(page, self.figure, n),
            ),
            planned: plan.map_or_else(
                || page.t("project.no_target").to_owned(),
                |plan| standing::amount(page, self.figure, plan.planned(reading.day)),
            ),
            light: light.map(|(light, plan)| standing::light_view(page, light, &plan, reading)),
        }
    }

    /// The picture: each target until the next one, and the numbers.
    fn chart(&self, year: i16, course: &[Reading]) -> ChartView {
        let plans: Vec<Plan> =
            self.promises.iter().filter_map(|p| Plan::new(self.figure.nature, &p.target)).collect();
        let Some(last) = plans.last() else { return ChartView::default() };
        let values = course.iter().filter_map(|r| r.value);
        let corners = plans.iter().flat_map(|p| p.points().iter().map(|(_, v)| *v));
        let all: Vec<i64> = values.chain(corners).collect();
        let (Some(low), Some(high)) = (all.iter().min(), all.iter().max()) else {
            return ChartView::default();
        };
        let first = Period::Year(year).first().unwrap_or(last.from()).min(last.from());
        let end = Period::Year(year).last().max(last.until());
        let space = Space { first, end, low: (*low).min(0), high: *high };
        let ends = self.promises.iter().skip(1).map(|p| p.since);
        let line = |plan: &Plan| {
            plan.points().iter().map(|(d, v)| space.point(*d, *v)).collect::<Vec<_>>().join(" ")
        };
        let were = plans.iter().zip(ends).map(|(plan, end)| {
            let before = plan.points().iter().filter(|(d, _)| *d < end).copied();
            let points = before.chain([(end, plan.planned(end))]);
            points.map(|(d, v)| space.point(d, v)).collect::<Vec<_>>().join(" ")
        });
        let known: Vec<(&Reading, i64)> =
            course.iter().filter_map(|r| Some((r, r.value?))).collect();
        ChartView {
            were: were.collect(),
            plan: line(last),
            real: known.iter().map(|(r, v)| space.point(r.day, *v)).collect::<Vec<_>>().join(" "),
            dots: known.iter().map(|(r, v)| self.dot(&space, r, *v)).collect(),
            months: space.months(self.page),
            values: space.values(self.page, self.figure),
            words: self.page.tf(
                "project.chart_words",
                &[
                    ("n", &known.len().to_string()),
                    ("goal", &figures::number(self.page, self.figure.word, last.goal())),
                ],
            ),
        }
    }

    fn dot(&self, space: &Space, reading: &Reading, value: i64) -> MarkView {
        let light = standing::light_on(self.page, (self.figure, self.promises), *reading);
        let class = match light.map(|l| l.0) {
            Some(domain::figure::TargetLight::Yellow) => "yellow",
            Some(domain::figure::TargetLight::Red) => "red",
            Some(domain::figure::TargetLight::Green) => "green",
            None => "none",
        };
        let (x, y) = (space.x(reading.day), space.y(value));
        MarkView { x, y, class, text: standing::amount(self.page, self.figure, value) }
    }
}

/// Days and values as places in the picture.
struct Space {
    first: Date,
    end: Date,
    low: i64,
    high: i64,
}

impl Space {
    fn x(&self, day: Date) -> i64 {
        let days = |to: Date| to.duration_since(self.first).as_hours() / 24;
        let all = days(self.end).max(1);
        LEFT + (WIDE - LEFT - EDGE) * days(day).clamp(0, all) / all
    }

    fn y(&self, value: i64) -> i64 {
        let room = i128::from(HIGH - LOW - EDGE);
        let (value, low) = (i128::from(value), i128::from(self.low));
        let all = (i128::from(self.high) - low).max(1);
        let up = i64::try_from(room * (value - low) / all).unwrap_or(0);
        HIGH - LOW - up
    }

    fn point(&self, day: Date, value: i64) -> String {
        format!("{},{}", self.x(day), self.y(value))
    }

    /// Each second month under the picture.
    fn months(&self, page: &Page) -> Vec<MarkView> {
        let mut day = self.first.first_of_month();
        let mut marks = Vec::new();
        while day <= self.end && marks.len() < 24 {
            let text = page.tf("project.month", &[("m", &day.month().to_string())]);
            marks.push(MarkView { x: self.x(day), y: HIGH - EDGE, class: "", text });
            let Ok(next) = day.checked_add(2.months()) else { break };
            day = next;
        }
        marks
    }

    fn values(&self, page: &Page, figure: &Figure) -> Vec<MarkView> {
        let middle = self.low + (self.high - self.low) / 2;
        let mark = |value: i64| MarkView {
            x: LEFT - 6,
            y: self.y(value),
            class: "",
            text: figures::number(page, figure.word, value),
        };
        [self.low, middle, self.high].map(mark).into()
    }
}
