//! An identity provider for tests: a real HTTP server on loopback that describes itself, keeps to
//! PKCE, takes each code once, and lies where it is told to. Whoever tests it acts as the browser.

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64},
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::net::TcpListener;

/// How a program is known to the test provider.
pub const CLIENT: &str = "xiaohe";
/// The secret that the test provider shares with it; worth nothing.
pub const CLIENT_SECRET: &str = "a secret that is worth nothing";

/// How the provider signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// With the key that it publishes.
    Rightly,
    /// With another key, under the name of the right one.
    ByAnother,
    /// Not at all: `alg` is `none`.
    Not,
    /// With the secret that the program knows too.
    WithSecret,
}

struct Grant {
    challenge: String,
    claims: Value,
}

struct Inner {
    issuer: String,
    key: EcdsaKeyPair,
    name: String,
    codes: BTreeMap<String, Grant>,
    given: usize,
    signed: Signed,
    away: bool,
    forgetful: bool,
    lasting: bool,
}

/// A running provider. It ends with the test.
#[derive(Clone)]
pub struct TestProvider(Arc<Mutex<Inner>>);

impl TestProvider {
    /// On a port of its own.
    ///
    /// # Panics
    /// When loopback cannot be used.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Inner {
            issuer,
            key: new_key(),
            name: "1".to_owned(),
            codes: BTreeMap::new(),
            given: 0,
            signed: Signed::Rightly,
            away: false,
            forgetful: false,
            lasting: false,
        };
        let this = Self(Arc::new(Mutex::new(inner)));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its issuer.
    pub fn issuer(&self) -> String {
        self.inner().issuer.clone()
    }

    /// Signs like this from now on.
    pub fn sign(&self, signed: Signed) {
        self.inner().signed = signed;
    }

    /// Answers nothing sensible, or answers again.
    pub fn set_away(&self, away: bool) {
        self.inner().away = away;
    }

    /// Takes a code as often as it comes, which no provider may do.
    pub fn forget_to_forget(&self) {
        self.inner().forgetful = true;
    }

    /// Offers no way to log out.
    pub fn keep_sessions(&self) {
        self.inner().lasting = true;
    }

    /// Publishes and uses a new key.
    pub fn change_key(&self) {
        let mut inner = self.inner();
        inner.key = new_key();
        inner.name += "1";
    }

    /// Lets somebody in who was sent to `url` at this second. `changes` stand in place of what the
    /// token would say; `null` leaves it out. Answers the query with which the browser comes back.
    ///
    /// # Panics
    /// When the address does not ask for what it must.
    pub fn let_in(&self, url: &str, second: i64, changes: &Value) -> String {
        let asked = query(url);
        let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
        assert_eq!((of("response_type"), of("client_id")), ("code".into(), CLIENT.into()), "{url}");
        assert_eq!(of("code_challenge_method"), "S256", "{url}");
        assert!(of("scope").split(' ').any(|scope| scope == "openid"), "{url}");
        assert!(of("state").len() > 15 && of("nonce").len() > 15, "{url}");
        let mut inner = self.inner();
        let mut claims = json!({
            "iss": inner.issuer, "aud": CLIENT, "sub": "subject-1", "nonce": of("nonce"),
            "iat": second, "exp": second + 300, "auth_time": second,
        });
        for (name, value) in changes.as_object().expect("changes") {
            match value {
                Value::Null => claims.as_object_mut().expect("claims").remove(name),
                value => {
                    claims.as_object_mut().expect("claims").insert(name.clone(), value.clone())
                }
            };
        }
        inner.given += 1;
        let code = format!("code-{}", inner.given);
        inner.codes.insert(code.clone(), Grant { challenge: of("code_challenge"), claims });
        format!("code={code}&state={}", of("state"))
    }
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let made = made.expect("a key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random)
        .expect("a key")
}

/// What stands behind the question mark of an address, or a form.
pub fn query(url: &str) -> BTreeMap<String, String> {
    let pairs = url.split_once('?').map_or(url, |(_, query)| query).split('&');
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

fn plain(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                u8::from_str_radix(&String::from_utf8_lossy(&hex), 16).unwrap_or(b'?')
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn describe(State(provider): State<TestProvider>) -> Response {
    let inner = provider.inner();
    if inner.away {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let issuer = &inner.issuer;
    let mut told = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    if !inner.lasting {
        told["end_session_endpoint"] = json!(format!("{issuer}/session/end"));
    }
    Json(told).into_response()
}

async fn keys(State(provider): State<TestProvider>) -> Json<Value> {
    let inner = provider.inner();
    let point = inner.key.public_key().as_ref();
    Json(json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": inner.name,
        "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..]),
    }] }))
}

async fn token(State(provider): State<TestProvider>, headers: HeaderMap, body: String) -> Response {
    let mut inner = provider.inner();
    let form = query(&body);
    let of = |name: &str| form.get(name).map_or("", String::as_str);
    let no = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response();
    let told = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let told = told.and_then(|v| v.strip_prefix("Basic ")).and_then(|v| STANDARD.decode(v).ok());
    let told = plain(&String::from_utf8_lossy(&told.unwrap_or_default()));
    if told != format!("{CLIENT}:{CLIENT_SECRET}") {
        return no("invalid_client");
    }
    let Some(grant) = inner.codes.remove(of("code")) else { return no("invalid_grant") };
    let proof = BASE64.encode(Sha256::digest(of("code_verifier")));
    if proof != grant.challenge || of("grant_type") != "authorization_code" {
        return no("invalid_grant");
    }
    let id_token = inner.signed(&grant.claims);
    if inner.forgetful {
        inner.codes.insert(of("code").to_owned(), grant);
    }
    Json(json!({
        "access_token": "an access token", "token_type": "Bearer", "expires_in": 60,
        "id_token": id_token,
    }))
    .into_response()
}

impl Inner {
    fn signed(&self, claims: &Value) -> String {
        let algorithm = match self.signed {
            Signed::Rightly | Signed::ByAnother => "ES256",
            Signed::Not => "none",
            Signed::WithSecret => "HS256",
        };
        let head = json!({ "alg": algorithm, "typ": "JWT", "kid": self.name });
        let text = [head.to_string(), claims.to_string()].map(|part| BASE64.encode(part)).join(".");
        let by = |key: &EcdsaKeyPair| {
            key.sign(&SystemRandom::new(), text.as_bytes()).expect("signed").as_ref().to_vec()
        };
        let signature = match self.signed {
            Signed::Rightly => by(&self.key),
            Signed::ByAnother => by(&new_key()),
            Signed::Not => Vec::new(),
            Signed::WithSecret => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
                hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{text}.{}", BASE64.encode(signature))
    }
}
