//! What can be typed where an app stands, and what would come of it.

use crate::plan::AppName;
use crate::steps::Verb;

use super::super::offer::Offer;

/// A way that leads on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Way {
    /// What is typed.
    pub(crate) typed: Typed,
    /// What it does.
    pub(crate) does: Does,
    /// What would come of it; `None` where nothing of the app is compiled for it here: what is about a lock, or does what
    /// another way does.
    pub(crate) offer: Option<Offer>,
}

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A verb as it is.
    Verb(Verb),
    /// `rollback --take-over`.
    TakeOver,
    /// `lock break`.
    BreakLock,
}

impl Typed {
    /// As it is typed behind `cutover`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Verb(verb) => verb.as_str(),
            Self::TakeOver => "rollback --take-over",
            Self::BreakLock => "lock break",
        }
    }
}

/// What a way does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Does {
    /// It deploys the app.
    Deploys,
    /// It deploys over the colour that was live before and still runs.
    DeploysOver,
    /// It deploys once more, from the beginning.
    StartsAnew,
    /// It finishes an interrupted deployment.
    Finishes,
    /// It finishes an interrupted way back.
    FinishesThat,
    /// It takes an interrupted deployment back.
    TakesBack,
    /// It falls back to this colour.
    GoesBackTo(AppName),
    /// It goes on with a rollback that did not come to the app.
    GoesOn,
    /// It goes on with a rollback that nothing but its lock tells of.
    GoesOnWithRollback,
    /// It does what the way before it does.
    TheSame,
    /// It does what `apply` does.
    LikeApply,
    /// It clears away the lock of a run that is at work no more.
    ClearsLock,
    /// It ends the run that is at work, and takes back what that has done.
    EndsThatRun,
    /// It finds out whether a silent run is at work, and goes on where it is not.
    FindsOut,
    /// It breaks a lock that cannot be read.
    BreaksLock,
}
