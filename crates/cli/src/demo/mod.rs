//! `xiaohe demo`: an invented city on loopback, with an account for every role.

mod accounts;
mod cases;
mod city;
mod dice;
mod errand;
mod form;
mod ledger;
mod life;
#[cfg(test)]
mod lights;
mod people;
mod plot;
mod projects;
mod releases;
mod sentences;
mod stage;
mod texts;
mod walk;

use crate::{
    failure::{Doing, Failure},
    progress::Progress,
    rules, serve,
    settings::{Place, begin_at, block_on, now},
};
use clap::{Args, ValueEnum};
use courier::Courier;
use jiff::Timestamp;
use packs::City;
use people::People;
use stage::Stage;
use std::{net::SocketAddr, sync::Arc};
use store::Store;
use texts::Texts;
use tokio::task::JoinSet;
use web::{App, DemoAccount};

/// An invented city.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    #[command(flatten)]
    place: Place,
    /// How many cases.
    #[arg(long, value_enum, default_value = "small")]
    scale: Scale,
    /// Address to listen on; loopback only.
    #[arg(long, default_value = "127.0.0.1:12338")]
    listen: SocketAddr,
    /// The hour at which it begins, such as 2026-06-10T10:30+08:00, for a demonstration that is the same
    /// whenever it is built; now, if none is given.
    #[arg(long)]
    as_of: Option<Timestamp>,
    /// Builds the city and does not serve it: to copy it, or to see how long it takes. Ends with the
    /// sentences that the city once printed, composed from what was built.
    #[arg(long)]
    build_only: bool,
}

/// How many cases a demonstration has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scale {
    /// A few hundred, in every state.
    Small,
    /// A year of a city of ten million.
    City,
}

impl Demo {
    /// Builds the city if it is not there yet, and serves it.
    ///
    /// # Errors
    /// When it is asked to listen beyond loopback, or the store cannot be used.
    pub fn run(self) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() {
            let why = "a demonstration has known passwords and listens on loopback only";
            return Err(Failure::Plain(why.to_owned()));
        }
        if let Some(hour) = self.as_of {
            begin_at(hour);
        }
        block_on(async {
            let mut place = self.place.complete()?;
            // Browsers allow passkeys on this machine under its name, not under its number.
            let here = || format!("http://localhost:{}", self.listen.port());
            place.address.get_or_insert_with(here);
            let mut city = place.city()?;
            let keys = place.make_keys()?;
            let store = place.store_to_build(keys.clone()).await?;
            claim(&store).await?;
            rules::adopt(&store, &mut city, now()).await?;
            rules::count(&store, &city.pack).await?;
            let accounts = prepare(&store, &city, self.scale).await?;
            if self.build_only {
                let today = city.pack.date_of(now());
                let read = sentences::check(&store, &city.pack, today).await?;
                eprintln!("{read} sentences read as they were printed");
            }
            store.db().close().await.doing("closing the database")?;
            if self.build_only {
                return Ok(());
            }
            let store = place.store(keys).await?;
            serve::print_accounts(&accounts);
            let dir = city.dir.clone();
            let doors = place.doors(&city.pack.brand.short)?;
            let app = App::new(store, city, now, accounts);
            app.open_doors(doors);
            // A demonstration never sends anything to anybody.
            serve::listen(app, Courier::none(), self.listen, dir).await
        })
    }
}

/// Makes the accounts and, in an empty database, the cases. A second start finds both.
async fn prepare(store: &Store, city: &City, scale: Scale) -> Result<Vec<DemoAccount>, Failure> {
    let texts = Texts::read(&city.demo)?.map(Arc::new);
    let people =
        People::new(store.clone(), city.pack.clone(), texts.clone(), accounts::password()?);
    let people = Arc::new(people);
    let main = accounts::make(&people, &city.pack).await?;
    let there = is_built(store).await?;
    let Some(texts) = texts.filter(|_| !there) else { return Ok(main) };
    let began = std::time::Instant::now();
    let stage = Stage { store: store.clone(), pack: city.pack.clone(), people, texts, end: now() };
    match scale {
        Scale::Small => cases::build(&stage).await?,
        Scale::City => {
            let ledgers = ledger::read(&city.dir)?;
            let appeals = ledgers.appeals;
            ledger::build(&stage, ledgers).await?;
            city::build(&stage, stage.end, appeals).await?;
        }
    }
    projects::build(&stage, projects::read(&city.dir)?).await?;
    releases::build(&stage).await?;
    store.checkpoint(stage.end).await.doing("sealing")?;
    eprintln!("the city was built in {:.1} s", began.elapsed().as_secs_f64());
    Ok(main)
}

/// Marks the database before the first known password is in it. A database that holds anything else
/// is left alone: the passwords would let everybody in.
async fn claim(store: &Store) -> Result<(), Failure> {
    if store.is_demonstration().await.doing("looking for a demonstration")? {
        return Ok(());
    }
    let empty = store.is_empty().await.doing("looking for cases")?;
    if !empty || !store.accounts().await.doing("looking for accounts")?.is_empty() {
        let why = "this database is no demonstration, and one would put known passwords into it: \
                   name another one with --db";
        return Err(Failure::Plain(why.to_owned()));
    }
    store.become_demonstration().await.doing("marking the demonstration")
}

/// Stories that are told at once; enough that the store never waits for the next ones.
const ABREAST: usize = 4096;

/// Tells so many stories, many at once; the first that fails ends it.
async fn abreast<S>(
    stories: usize,
    progress: &mut Progress,
    tell: impl Fn(usize) -> S,
) -> Result<(), Failure>
where
    S: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let mut under_way = JoinSet::new();
    for index in 0..stories {
        if under_way.len() >= ABREAST
            && let Some(done) = under_way.join_next().await
        {
            done.doing("building the city")??;
            progress.one();
        }
        under_way.spawn(tell(index));
    }
    while let Some(done) = under_way.join_next().await {
        done.doing("building the city")??;
        progress.one();
    }
    Ok(())
}

/// Whether there is a city already; half of one is an error. The last thing that building does is
/// to seal what it built.
async fn is_built(store: &Store) -> Result<bool, Failure> {
    let empty = store.is_empty().await.doing("looking for cases")?;
    if !empty && !store.is_sealed().await.doing("looking for cases")? {
        let why = "the building of this demonstration was interrupted: delete its database";
        return Err(Failure::Plain(why.to_owned()));
    }
    Ok(!empty)
}
