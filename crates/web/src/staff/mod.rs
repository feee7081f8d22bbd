//! What staff work with. Each area adds its own routes; every one of them states who may use it.

mod act;
mod actions;
mod bulk;
mod call;
pub(crate) mod case;
mod core;
mod counted;
mod desk;
mod files;
mod glass;
mod history;
mod issue;
mod letters;
mod login;
mod offers;
pub(crate) mod opening;
mod panels;
pub(crate) mod project;
mod protection;
mod reveal;
mod search;
pub(crate) mod secrecy;

mod board;
mod dry_run;
mod exports;
mod me;
mod notices;
pub(crate) mod papers;
mod passkeys;
mod people;
mod pledge;
mod proof;
mod provider;
mod rights;
pub(crate) mod setup;
mod traces;
mod visits;
mod why;

pub use provider::WAYS;

use crate::routes::Routes;

pub(crate) fn routes(routes: Routes) -> Routes {
    let routes = board::routes(routes);
    let routes = visits::routes(routes);
    let routes = notices::routes(routes);
    let routes = setup::routes(routes);
    let routes = dry_run::routes(routes);
    let routes = papers::routes(routes);
    let routes = rights::routes(routes);
    let routes = traces::routes(routes);
    let routes = proof::routes(routes);
    let routes = provider::routes(routes);
    let routes = passkeys::routes(routes);
    let routes = me::routes(routes);
    let routes = people::routes(routes);
    let routes = pledge::routes(routes);
    let routes = exports::routes(routes);
    let routes = reveal::routes(routes);
    let routes = secrecy::routes(routes);
    let routes = glass::routes(routes);
    let routes = why::routes(routes);
    core::routes(routes)
}
