//! Who has reported for a period and who has not: every unit that owes the form, and where its report
//! stands. A gap is a line of its own, never a zero.

use super::{period_name, recent_periods};
use crate::{
    app::App, error::Oops, page::Page, session::LoggedIn, staff::opening, view, view::OptionView,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use domain::{
    access,
    field::FieldKind,
    figure::Period,
    pack::{Form, Unit},
    workflow::{StateKind, Workflow},
};
use serde::Deserialize;
use store::OnlyCase;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    form: String,
    #[serde(default)]
    period: String,
}

struct UnitView {
    name: String,
    level: usize,
    state: String,
    class: &'static str,
    href: String,
    numbers: String,
}

#[derive(Template)]
#[template(path = "staff/reports.html")]
struct ReportsPage<'a> {
    page: &'a Page,
    forms: Vec<OptionView>,
    periods: Vec<OptionView>,
    note: String,
    sum: String,
    units: Vec<UnitView>,
    mine: String,
    begin: String,
}

/// The workflow whose cases are reports: one for each unit, form and period.
fn workflow(page: &Page) -> Option<&Workflow> {
    page.pack.workflows.values().find(|flow| {
        let is_form =
            |code: &String| flow.fields.get(code).map(|f| &f.kind) == Some(&FieldKind::Form);
        flow.opening.only.iter().any(is_form)
    })
}

pub(super) async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let pack = page.pack.clone();
    let flow = workflow(&page).ok_or(Oops::NotFound)?;
    let first = pack.forms.values().next().ok_or(Oops::NotFound)?;
    let form = pack.forms.get(&asked.form).unwrap_or(first);
    let periods: Vec<Period> =
        recent_periods(&page).into_iter().filter(|p| form.every.takes(*p)).collect();
    let period = Period::parse(&asked.period).filter(|p| form.every.takes(*p));
    let period = period.or_else(|| periods.first().copied()).ok_or(Oops::NotFound)?;
    let root = access::list_root(&pack, &me.staff()).unwrap_or_else(|| me.account.unit.clone());
    let units = owing(&page, form, &root);
    let codes: Vec<&str> = units.iter().map(|u| u.code.as_str()).collect();
    let values: Vec<String> = flow
        .opening
        .only
        .iter()
        .map(|code| {
            let is_form = flow.fields.get(code).map(|f| &f.kind) == Some(&FieldKind::Form);
            if is_form { form.code.clone() } else { period.code() }
        })
        .collect();
    let viewer = me.viewer();
    let found = app.store().only_cases((&pack, &viewer), &flow.code, &codes, &values).await?;
    let own = units.iter().zip(&found).find(|(u, _)| u.code == me.account.unit);
    let mine = own.and_then(|(_, case)| case.as_ref()?.number.clone());
    let may_begin = own.is_some_and(|(_, case)| case.is_none())
        && flow.opening.by.iter().any(|who| me.account.roles.contains(&who.role));
    let option = |code: &str, label: &str, on: bool| OptionView::new(code, label, on);
    let chosen = |f: &&Form| f.code == form.code;
    page.show(&ReportsPage {
        forms: pack
            .forms
            .values()
            .map(|f| option(&f.code, page.either(&f.name, &f.en), chosen(&f)))
            .collect(),
        periods: periods
            .iter()
            .map(|p| option(&p.code(), &period_name(&page, *p), *p == period))
            .collect(),
        note: page.either(&form.note, &form.note_en).to_owned(),
        sum: sum(&page, flow, &found),
        units: units
            .iter()
            .zip(&found)
            .map(|(u, case)| line(&page, flow, u, case.as_ref()))
            .collect(),
        mine: mine.map_or(String::new(), |number| format!("/cases/{number}")),
        begin: if may_begin { opening::href(flow, &values) } else { String::new() },
        page: &page,
    })
}

/// The units of one's own area that owe the form, each after the one above it.
fn owing<'a>(page: &'a Page, form: &Form, root: &str) -> Vec<&'a Unit> {
    let units = &page.pack.units;
    let owes = |u: &&Unit| u.kind == form.kind && form.levels.contains(&u.level);
    let mut all: Vec<&Unit> =
        units.iter().filter(owes).filter(|u| units.covers(root, &u.code)).collect();
    all.sort_by(|a, b| a.region.cmp(&b.region));
    all
}

fn line(page: &Page, flow: &Workflow, unit: &Unit, case: Option<&OnlyCase>) -> UnitView {
    let ends = case.and_then(|c| flow.state(&c.state)).is_some_and(|s| !s.is_open());
    let href = case.and_then(|c| c.number.as_ref()).map(|n| format!("/cases/{n}"));
    let href = href.unwrap_or_default();
    UnitView {
        name: page.unit(&unit.code).to_owned(),
        level: page.pack.units.upward(&unit.code).count(),
        state: case.map_or_else(
            || page.t("reports.none").to_owned(),
            |c| view::state_name(page, &flow.code, &c.state),
        ),
        class: match case {
            None => "state-wait",
            Some(_) if ends => "state-end",
            Some(_) => "",
        },
        numbers: if href.is_empty() { String::new() } else { format!("{href}/figures") },
        href,
    }
}

fn sum(page: &Page, flow: &Workflow, found: &[Option<OnlyCase>]) -> String {
    let ended = |c: &OnlyCase| {
        flow.state(&c.state).is_some_and(|s| matches!(s.kind, StateKind::Closed | StateKind::End))
    };
    let begun = found.iter().flatten();
    let done = begun.clone().filter(|c| ended(c)).count();
    let n = |n: usize| n.to_string();
    let (all, open) = (n(found.len()), n(begun.clone().count() - done));
    let none = n(found.len() - begun.count());
    page.tf("reports.sum", &[("all", &all), ("done", &n(done)), ("open", &open), ("none", &none)])
}
