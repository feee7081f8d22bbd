//! What the store promises, as one list of tests that runs on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod access;
mod cast;
mod commands;
mod deeds;
mod desk;
mod mine;
mod erasure;
mod kept;
mod links;
mod moving;
mod people;
mod raw;
mod rounds;
mod safety;
mod schema;
mod search;
mod secrets;
mod tamper;
mod time;
