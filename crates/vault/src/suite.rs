//! The two cipher suites behind one pair of functions: authenticated encryption and a keyed
//! pseudo-random function. Nothing outside this module names an algorithm.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use aes_gcm::{Aes256Gcm, AesGcm};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use sm3::Sm3;
use sm4::Sm4;
use zeroize::Zeroizing;

use crate::case_key::Broken;

type Sm4Gcm = AesGcm<Sm4, U12>;

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// 256 random bits, wiped when dropped.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// Which family of algorithms protects new data. Sealed bytes carry their suite in the first
/// byte, so data of both suites can stand side by side; hashes (blind index, search words) do
/// not, so a key file keeps its suite for life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// AES-256-GCM and HMAC-SHA-256.
    International,
    /// SM4-GCM (GB/T 32907, 128-bit key) and HMAC-SM3 (GB/T 32905).
    National,
}

impl Suite {
    /// The name used in the key file.
    pub fn name(self) -> &'static str {
        match self {
            Self::International => "international",
            Self::National => "national",
        }
    }

    /// The suite of a name in the key file.
    pub fn named(name: &str) -> Option<Self> {
        [Self::International, Self::National].into_iter().find(|suite| suite.name() == name)
    }

    /// Low half of the header byte of everything sealed; never reuse a number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::International => 1,
            Self::National => 2,
        }
    }

    pub(crate) fn coded(code: u8) -> Option<Self> {
        [Self::International, Self::National].into_iter().find(|suite| suite.code() == code)
    }

    /// Returns `header | nonce | ciphertext | tag`. The header is authenticated with `aad`; all
    /// headers that start with the same byte have the same length, so the two cannot be confused.
    pub(crate) fn seal(self, key: &Secret, header: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        match self {
            Self::International => {
                seal_with(&Aes256Gcm::new(&(**key).into()), header, aad, plaintext)
            }
            Self::National => seal_with(&sm4_gcm(key), header, aad, plaintext),
        }
    }

    /// Opens what [`Suite::seal`] made with a header of `header_bytes`.
    pub(crate) fn open(
        self,
        key: &Secret,
        header_bytes: usize,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Broken> {
        match self {
            Self::International => {
                open_with(&Aes256Gcm::new(&(**key).into()), header_bytes, aad, sealed)
            }
            Self::National => open_with(&sm4_gcm(key), header_bytes, aad, sealed),
        }
    }
}

/// SM4 takes 128 bits, so its key is derived rather than cut from the 256-bit secret, which may
/// also serve AES.
fn sm4_gcm(secret: &Secret) -> Sm4Gcm {
    let derived = Zeroizing::new(Prf::new(Suite::National, secret).of(b"xiaohe sm4-gcm key"));
    Sm4Gcm::new_from_slice(&derived[..16]).expect("SM4 takes 16 bytes")
}

fn seal_with<A>(cipher: &A, header: &[u8], aad: &[u8], plaintext: &[u8]) -> Vec<u8>
where
    A: AeadInOut<NonceSize = U12>,
{
    // 96 random bits are safe for 2^32 messages under one key; a case has a few hundred fields.
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let body = header.len() + NONCE_BYTES;
    let mut out = Vec::with_capacity(body + plaintext.len() + TAG_BYTES);
    out.extend_from_slice(header);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plaintext);
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), &bound(header, aad), (&mut out[body..]).into())
        .expect("GCM refuses only texts beyond 64 GiB, far above every request limit");
    out.extend_from_slice(&tag);
    out
}

