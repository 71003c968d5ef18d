//! Plan × Space → Deployment: the compiler.
//!
//! - [`request`]: what is asked for; [`deployment`]: what that does to the apps of a plan, as a graph; [`interrupted`]: one that did not come to all of them
//! - [`compile`](mod@compile): what a verb does to one app; [`input`]: what that is compiled from
//! - [`strategy`]: how a new version takes the place of the old one, one folder a strategy; [`phase`]: the parts that all
//!   strategies are made of
//! - [`step`]: one thing to do; [`action`]: what is done by it, one file an action; `builder`: steps in the making
//! - [`standing`]: which version is live and which one is next, and what is under way; `origins`: where they come from
//! - [`deployed`]: whether what runs is what a plan would deploy; `stopped`: what could serve and is stopped;
//!   `put_back`: what was live, where nothing is any more
//! - [`sizing`]: what is pushed, and how large it will be; `equal`: what else a new version is to be set to (`wanted`), `record`:
//!   what one was set to when it was deployed
//! - [`annotations`]: what is written on the apps, because routes and states cannot tell it; `process_counts`: how large their processes are
//!   to be that another version runs
//! - `tasks`: what the tasks of a deployment are called
//! - `source`: the droplet of another app, in the place of an upload
//! - [`upload`]: whether what is uploaded is what was to be uploaded
//! - `changes`: what of an app is otherwise after a deployment
//! - [`left`]: what is left of a list that did not come to its end
//! - [`scope`]: the space as far as some of it is concerned
//! - `preflight`: what the platform tells before the first change of what it will refuse
//! - [`routers`]: about which routes the routers can be asked; `deaf`: why not about others; `instance_header`: by what they are
//!   asked
//! - [`refusal`]: why nothing is done, and what the user can do about it
//! - [`quota`]: whether the quotas hold at every point of a list of steps; `peak`: how much is used on the way, also side by side
//!   (`course`); `fitting`: what they would allow
//!
//! Everything here is pure: the same plan, space and request give the same steps, and nothing about a step is decided
//! while it runs.

pub mod action;
pub mod annotations;
mod builder;
pub(crate) mod changes;
pub mod compile;
pub(crate) mod course;
pub(crate) mod deaf;
pub mod deployed;
pub mod deployment;
pub(crate) mod equal;
pub(crate) mod fitting;
pub mod input;
pub(crate) mod instance_header;
pub mod interrupted;
pub mod left;
pub(crate) mod origins;
pub(crate) mod peak;
pub mod phase;
pub(crate) mod preflight;
pub(crate) mod process_counts;
pub(crate) mod put_back;
pub mod quota;
pub(crate) mod record;
pub mod refusal;
pub mod request;
pub mod routers;
pub(crate) mod scope;
pub mod sizing;
mod source;
pub mod standing;
pub mod step;
pub(crate) mod stopped;
pub mod strategy;
pub(crate) mod tasks;
#[cfg(test)]
mod tests;
pub mod upload;
pub(crate) mod wanted;

pub(crate) use action::Action;
pub(crate) use compile::compile;
pub use deployment::{AppDeployment, Deployment};
pub(crate) use phase::Phase;
pub use request::Request;
pub use step::Step;

pub use crate::space::Verb;
