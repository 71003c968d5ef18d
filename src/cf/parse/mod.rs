//! Reading what cf prints: free functions over cleaned lines.
//!
//! - `lines`: cleaning; `confirmations`: what says that a call has done its work, one function a verb;
//! - [`failure`]: the messages of failures; `plain`: the same in plain words;
//! - [`mod@json`]: the answers of `cf curl`; `manifest`: the one that is YAML.
//!
//! All texts are those of cf 8.17; where 7.x or 9 differ, it is said. A name in a line is compared as text, never put
//! into a pattern.

mod confirmations;
pub(crate) mod failure;
mod json;
mod lines;
mod manifest;
mod plain;

pub(crate) use confirmations::{
    Said, bound, deleted, end_of_staging_log, manifest_applied, mapped, pushed, route_created, route_not_found, scaled,
    staged, stopped, task_submitted, task_terminated, unbound, unmapped,
};
pub(crate) use json::head;
pub use json::{NoJson, json};
pub(crate) use lines::{Lines, excerpt};
pub(crate) use manifest::manifest;
pub(crate) use plain::plain;
