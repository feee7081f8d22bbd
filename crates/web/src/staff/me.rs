//! One's own account: password, second factor, devices, absence, and locking the page at once.

use super::{
    proof::{CodesPage, change_password},
    provider,
};
use crate::{
    app::App,
    coming_in::{self, Guess, LONGEST},
    edge::Visitor,
    error::Oops,
    form::Form,
    page::Page,
    password,
    routes::{Access, Routes},
    session::LoggedIn,
    traces, view,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{audit::Deed, case::AccountId, pack::Level};
use jiff::{Timestamp, civil::Date};
use std::collections::BTreeMap;
use store::{AccountChange, Device, Home, Passkey, Stage, db::WriteError};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Staff, "/me", get(page))
        .add(Access::Staff, "/me/password", post(own_password))
        .add(Access::Staff, "/me/codes", post(new_codes))
        .add(Access::Staff, "/me/devices", post(end_devices))
        .add(Access::Staff, "/me/absence", post(absence))
        .add(Access::Staff, "/me/home", post(home))
        .add(Access::Staff, "/me/lock", post(lock))
}

struct DeviceView {
    name: String,
    since: String,
    seen: String,
    own: bool,
    handle: String,
}

struct PasskeysView {
    /// They can be made here.
    here: bool,
    all: Vec<PasskeyView>,
}

struct PasskeyView {
    name: String,
    since: String,
    used: String,
    handle: String,
}

/// The city's identity provider, as it concerns this account.
struct ProviderView {
    name: String,
    bound: bool,
}

/// Somebody who may be chosen.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
}

#[derive(Template)]
#[template(path = "staff/me.html")]
struct MePage<'a> {
    page: &'a Page,
    name: String,
    username: String,
    unit: String,
    roles: String,
    done: String,
    error: String,
    factor: bool,
    factor_needed: bool,
    /// An authenticator program is set up.
    program: bool,
    passkeys: PasskeysView,
    provider: Option<ProviderView>,
    recovery: String,
    devices: Vec<DeviceView>,
    away: Vec<String>,
    colleagues: Vec<Choice>,
    home: Home,
}

