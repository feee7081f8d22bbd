//! The practical projects of a unit in a year: where each stands, and the way to its records.

use super::{
    records_href,
    standing::{self, Reader, Standing},
};
use crate::{app::App, error::Oops, page::Page, session::LoggedIn, staff::opening, view};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use domain::{access::Viewer, figure::AnyAmount, pack::Unit, workflow::Workflow};
use jiff::civil::Date;
use serde::Deserialize;
use store::{FigureAsk, Project, Reading, may_count};

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    year: String,
    #[serde(default)]
    unit: String,
}

impl Asked {
    /// The unit that was asked for.
    pub(crate) fn unit(&self) -> &str {
        &self.unit
    }

    /// The year that was asked for.
    pub(crate) fn year(&self) -> &str {
        &self.year
    }
}

/// A link to another year or unit.
pub(crate) struct LinkView {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) current: bool,
}

struct LineView {
    name: String,
    href: String,
    for_whom: String,
    lead: String,
    state: String,
    standing: Option<Standing>,
    records: String,
}

#[derive(Template)]
#[template(path = "staff/projects.html")]
struct ProjectsPage<'a> {
    page: &'a Page,
    unit: String,
    year: String,
    years: Vec<LinkView>,
    units: Vec<LinkView>,
    lines: Vec<LineView>,
    sum: String,
    begin: String,
}

/// The workflow whose cases promise something of a figure.
pub(crate) fn workflow(page: &Page) -> Option<&Workflow> {
    page.pack.workflows.values().find(|flow| flow.promises())
}

/// The top of the city.
pub(crate) fn top(page: &Page) -> Option<&Unit> {
    page.pack.units.top()
}

/// A unit that may promise something: one of the federation.
pub(crate) fn promising<'a>(page: &'a Page, code: &str) -> Option<&'a Unit> {
    let kind = &top(page)?.kind;
    page.pack.units.get(code).filter(|unit| unit.kind == *kind)
}

/// The year that was asked for, or this one.
pub(crate) fn year_of(asked: &str, today: Date) -> i16 {
    asked.parse().ok().filter(|y| (2000..=today.year() + 1).contains(y)).unwrap_or(today.year())
}

/// Ways to the years around.
pub(crate) fn years(page: &Page, base: &str, year: i16) -> Vec<LinkView> {
    let today = page.today().year();
    let link = |y: i16| LinkView {
        name: page.tf("figures.year", &[("y", &y.to_string())]),
        href: format!("{base}year={y}"),
        current: y == year,
    };
    (today - 2..=today).rev().map(link).collect()
}

/// What each project's figure says so far, as far as the viewer may know; none where it has no target
/// yet.
pub(crate) async fn readings(
    app: &App,
    (page, viewer): (&Page, &Viewer),
    (unit, year): (&str, i16),
    projects: &[Project],
) -> Result<Vec<Option<Reading>>, Oops> {
    let today = page.today();
    let figures: Vec<_> = projects.iter().map(|p| standing::figure_of(page, p)).collect();
    let asks: Vec<FigureAsk<'_>> = figures
        .iter()
        .flatten()
        .map(|f| FigureAsk { figure: f, unit, period: standing::period_of(f, year, today) })
        .collect();
    let mut values = app.store().figures_for(viewer, &asks, today).await?.into_iter();
    let day = standing::last_day(year, today);
    let read =
        |value: store::FigureValue| Reading { day, value: value.amount.map(AnyAmount::count) };
    Ok(figures.iter().map(|f| f.and_then(|_| values.next()).map(read)).collect())
}

/// The name of a project: that of its programme.
pub(crate) fn name(page: &Page, project: &Project) -> String {
    let programme = page.pack.programmes.get(&project.programme);
    programme.map_or_else(|| project.programme.clone(), |p| page.either(&p.name, &p.en).to_owned())
}

