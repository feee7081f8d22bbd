//! What tests of the whole application share: a sample city, a clock that is set by hand, people
//! with roles, appeals, and a store on each of the two databases.
//!
//! Everything here may panic: it runs in tests alone. Nothing reads the time or the network.

pub mod mark;
pub mod postgres;

mod appeal;
mod authenticator;
mod clock;
mod gateway;
mod people;
mod provider;
mod sample;
mod stand;

pub use appeal::{Appeal, checked, command_id, step};
pub use authenticator::Authenticator;
pub use clock::Clock;
pub use gateway::{GATEWAY_SECRET, Received, TestGateway};
pub use people::{actor, eyes, staff, viewer};
pub use provider::{CLIENT, CLIENT_SECRET, Signed, TestProvider, query};
pub use sample::{city, keys, keys_of, own_pack, pack, unit};
pub use stand::{Folder, Stand, stores};
