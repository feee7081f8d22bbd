//! `cargo xtask …`: the project's own tooling, on the standard library alone.
//!
//! Decides which commands are run, in which order, and whether they went well. It never does the
//! product's work itself: it builds and calls the same `xiaohe` that a city runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod demo;
mod flags;
mod needs;
mod node;
mod python;
mod run;
mod shots;
mod suite;
mod tidy;

const USAGE: &str = "\
cargo xtask demo [--scale small|city] [--port 12338] [--pack packs/jinan]
        build everything, load a demonstration city, serve it on this machine
cargo xtask test [--only STEP] [--fast]
        install what the tests need, run them all; --fast leaves out the browser
cargo xtask tidy
        check the house rules that no compiler knows
cargo xtask shots
        save a picture of every main page, on a phone and on a desk";

/// What went wrong before or while running, and the status to leave with.
#[derive(Debug)]
enum Failure {
    /// The call, or the machine, is not ready: the message says what to do. Status 2.
    NotReady(String),
    /// Something ran and failed. Status 1.
    Failed(String),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = repository_root().and_then(|root| dispatch(&root, &arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NotReady(message)) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(root: &Path, arguments: &[String]) -> Result<(), Failure> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(Failure::NotReady(USAGE.into()));
    };
    match command.as_str() {
        "demo" => demo::run(root, &demo::Demo::parse(rest)?),
        "test" => suite::run(root, &suite::Choice::parse(rest)?),
        "tidy" => flags::Flags::parse(rest, &[], &[]).and_then(|_| tidy::run(root)),
        "shots" => flags::Flags::parse(rest, &[], &[]).and_then(|_| shots::run(root)),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::NotReady(format!("no command `{other}`\n\n{USAGE}"))),
    }
}

/// The folder above this crate, so that the tooling works from any folder of the checkout.
fn repository_root() -> Result<PathBuf, Failure> {
    let own = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    match own.parent() {
        Some(root) => Ok(root.to_path_buf()),
        None => Err(Failure::NotReady("start me as `cargo xtask …` inside the checkout".into())),
    }
}
