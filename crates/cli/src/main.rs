//! The binary `xiaohe`: serves a city, checks packs, verifies stores, imports, backs up.

mod account;
mod backup;
mod demo;
mod doctor;
mod failure;
mod import;
mod keys;
mod move_cases;
mod pack;
mod progress;
mod retention;
mod rules;
mod serve;
mod settings;
mod trace;
mod verify;
mod why;

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
    /// Takes records over from tables of other systems.
    #[command(subcommand)]
    Import(import::Import),
    /// Rebuilds everything from the events and compares.
    Verify(Place),
    /// Says who took out what carries a tag.
    Trace(trace::Trace),
    /// Says by which rows of the access table somebody sees a case.
    Why(why::Why),
    /// Copies the database to a file while it is in use.
    Backup(backup::Backup),
    /// Puts a backup in the place of the database; stop the server first.
    Restore(backup::Restore),
    /// Says whether this installation is fit to serve, and what to do if not.
    Doctor(Place),
    /// Staff accounts.
    #[command(subcommand)]
    Account(account::Accounts),
    /// Lists what has been kept long enough, and erases it with a certificate.
    Retention(retention::Retention),
    /// Makes and renews the key file.
    #[command(subcommand)]
    Keys(keys::KeyFile),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    settings::start_log();
    let done: Result<(), Failure> = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Pack(pack) => pack.run(cli.json),
        Command::Import(import) => import.run(cli.json),
        Command::Verify(place) => verify::run(&place, cli.json),
        Command::Trace(trace) => trace.run(cli.json),
        Command::Why(why) => why.run(cli.json),
        Command::Backup(backup) => backup.run(cli.json),
        Command::Restore(restore) => restore.run(cli.json),
        Command::Doctor(place) => doctor::run(&place, cli.json),
        Command::Account(account) => account.run(cli.json),
        Command::Retention(retention) => retention.run(cli.json),
        Command::Keys(keys) => keys.run(cli.json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(cli.json),
    }
}
