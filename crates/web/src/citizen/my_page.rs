//! What the appellant sees of the case, in plain words. Never category, story or place, and no
//! unit either, whose name is a place: the phone may be in other hands.

use super::{
    ErrorLine,
    chosen::KeptView,
    help_page::own,
    my::{RESULT, accepted, is_own, is_rating},
    rights,
};
use crate::{
    app::App,
    error::{Oops, field_words},
    form::{Form, fresh_command},
    page::Page,
    view::{self, FieldView, LightView, field_views},
};
use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    access::Viewer,
    case::{Actor, Case, Fact, is_running},
    clock::{Clock, Light},
    decide::{self, Ctx},
    field::{FieldFault, Meaning},
    refusal::Refusal,
    workflow::{Action, FieldUse, StateKind, Tone, Workflow},
};
use store::CasePage;

/// The document by which an answer becomes the answer of the federation.
const ANSWER: &str = "answer_letter";
/// Documents that are written to the appellant; all others are for offices.
const PAPERS: &[&str] =
    &["accept_notice", "reject_notice", "extension_notice", "suspension_notice", ANSWER];
/// The deadline that is told to the appellant.
const OVERALL: &str = "overall";
/// The field through which more can be told, and shown with files.
const STORY: &str = "narrative";

/// What was sent and could not be taken; empty when the page is only looked at.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Action of the form.
    pub(super) action: String,
    /// What was typed.
    pub(super) form: Form,
    /// Fields to be mended.
    pub(super) faults: Vec<FieldFault>,
    /// Another refusal.
    pub(super) oops: Option<Oops>,
    /// Files that wait for the form to be sent.
    pub(super) kept: Vec<KeptView>,
}

/// A step of the progress bar.
struct Mark<'a> {
    name: &'a str,
    done: bool,
    now: bool,
}

/// A deadline.
struct Due<'a> {
    name: &'a str,
    day: String,
    light: LightView,
    bar: &'static str,
    used: i64,
}

/// Something that happened.
struct Event {
    words: String,
    at: String,
    machine: String,
}

/// A form for an action.
struct ActForm<'a> {
    code: &'a str,
    name: &'a str,
    note: &'a str,
    command: String,
    fields: Vec<FieldView>,
    files: bool,
    kept: Vec<KeptView>,
    open: bool,
    danger: bool,
}

#[derive(Template)]
#[template(path = "citizen/my.html")]
struct MyPage<'a> {
    page: &'a Page,
    number: &'a str,
    updated: String,
    heading: &'a str,
    lead: &'a str,
    marks: Vec<Mark<'a>>,
    dues: Vec<Due<'a>>,
    pause: String,
    events: Vec<Event>,
    open: bool,
    answer: Vec<String>,
    papers: Vec<&'a str>,
    rating: Option<ActForm<'a>>,
    rating_again: bool,
    acts: Vec<ActForm<'a>>,
    errors: Vec<ErrorLine>,
    refused: String,
    allowed: Vec<&'a str>,
    kept: Vec<String>,
    rights: rights::Section,
}

/// Shows the status page, with what could not be taken.
pub(super) async fn show(
    app: &App,
    page: &Page,
    case: &CasePage,
    said: &Said,
) -> Result<Response, Oops> {
    let flow = page.pack.flow_of(&case.case).ok_or(Oops::NotFound)?;
    let actor = Actor::Appellant(case.case.id);
    let ctx = Ctx::bare(app.now(), &page.pack, &actor);
    let allowed: Vec<&Action> = decide::allowed(ctx, &case.case).collect();
    let (ratings, others): (Vec<&Action>, Vec<&Action>) =
        allowed.iter().copied().filter(|a| is_own(a)).partition(|a| is_rating(a));
    let answer = match answer_of(flow, case) {
        Some(own) => own,
        None => main_answer(app, page, case).await?.unwrap_or_default(),
    };
    let state = flow.state(&case.case.state);
    let open = case.case.is_open(&page.pack);
    let may = |code: &str| allowed.iter().any(|a| a.code == code);
    let refusal = matches!(said.oops, Some(Oops::Refused(_)));
    let view = MyPage {
        page,
        number: &case.number,
        updated: case.entries.last().map_or(String::new(), |e| view::clock_time(page, e.at)),
        heading: state.map_or("", |s| page.either(&s.public, &s.public_en)),
        lead: page.t(lead(open, &ratings, &others)),
        marks: marks(page, flow, case, open),
        dues: dues(app, page, flow, &case.case),
        pause: pause(page, &case.case),
        events: events(page, flow, case),
        open,
        answer: answer.lines().map(str::to_owned).filter(|l| !l.trim().is_empty()).collect(),
        papers: papers(page, &case.case),
        rating: rating(page, flow, &ratings, said),
        rating_again: !ratings.is_empty() && ratings.iter().all(|a| !accepted(a, "1")),
        acts: others.iter().map(|a| act_form(page, flow, a, &a.fields, said)).collect(),
        errors: errors(page, said),
        refused: said.oops.as_ref().map_or(String::new(), |o| o.words(page)),
        allowed: if refusal { names(page, &allowed) } else { Vec::new() },
        rights: rights::section(page, case, app.now()),
        kept: if may(&said.action) { Vec::new() } else { typed(flow, said) },
    };
    Ok((status(said), page.show(&view)?).into_response())
}

