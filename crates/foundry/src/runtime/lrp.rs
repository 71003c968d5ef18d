//! Long-running processes, as Diego calls them: what an instance is started from, and what is known of it.

use jiff::Timestamp;

use crate::runtime::usage::Usage;
use crate::state::{Guid, HealthCheck};

/// A version of a process: what Diego calls a long-running process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LrpKey {
    /// The process.
    pub process: Guid,
    /// Its version.
    pub version: Guid,
}

/// What an instance is started from. It does not change for as long as the version lives.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// The app.
    pub app: Guid,
    /// Its name, for the switches that name apps.
    pub app_name: String,
    /// The process and its version.
    pub key: LrpKey,
    /// The type of the process.
    pub kind: String,
    /// The files.
    pub droplet: Guid,
    /// What the shell gets.
    pub command: String,
    /// What is the same for all instances.
    pub environment: Vec<(String, String)>,
    /// What runs beside it.
    pub sidecars: Vec<SidecarSpec>,
    /// In MB.
    pub memory_in_mb: u64,
    /// Whether it is alive.
    pub health: HealthCheck,
    /// Whether it can take requests.
    pub readiness: HealthCheck,
}

/// What a sidecar of an instance is started from.
#[derive(Debug, Clone)]
pub(crate) struct SidecarSpec {
    /// The source of its log lines, such as `APP/PROC/WEB/SIDECAR/PROXY`.
    pub source: String,
    /// What the shell gets.
    pub command: String,
    /// What is the same for all instances.
    pub environment: Vec<(String, String)>,
}

impl Spec {
    /// The source of its log lines, such as `APP/PROC/WEB`.
    pub(super) fn source(&self) -> String {
        format!("APP/PROC/{}", self.kind.to_uppercase())
    }
}

/// Where an instance is on its way. (Diego: the states of an actual LRP, and what comes after.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LrpState {
    /// It waits for a place.
    Unclaimed,
    /// It has a place and starts.
    Claimed,
    /// It is well.
    Running,
    /// It ended and waits to be started again.
    Crashed,
    /// It has been told to end.
    Stopping,
}

/// What is known of an instance.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Its index.
    pub index: u32,
    /// Its guid, a new one with each start.
    pub instance: Guid,
    /// Where it is on its way.
    pub state: LrpState,
    /// Since when it is there.
    pub since: Timestamp,
    /// Its port on 127.0.0.1.
    pub port: Option<u16>,
    /// Why it has no place.
    pub placement_error: Option<String>,
    /// Whether routes lead to it.
    pub routable: bool,
    /// What it takes.
    pub usage: Usage,
}
