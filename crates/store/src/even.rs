//! Time that tells nothing. To find that somebody may not know of a case, the case must be read;
//! to find that there is none, nothing is. Measured from outside, over some hundred tries, the two
//! are as different as two answers. So an answer of “none” to a number waits for the next stroke.
//!
//! The stroke is rung by a thread of its own. The timer of the runtime counts in milliseconds from
//! the moment at which it is asked, so that the end of a wait would still tell, in fractions of one,
//! when the wait began.
//!
//! Work before a wait leaves its mark on what comes after it, in caches and clocks: about a
//! microsecond, which shows in ten thousand tries. So the stroke comes late by lot.

use crate::db::Error;
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        LazyLock,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// From one stroke to the next: several times what reading a case takes, and little to a person.
const STROKE: Duration = Duration::from_millis(10);

/// A stroke is late by less than so much: a thousand times what it must hide.
const LATEST: Duration = Duration::from_millis(2);

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
    wait(start, LATEST.mul_f64(rand::random())).await;
}

/// Waits for the next stroke after `start`, which is late by so much.
async fn wait(start: Instant, late: Duration) {
    let strokes = start.elapsed().as_micros() / STROKE.as_micros() + 1;
    let whole = STROKE.saturating_mul(u32::try_from(strokes).unwrap_or(u32::MAX));
    let (ear, stroke) = oneshot::channel();
    let at = start + whole + late;
    let rung = BELL.as_ref().is_some_and(|bell| bell.send((at, ear)).is_ok());
    if !rung || stroke.await.is_err() {
        // No thread to be had: the wait ends later than it should, and still not with the finding.
        tokio::time::sleep_until(at.into()).await;
    }
}

/// Somebody who waits, and until when.
type Wait = (Instant, oneshot::Sender<()>);

/// The thread that rings; none where the machine gives no thread.
static BELL: LazyLock<Option<Sender<Wait>>> = LazyLock::new(|| {
    let (sender, waits) = channel();
    let thread = std::thread::Builder::new().name("strokes".to_owned());
    thread.spawn(move || ring(&waits)).is_ok().then_some(sender)
});

/// Rings for each at their instant, as exactly as the machine can.
fn ring(waits: &Receiver<Wait>) {
    let mut all: BTreeMap<(Instant, u64), oneshot::Sender<()>> = BTreeMap::new();
    for count in 0.. {
        let next = all.first_key_value().map(|((at, _), _)| *at);
        let came = match next.map(|at| at.saturating_duration_since(Instant::now())) {
            Some(pause) if pause.is_zero() => Err(RecvTimeoutError::Timeout),
            Some(pause) => waits.recv_timeout(pause),
            None => waits.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match came {
            Ok((at, ear)) => drop(all.insert((at, count), ear)),
            // Who has gone away need not hear it.
            Err(RecvTimeoutError::Timeout) => drop(all.pop_first().map(|(_, one)| one.send(()))),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIES: usize = 60;

    fn work(start: Instant, work: Duration) {
        while start.elapsed() < work {
            std::hint::spin_loop();
        }
    }

    /// How long it takes until a stroke that is not late, when finding “none” takes so long.
    async fn took(finding: Duration) -> Duration {
        let start = Instant::now();
        work(start, finding);
        wait(start, Duration::ZERO).await;
        start.elapsed()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn none_is_said_at_a_stroke_that_is_late_by_lot_and_anything_else_at_once() {
        let finding = Duration::from_micros(100);
        let ask = |found: Option<u8>| async move {
            let start = Instant::now();
            let asked = async {
                work(start, finding);
                Ok::<_, Error>(found)
            };
            assert_eq!(even(asked).await, Ok(found));
            start.elapsed()
        };
        let (mut soonest, mut times) = (Duration::MAX, Vec::new());
        for _ in 0..TRIES {
            soonest = soonest.min(ask(Some(7)).await);
            times.push(ask(None).await);
        }
        times.sort_unstable();
        assert!(soonest < STROKE, "{soonest:?}");
        assert!(times[0] >= STROKE, "{times:?}");
        assert!(times[TRIES * 4 / 5] > times[TRIES / 5] + LATEST / 4, "{times:?}");
    }

    /// The timer of the runtime lets a quarter of a millisecond through.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_stroke_does_not_tell_when_the_wait_began() {
        let works = [100, 400, 700, 1100, 1500].map(Duration::from_micros);
        let mut times = works.map(|_| Vec::new());
        for _ in 0..TRIES {
            for (work, times) in works.iter().zip(&mut times) {
                times.push(took(*work).await);
            }
        }
        // A machine that does other things wakes some of them late, and few of them in time.
        let early = times.map(|mut times| {
            times.sort_unstable();
            times[TRIES / 5]
        });
        let (first, last) = (early.iter().min().unwrap(), early.iter().max().unwrap());
        assert!(last.abs_diff(*first) < Duration::from_micros(100), "{early:?}");
        assert!(*first >= STROKE, "{early:?}");
    }
}
