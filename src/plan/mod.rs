//! The deployment plan: from the team's YAML file to a checked [`Plan`].
//!
//! The way of a file, which `load` tells:
//!
//! 1. `yaml`: the text becomes a tree that can tell where each piece stands; `files` is where it is read from, and
//!    `allowed_folders` what may be read.
//! 2. `overlay`: with `--env NAME` a second, smaller file is laid over the first.
//! 3. `validate`: the tree against `schema`, the one table of keys: which keys there are, and what each value may be;
//!    `did_you_mean` guesses the word that was meant.
//! 4. `values`: names, routes and durations become newtypes, which cannot hold a wrong value; what keys of one app say together
//!    is checked, and `manifest` reads the team's own cf manifest for what a deployment must know of it.
//! 5. `cross_checks`: what only shows when several apps are seen together (the same route twice, one colour in two
//!    apps).
//! 6. `digest`: the fingerprint of what the plan does.
//!
//! `template` knows what was to be rendered before any of this.
//!
//! The plan:
//!
//! - `model`: the plan as a whole
//! - `target`, `app`, `check`, `watch`, `timeouts`, `tls`: its parts; `carry`: what a new version gets that no manifest names;
//!   `processes`: when its processes start
//! - `api_url`, `name`, `route_url`, `protocol`, `route_options`, `duration`: what their values are, and `value_error` why one is
//!   refused
//!
//! All problems of a plan are reported at once ([`Problems`], made by `diagnostics`), each with its file, line, column
//! and a hint. The stage is pure but for reading files, which goes through [`Files`].

mod allowed_folders;
mod api_url;
mod app;
mod carry;
mod check;
mod cross_checks;
mod diagnostics;
pub(crate) mod did_you_mean;
mod digest;
mod droplet_of;
mod duration;
mod files;
mod load;
mod manifest;
mod model;
mod name;
mod overlay;
mod processes;
mod protocol;
mod route_options;
mod route_url;
mod schema;
mod target;
mod template;
mod timeouts;
mod tls;
mod validate;
mod value_error;
mod values;
mod watch;
mod yaml;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use api_url::ApiUrl;
pub use app::{App, ExtraRoutes, Instances, Old, OnFailure};
pub use carry::{Carried, Carry};
pub use check::{
    Approval, At, Check, CommandCheck, CommandLine, HttpCheck, LocalCheck, Method, Pattern, Status, TaskCheck,
    TaskCommand,
};
pub use diagnostics::{Position, Problem, Problems, Warning};
pub use droplet_of::DropletOf;
pub(crate) use duration::{format_duration, parse_duration};
pub(crate) use files::WithoutAppFiles;
pub use files::{Disk, Files};
pub use load::load;
pub use manifest::{Alone, DockerImage, HealthCheck, Lifecycle, Manifest, ManifestApp, ManifestProcess};
pub use model::Plan;
pub use name::{AppName, OrgName, ServiceName, SpaceName};
pub(crate) use name::{LOCK_PREFIX, MAX_NAME_LENGTH};
pub(crate) use overlay::overlaid;
pub use processes::{Processes, Takeover};
pub use protocol::Protocol;
pub(crate) use route_options::OptionChanges;
pub use route_options::RouteOptions;
pub use route_url::RouteUrl;
pub(crate) use schema::{MOST_PARALLEL, schema};
pub use target::Target;
pub use timeouts::Timeouts;
pub use tls::{Roots, Tls};
pub use value_error::ValueError;
pub use watch::Watch;
pub(crate) use yaml::value as yaml_value;
