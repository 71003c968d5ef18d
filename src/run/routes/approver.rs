//! Who answers the questions of a plan.

use crate::run::waiting::clock::{Clock, Stop};

/// Who answers the questions of a plan.
pub trait Approver: Sync {
    /// Asks, and waits for the answer. Fails where the run is to stop before it.
    fn ask(&self, question: &str, clock: &dyn Clock) -> Result<Answer, Stop>;
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Yes; with a note for the reader.
    Yes(&'static str),
    /// No, or nothing that can be taken for a yes: why.
    No(String),
    /// There is nobody to ask.
    NobodyToAsk,
}
