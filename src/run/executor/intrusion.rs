//! Somebody else at work.

use std::fmt;

use crate::run::waiting::clock::LockLost;
use crate::space::difference::Difference;

/// Somebody else at work.
#[derive(Debug, Clone, PartialEq)]
pub enum Intrusion {
    /// A lock is not ours any more.
    LockLost(LockLost),
    /// Somebody has changed what the deployment hangs on.
    Changed(Vec<Difference>),
}

impl fmt::Display for Intrusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LockLost(lost) => write!(f, "the lock is not held any more: {}", lost.why),
            Self::Changed(changed) => {
                f.write_str("somebody else has changed what this deployment depends on:")?;
                changed.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
            }
        }
    }
}
