//! What is owed after the password: a code, a second factor to set up, a password of one's own, or
//! the password again after a time without a sign of life. Nothing else may be seen before.

use super::{
    passkeys::{self, Question},
    provider,
};
use crate::{
    app::App,
    citizen::receipt::{Picture, picture},
    coming_in::{self, Guess, LONGEST, Proved},
    edge::Visitor,
    error::Oops,
    form::Form,
    page::Page,
    password,
    routes::{Access, Routes},
    session::{self, ComingIn},
    traces,
};
use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use domain::audit::Deed;
use serde::Deserialize;
use store::{Account, Proof, Record, Stage};
use vault::totp;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::ComingIn, "/login/code", get(code_page).post(code))
        .add(Access::ComingIn, "/login/factor", get(factor_page).post(factor))
        .add(Access::ComingIn, "/login/password", get(password_page).post(new_password))
        .add(Access::ComingIn, "/login/unlock", get(unlock_page).post(unlock))
}

#[derive(Template)]
#[template(path = "staff/proof.html")]
struct ProofPage<'a> {
    page: &'a Page,
    csrf: &'a str,
    title: String,
    lead: String,
    error: String,
    action: &'static str,
    /// `code`, `secret` or `password`: which field is asked for.
    asks: &'static str,
    label: String,
    next: String,
    /// A passkey may be shown instead.
    question: Option<Question>,
    /// One may come in by the provider instead.
    provider: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/factor.html")]
struct FactorPage<'a> {
    page: &'a Page,
    csrf: &'a str,
    error: String,
    secret: Vec<String>,
    picture: Option<Picture>,
    needed: bool,
    /// A passkey may be made instead.
    question: Option<Question>,
}

#[derive(Template)]
#[template(path = "staff/codes.html")]
pub(super) struct CodesPage<'a> {
    pub(super) page: &'a Page,
    pub(super) codes: Vec<String>,
    pub(super) href: &'static str,
}

#[derive(Template)]
#[template(path = "staff/new_password.html")]
struct PasswordPage<'a> {
    page: &'a Page,
    csrf: &'a str,
    error: String,
}

/// With a status that says that the form was not taken.
pub(super) fn refused(body: Response) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, body).into_response()
}

pub(super) fn too_often(page: &Page, minutes: i64) -> String {
    page.tf("login.wait", &[("n", &minutes.to_string())])
}

/// On to the next step: whoever has nothing to do here is sent where they belong.
pub(super) fn elsewhere(me: &ComingIn) -> Response {
    let to = if me.locked { "/login/unlock" } else { session::step(me.stage) };
    Redirect::to(to).into_response()
}

async fn code_page(State(app): State<App>, page: Page, me: ComingIn) -> Result<Response, Oops> {
    if me.stage != Stage::Code {
        return Ok(elsewhere(&me));
    }
    show_code(&app, &page, &me, String::new()).await
}

pub(super) async fn show_code(
    app: &App,
    page: &Page,
    me: &ComingIn,
    error: String,
) -> Result<Response, Oops> {
    let question = passkeys::ask(app, me).await?;
    let lead = if question.is_some() { "proof.passkey_lead" } else { "proof.code_lead" };
    page.show(&ProofPage {
        page,
        csrf: &me.csrf,
        title: page.t("proof.code").to_owned(),
        lead: page.t(lead).to_owned(),
        error,
        action: "/login/code",
        asks: "code",
        label: page.t("proof.code_label").to_owned(),
        next: String::new(),
        question,
        provider: None,
    })
}

async fn code(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    if me.stage != Stage::Code {
        return Ok(elsewhere(&me));
    }
    match take_code(&app, &me.account, visitor, form.get("code")).await? {
        Taken::TooOften(minutes) => {
            let body = show_code(&app, &page, &me, too_often(&page, minutes)).await?;
            Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response())
        }
        Taken::Wrong => {
            let error = page.t("proof.wrong_code").to_owned();
            Ok(refused(show_code(&app, &page, &me, error).await?))
        }
        Taken::Right(Proof::Code) => go_on(&app, &me, "code").await,
        Taken::Right(Proof::Recovery) => go_on(&app, &me, "recovery").await,
    }
}

