//! Which rules a city is served under: those of its pack, and those that its open cases began
//! with.

use crate::failure::{Doing, Failure};
use domain::pack::Pack;
use jiff::Timestamp;
use packs::City;
use std::sync::Arc;
use store::Store;

/// Takes back the rules of earlier packs, for the cases that still run under them. Writes nothing.
///
/// # Errors
/// When the pack lacks something that open cases need.
pub async fn recall(store: &Store, city: &mut City) -> Result<(), Failure> {
    let past = store.past_rules().await.doing("reading the rules of open cases")?;
    city.recall(past.kept, &past.in_use.into_keys().collect()).map_err(Failure::Pack)
}

/// Takes back every earlier rule, fitting or not: to see what a move would change, they need only
/// be read.
///
/// # Errors
/// When the database fails.
pub async fn lend(store: &Store, city: &mut City) -> Result<(), Failure> {
    let past = store.past_rules().await.doing("reading the rules of open cases")?;
    if let Some(pack) = Arc::get_mut(&mut city.pack) {
        past.kept.into_iter().for_each(|rules| pack.recall(rules));
    }
    Ok(())
}

/// Makes a city ready for cases: what earlier packs said is known, what this one says is kept.
///
/// # Errors
/// When the pack lacks something that open cases need, or the database fails.
pub async fn adopt(store: &Store, city: &mut City, now: Timestamp) -> Result<(), Failure> {
    recall(store, city).await?;
    store.keep_rules(&city.pack, now).await.doing("keeping the rules")
}

/// Counts the cases again where the figures or the units of the pack that is served are others than
/// those under which they were counted.
///
/// # Errors
/// When the database fails.
pub async fn count(store: &Store, pack: &Arc<Pack>) -> Result<(), Failure> {
    let counted = store.count_figures(pack, |cases| {
        tracing::info!(cases, "counting again: the figures or the units have changed");
    });
    counted.await.doing("counting the figures").map(drop)
}
