//! A new record of any programme: the form that its workflow asks for.

use super::{
    act, case,
    offers::{self, Near},
};
use crate::{
    app::App,
    error::{Oops, field_words},
    form::{Form, fresh_command},
    page::Page,
    session::LoggedIn,
    view::{FieldView, OptionView, field_views},
};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    field::{FieldFault, FieldKind},
    refusal::Refusal,
    workflow::{Opening, Workflow},
};
use std::collections::BTreeMap;
use store::{NewCase, Opened};

#[derive(Template)]
#[template(path = "staff/new.html")]
struct NewPage<'a> {
    page: &'a Page,
    title: String,
    flow: &'a str,
    evidence: bool,
    command: String,
    fields: Vec<FieldView>,
    programmes: Vec<OptionView>,
    /// Whether it is opened under a programme or not at all.
    under_one: bool,
    wrong: Vec<case::Wrong>,
    error: String,
}

/// What is told after an opening: the number, and the secret that is shown once.
#[derive(Template)]
#[template(path = "staff/receipt.html")]
struct ReceiptPage<'a> {
    page: &'a Page,
    number: &'a str,
    secret: Vec<String>,
    done: String,
}

pub(super) async fn page(
    me: LoggedIn,
    page: Page,
    Path(code): Path<String>,
    Query(suggested): Query<BTreeMap<String, String>>,
) -> Result<Response, Oops> {
    let flow = may_open(&page, &me, &code)?;
    let mut form = Form::default();
    for (field, value) in &suggested {
        if field == "programme" && page.pack.programmes.contains_key(value) {
            form.suggest(field, value);
        }
        // A text may be personal, and has no place in an address.
        if flow.fields.get(field).is_some_and(|f| !f.kind.is_text()) {
            form.suggest(field, value);
        }
    }
    for one in &flow.opening.fields {
        if flow.fields.get(&one.code).is_some_and(|f| f.kind == FieldKind::Place) {
            form.suggest(&one.code, own_place(&page, &me));
        }
    }
    show(&page, &me, flow, &form, (&[], String::new()))
}

pub(super) async fn open(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    Path(code): Path<String>,
    form: Form,
) -> Result<Response, Oops> {
    let flow = may_open(&page, &me, &code)?;
    let place = own_place(&page, &me);
    let given = match act::checked(&page, flow, &flow.opening.fields, place, &form) {
        Ok(given) => given,
        Err(faults) => {
            let error = page.t("refusal.fields").to_owned();
            let body = show(&page, &me, flow, &form, (&faults, error))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response());
        }
    };
    let known = |p: &&str| page.pack.programmes.get(*p).is_some_and(|p| p.workflow == flow.code);
    let command = form.command();
    let receipt = app.store().receipt_for(&command);
    let new = NewCase {
        command,
        actor: me.actor(),
        workflow: flow.code.clone(),
        programme: Some(form.get("programme")).filter(known).map(str::to_owned),
        given,
        then: Vec::new(),
        files: form.files.clone(),
        receipt: receipt.clone(),
        imported: None,
    };
    match app.store().open_case(&page.pack, app.now(), new).await.map_err(Oops::from) {
        Ok(opened) if is_public(flow) => told(&page, &opened, &receipt, String::new()),
        Ok(opened) => Ok(Redirect::to(&format!("/cases/{}?done=", opened.number)).into_response()),
        Err(oops @ Oops::Refused(_)) => {
            let body = show(&page, &me, flow, &form, (&[], oops.words(&page)))?;
            Ok((oops.status(), body).into_response())
        }
        Err(oops) => Err(oops),
    }
}

/// The page with number and secret, for whoever must pass them on.
pub(super) fn told(
    page: &Page,
    opened: &Opened,
    receipt: &str,
    done: String,
) -> Result<Response, Oops> {
    let letters: Vec<char> = receipt.chars().collect();
    let mut secret: Vec<String> = letters.chunks(5).map(String::from_iter).collect();
    // Groups of five, and one of six at the end: a single letter alone is lost on the telephone.
    if let Some(last) = secret.pop_if(|s| s.len() == 1)
        && let Some(before) = secret.last_mut()
    {
        before.push_str(&last);
    }
    page.show(&ReceiptPage { page, number: &opened.number, secret, done })
}

/// Where a case is opened that is the only one with these values.
pub(crate) fn href(flow: &Workflow, values: &[String]) -> String {
    let pairs = flow.opening.only.iter().zip(values);
    let pairs: Vec<String> = pairs.map(|(field, value)| format!("{field}={value}")).collect();
    format!("/new/{}?{}", flow.code, pairs.join("&"))
}

/// Whether residents follow records of this workflow by number and secret.
fn is_public(flow: &Workflow) -> bool {
    flow.opening.by.iter().any(|who| who.role == "citizen")
}

fn may_open<'a>(page: &'a Page, me: &LoggedIn, code: &str) -> Result<&'a Workflow, Oops> {
    let flow = page.pack.workflow(code).ok_or(Oops::NotFound)?;
    let may = flow.opening.by.iter().any(|who| me.account.roles.contains(&who.role));
    if may { Ok(flow) } else { Err(Oops::Refused(Refusal::MayNotOpen(code.to_owned()))) }
}

/// The region that the viewer's unit works in.
pub(super) fn own_place<'a>(page: &'a Page, me: &LoggedIn) -> &'a str {
    let unit = page.pack.units.get(&me.account.unit);
    unit.map_or(page.pack.regions.root(), |u| u.region.as_str())
}

fn show(
    page: &Page,
    me: &LoggedIn,
    flow: &Workflow,
    form: &Form,
    (faults, error): (&[FieldFault], String),
) -> Result<Response, Oops> {
    let mut fields = field_views(page, flow, &flow.opening.fields, "f-", (form, faults));
    let near = Near { place: own_place(page, me), own: &me.account.unit, case: None };
    offers::fill(page, flow, near, form, &mut fields);
    let programmes = page.pack.programmes.values().filter(|p| p.workflow == flow.code);
    let chosen = form.get("programme");
    let wrong = faults
        .iter()
        .map(|f| case::Wrong { id: format!("f-{}", f.field), text: field_words(page, f) });
    page.show(&NewPage {
        page,
        title: page.tf("desk.new", &[("name", page.either(&flow.name, &flow.en))]),
        flow: &flow.code,
        evidence: flow.opening.evidence,
        command: Some(form.get("command"))
            .filter(|c| !c.is_empty())
            .map_or_else(fresh_command, str::to_owned),
        fields,
        programmes: programmes
            .map(|p| OptionView {
                value: p.code.clone(),
                label: page.either(&p.name, &p.en).to_owned(),
                chosen: p.code == chosen,
                answer: String::new(),
                hot: false,
            })
            .collect(),
        under_one: flow.opening.only.iter().any(|field| field == Opening::PROGRAMME),
        wrong: wrong.collect(),
        error,
    })
}
