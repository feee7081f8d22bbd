//! The schemas of the API description.

use super::of;
use crate::api::appeals::APPEAL;
use domain::{field::FieldKind, pack::Pack};
use serde_json::{Value, json};

/// All schemas by name.
pub(super) fn all(pack: &Pack) -> Value {
    json!({
        "Problem": problem(),
        "Category": category(),
        "Appeal": appeal(pack),
        "Receipt": object(&json!({
            "number": text(), "receipt": text(), "status_url": text(),
        })),
        "Progress": progress(),
        "Login": {
            "type": "object",
            "required": ["username", "password"],
            "properties": {
                "username": text(),
                "password": text(),
                "code": optional(40, "One-time or recovery code, where the account has one."),
            },
        },
        "Session": object(&json!({
            "token": text(),
            "account": object(&json!({ "name": text(), "unit": text(), "roles": texts() })),
        })),
        "CaseLine": line(),
        "CaseList": object(&json!({
            "items": list(&of("CaseLine")), "next_cursor": or_null("string"), "cut": flag(),
        })),
        "Case": case(),
        "Clock": clock(),
        "Action": object(&json!({
            "code": text(), "name": text(), "fields": list(&of("Field")),
        })),
        "Field": field(),
        "Fields": fields(),
        "Masked": object(&json!({ "version": whole(), "field": text() })),
        "Revealed": object(&json!({ "field": text(), "text": text() })),
        "Insider": insider(&json!({})),
        "Secrecy": secrecy(),
        "Guarding": guarding(),
        "Guarded": object(&json!({ "number": text(), "deed": text(), "version": whole() })),
        "NewCase": new_case(pack),
        "OpenedCase": object(&json!({
            "number": text(), "receipt": text(), "state": text(), "version": whole(),
        })),
        "Moved": object(&json!({ "number": text(), "state": text(), "version": whole() })),
        "DemoAccount": object(&json!({
            "username": text(), "password": text(), "role": text(), "unit": text(),
        })),
    })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn texts() -> Value {
    list(&text())
}

fn whole() -> Value {
    json!({ "type": "integer" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn time_or_null() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

fn or_null(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// An object all of whose properties are always there.
fn object(properties: &Value) -> Value {
    let names: Vec<&String> = properties.as_object().into_iter().flat_map(|p| p.keys()).collect();
    json!({ "type": "object", "required": names, "properties": properties })
}

/// A text that may be left out.
fn optional(most: u32, description: &str) -> Value {
    json!({
        "type": ["string", "null"], "maxLength": most, "pattern": PRINTABLE,
        "description": description,
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": text(),
            "status": whole(),
            "detail": text(),
            "errors": list(&object(&json!({ "field": text(), "detail": text() }))),
            "allowed_actions": texts(),
        },
    })
}

fn category() -> Value {
    object(&json!({
        "id": text(), "name": text(), "sensitive": flag(), "children": list(&of("Category")),
    }))
}

fn appeal(pack: &Pack) -> Value {
    let public = pack.categories.values().filter(|c| c.public);
    let relation = pack.workflow(APPEAL).and_then(|f| f.fields.get("relation"));
    let relations: Vec<&str> = match relation.map(|f| &f.kind) {
        Some(FieldKind::Choice(options)) => options.iter().map(|o| o.value.as_str()).collect(),
        _ => Vec::new(),
    };
    json!({
        "type": "object",
        "required": ["channel", "summary"],
        "properties": {
            "channel": { "enum": pack.channels.keys().collect::<Vec<_>>(),
                "description": "Without a token only web and mini, or what the city opens." },
            "category": one_of(public.map(|c| c.code.as_str()).collect()),
            "summary": { "type": "string", "maxLength": 80, "pattern": SOMETHING },
            "narrative": optional(5_000, "What happened."),
            "place": optional(120, "Code of a division, or words."),
            "address": optional(120, "Where exactly."),
            "relation": one_of(relations),
            "anonymous": or_null("boolean"),
            "contact": {
                "type": ["object", "null"],
                "properties": {
                    "name": optional(40, "How to address the person."),
                    "phone": { "type": ["string", "null"], "anyOf": [
                        { "pattern": "^ *$" }, { "maxLength": 30, "pattern": PHONE } ] },
                    "safe_contact": optional(200, "How to reach the person without danger."),
                },
            },
        },
    })
}

/// Text without control characters, of which something can be seen.
const SOMETHING: &str = concat!(
    "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*",
    "[^\\s\\u0000-\\u0020\\u007f-\\u00a0]",
    "[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$",
);
/// Text without control characters.
const PRINTABLE: &str = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$";
/// Three to twenty digits and what people write between them.
const PHONE: &str = "^([ +()（）转-]*[0-9]){3,20}[ +()（）转-]*$";

/// One of these, or nothing.
fn one_of(mut values: Vec<&str>) -> Value {
    values.push("");
    let mut all = json!(values);
    all.as_array_mut().into_iter().for_each(|a| a.push(Value::Null));
    json!({ "enum": all })
}

fn progress() -> Value {
    let clock = object(&json!({
        "code": text(), "name": or_null("string"), "due": time(), "paused_until": time_or_null(),
    }));
    object(&json!({
        "number": text(),
        "state": text(),
        "open": flag(),
        "opened": time(),
        "updated": time(),
        "due": time_or_null(),
        "clocks": list(&clock),
        "timeline": list(&object(&json!({ "at": time(), "text": text() }))),
        "answer": or_null("string"),
    }))
}

fn light() -> Value {
    json!({ "enum": ["green", "yellow", "red", null] })
}

fn line() -> Value {
    object(&json!({
        "number": text(), "workflow": text(), "state": text(), "state_name": text(),
        "unit": text(), "unit_name": text(), "category": text(), "grade": text(),
        "summary": text(), "opened": time(), "light": light(), "due": time_or_null(),
        "task": or_null("string"),
    }))
}

fn case() -> Value {
    object(&json!({
        "number": text(), "workflow": text(), "state": text(), "state_name": text(),
        "unit": text(), "unit_name": text(), "category": text(), "grade": text(),
        "summary": text(), "opened": time(), "version": whole(), "programme": or_null("string"),
        "channel": text(), "place": text(), "anonymous": flag(), "entered": time(),
        "handling_unit": or_null("string"), "light": light(), "flags": texts(),
        "erased": flag(), "sensitivity": text(), "rights": texts(), "clocks": list(&of("Clock")),
        "people": list(&json!({ "type": "object" })),
        "timeline": list(&object(&json!({
            "version": whole(), "at": time(), "by": { "type": "object" },
            "actions": list(&json!({ "type": "object" })),
            "fields": or_null("object"), "texts": { "type": "object" }, "hidden": texts(),
        }))),
        "tasks": list(&object(&json!({
            "id": whole(), "kind": text(), "unit": text(), "unit_name": text(), "due": time(),
            "end": { "enum": ["answered", "dropped", null] },
        }))),
        "documents": list(&object(&json!({ "ordinal": whole(), "template": text() }))),
        "files": list(&object(&json!({
            "entry": whole(), "n": whole(), "name": text(), "kind": text(), "size": whole(),
        }))),
        "allowed_actions": list(&of("Action")),
    }))
}

/// Somebody, with what else is said about them.
fn insider(more: &Value) -> Value {
    let mut all = json!({
        "account": whole(), "username": or_null("string"), "name": or_null("string"),
        "unit": or_null("string"),
    });
    for (name, schema) in more.as_object().into_iter().flatten() {
        all[name] = schema.clone();
    }
    object(&all)
}

fn secrecy() -> Value {
    let people = list(&of("Insider"));
    let judged = json!({ "enum": ["right", "wrong", null] });
    let grounds =
        json!({ "enum": ["same_name", "household", "same_unit", "same_village", "perhaps"] });
    object(&json!({
        "number": text(), "sensitivity": text(), "sealed": flag(), "circle": people,
        "kept_out": object(&json!({ "people": people, "units": texts() })),
        "proposals": list(&insider(&json!({ "ground": grounds }))),
        "glass": list(&insider(&json!({ "until": time(), "judge_by": time(), "judged": judged }))),
        "asked": people,
        "lent": list(&insider(&json!({ "until": time() }))),
    }))
}

fn guarding() -> Value {
    json!({
        "type": "object",
        "properties": {
            "who": { "type": "array", "maxItems": 64, "items": text(),
                "description": "Log-in names or numbers of accounts; for units, their codes." },
            "reason": { "type": ["string", "null"], "maxLength": 500, "pattern": PRINTABLE,
                "description": "Why; kept sealed." },
        },
    })
}

fn clock() -> Value {
    object(&json!({
        "code": text(), "name": or_null("string"),
        "state": { "enum": ["running", "paused", "stopped"] },
        "started": time(), "due": time(), "paused_until": time_or_null(), "extended": whole(),
        "light": light(),
    }))
}

fn field() -> Value {
    let kinds = [
        "line", "text", "choice", "choices", "channel", "category", "grade", "place", "unit",
        "units", "case", "date", "time", "number", "flag", "risk",
    ];
    json!({
        "type": "object",
        "required": ["code", "label", "type", "required"],
        "properties": {
            "code": text(), "label": text(), "type": { "enum": kinds }, "required": flag(),
            "min": whole(), "max": whole(),
            "options": list(&object(&json!({ "value": text(), "label": text() }))),
        },
    })
}

/// The fields of a step: which ones, says the pack.
fn fields() -> Value {
    let simple = json!({ "type": ["string", "number", "boolean", "null"] });
    let answers = json!({
        "type": "object",
        "maxProperties": 64,
        "additionalProperties": { "enum": ["yes", "no", "unknown"] },
    });
    let several = json!({
        "type": "array", "maxItems": 64, "items": { "type": ["string", "number", "boolean"] },
    });
    json!({
        "type": "object",
        "description": "Field code and value; the answers to the danger questions as an object.",
        "additionalProperties": { "anyOf": [simple, several, answers] },
    })
}

fn new_case(pack: &Pack) -> Value {
    let next = json!({
        "type": "object",
        "required": ["action"],
        "properties": { "action": text(), "fields": of("Fields") },
    });
    json!({
        "type": "object",
        "required": ["workflow"],
        "properties": {
            "workflow": { "enum": pack.workflows.keys().collect::<Vec<_>>() },
            "programme": or_null("string"),
            "fields": of("Fields"),
            "then": { "type": "array", "maxItems": 64, "items": next },
        },
    })
}
