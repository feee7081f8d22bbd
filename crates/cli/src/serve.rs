//! Serves a city: pages, API, and the reminder that lets time act on cases.

use crate::{
    failure::{Doing, Failure},
    rules,
    settings::{Place, block_on, now},
};
use clap::Args;
use courier::Courier;
use packs::City;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    signal::{
        self,
        unix::{Signal, SignalKind},
    },
    sync::watch,
    task::JoinHandle,
};
use web::{App, DemoAccount};

/// How often the reminder looks for cases whose time has come.
const TICK: Duration = Duration::from_secs(5);
/// How many cases it moves before it looks again.
const TICK_CASES: u32 = 500;
/// How many confirmed moves are carried out before it looks again.
const TICK_MOVES: u32 = 1_000;
/// How many confirmed erasures are carried out before it looks again.
const TICK_ERASED: u32 = 200;
/// After so many ticks the newest entries are sealed.
const SEAL_TICKS: u32 = 6;
/// After so many ticks reports are opened whose period has ended.
const OPEN_TICKS: u32 = 12;
/// After so many ticks what has been kept long enough, and needs nobody's word, leaves.
const KEEP_TICKS: u32 = 60;

/// Why a demonstration is not served. On loopback neither: a proxy would carry it further.
pub const DEMONSTRATION: &str = "this database is a demonstration, everybody knows its passwords: \
                                 look at it with xiaohe demo, and serve another database";

/// How often the courier looks for messages.
const LOOK: Duration = Duration::from_secs(2);
/// How long the last round of the courier may take when the program ends.
const LAST_ROUND: Duration = Duration::from_secs(15);

/// Serves a city.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Pack, database, keys.
    #[command(flatten)]
    pub place: Place,
    /// Address to listen on.
    #[arg(long, env = "XIAOHE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

impl Serve {
    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// When the pack, the keys or the database cannot be used.
    pub fn run(self) -> Result<(), Failure> {
        block_on(async {
            let place = self.place.complete()?;
            let mut city = place.city()?;
            let store = place.store(place.load_keys()?).await?;
            if store.is_demonstration().await.doing("looking for a demonstration")? {
                return Err(Failure::Plain(DEMONSTRATION.to_owned()));
            }
            rules::adopt(&store, &mut city, now()).await?;
            rules::count(&store, &city.pack).await?;
            let pack_dir = city.dir.clone();
            let courier = place.courier()?;
            let doors = place.doors(&city.pack.brand.short)?;
            let app = App::new(store, city, now, Vec::new());
            app.stand(place.edge()?);
            app.open_doors(doors);
            listen(app, courier, self.listen, pack_dir).await
        })
    }
}

/// Serves an application until it is told to stop, then lets running requests end.
///
/// # Errors
/// When the address is taken.
pub async fn listen(
    app: App,
    courier: Courier,
    address: SocketAddr,
    pack_dir: PathBuf,
) -> Result<(), Failure> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| Failure::while_doing(&format!("listening on {address}"), &e))?;
    // The dictionary takes a tenth of a second to load; no request should wait for it.
    let warm = tokio::task::spawn_blocking(vault::Words::shared);
    // Whoever has read the address may stop the server, or have the pack read again, at once.
    let terminate = listen_to(SignalKind::terminate())?;
    let reminder = remind(app.clone(), pack_dir.clone());
    let reloader = reload(app.clone(), pack_dir, listen_to(SignalKind::hangup())?);
    app.connect(courier.ways());
    let (stop, stopped) = watch::channel(false);
    let sender = send(app.clone(), courier, stopped);
    eprintln!("http://{address}");
    let router = web::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let served =
        axum::serve(listener, router).with_graceful_shutdown(told_to_stop(terminate)).await;
    reminder.abort();
    reloader.abort();
    // A round that has begun is let end, so that nothing is sent twice without need.
    if stop.send(true).is_ok() && tokio::time::timeout(LAST_ROUND, sender).await.is_err() {
        tracing::warn!("the last messages were not marked as sent, and will be sent again");
    }
    drop(warm);
    app.store().db().close().await.map_err(|e| Failure::while_doing("closing the database", &e))?;
    served.map_err(|e| Failure::while_doing("serving", &e))
}

/// Prints the demonstration accounts as a table.
pub fn print_accounts(accounts: &[DemoAccount]) {
    for a in accounts {
        eprintln!("{:<28} {:<14} {:<16} {}", a.username, a.password, a.role, a.unit);
    }
}

fn listen_to(kind: SignalKind) -> Result<Signal, Failure> {
    signal::unix::signal(kind).doing("waiting for signals")
}

