//! What is there: a model of one Cloud Foundry space, as far as a deployment plan is concerned with it.
//!
//! The model:
//!
//! - `model`: the space as a whole, and the questions that are asked of it
//! - `app`, `process`, `package`, `droplet`, `task`: an app and its parts; `version`: what routers know it by
//! - `app_settings`: what an app is set to, wherever the model holds it
//! - `route`, `domain`: where apps are reached
//! - `source`: the droplet of another app that is deployed
//! - `service`, `binding`, `quota`: what apps are bound to, how, and what binds the space
//! - [`lock`]: who is deploying; `verb`: what a person asks for
//! - [`native`]: deployments of the platform's own that are under way
//! - [`rules`]: what the platform tells beforehand of what it will refuse
//!
//! What is done with it:
//!
//! - [`read`]: the API's JSON → the model
//! - [`condition`]: what must be true of a space after a step; [`section`]: the parts that are read to judge it
//! - [`difference`]: what somebody else has changed between two looks
//!
//! All of it is pure; `run::reading::observe` makes the `cf curl` calls. A [`Space`] serialises to the snapshot that
//! `cutover status --format json` writes and `cutover plan --space FILE` reads.

mod app;
mod app_settings;
mod binding;
pub mod condition;
pub(crate) mod difference;
mod domain;
mod droplet;
pub mod lock;
mod model;
pub(crate) mod native;
mod package;
mod process;
mod quota;
pub mod read;
mod route;
pub(crate) mod rules;
pub mod section;
mod service;
mod source;
mod task;
mod verb;
mod version;

#[cfg(test)]
mod laws;

pub use app::{App, AppState};
pub(crate) use app_settings::DEFAULT_MEMORY_MB;
pub use binding::Binding;
pub use domain::Domain;
pub use droplet::Droplet;
pub(crate) use model::SNAPSHOT_FORMAT;
pub use model::{Named, Space};
pub use package::Package;
pub use process::{Instance, InstanceState, MemoryInUse, Process};
pub use quota::{Quota, QuotaKind, QuotaScope, Usage};
pub use route::{Destination, Route};
pub use service::ServiceInstance;
pub use source::{Found, Source, SourceDroplet};
pub use task::{Task, TaskState};
pub use verb::Verb;
pub(crate) use version::Version;
