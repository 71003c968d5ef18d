//! A process of an app, and its instances.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process of an app.
#[derive(Default, Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// The guid.
    pub guid: String,
    /// The type: `web`, `worker`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// How many instances are wanted.
    pub instances: u32,
    /// The memory of one instance, in megabytes.
    pub memory_mb: u64,
    /// What each instance does now; empty where that was not asked (a stopped app). Where none is wanted, those that are
    /// still ending, as far as they were asked for.
    pub states: Vec<Instance>,
    /// Whether the platform does not tell of those (CC before `GET /v3/processes/GUID/process_instances`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_unseen: bool,
}

impl Process {
    /// How many instances run and are routable.
    pub(crate) fn running(&self) -> u32 {
        let running = self.states.iter().filter(|instance| instance.state == InstanceState::Running).count();
        u32::try_from(running).unwrap_or(u32::MAX)
    }
}

/// One instance of a process, from the stats endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Instance {
    /// The index, from 0.
    pub index: u32,
    /// What tells this very instance from one that takes its place: its guid, or where it listens (an older API does
    /// not tell the guid).
    pub id: Option<String>,
    /// How long it has been running, in seconds.
    pub uptime: Option<u64>,
    /// The state.
    pub state: InstanceState,
    /// What the platform says of a state such as `DOWN`, for instance `insufficient resources: memory`.
    pub details: Option<String>,
}

/// How much memory the instances of a process use, at the time of a look.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemoryInUse {
    /// The name of the app.
    pub app: String,
    /// The type of the process.
    pub process: String,
    /// What the one of them uses that uses most, in megabytes, rounded up.
    pub most_mb: u64,
}

/// The state of an instance (CC API 3: the process stats object).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InstanceState {
    /// It runs, and the platform does not say that it is not routable.
    Running,
    /// It runs, but its readiness check fails: the routers do not serve it.
    Unready,
    /// It is being started.
    Starting,
    /// It is being stopped.
    Stopping,
    /// It ended by itself.
    Crashed,
    /// It is not running, for a reason that the details tell.
    Down,
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Unready => "not ready",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Crashed => "crashed",
            Self::Down => "down",
        })
    }
}
