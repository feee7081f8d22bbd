//! Lists the built islands, so that they travel inside the binary. Without a build the list is
//! empty and every page works as it does without scripts. Never builds them itself.

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let islands = here.join("../../islands");
    let dist = islands.join("dist");
    // A path that is not there would make cargo run this, and compile the crate, every time.
    let watched = if dist.is_dir() { &dist } else { &islands };
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", watched.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("islands.rs"), table(&dist)?)
}

/// The Rust text of the table: name, version, content.
fn table(dist: &Path) -> io::Result<String> {
    let mut files: Vec<PathBuf> = Vec::new();
    if dist.is_dir() {
        for entry in fs::read_dir(dist)? {
            files.push(entry?.path().canonicalize()?);
        }
    }
    files.retain(|path| path.extension().is_some_and(|it| it == "js"));
    files.sort();
    let mut text = String::from("&[\n");
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let version = fingerprint(&fs::read(&path)?);
        let path = path.to_string_lossy();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    ({name:?}, \"{version:016x}\", include_bytes!({path:?})),");
    }
    text.push_str("]\n");
    Ok(text)
}

/// FNV-1a: tells versions apart for caches; no secret hangs on it.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
