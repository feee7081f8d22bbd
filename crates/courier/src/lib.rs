//! Takes queued messages to the gateways that the configuration names.
//!
//! Decides how a message is signed and handed over, and when a gateway is left in peace. What may
//! leave, in which words and whom it reaches is decided by `domain::sending` and made ready by
//! the store; nothing here reads a case. It never logs an address or a text.

mod config;
mod gateway;
mod round;
pub mod signature;

pub use config::{Config, Kind, Misconfigured};
pub use gateway::Gateway;
pub use round::{Courier, LEASE};
