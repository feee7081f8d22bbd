//! One gateway: hands a letter over by a signed POST, and says in a code what went wrong.
//!
//! It never follows a redirect, which could carry a telephone number elsewhere, and never repeats
//! what the other side answered.

use crate::{Config, Misconfigured, signature};
use jiff::Timestamp;
use serde_json::json;
use std::{fmt, fs, time::Duration};
use store::{Address, Audience, Fate, Letter};
use ureq::{
    Agent,
    http::Uri,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

/// How long a gateway may take for one message; well below the lease.
const PATIENCE: Duration = Duration::from_secs(10);
/// Answers that will be the same however often the message is sent: it is not understood, too
/// large, or not acceptable. Everything else may be mended on the other side.
const LASTING: [u16; 3] = [400, 413, 422];

/// A gateway that is ready.
#[derive(Clone)]
pub struct Gateway {
    name: String,
    takes: Vec<Audience>,
    url: String,
    secret: Vec<u8>,
    agent: Agent,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({})", self.name)
    }
}

impl Gateway {
    /// Reads secret and certificates and checks the address; sends nothing. `environment` answers
    /// what a variable holds.
    ///
    /// # Errors
    /// When it cannot be used as it is configured.
    pub fn new(
        config: &Config,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Misconfigured> {
        let name = config.name.clone();
        if config.takes.is_empty() {
            return Err(Misconfigured::TakesNothing(name));
        }
        check_address(config)?;
        let variable = config.secret_variable();
        let text = match &config.secret_file {
            Some(file) => fs::read_to_string(file)
                .map_err(|_| Misconfigured::File(name.clone(), "secret_file"))?,
            None => environment(&variable)
                .ok_or_else(|| Misconfigured::NoSecret(name.clone(), variable))?,
        };
        let secret = signature::secret(&text).ok_or_else(|| Misconfigured::Secret(name.clone()))?;
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("xiaohe")
            .tls_config(tls(config)?)
            .build()
            .new_agent();
        let (takes, url) = (config.takes.clone(), config.url.clone());
        Ok(Self { name, takes, url, secret, agent })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it takes these messages.
    pub fn takes(&self, audience: Audience) -> bool {
        self.takes.contains(&audience)
    }

    /// Hands a letter over. Blocks for as long as a gateway may take.
    pub fn deliver(&self, letter: &Letter, now: Timestamp) -> Fate {
        let body = body(letter, now);
        let signed = signature::sign(&self.secret, &letter.id, now.as_second(), &body);
        let answer = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &letter.id)
            .header("webhook-timestamp", now.as_second().to_string())
            .header("webhook-signature", signed)
            .send(&body);
        match answer {
            Ok(answer) if answer.status().is_success() => Fate::Sent,
            Ok(answer) => {
                let status = answer.status().as_u16();
                Fate::Failed { why: format!("http_{status}"), lasting: LASTING.contains(&status) }
            }
            Err(error) => Fate::Failed { why: code(&error).to_owned(), lasting: false },
        }
    }
}

/// Neutral down to its type: whoever reads along at the gateway learns no more than the text.
fn body(letter: &Letter, now: Timestamp) -> String {
    let (kind, to) = match &letter.to {
        Address::Phone(phone) => ("message.person", json!({ "phone": phone })),
        Address::Unit(unit) => ("message.unit", json!({ "unit": unit })),
    };
    let data = json!({ "to": to, "text": letter.words });
    json!({ "type": kind, "timestamp": now.to_string(), "data": data }).to_string()
}

/// What kept a letter from being handed over. The library's own words may name the host.
fn code(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "timeout",
        ureq::Error::HostNotFound => "no_such_host",
        ureq::Error::Tls(_) | ureq::Error::Pem(_) | ureq::Error::Rustls(_) => "tls",
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed => "connection",
        _ => "protocol",
    }
}

/// Telephone numbers travel encrypted, unless they do not leave this machine.
fn check_address(config: &Config) -> Result<(), Misconfigured> {
    let wrong = || Misconfigured::Address(config.name.clone());
    let uri: Uri = config.url.parse().map_err(|_| wrong())?;
    let host = uri.host().ok_or_else(wrong)?;
    let here = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if here => Ok(()),
        Some("http") => Err(Misconfigured::Open(config.name.clone())),
        _ => Err(wrong()),
    }
}

fn tls(config: &Config) -> Result<TlsConfig, Misconfigured> {
    let Some(file) = &config.ca_file else { return Ok(TlsConfig::default()) };
    let wrong = || Misconfigured::File(config.name.clone(), "ca_file");
    let pem = fs::read(file).map_err(|_| wrong())?;
    let mut trusted: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| wrong())? {
            trusted.push(certificate);
        }
    }
    if trusted.is_empty() {
        return Err(wrong());
    }
    Ok(TlsConfig::builder().root_certs(RootCerts::from(trusted)).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn config(url: &str) -> Config {
        Config {
            name: "短信-1".to_owned(),
            kind: Kind::Http,
            takes: vec![Audience::Persons],
            url: url.to_owned(),
            secret_file: None,
            ca_file: None,
        }
    }

    #[test]
    fn a_gateway_that_would_tell_numbers_to_the_street_is_refused() {
        for (url, expected) in [
            ("https://sms.example/hook", Ok(())),
            ("http://127.0.0.1:9/hook", Ok(())),
            ("http://[::1]:9/hook", Ok(())),
            ("http://sms.example/hook", Err(Misconfigured::Open("短信-1".to_owned()))),
            ("http://127.0.0.1.example/", Err(Misconfigured::Open("短信-1".to_owned()))),
            ("ftp://sms.example/", Err(Misconfigured::Address("短信-1".to_owned()))),
            ("/hook", Err(Misconfigured::Address("短信-1".to_owned()))),
        ] {
            let made = Gateway::new(&config(url), |_| Some(SECRET.to_owned()));
            assert_eq!(made.map(drop), expected, "{url}");
        }
    }

    #[test]
    fn the_secret_comes_from_the_environment_or_a_file() {
        let config = config("https://sms.example/");
        let variable = "XIAOHE_GATEWAY____1_SECRET";
        assert_eq!(config.secret_variable(), variable);
        let set = |name: &str| (name == variable).then(|| SECRET.to_owned());
        assert!(Gateway::new(&config, set).is_ok());
        let none = Gateway::new(&config, |_| None).map(drop);
        assert_eq!(none, Err(Misconfigured::NoSecret("短信-1".to_owned(), variable.to_owned())));
        let short = Gateway::new(&config, |_| Some("whsec_c2hvcnQ=".to_owned())).map(drop);
        assert_eq!(short, Err(Misconfigured::Secret("短信-1".to_owned())));
        let file = Config { secret_file: Some("/nowhere/secret".into()), ..config };
        let missing = Gateway::new(&file, |_| None).map(drop);
        assert_eq!(missing, Err(Misconfigured::File("短信-1".to_owned(), "secret_file")));
    }
}
