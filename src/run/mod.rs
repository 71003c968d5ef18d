//! What acts on a space: reading it, and running steps on it.
//!
//! - [`api`]: the `cf curl` calls; `answers`: lists of them, and what is asked for side by side
//! - [`observe`]: what they read of a space; [`reader`]: no part of it more often than is needed
//! - [`lock`]: one deployment at a time
//! - [`operation`]: an apply, a resume or a rollback of a plan as a whole; `recovery`: what is done after a step has failed
//! - [`execute`]: the graph, step by step, each confirmed before what waits for it starts
//! - `track`: how one app is watched over on its way
//! - `step_runner`: how one step is done, repeated, settled and confirmed; `ahead`: what is looked at meanwhile; `retry`: when a call
//!   is repeated
//! - `manifest_diff`: whether an app is what a manifest asks for
//! - [`probe`]: the router, asked who answers on a route
//! - [`routers`]: whether it can be asked at all, found out before the first change
//! - [`upload`]: what is uploaded, read as cf reads it
//! - [`check`]: the plan's checks at the staging route
//! - [`http`]: the HTTP client of both
//! - [`clock`]: waiting; [`interrupt`]: what a signal does to a run
//!
//! Only the runner (`step_runner`) and [`lock`] change a space, and only through `cf`.

mod ahead;
mod answers;
pub mod api;
pub mod check;
pub mod clock;
pub mod execute;
pub mod http;
pub mod interrupt;
pub mod lock;
pub(crate) mod manifest_diff;
pub mod observe;
pub mod operation;
pub mod probe;
pub mod reader;
mod recovery;
mod retry;
pub mod routers;
mod step_runner;
pub mod track;
pub mod upload;
