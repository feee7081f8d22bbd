//! Log-in with a city's identity provider: `OpenID Connect`, authorization code with PKCE.
//!
//! [`Provider::begin`] says where to send somebody and what to remember of it; [`Provider::finish`]
//! takes what they came back with and says who the provider says they are. Both wait for the
//! network and must be called where waiting is allowed. Time is an argument.

use crate::{Address, Config, Misconfigured, wire};
use jiff::Timestamp;
use openidconnect::{
    AccessTokenHash, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError,
    ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl,
    LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RequestTokenError,
    TokenResponse,
    core::{
        CoreClient, CoreClientAuthMethod, CoreIdTokenClaims, CoreIdTokenVerifier,
        CoreJwsSigningAlgorithm, CoreResponseType, CoreTokenResponse,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use ureq::Agent;

/// So many seconds the clocks of the provider and of this machine may differ.
pub const SKEW_SECONDS: i64 = 60;
/// A token that was issued longer ago is not the answer to a journey that begins and ends now.
const OLDEST_TOKEN: i64 = 600;
/// The provider's description and keys are asked for again after so many seconds.
const FRESH: i64 = 600;
/// Nobody waits again so soon for a provider that did not answer.
const AWAY: i64 = 10;
/// Signatures by a key that only the provider has. A shared secret signs nothing here.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider that is ready to be asked.
pub struct Provider {
    config: Config,
    issuer: IssuerUrl,
    secret: ClientSecret,
    back: RedirectUrl,
    left: PostLogoutRedirectUrl,
    agent: Agent,
    known: Mutex<Option<Known>>,
}

/// What the provider said of itself, or that it said nothing, and when.
#[derive(Clone)]
struct Known {
    at: Timestamp,
    metadata: Option<Arc<ProviderMetadataWithLogout>>,
}

/// When it is, and how long ago a log-in at the provider may lie.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Now.
    pub now: Timestamp,
    /// Minutes since somebody last proved to the provider who they are: the time after which a page
    /// is locked, or the lock would be opened by one click.
    pub idle_minutes: u32,
}

/// What is remembered of somebody who is on the way to the provider. Secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct Journey {
    /// Comes back with them.
    pub state: String,
    nonce: String,
    verifier: String,
}

/// Who came back.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    /// The provider's own name for them; never shown, logged or stored as it is.
    pub subject: String,
    /// The provider took a second factor that the configuration trusts.
    pub second_factor: bool,
}

/// Why nobody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The provider cannot be reached, or says nothing that can be understood.
    #[error("the provider does not answer")]
    Away,
    /// The provider does not know the code, or not any more.
    #[error("the provider does not take the code")]
    Refused,
    /// What the provider signed is not what was asked for; a code says what.
    #[error("the token is not right: {0}")]
    Wrong(&'static str),
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.config.issuer)
    }
}

impl fmt::Debug for Journey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journey")
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown(second factor {})", self.second_factor)
    }
}

