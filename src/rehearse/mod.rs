//! `cutover rehearse`: the plan on the embedded Cloud Foundry, with the real cf, under load.
//!
//! - `rehearsal`: the story of it
//! - [`stage`]: an embedded foundry that has what the plan needs, and a cf that is logged in to it
//! - `preflight`: what of the plan cannot run there, or has a stand-in
//! - [`load`]: requests on the live routes while the plan runs, and the count of those that failed
//! - [`table`]: what came of it, as a person reads it
//!
//! Everything that is run on the way is what `cutover apply` runs; only the target of the plan is another one.

pub mod load;
mod preflight;
mod rehearsal;
pub mod stage;
mod table;

pub(crate) use rehearsal::run;
