//! What a rehearsal needs beside what every deployment does; its story is told in `commands::rehearse`.
//!
//! - [`stage`]: an embedded foundry that has what the plan needs, and a cf that is logged in to it
//! - `preflight`: what of the plan cannot run there, or has a stand-in
//! - [`load`]: requests on the live routes while the plan runs, and the count of those that failed
//! - `table`: what came of it, as a person reads it

pub mod load;
pub(crate) mod preflight;
pub mod stage;
pub(crate) mod table;
