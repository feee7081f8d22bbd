//! A case as JSON, from what the store lets this viewer see. Prints; strips nothing, because
//! nothing hidden arrives here.

use crate::{app::App, page::Page, session::LoggedIn};
use domain::{
    case::{AccountId, By, Case, Fact, TaskEnd, is_paused, is_running},
    clock::{Clock, Light},
    decide::{self, Ctx},
    field::{Field, FieldKind, Meaning},
    workflow::{Action, Workflow},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{CasePage, EntryPage, Lamp};

/// The word of a light.
pub(crate) fn light_word(light: Light) -> &'static str {
    match light {
        Light::Green => "green",
        Light::Yellow => "yellow",
        Light::Red => "red",
    }
}

/// The light of a case by its most urgent clock; none once no clock runs.
pub(crate) fn lamp(page: &Page, case: &Case, now: Timestamp) -> Option<Lamp> {
    let pack = &page.pack;
    let live = case.clocks.values().filter(|c| is_running(c) || is_paused(c));
    let clock = live.min_by_key(|c| c.due())?;
    let rules = pack.of(case);
    let light = clock.light(now, rules.lights, &rules.work_time).ok()?;
    Some(Lamp { light, due: clock.due() })
}

/// One line of a list.
pub(crate) fn line(page: &Page, case: &Case, number: &str, summary: &str) -> Value {
    json!({
        "number": number,
        "workflow": case.workflow,
        "state": case.state,
        "state_name": crate::view::state_name(page, &case.workflow, &case.state),
        "unit": case.unit,
        "unit_name": page.unit(&case.unit),
        "category": case.category,
        "grade": case.grade,
        "summary": summary,
        "opened": case.opened.to_string(),
    })
}

/// Names of the colleagues who took part.
pub(crate) type Names = BTreeMap<AccountId, String>;

