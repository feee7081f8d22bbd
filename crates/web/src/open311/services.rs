//! What the city offers through Open311.

use super::node::{Format, Node};
use crate::{app::App, error::Oops};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};
use packs::{Attribute, Offer};

/// The standard that is spoken.
const SPECIFICATION: &str = "http://wiki.open311.org/GeoReport_v2";

pub(super) async fn discovery(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let pack = app.pack();
    let formats = ["text/xml", "application/json"].map(Node::text).to_vec();
    let kind = if app.demo().is_empty() { "production" } else { "test" };
    let endpoint = Node::Map(vec![
        ("specification", Node::text(SPECIFICATION)),
        ("url", Node::text(base(&headers))),
        ("changeset", Node::text(pack.version.as_str())),
        ("type", Node::text(kind)),
        ("formats", Node::List("format", formats)),
    ]);
    let contact = format!("{} {}", pack.brand.owner, pack.brand.hotline);
    let node = Node::Map(vec![
        ("changeset", Node::text(pack.version.as_str())),
        ("contact", Node::text(contact.as_str())),
        ("key_service", Node::text(contact)),
        ("endpoints", Node::List("endpoint", vec![endpoint])),
    ]);
    Format::of(uri.path()).print("discovery", &node)
}

/// The address under which this client reached us. The name is repeated only if it can be one.
fn base(headers: &HeaderMap) -> String {
    let get = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let host = get(header::HOST);
    let is_name = !host.is_empty()
        && host.len() < 256
        && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    let secure = get(header::HeaderName::from_static("x-forwarded-proto")) == "https";
    let scheme = if secure { "https" } else { "http" };
    if is_name { format!("{scheme}://{host}/open311/v2") } else { "/open311/v2".to_owned() }
}

pub(super) async fn list(State(app): State<App>, uri: Uri) -> Response {
    let all = app.city().services.iter().map(line).collect();
    Format::of(uri.path()).print("services", &Node::List("service", all))
}

fn line(service: &Offer) -> Node {
    Node::Map(vec![
        ("service_code", Node::text(service.code.as_str())),
        ("service_name", Node::text(service.name.as_str())),
        ("description", Node::text(service.description.as_str())),
        ("metadata", Node::Flag(!service.attributes.is_empty())),
        ("type", Node::text(service.kind.word())),
        ("keywords", Node::text(service.keywords.as_str())),
        ("group", Node::text(service.group.as_str())),
    ])
}

pub(super) async fn definition(
    State(app): State<App>,
    Path(last): Path<String>,
) -> Result<Response, Oops> {
    let (code, format) = Format::split(&last);
    let city = app.city();
    let service = find(&city.services, code)?;
    let attributes = service.attributes.iter().map(attribute).collect();
    let node = Node::Map(vec![
        ("service_code", Node::text(service.code.as_str())),
        ("attributes", Node::List("attribute", attributes)),
    ]);
    Ok(format.print("service_definition", &node))
}

/// The service with this code.
///
/// # Errors
/// 404, as the standard asks.
pub(super) fn find<'a>(services: &'a [Offer], code: &str) -> Result<&'a Offer, Oops> {
    let found = services.iter().find(|s| s.code == code);
    found.ok_or(Oops::Plain(StatusCode::NOT_FOUND, "open311.service"))
}

fn attribute(one: &Attribute) -> Node {
    let value = |key: &str, name: &str| {
        Node::Map(vec![("key", Node::text(key)), ("name", Node::text(name))])
    };
    let values = one.values.iter().map(|v| value(&v.key, &v.name)).collect();
    Node::Map(vec![
        ("variable", Node::Flag(one.variable)),
        ("code", Node::text(one.code.as_str())),
        ("datatype", Node::text(one.datatype.word())),
        ("required", Node::Flag(one.required)),
        ("datatype_description", Node::text(one.datatype_description.as_str())),
        ("order", Node::Int(u16::try_from(one.order).unwrap_or(u16::MAX))),
        ("description", Node::text(one.description.as_str())),
        ("values", Node::List("value", values)),
    ])
}
