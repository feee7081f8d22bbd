//! staff

mod board;
mod dry_run;
mod notices;
mod papers;
mod setup;
mod visits;

use crate::routes::Routes;

pub(crate) fn routes(routes: Routes) -> Routes {
    let routes = board::routes(routes);
    let routes = visits::routes(routes);
    let routes = notices::routes(routes);
    let routes = setup::routes(routes);
    let routes = dry_run::routes(routes);
    let routes = papers::routes(routes);
    routes
}
