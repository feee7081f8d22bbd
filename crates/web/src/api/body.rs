//! The body of a request: bounded, JSON, and if it does not fit, which field it was.

use crate::error::Oops;
use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use domain::{
    field::{FieldFault, Why},
    refusal::Refusal,
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, error::Category};
use std::{
    fmt::{self, Formatter},
    marker::PhantomData,
};

/// The largest body in bytes: the longest appeal, every character of it escaped.
const MOST: usize = 256 * 1024;

/// A body that claims to be JSON, not yet read.
pub(crate) struct Sent(Bytes);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Oops;

    async fn from_request(request: Request, _: &S) -> Result<Self, Oops> {
        if !is_json(request.headers()) {
            return Err(Oops::Plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "error.media_type"));
        }
        let body = to_bytes(request.into_body(), MOST).await;
        body.map(Self).map_err(|_| Oops::TooLarge("api.too_large"))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or("?").split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

impl Sent {
    /// Reads the body. `texts` are the dotted names of the fields that hold text, to say which
    /// of them was something else.
    ///
    /// # Errors
    /// When it is no JSON, no object, or a field has the wrong type.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self, texts: &[&str]) -> Result<T, Oops> {
        let read = serde_json::from_slice::<Object<T>>(&self.0);
        read.map(|object| object.0).map_err(|error| match error.classify() {
            Category::Data => self.misfit(texts),
            _ => Oops::Bad("error.unreadable"),
        })
    }

    fn misfit(&self, texts: &[&str]) -> Oops {
        let Ok(value) = serde_json::from_slice::<Value>(&self.0) else {
            return Oops::Bad("error.unreadable");
        };
        if !value.is_object() {
            return Oops::Plain(StatusCode::UNPROCESSABLE_ENTITY, "api.not_an_object");
        }
        let faults: Vec<FieldFault> = texts.iter().filter_map(|path| wrong(&value, path)).collect();
        if faults.is_empty() {
            return Oops::Plain(StatusCode::UNPROCESSABLE_ENTITY, "error.unreadable");
        }
        Refusal::Fields(faults).into()
    }
}

/// Something that is written as an object. On its own, serde would also take a list of the fields
/// in the order in which they happen to stand in the program.
#[derive(Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// The fault of the field at a dotted path, if it is there and holds no text.
fn wrong(value: &Value, path: &str) -> Option<FieldFault> {
    let mut here = value;
    for name in path.split('.') {
        match here {
            Value::Object(fields) => here = fields.get(name)?,
            Value::Null => return None,
            // A part of what should have parts, and is something else.
            _ => return Some(fault(path, Why::Unreadable)),
        }
    }
    let fits = here.is_string() || here.is_null();
    (!fits).then(|| fault(path, Why::Unreadable))
}

/// A fault of a field that has no label of its own.
pub(crate) fn fault(field: &str, why: Why) -> FieldFault {
    FieldFault::bare(field, why)
}
