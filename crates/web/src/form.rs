//! What a browser sends: fields with their values, and files. Read once, at the edge.

use crate::{error::Oops, upload};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, RawForm, Request},
    http::{StatusCode, header},
};
use domain::field::Raw;
use std::collections::BTreeMap;
use store::Attachment;

/// The most bytes of all text fields together.
const MOST_TEXT: usize = 256 * 1024;
/// The most fields of a form.
const MOST_FIELDS: usize = 300;

/// A form that was sent.
#[derive(Debug, Default, Clone)]
pub(crate) struct Form {
    fields: BTreeMap<String, Vec<String>>,
    /// Files, sniffed and stripped.
    pub(crate) files: Vec<Attachment>,
}

impl Form {
    /// The first value of a field; empty when it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|v| v.first()).map_or("", String::as_str)
    }

    /// All values of a field.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// Puts a value into a field that was not sent, so that a form shows what is known already.
    pub(crate) fn suggest(&mut self, name: &str, value: &str) {
        self.fields.entry(name.to_owned()).or_insert_with(|| vec![value.to_owned()]);
    }

    /// The same with several values.
    pub(crate) fn suggest_all(&mut self, name: &str, values: &[String]) {
        self.fields.entry(name.to_owned()).or_insert_with(|| values.to_vec());
    }

    /// The fields with these codes, for the check in the domain. Answers to the danger questions
    /// come as one field a question (`risk.choked=yes`) and are gathered into one.
    pub(crate) fn raw<'a>(&self, codes: impl IntoIterator<Item = &'a str>) -> Raw {
        let mut raw = Raw::new();
        for code in codes {
            let mut values = self.all(code).to_vec();
            let prefix = format!("{code}.");
            values.extend(self.fields.iter().filter_map(|(name, values)| {
                let question = name.strip_prefix(&prefix)?;
                let answer = values.first().filter(|a| !a.is_empty())?;
                Some(format!("{question}={answer}"))
            }));
            if !values.is_empty() {
                raw.insert(code.to_owned(), values);
            }
        }
        raw
    }

    /// Every field with each of its values, under names that begin with `prefix`.
    pub(crate) fn put_under(&self, prefix: &str) -> Vec<(String, String)> {
        let each = self.fields.iter().flat_map(|(name, all)| all.iter().map(move |v| (name, v)));
        each.map(|(name, value)| (format!("{prefix}{name}"), value.clone())).collect()
    }

    /// The fields whose names begin with `prefix`, without it.
    pub(crate) fn taken_from(&self, prefix: &str) -> Self {
        let own = |(name, all): (&String, &Vec<String>)| {
            name.strip_prefix(prefix).map(|name| (name.to_owned(), all.clone()))
        };
        Self { fields: self.fields.iter().filter_map(own).collect(), files: Vec::new() }
    }

    /// The unique id of the command that this form carries, so that a second press of the button
    /// does nothing twice. A form without one gets a fresh id.
    pub(crate) fn command(&self) -> [u8; 16] {
        command_id(self.get("command"))
    }

    /// Puts one value in place of what was sent.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.fields.insert(name.to_owned(), vec![value.to_owned()]);
    }

    fn push(&mut self, name: String, value: String, size: &mut usize) -> Result<(), Oops> {
        *size += name.len() + value.len();
        if *size > MOST_TEXT || self.fields.len() > MOST_FIELDS {
            return Err(Oops::TooLarge("error.too_much_text"));
        }
        self.fields.entry(name).or_default().push(value);
        Ok(())
    }
}

/// A form, and what was wrong with its files, for pages that must not lose the typed text over a
/// picture that cannot be taken.
#[derive(Debug, Default, Clone)]
pub(crate) struct Kept {
    /// Everything that could be read.
    pub(crate) form: Form,
    /// The first file that was not taken.
    pub(crate) trouble: Option<Oops>,
}

