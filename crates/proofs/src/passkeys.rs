//! Passkeys (`WebAuthn`): what a browser is asked, and whether its answer is right.
//!
//! Origin, name of the site, challenge, signature, presence and verification of the person, and the
//! counter are the library's business. What it must remember between question and answer, and the
//! public key that it keeps, are texts here, which the caller keeps sealed.

use crate::Address;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;
use uuid::Uuid;
use webauthn_rs::{Webauthn, WebauthnBuilder, prelude::Passkey};

/// Asks for passkeys of one site, and checks them.
pub struct Passkeys {
    site: Webauthn,
    domain: String,
}

impl fmt::Debug for Passkeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passkeys({})", self.domain)
    }
}

/// A question to a browser.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The question, as JSON for the script of the page.
    pub options: String,
    /// What must be remembered until the answer comes.
    pub state: String,
}

/// A passkey was not shown, or not rightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passkey was not shown rightly")]
pub struct NotShown;

impl Passkeys {
    /// For a site with a name; `title` is what the browser may call it. None where browsers do not
    /// allow passkeys: a machine that has only a number.
    pub fn new(address: &Address, title: &str) -> Option<Self> {
        let domain = address.domain()?.to_owned();
        let site = WebauthnBuilder::new(&domain, address.url()).ok()?;
        let site = site.rp_name(title).build().ok()?;
        Some(Self { site, domain })
    }

    /// The name that passkeys of this site are bound to.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Asks for a new passkey of `person`, an identity that says nothing about them; `known` are
    /// those they have.
    ///
    /// # Errors
    /// When one that is known cannot be read.
    pub fn ask_new(
        &self,
        (person, username): (&[u8; 16], &str),
        known: &[String],
    ) -> Result<Asked, NotShown> {
        let known: Vec<Passkey> = known.iter().map(|k| parse(k)).collect::<Result<_, _>>()?;
        let known = known.iter().map(|key| key.cred_id().clone()).collect();
        let person = Uuid::from_bytes(*person);
        let started = self.site.start_passkey_registration(person, username, username, Some(known));
        let (options, state) = started.map_err(|_| NotShown)?;
        Ok(Asked { options: text(&options)?, state: text(&state)? })
    }

    /// Checks a new passkey; answers what to keep of it, and its own identity.
    ///
    /// # Errors
    /// When the answer is not to this question, or not from this site.
    pub fn take_new(&self, state: &str, answer: &str) -> Result<(String, Vec<u8>), NotShown> {
        let (answer, state) = (parse(answer)?, parse(state)?);
        let made = self.site.finish_passkey_registration(&answer, &state);
        let made = made.map_err(|_| NotShown)?;
        Ok((text(&made)?, made.cred_id().clone()))
    }

    /// Asks for one of these passkeys.
    ///
    /// # Errors
    /// When one of them cannot be read, or there is none.
    pub fn ask(&self, known: &[String]) -> Result<Asked, NotShown> {
        let known: Vec<Passkey> = known.iter().map(|k| parse(k)).collect::<Result<_, _>>()?;
        if known.is_empty() {
            return Err(NotShown);
        }
        let started = self.site.start_passkey_authentication(&known);
        let (options, state) = started.map_err(|_| NotShown)?;
        Ok(Asked { options: text(&options)?, state: text(&state)? })
    }

    /// Checks that one of `known` was shown; answers which of them, and what to keep of it now.
    ///
    /// # Errors
    /// When the answer is not to this question, not from this site, by another passkey, or by a
    /// copy of one: its counter does not go on.
    pub fn take(
        &self,
        state: &str,
        answer: &str,
        known: &[String],
    ) -> Result<(usize, String), NotShown> {
        let (answer, state) = (parse(answer)?, parse(state)?);
        let shown = self.site.finish_passkey_authentication(&answer, &state);
        let shown = shown.map_err(|_| NotShown)?;
        if !shown.user_verified() {
            return Err(NotShown);
        }
        for (n, one) in known.iter().enumerate() {
            let mut one: Passkey = parse(one)?;
            if one.update_credential(&shown).is_some() {
                return Ok((n, text(&one)?));
            }
        }
        Err(NotShown)
    }
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, NotShown> {
    serde_json::from_str(json).map_err(|_| NotShown)
}

fn text<T: Serialize>(value: &T) -> Result<String, NotShown> {
    serde_json::to_string(value).map_err(|_| NotShown)
}
