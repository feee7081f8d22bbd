//! The address under which people reach the program: what a provider sends them back to, and what a
//! passkey is bound to.

use crate::Misconfigured;
use webauthn_rs::prelude::Url;

/// Scheme, host and port, nothing behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads `https://care.example`; plain `http` on this machine alone.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn parse(text: &str) -> Result<Self, Misconfigured> {
        let url = Url::parse(text).map_err(|_| Misconfigured::Address)?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare || !is_guarded(&url) {
            return Err(Misconfigured::Address);
        }
        Ok(Self(url))
    }

    /// The whole address of a path of this site.
    pub fn of(&self, path: &str) -> String {
        format!("{}{path}", self.0.origin().ascii_serialization())
    }

    /// The name that passkeys are bound to; a bare number of a machine is none.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.0.domain()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

/// Whether nobody on the way can read or change what is sent there.
pub(crate) fn is_guarded(url: &Url) -> bool {
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.host_str().is_some() && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_guarded_and_bare() {
        for (text, path) in [
            ("https://care.example", Some("https://care.example/x")),
            ("https://care.example/", Some("https://care.example/x")),
            ("https://care.example:8443", Some("https://care.example:8443/x")),
            ("http://localhost:12338", Some("http://localhost:12338/x")),
            ("http://127.0.0.1:12338", Some("http://127.0.0.1:12338/x")),
            ("http://care.example", None),
            ("http://localhost.evil.example", None),
            ("https://care.example/xiaohe", None),
            ("https://care.example?a=b", None),
            ("https://a@care.example", None),
            ("care.example", None),
            ("ftp://care.example", None),
            ("", None),
        ] {
            let read = Address::parse(text).ok().map(|a| a.of("/x"));
            assert_eq!(read.as_deref(), path, "{text}");
        }
    }

    #[test]
    fn a_number_of_a_machine_is_no_name() {
        assert_eq!(Address::parse("http://127.0.0.1:1").unwrap().domain(), None);
        assert_eq!(Address::parse("http://localhost:1").unwrap().domain(), Some("localhost"));
    }
}
