//! Passkeys as a second factor: made, shown, listed, removed.
//!
//! What a browser was asked is remembered with its session and taken once. The checks are the
//! business of `proofs`; what is kept of a passkey is the store's.

use super::{
    me,
    proof::{self, CodesPage, elsewhere, refused, too_often},
};
use crate::{
    app::App,
    coming_in::{self, Guess, Proved},
    edge::Visitor,
    error::Oops,
    form::Form,
    page::Page,
    routes::{Access, Routes},
    session::{self, ComingIn, LoggedIn},
    traces,
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use domain::people::NotSo;
use store::{Account, AccountChange, Exchange, Stage, db::WriteError};

/// So long a question may be answered: people look for their key.
const SECONDS: u32 = 300;
/// The longest name of a passkey.
const LONGEST_NAME: usize = 40;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::ComingIn, "/login/passkey", post(show_one))
        .add(Access::ComingIn, "/login/passkey/new", post(make))
        .add(Access::Staff, "/me/passkeys", post(begin))
        .add(Access::Staff, "/me/passkeys/remove", post(remove))
}

/// What the script of a page asks the browser.
pub(super) struct Question {
    pub(super) options: String,
    pub(super) domain: String,
}

#[derive(Template)]
#[template(path = "staff/passkey.html")]
struct PasskeyPage<'a> {
    page: &'a Page,
    csrf: &'a str,
    error: String,
    question: Option<Question>,
}

/// A question for one of the passkeys of somebody who owes a second factor or stands before a locked
/// page, if there can be one.
pub(super) async fn ask(app: &App, me: &ComingIn) -> Result<Option<Question>, Oops> {
    let Some(passkeys) = app.passkeys() else { return Ok(None) };
    let known = app.store().passkeys(me.account.id).await?;
    let known: Vec<String> = known.into_iter().map(|one| one.key).collect();
    let Ok(asked) = passkeys.ask(&known) else { return Ok(None) };
    let exchange = (Exchange::Passkey, me.token.as_str());
    app.store().begin_exchange(exchange, &asked.state, (app.now(), SECONDS)).await?;
    Ok(Some(Question { options: asked.options, domain: passkeys.domain().to_owned() }))
}

/// A question for a new passkey of this account, asked of the browser with this session.
pub(super) async fn ask_new(
    app: &App,
    (account, token): (&Account, &str),
) -> Result<Option<Question>, Oops> {
    let Some(passkeys) = app.passkeys() else { return Ok(None) };
    let known = app.store().passkeys(account.id).await?;
    let known: Vec<String> = known.into_iter().map(|one| one.key).collect();
    let person = app.store().passkey_person(account.id);
    let Ok(asked) = passkeys.ask_new((&person, &account.username), &known) else {
        return Ok(None);
    };
    let exchange = (Exchange::NewPasskey, token);
    app.store().begin_exchange(exchange, &asked.state, (app.now(), SECONDS)).await?;
    Ok(Some(Question { options: asked.options, domain: passkeys.domain().to_owned() }))
}

/// A passkey instead of a code; before a locked page instead of the password, because the device has
/// just made sure who holds it.
async fn show_one(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    if me.stage != Stage::Code && !me.locked {
        return Ok(elsewhere(&me));
    }
    let next = coming_in::local_path(form.get("next"));
    let guess = Guess::of(&format!("code\n{}", me.account.username), visitor);
    if let Some(minutes) = guess.wait(&app) {
        let body = again(&app, &page, &me, (next, too_often(&page, minutes))).await?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, body).into_response());
    }
    if !is_shown(&app, &me, form.get("answer")).await? {
        guess.wrong(&app);
        traces::wrong(&app, Some(me.account.id), "passkey").await?;
        let error = page.t("passkey.wrong").to_owned();
        return Ok(refused(again(&app, &page, &me, (next, error)).await?));
    }
    guess.right(&app);
    if me.locked {
        return proof::unlocked(&app, &me, next).await;
    }
    proof::go_on(&app, &me, "passkey").await
}

/// The page from which a passkey was shown in vain.
async fn again(
    app: &App,
    page: &Page,
    me: &ComingIn,
    (next, error): (&str, String),
) -> Result<Response, Oops> {
    if me.locked {
        return proof::show_unlock(app, page, me, (next, error)).await;
    }
    proof::show_code(app, page, me, error).await
}

