//! The Python packages that the tests use: in an environment of their own under `target/`, in
//! exactly the versions of `e2e/requirements.txt`, installed only when that file changed. Never
//! touches the machine's own packages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, run};

const REQUIREMENTS: &str = "e2e/requirements.txt";

/// Where the environment is.
pub fn folder(root: &Path) -> PathBuf {
    run::target_folder(root).join("python")
}

/// Makes the environment anew unless it holds just what is required.
pub fn install(root: &Path) -> Result<(), Failure> {
    let wanted = fs::read_to_string(root.join(REQUIREMENTS))
        .map_err(|error| Failure::Failed(format!("{REQUIREMENTS}: {error}")))?;
    let folder = folder(root);
    // Written last, so that a broken installation is never taken for a whole one.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let path = folder.to_string_lossy();
    run::go(run::command(root, "python3", &["-m", "venv", "--clear", &path]))?;
    let pip = folder.join("bin/pip");
    let arguments = ["install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
    run::go(run::command(root, &pip.to_string_lossy(), &arguments)).map_err(|failure| {
        let (Failure::Failed(why) | Failure::NotReady(why)) = failure;
        Failure::Failed(format!("{why}; the packages come from the index that pip is set up for"))
    })?;
    fs::write(&installed, wanted)
        .map_err(|error| Failure::Failed(format!("{}: {error}", installed.display())))
}
