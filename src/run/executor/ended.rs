//! How what is done to an app ended.

use crate::plan::AppName;
use crate::run::waiting::clock::Stop;
use crate::run::waiting::signal::Signal;
use crate::steps::Step;

use super::intrusion::Intrusion;

/// How what is done to an app ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// All steps are confirmed.
    Done,
    /// A person is to answer, and there was nobody to ask; the steps before this one are confirmed.
    Unanswered {
        /// The plan's name of the app.
        app: AppName,
        /// The id of the step.
        step: String,
        /// What is asked.
        question: String,
    },
    /// A step is not confirmed; none after it was started.
    Failed(Box<Failure>),
    /// Somebody else is at work: nothing more was started, and nothing is taken back.
    Stopped {
        /// The plan's name of the app.
        app: AppName,
        /// The id of the step that was not started, or not finished.
        step: String,
        /// Who, or what they did.
        why: Intrusion,
    },
    /// A signal came in; the steps before this one are confirmed, and it was not started or only waited.
    Interrupted {
        /// The signal.
        signal: Signal,
        /// The plan's name of the app.
        app: AppName,
        /// The id of the step that was not finished.
        step: String,
    },
}

impl Ended {
    /// Whether this decides how an app ended, of which another step has ended so: where somebody else is at work nothing is
    /// taken back, and where a signal has come in nothing more is begun.
    pub(super) fn outweighs(&self, other: &Self) -> bool {
        let weight = |ended: &Self| match ended {
            Self::Done => 0,
            Self::Unanswered { .. } => 1,
            Self::Failed(_) => 2,
            Self::Interrupted { .. } => 3,
            Self::Stopped { .. } => 4,
        };
        weight(self) > weight(other)
    }

    /// The end of a run that is to stop at a step.
    pub(super) fn by(why: Stop, at: &Step) -> Self {
        match why {
            Stop::Signal(signal) => Self::Interrupted { signal, app: at.app.clone(), step: at.id.clone() },
            Stop::LockLost(lost) => Self::stopped(Intrusion::LockLost(lost), at),
        }
    }

    pub(super) fn stopped(why: Intrusion, at: &Step) -> Self {
        Self::Stopped { app: at.app.clone(), step: at.id.clone(), why }
    }

    pub(super) fn failed(why: String, at: &Step) -> Self {
        Self::Failed(Box::new(Failure { step: at.clone(), why }))
    }
}

/// A step that is not confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The step.
    pub step: Step,
    /// What happened, with cf's own words.
    pub(crate) why: String,
}