/// Whether the answer shows a passkey of the account, to the question that this session was asked.
async fn is_shown(app: &App, me: &ComingIn, answer: &str) -> Result<bool, Oops> {
    let (store, now) = (app.store(), app.now());
    let state = store.take_exchange((Exchange::Passkey, &me.token), now).await?;
    let (Some(passkeys), Some(state)) = (app.passkeys(), state) else { return Ok(false) };
    let known = store.passkeys(me.account.id).await?;
    let keys: Vec<String> = known.iter().map(|one| one.key.clone()).collect();
    let Ok((n, key)) = passkeys.take(&state, answer, &keys) else { return Ok(false) };
    let Some(one) = known.get(n) else { return Ok(false) };
    Ok(store.passkey_used(me.account.id, one, key, now).await?)
}

/// The page on which somebody who is in, and knows the password, makes a passkey.
async fn begin(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    app.passkeys().ok_or(Oops::NotFound)?;
    if !me::knows_password(&app, &me, (visitor, &form)).await? {
        return me::refused(&app, &page, &me, "proof.wrong_password").await;
    }
    let question = ask_new(&app, (&me.account, &me.token)).await?;
    page.show(&PasskeyPage { page: &page, csrf: &me.csrf, error: String::new(), question })
}

/// Takes a passkey that a browser made.
async fn make(
    State(app): State<App>,
    page: Page,
    me: ComingIn,
    form: Form,
) -> Result<Response, Oops> {
    if me.locked || !matches!(me.stage, Stage::SetUp | Stage::Full) {
        return Ok(elsewhere(&me));
    }
    let (store, now) = (app.store(), app.now());
    let state = store.take_exchange((Exchange::NewPasskey, &me.token), now).await?;
    let made = app
        .passkeys()
        .zip(state)
        .and_then(|(passkeys, state)| passkeys.take_new(&state, form.get("answer")).ok());
    let Some((key, credential)) = made else {
        return not_made(&app, &page, &me, "passkey.not_made").await;
    };
    let name = named(&page, &me, form.get("name"));
    let (new, codes) = store.new_passkey(me.account.id, (&credential, key), &name).await?;
    let (own, change) = (me.account.staff(), AccountChange::AddPasskey(new));
    let done = store.administer((&page.pack, now), Some(&own), me.account.id, change).await;
    match done {
        Ok(_) => made_so(&app, &page, &me, codes).await,
        Err(WriteError::Refused(NotSo::Bound)) => not_made(&app, &page, &me, "passkey.bound").await,
        Err(WriteError::Refused(no)) => {
            not_made(&app, &page, &me, &format!("people.no.{}", no.key())).await
        }
        Err(WriteError::Db(error)) => Err(error.into()),
    }
}

/// On to where somebody who made a passkey wanted to go; the first comes with recovery codes.
async fn made_so(
    app: &App,
    page: &Page,
    me: &ComingIn,
    codes: Vec<String>,
) -> Result<Response, Oops> {
    if me.stage == Stage::Full && codes.is_empty() {
        return Ok(me::done("passkey"));
    }
    if me.stage == Stage::Full {
        return page.show(&CodesPage { page, codes, href: "/me?done=passkey" });
    }
    let stage = coming_in::next_stage(app, &me.account, Proved::Two).await?;
    let how = (me.device.as_str(), Some(me.token.as_str()), "passkey");
    let token = coming_in::session_for(app, &me.account, stage, how).await?;
    let body = page.show(&CodesPage { page, codes, href: session::step(stage) })?;
    Ok((coming_in::with_cookie(app, &token), body).into_response())
}

async fn not_made(app: &App, page: &Page, me: &ComingIn, key: &str) -> Result<Response, Oops> {
    let error = page.t(key).to_owned();
    if me.stage == Stage::SetUp {
        return Ok(refused(proof::show_factor(app, page, me, error).await?));
    }
    let view = PasskeyPage { page, csrf: &me.csrf, error, question: None };
    Ok(refused(page.show(&view)?))
}

/// What the owner calls it; the device when they say nothing.
fn named(page: &Page, me: &ComingIn, typed: &str) -> String {
    let typed: String = typed.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    match (typed.trim(), me.device.as_str()) {
        ("", "") => page.t("passkey.one").to_owned(),
        ("", device) => device.to_owned(),
        (typed, _) => typed.to_owned(),
    }
}

async fn remove(
    State(app): State<App>,
    page: Page,
    me: LoggedIn,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Oops> {
    if !me::knows_password(&app, &me, (visitor, &form)).await? {
        return me::refused(&app, &page, &me, "proof.wrong_password").await;
    }
    let change = AccountChange::RemovePasskey(form.get("handle").to_owned());
    me::change_own(&app, (&page, &me), change, "no_passkey").await
}
