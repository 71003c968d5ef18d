//! What the steps of one app are compiled from, beside the space.

use crate::plan::{self, Plan};

use super::annotations::{Extent, Identity};
use super::upload::Upload;

/// What the steps of one app are compiled from, beside the space.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompileInput<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// The app of the plan.
    pub(crate) app: &'a plan::App,
    /// Which deployment this is.
    pub(crate) identity: &'a Identity,
    /// The apps of the plan that it is of.
    pub(crate) extent: &'a Extent,
    /// The files to upload; `None` where they are not here, or need not be.
    pub(crate) upload: Option<&'a Upload>,
    /// The deployment that is known to have been begun on the app, where the app itself may not tell: the one that the lock of a
    /// killed run tells of, or the one that the other apps of the plan belong to.
    pub(crate) begun: Option<&'a Begun>,
    /// What becomes of a version that is taken back.
    pub(crate) failed: Failed,
}

/// A deployment that is known to have been begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    /// Which it is.
    pub(crate) identity: Identity,
    /// The digest of its plan.
    pub(crate) plan: String,
    /// The apps of the plan that it is of.
    pub(crate) extent: Extent,
}

/// What becomes of a version that is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// It is stopped.
    Stop,
    /// It goes on running without routes, for a person to look at it.
    Keep,
}
