//! A check by a program of the team's own.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::at::At;
use crate::plan::duration;

/// A program of the team's own: exit status 0 is success. It finds the URL of the route in `CUTOVER_URL` and the new colour in
/// `CUTOVER_COLOUR`, and runs once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandCheck {
    /// Where it asks.
    #[serde(skip_serializing_if = "At::is_staging")]
    pub at: At,
    /// What is run.
    pub run: CommandLine,
    /// The folder that it is run in: the plan file's, as the user named it.
    pub folder: PathBuf,
    /// The time that it may take; after it the program is ended and the check has failed.
    #[serde(with = "duration::text")]
    pub within: Duration,
}

/// A command in one of the two ways a plan may write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CommandLine {
    /// A line for `sh -c`.
    Shell(String),
    /// A program and its arguments, run without a shell; never empty.
    Argv(Vec<String>),
}
