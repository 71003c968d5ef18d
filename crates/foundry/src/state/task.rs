//! Tasks: commands that run once, in an app's droplet.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Guid, Metadata, resource};

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TaskState {
    Pending,
    Running,
    Succeeded,
    Canceling,
    Failed,
}

impl TaskState {
    /// Whether it is over.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// A command that runs once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// Its number in the app, from 1.
    pub sequence_id: u64,
    /// Its name.
    pub name: String,
    /// What runs.
    pub command: String,
    /// How far it is.
    pub state: TaskState,
    /// Why it failed.
    pub failure: Option<String>,
    /// In MB.
    pub memory_in_mb: u64,
    /// In MB.
    pub disk_in_mb: u64,
    /// In bytes a second; -1 is unlimited.
    pub log_rate_limit: i64,
    /// Where it runs.
    pub droplet: Guid,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Task, labelled, named);
