//! Envelope encryption: one random data key per case, wrapped by a numbered key of the key file.
//!
//! Layout of a wrapped key: `0x10 | suite`, wrapping key number (big endian, 2 bytes), nonce (12),
//! encrypted key (32), tag (16). Layout of a sealed field: `suite`, nonce (12), text, tag (16).
//! A field therefore takes 29 bytes more than its text, and its length stays visible.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::keys::Keys;
use crate::suite::{Secret, Suite};

const WRAPPED: u8 = 0x10;
const WRAP_HEADER_BYTES: usize = 3;
const SEAL_HEADER_BYTES: usize = 1;

/// Why sealed bytes did not open. Never says more about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The bytes were altered or cut, or belong to another case, field or key.
    #[error("sealed data was altered, or belongs to another case or field")]
    Altered,
    /// Wrapped under a key number that this key file does not hold.
    #[error("the key file has no wrapping key number {0}")]
    UnknownKey(u16),
    /// The first byte names no known suite.
    #[error("sealed data starts with the unknown suite byte {0}")]
    UnknownSuite(u8),
}

/// The data key of one case. Prints nothing of itself and is wiped when dropped.
pub struct CaseKey {
    secret: Secret,
    suite: Suite,
}

impl fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaseKey").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl CaseKey {
    /// Encrypts one field. `aad` names the case and the field: bytes moved to another place do
    /// not open there. Sealing the same text twice gives different bytes.
    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        self.suite.seal(&self.secret, &[self.suite.code()], aad, plaintext)
    }

    /// Opens what [`CaseKey::seal`] made with the same `aad`.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Broken> {
        let &code = sealed.first().ok_or(Broken::Altered)?;
        let suite = Suite::coded(code).ok_or(Broken::UnknownSuite(code))?;
        suite.open(&self.secret, SEAL_HEADER_BYTES, aad, sealed)
    }
}

/// The number of the wrapping key under which bytes are wrapped, if they are a wrapped key.
pub fn wrapped_under(wrapped: &[u8]) -> Option<u16> {
    match wrapped {
        [first, high, low, ..] if first & 0xf0 == WRAPPED => {
            Some(u16::from_be_bytes([*high, *low]))
        }
        _ => None,
    }
}

impl Keys {
    /// Makes a random data key for a case, and its wrapped form for the database. The wrapped
    /// form opens only with the same `case_id`. Deleting it is how a case is erased.
    pub fn new_case_key(&self, case_id: &[u8]) -> (CaseKey, Vec<u8>) {
        let secret = Zeroizing::new(rand::random());
        let wrapped = self.wrap(case_id, &secret);
        (CaseKey { secret, suite: self.suite() }, wrapped)
    }

