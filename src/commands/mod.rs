//! One file a verb, each telling its story in a page.
//!
//! - [`check`], [`plan`], [`apply`] (resume and rollback, too), [`status`], [`lock`]: the verbs
//! - `dispatch`: which verb a command line is for; `terminal`: what is said outside of a run
//! - [`context`]: the plan that is named, and a cf with a private session in its space
//! - `holding`: what holds the locks for a run
//! - [`prepare`]: what a verb does, compiled and proved
//! - [`reporters`]: those who report a run; `strays`: files that hardly are meant to be uploaded

pub mod apply;
pub mod check;
pub mod context;
mod dispatch;
mod holding;
pub mod lock;
pub mod plan;
pub mod prepare;
pub mod reporters;
pub mod status;
mod strays;
pub(crate) mod terminal;

pub use dispatch::run;
