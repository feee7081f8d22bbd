//! How the line to PostgreSQL is protected, in libpq's own words (`sslmode`, `sslrootcert`).
//!
//! Decides from the address alone whether the line is encrypted and what the server must show.
//! Never tries the one and falls back to the other: what leaves this machine is encrypted, unless
//! the address says `sslmode=disable`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme,
};

use super::error::{Error, setup};

const NOT_PROTECTED: &str = "the server is on another machine, so the line to it must be \
    encrypted: add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to its address (or, in a \
    network that nobody else can reach, sslmode=disable)";
const NO_ROOT: &str = "name the certificates to trust: add sslrootcert=/path/to/ca.pem";

/// What the address asks of the line.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// As it is: a socket, this machine, or `sslmode=disable`.
    Plain,
    /// Encrypted; whoever answers is believed. Holds against listeners, not against impostors.
    Encrypted,
    /// Encrypted, and the server's certificate leads to one of this file; with `named` it must be
    /// made out to the host of the address too.
    Certified { root: PathBuf, named: bool },
}

/// Reads the address; answers the connection it describes and how to protect it.
pub(super) fn read(url: &str) -> Result<(Config, MakeRustlsConnect), Error> {
    let address = Address::split(url)?;
    let mut config: Config =
        address.rest.parse().map_err(|e| setup("reading the PostgreSQL address", &e))?;
    let line = line(&address, &config)?;
    config.ssl_mode(if line == Line::Plain { SslMode::Disable } else { SslMode::Require });
    if line == Line::Plain && !is_local(&config) {
        tracing::warn!("the line to PostgreSQL is not encrypted, as sslmode=disable asks");
    }
    Ok((config, connector(&line)?))
}

/// An address, with the words that are ours to read taken out of it.
struct Address {
    rest: String,
    mode: Option<String>,
    root: Option<PathBuf>,
}

impl Address {
    fn split(url: &str) -> Result<Self, Error> {
        // As the driver does: a question mark before the first @ belongs to the password.
        let host = url.find('@').unwrap_or_default();
        let Some(at) = url.get(host..).and_then(|tail| tail.find('?')).map(|at| at + host) else {
            return Ok(Self { rest: url.to_owned(), mode: None, root: None });
        };
        let (before, query) = url.split_at(at);
        let (mut mode, mut root, mut rest) = (None, None, Vec::new());
        for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(decoded(value)?),
                Some(("sslrootcert", value)) => root = Some(decoded(value)?.into()),
                _ => rest.push(pair),
            }
        }
        let mark = if rest.is_empty() { "" } else { "?" };
        Ok(Self { rest: format!("{before}{mark}{}", rest.join("&")), mode, root })
    }
}

/// Percent-encoding taken off.
fn decoded(text: &str) -> Result<String, Error> {
    let wrong = || setup("reading the PostgreSQL address", &"a % that begins no byte");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
            let (high, low) = digit().zip(digit()).ok_or_else(wrong)?;
            bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

fn line(address: &Address, config: &Config) -> Result<Line, Error> {
    let certified = |named| match &address.root {
        Some(root) => Ok(Line::Certified { root: root.clone(), named }),
        None => Err(setup("sslmode", &NO_ROOT)),
    };
    // A socket is a file: there is nobody on the way. libpq ignores sslmode here as well.
    if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
        && config.get_hostaddrs().is_empty()
    {
        return Ok(Line::Plain);
    }
    match address.mode.as_deref() {
        Some("disable") => Ok(Line::Plain),
        Some("require") if address.root.is_none() => Ok(Line::Encrypted),
        Some("require" | "verify-ca") => certified(false),
        Some("verify-full") => certified(true),
        // Whoever names certificates wants them to be looked at.
        None if address.root.is_some() => certified(true),
        None | Some("allow" | "prefer") if is_local(config) => Ok(Line::Plain),
        None | Some("allow" | "prefer") => Err(setup("PostgreSQL", &NOT_PROTECTED)),
        Some(other) => {
            let why = format!("`{other}` is none of disable, require, verify-ca, verify-full");
            Err(setup("sslmode", &why))
        }
    }
}

/// Whether every host of the address is this machine.
fn is_local(config: &Config) -> bool {
    // Where both are given, the address is where the line goes, and the host only a name.
    if !config.get_hostaddrs().is_empty() {
        return config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
    })
}

