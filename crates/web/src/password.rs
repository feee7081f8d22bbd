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
