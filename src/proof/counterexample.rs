//! A walk on which an invariant does not hold, as a story.

use std::fmt;

use serde::Serialize;

use crate::steps::Step;

/// A walk on which an invariant does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The plan's name of the app.
    pub(crate) app: String,
    /// What happens, in order.
    pub(crate) story: Vec<String>,
    /// What the users of the app would see, or what would be wrong.
    pub(crate) seen: String,
}

impl fmt::Display for Counterexample {
    /// The story, a line for each thing that happens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.app)?;
        for (number, line) in self.story.iter().enumerate() {
            write!(f, "\n  {}. {line}", number + 1)?;
        }
        write!(f, "\n  then: {}", self.seen)
    }
}

/// How a story names a step.
pub(super) fn about(step: &Step) -> String {
    format!("step {} ({})", step.id, step.facts().purpose())
}