fn open_with<A>(
    cipher: &A,
    header_bytes: usize,
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, Broken>
where
    A: AeadInOut<NonceSize = U12>,
{
    let (header, rest) = sealed.split_at_checked(header_bytes).ok_or(Broken::Altered)?;
    let (nonce, rest) = rest.split_at_checked(NONCE_BYTES).ok_or(Broken::Altered)?;
    let text_bytes = rest.len().checked_sub(TAG_BYTES).ok_or(Broken::Altered)?;
    let (text, tag) = rest.split_at(text_bytes);
    let nonce = Nonce::<A>::try_from(nonce).map_err(|_| Broken::Altered)?;
    let tag = Tag::<A>::try_from(tag).map_err(|_| Broken::Altered)?;
    let mut text = text.to_vec();
    cipher
        .decrypt_inout_detached(&nonce, &bound(header, aad), text.as_mut_slice().into(), &tag)
        .map_err(|_| Broken::Altered)?;
    Ok(text)
}

fn bound(header: &[u8], aad: &[u8]) -> Vec<u8> {
    [header, aad].concat()
}

/// A keyed pseudo-random function with its key schedule already computed.
#[derive(Clone)]
pub(crate) enum Prf {
    International(Hmac<Sha256>),
    National(Hmac<Sm3>),
}

impl Prf {
    pub(crate) fn new(suite: Suite, key: &Secret) -> Self {
        const ANY_LENGTH: &str = "HMAC takes a key of any length";
        match suite {
            Suite::International => {
                Self::International(Hmac::new_from_slice(&**key).expect(ANY_LENGTH))
            }
            Suite::National => Self::National(Hmac::new_from_slice(&**key).expect(ANY_LENGTH)),
        }
    }

    pub(crate) fn of(&self, message: &[u8]) -> [u8; 32] {
        match self {
            Self::International(mac) => {
                mac.clone().chain_update(message).finalize().into_bytes().into()
            }
            Self::National(mac) => mac.clone().chain_update(message).finalize().into_bytes().into(),
        }
    }

    /// The first 64 bits, where a whole tag would be too long.
    pub(crate) fn short(&self, message: &[u8]) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.of(message)[..8]);
        u64::from_be_bytes(first)
    }

    /// Compares in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::International(mac) => mac.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::National(mac) => mac.clone().chain_update(message).verify_slice(tag).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sm3::Digest;
    use sm4::cipher::BlockCipherEncrypt as _;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    /// RFC 4231, test case 1. HMAC fills a short key with zeros, so its 20-byte key is the same
    /// as ours of 32 bytes.
    #[test]
    fn hmac_sha_256_agrees_with_rfc_4231() {
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let prf = Prf::new(Suite::International, &Zeroizing::new(key));
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hex(&prf.of(b"Hi There")), expected);
        assert!(prf.verify(b"Hi There", &prf.of(b"Hi There")));
        assert!(!prf.verify(b"Hi there", &prf.of(b"Hi There")));
        assert!(!prf.verify(b"Hi There", &prf.of(b"Hi There")[..31]));
    }

    #[derive(serde::Deserialize)]
    struct Vectors {
        sm3: Vec<Hashed>,
        sm4: Vec<Enciphered>,
    }

    #[derive(serde::Deserialize)]
    struct Hashed {
        message: String,
        digest: String,
    }

    #[derive(serde::Deserialize)]
    struct Enciphered {
        key: String,
        plain: String,
        rounds: u32,
        cipher: String,
    }

    fn vectors() -> Vectors {
        toml::from_str(include_str!("../tests/vectors.toml")).unwrap()
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn sm3_agrees_with_the_standard() {
        let vectors = vectors().sm3;
        assert_eq!(vectors.len(), 5);
        for one in vectors {
            assert_eq!(hex(&Sm3::digest(bytes(&one.message))), one.digest, "{}", one.message);
        }
    }

    #[test]
    fn sm4_agrees_with_the_standard() {
        let vectors = vectors().sm4;
        assert_eq!(vectors.len(), 2);
        for one in vectors {
            let cipher = Sm4::new_from_slice(&bytes(&one.key)).unwrap();
            let mut block = <[u8; 16]>::try_from(bytes(&one.plain)).unwrap().into();
            for _ in 0..one.rounds {
                cipher.encrypt_block(&mut block);
            }
            assert_eq!(hex(&block), one.cipher, "{} rounds", one.rounds);
        }
    }

    /// HMAC as RFC 2104 builds it of any hash, over the SM3 that is tested above.
    #[test]
    fn hmac_sm3_is_hmac_over_sm3() {
        let key = [0x5a; 32];
        let pad = |with: u8| -> Vec<u8> {
            let padded = [key.as_slice(), &[0; 32]].concat();
            padded.iter().map(|byte| byte ^ with).collect()
        };
        let inner = Sm3::digest([pad(0x36).as_slice(), b"message"].concat());
        let outer = Sm3::digest([pad(0x5c).as_slice(), &inner].concat());
        let prf = Prf::new(Suite::National, &Zeroizing::new(key));
        assert_eq!(hex(&prf.of(b"message")), hex(&outer));
    }

    /// RFC 8998, appendix A.1: SM4-GCM.
    #[test]
    fn sm4_gcm_agrees_with_rfc_8998() {
        let key: [u8; 16] = [
            0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54,
            0x32, 0x10,
        ];
        let nonce: [u8; 12] = [0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0, 0xab, 0xcd];
        let aad = [
            0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad,
            0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2,
        ];
        let mut text: Vec<u8> =
            [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa].iter().flat_map(|&b| [b; 8]).collect();
        let tag = Sm4Gcm::new(&key.into())
            .encrypt_inout_detached(&nonce.into(), &aad, text.as_mut_slice().into())
            .unwrap();
        assert_eq!(
            hex(&text),
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
             d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        );
        assert_eq!(hex(&tag), "83de3541e4c2b58177e065a9bf7b62ec");
    }
}
