//! `Idempotency-Key`: a repeated request is the same command, and so has the same result.

use crate::error::Oops;
use axum::http::HeaderMap;
use domain::{
    case::{Actor, Fact},
    field::Checked,
};
use std::collections::BTreeMap;
use store::EntryPage;

/// The most characters of a key.
const MOST: usize = 200;

/// The id of the command that a request is. The key is bound to the kind of request and to the
/// actor, so nobody meets the result of somebody else's key; without a key the id is random.
///
/// # Errors
/// When the key is empty, too long, or not plain text.
pub(crate) fn command(headers: &HeaderMap, kind: &str, actor: &Actor) -> Result<[u8; 16], Oops> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(store::new_command()) };
    let key = key.to_str().map_err(|_| Oops::Bad("error.unreadable"))?;
    let plain = key.chars().all(|c| c.is_ascii_graphic());
    if key.is_empty() || key.len() > MOST || !plain {
        return Err(Oops::Bad("error.unreadable"));
    }
    Ok(match actor {
        Actor::Staff(staff) => store::digest(&format!("{kind}\ns{}\n{key}", staff.account)),
        _ => store::digest(&format!("{kind}\np\n{key}")),
    })
}

/// Whether an entry holds exactly the steps that were sent; an opening is the step `open`. A
/// repeated key with another content must not be answered as if that had been done, and the
/// receipt goes only to whoever knows the whole appeal.
pub(crate) fn is_same(entry: &EntryPage, steps: &[(&str, &Checked)]) -> bool {
    let none = BTreeMap::new();
    let done = entry.facts.iter().filter_map(|fact| match fact {
        Fact::Opened { .. } => Some("open"),
        Fact::Acted { action, .. } => Some(action.as_str()),
        _ => None,
    });
    let mut codes = entry.facts.iter().filter_map(|fact| match fact {
        Fact::Given { coded, .. } => Some(coded),
        _ => None,
    });
    let same = |(step, given): &(&str, &Checked)| {
        let empty = given.coded.is_empty() && given.texts.is_empty();
        entry.texts.get(*step).unwrap_or(&none) == &given.texts
            && (empty || codes.next() == Some(&given.coded))
    };
    done.eq(steps.iter().map(|(step, _)| *step)) && steps.iter().all(same)
}
