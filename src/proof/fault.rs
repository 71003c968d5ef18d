//! What goes wrong with a step.

use std::fmt;

use crate::steps::Step;
use crate::steps::action::partial::PartialEffect;

/// What goes wrong with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused, or it fails, before it has any effect.
    Refused,
    /// It has its effect and is reported as failed: the space is read, and the run goes on.
    ReportedFailed,
    /// It has its effect, the answer is lost, and the platform stays out of reach: the run gives up.
    AnswerLost,
    /// It has its effect, and the routers do not learn of it in time: the run gives up.
    Late,
    /// The tool is killed before it.
    KilledBefore,
    /// The tool is killed in the midst of it, and this much of it is done.
    KilledDuring(PartialEffect),
    /// The tool is killed after it, before the routers were asked.
    KilledAfter,
}

impl Fault {
    /// Everything that can go wrong with a step; a crash is the world's affair.
    pub(crate) fn of(step: &Step) -> Vec<Self> {
        let mut faults = vec![Self::Refused, Self::KilledBefore];
        if step.facts().work().is_by_cf() {
            faults.extend([Self::ReportedFailed, Self::AnswerLost]);
        }
        if step.facts().router_question().is_some() {
            faults.push(Self::Late);
        }
        let parts = step.facts().partial_effects();
        faults.extend(parts.iter().map(|part| Self::KilledDuring(*part)));
        faults.push(Self::KilledAfter);
        faults
    }

    /// Whether the run goes on to take back what it has done; else it ends on the spot.
    pub(crate) fn is_survived(self) -> bool {
        match self {
            Self::Refused | Self::AnswerLost | Self::Late | Self::ReportedFailed => true,
            Self::KilledBefore | Self::KilledDuring(_) | Self::KilledAfter => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KilledDuring(part) => return write!(f, "is cut off: cutover is killed {}", part.when),
            Self::Refused => "fails before it has any effect",
            Self::ReportedFailed => "has its effect and is reported as failed",
            Self::AnswerLost => "has its effect, and the answer is lost with the platform out of reach",
            Self::Late => "has its effect, and the routers do not learn of it in time",
            Self::KilledBefore => "is not begun: cutover is killed right before it",
            Self::KilledAfter => "has its effect, and cutover is killed before it is confirmed",
        })
    }
}
