//! A task of an app.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A command that runs once, in a container of its own, in the droplet that its app had then.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Task {
    /// Its number in the app: what `cf terminate-task` knows it by.
    pub id: u64,
    /// The name; several may have the same.
    pub name: String,
    /// How far it is.
    pub state: TaskState,
    /// Its memory, in megabytes.
    pub memory_mb: u64,
    /// Why it has failed, in the platform's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// How far a task is (CC: `task_model.rb`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TaskState {
    /// The Cloud Controller knows of it.
    Pending,
    /// Its container was asked for.
    Running,
    /// It is being terminated.
    Canceling,
    /// It has ended with exit status 0.
    Succeeded,
    /// It has ended otherwise, or was terminated.
    Failed,
}

impl TaskState {
    /// Whether it has come to its end.
    pub(crate) fn is_over(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed => true,
            Self::Pending | Self::Running | Self::Canceling => false,
        }
    }
}

impl Task {
    /// Whether its memory counts against quotas (CC: `memory_used` of `organization.rb` and `space.rb`).
    pub(crate) fn counts(&self) -> bool {
        matches!(self.state, TaskState::Pending | TaskState::Running)
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "is about to run",
            Self::Running => "runs",
            Self::Canceling => "is being terminated",
            Self::Succeeded => "has succeeded",
            Self::Failed => "has failed",
        })
    }
}
