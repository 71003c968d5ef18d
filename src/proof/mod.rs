//! The model check of compiled steps: before anything runs, every list of steps is walked on the model of the user's
//! real space, with everything that can go wrong at each step, and from whatever that leaves behind to the end.
//!
//! - `prove`: what is proved, and for whom; `proof`: what comes of it; `counterexample`: the story where it does not hold
//! - `compile`: the compiler that is asked
//! - [`world`]: the space, and what routers may know of it; what a request on a live route would meet
//! - [`fault`]: what goes wrong with a step
//! - `explore`: the walk over all of it; `alike`: apps that differ in nothing but names are walked once
//! - [`offer`]: whether a verb can be offered; `status`: where the apps of a plan stand, and which ways lead on from there
//! - `orders`: the orders in which steps may come; `numbers` and `worlds`: what compares steps and worlds quickly
//! - `graph`: whether the graph of all apps holds together
//!
//! The model of the routers is pessimistic: a change of a route is known to all of them only once they were asked.
//! Until then a request may meet the state before it or the state after it, and both must be good.
//!
//! A state that is left behind (the tool was killed, gave up, lost the platform) is taken as any other machine would
//! find it: it is compiled again for `resume`, for `rollback` and for a new `apply`, and each of these walked to its
//! end, with everything that can go wrong with them in turn. States that were visited are not visited again.

mod alike;
mod compile;
mod counterexample;
mod explore;
pub mod fault;
mod graph;
mod numbers;
pub mod offer;
mod orders;
#[expect(clippy::module_inception, reason = "the room and what comes of it have the same name")]
mod proof;
mod prove;
pub(crate) mod status;
#[cfg(test)]
mod tests;
pub mod world;
mod worlds;

pub use counterexample::Counterexample;
pub(crate) use proof::Proof;
pub(crate) use prove::{prove, prove_one};
