//! Administration of accounts, for two of the three administrators: the system administrator makes
//! and closes them, the security administrator gives roles and takes proofs away. Neither sees a
//! case; what each may do is decided by `domain::people`.

use super::me::{Choice, absent, at_home, role_name};
use crate::{
    app::App,
    error::Oops,
    form::Form,
    page::Page,
    password,
    routes::{Access, Routes},
    session::LoggedIn,
    view,
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{
    case::AccountId,
    pack::{Admin, Level, Unit},
    people::NotSo,
};
use std::collections::BTreeMap;
use store::{Account, AccountChange, NewAccount, Owned, db::WriteError};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/people", get(list).post(find))
        .add(Access::Staff, "/people/new", get(new_page).post(create))
        .add(Access::Staff, "/people/{account}", get(one))
        .add(Access::Staff, "/people/{account}/{what}", post(change))
}

pub(super) struct PersonLine {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) username: String,
    pub(super) unit: String,
    pub(super) roles: String,
}

#[derive(Template)]
#[template(path = "staff/people.html")]
struct PeoplePage<'a> {
    page: &'a Page,
    typed: String,
    makes: bool,
    full: bool,
    people: Vec<PersonLine>,
}

#[derive(Template)]
#[template(path = "staff/people_new.html")]
struct NewPage<'a> {
    page: &'a Page,
    error: String,
    username: String,
    name: String,
    unit: String,
    units: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "staff/people_first.html")]
struct FirstPage<'a> {
    page: &'a Page,
    name: String,
    username: String,
    password: String,
    href: String,
}

struct RoleView {
    code: String,
    name: String,
    held: bool,
    note: &'static str,
}

/// Open cases of one state that must be handed over: how many, never which.
struct OwnedView {
    state: String,
    value: String,
    count: String,
    fit: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "staff/person.html")]
#[expect(clippy::struct_excessive_bools, reason = "a page that shows or hides by who looks")]
struct PersonPage<'a> {
    page: &'a Page,
    done: String,
    error: String,
    path: String,
    name: String,
    username: String,
    unit: String,
    held: String,
    factor: bool,
    system: bool,
    security: bool,
    own: bool,
    roles: Vec<RoleView>,
    owned: Vec<OwnedView>,
    has_home: bool,
    away: bool,
    colleagues: Vec<Choice>,
}

/// The kind of administration that lets somebody onto these pages; others find nothing here.
fn admin(page: &Page, me: &LoggedIn) -> Result<Admin, Oops> {
    let kind = page.pack.administers(&me.account.roles);
    kind.filter(|kind| *kind != Admin::Audit).ok_or(Oops::NotFound)
}

async fn list(State(app): State<App>, page: Page, me: LoggedIn) -> Result<Response, Oops> {
    show_list(&app, &page, admin(&page, &me)?, String::new()).await
}

/// What was typed is somebody's name, so it travels in the body.
async fn find(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    let typed = form.get("q").trim().chars().take(60).collect();
    show_list(&app, &page, admin(&page, &me)?, typed).await
}

async fn show_list(app: &App, page: &Page, kind: Admin, typed: String) -> Result<Response, Oops> {
    let units = page.pack.units.iter();
    let units: Vec<&str> = units
        .filter(|u| {
            !typed.is_empty()
                && (u.short.contains(&typed) || u.short_en.contains(&typed) || u.code == typed)
        })
        .map(|u| u.code.as_str())
        .take(20)
        .collect();
    let found = app.store().find_accounts(&typed, &units).await?;
    let people: Vec<PersonLine> = found.iter().map(|a| line(page, a)).collect();
    page.show(&PeoplePage {
        page,
        typed,
        makes: kind == Admin::System,
        full: people.len() >= store::FOUND_ACCOUNTS,
        people,
    })
}

pub(super) fn line(page: &Page, account: &Account) -> PersonLine {
    let roles: Vec<&str> = account.roles.iter().map(|r| role_name(page, r)).collect();
    PersonLine {
        name: account.name.clone(),
        href: format!("/people/{}", account.id),
        username: account.username.clone(),
        unit: page.unit(&account.unit).to_owned(),
        roles: roles.join(page.t("staff.comma")),
    }
}

async fn new_page(page: Page, me: LoggedIn) -> Result<Response, Oops> {
    if admin(&page, &me)? != Admin::System {
        return Err(Oops::NotFound);
    }
    show_new(&page, &Form::default(), String::new())
}

