//! One action for many cases: each is checked for itself, and the answer lists what was done and
//! what was refused, with the reasons.

use super::{
    act, case,
    offers::{self, Near},
};
use crate::{
    app::App,
    error::{Oops, field_words},
    form::{Form, command_id},
    page::Page,
    session::LoggedIn,
    view::{FieldView, field_views},
};
use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    decide::Step,
    field::FieldFault,
    workflow::{Action, Workflow},
};
use store::Act;

/// The most cases at once: a page of the work list.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "staff/bulk.html")]
struct BulkPage<'a> {
    page: &'a Page,
    title: String,
    back: String,
    done: Vec<Line>,
    refused: Vec<Line>,
    done_words: String,
    refused_words: String,
}

#[derive(Template)]
#[template(path = "staff/bulk_form.html")]
struct BulkForm<'a> {
    page: &'a Page,
    title: String,
    back: String,
    flow: &'a str,
    action: &'a str,
    command: String,
    picks: Vec<String>,
    picked: String,
    fields: Vec<FieldView>,
    wrong: Vec<case::Wrong>,
}

/// What became of one case.
struct Line {
    number: String,
    why: String,
}

pub(super) async fn act(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    form: Form,
) -> Result<Response, Oops> {
    let flow = page.pack.workflow(form.get("flow")).ok_or(Oops::NotFound)?;
    let action = flow.action(form.get("action")).filter(|a| a.bulk).ok_or(Oops::NotFound)?;
    let picks: Vec<String> = form.all("pick").iter().take(MOST).cloned().collect();
    if picks.is_empty() {
        return Err(Oops::Bad("bulk.nothing"));
    }
    if action.fields.iter().any(|f| f.required) {
        // The fields are asked for once, and checked before the first case is touched.
        let place = page.pack.regions.root();
        let asked = !form.get("asked").is_empty();
        let faults = act::checked(&page, flow, &action.fields, place, &form).err();
        if !asked {
            return ask(&page, &me, (flow, action), &form, (picks, &[]));
        }
        if let Some(faults) = faults {
            let body = ask(&page, &me, (flow, action), &form, (picks, &faults))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, body).into_response());
        }
    }
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for number in picks {
        match one(&app, &me, &page, (flow, action), &form, &number).await {
            Ok(()) => done.push(Line { number, why: String::new() }),
            Err(why) => refused.push(Line { number, why }),
        }
    }
    page.show(&BulkPage {
        title: page.either(&action.name, &action.en).to_owned(),
        back: format!("/desk?flow={}", flow.code),
        done_words: page.tf("bulk.done", &[("n", &done.len().to_string())]),
        refused_words: page.tf("bulk.refused", &[("n", &refused.len().to_string())]),
        page: &page,
        done,
        refused,
    })
}

/// Does the action to one case, or says why not.
async fn one(
    app: &App,
    me: &LoggedIn,
    page: &Page,
    (flow, action): (&Workflow, &Action),
    form: &Form,
    number: &str,
) -> Result<(), String> {
    let words = |oops: Oops| oops.words(page);
    let command = command_id(&format!("{}:{number}", form.get("command")));
    let before = app.store().done_already(&command, &me.actor()).await;
    if before.map_err(|e| words(e.into()))?.is_some() {
        return Ok(());
    }
    let shown = case::find(app, me, number).await.map_err(words)?;
    if shown.case.workflow != flow.code {
        return Err(words(Oops::NotFound));
    }
    // A case asks for what its own rules ask, whatever the form of today shows.
    let flow = page.pack.flow_of(&shown.case).unwrap_or(flow);
    let action = flow.action(&action.code).unwrap_or(action);
    let given = act::checked(page, flow, &action.fields, &shown.case.place, form);
    let given = given.map_err(|faults| {
        let all: Vec<String> = faults.iter().map(|f| field_words(page, f)).collect();
        all.join(page.t("staff.comma"))
    })?;
    let wish = Act {
        command,
        actor: me.actor(),
        case: shown.case.id,
        steps: vec![Step { action: action.code.clone(), given }],
        files: Vec::new(),
    };
    let done = app.store().act(&page.pack, app.now(), wish).await;
    done.map(drop).map_err(|e| words(e.into()))
}

/// Asks for the fields that the action needs.
fn ask(
    page: &Page,
    me: &LoggedIn,
    (flow, action): (&Workflow, &Action),
    form: &Form,
    (picks, faults): (Vec<String>, &[FieldFault]),
) -> Result<Response, Oops> {
    let mut fields = field_views(page, flow, &action.fields, "bulk-", (form, faults));
    let own = &me.account.unit;
    let place = page.pack.units.get(own).map_or(page.pack.regions.root(), |u| u.region.as_str());
    offers::fill(page, flow, Near { place, own, case: None }, form, &mut fields);
    let wrong = faults
        .iter()
        .map(|f| case::Wrong { id: format!("bulk-{}", f.field), text: field_words(page, f) });
    page.show(&BulkForm {
        page,
        title: page.either(&action.name, &action.en).to_owned(),
        back: format!("/desk?flow={}", flow.code),
        flow: &flow.code,
        action: &action.code,
        command: form.get("command").to_owned(),
        picked: page.tf("bulk.picked", &[("n", &picks.len().to_string())]),
        picks,
        fields,
        wrong: wrong.collect(),
    })
}
