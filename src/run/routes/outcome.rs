//! How a check ended.

use crate::run::waiting::clock::Stop;

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has passed; with a note for the reader.
    Passed(String),
    /// It has not: why.
    Failed(String),
    /// There is nobody to ask this.
    Unanswered(String),
    /// The run is to stop, and did before it was known.
    Interrupted(Stop),
}
