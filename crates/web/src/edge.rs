//! How the program stands towards the network: under which address people reach it, whose word about
//! where a request comes from is believed, and whether a form comes from our own pages. Decides
//! nothing about cases. Network addresses are looked at and forgotten: never logged, never stored.

use crate::{app::App, error::Oops};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, HeaderName, header, request::Parts},
};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

/// The surroundings of the program, from its settings. By default it speaks plain HTTP on loopback
/// and believes no header.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// The address that people type, `https://…`, when a proxy speaks TLS for us. Cookies are then
    /// sent over TLS alone, and browsers are told to come by TLS only.
    pub address: Option<String>,
    /// The header in which the proxy says where a request comes from.
    pub from_header: Option<HeaderName>,
    /// Machines on which that proxy runs, when it is not this one.
    pub proxies: Vec<IpAddr>,
    /// Everybody may come as often as they like: for measurements, never for earnest.
    pub unpaced: bool,
}

impl Edge {
    /// Whether people reach the program over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.address.as_ref().is_some_and(|address| address.starts_with("https://"))
    }

    /// Where a request comes from; nothing for one from this machine itself, or through a proxy that
    /// does not say. Whoever is not the proxy is not believed: they are where they call from.
    fn origin(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
        let trusted = peer.is_loopback() || self.proxies.contains(&peer);
        let Some(name) = self.from_header.as_ref().filter(|_| trusted) else {
            return Some(peer).filter(|_| !trusted);
        };
        // The nearest proxy adds itself last; what stands before was said by somebody else.
        let told = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        let last = told.rsplit(',').next()?.trim();
        last.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    }

    /// Whether a form was sent by a page of ours, as far as the browser says. Old browsers say
    /// nothing; the secret in the forms of staff protects them all the same.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
        if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
            return matches!(site, "same-origin" | "none");
        }
        // Our pages ask browsers to name no referrer, and many then name no origin either.
        let Some(origin) = text(header::ORIGIN).filter(|o| *o != "null") else { return true };
        let host = |address: &str| address.split_once("://").map(|(_, h)| h.to_owned());
        let from = host(origin);
        let own = self.address.as_deref().and_then(host);
        from.is_some()
            && (from.as_deref() == text(header::HOST) || from == own.map(|o| trimmed(&o)))
    }
}

/// An address without the slash that people put behind it.
fn trimmed(host: &str) -> String {
    host.trim_end_matches('/').to_owned()
}

/// Refuses a form that another site has sent in the name of somebody who is logged in here, or to
/// log somebody in as somebody else.
///
/// # Errors
/// [`Oops::Forged`].
pub(crate) fn from_our_page(app: &App, headers: &HeaderMap) -> Result<(), Oops> {
    if app.edge().is_own(headers) { Ok(()) } else { Err(Oops::Forged) }
}

/// Where a request comes from, for those who count how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor {
    from: Option<IpAddr>,
}

impl Visitor {
    /// One household, as far as its address tells: one IPv4 address, or the last net of IPv6, out
    /// of which a single machine may take any address it likes.
    pub(crate) fn house(self) -> Option<String> {
        self.from.map(|ip| prefix(ip, 32, 64))
    }

    /// The network around it.
    pub(crate) fn network(self) -> Option<String> {
        self.from.map(|ip| prefix(ip, 24, 48))
    }
}

/// The first bits of an address, as a name.
fn prefix(ip: IpAddr, four: u32, six: u32) -> String {
    match ip {
        IpAddr::V4(ip) => format!("4 {:08x} {four}", ip.to_bits() & (u32::MAX << (32 - four))),
        IpAddr::V6(ip) => format!("6 {:032x} {six}", ip.to_bits() & (u128::MAX << (128 - six))),
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self { from: app.edge().origin(&parts.headers, &parts.extensions) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        all.iter().map(pair).collect()
    }

    #[test]
    fn only_the_configured_header_of_the_proxy_is_believed() {
        let told = headers(&[("x-forwarded-for", "6.6.6.6, 1.2.3.4"), ("x-real-ip", "5.5.5.5")]);
        let bare = Edge::default();
        let named = Edge { from_header: Some("x-forwarded-for".parse().unwrap()), ..bare.clone() };
        let far = Edge { proxies: vec!["10.0.0.2".parse().unwrap()], ..named.clone() };
        for (edge, peer, expected) in [
            (&bare, "127.0.0.1:1", None),
            (&bare, "9.9.9.9:1", Some("9.9.9.9")),
            (&named, "127.0.0.1:1", Some("1.2.3.4")),
            (&named, "[::1]:1", Some("1.2.3.4")),
            (&named, "9.9.9.9:1", Some("9.9.9.9")),
            (&named, "10.0.0.2:1", Some("10.0.0.2")),
            (&far, "10.0.0.2:1", Some("1.2.3.4")),
            (&far, "[::ffff:10.0.0.2]:1", Some("1.2.3.4")),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
            let found = edge.origin(&told, &extensions).map(|ip| ip.to_string());
            assert_eq!(found.as_deref(), expected, "{peer} {edge:?}");
            assert_eq!(edge.origin(&HeaderMap::new(), &Extensions::new()), None);
        }
        // A proxy that says nonsense makes nobody of everybody, so that nobody is locked out.
        let mut local = Extensions::new();
        local.insert(ConnectInfo("127.0.0.1:1".parse::<SocketAddr>().unwrap()));
        assert_eq!(named.origin(&headers(&[("x-forwarded-for", "<x>")]), &local), None);
    }

    #[test]
    fn neighbours_share_a_network_and_not_a_house() {
        let at = |ip: &str| Visitor { from: ip.parse().ok() };
        for (one, two, house, network) in [
            ("1.2.3.4", "1.2.3.5", false, true),
            ("1.2.3.4", "1.2.4.4", false, false),
            ("2001:db8:1:1::1", "2001:db8:1:1:ffff::9", true, true),
            ("2001:db8:1:1::1", "2001:db8:1:2::1", false, true),
            ("2001:db8:1:1::1", "2001:db8:2:1::1", false, false),
        ] {
            assert_eq!(at(one).house() == at(two).house(), house, "{one} {two}");
            assert_eq!(at(one).network() == at(two).network(), network, "{one} {two}");
        }
        assert_eq!(at("").house(), None);
    }

    #[test]
    fn forms_of_other_sites_are_told_apart() {
        let edge = Edge { address: Some("https://care.example/".to_owned()), ..Edge::default() };
        for (sent, own) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://care.example")], false),
            (&[("origin", "null")], true),
            (&[("origin", "https://care.example"), ("host", "127.0.0.1:8080")], true),
            (&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], true),
            (&[("origin", "https://evil.example"), ("host", "127.0.0.1:8080")], false),
            (&[("origin", "nonsense"), ("host", "nonsense")], false),
        ] {
            assert_eq!(edge.is_own(&headers(sent)), own, "{sent:?}");
        }
    }
}
