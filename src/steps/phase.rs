//! The phases of a deployment, whatever its strategy.

use std::fmt;

use serde::{Serialize, Serializer};

/// A part of a deployment. A strategy goes through some of them, in an order of its own, and gives them titles
/// ([`Strategy::title`](super::strategy::Strategy::title)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// What an earlier deployment left half done is taken back first.
    Prepare,
    /// The new version is uploaded and made ready to be started.
    Push,
    /// The new version is started, where its users do not reach it yet.
    Start,
    /// The new version is checked.
    Check,
    /// The users of the app reach the new version.
    Switch,
    /// The users of the app do not reach the old version any more.
    Release,
    /// What no route leads to goes from the old version to the new one.
    HandOver,
    /// The new version is looked at, which is the only one that its users reach, while the old one still runs.
    Watch,
    /// The old version is stopped.
    Retire,
    /// What was done is written down on the apps.
    Record,
    /// The old version comes back.
    FallBack,
}

impl Serialize for Phase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Phase {
    /// The word for it, as `plan --format json` tells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Push => "push",
            Self::Start => "start",
            Self::Check => "check",
            Self::Switch => "switch",
            Self::Release => "release",
            Self::Watch => "watch",
            Self::HandOver => "hand-over",
            Self::Retire => "retire",
            Self::Record => "record",
            Self::FallBack => "fall-back",
        }
    }

    /// Whether the new version has begun to be there by it: where it fails, what that has logged may tell why.
    pub(crate) fn is_of_new_version(self) -> bool {
        match self {
            Self::Prepare => false,
            Self::Push
            | Self::Start
            | Self::Check
            | Self::Switch
            | Self::Release
            | Self::Watch
            | Self::HandOver
            | Self::Retire
            | Self::Record
            | Self::FallBack => true,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
