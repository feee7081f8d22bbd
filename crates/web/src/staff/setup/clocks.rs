//! Deadlines by risk grade, the days that are not worked, and the hours in which time counts.

use super::version;
use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view::GradeView,
};
use askama::Template;
use axum::{
    extract::{self, Query},
    response::Response,
    routing::get,
};
use domain::{
    clock::{Calendar, Season, Span},
    workflow::{ClockSpec, State, StateKind, Workflow},
};
use jiff::{ToSpan, civil::Date};
use serde::Deserialize;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/setup/clocks", get(show))
}

#[derive(Deserialize)]
struct Asked {
    year: Option<i16>,
}

struct YearView {
    year: i16,
    current: bool,
}

struct HolidayView {
    name: String,
    days: String,
    count: usize,
    makeup: String,
}

struct SeasonView {
    days: String,
    hours: String,
}

struct FlowView {
    name: String,
    clocks: Vec<ClockView>,
}

struct ClockView {
    name: String,
    usual: String,
    by_grade: Vec<String>,
    escalates: bool,
}

#[derive(Template)]
#[template(path = "staff/setup_clocks.html")]
struct ClocksPage<'a> {
    page: &'a Page,
    version: String,
    grades: Vec<GradeView>,
    flows: Vec<FlowView>,
    lights: String,
    climbs: String,
    years: Vec<YearView>,
    year: i16,
    known: bool,
    provisional: bool,
    workdays: usize,
    holidays: Vec<HolidayView>,
    seasons: Vec<SeasonView>,
}

async fn show(
    extract::State(app): extract::State<App>,
    page: Page,
    _: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let pack = &page.pack;
    let year = asked.year.unwrap_or_else(|| pack.date_of(app.now()).year());
    let calendar = pack.work_time.calendar();
    let known = calendar.years().any(|y| y == year);
    let days = if known { days_of(year) } else { Vec::new() };
    let workdays = days.iter().filter(|d| calendar.is_workday(**d) == Ok(true)).count();
    page.show(&ClocksPage {
        page: &page,
        version: version(&page),
        grades: pack.risk.grades.iter().rev().map(|g| GradeView::new(&page, &g.code)).collect(),
        flows: pack.workflows.values().map(|f| clocks_of(&page, f)).collect(),
        lights: page.tf(
            "setup.lights",
            &[
                ("percent", &pack.lights.yellow_percent.to_string()),
                ("days", &pack.lights.yellow_working_days.to_string()),
            ],
        ),
        climbs: page.tf(
            "setup.climbs",
            &[
                ("every", &span(&page, pack.escalation.every)),
                ("steps", &pack.escalation.max_steps.to_string()),
            ],
        ),
        years: calendar.years().map(|y| YearView { year: y, current: y == year }).collect(),
        year,
        known,
        provisional: app.city().provisional_years.contains(&year),
        workdays,
        holidays: holidays(&page, calendar, &days),
        seasons: Vec::<Season>::from(pack.work_time.hours().clone())
            .iter()
            .map(|s| season(&page, s))
            .collect(),
    })
}

fn clocks_of(page: &Page, flow: &Workflow) -> FlowView {
    let grades = &page.pack.risk.grades;
    let clock = |spec: &ClockSpec| ClockView {
        name: page.either(&spec.name, &spec.en).to_owned(),
        usual: span(page, spec.span),
        by_grade: grades
            .iter()
            .rev()
            .map(|g| spec.by_grade.get(&g.code).map_or_else(String::new, |s| span(page, *s)))
            .collect(),
        escalates: spec.escalates,
    };
    let mut specs: Vec<&ClockSpec> = flow.clocks.values().collect();
    specs.sort_by_key(|spec| stage(flow, &spec.code));
    FlowView {
        name: page.either(&flow.name, &flow.en).to_owned(),
        clocks: specs.into_iter().map(clock).collect(),
    }
}

/// Where in the life cycle a clock is the stage clock; clocks beside the stages come last.
fn stage(flow: &Workflow, code: &str) -> usize {
    let runs =
        |s: &State| matches!(&s.kind, StateKind::Open { clock, .. } if clock.as_str() == code);
    flow.states.iter().position(runs).unwrap_or(usize::MAX)
}

