//! How a command ends.

use crate::run::operation::Outcome;
use crate::run::waiting::signal::Signal;

/// How a command ended; each has one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done.
    Done,
    /// It failed, and the live routes are served as before.
    Failed,
    /// Usage, or an invalid plan; nothing was touched.
    Invalid,
    /// It failed and a person must look.
    Stuck,
    /// Refused before any change.
    Refused,
    /// A person is to answer; the live routes are served as before.
    Unanswered,
    /// A signal ended it; the live routes are served.
    Interrupted(Signal),
}

impl ExitStatus {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Invalid => 2,
            Self::Stuck => 3,
            Self::Refused => 4,
            Self::Unanswered => 5,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }
}

impl From<Outcome> for ExitStatus {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::AsBefore => Self::Failed,
            Outcome::Stuck => Self::Stuck,
            Outcome::Unanswered => Self::Unanswered,
            Outcome::Interrupted(signal) => Self::Interrupted(signal),
        }
    }
}
