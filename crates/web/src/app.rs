//! What every handler needs: the store, the city, the time and the texts.

use crate::{edge::Edge, lang::Texts, throttle::Throttle};
use domain::pack::Pack;
use jiff::Timestamp;
use packs::City;
use proofs::{Passkeys, Provider};
use serde::Serialize;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use store::{Audience, Store};
use tokio::sync::Semaphore;

/// The application; clones share it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Store,
    city: RwLock<Arc<City>>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    texts: Texts,
    demo: Vec<DemoAccount>,
    hashing: Arc<Semaphore>,
    log_ins: Throttle,
    pace: Throttle,
    edge: OnceLock<Edge>,
    ways: OnceLock<Vec<(Audience, String)>>,
    doors: OnceLock<Doors>,
    journeys: Arc<Semaphore>,
}

/// Ways to prove who one is beside password and code, where the installation has them.
#[derive(Debug, Default)]
pub struct Doors {
    /// The city's identity provider.
    pub provider: Option<Arc<Provider>>,
    /// Passkeys of this site.
    pub passkeys: Option<Passkeys>,
}

/// An account of a demonstration, with its password; exists in demo mode only.
#[derive(Debug, Clone, Serialize)]
pub struct DemoAccount {
    /// Log-in name.
    pub username: String,
    /// Password in clear.
    pub password: String,
    /// First role held.
    pub role: String,
    /// Unit.
    pub unit: String,
}

impl App {
    /// Puts the application together. `demo` is empty except in demo mode.
    pub fn new(
        store: Store,
        city: City,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        demo: Vec<DemoAccount>,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            city: RwLock::new(Arc::new(city)),
            now: Box::new(now),
            texts: Texts::new(),
            demo,
            // One password hash takes a core for tens of milliseconds; two at a time leave the
            // other requests room.
            hashing: Arc::new(Semaphore::new(2)),
            log_ins: Throttle::default(),
            pace: Throttle::default(),
            edge: OnceLock::new(),
            ways: OnceLock::new(),
            doors: OnceLock::new(),
            // A provider that hangs must not take the threads that hash passwords.
            journeys: Arc::new(Semaphore::new(8)),
        }))
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The city as it is configured now.
    pub fn city(&self) -> Arc<City> {
        self.0.city.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The checked pack of the city.
    pub fn pack(&self) -> Arc<Pack> {
        self.city().pack.clone()
    }

    /// Replaces the city after its pack has been checked.
    pub fn reload(&self, city: City) {
        *self.0.city.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(city);
    }

    /// The instant of this request.
    pub fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    /// The strings that people read.
    pub fn texts(&self) -> &Texts {
        &self.0.texts
    }

    /// Accounts of the demonstration; empty in earnest.
    pub fn demo(&self) -> &[DemoAccount] {
        &self.0.demo
    }

    /// Says by which gateway whose messages leave; counts once, when the program starts.
    pub fn connect<'a>(&self, ways: impl IntoIterator<Item = (Audience, &'a str)>) {
        self.0.ways.get_or_init(|| ways.into_iter().map(|(a, n)| (a, n.to_owned())).collect());
    }

    /// The gateway of an audience; without one its messages stay where they are.
    pub fn way(&self, audience: Audience) -> Option<&str> {
        let ways = self.0.ways.get()?;
        ways.iter().find(|(to, _)| *to == audience).map(|(_, name)| name.as_str())
    }

    /// Says how the program stands towards the network; counts once, when it starts.
    pub fn stand(&self, edge: Edge) {
        self.0.edge.get_or_init(|| edge);
    }

    /// How the program stands towards the network.
    pub(crate) fn edge(&self) -> &Edge {
        static LOOPBACK: OnceLock<Edge> = OnceLock::new();
        self.0.edge.get().unwrap_or_else(|| LOOPBACK.get_or_init(Edge::default))
    }

    /// How often the public has come.
    pub(crate) fn pace(&self) -> &Throttle {
        &self.0.pace
    }

    /// Opens further doors; counts once, when the program starts.
    pub fn open_doors(&self, doors: Doors) {
        self.0.doors.get_or_init(|| doors);
    }

    /// The city's identity provider, if there is one.
    pub(crate) fn provider(&self) -> Option<Arc<Provider>> {
        self.0.doors.get()?.provider.clone()
    }

    /// Passkeys, if this site can have them.
    pub(crate) fn passkeys(&self) -> Option<&Passkeys> {
        self.0.doors.get()?.passkeys.as_ref()
    }

    /// Permits to wait for the provider.
    pub(crate) fn journeys(&self) -> Arc<Semaphore> {
        self.0.journeys.clone()
    }

    /// Wrong passwords so far.
    pub(crate) fn log_ins(&self) -> &Throttle {
        &self.0.log_ins
    }

    /// Permits to hash a password.
    pub fn hashing(&self) -> Arc<Semaphore> {
        self.0.hashing.clone()
    }
}
