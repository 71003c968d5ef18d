//! The team's own cf manifest: what a deployment must know of it. `cf push` reads the file itself; nothing here is
//! sent.
//!
//! - `model`, `app`, `process`, `lifecycle`: what is known of a manifest
//! - `variables`: its `((variables))`, filled in as cf does
//! - `read`: the tree of a manifest → the model, by `fields`, the keys of an application or a process; each part of it in a file
//!   of its own: `source` (files, buildpacks, an image), `processes`, `lists`, `mappings`, `size`
//! - `keys`, `spelling`: which keys there are, and how they may be written
//! - `application`: which one is meant; `alone`: one of several without the others
//! - `ignored`: what stands there and has no effect

mod alone;
mod app;
mod application;
mod fields;
mod ignored;
mod keys;
mod lifecycle;
mod lists;
mod mappings;
mod metadata;
mod model;
mod process;
mod processes;
mod read;
mod size;
mod source;
mod spelling;
mod variables;

#[cfg(test)]
mod tests;

pub use alone::Alone;
pub use app::{DockerImage, ManifestApp};
pub use lifecycle::Lifecycle;
pub use model::Manifest;
pub use process::{HealthCheck, ManifestProcess};
pub(super) use read::{Sources, read_manifest};
pub(super) use size::megabytes;
pub(super) use variables::{as_cf_reads, read_vars};
