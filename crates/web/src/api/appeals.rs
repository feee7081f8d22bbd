//! Appeals of residents: sending one, and following it with number and receipt.

use super::{
    GUESSES,
    body::{Object, Sent, fault},
    idempotency::is_same,
};
use crate::{
    app::App, edge::Visitor, error::Oops, pace::Pace, page::Page, session, throttle::Throttle,
};
use axum::{
    Extension, Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    access::Viewer,
    case::{Actor, Case, Fact, is_paused, is_running},
    field::{self, Checked, Meaning, Raw, Why},
    pack::Pack,
    refusal::Refusal,
    workflow::Workflow,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{CasePage, NewCase};

/// The workflow of appeals.
pub(crate) const APPEAL: &str = "appeal";

const TEXTS: &[&str] = &[
    "channel",
    "category",
    "summary",
    "narrative",
    "place",
    "address",
    "relation",
    "contact.name",
    "contact.phone",
    "contact.safe_contact",
];

/// An appeal as it is sent. Every field may be missing or null; the check says which must not.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Appeal {
    channel: Option<String>,
    category: Option<String>,
    summary: Option<String>,
    narrative: Option<String>,
    place: Option<String>,
    address: Option<String>,
    relation: Option<String>,
    anonymous: Option<bool>,
    contact: Option<Object<Contact>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Contact {
    name: Option<String>,
    phone: Option<String>,
    #[serde(rename = "safe_contact")]
    safely: Option<String>,
}

/// What the sender must keep.
#[derive(Serialize)]
struct Kept {
    number: String,
    receipt: String,
    status_url: String,
}

pub(crate) async fn create(
    State(app): State<App>,
    (visitor, headers): (Visitor, HeaderMap),
    sent: Sent,
) -> Result<Response, Oops> {
    let who = session::by_token(&app, &headers).await?;
    let pack = app.pack();
    let flow = pack.workflow(APPEAL).ok_or(Oops::NotFound)?;
    let read = || sent.read::<Appeal>(TEXTS)?.check(&pack, flow, who.is_none());
    let given = read()?;
    if who.is_none() {
        let alarm = given.texts.values().any(|text| pack.risk.is_emergency(text));
        let rate = if alarm { Pace::Alarm } else { Pace::Appeal };
        rate.take(&app, visitor)?;
    }
    let actor = who.as_ref().map_or(Actor::Public, session::LoggedIn::actor);
    let command = super::command(&headers, "appeals", &actor)?;
    let receipt = app.store().receipt_for(&command);
    let new = NewCase {
        command,
        actor,
        workflow: APPEAL.to_owned(),
        programme: None,
        given,
        then: Vec::new(),
        files: Vec::new(),
        receipt: receipt.clone(),
        imported: None,
    };
    let opened = app.store().open_case(&pack, app.now(), new).await?;
    if opened.done.repeated {
        same_opening(&app, &pack, opened.done.case, &[("open", &read()?)]).await?;
    }
    let number = opened.number;
    let status_url = format!("/api/v1/appeals/track?number={number}");
    let location = [(header::LOCATION, status_url.clone())];
    let body = Json(Kept { number, receipt, status_url });
    Ok((StatusCode::CREATED, location, body).into_response())
}

/// A repeated key is answered only when it comes with what it came with first.
///
/// # Errors
/// [`Oops::Misused`] when it does not.
pub(crate) async fn same_opening(
    app: &App,
    pack: &Pack,
    case: i64,
    steps: &[(&str, &Checked)],
) -> Result<(), Oops> {
    let first = app.store().case_by_id(pack, &Viewer::System, case).await?;
    let same = first.is_some_and(|p| p.entries.first().is_some_and(|e| is_same(e, steps)));
    if same { Ok(()) } else { Err(Oops::Misused) }
}

impl Appeal {
    /// The check of the workflow, and what a resident may not choose.
    fn check(self, pack: &Pack, flow: &Workflow, public: bool) -> Result<Checked, Oops> {
        let mut faults = Vec::new();
        if public {
            let open_channel = |c: &String| pack.channels.get(c).is_some_and(|c| c.public);
            let open_category = |c: &String| pack.categories.get(c).is_some_and(|c| c.public);
            let filled = |v: &&String| !v.trim().is_empty();
            if self.channel.as_ref().filter(filled).is_some_and(|c| !open_channel(c)) {
                faults.push(fault("channel", Why::NotAnOption));
            }
            if self.category.as_ref().filter(filled).is_some_and(|c| !open_category(c)) {
                faults.push(fault("category", Why::NotAnOption));
            }
        }
        let free_place = self.place.as_ref().is_some_and(|p| pack.regions.get(p.trim()).is_none());
        let raw = self.raw(free_place);
        let checked = field::check(pack, flow, &flow.opening.fields, &raw);
        if let Err(more) = &checked {
            for one in more {
                let name = api_name(&one.field, free_place);
                if faults.iter().all(|f| f.field != name) {
                    faults.push(field::FieldFault { field: name.to_owned(), ..one.clone() });
                }
            }
        }
        match checked {
            Ok(checked) if faults.is_empty() => Ok(checked),
            _ => Err(Refusal::Fields(faults).into()),
        }
    }

    fn raw(self, free_place: bool) -> Raw {
        let contact = self.contact.map_or_else(Contact::default, |c| c.0);
        // A place in words cannot route a case, but it must not be lost either.
        let (place, address) = if free_place {
            let both = [self.place, self.address].into_iter().flatten();
            (None, Some(both.collect::<Vec<_>>().join(" ")))
        } else {
            (self.place, self.address)
        };
        let anonymous = self.anonymous.map(|yes| if yes { "yes" } else { "no" }.to_owned());
        let fields = [
            ("channel", self.channel),
            ("category", self.category),
            ("summary", self.summary),
            ("narrative", self.narrative),
            ("place", place),
            ("address", address),
            ("relation", self.relation),
            ("anonymous", anonymous),
            ("contact_name", contact.name),
            ("contact_phone", contact.phone),
            ("safe_contact", contact.safely),
        ];
        let filled = fields.into_iter().filter_map(|(code, value)| Some((code, value?)));
        filled.map(|(code, value)| (code.to_owned(), vec![value])).collect()
    }
}

/// The name under which a field of the workflow is sent here.
fn api_name(field: &str, free_place: bool) -> &str {
    match field {
        "contact_name" => "contact.name",
        "contact_phone" => "contact.phone",
        "safe_contact" => "contact.safe_contact",
        "address" if free_place => "place",
        other => other,
    }
}

#[derive(Deserialize)]
pub(crate) struct Ticket {
    #[serde(default)]
    number: String,
    #[serde(default)]
    receipt: String,
}

pub(crate) async fn track(
    State(app): State<App>,
    Extension(throttle): Extension<Arc<Throttle>>,
    (words, visitor): (Page, Visitor),
    Query(ticket): Query<Ticket>,
) -> Result<Json<Value>, Oops> {
    if ticket.number.is_empty() || ticket.receipt.is_empty() {
        return Err(Oops::Bad("api.both_needed"));
    }
    Pace::LookUp.take(&app, visitor)?;
    let (pack, now) = (&words.pack, app.now());
    let found = app.store().track(pack, &ticket.number, &ticket.receipt).await?;
    // The right receipt is let in even while somebody else is guessing.
    let Some(case) = found else {
        if throttle.wait(&ticket.number, GUESSES, now).is_some() {
            return Err(Oops::Plain(StatusCode::TOO_MANY_REQUESTS, "error.too_often"));
        }
        throttle.wrong(&ticket.number, now);
        return Err(Oops::NotFound);
    };
    let viewer = Viewer::Appellant(case);
    let page = app.store().case_by_id(pack, &viewer, case).await?.ok_or(Oops::NotFound)?;
    Ok(Json(progress(&words, &page)))
}

/// What the appellant is told.
fn progress(words: &Page, page: &CasePage) -> Value {
    let (pack, case) = (&words.pack, &page.case);
    let flow = pack.flow_of(case);
    let state = flow.and_then(|f| f.state(&case.state));
    let updated = page.entries.last().map_or(case.opened, |e| e.at);
    json!({
        "number": page.number,
        "state": state.map_or("", |s| words.either(&s.public, &s.public_en)),
        "open": case.is_open(pack),
        "opened": case.opened.to_string(),
        "updated": updated.to_string(),
        "due": case.clocks.get("overall").map(|c| c.due().to_string()),
        "clocks": live_clocks(words, flow, case),
        "timeline": timeline(words, flow, page),
        "answer": flow.and_then(|f| answer(f, page)),
    })
}

fn live_clocks(words: &Page, flow: Option<&Workflow>, case: &Case) -> Vec<Value> {
    let live = case.clocks.values().filter(|c| is_running(c) || is_paused(c));
    live.map(|clock| {
        let name =
            flow.and_then(|f| f.clocks.get(clock.code())).map(|c| words.either(&c.name, &c.en));
        json!({
            "code": clock.code(),
            "name": name,
            "due": clock.due().to_string(),
            "paused_until": clock.resumes_at().map(|t| t.to_string()),
        })
    })
    .collect()
}

fn timeline(words: &Page, flow: Option<&Workflow>, page: &CasePage) -> Vec<Value> {
    let Some(flow) = flow else { return Vec::new() };
    let facts = page.entries.iter().flat_map(|e| e.facts.iter().map(move |f| (e.at, f)));
    facts
        .filter_map(|(at, fact)| {
            let text = match fact {
                Fact::Opened { state, .. } => {
                    let state = flow.state(state)?;
                    words.either(&state.public, &state.public_en)
                }
                Fact::Acted { action, .. } => {
                    let action = flow.action(action)?;
                    words.either(&action.public, &action.public_en)
                }
                _ => return None,
            };
            (!text.is_empty()).then(|| json!({ "at": at.to_string(), "text": text }))
        })
        .collect()
}

/// The newest answer that has left the house: the step that wrote it, or the next step that moved
/// the case on, is one that the resident is told of. A draft that was sent back is not.
fn answer<'a>(flow: &Workflow, page: &'a CasePage) -> Option<&'a str> {
    let is_answer =
        |code: &String| flow.fields.get(code).is_some_and(|f| f.meaning == Meaning::Answer);
    let told = |action: &str| flow.action(action).is_some_and(|a| !a.public.is_empty());
    let mut next_move_is_told = false;
    for entry in page.entries.iter().rev() {
        let acted = |fact: &'a Fact| match fact {
            Fact::Acted { action, from, to } => Some((action.as_str(), from != to)),
            _ => None,
        };
        for (action, moved) in entry.facts.iter().rev().filter_map(acted) {
            let text = entry.texts.get(action).into_iter().flatten().find(|(c, _)| is_answer(c));
            if let Some((_, text)) = text.filter(|_| told(action) || next_move_is_told) {
                return Some(text);
            }
            if moved {
                next_move_is_told = told(action);
            }
        }
    }
    None
}
