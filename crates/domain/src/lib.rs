//! The pure rules of the platform: workflow, clock, risk, routing, access.
//!
//! Architecture invariant: nothing in this crate reads a file, a database, the network, the
//! time or a random number. Time comes in as an argument, so a year of cases replays in minutes
//! with the same result twice.

pub mod access;
pub mod audit;
pub mod case;
pub mod clock;
pub mod contact;
pub mod decide;
mod effect;
pub mod fact;
pub mod field;
pub mod pack;
pub mod refusal;
pub mod soundness;
pub mod tick;
pub mod workflow;
