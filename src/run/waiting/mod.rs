//! Waiting: every pause of a run goes through one clock.
//!
//! - [`clock`]: what is waited by; [`interrupt`]: the clock of a run, and what a [`signal`] does to it
//! - `pauses`: for how long between two looks; `retry`: when a call is repeated, and after what pause

pub mod clock;
pub mod interrupt;
pub(super) mod pauses;
pub(super) mod retry;
pub mod signal;
