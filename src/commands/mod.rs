//! One file a verb, each telling its story in a page.
//!
//! - [`init`], [`check`], [`plan`], [`apply`] (resume and rollback, too), [`status`], [`lock`], `rehearse`: the verbs
//! - `dispatch`: which verb a command line is for; `terminal`: what is said outside of a run
//! - `plan_file`: the plan that is named; [`context`]: a cf with a private session in its space; `secrets`: what is hidden
//! - [`prepare`]: what a verb does, compiled and proved; `asking`: what somebody agrees to of that, and what is made of it under
//!   the lock; `holding`: what holds the locks meanwhile; `operate`: how it is run, and `approval`: who answers questions then;
//!   `finished`: what there is to say of the rest of the plan after it
//! - [`reporters`]: those who report a run; `strays`: files that hardly are meant to be uploaded; `warnings`: what is told
//!   beforehand

pub mod apply;
mod approval;
mod asking;
pub mod check;
pub mod context;
mod dispatch;
mod finished;
mod holding;
pub mod init;
pub mod lock;
mod operate;
pub mod plan;
mod plan_file;
pub mod prepare;
#[cfg(feature = "rehearse")]
mod rehearse;
pub mod reporters;
mod secrets;
pub mod status;
mod strays;
pub(crate) mod terminal;
mod warnings;

pub use dispatch::run;