async fn page(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Oops> {
    let done = match query.get("done").map(String::as_str) {
        Some("password") => "me.done.password",
        Some("devices") => "me.done.devices",
        Some("absence") => "me.done.absence",
        Some("home") => "me.done.home",
        Some("bound") => "me.done.bound",
        Some("unbound") => "me.done.unbound",
        Some("passkey") => "me.done.passkey",
        Some("no_passkey") => "me.done.no_passkey",
        _ => "",
    };
    show(&app, &page, &me, (done, String::new())).await
}

pub(super) async fn show(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    (done, error): (&str, String),
) -> Result<Response, Oops> {
    let (store, now, pack) = (app.store(), app.now(), &page.pack);
    let own = store.account_by_id(me.account.id).await?.ok_or(Oops::LogIn)?;
    let factor = store.factor(own.id).await?;
    let colleagues = store.accounts_of(&own.unit).await?;
    let mut away = Vec::new();
    for absence in store.absences(own.id, now).await? {
        let name = store.account_by_id(absence.deputy).await?.map_or(String::new(), |a| a.name);
        let (since, until) = (view::day(page, absence.since), last_day(page, absence.until));
        let words = [("name", name.as_str()), ("since", &since), ("until", &until)];
        away.push(page.tf("me.away", &words));
    }
    let mut home = store.home(own.id).await?.unwrap_or_default();
    home.village = village_name(page, &home.village);
    let devices = store.devices(own.id, &me.token, now).await?;
    let passkeys = store.passkeys(own.id).await?;
    let provider = match app.provider().zip(provider::name(app, page)) {
        Some((provider, name)) => {
            let bound = store.is_bound(own.id, &provider.config().issuer).await?;
            Some(ProviderView { name, bound })
        }
        None => None,
    };
    let roles: Vec<&str> = own.roles.iter().map(|r| role_name(page, r)).collect();
    page.show(&MePage {
        page,
        name: own.name.clone(),
        username: own.username.clone(),
        unit: page.unit(&own.unit).to_owned(),
        roles: roles.join(page.t("staff.comma")),
        done: if done.is_empty() { String::new() } else { page.t(done).to_owned() },
        error,
        factor: factor.any(),
        program: factor.ready,
        passkeys: PasskeysView {
            here: app.passkeys().is_some(),
            all: passkeys.into_iter().map(|p| passkey(page, p)).collect(),
        },
        provider,
        factor_needed: pack.needs_second_factor(&own.roles),
        recovery: page.tf("me.recovery", &[("n", &factor.recovery.to_string())]),
        devices: devices.into_iter().map(|d| device(page, d)).collect(),
        away,
        colleagues: colleagues
            .into_iter()
            .filter(|c| c.id != own.id && pack.administers(&c.roles).is_none())
            .map(|c| Choice { value: c.id.to_string(), name: c.name })
            .collect(),
        home,
    })
}

/// The last day of an absence that ends with it.
fn last_day(page: &Page, until: Timestamp) -> String {
    view::day(page, Timestamp::from_second(until.as_second() - 1).unwrap_or(until))
}

pub(super) fn role_name<'a>(page: &'a Page, code: &'a str) -> &'a str {
    page.pack.roles.get(code).map_or(code, |r| page.either(&r.name, &r.en))
}

fn device(page: &Page, device: Device) -> DeviceView {
    let unknown = if device.program { "me.program" } else { "me.unknown" };
    DeviceView {
        name: if device.device.is_empty() { page.t(unknown).to_owned() } else { device.device },
        since: view::clock_time(page, device.since),
        seen: view::clock_time(page, device.seen),
        own: device.own,
        handle: device.handle,
    }
}

fn passkey(page: &Page, passkey: Passkey) -> PasskeyView {
    let never = || page.t("me.never").to_owned();
    PasskeyView {
        since: view::clock_time(page, passkey.since),
        used: passkey.used.map_or_else(never, |at| view::clock_time(page, at)),
        name: passkey.name,
        handle: passkey.handle,
    }
}

pub(super) fn done(what: &str) -> Response {
    Redirect::to(&format!("/me?done={what}")).into_response()
}

pub(super) async fn refused(
    app: &App,
    page: &Page,
    me: &LoggedIn,
    key: &str,
) -> Result<Response, Oops> {
    let body = show(app, page, me, ("", page.t(key).to_owned())).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response())
}

/// Whether the own password was typed, which guards what a stranger at an open desk would do.
pub(super) async fn knows_password(
    app: &App,
    me: &LoggedIn,
    (visitor, form): (Visitor, &Form),
) -> Result<bool, Oops> {
    let guess = Guess::of(&me.account.username, visitor);
    if guess.wait(app).is_some() {
        return Err(Oops::Plain(StatusCode::TOO_MANY_REQUESTS, "error.too_often"));
    }
    let typed: String = form.get("old").chars().take(LONGEST).collect();
    let hash = me.account.password.clone();
    let fits = password::fits(app.hashing(), typed, Some(hash)).await?;
    if fits {
        guess.right(app);
    } else {
        guess.wrong(app);
        traces::wrong(app, Some(me.account.id), "password").await?;
    }
    Ok(fits)
}

async fn own_password(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    (visitor, headers): (Visitor, HeaderMap),
    form: Form,
) -> Result<Response, Oops> {
    if !knows_password(&app, &me, (visitor, &form)).await? {
        return refused(&app, &page, &me, "proof.wrong_password").await;
    }
    let own = app.store().account_by_id(me.account.id).await?.ok_or(Oops::LogIn)?;
    if let Some(key) = change_password(&app, &own, &form).await? {
        return refused(&app, &page, &me, key).await;
    }
    // The change ended every session; this one goes on under a new token.
    let how = (coming_in::device(&headers), "password");
    let token = coming_in::session_for(&app, &own, Stage::Full, (&how.0, None, how.1)).await?;
    Ok((coming_in::with_cookie(&app, &token), Redirect::to("/me?done=password")).into_response())
}

