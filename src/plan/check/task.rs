//! A check by a task of Cloud Foundry.

use std::time::Duration;

use serde::Serialize;

use crate::plan::duration;

/// A command that runs once in the droplet of the new version, in a container of its own: it is passed where the task succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskCheck {
    /// What is run.
    pub run: TaskCommand,
    /// What its name begins with.
    pub name: String,
    /// The memory that it gets, in megabytes; `None` is what the platform gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// The disk that it gets, in megabytes; `None` is what the platform gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_mb: Option<u64>,
    /// The time that it may take; after it the task is terminated and the check has failed.
    #[serde(with = "duration::text")]
    pub within: Duration,
}

/// What a task runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskCommand {
    /// A command line, for the shell of the container.
    Command(String),
    /// The command of the process of this type, with its memory and disk.
    Process(String),
}

impl TaskCommand {
    /// It in few words.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Command(line) => line.clone(),
            Self::Process(kind) => format!("what process {kind} runs"),
        }
    }
}
