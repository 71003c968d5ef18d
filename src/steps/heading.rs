//! The parts of the guide.

use std::fmt;

/// The parts of the classic guide, in its order, and what is needed around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heading {
    /// What an earlier deployment left half done is taken back first.
    Clear,
    /// 1: the app is live as its first colour. There is nothing to do for it.
    Live,
    /// 2: the update is pushed as the second colour, on the staging route only.
    Push,
    /// 3: the new version is checked at the staging route.
    Check,
    /// 4: the live routes are mapped to the new colour.
    Map,
    /// 5: the live routes are unmapped from the old colour.
    UnmapLive,
    /// 6: the staging route is unmapped from the new colour.
    UnmapStaging,
    /// 7: the old colour is stopped.
    Stop,
    /// 8: the fallback, back to the old colour.
    FallBack,
}

impl Heading {
    /// The number of the step in the guide, where it is one of its steps.
    pub fn number(self) -> Option<u8> {
        match self {
            Self::Clear => None,
            Self::Live => Some(1),
            Self::Push => Some(2),
            Self::Check => Some(3),
            Self::Map => Some(4),
            Self::UnmapLive => Some(5),
            Self::UnmapStaging => Some(6),
            Self::Stop => Some(7),
            Self::FallBack => Some(8),
        }
    }
}

impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "take back what an earlier deployment left half done",
            Self::Live => "the app is live as its first colour",
            Self::Push => "push the update as the second colour, on the staging route only",
            Self::Check => "check the new version at the staging route",
            Self::Map => "map the live routes to the new colour; both are load-balanced",
            Self::UnmapLive => "unmap the live routes from the old colour",
            Self::UnmapStaging => "unmap the staging route from the new colour",
            Self::Stop => "stop the old colour, after it has drained",
            Self::FallBack => "fall back to the old colour",
        })
    }
}
