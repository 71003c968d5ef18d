//! The API's JSON → the model.
//!
//! Every function here is pure: it takes the resources that `run::reading::observe` fetched and returns a part of the model. A
//! field that is missing or of another type is an error that names it: a wrong picture of the space is worse than none.
//!
//! - `answer`: what answers have in common
//! - `apps`, `routes`, `services`, `settings`, `tasks`, `quotas`: the model, part by part
//! - [`rules`]: what the platform tells beforehand of what it will refuse

mod answer;
mod apps;
mod quotas;
mod routes;
pub(crate) mod rules;
mod services;
mod settings;
mod tasks;

pub(crate) use answer::{Page, Unreadable, guid, parse};
pub use apps::apps;
pub(crate) use apps::{droplets, memory_in_use, packages, process_instances, processes, source_droplet, stats};
pub(crate) use quotas::{quota, quota_guid, usage};
pub(crate) use routes::{domains, routes};
pub(crate) use services::{BindingOfApp, Included, bindings, included_services, services};
pub(crate) use settings::{features, policies, sidecars};
pub(crate) use tasks::tasks;
