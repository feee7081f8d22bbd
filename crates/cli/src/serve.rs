//! Serves a city: pages, API, and the reminder that lets time act on cases.

use crate::{
    failure::Failure,
    settings::{Place, block_on, now},
};
use clap::Args;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{net::TcpListener, signal, task::JoinHandle};
use web::{App, DemoAccount};

/// How often the reminder looks for cases whose time has come.
const TICK: Duration = Duration::from_secs(5);
/// How many cases it moves before it looks again.
const TICK_CASES: u32 = 500;
/// After so many ticks the newest entries are sealed.
const SEAL_TICKS: u32 = 6;

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
            let city = place.city()?;
            let store = place.store(place.load_keys()?).await?;
            let pack_dir = city.dir.clone();
            let app = App::new(store, city, now, Vec::new());
            listen(app, self.listen, pack_dir).await
        })
    }
}

/// Serves an application until it is told to stop, then lets running requests end.
///
/// # Errors
/// When the address is taken.
pub async fn listen(app: App, address: SocketAddr, pack_dir: PathBuf) -> Result<(), Failure> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| Failure::while_doing(&format!("listening on {address}"), &e))?;
    // The dictionary takes a tenth of a second to load; no request should wait for it.
    let warm = tokio::task::spawn_blocking(vault::Words::shared);
    let reminder = remind(app.clone());
    let reloader = reload(app.clone(), pack_dir);
    // Whoever has read the address may stop the server at once.
    let terminate = signal::unix::signal(signal::unix::SignalKind::terminate())
        .map_err(|e| Failure::while_doing("waiting for signals", &e))?;
    eprintln!("http://{address}");
    let served = axum::serve(listener, web::router(app.clone()))
        .with_graceful_shutdown(told_to_stop(terminate))
        .await;
    reminder.abort();
    reloader.abort();
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

fn remind(app: App) -> JoinHandle<()> {
    tokio::spawn(async move {
        for round in 1_u32.. {
            tokio::time::sleep(TICK).await;
            let now = app.now();
            if let Err(error) = app.store().tick(&app.pack(), now, TICK_CASES).await {
                tracing::error!(%error, "the reminder failed and will try again");
            }
            if round % SEAL_TICKS == 0
                && let Err(error) = app.store().checkpoint(now).await
            {
                tracing::error!(%error, "sealing failed and will be tried again");
            }
        }
    })
}

/// SIGHUP reads the pack again; a pack with faults is refused and the old one stays.
fn reload(app: App, dir: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Ok(mut hangups) = signal::unix::signal(signal::unix::SignalKind::hangup()) else {
            return;
        };
        while hangups.recv().await.is_some() {
            match packs::load(&dir) {
                Ok(city) => app.reload(city),
                Err(faults) => {
                    for fault in faults {
                        tracing::error!(%fault, "the pack was not reloaded");
                    }
                }
            }
        }
    })
}

async fn told_to_stop(mut terminate: signal::unix::Signal) {
    tokio::select! {
        _ = signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
