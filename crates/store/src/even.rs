//! Time that tells nothing. To find that somebody may not know of a case, the case must be read;
//! to find that there is none, nothing is. Measured from outside, over some hundred tries, the two
//! are as different as two answers. So an answer of “none” to a number waits for the next stroke.

use crate::db::Error;
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// From one stroke to the next: several times what reading a case takes, and little to a person.
const STROKE: Duration = Duration::from_millis(10);

/// What was asked for; “none” is said at a stroke, whatever it took to find out.
pub(crate) async fn even<T>(
    asked: impl Future<Output = Result<Option<T>, Error>>,
) -> Result<Option<T>, Error> {
    let start = Instant::now();
    let found = asked.await?;
    if found.is_none() {
        until_stroke(start).await;
    }
    Ok(found)
}

/// Waits for the next stroke after `start`.
pub(crate) async fn until_stroke(start: Instant) {
    let strokes = start.elapsed().as_micros() / STROKE.as_micros() + 1;
    let whole = STROKE.saturating_mul(u32::try_from(strokes).unwrap_or(u32::MAX));
    tokio::time::sleep_until((start + whole).into()).await;
}