fn remind(app: App, dir: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut tried = BTreeSet::new();
        for round in 1_u32.. {
            tokio::time::sleep(TICK).await;
            let now = app.now();
            if let Err(error) = app.store().tick(&app.pack(), now, TICK_CASES).await {
                tracing::error!(%error, "the reminder failed and will try again");
            }
            if let Err(error) = app.store().carry_moves(&app.pack(), now, TICK_MOVES).await {
                tracing::error!(%error, "confirmed moves wait and will be tried again");
            }
            // Keys that were rotated are used from the next look on; so is one that is gone.
            if let Err(error) = app.store().keys().read_again() {
                tracing::error!(%error, "the key file was not read again");
            }
            if let Err(error) = finish_erasing(&app).await {
                tracing::error!(%error, "confirmed erasures wait and will be tried again");
            }
            match understand(&app, &dir, &tried).await {
                Ok(unknown) => tried = unknown,
                Err(error) => tracing::error!(%error, "the rules of open cases were not looked up"),
            }
            if round % SEAL_TICKS == 0
                && let Err(error) = app.store().checkpoint(now).await
            {
                tracing::error!(%error, "sealing failed and will be tried again");
            }
            // The first round too: what no server opened in its time is opened at once.
            if round % OPEN_TICKS == 1
                && let Err(error) = app.store().open_reports(&app.pack(), now).await
            {
                tracing::error!(%error, "reports were not opened and will be");
            }
            // The first round too: a server that is started once a day must not keep for ever.
            if round % KEEP_TICKS == 1
                && let Err(error) = app.store().let_go(&app.pack(), now).await
            {
                tracing::error!(%error, "what is over was not let go, and will be");
            }
        }
    })
}

/// Goes on with erasures that were confirmed and interrupted, and certifies what is done.
async fn finish_erasing(app: &App) -> Result<(), store::db::Error> {
    let store = app.store();
    let carried = store.carry_expiry(&app.pack(), app.now(), TICK_ERASED).await?;
    let certified = store.certify(app.now()).await?;
    if carried + certified > 0 { store.scrub().await } else { Ok(()) }
}

/// Another node may serve a newer pack already: its cases must be understood here too. Answers the
/// editions that are not; those that were `tried` are not tried again.
async fn understand(
    app: &App,
    dir: &Path,
    tried: &BTreeSet<String>,
) -> Result<BTreeSet<String>, store::db::Error> {
    let mut unknown: BTreeSet<String> = app.store().editions_in_use().await?.into_keys().collect();
    unknown.retain(|edition| !app.pack().knows(edition));
    if !unknown.is_subset(tried) {
        renew(app, dir).await;
    }
    Ok(unknown)
}

/// Takes messages to the gateways until it is told to stop. Without a gateway they stay queued.
fn send(app: App, courier: Courier, mut stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !*stopped.borrow() {
            let now = || app.now();
            match courier.round(app.store(), &app.pack(), &now).await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::error!(%error, "messages wait and will be tried again"),
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    })
}

/// SIGHUP reads the key file and the pack again; a pack with faults is refused and the old one stays.
fn reload(app: App, dir: PathBuf, mut hangups: Signal) -> JoinHandle<()> {
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match app.store().keys().read_again() {
                Ok(false) => {}
                Ok(true) => tracing::info!("the key file was read again"),
                Err(error) => tracing::error!(%error, "the key file was not read again"),
            }
            renew(&app, &dir).await;
        }
    })
}

/// Reads the pack and serves it if it is sound and open cases can go on under it. Cases stay under
/// the rules they began with until somebody confirms that they move.
async fn renew(app: &App, dir: &Path) {
    match read_again(app, dir).await {
        Ok(city) => {
            let edition = city.pack.edition.clone();
            app.reload(city);
            tracing::info!(edition, "the pack was read again");
            // After the change, so that nothing is counted under the old definitions any more.
            if let Err(failure) = rules::count(app.store(), &app.pack()).await {
                tracing::error!(?failure, "the figures were not counted again");
            }
        }
        Err(Failure::Pack(faults)) => {
            for fault in faults {
                tracing::error!(%fault, "the pack was not reloaded");
            }
        }
        Err(failure) => tracing::error!(?failure, "the pack was not reloaded"),
    }
}

async fn read_again(app: &App, dir: &Path) -> Result<City, Failure> {
    let folder = dir.to_owned();
    let read = tokio::task::spawn_blocking(move || packs::load(&folder)).await;
    let mut city = read.doing("reading the pack")?.map_err(Failure::Pack)?;
    rules::adopt(app.store(), &mut city, app.now()).await?;
    Ok(city)
}

async fn told_to_stop(mut terminate: Signal) {
    tokio::select! {
        _ = signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
