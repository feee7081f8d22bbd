//! Why a command failed, in words for the person at the terminal.

use packs::Fault;
use std::{fmt::Display, process::ExitCode};

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// One sentence.
    Plain(String),
    /// Faults of a pack.
    Pack(Vec<Fault>),
    /// The store is not as it must be; the report has been printed.
    Unsound,
}

impl Failure {
    /// A failure while doing something.
    pub fn while_doing(doing: &str, error: &dyn Display) -> Self {
        Self::Plain(format!("{doing}: {error}"))
    }

    /// Prints it and gives the exit code.
    pub fn report(self, json: bool) -> ExitCode {
        match self {
            Self::Plain(why) if json => eprintln!("{}", serde_json::json!({ "error": why })),
            Self::Plain(why) => eprintln!("xiaohe: {why}"),
            Self::Pack(faults) if json => {
                let list: Vec<_> = faults
                    .iter()
                    .map(|f| {
                        serde_json::json!({ "file": &*f.at.file, "line": f.at.line,
                            "what": f.what, "advice": f.advice })
                    })
                    .collect();
                eprintln!("{}", serde_json::json!({ "faults": list }));
            }
            Self::Pack(faults) => {
                for fault in &faults {
                    eprintln!("{fault}");
                }
                eprintln!("{} faults", faults.len());
            }
            Self::Unsound => {}
        }
        ExitCode::FAILURE
    }
}
