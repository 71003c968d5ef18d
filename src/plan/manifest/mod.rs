//! The team's own cf manifest: what a deployment must know of it. `cf push` reads the file itself; nothing here is
//! sent.
//!
//! - `model`, `app`, `process`, `lifecycle`: what is known of a manifest
//! - `variables`: its `((variables))`, filled in as cf does
//! - `read`: the tree of a manifest → the model

mod app;
mod lifecycle;
mod model;
mod process;
mod read;
mod variables;

pub use app::{DockerImage, ManifestApp};
pub use lifecycle::Lifecycle;
pub use model::Manifest;
pub use process::{HealthCheck, ManifestProcess};
pub(super) use read::{Sources, read_manifest};
pub(super) use variables::{as_cf_reads, read_vars};