fn names<'a>(page: &'a Page, actions: &[&'a Action]) -> Vec<&'a str> {
    actions.iter().map(|a| page.either(&a.name, &a.en)).collect()
}

fn status(said: &Said) -> StatusCode {
    match &said.oops {
        Some(Oops::Refused(Refusal::NotAllowed { .. })) => StatusCode::CONFLICT,
        Some(Oops::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        None if said.faults.is_empty() => StatusCode::OK,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn lead(open: bool, ratings: &[&Action], others: &[&Action]) -> &'static str {
    if !ratings.is_empty() {
        "my.lead.rate"
    } else if open {
        "my.lead.wait"
    } else if others.is_empty() {
        "my.lead.end"
    } else {
        "my.lead.closed"
    }
}

/// The answer, once it is the federation's: given on the spot, or approved and issued.
fn answer_of(flow: &Workflow, case: &CasePage) -> Option<String> {
    let is_answer =
        |field: &str| flow.fields.get(field).is_some_and(|f| f.meaning == Meaning::Answer);
    let told = |action: &str| flow.action(action).is_some_and(|a| !a.public.is_empty());
    let issued = case.entries.iter().rposition(|e| e.facts.iter().any(issues_answer));
    case.entries.iter().enumerate().rev().find_map(|(n, entry)| {
        let mut texts = entry.texts.iter().flat_map(|(a, t)| t.iter().map(move |(f, t)| (a, f, t)));
        let (_, _, text) = texts.find(|(action, field, _)| {
            is_answer(field) && (told(action) || issued.is_some_and(|at| n <= at))
        })?;
        Some(text.clone())
    })
}

fn issues_answer(fact: &Fact) -> bool {
    matches!(fact, Fact::Issued { template, .. } if template == ANSWER)
}

/// Whoever was merged into another case gets the same answer, and nothing else of that case.
async fn main_answer(app: &App, page: &Page, case: &CasePage) -> Result<Option<String>, Oops> {
    let merged =
        case.case.deeds.iter().rev().find(|d| matches!(d.action.as_str(), "merge" | "unmerge"));
    let Some(main) = case.case.main_case().filter(|_| merged.is_some_and(|d| d.action == "merge"))
    else {
        return Ok(None);
    };
    let main = app.store().case_by_id(&page.pack, &Viewer::System, main).await?;
    Ok(main.and_then(|m| answer_of(page.pack.flow_of(&m.case)?, &m)))
}

/// Received, accepted, in progress, answered, rated: as far as this round has come.
fn marks<'a>(page: &'a Page, flow: &Workflow, case: &CasePage, open: bool) -> Vec<Mark<'a>> {
    let begins = |fact: &Fact| match fact {
        Fact::Flagged { flag } => flag == "reopened",
        Fact::Acted { from, to, .. } => {
            let is_open = |s: &str| flow.state(s).is_none_or(domain::workflow::State::is_open);
            !is_open(from) && is_open(to)
        }
        _ => false,
    };
    let last = |wanted: &dyn Fn(&Fact) -> bool| {
        case.entries.iter().rposition(|e| e.facts.iter().any(wanted))
    };
    let told = |f: &Fact| matches!(f, Fact::Acted { action, .. } if action == "answer_on_spot");
    let round = last(&begins);
    let answered = last(&|f| issues_answer(f) || told(f)) > round;
    let handled = case.case.handling.is_some();
    let accepted = handled || case.case.clocks.contains_key(OVERALL);
    let reached = [true, accepted, handled, answered, !open];
    let now = if open { reached.iter().position(|r| !r) } else { None };
    [
        "my.mark.received",
        "my.mark.accepted",
        "my.mark.handling",
        "my.mark.answered",
        "my.mark.rated",
    ]
    .into_iter()
    .enumerate()
    .map(|(n, key)| Mark {
        name: page.t(key),
        done: now.map_or(reached[n], |now| n < now),
        now: now == Some(n),
    })
    .collect()
}

fn dues<'a>(app: &App, page: &'a Page, flow: &Workflow, case: &Case) -> Vec<Due<'a>> {
    let stage = match flow.state(&case.state).map(|s| &s.kind) {
        Some(StateKind::Open { clock, .. }) => Some(clock.as_str()),
        _ => None,
    };
    let running = |code: &str| case.clocks.get(code).filter(|c| is_running(c));
    let overall = running(OVERALL).map(|c| due(app, page, "my.due.overall", c));
    let stage = stage.filter(|code| *code != OVERALL).and_then(running);
    let stage = stage.map(|c| due(app, page, "my.due.stage", c));
    overall.into_iter().chain(stage).collect()
}

