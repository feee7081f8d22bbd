//! What the two npm folders (`islands/`, `e2e/`) share: installing exactly what the lock file
//! says, and only when it changed. Never updates a lock file.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::{Failure, run};

/// Runs `npm ci` in `folder` unless what is installed is newer than the lock file.
pub fn install(folder: &Path) -> Result<(), Failure> {
    if is_installed(folder) {
        return Ok(());
    }
    run::go(run::command(folder, "npm", &["ci", "--no-audit", "--no-fund"]))
}

/// Installs and builds the islands, if this checkout has any.
pub fn build_islands(root: &Path) -> Result<(), Failure> {
    let folder = root.join("islands");
    if !folder.join("package.json").is_file() {
        return Ok(());
    }
    install(&folder)?;
    run::go(run::command(&folder, "npm", &["run", "build", "--if-present"]))
}

fn is_installed(folder: &Path) -> bool {
    // npm writes this file last, so that a broken install is never taken for a whole one.
    let installed = changed(&folder.join("node_modules/.package-lock.json"));
    let wanted = ["package.json", "package-lock.json"].map(|name| changed(&folder.join(name)));
    installed.is_some() && wanted.iter().all(|wanted| wanted.is_some() && *wanted <= installed)
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|it| it.modified()).ok()
}