async fn new_codes(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    if !knows_password(&app, &me, (visitor, &form)).await? {
        return refused(&app, &page, &me, "proof.wrong_password").await;
    }
    if !app.store().factor(me.account.id).await?.any() {
        return Ok(Redirect::to("/login/factor").into_response());
    }
    let deed =
        Deed::Administered { what: "new_codes".to_owned(), whom: None, detail: String::new() };
    traces::note(&app, &me, deed).await?;
    let codes = app.store().renew_recovery(me.account.id).await?;
    page.show(&CodesPage { page: &page, codes, href: "/me" })
}

async fn end_devices(State(app): State<App>, me: LoggedIn, form: Form) -> Result<Response, Oops> {
    let handle = form.get("handle");
    if handle.is_empty() {
        app.store().end_other_sessions(me.account.id, &me.token).await?;
    } else {
        app.store().end_session(me.account.id, handle, app.now()).await?;
    }
    Ok(done("devices"))
}

async fn absence(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    let Some(change) = absent(&page, &form) else {
        return refused(&app, &page, &me, "people.no.bad_days").await;
    };
    change_own(&app, (&page, &me), change, "absence").await
}

/// Changes the own account and says that it is `done`, or why it is not. The roles of somebody for
/// whom one stands in are not one's own.
pub(super) async fn change_own(
    app: &App,
    (page, me): (&Page, &LoggedIn),
    change: AccountChange,
    what: &str,
) -> Result<Response, Oops> {
    let own = app.store().account_by_id(me.account.id).await?.ok_or(Oops::LogIn)?;
    let place = (&page.pack, app.now());
    match app.store().administer(place, Some(&own.staff()), own.id, change).await {
        Ok(_) => Ok(done(what)),
        Err(WriteError::Refused(no)) => {
            refused(app, page, me, &format!("people.no.{}", no.key())).await
        }
        Err(WriteError::Db(error)) => Err(error.into()),
    }
}

/// The absence that a form notes, or its end; none when its days cannot be read.
pub(super) fn absent(page: &Page, form: &Form) -> Option<AccountChange> {
    if form.get("back") == "yes" {
        return Some(AccountChange::Back);
    }
    let day = |name: &str| form.get(name).parse::<Date>().ok();
    let since = page.pack.end_of(day("since")?.yesterday().ok()?);
    let until = page.pack.end_of(day("until")?);
    Some(AccountChange::Absent { deputy: form.get("deputy").parse().ok()?, since, until })
}

async fn home(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    form: Form,
) -> Result<Response, Oops> {
    match at_home(&app, &page, me.account.id, &form) {
        Ok(change) => change_own(&app, (&page, &me), change, "home").await,
        Err(key) => refused(&app, &page, &me, key).await,
    }
}

/// The home that a form notes for an account, or the key of what is wrong with it.
pub(super) fn at_home(
    app: &App,
    page: &Page,
    account: AccountId,
    form: &Form,
) -> Result<AccountChange, &'static str> {
    let typed = form.get("village").trim();
    let village = village(page, typed).ok_or("people.no.no_village")?;
    let phone: String = form.get("home_phone").trim().chars().take(30).collect();
    if !phone.is_empty() && !app.store().is_phone(&phone) {
        return Err("people.no.no_phone");
    }
    Ok(AccountChange::Home(app.store().seal_home(account, &Home { village, phone })))
}

/// The code of a village by its code, its name or its full name, if only one has it.
fn village(page: &Page, typed: &str) -> Option<String> {
    if typed.is_empty() {
        return Some(String::new());
    }
    let regions = &page.pack.regions;
    let mut found = regions.iter().filter(|r| {
        r.level == Level::Village
            && (r.code == typed || r.name == typed || regions.full_name(&r.code) == typed)
    });
    found.next().filter(|_| found.next().is_none()).map(|r| r.code.clone())
}

fn village_name(page: &Page, code: &str) -> String {
    if code.is_empty() { String::new() } else { page.pack.regions.full_name(code) }
}

async fn lock(State(app): State<App>, me: LoggedIn) -> Result<Response, Oops> {
    app.store().seen(&me.token, None).await?;
    Ok(Redirect::to("/login/unlock?next=/desk").into_response())
}
