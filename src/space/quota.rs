//! A quota of the organization or of the space, and what is used of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A quota with what is used of it; `None` is without limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quota {
    /// The name.
    pub name: String,
    /// Whose it is.
    pub scope: QuotaScope,
    /// The memory of all started instances together, in megabytes.
    pub memory_mb: Option<u64>,
    /// The memory that one instance may have, in megabytes.
    pub instance_memory_mb: Option<u64>,
    /// The count of started instances.
    pub instances: Option<u64>,
    /// The count of routes.
    pub routes: Option<u64>,
    /// What is used.
    pub used: Usage,
}

/// Whether a quota is an organization's or a space's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuotaScope {
    /// All spaces of the organization together.
    Organization,
    /// The one space.
    Space,
}

impl fmt::Display for QuotaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Organization => "organization's",
            Self::Space => "space's",
        })
    }
}

/// What is used of a quota (CC API 3: the usage summary).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Usage {
    /// The memory of all started instances, in megabytes.
    pub memory_mb: u64,
    /// The count of started instances.
    pub instances: u64,
    /// The count of routes.
    pub routes: u64,
}

impl Usage {
    /// Each of its figures with that of another one.
    pub(crate) fn each(self, other: Self, with: fn(u64, u64) -> u64) -> Self {
        Self {
            memory_mb: with(self.memory_mb, other.memory_mb),
            instances: with(self.instances, other.instances),
            routes: with(self.routes, other.routes),
        }
    }
}
