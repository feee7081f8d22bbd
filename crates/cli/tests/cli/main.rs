//! The built binary in temporary folders: what a person at the terminal sees.

mod account;
mod backup;
mod demo;
mod import;
mod kill;
mod marks;
mod pack;
mod reload;
mod sending;
mod support;