fn show_new(page: &Page, form: &Form, error: String) -> Result<Response, Oops> {
    // Villages are typed by name or code: thousands of offers would be read by nobody.
    let offered = |u: &&Unit| !u.agency && u.level < Level::Village;
    let units = page.pack.units.iter().filter(offered);
    page.show(&NewPage {
        page,
        error,
        username: form.get("username").to_owned(),
        name: form.get("name").to_owned(),
        unit: form.get("unit").to_owned(),
        units: units
            .map(|u| Choice {
                value: u.code.clone(),
                name: page.either(&u.short, &u.short_en).to_owned(),
            })
            .collect(),
    })
}

async fn create(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    admin(&page, &me)?;
    let refuse = |key: &str| -> Result<Response, Oops> {
        let body = show_new(&page, &form, page.t(key).to_owned())?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response())
    };
    let name: String = form.get("name").trim().chars().take(40).collect();
    let typed = form.get("unit").trim();
    let mut units = page
        .pack
        .units
        .iter()
        .filter(|u| [&u.code, &u.short, &u.short_en].into_iter().any(|name| name == typed));
    let Some(unit) = units.next() else { return refuse("people.no.no_unit") };
    if name.is_empty() {
        return refuse("people.no.no_name");
    }
    let password = password::first();
    let new = NewAccount {
        username: form.get("username").trim().to_owned(),
        password: password::hash_apart(app.hashing(), password.clone()).await?,
        name: name.clone(),
        unit: unit.code.clone(),
        roles: Vec::new(),
    };
    let username = new.username.clone();
    let place = (&page.pack, app.now());
    let doer = me.staff();
    let made = app.store().administer(place, Some(&doer), 0, AccountChange::Create(new)).await;
    match made {
        Ok(id) => first(&page, (name, username, password), id),
        Err(WriteError::Refused(no)) => refuse(&format!("people.no.{}", no.key())),
        Err(WriteError::Db(error)) => Err(error.into()),
    }
}

/// The page that shows a first password, once.
fn first(
    page: &Page,
    (name, username, password): (String, String, String),
    id: AccountId,
) -> Result<Response, Oops> {
    let href = format!("/people/{id}");
    page.show(&FirstPage { page, name, username, password, href })
}

async fn one(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path(account): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Oops> {
    admin(&page, &me)?;
    let done = if query.contains_key("done") { page.t("people.done") } else { "" };
    show_one(&app, &page, &me, (&account, done, String::new())).await
}

async fn show_one(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (account, done, error): (&str, &str, String),
) -> Result<Response, Oops> {
    let (kind, store, pack) = (admin(page, me)?, app.store(), &page.pack);
    let id: AccountId = account.parse().map_err(|_| Oops::NotFound)?;
    let whom = store.active_account(id).await?.ok_or(Oops::NotFound)?;
    let colleagues = store.accounts_of(&whom.unit).await?;
    let owned = store.owned(pack, &whom).await?;
    let unit = pack.units.get(&whom.unit);
    let roles = pack.roles.values().filter(|r| unit.is_some_and(|u| pack.can_hold(&r.code, u)));
    let held: Vec<&str> = whom.roles.iter().map(|r| role_name(page, r)).collect();
    page.show(&PersonPage {
        page,
        done: done.to_owned(),
        error,
        path: format!("/people/{id}"),
        name: whom.name.clone(),
        username: whom.username.clone(),
        unit: page.unit(&whom.unit).to_owned(),
        held: held.join(page.t("staff.comma")),
        factor: store.factor(id).await?.ready,
        system: kind == Admin::System,
        security: kind == Admin::Security,
        own: id == me.account.id,
        roles: roles
            .map(|r| RoleView {
                code: r.code.clone(),
                name: page.either(&r.name, &r.en).to_owned(),
                held: whom.roles.contains(&r.code),
                note: if r.second_factor { "people.with_factor" } else { "" },
            })
            .collect(),
        owned: owned.iter().map(|o| owned_view(page, o, (&whom, &colleagues))).collect(),
        has_home: store.has_home(id).await?,
        away: !store.absences(id, app.now()).await?.is_empty(),
        colleagues: choices(colleagues.iter().filter(|c| c.id != id)),
    })
}

fn choices<'a>(people: impl Iterator<Item = &'a Account>) -> Vec<Choice> {
    people.map(|a| Choice { value: a.id.to_string(), name: a.name.clone() }).collect()
}

