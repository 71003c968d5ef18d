//! The official cf CLI as a child process: what is asked of it, how it is started, and what its answer means.
//!
//! 1. [`invocation`]: builders that return what to run and run nothing; their names are cf's own verbs.
//! 2. [`dialect`]: which cf this is, what it can do, and what differs between versions.
//! 3. [`session`]: a private copy of the user's cf configuration, so that no other terminal redirects a deployment.
//! 4. [`spawn`]: the one place that starts cf.
//! 5. [`outcome`]: what the output confirms; [`parse`] reads single lines and tables of it.
//!
//! [`invocation`], [`dialect`], [`output`], [`parse`] and [`outcome`] are pure; [`session`] and [`spawn`] act.

pub mod dialect;
pub mod invocation;
pub mod outcome;
pub mod output;
pub mod parse;
