//! An authenticator for tests: makes a passkey and shows it, as a browser would send it, and lies
//! where it is told to.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const MADE: u8 = 64;

/// A device with one passkey.
pub struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// The address of the page that asks, as the browser sees it.
    pub origin: String,
    /// The name of the site, as the browser takes it.
    pub domain: String,
    /// How often it was used.
    pub counter: u32,
    /// It looks at a finger, a face or a number.
    pub verifies: bool,
}

impl Authenticator {
    /// One that tells the truth.
    ///
    /// # Panics
    /// When no key can be made.
    pub fn new(origin: &str, domain: &str) -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
        let made = made.expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, made.as_ref(), &random);
        let key = key.expect("a key");
        let id = Sha256::digest(key.public_key().as_ref()).to_vec();
        let (origin, domain) = (origin.to_owned(), domain.to_owned());
        Self { key, id, origin, domain, counter: 1, verifies: true }
    }

    /// A new passkey, in answer to what a page asks.
    ///
    /// # Panics
    /// When what is asked is no question.
    pub fn make(&self, options: &str) -> String {
        let client = self.client(options, "webauthn.create");
        let mut data = self.data(MADE);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(&data);
        self.answer(&json!({
            "attestationObject": BASE64.encode(object),
            "clientDataJSON": BASE64.encode(client),
        }))
    }

    /// The passkey, in answer to what a page asks; it counts on.
    ///
    /// # Panics
    /// When what is asked is no question.
    pub fn show(&mut self, options: &str) -> String {
        self.counter += 1;
        let client = self.client(options, "webauthn.get");
        let data = self.data(0);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        self.answer(&json!({
            "authenticatorData": BASE64.encode(data),
            "clientDataJSON": BASE64.encode(client),
            "signature": BASE64.encode(signature),
            "userHandle": Value::Null,
        }))
    }

    fn client(&self, options: &str, kind: &str) -> Vec<u8> {
        let options: Value = serde_json::from_str(options).expect("a question");
        let challenge = &options["publicKey"]["challenge"];
        let said = json!({
            "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        said.to_string().into_bytes()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.domain.as_bytes()).to_vec();
        data.push(PRESENT | more | if self.verifies { VERIFIED } else { 0 });
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn answer(&self, response: &Value) -> String {
        let id = BASE64.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "extensions": {},
            "response": response })
        .to_string()
    }
}
