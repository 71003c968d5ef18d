//! What is wrong with a plan, where, and what to do: all problems at once, shown like a compiler's errors.
//!
//! - `collector`: reads the files, and notes problems meanwhile
//! - `place`: where a problem stands, before its line is known
//! - `position`: line and column, and the line itself
//! - `problem`, `problems`: what is shown, and how
//! - `warning`: what is told of a plan that is sound

mod collector;
mod place;
mod position;
mod problem;
mod problems;
mod warning;

pub(super) use collector::Collector;
pub(super) use place::Place;
pub use position::Position;
pub use problem::Problem;
pub use problems::Problems;
pub use warning::Warning;
