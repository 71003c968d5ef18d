//! Asynchronous jobs.

use jiff::Timestamp;
use serde::Serialize;

use crate::controller::error::Problem;
use crate::state::{Guid, resource};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum JobState {
    /// The platform works on it.
    Processing,
    /// The platform waits for a service broker.
    Polling,
    /// It went well.
    Complete,
    /// It failed.
    Failed,
}

/// An asynchronous job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its guid.
    pub guid: Guid,
    /// What it does, such as `app.delete`.
    pub operation: String,
    /// How far it is.
    pub state: JobState,
    /// Why it failed.
    pub errors: Vec<Problem>,
    /// What the user should know although it went well.
    pub warnings: Vec<String>,
    /// The name of the link and the path of what it works on, such as `("service_instances",
    /// "/v3/service_instances/G")`.
    pub resource: Option<(String, String)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Job);
