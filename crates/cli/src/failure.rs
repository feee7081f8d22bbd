//! Why a command failed, in words for the person at the terminal.

use packs::Fault;
use std::{fmt::Display, process::ExitCode};

/// Exit status of an import in which some rows failed and all others were taken.
const SOME_ROWS: u8 = 2;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// One sentence.
    Plain(String),
    /// Faults of a pack.
    Pack(Vec<Fault>),
    /// Something is not as it must be; the report has been printed.
    Unsound,
    /// Some rows could not be taken; they have been listed.
    Rows,
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
            Self::Rows => return ExitCode::from(SOME_ROWS),
        }
        ExitCode::FAILURE
    }
}

/// Turns the error of a step into a failure that names the step.
pub trait Doing<T> {
    /// Names the step.
    fn doing(self, step: &str) -> Result<T, Failure>;
}

impl<T, E: Display> Doing<T> for Result<T, E> {
    fn doing(self, step: &str) -> Result<T, Failure> {
        self.map_err(|error| Failure::while_doing(step, &error))
    }
}
