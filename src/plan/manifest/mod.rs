//! The team's own cf manifest: what a deployment must know of it. `cf push` reads the file itself; nothing here is
//! sent.

mod read;
mod variables;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// `docker`: the image that runs in the place of files.
    pub docker: Option<DockerImage>,
    /// The lifecycle that the manifest asks for; `None` where an existing app keeps its own, and a new one gets the
    /// platform's default.
    pub lifecycle: Option<Lifecycle>,
    /// `buildpacks`, or the older `buildpack`, in order; empty where the platform is to detect one.
    pub buildpacks: Vec<String>,
    /// `stack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// The web process. CC (`AppManifestMessage#process_attributes`): an entry of `processes` for it stands in the
    /// place of *all* process keys at the top of the application; only without one do these count.
    pub web: ManifestProcess,
    /// The other entries of `processes`, in order. CC: nothing at the top of the application counts for them.
    pub others: Vec<ManifestProcess>,
    /// `routes[].route` as written. A deployment pushes with `--no-route`, so that none of them is mapped early.
    pub routes: Vec<String>,
    /// `services`, by name.
    pub services: Vec<String>,
    /// `no-route: true`.
    pub no_route: bool,
    /// `random-route: true`.
    pub random_route: bool,
}

/// An image of a registry, as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DockerImage {
    /// `image`: `[REGISTRY/]NAME[:TAG]`.
    pub image: String,
    /// `username`; the password that goes with it is in cf's own environment variable `CF_DOCKER_PASSWORD` alone.
    pub username: Option<String>,
}

/// How a package becomes something that runs (CC API 3: app lifecycles). An app keeps the one that it was created with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// Buildpacks make a droplet of files.
    Buildpack,
    /// An image of a registry runs as it is.
    Docker,
    /// Cloud Native Buildpacks make an image of files.
    Cnb,
}

/// A process of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ManifestProcess {
    /// `type`, for example `web` or `worker`.
    pub process_type: String,
    /// `command`.
    pub command: Option<String>,
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

impl Lifecycle {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Buildpack, Self::Docker, Self::Cnb];

    /// The platform's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buildpack => "buildpack",
            Self::Docker => "docker",
            Self::Cnb => "cnb",
        }
    }
}
