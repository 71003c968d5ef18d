//! How a step ends.

use std::time::Instant;

use crate::run::reading::view::Unseen;
use crate::run::waiting::clock::Stop;

/// A step that is confirmed.
pub(super) struct Confirmed {
    /// Notes for the reader.
    pub(super) notes: Vec<String>,
    /// When it was done: what is read later shows all that it has changed.
    pub(super) done: Instant,
    /// Whether the platform has told its app as it is after it.
    pub(super) is_told: bool,
}

/// How one step ended.
pub(super) enum StepOutcome {
    /// It is confirmed.
    Confirmed {
        confirmed: Confirmed,
        /// How the last cf of it ended, where one did.
        exit_code: Option<i32>,
    },
    /// It is not.
    Failed {
        why: String,
        /// As above.
        exit_code: Option<i32>,
    },
    /// There is nobody to ask this.
    Unanswered(String),
    /// The run is to stop, and the step was only waited for.
    Interrupted(Stop),
}

/// Why a step is not confirmed.
pub(super) enum StepError {
    Failed(String),
    Unanswered(String),
    Interrupted(Stop),
}

impl From<Unseen> for StepError {
    fn from(unseen: Unseen) -> Self {
        match unseen {
            Unseen::Stopped(stop) => Self::Interrupted(stop),
            Unseen::Unreadable(error) => Self::Failed(format!("the space could not be read back: {error}")),
        }
    }
}

impl From<Stop> for StepError {
    fn from(stop: Stop) -> Self {
        Self::Interrupted(stop)
    }
}
