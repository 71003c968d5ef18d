//! Why there is no session.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::cf::config::ConfigError;

/// Why there is no session.
#[derive(Debug, Error)]
pub enum SessionError {
    /// Neither `CF_HOME` nor `HOME` is set.
    #[error("neither CF_HOME nor HOME is set, so cf has no configuration")]
    NoHome,
    /// The configuration is no use; it says why.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The private copy could not be made.
    #[error("the private copy of the cf configuration could not be written to '{path}': {source}")]
    Copy {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The tokens could not be handed back.
    #[error("the new tokens could not be written to '{path}', so 'cf login' may be needed: {source}")]
    HandBack {
        /// The user's configuration.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}
