//! One round: claim what is due, hand it over side by side, settle. At least once: a round that
//! dies in between leaves its claims to the lease, and they go out again under the same ids.

use crate::{Config, Gateway, Misconfigured};
use domain::pack::Pack;
use jiff::{SignedDuration, Timestamp};
use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering::Relaxed},
};
use store::{Audience, Claimed, Fate, Store, db::Error};
use tokio::task::JoinSet;

/// How long a claimed message belongs to whoever claimed it; far longer than a gateway may take.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Messages of one round; each waits in a thread of its own for the gateway.
const MOST: u32 = 16;
/// The longest rest of a gateway that takes nothing, in seconds.
const LONGEST_REST: i64 = 60;

/// Everything that is needed to send.
#[derive(Debug)]
pub struct Courier {
    lanes: Vec<Lane>,
}

/// The way of one audience to its gateway.
#[derive(Debug)]
struct Lane {
    audience: Audience,
    gateway: Gateway,
    /// Rounds in which the gateway took nothing, since it last took something.
    bad: AtomicU32,
    /// Until when it is left in peace, in seconds.
    rests: AtomicI64,
}

impl Courier {
    /// Makes the gateways ready; sends nothing.
    ///
    /// # Errors
    /// When one cannot be used as it is configured.
    pub fn new(
        configs: &[Config],
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Misconfigured> {
        let mut lanes: Vec<Lane> = Vec::new();
        for config in configs {
            let gateway = Gateway::new(config, &environment)?;
            for audience in Audience::ALL.into_iter().filter(|a| gateway.takes(*a)) {
                if lanes.iter().any(|l| l.audience == audience) {
                    return Err(Misconfigured::Double(audience.code()));
                }
                let (bad, rests) = (AtomicU32::new(0), AtomicI64::new(i64::MIN));
                lanes.push(Lane { audience, gateway: gateway.clone(), bad, rests });
            }
        }
        Ok(Self { lanes })
    }

    /// A courier without a gateway: everything stays queued.
    pub fn none() -> Self {
        Self { lanes: Vec::new() }
    }

    /// Who is reached by which gateway.
    pub fn ways(&self) -> impl Iterator<Item = (Audience, &str)> {
        self.lanes.iter().map(|l| (l.audience, l.gateway.name()))
    }

    /// Sends what is due; answers how many messages were settled. `now` is asked again at each
    /// step, because gateways take their time.
    ///
    /// # Errors
    /// When the database fails; what was claimed comes back when its lease ends.
    pub async fn round(
        &self,
        store: &Store,
        pack: &Arc<Pack>,
        now: &(dyn Fn() -> Timestamp + Sync),
    ) -> Result<usize, Error> {
        let mut settled = 0;
        for lane in &self.lanes {
            if now().as_second() < lane.rests.load(Relaxed) {
                continue;
            }
            let claimed = store.claim_messages(lane.audience, now(), LEASE, MOST).await?;
            let fates = lane.deliver(store, pack, now(), claimed).await;
            lane.judge(now(), &fates);
            settled += fates.len();
            store.settle_messages(now(), fates).await?;
        }
        Ok(settled)
    }
}

impl Lane {
    /// All claimed letters side by side: a claim holds one of each case at most.
    async fn deliver(
        &self,
        store: &Store,
        pack: &Arc<Pack>,
        now: Timestamp,
        claimed: Vec<Claimed>,
    ) -> Vec<(Claimed, Fate)> {
        let mut tasks = JoinSet::new();
        for message in claimed {
            let (store, pack, gateway) = (store.clone(), pack.clone(), self.gateway.clone());
            tasks.spawn(async move {
                let fate = one(&store, &pack, gateway, now, &message).await;
                (message, fate)
            });
        }
        tasks.join_all().await
    }

    /// Leaves a gateway in peace that took nothing at all, for longer each time.
    fn judge(&self, now: Timestamp, fates: &[(Claimed, Fate)]) {
        let down = |fate: &Fate| matches!(fate, Fate::Failed { lasting: false, .. });
        let failed: Vec<&str> = fates
            .iter()
            .filter_map(|(_, fate)| match fate {
                Fate::Failed { why, .. } => Some(why.as_str()),
                _ => None,
            })
            .collect();
        if let Some(why) = failed.first() {
            let (gateway, n) = (self.gateway.name(), failed.len());
            tracing::warn!(gateway, n, why, "messages were not taken and will be tried again");
        }
        if fates.iter().any(|(_, fate)| *fate == Fate::Sent) {
            self.bad.store(0, Relaxed);
        } else if fates.iter().any(|(_, fate)| down(fate)) {
            let bad = self.bad.fetch_add(1, Relaxed).min(10);
            let rest = (1_i64 << bad).min(LONGEST_REST);
            self.rests.store(now.as_second() + rest, Relaxed);
        }
    }
}

/// What becomes of one message. A broken row must not hold back the others.
async fn one(
    store: &Store,
    pack: &Pack,
    gateway: Gateway,
    now: Timestamp,
    message: &Claimed,
) -> Fate {
    let broken = || Fate::Failed { why: "program".to_owned(), lasting: false };
    match store.letter(pack, now, message).await {
        Ok(Ok(letter)) => tokio::task::spawn_blocking(move || gateway.deliver(&letter, now))
            .await
            .unwrap_or_else(|_| broken()),
        Ok(Err(fate)) => fate,
        Err(error) => {
            tracing::error!(message = message.id, %error, "a message could not be made ready");
            Fate::Failed { why: "database".to_owned(), lasting: false }
        }
    }
}
