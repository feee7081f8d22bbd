//! Measures the platform beside the raw limits of the same machine, in one run, as ratios.
//!
//! `bench intake` sends appeals through the store, `bench http` sends them over HTTP with wrk,
//! `bench postgres` sends them into PostgreSQL; each then writes the same rows raw. `bench fill`
//! makes a large store, `bench reads` asks its pages, `bench serve` starts the real server on it; `bench real` takes in
//! and searches real messages; `bench counting` is intake with and without the figures, `bench board` reads numbers and their records from a large store. Numbers alone mean little on a shared
//! machine: quote the ratios.

#![expect(clippy::cast_precision_loss, reason = "rates are printed with a few digits")]

mod corpus;
mod cpu;
mod figures;
mod http;
mod postgres;
mod raw;
mod reads;
mod real;
mod served;
mod store_bench;

use std::{env, path::PathBuf, process::ExitCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let count = |at: usize, default: usize| {
        args.get(at).and_then(|n| n.replace('_', "").parse().ok()).unwrap_or(default)
    };
    let dir = env::var_os("BENCH_DIR").map_or_else(|| PathBuf::from("var/bench"), PathBuf::from);
    let done = match args.first().map(String::as_str) {
        Some("intake") => store_bench::intake(&dir, count(1, 40_000)),
        Some("http") => http::run(&dir, count(1, 8)),
        Some("postgres") => postgres::run(&dir, count(1, 20_000)),
        Some("fill") => store_bench::fill(&dir, count(1, 1_000_000)),
        Some("reads") => reads::run(&dir, count(1, 20_000)),
        Some("serve") => served::run(&dir, count(1, 10)),
        Some("real") => real::run(&dir, &args.get(1).map(PathBuf::from).unwrap_or_default()),
        Some("counting") => figures::counting(&dir, count(1, 60_000)),
        Some("board") => figures::board(&dir, count(1, 1_500_000)),
        _ => {
            Err("usage: bench intake [N] | http [SECONDS] | postgres [N] | fill [N] | reads [N] | \
                  serve [SECONDS] | real FOLDER | counting [N] | board [N]"
                .into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever went wrong.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
