//! `xiaohe keys`: makes and renews the key file.

use crate::failure::Failure;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;
use vault::{Keys, Suite};

/// The key file.
#[derive(Debug, Subcommand)]
pub enum KeyFile {
    /// Makes a new key file, readable by its owner only.
    Create {
        /// Where.
        path: PathBuf,
        /// Cipher suite.
        #[arg(long, value_enum, default_value = "international")]
        suite: Ciphers,
    },
    /// Adds a wrapping key; older ones still open what they closed.
    Rotate {
        /// Which file.
        path: PathBuf,
    },
}

/// Cipher suites.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Ciphers {
    /// AES-256-GCM, SHA-256, HMAC.
    International,
    /// SM4-GCM, SM3.
    National,
}

impl KeyFile {
    /// Does it.
    ///
    /// # Errors
    /// When the file exists already, or cannot be written.
    pub fn run(&self) -> Result<(), Failure> {
        let done = match self {
            Self::Create { path, suite } => {
                let suite = match suite {
                    Ciphers::International => Suite::International,
                    Ciphers::National => Suite::National,
                };
                Keys::create(path, suite)
            }
            Self::Rotate { path } => Keys::rotate(path),
        };
        done.map(drop).map_err(|e| Failure::while_doing("the key file", &e))
    }
}
