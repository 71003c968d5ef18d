//! Plan × Space → Steps: the compiler.
//!
//! - [`step`]: one thing to do; [`action`]: what is done by it, one file an action; [`heading`]: the part of the guide that
//!   it belongs to
//! - [`compile`](mod@compile): what a verb does to one app
//! - [`situation`]: which colour is live and which one is next, read off the space
//! - [`forward`] and [`back`]: the two compilers, the guide's way forward (from its beginning or from where a run was
//!   interrupted) and the way back
//! - `list`: the list that they write
//! - [`deployed`]: whether what runs is what a plan would deploy
//! - [`size`]: what is pushed, and how large it will be
//! - [`annotations`]: what is written on the apps, because routes and states cannot tell it
//! - [`upload`]: whether what is uploaded is what was to be uploaded
//! - [`left`]: what is left of a list that did not come to its end
//! - `preflight`: what the platform tells before the first change of what it will refuse
//! - [`refusal`]: why nothing is done, and what the user can do about it
//! - [`quota`]: whether the quotas hold at every point of a list of steps
//!
//! Everything here is pure: the same plan, space and deployment give the same steps, and nothing about a step is
//! decided while it runs.

pub mod action;
pub mod annotations;
pub mod back;
pub mod compile;
pub mod deployed;
pub mod forward;
pub mod heading;
pub mod left;
mod list;
mod preflight;
pub mod quota;
pub mod refusal;
pub mod situation;
pub mod size;
pub mod step;
#[cfg(test)]
mod tests;
pub mod upload;

pub use action::Action;
pub use compile::compile;
pub use heading::Heading;
pub use step::Step;

pub use crate::space::lock::Verb;
