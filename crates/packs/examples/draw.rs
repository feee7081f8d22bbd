//! Prints the faults of the packs whose folders are named, or writes a drawing of each workflow
//! beside: `cargo run -p packs --example draw -- PACK [FOLDER]`.

use std::{env, fs, path::Path, process::ExitCode, time::Instant};

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let (Some(dir), out) = (args.next(), args.next()) else { return ExitCode::FAILURE };
    let start = Instant::now();
    let city = match packs::load(Path::new(&dir)) {
        Ok(city) => city,
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{} regions, {} units, {} ms",
        city.pack.regions.iter().count(),
        city.pack.units.iter().count(),
        start.elapsed().as_millis()
    );
    for flow in city.pack.workflows.values() {
        let Some(out) = &out else { continue };
        if let Err(error) =
            fs::write(Path::new(out).join(format!("{}.svg", flow.code)), packs::draw(flow))
        {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