/// What became of a code that somebody typed.
pub(super) enum Taken {
    /// So many minutes must be waited first.
    TooOften(i64),
    /// It was wrong, which is remembered.
    Wrong,
    /// It proves the second factor, and is spent.
    Right(Proof),
}

/// Takes a code of the account, from a telephone or a recovery code.
pub(super) async fn take_code(
    app: &App,
    account: &Account,
    visitor: Visitor,
    typed: &str,
) -> Result<Taken, Oops> {
    let guess = Guess::of(&format!("code\n{}", account.username), visitor);
    if let Some(minutes) = guess.wait(app) {
        return Ok(Taken::TooOften(minutes));
    }
    let typed = Some(typed.trim()).filter(|typed| typed.len() <= LONGEST).unwrap_or_default();
    if let Some(proof) = app.store().take_code(account.id, typed, app.now()).await? {
        guess.right(app);
        return Ok(Taken::Right(proof));
    }
    guess.wrong(app);
    traces::wrong(app, Some(account.id), "code").await?;
    Ok(Taken::Wrong)
}

/// Replaces the session by one that has proved a code, or needs none.
pub(super) async fn go_on(app: &App, me: &ComingIn, with: &str) -> Result<Response, Oops> {
    let stage = coming_in::next_stage(app, &me.account, Proved::Two).await?;
    let how = (me.device.as_str(), Some(me.token.as_str()), with);
    let token = coming_in::session_for(app, &me.account, stage, how).await?;
    Ok(coming_in::onward(app, &token, stage))
}

async fn factor_page(State(app): State<App>, page: Page, me: ComingIn) -> Result<Response, Oops> {
    if me.locked || !matches!(me.stage, Stage::SetUp | Stage::Full) {
        return Ok(elsewhere(&me));
    }
    show_factor(&app, &page, &me, String::new()).await
}

pub(super) async fn show_factor(
    app: &App,
    page: &Page,
    me: &ComingIn,
    error: String,
) -> Result<Response, Oops> {
    let Some(secret) = app.store().begin_factor(me.account.id).await? else {
        return Ok(Redirect::to("/me").into_response());
    };
    let needed = me.stage == Stage::SetUp;
    let question =
        if needed { passkeys::ask_new(app, (&me.account, &me.token)).await? } else { None };
    let text = totp::base32(&secret);
    let groups = text.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned());
    page.show(&FactorPage {
        page,
        csrf: &me.csrf,
        error,
        secret: groups.collect(),
        picture: picture(&address(page, &me.account, &text)),
        needed,
        question,
    })
}

/// What an authenticator program reads from the picture. The label is the log-in name, which the
/// owner of the telephone knows.
fn address(page: &Page, account: &Account, secret: &str) -> String {
    let escaped = |text: &str| {
        let one = |byte: u8| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        text.bytes().map(one).collect::<String>()
    };
    let (issuer, label) = (escaped(&page.brand.short), escaped(&account.username));
    format!("otpauth://totp/{issuer}:{label}?secret={secret}&issuer={issuer}")
}

async fn factor(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    if me.locked || !matches!(me.stage, Stage::SetUp | Stage::Full) {
        return Ok(elsewhere(&me));
    }
    let guess = Guess::of(&format!("code\n{}", me.account.username), visitor);
    if let Some(minutes) = guess.wait(&app) {
        let body = show_factor(&app, &page, &me, too_often(&page, minutes)).await?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response());
    }
    let deed =
        Deed::Administered { what: "set_factor".to_owned(), whom: None, detail: String::new() };
    let record = Record::of(&me.account.staff(), vec![deed]);
    let typed: String = form.get("code").chars().take(LONGEST).collect();
    let codes = app.store().confirm_factor(me.account.id, &typed, app.now(), record).await?;
    let Some(codes) = codes else {
        guess.wrong(&app);
        let error = page.t("proof.wrong_code").to_owned();
        return Ok(refused(show_factor(&app, &page, &me, error).await?));
    };
    guess.right(&app);
    let stage = coming_in::next_stage(&app, &me.account, Proved::Two).await?;
    let how = (me.device.as_str(), Some(me.token.as_str()), "code");
    let token = coming_in::session_for(&app, &me.account, stage, how).await?;
    let body = page.show(&CodesPage { page: &page, codes, href: session::step(stage) })?;
    Ok((coming_in::with_cookie(&app, &token), body).into_response())
}

