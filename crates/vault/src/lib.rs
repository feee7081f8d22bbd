//! Turns personal data into something the database may hold, and back.
//!
//! Three transformations, all keyed from one key file that never sits in the database:
//!
//! 1. **Sealing** ([`Keys::new_case_key`], [`CaseKey::seal`]): every case has a random data key,
//!    stored only wrapped. Erasing the wrapped key erases every field sealed with it.
//! 2. **Blind index** ([`Keys::blind`]): equal values give equal tags, for look-up and duplicates.
//! 3. **Search words** ([`Entry`], [`Query`]): texts become keyed hashes that the database's own
//!    full-text index can hold; see [`words`] for what is indexed and what that leaks.
//!
//! This crate computes; apart from the key file it reads nothing, and it never logs. It does not
//! decide who may see what, and it does not know what a case is: callers pass the case's id as
//! bytes.

mod blind;
mod case_key;
mod entry;
mod fold;
mod key_file;
mod keys;
mod memo;
mod normal;
pub mod number;
mod query;
mod readings;
mod suite;
pub mod totp;
pub mod words;

pub use blind::BlindKind;
pub use case_key::{Broken, CaseKey, wrapped_under};
pub use entry::{Entry, WordHash};
pub use fold::fold;
pub use key_file::KeyError;
pub use keys::{Keys, Purpose};
pub use normal::{IdNumberError, NotAPhone, normalise_id_number, normalise_name, normalise_phone};
pub use query::{Query, matches};
pub use suite::Suite;
pub use words::Words;

/// Random tests draw the same cases in every run.
#[cfg(test)]
fn fixed_cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases,
        rng_seed: proptest::test_runner::RngSeed::Fixed(12_338),
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}
