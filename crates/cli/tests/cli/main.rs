//! The built binary in temporary folders: what a person at the terminal sees.

mod account;
mod backup;
mod demo;
mod import;
mod keeping;
mod kill;
mod marks;
mod pack;
mod proofs;
mod reload;
mod rotation;
mod sending;
mod support;
mod why;
