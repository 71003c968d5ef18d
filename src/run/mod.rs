//! What acts on a space: reading it, and running steps on it. Each room knows only those below it in this list.
//!
//! - `operation`: an apply, a resume or a rollback of a plan as a whole, and what is done after a step has failed
//! - [`executor`]: the graph, step by step, each confirmed before what waits for it starts
//! - [`lock`]: one deployment at a time
//! - [`reading`]: what there is in the space, no part of it read more often than is needed
//! - [`api`]: the `cf curl` calls
//! - [`routes`]: what is asked at routes: the routers, who answers there, and the new version, by the plan's checks
//! - [`upload`]: what is uploaded, read as cf reads it
//! - [`waiting`]: by a clock, for how long, how often again, and what ends it
//! - `side_by_side`: the same done with each of several things
//!
//! Only the `executor` and [`lock`] change a space, and only through `cf`.

pub mod api;
#[cfg(test)]
mod doubles;
pub mod executor;
pub mod lock;
pub(crate) mod operation;
pub mod reading;
pub mod routes;
mod side_by_side;
pub mod upload;
pub mod waiting;
