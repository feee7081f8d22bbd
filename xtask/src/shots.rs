//! `cargo xtask shots`: pictures of the main pages, for people who look before they read.
//!
//! Only builds and calls `e2e/shots.mjs`, which knows the pages; the pictures land in `e2e/shots`.

use std::path::Path;

use crate::needs::{CHROMIUM, FONTS};
use crate::{Failure, needs, node, run};

/// Builds the binary and saves the pictures.
pub fn run(root: &Path) -> Result<(), Failure> {
    needs::provide(root, &[&CHROMIUM, &FONTS])?;
    node::install(&root.join("e2e"))?;
    node::build_islands(root)?;
    run::go(run::cargo(root, &["build", "--package", "xiaohe"]))?;
    let mut script = run::command(root, "node", &["e2e/shots.mjs"]);
    script.env("XIAOHE_BIN", run::target_folder(root).join("debug/xiaohe"));
    run::go(script)
}
