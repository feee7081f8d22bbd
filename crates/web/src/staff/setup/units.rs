//! The organisation tree, opened level by level, and the people of a unit.

use super::{level_name, version};
use crate::{
    app::App,
    error::Oops,
    page::Page,
    routes::{Access, Routes},
    session::LoggedIn,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
    routing::get,
};
use domain::pack::Unit;
use store::Account;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Staff, "/setup/units", get(top)).add(
        Access::Staff,
        "/setup/units/{code}",
        get(one),
    )
}

struct UnitView {
    name: String,
    href: String,
    level: String,
    below: String,
    current: bool,
}

struct SeatView {
    role: String,
    people: String,
}

#[derive(Template)]
#[template(path = "staff/setup_units.html")]
struct UnitsPage<'a> {
    page: &'a Page,
    version: String,
    name: String,
    code: String,
    level: String,
    region: String,
    agency: bool,
    way: Vec<UnitView>,
    below: Vec<UnitView>,
    partners: Vec<UnitView>,
    seats: Vec<SeatView>,
}

async fn top(State(app): State<App>, page: Page, _: LoggedIn) -> Result<Response, Oops> {
    let root = page.pack.units.top().ok_or(Oops::NotFound)?;
    show(&app, &page, root).await
}

async fn one(
    State(app): State<App>,
    page: Page,
    _: LoggedIn,
    Path(code): Path<String>,
) -> Result<Response, Oops> {
    show(&app, &page, page.pack.units.get(&code).ok_or(Oops::NotFound)?).await
}

async fn show(app: &App, page: &Page, unit: &Unit) -> Result<Response, Oops> {
    let units = &page.pack.units;
    let view = |one: &Unit| {
        let n = units.children(&one.code).count();
        UnitView {
            name: page.unit(&one.code).to_owned(),
            href: format!("/setup/units/{}", one.code),
            level: level_name(page, one.level).to_owned(),
            below: if n > 0 { super::counted(page, "setup.below_n", n) } else { String::new() },
            current: one.code == unit.code,
        }
    };
    let mut way: Vec<UnitView> = units.upward(&unit.code).map(view).collect();
    way.reverse();
    let (partners, below): (Vec<&Unit>, Vec<&Unit>) =
        units.children(&unit.code).partition(|u| u.agency);
    let people = app.store().accounts_of(&unit.code).await?;
    page.show(&UnitsPage {
        page,
        version: version(page),
        name: page.either(&unit.name, &unit.en).to_owned(),
        code: unit.code.clone(),
        level: level_name(page, unit.level).to_owned(),
        region: page.pack.regions.full_name(&unit.region),
        agency: unit.agency,
        way,
        below: below.into_iter().map(view).collect(),
        partners: partners.into_iter().map(view).collect(),
        seats: seats(page, unit, &people),
    })
}

/// Every role that may be held in the unit, and by whom it is; an empty seat is worth seeing.
fn seats(page: &Page, unit: &Unit, people: &[Account]) -> Vec<SeatView> {
    let roles = page.pack.roles.values().filter(|r| page.pack.can_hold(&r.code, unit));
    let seat = |role: &domain::pack::Role| {
        let holds = people.iter().filter(|p| p.roles.contains(&role.code));
        SeatView {
            role: page.either(&role.name, &role.en).to_owned(),
            people: holds.map(|p| p.name.as_str()).collect::<Vec<_>>().join(page.t("board.comma")),
        }
    };
    roles.map(seat).collect()
}
