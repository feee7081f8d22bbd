//! Trying the routing rules without moving anything: for an imagined case, and over the newest
//! real ones. It asks the very function that dispatches, so it cannot differ from it.

use super::setup::channel_name;
use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
    view::{self, GradeView},
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
    routing::get,
};
use domain::{
    pack::{Level, Matter, Pack, Route},
    workflow::{AssignTo, Effect, Workflow},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::PastCase;

/// Past cases that are tried.
const CASES: usize = 500;
/// Differences that are listed.
const LISTED: usize = 50;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/setup/routing/dry-run", get(show))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    category: String,
    place: String,
    grade: String,
    channel: String,
}

impl Asked {
    fn is_empty(&self) -> bool {
        [&self.category, &self.place, &self.grade, &self.channel].iter().all(|v| v.is_empty())
    }
}

struct OptionView {
    value: String,
    label: String,
    chosen: bool,
}

struct GroupView {
    label: String,
    options: Vec<OptionView>,
}

struct AnswerView {
    unit: String,
    href: String,
    co: Vec<String>,
    rule: String,
    why: String,
    level: String,
}

struct TallyView {
    rule: String,
    code: String,
    cases: usize,
    width: usize,
}

struct DifferenceView {
    number: String,
    href: String,
    category: String,
    place: String,
    grade: GradeView,
    really: String,
    now: String,
    rule: String,
}

#[derive(Template)]
#[template(path = "staff/dry_run.html")]
struct DryRunPage<'a> {
    page: &'a Page,
    categories: Vec<GroupView>,
    places: Vec<GroupView>,
    grades: Vec<OptionView>,
    channels: Vec<OptionView>,
    asked: bool,
    answer: Option<AnswerView>,
    tried: String,
    tally: Vec<TallyView>,
    differences: Vec<DifferenceView>,
    differing: String,
}

async fn show(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let pack = &page.pack;
    let matter = Matter {
        category: &asked.category,
        grade: &asked.grade,
        channel: &asked.channel,
        place: &asked.place,
    };
    let route = (!asked.is_empty()).then(|| pack.routing.route(pack, matter)).flatten();
    let past = app.store().past_cases(pack, &me.viewer(), CASES).await?;
    let tried: Vec<Tried> = past.iter().filter_map(|case| try_case(pack, case)).collect();
    let differ: Vec<&Tried> = tried.iter().filter(|t| t.differs()).collect();
    let counted = |key: &str, n: usize| page.tf(key, &[("n", &n.to_string())]);
    page.show(&DryRunPage {
        page: &page,
        categories: categories(&page, &asked.category),
        places: places(&page, &asked.place),
        grades: grades(&page, &asked.grade),
        channels: channels(&page, &asked.channel),
        asked: !asked.is_empty(),
        answer: route.as_ref().map(|r| answer(&page, r)),
        tried: counted("dry.tried", tried.len()),
        tally: tally(&page, &tried),
        differing: counted("dry.differing", differ.len()),
        differences: differ.iter().take(LISTED).map(|t| difference(&page, t)).collect(),
    })
}

/// A past case and what the rules say of it today.
struct Tried<'a> {
    case: &'a PastCase,
    really: Option<&'a str>,
    route: Route,
}

impl Tried<'_> {
    /// Only a case that was dispatched has a unit to differ from.
    fn differs(&self) -> bool {
        self.really.is_some_and(|unit| unit != self.route.unit)
    }
}

/// None for a workflow that does not ask the rules.
fn try_case<'a>(pack: &Pack, case: &'a PastCase) -> Option<Tried<'a>> {
    let flow = pack.workflow(&case.workflow).filter(|f| asks_rules(f))?;
    let matter = Matter {
        category: &case.category,
        grade: &case.grade,
        channel: &case.channel,
        place: &case.place,
    };
    let route = pack.routing.route(pack, matter)?;
    Some(Tried { really: dispatched_to(pack, flow, case), case, route })
}

fn asks_rules(flow: &Workflow) -> bool {
    let routed = |e: &Effect| matches!(e, Effect::Assign(AssignTo::Routed));
    flow.opening.unit == AssignTo::Routed
        || flow.actions.iter().flat_map(|a| &a.effects).any(routed)
}

