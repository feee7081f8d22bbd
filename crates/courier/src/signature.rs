//! Signatures as the Standard Webhooks specification (1.0.0) wants them: HMAC-SHA256 over id, time
//! and body, with a secret written as `whsec_` and base64.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many bytes a secret has.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// The bytes of a secret; none when it is not one.
pub fn secret(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text.trim().strip_prefix("whsec_")?).ok()?;
    LENGTHS.contains(&bytes.len()).then_some(bytes)
}

/// The value of `webhook-signature` for a body sent at `second` under `id`.
pub fn sign(secret: &[u8], id: &str, second: i64, body: &str) -> String {
    // A key of any length is taken; the empty text could not be mistaken for a signature.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{id}.{second}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the specification's reference libraries.
    #[test]
    fn the_known_example_is_signed_alike() {
        let key = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = sign(&key, id, 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn only_secrets_are_secrets() {
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_*"]
        {
            assert_eq!(secret(text), None, "{text}");
        }
        assert!(secret(" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").is_some());
    }
}
