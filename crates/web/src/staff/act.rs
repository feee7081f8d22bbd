//! Doing something to a case: the form is checked, the store is told, and the page says what
//! became of it. Nothing that was typed is lost on the way.

use super::{
    actions::Tried,
    case::{self, Beside},
    offers,
};
use crate::{app::App, error::Oops, figures::sample, form::Form, page::Page, session::LoggedIn};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    decide::{self, Ctx, Step},
    field::{self, Checked, FieldFault},
    refusal::Refusal,
    workflow::{Action, FieldUse, Workflow},
};
use store::{Act, CasePage};

#[derive(Template)]
#[template(path = "staff/refused.html")]
struct RefusedPage<'a> {
    page: &'a Page,
    number: &'a str,
    title: String,
    why: String,
    state: String,
    state_class: &'static str,
    allowed: Vec<String>,
    kept: Vec<Kept>,
}

/// Something that was typed and not taken.
struct Kept {
    label: String,
    text: String,
}

pub(super) async fn act(
    State(app): State<App>,
    me: LoggedIn,
    page: Page,
    Path((number, code)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Oops> {
    let before = app.store().done_already(&form.command(), &me.actor()).await?;
    let shown = match case::find(&app, &me, &number).await {
        // The first press of the button moved the case out of sight.
        Err(Oops::NotFound) if before.is_some() => return Ok(moved_on()),
        found => found?,
    };
    let flow = page.pack.flow_of(&shown.case).ok_or(Oops::NotFound)?;
    let action = flow.action(&code).ok_or(Oops::NotFound)?;
    if before == Some(shown.case.id) {
        return Ok(Redirect::to(&format!("/cases/{}?done={code}", shown.number)).into_response());
    }
    let actor = me.actor();
    let ctx = Ctx::bare(app.now(), &page.pack, &actor);
    if let Err(why) = decide::permit(ctx, &shown.case, action, None) {
        let allowed = decide::allowed(ctx, &shown.case).map(|a| a.code.clone()).collect();
        let refusal = Refusal::NotAllowed { action: code, why, allowed };
        return refused(&page, &shown, (flow, action), &form, &refusal);
    }
    let office = (&app, &me, &page);
    let tried = |faults| Some(Tried { action: &action.code, form: &form, faults });
    let given = match checked(&page, flow, &action.fields, &shown.case.place, &form) {
        Ok(given) => given,
        Err(faults) => {
            let beside = Beside { tried: tried(&faults), ..Beside::default() };
            return case::show_with(StatusCode::UNPROCESSABLE_ENTITY, office, &shown, beside).await;
        }
    };
    // What was found of records says itself to which numbers it belongs, and several people look.
    if !sample::is_look(action) && form.get("version").parse() != Ok(shown.version) {
        let error = page.t("case.changed").to_owned();
        let beside = Beside { tried: tried(&[]), error, ..Beside::default() };
        return case::show_with(StatusCode::CONFLICT, office, &shown, beside).await;
    }
    let wish = Act {
        command: form.command(),
        actor: me.actor(),
        case: shown.case.id,
        steps: vec![Step { action: code, given }],
        files: form.files.clone(),
    };
    match app.store().act(&page.pack, app.now(), wish).await.map_err(Oops::from) {
        Ok(_) if sample::is_look(action) => {
            Ok(Redirect::to(&sample::after(&shown.number)).into_response())
        }
        Ok(_) => after(&app, &me, &shown, &action.code).await,
        Err(Oops::Refused(refusal @ Refusal::NotAllowed { .. })) => {
            refused(&page, &shown, (flow, action), &form, &refusal)
        }
        Err(oops @ Oops::Refused(_)) => {
            let error = oops.words(&page);
            let beside = Beside { tried: tried(&[]), error, ..Beside::default() };
            case::show_with(oops.status(), office, &shown, beside).await
        }
        Err(oops) => Err(oops),
    }
}

/// What was typed into a form, checked; typed names of places become codes first.
pub(super) fn checked(
    page: &Page,
    flow: &Workflow,
    uses: &[FieldUse],
    near: &str,
    form: &Form,
) -> Result<Checked, Vec<FieldFault>> {
    let mut raw = form.raw(uses.iter().map(|u| u.code.as_str()));
    offers::settle(&page.pack, flow, uses, near, &mut raw);
    field::check(&page.pack, flow, uses, &raw)
}

/// Back to the case, or to the work list when the case has gone where the viewer sees nothing.
async fn after(app: &App, me: &LoggedIn, shown: &CasePage, action: &str) -> Result<Response, Oops> {
    let still = app.store().case_by_id(&app.pack(), &me.viewer(), shown.case.id).await?;
    if still.is_none() {
        return Ok(moved_on());
    }
    Ok(Redirect::to(&format!("/cases/{}?done={action}", shown.number)).into_response())
}

fn moved_on() -> Response {
    Redirect::to("/desk?done=moved").into_response()
}

/// The page that says why a step is not possible, what is, and what was typed.
fn refused(
    page: &Page,
    shown: &CasePage,
    (flow, action): (&Workflow, &Action),
    form: &Form,
    refusal: &Refusal,
) -> Result<Response, Oops> {
    let allowed = match refusal {
        Refusal::NotAllowed { allowed, .. } => allowed.as_slice(),
        _ => &[],
    };
    let name = |a: &Action| page.either(&a.name, &a.en).to_owned();
    let fields = action.fields.iter().filter_map(|f| flow.fields.get(&f.code));
    let kept = fields.filter(|f| f.kind.is_text() && !form.get(&f.code).is_empty()).map(|f| Kept {
        label: page.either(&f.label, &f.en).to_owned(),
        text: form.get(&f.code).to_owned(),
    });
    let view = RefusedPage {
        page,
        number: &shown.number,
        title: page.tf("refused.title", &[("action", &name(action))]),
        why: Oops::Refused(refusal.clone()).words(page),
        state: crate::view::state_name(page, &shown.case.workflow, &shown.case.state),
        state_class: super::panels::state_class(page, &shown.case),
        allowed: allowed.iter().filter_map(|code| flow.action(code)).map(name).collect(),
        kept: kept.collect(),
    };
    Ok((StatusCode::CONFLICT, page.show(&view)?).into_response())
}