impl Provider {
    /// Reads secret and certificates and checks the addresses; asks nothing. `back` is the path to
    /// which people return, and `left` that to which they return when they have logged out there;
    /// `environment` answers what a variable holds.
    ///
    /// # Errors
    /// When it cannot be used as it is configured.
    pub fn new(
        config: &Config,
        (address, [back, left]): (&Address, [&str; 2]),
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Misconfigured> {
        config.check()?;
        let issuer = IssuerUrl::new(config.issuer.clone()).map_err(|_| Misconfigured::Issuer)?;
        let back = RedirectUrl::new(address.of(back)).map_err(|_| Misconfigured::Address)?;
        let left = PostLogoutRedirectUrl::new(address.of(left));
        let left = left.map_err(|_| Misconfigured::Address)?;
        let secret = ClientSecret::new(config.secret(environment)?);
        let agent = wire::agent(config)?;
        let config = config.clone();
        Ok(Self { config, issuer, secret, back, left, agent, known: Mutex::default() })
    }

    /// Its configuration: names and issuer.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Asks the provider to describe itself: whether it can be reached, and is the right one.
    ///
    /// # Errors
    /// [`Trouble::Away`].
    pub fn look(&self, now: Timestamp) -> Result<(), Trouble> {
        self.described(now, 0).map(drop)
    }

    /// Where somebody goes to prove who they are, and what to remember of it.
    ///
    /// # Errors
    /// [`Trouble::Away`].
    pub fn begin(&self, setting: Setting) -> Result<(String, Journey), Trouble> {
        let metadata = self.described(setting.now, FRESH)?;
        let client = self.client(&metadata);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (url, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .set_pkce_challenge(challenge)
            .set_max_age(Duration::from_secs(u64::from(setting.idle_minutes) * 60))
            .url();
        let journey = Journey {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok((url.into(), journey))
    }

    /// Where somebody goes who wants to log out at the provider too; none where it does not offer
    /// that. What the provider once signed is not kept, so it may ask whether this is meant.
    ///
    /// # Errors
    /// [`Trouble::Away`].
    pub fn end(&self, now: Timestamp) -> Result<Option<String>, Trouble> {
        let metadata = self.described(now, FRESH)?;
        let place = metadata.additional_metadata().end_session_endpoint.clone();
        Ok(place.map(|place| {
            let request = LogoutRequest::from(place)
                .set_client_id(ClientId::new(self.config.client_id.clone()))
                .set_post_logout_redirect_uri(self.left.clone());
            request.http_get_url().into()
        }))
    }

    /// Who somebody is who came back with this code.
    ///
    /// # Errors
    /// When the provider does not take the code, or what it signed is not what was asked for.
    pub fn finish(
        &self,
        journey: &Journey,
        code: &str,
        setting: Setting,
    ) -> Result<Shown, Trouble> {
        let mut metadata = self.described(setting.now, FRESH)?;
        let token = self.exchange(&self.client(&metadata), journey, code)?;
        let mut read = self.read(&self.client(&metadata), journey, (&token, setting));
        if read == Err(Trouble::Wrong("signature")) {
            // The provider may have changed its keys since they were asked for.
            metadata = self.described(setting.now, 0)?;
            read = self.read(&self.client(&metadata), journey, (&token, setting));
        }
        read
    }

    /// What the provider says of itself, not older than so many seconds.
    fn described(
        &self,
        now: Timestamp,
        oldest: i64,
    ) -> Result<Arc<ProviderMetadataWithLogout>, Trouble> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Known { at, metadata }) = known {
            let age = now.as_second() - at.as_second();
            match metadata {
                Some(metadata) if (0..oldest).contains(&age) => return Ok(metadata),
                None if (0..AWAY.min(oldest)).contains(&age) => return Err(Trouble::Away),
                _ => {}
            }
        }
        // Several may ask at once; that does no harm, and nobody waits for another.
        let asked =
            ProviderMetadataWithLogout::discover(&self.issuer, &|r| wire::ask(&self.agent, r));
        let metadata = asked.ok().map(Arc::new);
        let known = Known { at: now, metadata: metadata.clone() };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        metadata.ok_or(Trouble::Away)
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> Client {
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_some_and(|all| all.contains(&method));
        // Without a word about it, the header is what every provider takes.
        let basic = methods.is_none() || takes(CoreClientAuthMethod::ClientSecretBasic);
        let by_body = !basic && takes(CoreClientAuthMethod::ClientSecretPost);
        let id = ClientId::new(self.config.client_id.clone());
        CoreClient::from_provider_metadata(metadata.clone(), id, Some(self.secret.clone()))
            .set_redirect_uri(self.back.clone())
            .set_auth_type(if by_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    fn exchange(
        &self,
        client: &Client,
        journey: &Journey,
        code: &str,
    ) -> Result<CoreTokenResponse, Trouble> {
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|_| Trouble::Away)?;
        let verifier = PkceCodeVerifier::new(journey.verifier.clone());
        let asked = request.set_pkce_verifier(verifier).request(&|r| wire::ask(&self.agent, r));
        asked.map_err(|error| match error {
            RequestTokenError::ServerResponse(_) => Trouble::Refused,
            RequestTokenError::Request(_) => Trouble::Away,
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Trouble::Wrong("answer"),
        })
    }

    fn read(
        &self,
        client: &Client,
        journey: &Journey,
        (token, setting): (&CoreTokenResponse, Setting),
    ) -> Result<Shown, Trouble> {
        let signed = token.id_token().ok_or(Trouble::Wrong("no_token"))?;
        let verifier = strict(client.id_token_verifier(), setting);
        let claims = signed
            .claims(&verifier, &Nonce::new(journey.nonce.clone()))
            .map_err(|error| Trouble::Wrong(code_of(&error)))?;
        if let Some(hash) = claims.access_token_hash() {
            let made = signed.signing_alg().ok().zip(signed.signing_key(&verifier).ok());
            let made = made.and_then(|(algorithm, key)| {
                AccessTokenHash::from_token(token.access_token(), algorithm, key).ok()
            });
            if made.as_ref() != Some(hash) {
                return Err(Trouble::Wrong("access_token"));
            }
        }
        let party = claims.authorized_party();
        if party.is_some_and(|party| party.as_str() != self.config.client_id) {
            return Err(Trouble::Wrong("party"));
        }
        let subject = claims.subject().to_string();
        if subject.is_empty() {
            return Err(Trouble::Wrong("subject"));
        }
        Ok(Shown { subject, second_factor: self.trusts(claims) })
    }

    /// Whether the provider took a second factor, by a word that the configuration trusts.
    fn trusts(&self, claims: &CoreIdTokenClaims) -> bool {
        let acr = claims.auth_context_ref().is_some_and(|acr| {
            self.config.second_factor_acr.iter().any(|trusted| trusted == acr.as_str())
        });
        let amr = claims.auth_method_refs().into_iter().flatten();
        acr || amr
            .into_iter()
            .any(|amr| self.config.second_factor_amr.iter().any(|trusted| trusted == amr.as_str()))
    }
}

/// Signature, issuer, audience and nonce are the library's business; when is ours.
fn strict(verifier: CoreIdTokenVerifier<'_>, setting: Setting) -> CoreIdTokenVerifier<'_> {
    let Setting { now, idle_minutes } = setting;
    let now = now.as_second();
    let oldest_log_in = now - i64::from(idle_minutes) * 60 - SKEW_SECONDS;
    let unless = |right: bool| if right { Ok(()) } else { Err(String::new()) };
    verifier
        .set_allowed_algs(ALGORITHMS)
        .set_other_audience_verifier_fn(|_| false)
        .set_time_fn(move || {
            let clock = chrono::DateTime::from_timestamp(now - SKEW_SECONDS, 0);
            clock.unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC)
        })
        .set_issue_time_verifier_fn(move |at| {
            let soonest = now - OLDEST_TOKEN - SKEW_SECONDS;
            unless((soonest..=now + SKEW_SECONDS).contains(&at.timestamp()))
        })
        .set_auth_time_verifier_fn(move |at| {
            let within = oldest_log_in..=now + SKEW_SECONDS;
            unless(at.is_some_and(|at| within.contains(&at.timestamp())))
        })
}

/// What was wrong, without a word of what the token says.
fn code_of(error: &ClaimsVerificationError) -> &'static str {
    match error {
        ClaimsVerificationError::Expired(_) => "expired",
        ClaimsVerificationError::InvalidAudience(_) => "audience",
        ClaimsVerificationError::InvalidAuthTime(_) => "log_in_time",
        ClaimsVerificationError::InvalidIssuer(_) => "issuer",
        ClaimsVerificationError::InvalidNonce(_) => "nonce",
        ClaimsVerificationError::InvalidSubject(_) => "subject",
        ClaimsVerificationError::SignatureVerification(_) => "signature",
        _ => "claims",
    }
}