/// Everything about one case.
pub(crate) fn whole(
    app: &App,
    page: &Page,
    who: &LoggedIn,
    (shown, names): (&CasePage, &Names),
) -> Value {
    let (case, now) = (&shown.case, app.now());
    let flow = page.pack.flow_of(case);
    let summary = shown.text("summary").unwrap_or_default();
    let mut body = line(page, case, &shown.number, summary);
    let light = lamp(page, case, now).map(|l| light_word(l.light));
    let more = json!({
        "version": shown.version,
        "programme": case.programme,
        "channel": case.channel,
        "place": case.place,
        "anonymous": case.anonymous,
        "entered": case.entered.to_string(),
        "handling_unit": case.handling,
        "light": light,
        "flags": case.flags,
        "erased": shown.erased,
        "sensitivity": case.sensitivity(&page.pack).code(),
        "rights": shown.rights.may.iter().map(|r| r.code()).collect::<Vec<_>>(),
        "clocks": case.clocks.values().map(|c| clock(page, case, c, now)).collect::<Vec<_>>(),
        "people": shown.entries.iter().flat_map(|e| people(flow, e)).collect::<Vec<_>>(),
        "timeline": shown.entries.iter().map(|e| entry(page, flow, e, names)).collect::<Vec<_>>(),
        "tasks": case.tasks.iter().map(|t| json!({
            "id": t.id,
            "kind": t.kind,
            "unit": t.unit,
            "unit_name": page.unit(&t.unit),
            "due": t.clock.due().to_string(),
            "end": t.end.map(|end| match end {
                TaskEnd::Answered => "answered",
                TaskEnd::Dropped => "dropped",
            }),
        })).collect::<Vec<_>>(),
        "documents": (1_u32..).zip(&case.documents).map(|(ordinal, template)| json!({
            "ordinal": ordinal,
            "template": template,
        })).collect::<Vec<_>>(),
        "files": shown.files.iter().map(|f| json!({
            "entry": f.seq, "n": f.n, "name": f.name, "kind": f.kind, "size": f.size,
        })).collect::<Vec<_>>(),
        "allowed_actions": allowed(app, page, who, case),
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

/// What this person may do to the case now, and what each step asks for.
fn allowed(app: &App, page: &Page, who: &LoggedIn, case: &Case) -> Vec<Value> {
    let Some(flow) = page.pack.flow_of(case) else { return Vec::new() };
    let actor = who.actor();
    let ctx = Ctx::bare(app.now(), &page.pack, &actor);
    decide::allowed(ctx, case).map(|a| action(page, flow, a)).collect()
}

fn action(page: &Page, flow: &Workflow, action: &Action) -> Value {
    let uses = action.fields.iter();
    let fields = uses.filter_map(|one| Some((flow.fields.get(&one.code)?, one.required)));
    json!({
        "code": action.code,
        "name": page.either(&action.name, &action.en),
        "fields": fields.map(|(f, required)| field(page, f, required)).collect::<Vec<_>>(),
    })
}

fn field(page: &Page, field: &Field, required: bool) -> Value {
    let option = |value: &str, label: &str| json!({ "value": value, "label": label });
    let mut body = json!({
        "code": field.code,
        "label": page.either(&field.label, &field.en),
        "type": kind(&field.kind),
        "required": required,
    });
    match &field.kind {
        FieldKind::Line { max } | FieldKind::Text { max } => body["max"] = json!(max),
        FieldKind::Number { min, max } => {
            body["min"] = json!(min);
            body["max"] = json!(max);
        }
        FieldKind::Choice(options) | FieldKind::Choices(options) => {
            let all = options.iter().map(|o| option(&o.value, page.either(&o.label, &o.en)));
            body["options"] = all.collect();
        }
        FieldKind::Grade => {
            let all = page.pack.risk.grades.iter();
            let all = all.map(|g| option(&g.code, page.either(&g.name, &g.en)));
            body["options"] = all.collect();
        }
        FieldKind::Risk => {
            let all = page.pack.risk.questions.iter();
            let all = all.map(|q| option(&q.code, page.either(&q.text, &q.en)));
            body["options"] = all.collect();
        }
        // The other lists are long and have questions of their own.
        _ => {}
    }
    body
}

fn kind(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Line { .. } => "line",
        FieldKind::Text { .. } => "text",
        FieldKind::Choice(_) => "choice",
        FieldKind::Choices(_) => "choices",
        FieldKind::Channel => "channel",
        FieldKind::Category => "category",
        FieldKind::Grade => "grade",
        FieldKind::Place => "place",
        FieldKind::Unit => "unit",
        FieldKind::Units => "units",
        FieldKind::Case => "case",
        FieldKind::Date => "date",
        FieldKind::Time => "time",
        FieldKind::Number { .. } => "number",
        FieldKind::Flag => "flag",
        FieldKind::Risk => "risk",
        FieldKind::Form => "form",
        FieldKind::Period => "period",
        FieldKind::Figures => "figures",
        FieldKind::Figure => "figure",
        FieldKind::Sample => "sample",
    }
}

fn clock(page: &Page, case: &Case, clock: &Clock, now: Timestamp) -> Value {
    let rules = page.pack.of(case);
    let flow = rules.workflow(&case.workflow);
    let light = clock.light(now, rules.lights, &rules.work_time).ok();
    let state = match clock {
        c if is_running(c) => "running",
        c if is_paused(c) => "paused",
        _ => "stopped",
    };
    json!({
        "code": clock.code(),
        "name": flow.and_then(|f| f.clocks.get(clock.code())).map(|c| page.either(&c.name, &c.en)),
        "state": state,
        "started": clock.started().to_string(),
        "due": clock.due().to_string(),
        "paused_until": clock.resumes_at().map(|t| t.to_string()),
        "extended": clock.extended(),
        "light": light.filter(|_| state != "stopped").map(light_word),
    })
}

/// The people whom an entry names, as far as the viewer sees them.
fn people(flow: Option<&Workflow>, entry: &EntryPage) -> Vec<Value> {
    let mut people = Vec::new();
    for (step, fields) in &entry.texts {
        let mut person = serde_json::Map::new();
        for (code, text) in fields {
            let meaning = flow.and_then(|f| f.fields.get(code)).map(|f| f.meaning);
            let name = match meaning {
                Some(Meaning::Name) => "name",
                Some(Meaning::Phone) => "phone",
                Some(Meaning::IdNumber) => "id_number",
                // A number never to be called must not pass for anything else.
                Some(Meaning::SafeContact) => code.as_str(),
                _ => continue,
            };
            person.insert(name.to_owned(), json!(text));
        }
        if !person.is_empty() {
            let role = given(&entry.facts).and_then(|coded| coded.get("person_role"));
            let role =
                role.map(domain::field::Value::one).or((step == "open").then_some("appellant"));
            person.insert("role".to_owned(), json!(role));
            people.push(Value::Object(person));
        }
    }
    people
}

fn given(facts: &[Fact]) -> Option<&BTreeMap<String, domain::field::Value>> {
    facts.iter().find_map(|fact| match fact {
        Fact::Given { coded, .. } => Some(coded),
        _ => None,
    })
}

fn entry(page: &Page, flow: Option<&Workflow>, entry: &EntryPage, names: &Names) -> Value {
    let by = match &entry.by {
        By::Staff(account, unit) => json!({
            "kind": "staff", "unit": unit, "unit_name": page.unit(unit),
            "name": names.get(account),
        }),
        By::Appellant => json!({ "kind": "appellant" }),
        By::Public => json!({ "kind": "public" }),
        By::System => json!({ "kind": "system" }),
    };
    let acted = entry.facts.iter().filter_map(|fact| match fact {
        Fact::Opened { state, .. } => Some(json!({ "code": "open", "to": state })),
        Fact::Acted { action, from, to } => {
            let known = flow.and_then(|f| f.action(action));
            Some(json!({
                "code": action, "from": from, "to": to,
                "name": known.map(|a| page.either(&a.name, &a.en)),
            }))
        }
        _ => None,
    });
    json!({
        "version": entry.seq,
        "at": entry.at.to_string(),
        "by": by,
        "actions": acted.collect::<Vec<_>>(),
        "fields": given(&entry.facts),
        "texts": entry.texts,
        "hidden": entry.hidden,
    })
}