    /// Recovers the data key of a case, under whichever wrapping key it was wrapped.
    pub fn unwrap(&self, case_id: &[u8], wrapped: &[u8]) -> Result<CaseKey, Broken> {
        let &[first, high, low, ..] = wrapped else { return Err(Broken::Altered) };
        if first & 0xf0 != WRAPPED {
            return Err(Broken::UnknownSuite(first));
        }
        let suite = Suite::coded(first & 0x0f).ok_or(Broken::UnknownSuite(first))?;
        let number = u16::from_be_bytes([high, low]);
        let mut ring = self.ring();
        if ring.get(number).is_none() && self.read_again().unwrap_or(false) {
            // Somebody has rotated the keys and wrapped this one already.
            ring = self.ring();
        }
        let wrapping = ring.get(number).ok_or(Broken::UnknownKey(number))?;
        let mut opened = suite.open(wrapping, WRAP_HEADER_BYTES, case_id, wrapped)?;
        let secret = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| Broken::Altered);
        opened.zeroize();
        Ok(CaseKey { secret: Zeroizing::new(secret?), suite: self.suite() })
    }

    /// Wraps a case's data key again under the newest wrapping key. What the case has sealed
    /// stays as it is. Answers `None` when it already is under the newest key.
    pub fn rewrap(&self, case_id: &[u8], wrapped: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
        let key = self.unwrap(case_id, wrapped)?;
        let number = self.newest_number();
        let current = wrapped.starts_with(&self.wrap_header(number));
        Ok((!current).then(|| self.wrap(case_id, &key.secret)))
    }

    fn wrap(&self, case_id: &[u8], secret: &Secret) -> Vec<u8> {
        let ring = self.ring();
        let (number, wrapping) = ring.newest();
        self.suite().seal(wrapping, &self.wrap_header(number), case_id, &**secret)
    }

    fn wrap_header(&self, number: u16) -> [u8; WRAP_HEADER_BYTES] {
        let [high, low] = number.to_be_bytes();
        [WRAPPED | self.suite().code(), high, low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(suite: &str, wraps: &[u16]) -> Keys {
        let head = format!("suite = {suite}\nroot = {}\n", "5a".repeat(32));
        let text = wraps.iter().fold(head, |text, number| {
            format!("{text}wrap.{number} = {}\n", format!("{number:02x}").repeat(32))
        });
        Keys::parse(&text).unwrap()
    }

    #[test]
    fn sealed_fields_open_only_where_they_belong() {
        for suite in ["international", "national"] {
            let keys = keys(suite, &[1]);
            let (key, wrapped) = keys.new_case_key(b"case 7");
            let sealed = key.seal(b"case 7 narrative", "昨晚".as_bytes());
            assert_eq!(sealed.len(), "昨晚".len() + 29);
            assert_ne!(sealed, key.seal(b"case 7 narrative", "昨晚".as_bytes()));

            let again = keys.unwrap(b"case 7", &wrapped).unwrap();
            assert_eq!(again.open(b"case 7 narrative", &sealed).unwrap(), "昨晚".as_bytes());
            assert_eq!(again.open(b"case 7 summary", &sealed), Err(Broken::Altered));
            assert_eq!(keys.unwrap(b"case 8", &wrapped).unwrap_err(), Broken::Altered);
            let (other, _) = keys.new_case_key(b"case 7");
            assert_eq!(other.open(b"case 7 narrative", &sealed), Err(Broken::Altered));
        }
    }

    #[test]
    fn both_suites_stand_side_by_side() {
        let (old, new) = (keys("international", &[1]), keys("national", &[1]));
        let (key, wrapped) = old.new_case_key(b"c");
        let sealed = key.seal(b"f", b"text");
        let after = new.unwrap(b"c", &wrapped).unwrap();
        assert_eq!(after.open(b"f", &sealed).unwrap(), b"text");
        assert_eq!(after.seal(b"f", b"text")[0], 2);
        assert!(new.rewrap(b"c", &wrapped).unwrap().is_some());
    }

    #[test]
    fn rotation_keeps_old_cases_open() {
        let (old, both) = (keys("international", &[1]), keys("international", &[1, 2]));
        let (key, wrapped) = old.new_case_key(b"c");
        let sealed = key.seal(b"f", b"text");

        let moved = both.rewrap(b"c", &wrapped).unwrap().expect("key 2 is newer");
        assert_eq!(moved[1..3], [0, 2]);
        assert_eq!(both.rewrap(b"c", &moved).unwrap(), None);
        for bytes in [&wrapped, &moved] {
            assert_eq!(both.unwrap(b"c", bytes).unwrap().open(b"f", &sealed).unwrap(), b"text");
        }
        assert_eq!(old.unwrap(b"c", &moved).unwrap_err(), Broken::UnknownKey(2));
    }

    #[test]
    fn nonsense_is_broken() {
        let keys = keys("international", &[1]);
        let (key, _) = keys.new_case_key(b"c");
        assert_eq!(key.open(b"", &[]), Err(Broken::Altered));
        assert_eq!(key.open(b"", &[1; 28]), Err(Broken::Altered));
        assert_eq!(key.open(b"", &[9; 60]), Err(Broken::UnknownSuite(9)));
        assert_eq!(keys.unwrap(b"c", &[]).unwrap_err(), Broken::Altered);
        assert_eq!(keys.unwrap(b"c", &[0x11, 0, 1]).unwrap_err(), Broken::Altered);
        assert_eq!(keys.unwrap(b"c", &[0x21, 0, 1]).unwrap_err(), Broken::UnknownSuite(0x21));
    }

    #[test]
    fn printing_a_key_shows_no_secret() {
        let keys = keys("international", &[7]);
        let (key, _) = keys.new_case_key(b"c");
        assert_eq!(format!("{key:?}"), "CaseKey { suite: International, .. }");
        assert_eq!(format!("{keys:?}"), "Keys { suite: International, wrapping: [7], .. }");
    }

    proptest! {
        #![proptest_config(crate::fixed_cases(256))]

        #[test]
        fn any_text_comes_back(text: Vec<u8>, aad: Vec<u8>, national: bool) {
            let keys = keys(if national { "national" } else { "international" }, &[1]);
            let (key, _) = keys.new_case_key(b"c");
            prop_assert_eq!(key.open(&aad, &key.seal(&aad, &text)).unwrap(), text);
        }

        #[test]
        fn any_altered_bit_is_noticed(text: Vec<u8>, place: prop::sample::Index, bit in 0..8_u32) {
            let keys = keys("international", &[1]);
            let (key, mut wrapped) = keys.new_case_key(b"c");
            let mut sealed = key.seal(b"f", &text);
            let at = place.index(sealed.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert!(key.open(b"f", &sealed).is_err());
            let at = place.index(wrapped.len());
            wrapped[at] ^= 1_u8 << bit;
            prop_assert!(keys.unwrap(b"c", &wrapped).is_err());
        }
    }
}
