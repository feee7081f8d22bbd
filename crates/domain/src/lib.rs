//! The pure rules of the platform: workflow, clock, risk, routing, access.
//!
//! Architecture invariant: nothing in this crate reads a file, a database, the network, the
//! time or a random number. Time comes in as an argument, so a year of cases replays in minutes
//! with the same result twice.

pub mod access;
pub mod audit;
pub mod case;
pub mod circle;
pub mod clock;
pub mod contact;
pub mod decide;
pub mod duty;
mod effect;
pub mod fact;
pub mod field;
pub mod figure;
pub mod guarded;
pub mod milestone;
pub mod moving;
pub mod pack;
pub mod people;
pub mod press;
pub mod refusal;
pub mod reporter;
pub mod retention;
pub mod rights;
pub mod secrecy;
pub mod sending;
pub mod soundness;
pub mod tick;
pub mod waiting;
pub mod workflow;
