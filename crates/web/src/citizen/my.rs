//! The appellant's own page and what may be done there. The pass names the case, so no address
//! does; the domain decides what is allowed.

use super::{
    FLOW, chosen,
    my_page::{self, Said},
};
use crate::{
    app::App,
    error::Oops,
    form::{Form, Kept},
    page::Page,
    session::Pass,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::Viewer,
    case::Actor,
    decide::Step,
    field::{self, FieldFault},
    refusal::Refusal,
    workflow::{Action, Guard, Relation, Workflow},
};
use store::{Act, CasePage};

/// The question by which one rating form finds its action.
pub(super) const RESULT: &str = "result";

pub(super) async fn show(State(app): State<App>, page: Page, pass: Pass) -> Result<Response, Oops> {
    let case = load(&app, &page, pass).await?;
    my_page::show(&app, &page, &case, &Said::default()).await
}

/// Shows the page with a form that was typed before the pass had ended. It is not sent: the new
/// pass may be for another case.
pub(super) async fn resume(
    app: &App,
    mut page: Page,
    pass: Pass,
    action: &str,
    form: Form,
) -> Result<Response, Oops> {
    "/my".clone_into(&mut page.path);
    let case = load(app, &page, pass).await?;
    let kept = chosen::waiting(app, &form).await?;
    let said = Said { action: action.to_owned(), form, kept, ..Said::default() };
    my_page::show(app, &page, &case, &said).await
}

pub(super) async fn act(
    State(app): State<App>,
    mut page: Page,
    pass: Pass,
    Path(code): Path<String>,
    kept: Kept,
) -> Result<Response, Oops> {
    // This page is only ever shown under the address of the status page.
    "/my".clone_into(&mut page.path);
    let Kept { form, trouble } = kept;
    let case = load(&app, &page, pass).await?;
    let flow = page.pack.flow_of(&case.case).ok_or(Oops::NotFound)?;
    let action = flow.action(&code).filter(|a| is_own(a)).ok_or(Oops::NotFound)?;
    let action = by_result(flow, action, form.get(RESULT));
    let said = async |faults: Vec<FieldFault>, oops: Option<Oops>| {
        let (kept, _) = chosen::keep(&app, &form).await?;
        Ok::<_, Oops>(Said { action: code.clone(), form: form.clone(), faults, oops, kept })
    };
    let raw = form.raw(action.fields.iter().map(|u| u.code.as_str()));
    let given = match field::check(&page.pack, flow, &action.fields, &raw) {
        Ok(given) => given,
        Err(faults) => {
            return my_page::show(&app, &page, &case, &said(faults, trouble).await?).await;
        }
    };
    if trouble.is_some() {
        return my_page::show(&app, &page, &case, &said(Vec::new(), trouble).await?).await;
    }
    let files = match chosen::all(&app, &form).await {
        Ok(files) => files,
        Err(oops) => {
            let said = said(Vec::new(), Some(oops)).await?;
            return my_page::show(&app, &page, &case, &said).await;
        }
    };
    let wish = Act {
        command: form.command(),
        actor: Actor::Appellant(pass.case),
        case: pass.case,
        steps: vec![Step { action: action.code.clone(), given }],
        files,
    };
    match app.store().act(&page.pack, app.now(), wish).await.map_err(Oops::from) {
        Ok(_) => {
            chosen::done(&app, &form).await;
            Ok(Redirect::to("/my").into_response())
        }
        Err(oops @ Oops::Refused(Refusal::NotAllowed { .. })) => {
            // The case has moved meanwhile: show what it is now, and keep what was typed.
            let case = load(&app, &page, pass).await?;
            my_page::show(&app, &page, &case, &said(Vec::new(), Some(oops)).await?).await
        }
        Err(oops) if oops.status() == StatusCode::SERVICE_UNAVAILABLE => {
            my_page::show(&app, &page, &case, &said(Vec::new(), Some(oops)).await?).await
        }
        Err(oops) => Err(oops),
    }
}

pub(super) async fn load(app: &App, page: &Page, pass: Pass) -> Result<CasePage, Oops> {
    let viewer = Viewer::Appellant(pass.case);
    let case = app.store().case_by_id(&page.pack, &viewer, pass.case).await?;
    case.filter(|c| c.case.workflow == FLOW).ok_or(Oops::NotFound)
}

/// Whether the action is meant for the person who appealed.
pub(super) fn is_own(action: &Action) -> bool {
    action.by.iter().any(|who| who.relation == Relation::Appellant)
}

/// Whether the action asks how satisfied somebody is.
pub(super) fn is_rating(action: &Action) -> bool {
    action.fields.iter().any(|u| u.code == RESULT)
}

/// The results that a rating action takes; everything when it does not say.
pub(super) fn accepted(action: &Action, result: &str) -> bool {
    action.guards.iter().all(|g| match g {
        Guard::FieldIn { field, values } if field == RESULT => values.iter().any(|v| v == result),
        _ => true,
    })
}

/// One form asks for the rating; the answer decides which of the actions it is.
fn by_result<'a>(flow: &'a Workflow, action: &'a Action, result: &str) -> &'a Action {
    if !is_rating(action) {
        return action;
    }
    let mut ratings = flow.actions.iter().filter(|a| is_own(a) && is_rating(a));
    ratings.find(|a| accepted(a, result)).unwrap_or(action)
}
