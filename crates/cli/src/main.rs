//! The binary `xiaohe`: serves a city, checks packs, verifies stores, imports, backs up.

mod demo;
mod failure;
mod keys;
mod pack;
mod serve;
mod settings;
mod verify;

use clap::{Parser, Subcommand};
use failure::Failure;
use settings::Place;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The care platform of a city.
#[derive(Parser)]
#[command(name = "xiaohe", version)]
struct Cli {
    /// Machine-readable output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a city.
    Serve(serve::Serve),
    /// Serves an invented city on loopback, with an account for every role.
    Demo(demo::Demo),
    /// Checks and draws packs.
    #[command(subcommand)]
    Pack(pack::Pack),
    /// Rebuilds everything from the events and compares.
    Verify(Place),
    /// Makes and renews the key file.
    #[command(subcommand)]
    Keys(keys::KeyFile),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    settings::start_log();
    let done = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Pack(pack) => pack.run(cli.json),
        Command::Verify(place) => verify::run(&place, cli.json),
        Command::Keys(keys) => keys.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(cli.json),
    }
}
