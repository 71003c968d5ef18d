//! What goes wrong with a step.

use std::fmt;

use crate::space::{App, InstanceState, Package, Space};
use crate::steps::{Action, Step};

/// What goes wrong with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
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
    KilledDuring(Part),
    /// The tool is killed after it, before the routers were asked.
    KilledAfter,
    /// The new version crashes right before it, after it was checked.
    Crash,
}

/// A part of what a step does that can be there without the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// A push: the manifest is applied, and nothing is uploaded.
    Applied,
    /// A push: the upload has begun.
    Uploading,
    /// A start: the instances are being started.
    Starting,
    /// A deletion: the routes are off, and the app is still there.
    Unrouted,
}

impl Fault {
    /// Everything that can go wrong with a step; a crash is the world's affair and not in it.
    pub fn of(step: &Step) -> Vec<Self> {
        let mut faults = vec![Self::Refused, Self::KilledBefore];
        if step.invocation.is_some() {
            faults.extend([Self::ReportedFailed, Self::AnswerLost]);
        }
        if step.action.router_question().is_some() {
            faults.push(Self::Late);
        }
        let parts: &[Part] = match &step.action {
            Action::Push { .. } => &[Part::Applied, Part::Uploading],
            Action::Start { .. } => &[Part::Starting],
            Action::Delete { .. } => &[Part::Unrouted],
            Action::Create { .. }
            | Action::Annotate { .. }
            | Action::Bind { .. }
            | Action::Map { .. }
            | Action::Unmap { .. }
            | Action::Stage { .. }
            | Action::SetDroplet { .. }
            | Action::Scale { .. }
            | Action::Check { .. }
            | Action::Drain { .. }
            | Action::Stop { .. } => &[],
        };
        faults.extend(parts.iter().map(|part| Self::KilledDuring(*part)));
        faults.push(Self::KilledAfter);
        faults
    }

    /// Whether the run goes on to take back what it has done; else it ends on the spot.
    pub fn is_survived(self) -> bool {
        match self {
            Self::Refused | Self::AnswerLost | Self::Late | Self::ReportedFailed | Self::Crash => true,
            Self::KilledBefore | Self::KilledDuring(_) | Self::KilledAfter => false,
        }
    }
}

impl Part {
    /// Takes away from the whole effect what is not done yet; `before` is the space before the step.
    pub(super) fn cut(self, app: &str, before: &Space, after: &mut Space) {
        let was = before.app(app);
        match self {
            Self::Applied | Self::Uploading => {
                let Some(now) = after.app_mut(app) else { return };
                now.package = match self {
                    Self::Uploading => now.package.take().map(|package| Package { ready: false, ..package }),
                    Self::Applied | Self::Starting | Self::Unrouted => was.and_then(|app| app.package.clone()),
                };
            }
            // What runs already is not started again.
            Self::Starting if was.is_some_and(App::serves) => {}
            Self::Starting => {
                let Some(now) = after.app_mut(app) else { return };
                for instance in now.processes.iter_mut().flat_map(|process| &mut process.states) {
                    instance.state = InstanceState::Starting;
                }
            }
            Self::Unrouted => after.apps.extend(was.cloned()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "fails before it has any effect",
            Self::ReportedFailed => "has its effect and is reported as failed",
            Self::AnswerLost => "has its effect, and the answer is lost with the platform out of reach",
            Self::Late => "has its effect, and the routers do not learn of it in time",
            Self::KilledBefore => "is not begun: cutover is killed right before it",
            Self::KilledDuring(Part::Applied) => "is cut off: cutover is killed when the manifest is applied",
            Self::KilledDuring(Part::Uploading) => "is cut off: cutover is killed during the upload",
            Self::KilledDuring(Part::Starting) => "is cut off: cutover is killed while the instances start",
            Self::KilledDuring(Part::Unrouted) => "is cut off: cutover is killed when the routes are off",
            Self::KilledAfter => "has its effect, and cutover is killed before it is confirmed",
            Self::Crash => "is begun, and the new version has crashed right before",
        })
    }
}
