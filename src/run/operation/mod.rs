//! An apply, a resume or a rollback of a plan as a whole.
//!
//! - `operation`: what it is, and what is told wherever it is dealt with; `operate`: how it is run
//! - `recovery`: what is done after a step has failed
//! - `outcome`: how it ended

mod operate;
#[expect(clippy::module_inception, reason = "the room and what it is about have the same name")]
mod operation;
mod outcome;
mod recovery;

pub(crate) use operation::Operation;
pub(crate) use outcome::Outcome;
