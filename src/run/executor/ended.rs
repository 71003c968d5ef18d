//! How what is done to an app ended.

use crate::run::waiting::clock::Stop;
use crate::run::waiting::signal::Signal;
use crate::steps::Step;

use super::intrusion::Intrusion;

/// How what is done to an app ended: all of its steps are confirmed, or it came to its end at one of them.
pub type Ended = Result<(), Box<Unfinished>>;

/// The step at which it ended. Those before it are confirmed, and none after it was started.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    /// The step.
    pub step: Step,
    /// What has become of it.
    pub why: Why,
}

/// Why a step is not finished.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// A person is to answer this, and there was nobody to ask.
    Unanswered(String),
    /// It is not confirmed: what happened, with cf's own words.
    Failed(String),
    /// A signal came in: it was not started or only waited.
    Interrupted(Signal),
    /// Somebody else is at work, or was: nothing is taken back.
    Stopped(Intrusion),
}

impl Unfinished {
    pub(super) fn at(step: &Step, why: Why) -> Box<Self> {
        Box::new(Self { step: step.clone(), why })
    }

    /// The end of a run that is to stop at a step.
    pub(super) fn stop(step: &Step, why: Stop) -> Box<Self> {
        let why = match why {
            Stop::Signal(signal) => Why::Interrupted(signal),
            Stop::LockLost(lost) => Why::Stopped(Intrusion::LockLost(lost)),
        };
        Self::at(step, why)
    }

    /// Whether this decides how an app ended, of which another step has ended so: where somebody else is at work nothing is
    /// taken back, and where a signal has come in nothing more is begun.
    pub(super) fn outweighs(&self, other: &Self) -> bool {
        let weight = |one: &Self| match one.why {
            Why::Unanswered(_) => 1,
            Why::Failed(_) => 2,
            Why::Interrupted(_) => 3,
            Why::Stopped(_) => 4,
        };
        weight(self) > weight(other)
    }
}
