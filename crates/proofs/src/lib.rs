//! Checks what others sign for a person: a city's identity provider (`OpenID Connect`) and a passkey
//! (`WebAuthn`). Both protocols are kept libraries' business; this crate decides what they are asked.
//!
//! It knows no account, no session and no database, stores nothing, and never lets a message of the
//! other side, or anything that it says about a person, into an error or a log.

mod address;
mod config;
mod passkeys;
mod provider;
mod wire;

pub use address::Address;
pub use config::{Config, Misconfigured, SECRET_VARIABLE};
pub use passkeys::{Asked, NotShown, Passkeys};
pub use provider::{Journey, Provider, SKEW_SECONDS, Setting, Shown, Trouble};
