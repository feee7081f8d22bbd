//! What the configuration says about the identity provider. The secret never stands in it: it comes
//! from a file of its own or from the environment.

use crate::address::is_guarded;
use serde::Deserialize;
use std::{fs, path::PathBuf};
use webauthn_rs::prelude::Url;

/// The environment variable that may hold the provider's secret instead of a file.
pub const SECRET_VARIABLE: &str = "XIAOHE_PROVIDER_SECRET";

/// `[provider]` of `xiaohe.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its name on the log-in page.
    pub name: String,
    /// The same in English.
    #[serde(default)]
    pub name_en: String,
    /// Its issuer, exactly as its own description says it: `https://…`.
    pub issuer: String,
    /// The name under which the provider knows this program.
    pub client_id: String,
    /// File with the secret that the provider shares with this program.
    pub secret_file: Option<PathBuf>,
    /// Certificates to trust instead of the public ones, as PEM: for a network of its own.
    pub ca_file: Option<PathBuf>,
    /// Values of the claim `amr` of which one is taken for a second factor.
    #[serde(default)]
    pub second_factor_amr: Vec<String>,
    /// Values of the claim `acr` that are taken for a second factor.
    #[serde(default)]
    pub second_factor_acr: Vec<String>,
}

/// Why a provider or an address cannot be used as it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misconfigured {
    /// The own address is none, or is open to everybody on the way.
    #[error(
        "address must be https:// and the name of this site, nothing behind it; http:// on this \
         machine alone"
    )]
    Address,
    /// There is a provider, and nowhere to come back to.
    #[error("a provider needs the address of this site: set address in xiaohe.toml")]
    NoAddress,
    /// The issuer is none.
    #[error("the issuer of the provider must begin with https://")]
    Issuer,
    /// Name or client id is empty.
    #[error("the provider needs a name and a client_id")]
    Nameless,
    /// No secret was given.
    #[error("the provider has no secret: name a secret_file, or set {SECRET_VARIABLE}")]
    NoSecret,
    /// A file cannot be read, or is not what it should be.
    #[error("the {0} of the provider cannot be read")]
    File(&'static str),
}

impl Config {
    /// The secret, from its file or the environment.
    pub(crate) fn secret(
        &self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<String, Misconfigured> {
        let text = match &self.secret_file {
            Some(file) => {
                fs::read_to_string(file).map_err(|_| Misconfigured::File("secret_file"))?
            }
            None => environment(SECRET_VARIABLE).ok_or(Misconfigured::NoSecret)?,
        };
        let secret = text.trim();
        if secret.is_empty() { Err(Misconfigured::NoSecret) } else { Ok(secret.to_owned()) }
    }

    pub(crate) fn check(&self) -> Result<(), Misconfigured> {
        if self.name.trim().is_empty() || self.client_id.is_empty() {
            return Err(Misconfigured::Nameless);
        }
        let issuer = Url::parse(&self.issuer).map_err(|_| Misconfigured::Issuer)?;
        let whole = issuer.query().is_none() && issuer.fragment().is_none();
        if whole && is_guarded(&issuer) { Ok(()) } else { Err(Misconfigured::Issuer) }
    }
}
