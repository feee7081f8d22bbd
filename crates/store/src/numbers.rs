//! Case numbers and receipts: what a resident writes down.
//!
//! A number is the year, eight digits that do not count, and a check digit; it is no secret.
//! A receipt is 128 bits that nobody can guess; only its keyed tag is stored.

use crate::db::{P, Stmt, Tx, Work, WriteError};
use domain::case::CaseId;
use jiff::civil::Date;
use std::{convert::Infallible, sync::Mutex};
use uuid::Uuid;
use vault::{BlindKind, Keys, Purpose, number};

/// How many ids a node takes at once.
const BLOCK: i64 = 256;
/// Crockford's alphabet: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static NEXT: Stmt = Stmt::new(
    "INSERT INTO sequences (name, next) VALUES ('case', $1)
     ON CONFLICT (name) DO UPDATE SET next = sequences.next + $1 RETURNING next",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&NEXT];

/// The number of a case, for example `26-4839-2071-6`.
pub fn number_of(keys: &Keys, case: CaseId, opened: Date) -> String {
    let digits = format!("{:02}{}", opened.year().rem_euclid(100), digits_of(keys, case));
    let check = number::check_digit(&digits).unwrap_or('0');
    format!("{}-{}-{}-{check}", &digits[..2], &digits[2..6], &digits[6..])
}

/// The eight digits of a number that stand for the case alone.
pub fn digits_of(keys: &Keys, case: CaseId) -> String {
    let n = u64::try_from(case).ok().and_then(|n| number::permute(keys, n)).unwrap_or_default();
    format!("{n:08}")
}

/// The case that these eight digits stand for.
pub fn case_of_digits(keys: &Keys, digits: i64) -> Option<CaseId> {
    CaseId::try_from(number::unpermute(keys, u64::try_from(digits).ok()?)?).ok()
}

/// The case that a number names, if it can be a number at all. Spaces, dashes and full-width
/// digits are accepted, because people copy from paper.
pub fn case_of(keys: &Keys, typed: &str) -> Option<CaseId> {
    let mut digits = String::with_capacity(11);
    for c in typed.trim().chars() {
        match c {
            '0'..='9' => digits.push(c),
            '０'..='９' => digits.extend(char::from_digit(c as u32 - '０' as u32, 10)),
            '-' | ' ' | '－' | '—' | '·' => {}
            _ => return None,
        }
    }
    if digits.len() != 11 || !number::is_checked(&digits) {
        return None;
    }
    case_of_digits(keys, digits.get(2..10)?.parse().ok()?)
}

/// A new secret receipt: 26 characters.
pub fn new_receipt() -> String {
    spelled(rand::random())
}

/// A new command id. It begins with the time, so that the index of commands grows at its end: ids
/// drawn blindly would touch another page of a large index for each command.
pub fn new_command() -> [u8; 16] {
    Uuid::now_v7().into_bytes()
}

/// The secret receipt of the case that a command opens; see [`Store::receipt_for`](crate::Store::receipt_for).
pub fn receipt_of(keys: &Keys, command: &[u8; 16]) -> String {
    // Passes are coded for the same purpose; nothing that one says can be said by the other.
    let code = keys.mac(Purpose::Receipts, &[b"opened by ", command.as_slice()].concat());
    let mut bits = [0; 16];
    bits.copy_from_slice(&code[..16]);
    spelled(bits)
}

fn spelled(bits: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(bits);
    (0..26)
        .map(|n| {
            let index = (bits >> (5 * n)) & 31;
            char::from(ALPHABET[usize::try_from(index).unwrap_or(0)])
        })
        .collect()
}

/// Twelve signs in three groups out of a code: sixty bits, short enough to be read from paper.
pub fn tag_of(code: &[u8; 32]) -> String {
    let mut bits = [0; 16];
    bits.copy_from_slice(&code[..16]);
    let all = spelled(bits);
    format!("{}-{}-{}", &all[..4], &all[4..8], &all[8..12])
}

/// A tag as it was typed from paper, as it is written.
pub fn plain_tag(typed: &str) -> Option<String> {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).map(clear).collect();
    (plain.len() == 12).then(|| format!("{}-{}-{}", &plain[..4], &plain[4..8], &plain[8..12]))
}

/// A sign without its look-alikes.
fn clear(c: char) -> char {
    match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    }
}

/// The tag by which a receipt is compared; dashes, case and look-alike letters do not matter.
pub fn receipt_tag(keys: &Keys, typed: &str) -> [u8; 16] {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).map(clear).collect();
    keys.blind(BlindKind::Receipt, &plain)
}

struct TakeBlock;

impl Work for TakeBlock {
    type Reply = i64;
    type Refusal = Infallible;

    async fn run(&self, tx: &mut Tx) -> Result<i64, WriteError<Infallible>> {
        let row = tx.row(&NEXT, &[P::Int(BLOCK)]).await?;
        row.map_or(Ok(0), |r| Ok(r.int(0)? - BLOCK))
    }
}

/// Ids taken from the database in blocks, so that an opening needs no round trip for its id.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    left: Mutex<(i64, i64)>,
    /// Held while a block is fetched, so that those who wait share it.
    fetching: tokio::sync::Mutex<()>,
}

impl Ids {
    /// The next id.
    pub(crate) async fn next(&self, db: &crate::db::Db) -> Result<CaseId, WriteError<Infallible>> {
        if let Some(id) = self.take() {
            return Ok(id);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(id) = self.take() {
            return Ok(id);
        }
        let start = db.write(TakeBlock).await?;
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *left = (start + 1, start + BLOCK);
        Ok(start)
    }

    fn take(&self) -> Option<CaseId> {
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = left.0;
        (id < left.1).then(|| {
            left.0 += 1;
            id
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::parse(&format!("root={}\nwrap.1={}", "01".repeat(32), "02".repeat(32))).unwrap()
    }

    #[test]
    fn numbers_lead_back_to_their_case() {
        let keys = keys();
        for id in [0, 1, 255, 99_999_999] {
            let number = number_of(&keys, id, Date::constant(2026, 11, 21));
            assert!(number.starts_with("26-"), "{number}");
            assert_eq!(case_of(&keys, &number), Some(id));
            assert_eq!(case_of(&keys, &format!("  {} ", number.replace('-', " "))), Some(id));
        }
        assert_eq!(case_of(&keys, "26-0000-0000-1x"), None);
        let number = number_of(&keys, 7, Date::constant(2026, 1, 1));
        let wrong: String = number.chars().rev().collect();
        assert_ne!(case_of(&keys, &wrong), Some(7));
    }

    #[test]
    fn receipts_are_long_and_forgiving() {
        let keys = keys();
        let receipt = new_receipt();
        assert_eq!(receipt.len(), 26);
        assert_ne!(receipt, new_receipt());
        assert_eq!(receipt_of(&keys, &[1; 16]), receipt_of(&keys, &[1; 16]));
        assert_ne!(receipt_of(&keys, &[1; 16]), receipt_of(&keys, &[2; 16]));
        assert_eq!(receipt_of(&keys, &[1; 16]).len(), 26);
        let spoken = format!("{}-{}", &receipt[..5].to_lowercase(), &receipt[5..]);
        assert_eq!(receipt_tag(&keys, &receipt), receipt_tag(&keys, &spoken));
        assert_eq!(receipt_tag(&keys, "O1L"), receipt_tag(&keys, "0-1-1"));
    }
}