/// The unit that handles the case, or that it was sent to; none while the desk that takes cases in
/// still holds it.
fn dispatched_to<'a>(pack: &Pack, flow: &Workflow, case: &'a PastCase) -> Option<&'a str> {
    if let Some(unit) = &case.handling {
        return Some(unit);
    }
    let kind = pack.units.get(&case.unit).map(|u| &u.kind);
    let at_desk = matches!(&flow.opening.unit, AssignTo::Desk(desk) if Some(desk) == kind);
    (!at_desk).then_some(case.unit.as_str())
}

fn answer(page: &Page, route: &Route) -> AnswerView {
    let rule = page.pack.routing.rules.iter().find(|r| r.code == route.rule);
    let unit = page.pack.units.get(&route.unit);
    AnswerView {
        unit: page.unit(&route.unit).to_owned(),
        href: format!("/setup/units/{}", route.unit),
        co: route.co.iter().map(|c| page.unit(c).to_owned()).collect(),
        rule: rule.map_or_else(|| route.rule.clone(), |r| page.either(&r.name, &r.en).to_owned()),
        level: unit.map_or("", |u| page.either(&u.name, &u.en)).to_owned(),
        why: page.either(&route.why, &route.why_en).to_owned(),
    }
}

fn tally(page: &Page, tried: &[Tried]) -> Vec<TallyView> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in tried {
        *counts.entry(&one.route.rule).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(1);
    // In the order of the rules, because the first that fits decides.
    let rules = page.pack.routing.rules.iter();
    rules
        .filter_map(|rule| {
            let cases = *counts.get(rule.code.as_str())?;
            Some(TallyView {
                rule: page.either(&rule.name, &rule.en).to_owned(),
                code: rule.code.clone(),
                cases,
                width: ((cases * 100 / most + 2) / 5 * 5).clamp(5, 100),
            })
        })
        .collect()
}

fn difference(page: &Page, tried: &Tried) -> DifferenceView {
    let pack = &page.pack;
    let rule = pack.routing.rules.iter().find(|r| r.code == tried.route.rule);
    DifferenceView {
        number: tried.case.number.clone(),
        href: format!("/cases/{}", tried.case.number),
        category: view::category_name(page, &tried.case.category),
        place: pack.regions.full_name(&tried.case.place),
        grade: GradeView::new(page, &tried.case.grade),
        really: page.unit(tried.really.unwrap_or_default()).to_owned(),
        now: page.unit(&tried.route.unit).to_owned(),
        rule: rule.map_or("", |r| page.either(&r.name, &r.en)).to_owned(),
    }
}

fn option(value: &str, label: String, chosen: &str) -> OptionView {
    OptionView { value: value.to_owned(), label, chosen: value == chosen }
}

fn categories(page: &Page, chosen: &str) -> Vec<GroupView> {
    let all = &page.pack.categories;
    let name = |c: &domain::pack::Category| page.either(&c.name, &c.en).to_owned();
    let groups = all.values().filter(|c| c.code.len() == 2);
    groups
        .map(|group| GroupView {
            label: name(group),
            options: all
                .values()
                .filter(|c| c.code.starts_with(&group.code))
                .map(|c| option(&c.code, format!("{} {}", c.code, name(c)), chosen))
                .collect(),
        })
        .collect()
}

/// Places down to the towns, by county; villages are sent to the same units as their town.
fn places(page: &Page, chosen: &str) -> Vec<GroupView> {
    let regions = &page.pack.regions;
    let counties = regions.iter().filter(|r| r.level == Level::County);
    counties
        .map(|county| GroupView {
            label: county.name.clone(),
            options: std::iter::once(county)
                .chain(regions.children(&county.code))
                .map(|r| option(&r.code, r.name.clone(), chosen))
                .collect(),
        })
        .collect()
}

fn grades(page: &Page, chosen: &str) -> Vec<OptionView> {
    let grades = page.pack.risk.grades.iter().rev();
    grades.map(|g| option(&g.code, page.either(&g.name, &g.en).to_owned(), chosen)).collect()
}

fn channels(page: &Page, chosen: &str) -> Vec<OptionView> {
    let channels = page.pack.channels.keys();
    channels.map(|c| option(c, channel_name(page, c), chosen)).collect()
}
