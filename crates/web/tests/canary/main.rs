//! The canary gate: secrets are planted in every field of every workflow, and then everything that
//! leaves the program is looked through for them, as everybody.

#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod ground;
mod plant;
mod routes;
mod secret;
mod site;
mod walk;

use site::Site;
use testkit::Stand;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_what_is_not_theirs_on_sqlite() {
    site::gate(Site::new(Stand::sqlite().await).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_what_is_not_theirs_on_postgresql() {
    site::gate(Site::new(Stand::postgres().await).await).await;
}
