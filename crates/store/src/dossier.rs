//! The sealed side of a command: texts, words for search, tags of people, attachments.
//!
//! All of it is prepared before the command reaches the writer, because encryption and cutting
//! text into words cost more than the write itself.

use crate::sight;
use domain::{
    case::CaseId,
    field::Meaning,
    press::{CLAIMS, DIGEST},
    workflow::Workflow,
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write};
use vault::{BlindKind, CaseKey, Entry, Keys, normalise_name, normalise_phone};

/// Texts of one command: action (or `open`) → field → text.
pub type Texts = BTreeMap<String, BTreeMap<String, String>>;

/// A file that came with a command, checked and stripped by the caller.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Name as given.
    pub name: String,
    /// Media type as sniffed.
    pub kind: String,
    /// Content.
    pub body: Vec<u8>,
}

/// The sealed side of a command.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    /// Encrypted texts; empty when there are none.
    pub texts: Vec<u8>,
    /// Line of hashed words.
    pub line: String,
    /// Tags of telephone numbers and names.
    pub tags: Vec<[u8; 16]>,
    /// What tells persons apart in figures: field and tag in hexadecimal.
    pub keys: Vec<(String, String)>,
    /// Encrypted files: media type, size, name, body.
    pub files: Vec<(String, i64, Vec<u8>, Vec<u8>)>,
}

/// What binds sealed bytes to their place: the case and the command.
pub fn place(case: CaseId, command: &[u8; 16]) -> [u8; 24] {
    let mut aad = [0; 24];
    aad[..8].copy_from_slice(&case.to_be_bytes());
    aad[8..].copy_from_slice(command);
    aad
}

/// What somebody wrote and brought.
#[derive(Clone, Copy)]
pub struct Brought<'a> {
    /// What was written.
    pub texts: &'a Texts,
    /// Files.
    pub files: &'a [Attachment],
    /// The name of the place that was chosen, by which it is found too; empty for none.
    pub place: &'a str,
}

/// Seals texts and files, and makes the words and tags by which they are found.
pub fn seal(
    keys: &Keys,
    key: &CaseKey,
    flow: &Workflow,
    aad: &[u8; 24],
    Brought { texts, files, place }: Brought<'_>,
) -> Sealed {
    let mut sealed = Sealed::default();
    for (field, text) in texts.values().flatten() {
        let phone = sight::meaning(Some(flow), field) == Meaning::Phone;
        if let Some(tag) = phone_tag(keys, text).filter(|_| phone) {
            sealed.keys.push((field.clone(), hex(&tag)));
        }
    }
    if !texts.is_empty() {
        let json = serde_json::to_vec(texts).unwrap_or_default();
        sealed.texts = key.seal(aad, &json);
    }
    (sealed.line, sealed.tags) = words(keys, flow, texts, place);
    sealed.files = files
        .iter()
        .map(|f| {
            let size = i64::try_from(f.body.len()).unwrap_or(i64::MAX);
            (f.kind.clone(), size, key.seal(aad, f.name.as_bytes()), key.seal(aad, &f.body))
        })
        .collect();
    sealed
}

fn hex(tag: &[u8]) -> String {
    tag.iter().fold(String::with_capacity(tag.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The line of hashed words of one entry and of the place named in it, and the tags of the people.
pub fn words(keys: &Keys, flow: &Workflow, texts: &Texts, place: &str) -> (String, Vec<[u8; 16]>) {
    let mut entry = Entry::new(keys);
    entry.text(place);
    let mut tags = Vec::new();
    // What lies with a signature is found by the words that were signed, not by the letters of a digest.
    let signed = |field: &str| [DIGEST, CLAIMS].contains(&field);
    for (field, text) in texts.values().flatten().filter(|(field, _)| !signed(field)) {
        index(keys, &mut entry, &mut tags, sight::meaning(Some(flow), field), text);
    }
    (entry.line(), tags)
}

fn index(
    keys: &Keys,
    entry: &mut Entry<'_>,
    tags: &mut Vec<[u8; 16]>,
    meaning: Meaning,
    text: &str,
) {
    match meaning {
        Meaning::Name => {
            entry.name(text);
            tags.extend(tags_of(keys, meaning, text));
        }
        Meaning::Phone => {
            entry.text(text);
            // However it is written, it is found as it is dialled.
            if let Ok(dialled) = normalise_phone(text) {
                entry.text(&dialled);
            }
            tags.extend(tags_of(keys, meaning, text));
        }
        // How to reach somebody safely, and who reported it, must not be findable by anybody.
        Meaning::SafeContact | Meaning::Reporter => {}
        _ => drop(entry.text(text)),
    }
}

/// The tags under which a name or a telephone number stands.
pub fn tags_of(keys: &Keys, meaning: Meaning, text: &str) -> Vec<[u8; 16]> {
    match meaning {
        Meaning::Name => vec![keys.blind(BlindKind::Name, &normalise_name(text))],
        Meaning::Phone => phone_tag(keys, text).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The tag by which other cases of the same telephone are found.
pub fn phone_tag(keys: &Keys, phone: &str) -> Option<[u8; 16]> {
    normalise_phone(phone).ok().map(|p| keys.blind(BlindKind::Phone, &p))
}

/// Opens the texts of one entry. Texts whose key was erased are gone; altered ones are an error.
///
/// # Errors
/// When the bytes were altered.
pub fn open(
    key: &CaseKey,
    case: CaseId,
    command: &[u8; 16],
    body: &[u8],
) -> Result<Texts, vault::Broken> {
    let plain = key.open(&place(case, command), body)?;
    serde_json::from_slice(&plain).map_err(|_| vault::Broken::Altered)
}

/// The opening as far as a list needs it; everything else is passed over unread.
#[derive(Deserialize)]
struct Opening {
    #[serde(default)]
    open: Lines,
}

#[derive(Default, Deserialize)]
struct Lines {
    summary: Option<String>,
    household_name: Option<String>,
}

/// The field and the text that stand for a case in a list, from the texts of its opening.
///
/// # Errors
/// When the bytes were altered.
pub fn open_line(
    key: &CaseKey,
    case: CaseId,
    command: &[u8; 16],
    body: &[u8],
) -> Result<Option<(&'static str, String)>, vault::Broken> {
    let plain = key.open(&place(case, command), body)?;
    let Opening { open } = serde_json::from_slice(&plain).map_err(|_| vault::Broken::Altered)?;
    let named = |field: &'static str, text: Option<String>| text.map(|text| (field, text));
    Ok(named("summary", open.summary).or_else(|| named("household_name", open.household_name)))
}
