//! Passwords: Argon2id with its default cost (19 MiB, two passes, RFC 9106's second choice), on
//! blocking threads, a bounded number at a time.

use crate::error::Oops;
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A hash nobody's password has, so that an unknown name costs as much time as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The hash of a new password.
///
/// # Errors
/// When the system gives no randomness.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

/// The fewest characters of a password (GB/T 39786 asks for eight; longer ones cost nothing).
pub const FEWEST: usize = 10;
/// The most characters: longer ones are no safer, and hashing them is work.
const MOST: usize = 200;
/// What everybody tries first, in small letters and without the digits around it.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "admin",
    "administrator",
    "root",
    "welcome",
    "letmein",
    "qwerty",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsx",
    "1qaz2wsx",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "q1w2e3r4",
    "abcdef",
    "abc",
    "a1b2c3d4",
    "iloveyou",
    "woaini",
    "woaizhongguo",
    "mima",
    "wodemima",
    "fulian",
    "funv",
    "xiaohe",
    "nihao",
    "zhongguo",
    "dragon",
    "monkey",
    "sunshine",
    "princess",
    "football",
    "test",
    "guest",
    "changeme",
    "default",
    "secret",
];

/// What is wrong with a new password, as the key of a sentence: too short, too long, the name in
/// it, or what everybody tries first.
pub fn weakness(password: &str, username: &str, name: &str) -> Option<&'static str> {
    let chars: Vec<char> = password.chars().collect();
    if chars.len() < FEWEST {
        return Some("password.short");
    }
    if chars.len() > MOST || chars.iter().any(|c| c.is_control()) {
        return Some("password.long");
    }
    let plain = password.to_lowercase();
    let own = username.to_lowercase();
    let own = own.split(['@', '.', '_', '-']).chain([own.as_str()]).filter(|p| p.len() >= 4);
    let named = own.into_iter().any(|part| plain.contains(part));
    if named || (name.chars().count() >= 2 && password.contains(name)) {
        return Some("password.name");
    }
    let words = plain.trim_matches(|c: char| !c.is_alphabetic());
    let runs = chars.windows(2).filter(|pair| {
        let step = i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
        (-1..=1).contains(&step)
    });
    // Nearly every sign is its neighbour or the same: 1234567890, aaaaaaaaaa.
    let running = runs.count() + 3 >= chars.len();
    let few = chars.iter().collect::<std::collections::BTreeSet<_>>().len() < 5;
    let digits = chars.iter().all(char::is_ascii_digit) && chars.len() < 14;
    let common = COMMON.contains(&words) || COMMON.contains(&plain.as_str());
    (common || running || few || digits).then_some("password.common")
}

/// A first password that somebody is told and must change: easy to read aloud, hard to guess.
pub fn first() -> String {
    let text = store::new_receipt().to_lowercase();
    let parts: Vec<&str> =
        [0..4, 4..8, 8..12, 12..16].into_iter().filter_map(|r| text.get(r)).collect();
    parts.join("-")
}

/// The hash of a new password, on a blocking thread like every other.
pub(crate) async fn hash_apart(permits: Arc<Semaphore>, password: String) -> Result<String, Oops> {
    let _permit = permits.acquire_owned().await.map_err(|e| Oops::fault(&e))?;
    let hashed = tokio::task::spawn_blocking(move || hash(&password)).await;
    hashed.map_err(|e| Oops::fault(&e))?.map_err(|e| Oops::fault(&e))
}

/// Whether the password fits the hash; a missing hash fits nothing and takes as long.
pub(crate) async fn fits(
    permits: Arc<Semaphore>,
    password: String,
    hash: Option<String>,
) -> Result<bool, Oops> {
    let _permit = permits.acquire_owned().await.map_err(|e| Oops::fault(&e))?;
    let known = hash.is_some();
    let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
    let fits = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash).is_ok_and(|parsed| {
            Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
        })
    })
    .await
    .map_err(|e| Oops::fault(&e))?;
    Ok(fits && known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        for (password, expected) in [
            ("liánhuā-7", Some("password.short")),
            ("liánhuā-2026", None),
            ("correct horse battery", None),
            ("荷花池边有一只白鹭飞", None),
            ("li.fang-2026-ok", Some("password.name")),
            ("今天李芳值班一二三四", Some("password.name")),
            ("1234567890", Some("password.common")),
            ("9876543210", Some("password.common")),
            ("13800001234", Some("password.common")),
            ("aaaaaaaaaaaa", Some("password.common")),
            ("Password123", Some("password.common")),
            ("2026woaini!!", Some("password.common")),
            ("abababababab", Some("password.common")),
        ] {
            assert_eq!(weakness(password, "li.fang@wf-9901", "李芳"), expected, "{password}");
        }
        let long = "长".repeat(201);
        assert_eq!(weakness(&long, "li", "李芳"), Some("password.long"));
    }

    #[test]
    fn first_passwords_are_good_ones() {
        let one = first();
        assert_eq!((one.len(), weakness(&one, "li", "李芳")), (19, None));
        assert_ne!(one, first());
    }

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let permits = Arc::new(Semaphore::new(1));
        let kept = hash("liánhuā-7").unwrap();
        assert!(kept.starts_with("$argon2id$"));
        for (typed, hash, expected) in [
            ("liánhuā-7", Some(kept.clone()), true),
            ("liánhuā-8", Some(kept.clone()), false),
            ("liánhuā-7", None, false),
            ("liánhuā-7", Some("broken".to_owned()), false),
        ] {
            assert_eq!(fits(permits.clone(), typed.to_owned(), hash).await.unwrap(), expected);
        }
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