fn connector(line: &Line) -> Result<MakeRustlsConnect, Error> {
    let failed = |e: TlsError| setup("preparing TLS", &e);
    let provider = Arc::new(ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let (chain, named) = match line {
        Line::Plain | Line::Encrypted => (None, false),
        Line::Certified { root, named } => (Some(chain(root, provider.clone())?), *named),
    };
    let verifier = Arc::new(Shown { chain, named, algorithms });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn chain(file: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let doing = format!("reading the certificates in {}", file.display());
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(file).map_err(|e| setup(&doing, &e))? {
        let one = one.map_err(|e| setup(&doing, &e))?;
        roots.add(one).map_err(|e| setup(&doing, &e))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|e| setup(&doing, &e))
}

/// What the server must show. Its signature is checked in any case, so that the line ends where
/// the certificate's key is.
#[derive(Debug)]
struct Shown {
    chain: Option<Arc<WebPkiServerVerifier>>,
    named: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Shown {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(leaf, between, name, ocsp, now) {
            // The name is looked at last, when everything else is right.
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.named => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, leaf, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, leaf, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(url: &str) -> Result<Line, String> {
        let address = Address::split(url).map_err(|e| e.to_string())?;
        let config: Config = address.rest.parse().map_err(|_| format!("not read: {url}"))?;
        line(&address, &config).map_err(|e| e.to_string())
    }

    #[test]
    fn the_line_is_what_the_address_says() {
        let certified = |named| Line::Certified { root: "/etc/the ca.pem".into(), named };
        let ca = "sslrootcert=/etc/the%20ca.pem";
        for (url, expected) in [
            ("postgres://u@%2Frun%2Fpostgresql/city", Line::Plain),
            ("postgres://u@%2Frun%2Fpostgresql/city?sslmode=require", Line::Plain),
            ("postgres://u@localhost/city", Line::Plain),
            ("postgres://u@127.0.0.1:5433/city?application_name=x", Line::Plain),
            ("postgres://u@[::1]/city?sslmode=prefer", Line::Plain),
            ("postgres://u@db.lan/city?hostaddr=127.0.0.1", Line::Plain),
            ("postgres://u@db.lan/city?sslmode=disable", Line::Plain),
            ("postgres://u@db.lan/city?sslmode=require", Line::Encrypted),
            ("postgres://u@localhost/city?sslmode=require", Line::Encrypted),
            ("postgres://u:a?sslmode=disable@db.lan/city?sslmode=require", Line::Encrypted),
            (&format!("postgres://u@db.lan/city?sslmode=require&{ca}"), certified(false)),
            (&format!("postgres://u@db.lan/city?{ca}&sslmode=verify-ca"), certified(false)),
            (&format!("postgres://u@db.lan/city?sslmode=verify-full&{ca}"), certified(true)),
            (&format!("postgres://u@db.lan/city?{ca}"), certified(true)),
        ] {
            assert_eq!(asked(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_line_that_could_be_overheard_is_refused() {
        for (url, says) in [
            ("postgres://u@db.lan/city", "sslmode=verify-full"),
            ("postgres://u@10.0.0.5/city?sslmode=prefer", "sslmode=disable"),
            ("postgres://u@db.lan/city?sslmode=allow", "must be encrypted"),
            ("postgres://u@localhost,db.lan/city", "must be encrypted"),
            ("postgres://u@localhost/city?hostaddr=10.0.0.5", "must be encrypted"),
            ("postgres://u@db.lan/city?sslmode=verify-full", "sslrootcert"),
            ("postgres://u@db.lan/city?sslmode=verify-ca", "sslrootcert"),
            ("postgres://u@db.lan/city?sslmode=yes", "`yes` is none of"),
            ("postgres://u@db.lan/city?sslmode=%zz", "a %"),
            ("postgres://u@db.lan/city?sslrootcert=%ff", "a %"),
        ] {
            let refused = asked(url).expect_err(url);
            assert!(refused.contains(says), "{url}: {refused}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let folder = testkit::Folder::fresh();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "nothing").expect("a file");
        for file in [empty, folder.path().join("missing.pem")] {
            let url = format!("postgres://u@db.lan/c?sslrootcert={}", file.display());
            let Err(error) = read(&url) else { panic!("{url} is fine?") };
            assert!(error.to_string().contains(&*file.to_string_lossy()), "{error}");
        }
    }
}
