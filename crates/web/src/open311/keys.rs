//! Who may send requests. A key is handed out by the city; only its SHA-256 is configured, in
//! `XIAOHE_OPEN311_KEYS` as hexadecimal digits between commas.

use std::sync::LazyLock;

/// The key of every demonstration.
const DEMO: &str = "demo";

static CONFIGURED: LazyLock<String> =
    LazyLock::new(|| std::env::var("XIAOHE_OPEN311_KEYS").unwrap_or_default());

/// Whether a key is one of those handed out.
pub(super) fn is_known(key: &str, demo: bool) -> bool {
    (demo && key == DEMO) || is_listed(&CONFIGURED, key)
}

fn is_listed(list: &str, key: &str) -> bool {
    // Half of the hash is compared: 128 bits cannot be guessed either.
    let half = format!("{:032x}", u128::from_be_bytes(store::digest(key)));
    list.split(',').map(str::trim).any(|listed| {
        listed.len() == 64 && listed.get(..32).is_some_and(|h| h.eq_ignore_ascii_case(&half))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_keys_are_known() {
        // SHA-256 of "abc".
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let list = format!("00, {} ,", abc.to_uppercase());
        assert!(is_listed(&list, "abc"));
        for wrong in ["", "ab", "demo", abc] {
            assert!(!is_listed(&list, wrong), "{wrong}");
        }
        assert!(!is_listed("", ""));
        assert!(is_known("demo", true) && !is_known("demo", false));
    }
}
