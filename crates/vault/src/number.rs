//! Case numbers that do not count: a counter goes in, a number comes out that tells a stranger
//! neither how many appeals there are nor what the next one is called, and that notices a
//! mistyped digit.
//!
//! The permutation hides order; it is no secret and grants no access.

use crate::keys::Keys;
use crate::suite::Prf;

/// How many case numbers there are: [`permute`] maps 0 up to here onto itself.
pub const NUMBERS: u64 = HALF * HALF;

const HALF: u64 = 10_000;

/// FF1 (NIST SP 800-38G) uses ten rounds over domains as small as this.
const ROUNDS: u8 = 10;

/// The number of the `n`-th case; `None` from [`NUMBERS`] on. A Feistel network over two halves
/// of four decimal digits, added modulo 10 000, so that it fits the domain exactly.
pub fn permute(keys: &Keys, n: u64) -> Option<u64> {
    let (mut left, mut right) = halves(n)?;
    for round in 0..ROUNDS {
        let mixed = (left + mask(&keys.numbers, round, right)) % HALF;
        (left, right) = (right, mixed);
    }
    Some(left * HALF + right)
}

/// The inverse of [`permute`].
pub fn unpermute(keys: &Keys, number: u64) -> Option<u64> {
    let (mut left, mut right) = halves(number)?;
    for round in (0..ROUNDS).rev() {
        let mixed = (right + HALF - mask(&keys.numbers, round, left)) % HALF;
        (left, right) = (mixed, left);
    }
    Some(left * HALF + right)
}

fn halves(n: u64) -> Option<(u64, u64)> {
    (n < NUMBERS).then_some((n / HALF, n % HALF))
}

fn mask(prf: &Prf, round: u8, half: u64) -> u64 {
    let mut message = [0; 9];
    message[0] = round;
    message[1..].copy_from_slice(&half.to_be_bytes());
    prf.short(&message) % HALF
}

/// A weakly totally anti-symmetric quasigroup of order 10 (H. M. Damm, 2004), with zeros on the
/// diagonal.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The check digit to write after `digits` (Damm's method): it catches every wrong digit and
/// every swap of neighbours. `None` when the text is not all digits.
pub fn check_digit(digits: &str) -> Option<char> {
    damm(digits).map(|check| char::from(b'0' + check))
}

/// Whether `digits` ends in its right check digit.
pub fn is_checked(digits: &str) -> bool {
    !digits.is_empty() && damm(digits) == Some(0)
}

fn damm(digits: &str) -> Option<u8> {
    digits.bytes().try_fold(0, |row: u8, byte| {
        let digit = byte.checked_sub(b'0')?;
        DAMM.get(usize::from(row))?.get(usize::from(digit)).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn keys(root: u8) -> Keys {
        let hex = |byte: u8| format!("{byte:02x}").repeat(32);
        Keys::parse(&format!("root = {}\nwrap.1 = {}", hex(root), hex(0))).unwrap()
    }

    #[test]
    fn neighbours_scatter_and_never_meet() {
        let keys = keys(1);
        let numbers: HashSet<_> = (0..20_000).map(|n| permute(&keys, n).unwrap()).collect();
        assert_eq!(numbers.len(), 20_000);
        let low = numbers.iter().filter(|&&n| n < NUMBERS / 2).count();
        assert!((9_500..10_500).contains(&low), "{low} of 20000 in the lower half");
    }

    #[test]
    fn the_domain_ends() {
        let keys = keys(1);
        assert!(permute(&keys, NUMBERS - 1).is_some());
        assert_eq!(permute(&keys, NUMBERS), None);
        assert_eq!(unpermute(&keys, NUMBERS), None);
    }

    /// Printed numbers must stay valid after an upgrade.
    #[test]
    fn numbers_never_change() {
        assert_eq!(
            (0..3).filter_map(|n| permute(&keys(1), n)).collect::<Vec<_>>(),
            [29_923_937, 81_706_945, 77_994_651]
        );
    }

    /// The property that makes the method work, checked on the whole table.
    #[test]
    fn the_table_is_weakly_totally_anti_symmetric() {
        let step = |row: usize, digit: usize| usize::from(DAMM[row][digit]);
        for row in 0..10 {
            assert_eq!(step(row, row), 0);
            assert_eq!((0..10).map(|digit| step(row, digit)).collect::<HashSet<_>>().len(), 10);
            assert_eq!((0..10).map(|other| step(other, row)).collect::<HashSet<_>>().len(), 10);
            for (a, b) in (0..10).flat_map(|a| (0..10).map(move |b| (a, b))).filter(|(a, b)| a != b)
            {
                assert_ne!(step(step(row, a), b), step(step(row, b), a));
            }
        }
    }

    #[test]
    fn check_digits_of_known_numbers() {
        for (digits, check) in [("572", Some('4')), ("", Some('0')), ("12a", None), ("１２", None)]
        {
            assert_eq!(check_digit(digits), check, "{digits}");
        }
        assert!(is_checked("5724") && !is_checked("5725") && !is_checked("") && !is_checked("x"));
    }

    proptest! {
        #![proptest_config(crate::fixed_cases(256))]

        #[test]
        fn every_number_comes_back(n in 0..NUMBERS, root: u8) {
            let keys = keys(root);
            let number = permute(&keys, n).unwrap();
            prop_assert!(number < NUMBERS);
            prop_assert_eq!(unpermute(&keys, number), Some(n));
            prop_assert_eq!(permute(&keys, unpermute(&keys, n).unwrap()), Some(n));
        }

        #[test]
        fn every_slip_is_caught(n in 0..NUMBERS) {
            let mut digits = format!("{n:08}");
            digits.push(check_digit(&digits).unwrap());
            prop_assert!(is_checked(&digits));
            let digits = digits.into_bytes();
            let checked = |slip: Vec<u8>| is_checked(&String::from_utf8(slip).unwrap());
            for place in 0..digits.len() {
                for wrong in (b'0'..=b'9').filter(|&digit| digit != digits[place]) {
                    let mut slip = digits.clone();
                    slip[place] = wrong;
                    prop_assert!(!checked(slip));
                }
                if place > 0 && digits[place] != digits[place - 1] {
                    let mut slip = digits.clone();
                    slip.swap(place, place - 1);
                    prop_assert!(!checked(slip));
                }
            }
        }
    }
}
