//! How the provider is spoken to: briefly, guarded, and following no redirect, because whoever could
//! redirect these requests could make this machine ask anything of its network.

use crate::{Config, Misconfigured, address::is_guarded};
use openidconnect::{HttpRequest, HttpResponse};
use std::{fs, time::Duration};
use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};
use webauthn_rs::prelude::Url;

/// How long the provider may take for one answer: somebody waits before the log-in page.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read; a set of keys takes a few thousand bytes.
const MOST_BYTES: u64 = 512 * 1024;

/// The provider did not answer, or may not be asked there.
#[derive(Debug, thiserror::Error)]
#[error("the provider does not answer")]
pub(crate) struct Unreached;

pub(crate) fn agent(config: &Config) -> Result<Agent, Misconfigured> {
    let agent = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("xiaohe")
        .tls_config(tls(config)?)
        .build();
    Ok(agent.new_agent())
}

fn tls(config: &Config) -> Result<TlsConfig, Misconfigured> {
    let Some(file) = &config.ca_file else { return Ok(TlsConfig::default()) };
    let wrong = Misconfigured::File("ca_file");
    let pem = fs::read(file).map_err(|_| wrong)?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(wrong);
    }
    Ok(TlsConfig::builder().root_certs(RootCerts::from(certificates)).build())
}

/// Sends one request of the protocol.
pub(crate) fn ask(agent: &Agent, request: HttpRequest) -> Result<HttpResponse, Unreached> {
    let guarded = Url::parse(&request.uri().to_string()).is_ok_and(|url| is_guarded(&url));
    if !guarded {
        return Err(Unreached);
    }
    let answer = agent.run(request).map_err(|_| Unreached)?;
    let (parts, mut body) = answer.into_parts();
    let body = body.with_config().limit(MOST_BYTES).read_to_vec().map_err(|_| Unreached)?;
    Ok(HttpResponse::from_parts(parts, body))
}
