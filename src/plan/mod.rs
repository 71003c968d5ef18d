//! The deployment plan: from the team's YAML file to a checked [`Plan`].
//!
//! The phases, each in files of its own:
//!
//! 1. **read** (`yaml`, `node`): the file becomes a tree that keeps the order of keys, duplicates and the text of
//!    scalars, and that can tell where each piece stands. Nothing else names the YAML library.
//! 2. **overlay**: with `--env NAME` a second, smaller file is laid over the first.
//! 3. **shape** (`shape`, [`keys`]): the tree against one table of keys, which is also the JSON schema and the
//!    reference page. Every rule about a single value is checked here.
//! 4. **meaning** (`load`, `across`): names, routes and durations become newtypes, which cannot hold a wrong value;
//!    what only shows when several values are seen together (the same route twice, one colour in two apps) is checked
//!    last.
//! 5. **manifest** (`manifest`): the team's own cf manifest is read for what a deployment must know of it.
//!
//! All problems of a plan are reported at once ([`Problems`]), each with its file, line, column and a hint. The stage
//! is pure but for reading files, which goes through [`Files`].

mod across;
mod api;
mod bounds;
mod check;
mod digest;
mod draft;
mod duration;
mod fault;
mod files;
mod foreign;
pub mod keys;
mod load;
mod manifest;
mod name;
mod node;
mod overlay;
mod problem;
mod reference;
mod report;
mod route;
mod schema;
mod shape;
mod similar;
mod syntax;
mod yaml;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

pub use api::ApiUrl;
pub use check::{BodyPattern, Check, CommandCheck, CommandLine, HttpCheck};
pub use duration::{format_duration, parse_duration};
pub use fault::Fault;
pub use files::{Disk, Files, WithoutBits};
pub use load::load;
pub use manifest::{DockerImage, HealthCheck, Lifecycle, Manifest, ManifestApp, ManifestProcess};
pub use name::{AppName, OrgName, ServiceName, SpaceName};
pub use overlay::overlaid;
pub use problem::{Part, Position, Problem, Problems};
pub use reference::reference;
pub use route::RouteUrl;
pub use schema::schema;

use crate::secret::Sensitive;

/// A deployment plan that has passed every check that needs no Cloud Foundry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The version of the file format; the only one is 1.
    pub version: u32,
    /// The space that the plan may be run against.
    pub target: Target,
    /// The apps to deploy, in the order of the file; never empty.
    pub apps: Vec<App>,
    /// The plan file, as the user named it.
    pub file: PathBuf,
    /// The SHA-256 (64 lower-case hex digits) of what decides the deployment: the values of the plan and the contents
    /// of the manifests. Comments, the order of keys and the folder that the command is run in do not count; neither do
    /// the vars files but for sizes: everybody who sees the app sees the digest, and could try a short secret against
    /// it.
    pub digest: String,
    /// The values of the vars files and of the manifests' `env`: what must not be seen when cf prints it.
    #[serde(skip)]
    pub secrets: Vec<Sensitive>,
}

impl Plan {
    /// Whether the plan itself shows a text: as a name, a route, a path or a value of `vars`, or as a part of one.
    pub fn shows(&self, text: &Sensitive) -> bool {
        let Target { api, org, space } = &self.target;
        let has = |shown: &str| shown.contains(text.expose());
        has(api.as_str()) || has(org.as_str()) || has(space.as_str()) || self.apps.iter().any(|app| app.shows(&has))
    }
}

impl App {
    fn shows(&self, has: &dyn Fn(&str) -> bool) -> bool {
        let paths = self.path.iter().chain([&self.manifest.path]).chain(&self.manifest.vars_files);
        has(self.name.as_str())
            || self.colours.iter().any(|colour| has(colour.as_str()))
            || self.services.iter().any(|service| has(service.as_str()))
            || self.live.iter().chain([&self.staging]).any(|route| has(&route.to_string()))
            || self.manifest.vars.iter().any(|(_, value)| has(value))
            || paths.into_iter().any(|path| has(&path.to_string_lossy()))
    }
}

/// The one space that a plan belongs to; a run against any other is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The Cloud Controller's address.
    pub api: ApiUrl,
    /// The organization.
    pub org: OrgName,
    /// The space within the organization.
    pub space: SpaceName,
}

/// One application, deployed alternately as one of two apps (its colours).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct App {
    /// The name that people use; an app of this very name need not exist.
    pub name: AppName,
    /// The two apps that take turns; they differ in more than case.
    pub colours: [AppName; 2],
    /// The folder or file to upload, as it is handed to `cf push -p`. `None` where the manifest says it, or where it
    /// names a docker image.
    pub path: Option<PathBuf>,
    /// The team's own cf manifest.
    pub manifest: Manifest,
    /// The service instances that both colours are bound to.
    pub services: Vec<ServiceName>,
    /// The routes that the users of the app know; never empty.
    pub live: Vec<RouteUrl>,
    /// The route at which the new version is checked before it goes live; none of `live`.
    pub staging: RouteUrl,
    /// The checks that the new version must pass at the staging route, in order.
    pub checks: Vec<Check>,
    /// The time that stands in for the router's answer where it cannot be asked.
    #[serde(with = "duration::text")]
    pub settle: Duration,
    /// The time between the proof that the live routes have left the old colour and its stop.
    #[serde(with = "duration::text")]
    pub drain: Duration,
    /// What becomes of the old colour after it has drained.
    pub old: Old,
    /// How many instances the new colour is started with.
    pub instances: Instances,
    /// What is done where a step fails.
    pub on_failure: OnFailure,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// What is done where a step of a deployment fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// What was done is taken back: the colour that was live serves alone again.
    Rollback,
    /// Everything is left as it is, for a person to decide.
    Stop,
}

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
}

/// What becomes of the colour that no longer serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Old {
    /// It is stopped: it costs no memory and can be started again for a rollback.
    Stop,
    /// It goes on running without live routes.
    Keep,
    /// It is deleted; a rollback then needs a new deployment of the earlier version.
    Delete,
}

/// How many web instances the new colour is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instances {
    /// The larger of what the manifest says and what the live colour runs (an autoscaler or a person may have raised
    /// it).
    AtLeastLive,
    /// What the manifest says (1 where it says nothing), even if more instances are live.
    Manifest,
}
