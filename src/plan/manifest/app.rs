//! The one application of a manifest.

use std::path::PathBuf;

use serde::Serialize;

use super::lifecycle::Lifecycle;
use super::process::ManifestProcess;

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

impl ManifestApp {
    /// The buildpacks that the platform has to bring: those that are no address of a repository (CC: `uri_utils.rb`; a
    /// name holds letters, digits, `-` and `_`).
    pub(crate) fn system_buildpacks(&self) -> impl Iterator<Item = &str> {
        self.buildpacks.iter().map(String::as_str).filter(|name| !name.contains(':'))
    }
}

/// An image of a registry, as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DockerImage {
    /// `image`: `[REGISTRY/]NAME[:TAG]`.
    pub image: String,
    /// `username`; the password that goes with it is in cf's own environment variable `CF_DOCKER_PASSWORD` alone.
    pub username: Option<String>,
}
