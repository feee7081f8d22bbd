//! Says what a file is: `cargo run -p sheets --example look -- FILE`. Prints no cell.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args().nth(1).ok_or("name a file")?);
    let mut table = sheets::open(&path)?;
    println!("{:?}", table.detected);
    println!("line {}: {}", table.header_line, table.header.join(" | "));
    let (mut good, mut last) = (0_u64, 0);
    for row in table.by_ref() {
        match row {
            Ok(row) => (good, last) = (good + 1, row.line),
            Err(fault) => println!("{fault}"),
        }
    }
    println!("{good} good rows, the last at line {last}");
    Ok(())
}