/// The lengths of a clock in one line: the usual one, and those of single grades.
pub(super) fn spans(page: &Page, spec: &ClockSpec) -> String {
    let mut said = vec![span(page, spec.span)];
    for grade in page.pack.risk.grades.iter().rev() {
        if let Some(length) = spec.by_grade.get(&grade.code) {
            said.push(format!("{} {}", page.either(&grade.name, &grade.en), span(page, *length)));
        }
    }
    said.join(page.t("setup.and"))
}

/// A length of time in words.
fn span(page: &Page, span: Span) -> String {
    let (key, n) = match span {
        Span::WorkingDays(n) => ("setup.span.working_days", n),
        Span::WorkingMinutes(n) if n % 60 == 0 => ("setup.span.working_hours", n / 60),
        Span::WorkingMinutes(n) => ("setup.span.working_minutes", n),
        Span::CalendarDays { days, roll: true } => ("setup.span.days", days),
        Span::CalendarDays { days, roll: false } => ("setup.span.days_strict", days),
        Span::CalendarMinutes(n) if n % 60 == 0 => ("setup.span.hours", n / 60),
        Span::CalendarMinutes(n) => ("setup.span.minutes", n),
    };
    page.tf(key, &[("n", &n.to_string())])
}

fn days_of(year: i16) -> Vec<Date> {
    let Ok(first) = Date::new(year, 1, 1) else { return Vec::new() };
    first.series(1.day()).take_while(|d| d.year() == year).collect()
}

/// Named holidays in the order of the year, with the days that make up for them.
fn holidays(page: &Page, calendar: &Calendar, days: &[Date]) -> Vec<HolidayView> {
    let mut found: Vec<(&str, Vec<Date>, Vec<Date>)> = Vec::new();
    for date in days {
        let off = calendar.holiday_name(*date).ok().flatten();
        let work = calendar.makeup_for(*date).ok().flatten();
        let Some(name) = off.or(work) else { continue };
        let place = found.iter().position(|(n, ..)| *n == name).unwrap_or_else(|| {
            found.push((name, Vec::new(), Vec::new()));
            found.len() - 1
        });
        if let Some((_, rest, makeup)) = found.get_mut(place) {
            if off.is_some() { rest.push(*date) } else { makeup.push(*date) }
        }
    }
    let comma = page.t("board.comma");
    let view = |(name, rest, makeup): (&str, Vec<Date>, Vec<Date>)| HolidayView {
        name: page.either(name, page.pack.holidays.get(name).map_or("", String::as_str)).to_owned(),
        count: rest.len(),
        days: stretches(&rest).iter().map(|s| stretch(page, *s)).collect::<Vec<_>>().join(comma),
        makeup: makeup.iter().map(|d| month_day(page, *d)).collect::<Vec<_>>().join(comma),
    };
    found.into_iter().map(view).collect()
}

/// First and last day of every run of days without a gap.
fn stretches(days: &[Date]) -> Vec<(Date, Date)> {
    let mut runs: Vec<(Date, Date)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last)) if last.tomorrow().ok() == Some(*day) => *last = *day,
            _ => runs.push((*day, *day)),
        }
    }
    runs
}

fn stretch(page: &Page, (first, last): (Date, Date)) -> String {
    if first == last {
        return month_day(page, first);
    }
    page.tf("setup.stretch", &[("a", &month_day(page, first)), ("b", &month_day(page, last))])
}

fn month_day(page: &Page, date: Date) -> String {
    page.tf("setup.month_day", &[("m", &date.month().to_string()), ("d", &date.day().to_string())])
}

fn season(page: &Page, season: &Season) -> SeasonView {
    let (from, to) = (season.from.to_string(), season.to.to_string());
    let hours: Vec<String> = season.sessions.iter().map(ToString::to_string).collect();
    SeasonView {
        days: page.tf("setup.stretch", &[("a", &from), ("b", &to)]),
        hours: hours.join(page.t("board.comma")),
    }
}

#[cfg(test)]
mod tests {
    use super::{days_of, stretches};
    use jiff::civil::date;

    #[test]
    fn a_gap_begins_a_new_run() {
        let days = [
            date(2026, 1, 1),
            date(2026, 1, 2),
            date(2026, 1, 3),
            date(2026, 4, 4),
            date(2026, 4, 6),
        ];
        let expected = [
            (date(2026, 1, 1), date(2026, 1, 3)),
            (date(2026, 4, 4), date(2026, 4, 4)),
            (date(2026, 4, 6), date(2026, 4, 6)),
        ];
        assert_eq!(stretches(&days), expected);
        assert_eq!((days_of(2024).len(), days_of(2026).len()), (366, 365));
    }
}
