//! The cell: what the Cloud Controller desires is really run, as Diego does it.
//!
//! 1. `cell`: everything that runs; `lrp`: what an instance is started from, and what is known of it.
//! 2. `desired`: which processes are to run, with how many instances, on which routes.
//! 3. `reconcile`: compares that with what is there after every change, starts what is missing and stops what is left.
//! 4. `instance`: one index of a process, from its first start through crashes and restarts to its stop; `life`: one of
//!    its lives; `codependent`: its process and the sidecars beside it.
//! 5. `launch`: the files and the environment of an instance, and its process group; `container`: its directory; [`web_server`]:
//!    what serves apps that are nothing but files.
//! 6. `health`: whether it is well; `restart`: what happens when it was not; `usage`: what it takes.
//! 7. `tasks`: commands that run once.
//! 8. `restore`: back to what ran when a snapshot was taken.
//!
//! What is left out: memory, disk and file descriptor quotas are not enforced on a running process, and there is no
//! file system of its own. An instance is a process group below a directory of its own.

mod cell;
mod codependent;
mod container;
mod desired;
mod health;
mod instance;
mod launch;
mod life;
mod lrp;
mod reconcile;
mod restart;
mod restore;
pub(crate) mod tasks;
mod usage;
pub(crate) mod web_server;

#[cfg(test)]
mod tests;

pub(crate) use cell::Cell;
pub(crate) use desired::application_environment;
pub(crate) use lrp::{LrpKey, LrpState, Report};
pub(crate) use reconcile::run;
pub(crate) use restore::{Saved, restore, restored, save};
