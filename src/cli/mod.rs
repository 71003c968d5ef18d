//! The command line.
//!
//! - [`args`]: verbs and flags
//! - [`prompt`]: asking a person
//! - [`exit_status`]: how a command ends
//! - [`error`]: why it could not begin, as it is shown

pub mod args;
pub mod error;
pub mod exit_status;
pub mod prompt;

pub use args::Cli;
pub(crate) use args::*;
pub use error::CliError;
pub use exit_status::ExitStatus;
