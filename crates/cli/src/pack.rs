//! `xiaohe pack`: checks a pack, draws its workflows, and moves open cases under it.

use crate::{failure::Failure, move_cases::Move};
use clap::Subcommand;
use std::path::PathBuf;

/// Packs.
#[derive(Debug, Subcommand)]
pub enum Pack {
    /// Checks a pack; every fault with file, line and advice.
    Check {
        /// Folder of the pack.
        dir: PathBuf,
    },
    /// Draws every workflow of a pack as SVG.
    Draw {
        /// Folder of the pack.
        dir: PathBuf,
        /// Folder for the pictures.
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// Lists the open cases whose deadlines a changed pack would move, and moves them once confirmed.
    Move(Box<Move>),
}

impl Pack {
    /// Does it.
    ///
    /// # Errors
    /// Every fault of the pack.
    pub fn run(&self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Check { dir } => {
                let city = packs::load(dir).map_err(Failure::Pack)?;
                let pack = &city.pack;
                let (regions, units) = (pack.regions.iter().count(), pack.units.iter().count());
                if json {
                    let found = serde_json::json!({ "code": pack.code, "version": pack.version,
                        "regions": regions, "units": units, "workflows": pack.workflows.len() });
                    println!("{found}");
                } else {
                    println!(
                        "{} {}: {regions} regions, {units} units, {} categories, {} workflows, sound",
                        pack.name,
                        pack.version,
                        pack.categories.len(),
                        pack.workflows.len()
                    );
                }
                Ok(())
            }
            Self::Move(wanted) => wanted.run(json),
            Self::Draw { dir, out } => {
                let city = packs::load(dir).map_err(Failure::Pack)?;
                std::fs::create_dir_all(out)
                    .map_err(|e| Failure::while_doing("making the folder", &e))?;
                for flow in city.pack.workflows.values() {
                    let path = out.join(format!("{}.svg", flow.code));
                    std::fs::write(&path, packs::draw(flow))
                        .map_err(|e| Failure::while_doing("writing the picture", &e))?;
                    println!("{}", path.display());
                }
                Ok(())
            }
        }
    }
}
