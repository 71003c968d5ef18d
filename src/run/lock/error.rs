//! Why a lock is not ours.

use jiff::Timestamp;
use thiserror::Error;

use crate::cf::outcome::Refusal;
use crate::run::api::observe_error::ObserveError;
use crate::run::waiting::clock::Stop;
use crate::run::waiting::signal::Signal;
use crate::space::lock::{Lock, LockState};

/// Why a lock is not ours.
#[derive(Debug, Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("refused: {}", lock.story(*now, *state))]
    Held {
        /// The lock.
        lock: Box<Lock>,
        /// Whether its run is at work.
        state: LockState,
        /// When it was read.
        now: Timestamp,
    },
    /// Its run lives: the lock is not to be broken.
    #[error("refused: {}; a lock is broken only where nobody is at work any more", lock.story(*now, *state))]
    Alive {
        /// The lock.
        lock: Box<Lock>,
        /// Whether its run is at work, or silent.
        state: LockState,
        /// When it was read.
        now: Timestamp,
    },
    /// A signal came in while somebody else held it.
    #[error("interrupted while the lock on {app} was waited for; nothing was done")]
    Interrupted {
        /// The plan's name of the app.
        app: String,
        /// The signal.
        signal: Signal,
    },
    /// cf or the API cannot be used.
    #[error(transparent)]
    Api(#[from] ObserveError),
    /// The platform does not let it.
    #[error("the lock on {app} could not be {what}: {}", refusal.words)]
    Refused {
        /// The plan's name of the app.
        app: String,
        /// What was tried: `taken`, `asked for`, `removed`.
        what: &'static str,
        /// The platform's reason.
        refusal: Refusal,
    },
    /// Nothing tells whether it was done.
    #[error("the lock on {app} could not be {what}: {why}")]
    Unknown {
        /// The plan's name of the app.
        app: String,
        /// What was tried: `taken`, `asked for`, `removed`.
        what: &'static str,
        /// What was heard last.
        why: String,
    },
}

impl LockError {
    /// The run was to stop while a lock was waited for.
    pub(super) fn stopped(app: String, stop: Stop) -> Self {
        match stop {
            Stop::Signal(signal) => Self::Interrupted { app, signal },
            Stop::LockLost(lost) => Self::Unknown { app, what: "taken", why: lost.why },
        }
    }
}
