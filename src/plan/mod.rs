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
mod app;
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
mod model;
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
mod target;
mod timeouts;
mod yaml;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use api::ApiUrl;
pub use app::{App, Instances, Old, OnFailure};
pub use check::{BodyPattern, Check, CommandCheck, CommandLine, HttpCheck};
pub use duration::{format_duration, parse_duration};
pub use fault::Fault;
pub use files::{Disk, Files, WithoutBits};
pub use load::load;
pub use manifest::{DockerImage, HealthCheck, Lifecycle, Manifest, ManifestApp, ManifestProcess};
pub use model::Plan;
pub use name::{AppName, OrgName, ServiceName, SpaceName};
pub use overlay::overlaid;
pub use problem::{Part, Position, Problem, Problems};
pub use reference::reference;
pub use route::RouteUrl;
pub use schema::schema;
pub use target::Target;
pub use timeouts::Timeouts;
