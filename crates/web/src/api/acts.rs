//! Opening and moving cases, for staff programs. The fields are those that the pack asks for.

use super::{
    appeals::same_opening,
    body::{Object, Sent, fault},
    idempotency::is_same,
};
use crate::{app::App, error::Oops, session::LoggedIn};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    access::Viewer,
    case::Case,
    decide::{self, Ctx, Step},
    field::{self, Checked, FieldFault, Raw, Why},
    pack::Pack,
    refusal::{Bar, Refusal},
    workflow::{FieldUse, Workflow},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{Act, NewCase};

/// The most values of a field, and the most steps after an opening.
const MOST: usize = 64;

pub(crate) async fn act(
    State(app): State<App>,
    who: LoggedIn,
    Path((number, action)): Path<(String, String)>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Json<Value>, Oops> {
    let (pack, now, actor) = (app.pack(), app.now(), who.actor());
    let shown = app.store().case(&pack, &who.viewer(), &number).await?.ok_or(Oops::NotFound)?;
    let flow = pack.flow_of(&shown.case).ok_or(Oops::NotFound)?;
    let command = super::command(&headers, "act", &actor)?;
    let body: Map<String, Value> = sent.read(&[])?;
    // Once done, a step is often no longer allowed; its repetition must still be recognised.
    let done_before = headers.contains_key("idempotency-key");
    let known = flow.action(&action);
    if !done_before || known.is_none() {
        allowed(Ctx::bare(now, &pack, &actor), &shown.case, &action)?;
    }
    let uses = known.map_or(&[][..], |a| &a.fields);
    let given = match check(&pack, flow, uses, &body) {
        Ok(given) => given,
        // What cannot be done at all need not be filled in better first.
        Err(faults) => {
            allowed(Ctx::bare(now, &pack, &actor), &shown.case, &action)?;
            return Err(Refusal::Fields(faults).into());
        }
    };
    let steps = vec![Step { action: action.clone(), given: given.clone() }];
    let case = shown.case.id;
    let act = Act { command, actor, case, steps, files: Vec::new() };
    let done = app.store().act(&pack, now, act).await?;
    let after = app.store().case_by_id(&pack, &Viewer::System, case).await?;
    let after = after.ok_or(Oops::NotFound)?;
    if done.repeated {
        let entry = after.entries.iter().find(|e| e.seq == done.seq);
        if !entry.is_some_and(|e| is_same(e, &[(&action, &given)])) {
            return Err(Oops::Misused);
        }
    }
    Ok(Json(json!({
        "number": after.number, "state": after.case.state, "version": after.version,
    })))
}

/// Whether the action may be done, judged before its fields are.
fn allowed(ctx: Ctx<'_>, case: &Case, code: &str) -> Result<(), Oops> {
    let flow = ctx.pack.flow_of(case);
    let bar = match flow.and_then(|f| f.action(code)) {
        Some(action) => decide::permit(ctx, case, action, None).err(),
        None => Some(Bar::State),
    };
    let Some(why) = bar else { return Ok(()) };
    let allowed = decide::allowed(ctx, case).map(|a| a.code.clone()).collect();
    Err(Refusal::NotAllowed { action: code.to_owned(), why, allowed }.into())
}

#[derive(Deserialize)]
struct Opening {
    workflow: String,
    #[serde(default)]
    programme: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    then: Vec<Object<Next>>,
}

#[derive(Deserialize)]
struct Next {
    action: String,
    #[serde(default)]
    fields: Map<String, Value>,
}

pub(crate) async fn open(
    State(app): State<App>,
    who: LoggedIn,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Response, Oops> {
    let (pack, now, actor) = (app.pack(), app.now(), who.actor());
    let opening: Opening = sent.read(&["workflow", "programme"])?;
    let (given, then) = opening.check(&pack)?;
    let command = super::command(&headers, "open", &actor)?;
    let receipt = app.store().receipt_for(&command);
    let new = NewCase {
        command,
        actor,
        workflow: opening.workflow,
        programme: opening.programme,
        given: given.clone(),
        then: then.clone(),
        files: Vec::new(),
        receipt: receipt.clone(),
        imported: None,
    };
    let opened = app.store().open_case(&pack, now, new).await?;
    if opened.done.repeated {
        let mut steps = vec![("open", &given)];
        steps.extend(then.iter().map(|s| (s.action.as_str(), &s.given)));
        same_opening(&app, &pack, opened.done.case, &steps).await?;
    }
    let after = app.store().case_by_id(&pack, &Viewer::System, opened.done.case).await?;
    let after = after.ok_or(Oops::NotFound)?;
    let location = [(header::LOCATION, format!("/api/v1/cases/{}", opened.number))];
    let body = json!({
        "number": opened.number, "receipt": receipt,
        "state": after.case.state, "version": after.version,
    });
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

impl Opening {
    fn check(&self, pack: &Pack) -> Result<(Checked, Vec<Step>), Oops> {
        let not_one = |name: &str| Oops::from(Refusal::Fields(vec![fault(name, Why::NotAnOption)]));
        let flow = pack.workflow(&self.workflow).ok_or_else(|| not_one("workflow"))?;
        let fits = |p: &String| pack.programmes.get(p).is_some_and(|p| p.workflow == flow.code);
        if self.programme.as_ref().is_some_and(|p| !fits(p)) {
            return Err(not_one("programme"));
        }
        if self.then.len() > MOST {
            return Err(not_one("then"));
        }
        let given =
            check(pack, flow, &flow.opening.fields, &self.fields).map_err(Refusal::Fields)?;
        let step = |Object(next): &Object<Next>| {
            let action = flow.action(&next.action).ok_or_else(|| not_one("then"))?;
            let given = check(pack, flow, &action.fields, &next.fields).map_err(Refusal::Fields)?;
            Ok::<_, Oops>(Step { action: action.code.clone(), given })
        };
        let then = self.then.iter().map(step).collect::<Result<_, _>>()?;
        Ok((given, then))
    }
}

/// The fields of a JSON object, checked against what a step asks for.
fn check(
    pack: &Pack,
    flow: &Workflow,
    uses: &[FieldUse],
    body: &Map<String, Value>,
) -> Result<Checked, Vec<FieldFault>> {
    let mut raw = Raw::new();
    let mut faults = Vec::new();
    for (name, value) in body {
        match values(value) {
            Some(values) if values.is_empty() => {}
            Some(values) => drop(raw.insert(name.clone(), values)),
            None => faults.push(fault(name, Why::Unreadable)),
        }
    }
    match field::check(pack, flow, uses, &raw) {
        Ok(checked) if faults.is_empty() => Ok(checked),
        Ok(_) => Err(faults),
        Err(more) => {
            // A value that could not even be read is not also missing.
            let unread: Vec<_> = faults.iter().map(|f| f.field.clone()).collect();
            faults.extend(more.into_iter().filter(|f| !unread.contains(&f.field)));
            Err(faults)
        }
    }
}

/// One value as the check takes it: text, number and yes or no as they are, lists as several, the
/// answers to the danger questions as `question=answer`.
fn values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(all) if all.len() <= MOST => all.iter().map(one).collect(),
        Value::Object(all) if all.len() <= MOST => all
            .iter()
            .map(|(question, answer)| Some(format!("{question}={}", answer.as_str()?)))
            .collect(),
        Value::Array(_) | Value::Object(_) => None,
        value => one(value).map(|v| vec![v]),
    }
}

fn one(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        _ => None,
    }
}
