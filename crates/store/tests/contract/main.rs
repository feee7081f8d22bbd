//! What the store promises, as one list of tests that runs on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod access;
mod articles;
mod branches;
mod cast;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod deeds;
mod desk;
mod erasure;
mod expiry;
mod figures;
mod figures_random;
mod guard;
mod homes;
mod keeping;
mod kept;
mod leaving;
mod links;
mod mine;
mod moving;
mod people;
mod projects;
mod proofs;
mod raw;
mod releases;
mod report_openings;
mod reports;
mod rewrap;
mod rights;
mod rounds;
mod safety;
mod schema;
mod search;
mod secrets;
mod tamper;
mod time;
mod told;