async fn password_page(page: Page, me: ComingIn) -> Result<Response, Oops> {
    if me.stage != Stage::NewPassword {
        return Ok(elsewhere(&me));
    }
    page.show(&PasswordPage { page: &page, csrf: &me.csrf, error: String::new() })
}

async fn new_password(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    form: Form,
) -> Result<Response, Oops> {
    if me.stage != Stage::NewPassword {
        return Ok(elsewhere(&me));
    }
    if let Some(key) = change_password(&app, &me.account, &form).await? {
        let error = page.t(key).to_owned();
        return Ok(refused(page.show(&PasswordPage { page: &page, csrf: &me.csrf, error })?));
    }
    go_on(&app, &me, "password").await
}

/// Gives an account the password that was typed twice, and ends its sessions; answers the key of
/// what is wrong with it, if anything is.
pub(super) async fn change_password(
    app: &App,
    account: &Account,
    form: &Form,
) -> Result<Option<&'static str>, Oops> {
    let (new, again) = (form.get("new"), form.get("again"));
    if new != again {
        return Ok(Some("password.differs"));
    }
    if let Some(key) = password::weakness(new, &account.username, &account.name) {
        return Ok(Some(key));
    }
    if password::fits(app.hashing(), new.to_owned(), Some(account.password.clone())).await? {
        return Ok(Some("password.same"));
    }
    let hash = password::hash_apart(app.hashing(), new.to_owned()).await?;
    app.store().set_password(account.id, hash).await?;
    let deed =
        Deed::Administered { what: "own_password".to_owned(), whom: None, detail: String::new() };
    app.store().record(app.now(), Record::of(&account.staff(), vec![deed])).await?;
    Ok(None)
}

#[derive(Deserialize)]
struct Going {
    #[serde(default)]
    next: String,
}

async fn unlock_page(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    Query(going): Query<Going>,
) -> Result<Response, Oops> {
    if !me.locked {
        return Ok(elsewhere(&me));
    }
    show_unlock(&app, &page, &me, (coming_in::local_path(&going.next), String::new())).await
}

pub(super) async fn show_unlock(
    app: &App,
    page: &Page,
    me: &ComingIn,
    (next, error): (&str, String),
) -> Result<Response, Oops> {
    page.show(&ProofPage {
        page,
        csrf: &me.csrf,
        title: page.t("proof.locked").to_owned(),
        lead: page.tf("proof.locked_lead", &[("name", &me.account.name)]),
        error,
        action: "/login/unlock",
        asks: "password",
        label: page.t("login.password").to_owned(),
        next: next.to_owned(),
        question: passkeys::ask(app, me).await?,
        provider: provider::name(app, page),
    })
}

async fn unlock(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    let next = coming_in::local_path(form.get("next"));
    if !me.locked {
        return Ok(Redirect::to(next).into_response());
    }
    let guess = Guess::of(&me.account.username, visitor);
    if let Some(minutes) = guess.wait(&app) {
        let body = show_unlock(&app, &page, &me, (next, too_often(&page, minutes))).await?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response());
    }
    let typed: String = form.get("password").chars().take(LONGEST).collect();
    if !password::fits(app.hashing(), typed, Some(me.account.password.clone())).await? {
        guess.wrong(&app);
        traces::wrong(&app, Some(me.account.id), "password").await?;
        let error = page.t("proof.wrong_password").to_owned();
        return Ok(refused(show_unlock(&app, &page, &me, (next, error)).await?));
    }
    guess.right(&app);
    unlocked(&app, &me, next).await
}

/// Back to the page at which nobody was for too long.
pub(super) async fn unlocked(app: &App, me: &ComingIn, next: &str) -> Result<Response, Oops> {
    let record = Record::of(&me.account.staff(), vec![Deed::Unlocked]);
    app.store().record(app.now(), record).await?;
    app.store().seen(&me.token, Some(app.now())).await?;
    Ok(Redirect::to(next).into_response())
}
