//! The team's own cf manifest: what a deployment must know of it. `cf push` reads the file itself; nothing here is
//! sent.

mod read;
mod variables;

use std::path::PathBuf;

use serde::Serialize;

pub(super) use read::{Sources, read_manifest};
pub(super) use variables::{as_cf_reads, read_vars};

/// A cf manifest and the variables it is filled in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The file, as it is handed to `cf push -f`.
    pub path: PathBuf,
    /// The variables for `--var NAME=VALUE`, in the order of the plan. cf 8.17 reads each value as YAML, so a text that
    /// YAML would take for something else (`1.0`, `yes`) stands here in quotes.
    pub vars: Vec<(String, String)>,
    /// The files for `--vars-file`, as they are handed to cf, in the order of the plan.
    pub vars_files: Vec<PathBuf>,
    /// The manifest's one application, with the variables filled in.
    pub app: ManifestApp,
}

/// The one application of a manifest. `None` stands for a key that the manifest does not have; what then holds is up to
/// the Cloud Controller (and to the app, where it exists).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ManifestApp {
    /// `name`; cf 8.17 replaces it with the name given to `cf push` where the manifest has one application.
    pub name: Option<String>,
    /// `path`, joined with the manifest's folder, as cf reads it.
    pub path: Option<PathBuf>,
    /// `docker.image`.
    pub docker_image: Option<String>,
    /// `instances` at the top of the application (the web process's).
    pub instances: Option<u32>,
    /// `memory` at the top of the application, in MB.
    pub memory_mb: Option<u64>,
    /// `disk_quota` at the top of the application, in MB.
    pub disk_mb: Option<u64>,
    /// `health-check-*` at the top of the application.
    pub health_check: HealthCheck,
    /// `processes`, in order.
    pub processes: Vec<ManifestProcess>,
    /// `routes[].route` as written. A deployment pushes with `--no-route`, so that none of them is mapped early.
    pub routes: Vec<String>,
    /// `services`, by name.
    pub services: Vec<String>,
    /// `no-route: true`.
    pub no_route: bool,
    /// `random-route: true`.
    pub random_route: bool,
}

/// One entry of a manifest's `processes`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ManifestProcess {
    /// `type`, for example `web` or `worker`.
    pub process_type: String,
    /// `instances`.
    pub instances: Option<u32>,
    /// `memory` in MB.
    pub memory_mb: Option<u64>,
    /// `disk_quota` in MB.
    pub disk_mb: Option<u64>,
    /// `health-check-*`.
    pub health_check: HealthCheck,
}

/// How the platform tells whether an instance is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HealthCheck {
    /// `health-check-type`: `port`, `process` or `http` (CC takes `none` for `process`).
    pub kind: Option<String>,
    /// `health-check-http-endpoint`.
    pub endpoint: Option<String>,
    /// `timeout` in seconds: how long an instance may take to become healthy.
    pub timeout_seconds: Option<u32>,
}

impl ManifestApp {
    /// The instances of the web process. CC: an entry of `processes` wins over the top of the application; 1 is the
    /// default of a new app.
    pub fn web_instances(&self) -> Option<u32> {
        self.web().and_then(|web| web.instances).or(self.instances)
    }

    /// The memory of one instance of the web process in MB.
    pub fn web_memory_mb(&self) -> Option<u64> {
        self.web().and_then(|web| web.memory_mb).or(self.memory_mb)
    }

    /// The entry of `processes` for the web process.
    pub fn web(&self) -> Option<&ManifestProcess> {
        self.processes.iter().find(|process| process.process_type == "web")
    }
}
