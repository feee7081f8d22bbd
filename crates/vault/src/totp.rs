//! One-time codes by time (RFC 6238 over RFC 4226): HMAC-SHA-1, six digits, thirty seconds, which
//! is what every authenticator program understands. SHA-1 is sound here: HMAC does not need it to
//! resist collisions.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Bytes of a secret (RFC 4226 §4 asks for twenty).
pub const SECRET_BYTES: usize = 20;
/// How long a code is shown, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// RFC 4648's alphabet, in which programs take a secret.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of a step: how many times thirty seconds have passed since 1970.
pub fn code(secret: &[u8], step: i64) -> u32 {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return 0 };
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
    let four = hash.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    (u32::from_be_bytes(four.unwrap_or_default()) & 0x7fff_ffff) % 1_000_000
}

/// The step whose code was typed, if it is one of this moment, the one before or the one after
/// (clocks differ), and later than `used`, so that no code is taken twice.
pub fn accepted(secret: &[u8], typed: &str, second: i64, used: i64) -> Option<i64> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let typed: u32 = digits.parse().ok()?;
    let now = second.div_euclid(STEP_SECONDS);
    (now - 1..=now + 1).find(|step| *step > used && code(secret, *step) == typed)
}

/// The secret as people type it into their program.
pub fn base32(secret: &[u8]) -> String {
    let mut text = String::with_capacity(secret.len() * 8 / 5 + 1);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in secret {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            let index = usize::try_from((bits >> held) & 31).unwrap_or(0);
            text.push(char::from(BASE32[index]));
        }
    }
    if held > 0 {
        let index = usize::try_from((bits << (5 - held)) & 31).unwrap_or(0);
        text.push(char::from(BASE32[index]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, for SHA-1; its eight digits, of which ours are the last six.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (second, eight) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(code(secret, second / STEP_SECONDS), eight % 1_000_000, "{second}");
        }
    }

    #[test]
    fn a_code_is_taken_near_its_time_and_once() {
        let secret = b"12345678901234567890";
        let step = 1_234_567_890 / STEP_SECONDS;
        for (typed, second, used, expected) in [
            ("005924", 1_234_567_890, 0, Some(step)),
            ("005 924", 1_234_567_890, 0, Some(step)),
            ("005924", 1_234_567_890 + 30, 0, Some(step)),
            ("005924", 1_234_567_890 - 30, 0, Some(step)),
            ("005924", 1_234_567_890 + 60, 0, None),
            ("005924", 1_234_567_890 - 60, 0, None),
            ("005924", 1_234_567_890, step, None),
            ("005925", 1_234_567_890, 0, None),
            ("5924", 1_234_567_890, 0, None),
            ("+05924", 1_234_567_890, 0, None),
            ("", 1_234_567_890, 0, None),
        ] {
            assert_eq!(accepted(secret, typed, second, used), expected, "{typed} {second} {used}");
        }
    }

    /// RFC 4648 §10, without padding.
    #[test]
    fn secrets_are_written_in_base32() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