impl Kept {
    async fn read(mut parts: Multipart) -> Result<Self, Oops> {
        let unreadable = |_| Oops::Bad("error.unreadable");
        let (mut kept, mut size) = (Self::default(), 0);
        while let Some(part) = parts.next_field().await.map_err(unreadable)? {
            let name = part.name().unwrap_or_default().to_owned();
            let Some(file) = part.file_name().map(str::to_owned) else {
                let bytes = part.bytes().await.map_err(unreadable)?;
                let value = String::from_utf8(bytes.into()).map_err(|_| NOT_UTF8)?;
                kept.form.push(name, value, &mut size)?;
                continue;
            };
            let Ok(body) = part.bytes().await else {
                // What follows cannot be read any more; what came before is kept.
                kept.trouble = Some(Oops::TooLarge("error.too_large"));
                break;
            };
            if body.is_empty() {
                continue;
            }
            match upload::accept(&file, &body, kept.form.files.len()) {
                Ok(file) => kept.form.files.push(file),
                Err(oops) => kept.trouble = kept.trouble.or(Some(oops)),
            }
        }
        Ok(kept)
    }
}

/// Text in another encoding: read as UTF-8 it would be kept as signs that nobody can read.
const NOT_UTF8: Oops = Oops::Bad("error.not_utf8");

/// Why the framework did not read a form.
fn unread(status: StatusCode) -> Oops {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Oops::TooLarge("error.too_much_text"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Oops::Plain(status, "error.unreadable"),
        _ => Oops::Bad("error.unreadable"),
    }
}

/// Whether a percent-encoded form is UTF-8. The signs between its fields are, so all of it can be
/// looked at as one.
fn is_utf8(form: &[u8]) -> bool {
    let digit = |at: usize| form.get(at).and_then(|d| char::from(*d).to_digit(16));
    let (mut bytes, mut at) = (Vec::with_capacity(form.len()), 0);
    while let Some(byte) = form.get(at) {
        match digit(at + 1).zip(digit(at + 2)).and_then(|(h, l)| u8::try_from(h * 16 + l).ok()) {
            Some(meant) if *byte == b'%' => {
                bytes.push(meant);
                at += 3;
            }
            // A percent sign that begins no byte stands for itself.
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// A command id from what a client sent: 32 hex digits are taken as they are, anything else is
/// hashed, and nothing at all becomes a new id.
pub(crate) fn command_id(sent: &str) -> [u8; 16] {
    if sent.is_empty() {
        return store::new_command();
    }
    match u128::from_str_radix(sent, 16) {
        Ok(n) if sent.len() == 32 => n.to_be_bytes(),
        _ => store::digest(sent),
    }
}

/// A fresh command id for a form that is about to be shown.
pub(crate) fn fresh_command() -> String {
    format!("{:032x}", u128::from_be_bytes(store::new_command()))
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Oops;

    async fn from_request(request: Request, state: &S) -> Result<Self, Oops> {
        let kept = Kept::from_request(request, state).await?;
        kept.trouble.map_or(Ok(kept.form), Err)
    }
}

impl<S: Send + Sync> FromRequest<S> for Kept {
    type Rejection = Oops;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Oops> {
        // The rule of the route has read it already, to look for the secret of the session.
        if let Some(read) = request.extensions_mut().remove::<Self>() {
            return Ok(read);
        }
        let unreadable = || Oops::Bad("error.unreadable");
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if kind.is_some_and(|k| k.starts_with("multipart/form-data")) {
            // Pictures are larger than the framework's limit; the limit around all routes stays.
            DefaultBodyLimit::disable().apply(&mut request);
            let parts = Multipart::from_request(request, state).await.map_err(|_| unreadable())?;
            return Self::read(parts).await;
        }
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head.clone(), body);
        let raw = RawForm::from_request(request, state).await;
        let RawForm(bytes) = raw.map_err(|refused| unread(refused.status()))?;
        if !is_utf8(&bytes) {
            return Err(NOT_UTF8);
        }
        let request = Request::from_parts(head, Body::from(bytes));
        let pairs = axum::extract::Form::<Vec<(String, String)>>::from_request(request, state)
            .await
            .map_err(|_| unreadable())?;
        let (mut form, mut size) = (Form::default(), 0);
        for (name, value) in pairs.0 {
            form.push(name, value, &mut size)?;
        }
        Ok(Self { form, trouble: None })
    }
}
