//! What acts on a space: reading it, and running steps on it.
//!
//! - [`api`]: the `cf curl` calls; `tokens`: what they are made with; `answers`: lists of them, and what is asked for side by side;
//!   [`observe_error`]: how they fail
//! - [`observe`]: what they read of a space; [`reader`]: also where the platform is out of reach for a while; [`parts`]: what is read
//!   together; `view`: no part of it more often than is needed
//! - [`lock`]: one deployment at a time
//! - [`operation`]: an apply, a resume or a rollback of a plan as a whole; `operate`: how it is run; `recovery`: what is done after a
//!   step has failed; `outcome`: how it ended
//! - [`runner`]: what runs steps, part by part
//! - [`execute`]: the graph, step by step, each confirmed before what waits for it starts; [`ended`], [`endings`], [`intrusion`]: how
//!   that ends
//! - `guarded_step`: one step, and that nobody else is at work; `track`: what is seen of one app on its way; `freshness`: how old that
//!   may be
//! - `step_runner`: how one step is done, repeated, settled and confirmed; `ahead`: what is looked at meanwhile, `glances`: for all
//!   lanes at once; `retry`: when a call is repeated; `references`: what it refers to
//! - `manifest_diff`: whether an app is what a manifest asks for
//! - [`probe`]: the router, asked who answers on a route; `head`: one question
//! - `lookout`: what a step hangs on, looked at while the router is waited for
//! - `routers`: whether it can be asked at all, found out before the first change, by `deaf` of each route
//! - [`upload`]: what is uploaded, read as cf reads it
//! - [`check`]: the plan's checks at the staging route
//! - [`http`]: the HTTP client of both
//! - [`clock`]: waiting; `pauses`: for how long; [`interrupt`]: what a [`signal`] does to a run
//!
//! Only the runner (`step_runner`) and [`lock`] change a space, and only through `cf`.

mod ahead;
mod answers;
pub mod api;
pub mod check;
pub mod clock;
pub(crate) mod deaf;
#[cfg(test)]
mod doubles;
pub mod ended;
pub mod endings;
pub mod execute;
mod freshness;
mod glances;
mod guarded_step;
mod head;
pub mod http;
pub mod interrupt;
pub mod intrusion;
pub mod lock;
mod lookout;
pub(crate) mod manifest_diff;
pub mod observe;
pub mod observe_error;
mod operate;
pub mod operation;
pub(crate) mod outcome;
pub mod parts;
mod pauses;
pub mod probe;
pub mod reader;
mod recovery;
mod references;
mod retry;
pub(crate) mod routers;
pub mod runner;
pub mod signal;
mod step_runner;
mod tokens;
pub mod track;
pub mod upload;
mod view;
