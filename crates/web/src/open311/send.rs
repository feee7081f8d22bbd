//! Sending a request: it becomes an appeal like any other.

use super::{
    keys,
    node::{Format, Node},
    offers::find,
};
use crate::{api, app::App, edge::Visitor, error::Oops, form::Form, pace::Pace, page::Page};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};
use domain::{
    case::Actor,
    field::{self, FieldFault, Raw, Why},
    refusal::Refusal,
};
use packs::{Attribute, Datatype, Offer, Timing};
use store::NewCase;

/// The channel by which such appeals arrive.
const CHANNEL: &str = "web";

pub(super) async fn create(
    State(app): State<App>,
    visitor: Visitor,
    uri: Uri,
    page: Page,
    headers: HeaderMap,
    form: Result<Form, Oops>,
) -> Result<Response, Oops> {
    // Whoever sends nothing at all is told first that a key is missing, as the standard asks.
    let form = match form {
        Err(_) if !headers.contains_key(header::CONTENT_TYPE) => Form::default(),
        form => form?,
    };
    Pace::Partner.take(&app, visitor)?;
    if !keys::is_known(form.get("api_key"), !app.demo().is_empty()) {
        return Err(Oops::Plain(StatusCode::FORBIDDEN, "open311.key"));
    }
    let (city, pack, now) = (app.city(), app.pack(), app.now());
    if form.get("service_code").is_empty() {
        return Err(Refusal::Fields(vec![fault("service_code", Why::Missing)]).into());
    }
    let service = find(&city.services, form.get("service_code"))?;
    let flow = pack.workflow(api::APPEAL).ok_or(Oops::NotFound)?;
    let raw = raw(&page, service, &form)?;
    let given = field::check(&pack, flow, &flow.opening.fields, &raw)
        .map_err(|faults| Refusal::Fields(faults.into_iter().map(renamed).collect()))?;
    let kind = format!("open311 {}", form.get("api_key"));
    let command = api::command(&headers, &kind, &Actor::Public)?;
    let mut new = NewCase {
        command,
        actor: Actor::Public,
        workflow: api::APPEAL.to_owned(),
        programme: None,
        given,
        then: Vec::new(),
        files: Vec::new(),
        receipt: app.store().receipt_for(&command),
        imported: None,
    };
    new.requested(&pack, now, &service.code);
    let given = new.given.clone();
    let opened = app.store().open_case(&pack, now, new).await?;
    if opened.done.repeated {
        api::same_opening(&app, &pack, opened.done.case, &[("open", &given)]).await?;
    }
    let token = format!("{:032x}", u128::from_be_bytes(command));
    let mut answer = match service.kind {
        Timing::Realtime => vec![("service_request_id", Node::text(opened.number))],
        Timing::Batch => vec![("token", Node::text(token))],
        Timing::Blackbox => Vec::new(),
    };
    answer.push(("service_notice", Node::text(page.t("open311.notice"))));
    answer.push(("account_id", Node::Nothing));
    let all = Node::List("request", vec![Node::Map(answer)]);
    Ok(Format::of(uri.path()).print("service_requests", &all))
}

/// The fields of the appeal that a request becomes.
fn raw(page: &Page, service: &Offer, form: &Form) -> Result<Raw, Oops> {
    let mut faults = Vec::new();
    let mut story = vec![form.get("description").to_owned()];
    for one in service.attributes.iter().filter(|a| a.variable) {
        match answer(form, one) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => story.push(format!("{}：{text}", one.description)),
            Err(why) => faults.push(fault(&format!("attribute[{}]", one.code), why)),
        }
    }
    let (lat, long) = (form.get("lat"), form.get("long"));
    if !lat.is_empty() || !long.is_empty() {
        faults.extend(degrees("lat", lat, 90.0).err());
        faults.extend(degrees("long", long, 180.0).err());
        story.push(page.tf("open311.place", &[("lat", lat), ("long", long)]));
    }
    if !form.get("media_url").is_empty() {
        story.push(page.tf("open311.media", &[("url", form.get("media_url"))]));
    }
    if !faults.is_empty() {
        return Err(Refusal::Fields(faults).into());
    }
    story.retain(|part| !part.trim().is_empty());
    let name = format!("{} {}", form.get("last_name"), form.get("first_name"));
    let fields = [
        ("channel", CHANNEL.to_owned()),
        ("category", service.category.clone()),
        ("summary", service.name.clone()),
        ("narrative", story.join("\n")),
        ("address", form.get("address_string").to_owned()),
        ("contact_name", name),
        ("contact_phone", form.get("phone").to_owned()),
        ("safe_contact", form.get("email").to_owned()),
    ];
    Ok(fields.into_iter().map(|(code, value)| (code.to_owned(), vec![value])).collect())
}

/// What was answered to a question of the service, in words.
fn answer(form: &Form, one: &Attribute) -> Result<String, Why> {
    let names = [format!("attribute[{}]", one.code), format!("attribute[{}][]", one.code)];
    let given = names.iter().flat_map(|n| form.all(n)).map(|v| v.trim()).filter(|v| !v.is_empty());
    let given: Vec<&str> = given.collect();
    if given.is_empty() {
        return if one.required { Err(Why::Missing) } else { Ok(String::new()) };
    }
    if given.len() > 1 && one.datatype != Datatype::MultiValueList {
        return Err(Why::NotAnOption);
    }
    if matches!(one.datatype, Datatype::Number) && !given.iter().all(|v| is_number(v)) {
        return Err(Why::NotANumber { min: i64::MIN, max: i64::MAX });
    }
    if one.values.is_empty() {
        return Ok(given.join(" "));
    }
    let name = |key: &&str| {
        let option = one.values.iter().find(|v| v.key == *key);
        option.map(|v| v.name.clone()).ok_or(Why::NotAnOption)
    };
    Ok(given.iter().map(name).collect::<Result<Vec<_>, _>>()?.join("、"))
}

/// Rust reads `NaN` and `inf` as numbers too.
fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn degrees(name: &str, text: &str, most: f64) -> Result<(), FieldFault> {
    let fits = text.parse::<f64>().is_ok_and(|n| n.abs() <= most);
    if fits { Ok(()) } else { Err(fault(name, Why::NotAnOption)) }
}

fn fault(field: &str, why: Why) -> FieldFault {
    FieldFault::bare(field, why)
}

/// A fault under the name that the standard gives to the field.
fn renamed(fault: FieldFault) -> FieldFault {
    let label = match fault.field.as_str() {
        "narrative" => "description",
        "address" => "address_string",
        "contact_name" => "first_name",
        "contact_phone" => "phone",
        "safe_contact" => "email",
        other => other,
    };
    FieldFault { label: label.to_owned(), label_en: label.to_owned(), ..fault }
}
