//! How an operation ended.

use crate::run::waiting::signal::Signal;

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it is done.
    Done,
    /// It failed, and every live route is served as before.
    AsBefore,
    /// A person is to answer; every live route is served as before.
    Unanswered,
    /// A person must look.
    Stuck,
    /// A signal ended it; the live routes are served.
    Interrupted(Signal),
}

impl Outcome {
    /// Of several apps, the outcome of the most weight is that of all.
    pub(super) fn weight(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::AsBefore => 1,
            Self::Unanswered => 2,
            Self::Interrupted(_) => 3,
            Self::Stuck => 4,
        }
    }
}
