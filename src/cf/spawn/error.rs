//! Why cf could not be run.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::cf::dialect::UnsupportedCf;
use crate::cf::output::Exit;

/// Why cf could not be run.
#[derive(Debug, Error)]
pub enum SpawnError {
    /// There is no such program.
    #[error("no cf at '{path}'{}", hint())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is no `cf` on PATH.
    #[error("no cf on PATH{}", hint())]
    NotOnPath,
    /// The file is there, but cannot be run.
    #[error("'{path}' is no program that can be run{}", hint())]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// The system refused to start it.
    #[error("'{path}' could not be started: {source}")]
    NotStarted {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another cf is at work in the same home, and is not waited for.
    #[error("another cf is at work")]
    Busy,
    /// The output could not be kept or read.
    #[error("the output of cf could not be kept: {source}")]
    Capture {
        /// The system's reason.
        source: io::Error,
    },
    /// `cf version` failed.
    #[error("'{path} version' failed ({exit}); it printed {text}{}", hint())]
    VersionFailed {
        /// The file.
        path: PathBuf,
        /// How it ended.
        exit: Exit,
        /// What it printed.
        text: String,
    },
    /// The version cannot be used.
    #[error("'{path}': {source}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is wrong with the version.
        source: UnsupportedCf,
    },
}

fn hint() -> &'static str {
    ": install the official cf CLI, version 8, or name one with --cf PATH or $CUTOVER_CF"
}