pub(super) async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let flow = workflow(&page).ok_or(Oops::NotFound)?;
    let top = top(&page).ok_or(Oops::NotFound)?;
    let unit = promising(&page, &asked.unit).unwrap_or(top);
    let year = year_of(&asked.year, page.today());
    let viewer = me.viewer();
    let found = app.store().projects((&page.pack, &viewer), flow, (&unit.code, year)).await?;
    let read = readings(&app, (&page, &viewer), (&unit.code, year), &found).await?;
    let one = Lines { page: &page, viewer: &viewer, flow, at: (&unit.code, year) };
    let lines: Vec<LineView> = found.iter().zip(read).map(|(p, r)| one.line(p, r)).collect();
    let own = unit.code == me.account.unit;
    let may_begin = flow.opening.by.iter().any(|who| me.account.roles.contains(&who.role));
    let base = format!("/projects?unit={}&", unit.code);
    let units = std::iter::once(top).chain(page.pack.units.children(&top.code));
    page.show(&ProjectsPage {
        unit: page.unit(&unit.code).to_owned(),
        year: page.tf("figures.year", &[("y", &year.to_string())]),
        years: years(&page, &base, year),
        units: units
            .filter(|u| u.kind == top.kind)
            .map(|u| LinkView {
                name: page.unit(&u.code).to_owned(),
                href: format!("/projects?unit={}&year={year}", u.code),
                current: u.code == unit.code,
            })
            .collect(),
        sum: sum(&page, &lines),
        lines,
        begin: if own && may_begin { opening_href(flow) } else { String::new() },
        page: &page,
    })
}

fn opening_href(flow: &Workflow) -> String {
    opening::href(flow, &[])
}

struct Lines<'a> {
    page: &'a Page,
    viewer: &'a Viewer,
    flow: &'a Workflow,
    at: (&'a str, i16),
}

impl Lines<'_> {
    fn line(&self, project: &Project, reading: Option<Reading>) -> LineView {
        let (page, (unit, year)) = (self.page, self.at);
        let figure = standing::figure_of(page, project);
        let promises = &project.case.promises;
        let told = figure.zip(reading);
        let coded = |code: &str| project.case.coded.get(code).map_or("", |v| v.one());
        let records = figure.filter(|_| may_count(&page.pack, self.viewer, unit)).map(|figure| {
            records_href(figure, unit, standing::period_of(figure, year, page.today()))
        });
        LineView {
            name: name(page, project),
            href: project.number.as_ref().map_or(String::new(), |n| format!("/cases/{n}")),
            for_whom: for_whom(page, self.flow, coded("for_whom")),
            lead: project.case.lead().map_or(super::NONE, |lead| page.unit(lead)).to_owned(),
            state: view::state_name(page, &self.flow.code, &project.case.state),
            standing: told.map(|(figure, reading)| {
                standing::standing(page, (figure, promises), reading, Reader::Staff)
            }),
            records: records.unwrap_or_default(),
        }
    }
}

/// For whom a project is, in words.
pub(crate) fn for_whom(page: &Page, flow: &Workflow, value: &str) -> String {
    let field = flow.fields.get("for_whom");
    let options = field.into_iter().flat_map(|f| match &f.kind {
        domain::field::FieldKind::Choice(options) => options.as_slice(),
        _ => &[],
    });
    let found = options.into_iter().find(|o| o.value == value);
    found.map_or(String::new(), |o| page.either(&o.label, &o.en).to_owned())
}

fn sum(page: &Page, lines: &[LineView]) -> String {
    let lights = || lines.iter().filter_map(|l| l.standing.as_ref()?.light.as_ref());
    let count = |class: &str| lights().filter(|l| l.class == class).count().to_string();
    let (green, yellow, red) = (count(""), count("light-yellow"), count("light-red"));
    let none = (lines.len() - lights().count()).to_string();
    let all = lines.len().to_string();
    let told =
        [("all", &all), ("green", &green), ("yellow", &yellow), ("red", &red), ("none", &none)];
    page.tf("project.sum", &told.map(|(k, v)| (k, v.as_str())))
}