fn owned_view(page: &Page, owned: &Owned, (whom, all): (&Account, &[Account])) -> OwnedView {
    let fits = |a: &&Account| a.id != whom.id && a.roles.contains(&owned.role);
    let (flow, state) = &owned.state;
    OwnedView {
        state: view::state_name(page, flow, state),
        value: format!("{flow}:{state}"),
        count: page.tf("traces.amount", &[("n", &owned.cases.len().to_string())]),
        fit: choices(all.iter().filter(fits)),
    }
}

async fn change(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Path((account, what)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Oops> {
    admin(&page, &me)?;
    let id: AccountId = account.parse().map_err(|_| Oops::NotFound)?;
    let (place, doer) = ((&page.pack, app.now()), me.staff());
    let mut told = None;
    let wish = match what.as_str() {
        "roles" => AccountChange::Roles(form.all("role").to_vec()),
        "factor" => AccountChange::ForgetFactor,
        "sessions" => AccountChange::EndSessions,
        "close" => AccountChange::Close,
        "password" => {
            let password = password::first();
            let hash = password::hash_apart(app.hashing(), password.clone()).await?;
            told = Some(password);
            AccountChange::Password(hash)
        }
        "absence" => match absent(&page, &form) {
            Some(change) => change,
            None => return refuse(&app, &page, &me, (&account, &NotSo::BadDays)).await,
        },
        "home" => match at_home(&app, &page, id, &form) {
            Ok(change) => change,
            Err(key) => {
                let words = page.t(key).to_owned();
                let body = show_one(&app, &page, &me, (&account, "", words)).await?;
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response());
            }
        },
        "hand" => return hand(&app, &page, &me, (&account, &form)).await,
        _ => return Err(Oops::NotFound),
    };
    let closes = matches!(wish, AccountChange::Close);
    match app.store().administer(place, Some(&doer), id, wish).await {
        Ok(_) if closes => Ok(Redirect::to("/people").into_response()),
        Ok(_) => {
            let whom = app.store().active_account(id).await?.ok_or(Oops::NotFound)?;
            match told {
                Some(password) => first(&page, (whom.name, whom.username, password), id),
                None => Ok(Redirect::to(&format!("/people/{id}?done=1")).into_response()),
            }
        }
        Err(WriteError::Refused(no)) => refuse(&app, &page, &me, (&account, &no)).await,
        Err(WriteError::Db(error)) => Err(error.into()),
    }
}

/// Gives the open cases of a state to a colleague of the one who leaves.
async fn hand(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (account, form): (&str, &Form),
) -> Result<Response, Oops> {
    let from: AccountId = account.parse().map_err(|_| Oops::NotFound)?;
    let state = form.get("state").split_once(':').map(|(f, s)| (f.to_owned(), s.to_owned()));
    let (Some(state), Ok(to)) = (state, form.get("to").parse::<AccountId>()) else {
        return refuse(app, page, me, (account, &NotSo::Unfit)).await;
    };
    let (place, doer) = ((&page.pack, app.now()), me.staff());
    match app.store().hand_over(place, Some(&doer), (from, to), &state).await {
        Ok(_) => Ok(Redirect::to(&format!("/people/{from}?done=1")).into_response()),
        Err(WriteError::Refused(no)) => refuse(app, page, me, (account, &no)).await,
        Err(WriteError::Db(error)) => Err(error.into()),
    }
}

async fn refuse(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (account, no): (&str, &NotSo),
) -> Result<Response, Oops> {
    let status = match no {
        NotSo::NotYours | NotSo::Oneself => StatusCode::FORBIDDEN,
        NotSo::OwnsCases(_) | NotSo::NobodyLeft(_) | NotSo::LastAdministrator => {
            StatusCode::CONFLICT
        }
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let key = format!("people.no.{}", no.key());
    let words = match no {
        NotSo::OwnsCases(n) => page.tf(&key, &[("n", &n.to_string())]),
        NotSo::NobodyLeft(role) | NotSo::NotHeldThere(role) => {
            page.tf(&key, &[("role", role_name(page, role))])
        }
        _ => page.t(&key).to_owned(),
    };
    let body = show_one(app, page, me, (account, "", words)).await?;
    Ok((status, body).into_response())
}