fn due<'a>(app: &App, page: &'a Page, key: &'a str, clock: &Clock) -> Due<'a> {
    let now = app.now();
    // Without the calendar of the year there is no yellow, but red is red.
    let light = clock.light(now, page.pack.lights, &page.pack.work_time);
    let light = light.unwrap_or(if now >= clock.due() { Light::Red } else { Light::Green });
    let (from, to) = (clock.started().as_second(), clock.due().as_second());
    let used = (now.as_second() - from) * 100 / (to - from).max(1);
    Due {
        name: page.t(key),
        day: view::clock_time(page, clock.due()),
        light: LightView::new(page, light, clock.due(), now),
        bar: match light {
            Light::Green => "",
            Light::Yellow => "yellow",
            Light::Red => "red",
        },
        used: used.clamp(0, 100),
    }
}

fn pause(page: &Page, case: &Case) -> String {
    let until = case.clocks.values().find_map(Clock::resumes_at);
    until.map_or(String::new(), |at| page.tf("my.pause", &[("day", &view::day(page, at))]))
}

/// What happened, as far as the pack has words for residents.
fn events(page: &Page, flow: &Workflow, case: &CasePage) -> Vec<Event> {
    let mut events = Vec::new();
    for entry in &case.entries {
        for fact in &entry.facts {
            let words = match fact {
                Fact::Opened { .. } => page.t("my.event.opened"),
                Fact::Acted { action, .. } => match flow.action(action) {
                    Some(a) if !a.public.is_empty() => page.either(&a.public, &a.public_en),
                    _ => continue,
                },
                _ => continue,
            };
            events.push(Event {
                words: words.to_owned(),
                at: view::clock_time(page, entry.at),
                machine: entry.at.to_string(),
            });
        }
    }
    events
}

fn papers<'a>(page: &'a Page, case: &Case) -> Vec<&'a str> {
    let known = |code: &String| PAPERS.iter().position(|p| p == code);
    let keys = [
        "my.paper.accept",
        "my.paper.reject",
        "my.paper.extension",
        "my.paper.pause",
        "my.paper.answer",
    ];
    let issued = case.documents.iter().filter_map(known);
    issued.filter_map(|n| keys.get(n)).map(|key| page.t(key)).collect()
}

/// One form for both ratings: the answer decides which action it becomes.
fn rating<'a>(
    page: &'a Page,
    flow: &Workflow,
    ratings: &[&'a Action],
    said: &Said,
) -> Option<ActForm<'a>> {
    let first = ratings.first()?;
    let mut form = act_form(page, flow, first, &first.fields, said);
    form.open = ratings.iter().any(|a| a.code == said.action);
    for field in form.fields.iter_mut().filter(|f| f.code == RESULT) {
        field.options.retain(|o| ratings.iter().any(|a| accepted(a, &o.value)));
    }
    Some(form)
}

fn act_form<'a>(
    page: &'a Page,
    flow: &Workflow,
    action: &'a Action,
    uses: &[FieldUse],
    said: &Said,
) -> ActForm<'a> {
    let nothing = (Form::default(), Vec::new());
    let mine = said.action == action.code
        || (is_rating(action) && matches!(said.action.as_str(), "rate" | "rate_dissatisfied"));
    let (form, faults) = if mine { (&said.form, &said.faults) } else { (&nothing.0, &nothing.1) };
    let prefix = format!("{}-", action.code);
    let mut fields = field_views(page, flow, uses, &prefix, (form, faults));
    for field in &mut fields {
        let (label, hint) =
            (format!("my.label.{}.{}", action.code, field.code), format!("my.hint.{}", field.code));
        if let Some(words) = own(page, &label) {
            words.clone_into(&mut field.label);
        }
        own(page, &hint).unwrap_or_default().clone_into(&mut field.help);
    }
    ActForm {
        code: &action.code,
        name: page.either(&action.name, &action.en),
        note: note(page, action),
        // Files wait under the id of the form; a refused one has done nothing and may keep it.
        command: Some(form.get("command").to_owned())
            .filter(|id| !id.is_empty())
            .unwrap_or_else(fresh_command),
        fields,
        files: action.fields.iter().any(|u| u.code == STORY),
        kept: if mine { said.kept.clone() } else { Vec::new() },
        open: mine,
        danger: action.tone == Tone::Danger || action.code == "request_withdrawal",
    }
}

fn note<'a>(page: &'a Page, action: &Action) -> &'a str {
    match action.code.as_str() {
        "supplement" => page.t("my.note.supplement"),
        "request_withdrawal" => page.t("my.note.withdrawal"),
        "reopen" => page.t("my.note.reopen"),
        "set_contact" => page.t("my.note.set_contact"),
        _ => "",
    }
}

fn errors(page: &Page, said: &Said) -> Vec<ErrorLine> {
    let line = |f: &FieldFault| ErrorLine {
        anchor: format!("{}-{}", said.action, f.field),
        words: field_words(page, f),
    };
    said.faults.iter().map(line).collect()
}

/// What was typed into a form that is no longer there.
fn typed(flow: &Workflow, said: &Said) -> Vec<String> {
    let action = flow.action(&said.action);
    let fields = action.into_iter().flat_map(|a| &a.fields);
    fields
        .filter(|u| flow.fields.get(&u.code).is_some_and(|f| f.kind.is_text()))
        .map(|u| said.form.get(&u.code).to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}
