//! The blind index: a keyed tag per value, so that the database can answer "is this phone already
//! known" without knowing the phone.
//!
//! Equal values give equal tags, so whoever reads the database sees how often a value repeats;
//! without the key they cannot try values out, which is why the key is not in the database.

use crate::keys::Keys;

/// What a value is. The same digits as a phone and as an id number give unrelated tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlindKind {
    /// A phone number, through [`crate::normalise_phone`].
    Phone,
    /// A resident id number, through [`crate::normalise_id_number`].
    IdNumber,
    /// A person's whole name, through [`crate::normalise_name`].
    Name,
    /// An e-mail address in lower case.
    Email,
    /// The secret receipt of an appeal.
    Receipt,
    /// Any other document number, such as a passport or an organisation code.
    Document,
}

impl BlindKind {
    /// Numbers are stored through the tags they make: never change or reuse one.
    fn code(self) -> u8 {
        match self {
            Self::Phone => 1,
            Self::IdNumber => 2,
            Self::Name => 3,
            Self::Email => 4,
            Self::Receipt => 5,
            Self::Document => 6,
        }
    }
}

impl Keys {
    /// The tag of an already normalised value: 128 bits of a keyed hash.
    pub fn blind(&self, kind: BlindKind, normalised: &str) -> [u8; 16] {
        let mut message = Vec::with_capacity(normalised.len() + 1);
        message.push(kind.code());
        message.extend_from_slice(normalised.as_bytes());
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.blind.of(&message)[..16]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_depend_on_key_kind_and_value() {
        let keys = |byte: &str| {
            Keys::parse(&format!("root={}\nwrap.1={}", byte.repeat(32), "00".repeat(32))).unwrap()
        };
        let (a, b) = (keys("01"), keys("02"));
        let tag = a.blind(BlindKind::Phone, "13800000000");
        assert_eq!(tag, a.blind(BlindKind::Phone, "13800000000"));
        assert_ne!(tag, a.blind(BlindKind::Phone, "13800000001"));
        assert_ne!(tag, a.blind(BlindKind::IdNumber, "13800000000"));
        assert_ne!(tag, b.blind(BlindKind::Phone, "13800000000"));
    }

    /// Stored tags must stay findable after an upgrade.
    #[test]
    fn tags_never_change() {
        let text = format!("root={}\nwrap.1={}", "01".repeat(32), "00".repeat(32));
        let tag = Keys::parse(&text).unwrap().blind(BlindKind::Phone, "13800000000");
        assert_eq!(u128::from_be_bytes(tag), 326_234_659_219_529_303_940_176_437_650_302_492_072);
    }
}
