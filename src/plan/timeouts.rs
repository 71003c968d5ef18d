//! How long the calls and waits of a deployment may take.

use std::time::Duration;

use serde::Serialize;

use super::duration;

/// How long things may take, each with what confirms it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// One call that does no lasting work: to map or unmap a route, to write an annotation, to stop an app.
    #[serde(with = "duration::text")]
    pub call: Duration,
    /// An upload.
    #[serde(with = "duration::text")]
    pub upload: Duration,
    /// A staging.
    #[serde(with = "duration::text")]
    pub staging: Duration,
    /// The start of all instances.
    #[serde(with = "duration::text")]
    pub start: Duration,
    /// A change of a route, with the time until all routers know it.
    #[serde(with = "duration::text")]
    pub route: Duration,
    /// A service binding.
    #[serde(with = "duration::text")]
    pub binding: Duration,
    /// The tasks of a version that is to be deleted.
    #[serde(with = "duration::text", skip_serializing_if = "is_usual")]
    pub tasks: Duration,
}

/// Whether it is what holds where a plan says nothing of tasks: plans of before say nothing, and keep their digest.
fn is_usual(tasks: &Duration) -> bool {
    *tasks == Duration::from_secs(10 * 60)
}
