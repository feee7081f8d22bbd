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
    pack::{Form, Unit, report_flow},
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
    /// The unit whose own report and those right below are listed.
    #[serde(default)]
    unit: String,
}

struct UnitView {
    name: String,
    state: String,
    class: &'static str,
    href: String,
    numbers: String,
    /// How many units below it owe the form and have not begun.
    below: String,
    open: String,
}

#[derive(Template)]
#[template(path = "staff/reports.html")]
struct ReportsPage<'a> {
    page: &'a Page,
    forms: Vec<OptionView>,
    periods: Vec<OptionView>,
    note: String,
    sum: String,
    crumbs: Vec<(String, String)>,
    units: Vec<UnitView>,
    mine: String,
    begin: String,
}

pub(super) async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Oops> {
    let pack = page.pack.clone();
    let flow = report_flow(&pack).ok_or(Oops::NotFound)?;
    let first = pack.forms.values().next().ok_or(Oops::NotFound)?;
    let form = pack.forms.get(&asked.form).unwrap_or(first);
    let periods: Vec<Period> =
        recent_periods(&page).into_iter().filter(|p| form.every.takes(*p)).collect();
    let period = Period::parse(&asked.period).filter(|p| form.every.takes(*p));
    let period = period.or_else(|| periods.first().copied()).ok_or(Oops::NotFound)?;
    let root = access::list_root(&pack, &me.staff()).unwrap_or_else(|| me.account.unit.clone());
    // A unit that is not theirs is answered like one that does not exist: with their own.
    let within = pack.units.get(&asked.unit).filter(|u| pack.units.covers(&root, &u.code));
    let top = within.map_or(root.as_str(), |u| u.code.as_str());
    let units = owing(&page, form, top);
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
    let link =
        |unit: &str| format!("/reports?form={}&period={}&unit={unit}", form.code, period.code());
    let level = level(&page, &units, top);
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
        crumbs: crumbs(&page, &root, top, &link),
        units: level.iter().map(|n| line(&page, flow, (&units, &found), *n, &link)).collect(),
        mine: mine.map_or(String::new(), |number| format!("/cases/{number}")),
        begin: if may_begin { opening::href(flow, &values) } else { String::new() },
        page: &page,
    })
}

/// The units of one's own area that owe the form, each after the one above it.
fn owing<'a>(page: &'a Page, form: &Form, root: &str) -> Vec<&'a Unit> {
    let units = &page.pack.units;
    let mut all: Vec<&Unit> =
        units.iter().filter(|u| form.is_owed_by(u) && units.covers(root, &u.code)).collect();
    all.sort_by(|a, b| a.region.cmp(&b.region));
    all
}

/// The places of the top unit and of those next below it among the units that owe the form.
fn level(page: &Page, units: &[&Unit], top: &str) -> Vec<usize> {
    let all = &page.pack.units;
    let owes_between = |lower: &Unit| {
        let mut above = all.upward(&lower.code).skip(1).take_while(|u| u.code != top);
        above.any(|u| units.iter().any(|owing| owing.code == u.code))
    };
    let next = |u: &&Unit| u.code == top || !owes_between(u);
    units.iter().enumerate().filter(|(_, u)| next(u)).map(|(n, _)| n).collect()
}

fn crumbs(
    page: &Page,
    root: &str,
    top: &str,
    link: &impl Fn(&str) -> String,
) -> Vec<(String, String)> {
    let all = &page.pack.units;
    let mut way: Vec<(String, String)> = all
        .upward(top)
        .take_while(|u| all.covers(root, &u.code))
        .map(|u| (page.unit(&u.code).to_owned(), link(&u.code)))
        .collect();
    way.reverse();
    way
}

fn line(
    page: &Page,
    flow: &Workflow,
    (units, found): (&[&Unit], &[Option<OnlyCase>]),
    n: usize,
    link: &impl Fn(&str) -> String,
) -> UnitView {
    let (unit, case) = (units[n], found[n].as_ref());
    let ends = case.and_then(|c| flow.state(&c.state)).is_some_and(|s| !s.is_open());
    let href = case.and_then(|c| c.number.as_ref()).map(|n| format!("/cases/{n}"));
    let href = href.unwrap_or_default();
    let covers = |u: &Unit| u.code != unit.code && page.pack.units.covers(&unit.code, &u.code);
    let below = units.iter().zip(found).filter(|(u, _)| covers(u));
    let all = below.clone().count();
    let none = below.filter(|(_, case)| case.is_none()).count();
    let counts = [("all", all.to_string()), ("none", none.to_string())];
    let counts = counts.each_ref().map(|(k, v)| (*k, v.as_str()));
    UnitView {
        name: page.unit(&unit.code).to_owned(),
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
        below: if all == 0 { String::new() } else { page.tf("reports.below", &counts) },
        open: if all == 0 { String::new() } else { link(&unit.code) },
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
