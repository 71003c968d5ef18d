//! Where an app stands.

use crate::plan::AppName;
use crate::space::lock::LockState;
use crate::steps::put_back::PutBack;
use crate::steps::refusal::Refusal;

/// Where an app stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stands {
    /// A run is at work on it, or may be.
    AtWork(LockState),
    /// An app that is no lock has the name of its lock.
    AppInLocksPlace,
    /// Which colour is live cannot be told, or nothing may be done.
    Refused(Refusal),
    /// A deployment, or its way back, was interrupted.
    HalfWay {
        /// The colour that was being deployed, or taken back.
        app: AppName,
        /// How far that came.
        reached: Reached,
        /// How the app comes to serve again, where nobody serves it.
        put_back: Option<PutBack>,
    },
    /// A run ended before it came to the app, and has left its lock.
    LockLeft(LeftBy),
    /// Nothing was ever live.
    NotDeployed,
    /// No app is on the live routes, and one was.
    OffRoutes {
        /// The colour that was, and how it comes back.
        put_back: PutBack,
    },
    /// The live colour serves nobody.
    NotServing {
        /// The live colour.
        live: AppName,
        /// Why not.
        why: NotServing,
    },
    /// The colour that was live before still runs.
    BothRun {
        /// The live colour.
        live: AppName,
        /// The one before it.
        before: AppName,
    },
    /// One colour is live, and there is one to fall back to.
    Live,
    /// One colour is live, and there is none to fall back to.
    NoFallback {
        /// The colour that would be deployed.
        next: AppName,
    },
}

/// How far a deployment came that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// It is being taken back.
    WayBack,
    /// There are no routes that would tell.
    Unrouted,
    /// The new version is not on the live routes.
    Upload,
    /// The new version serves, and so does the one before.
    Switch,
    /// The new version serves alone.
    BehindSwitch,
}

/// Whose lock was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftBy {
    /// That of a deployment.
    Deployment,
    /// That of a rollback that did not come to the app.
    Rollback,
    /// That of a rollback that had nothing to take back here.
    RollbackOfNothing,
}

/// Why a live colour serves nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotServing {
    /// It is stopped.
    Stopped,
    /// It is to have no instances.
    NoInstances,
    /// None of its instances runs.
    DoesNotRun,
}
