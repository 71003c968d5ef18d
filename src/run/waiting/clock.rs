//! Waiting: every pause of a run goes through one clock, and ends at once where the run is to stop.

use std::time::{Duration, Instant};

use super::signal::Signal;

/// Why a run is to stop. What was begun is finished; nothing is waited for, and nothing more is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A signal came in.
    Signal(Signal),
    /// A lock is not held any more.
    LockLost(LockLost),
}

/// A lock is not held any more, and with it the run is over, whichever of its apps it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockLost {
    /// The plan's name of the app that it is on.
    pub app: String,
    /// Why, and whose it is.
    pub why: String,
}

/// What a run waits by, in all its lanes.
pub trait Clock: Sync {
    /// Now, as this clock has it.
    fn now(&self) -> Instant {
        Instant::now()
    }

    /// Waits. Fails, and early, where the run is to stop.
    fn pause(&self, time: Duration) -> Result<(), Stop>;

    /// Why the run is to stop, if it is.
    fn stop(&self) -> Option<Stop> {
        self.pause(Duration::ZERO).err()
    }

    /// Waits, but not beyond a point in time. Fails as [`Self::pause`] does.
    fn pause_until(&self, time: Duration, deadline: Instant) -> Result<(), Stop> {
        self.pause(time.min(deadline.saturating_duration_since(self.now())))
    }
}
