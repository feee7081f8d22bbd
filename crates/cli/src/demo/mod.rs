//! `xiaohe demo`: an invented city on loopback, with an account for every role.

mod accounts;

use crate::{
    failure::Failure,
    serve,
    settings::{Place, block_on},
};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::net::SocketAddr;
use web::App;

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
        block_on(async {
            let place = self.place.complete()?;
            let city = place.city()?;
            let store = place.store(place.make_keys()?).await?;
            let demo = accounts::make(&store, &city.pack).await?;
            serve::print_accounts(&demo);
            let dir = city.dir.clone();
            let app = App::new(store, city, Timestamp::now, demo);
            serve::listen(app, self.listen, dir).await
        })
    }
}
