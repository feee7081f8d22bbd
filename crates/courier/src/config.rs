//! What the configuration says about a gateway. A secret never stands in it: it comes from a file
//! of its own or from the environment.

use serde::Deserialize;
use std::path::PathBuf;
use store::Audience;

/// One `[[gateway]]` of `xiaohe.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Short name, for pages and logs.
    pub name: String,
    /// How it is spoken to.
    pub kind: Kind,
    /// Whose messages it takes.
    pub takes: Vec<Audience>,
    /// Where it is: `https://…`; `http://…` on this machine alone.
    pub url: String,
    /// File with the shared secret, `whsec_…`.
    pub secret_file: Option<PathBuf>,
    /// Certificates to trust instead of the public ones, as PEM: for a network of its own.
    pub ca_file: Option<PathBuf>,
}

/// How a gateway is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Standard Webhooks: a signed POST of JSON.
    Http,
}

impl Config {
    /// The environment variable that may hold the secret instead of a file.
    pub fn secret_variable(&self) -> String {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let name: String = self.name.chars().map(upper).collect();
        format!("XIAOHE_GATEWAY_{name}_SECRET")
    }
}

/// Why a gateway cannot be used as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misconfigured {
    /// The address is none.
    #[error("the address of gateway {0} is not a web address")]
    Address(String),
    /// Telephone numbers would travel in the open.
    #[error("gateway {0} is on another machine: its address must begin with https://")]
    Open(String),
    /// No secret was given.
    #[error("gateway {0} has no secret: name a secret_file, or set {1}")]
    NoSecret(String, String),
    /// The secret cannot be used.
    #[error("the secret of gateway {0} must be whsec_ and 24 to 64 bytes in base64")]
    Secret(String),
    /// The file cannot be read.
    #[error("the {1} of gateway {0} cannot be read")]
    File(String, &'static str),
    /// Nobody's messages go there.
    #[error("gateway {0} takes nothing: give takes = [\"persons\"], [\"units\"] or both")]
    TakesNothing(String),
    /// Two of them want the same messages.
    #[error("two gateways take the messages to {0}: leave one")]
    Double(&'static str),
}
