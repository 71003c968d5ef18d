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
    /// The count of routes that reserve a port.
    #[serde(default)]
    pub reserved_ports: Option<u64>,
    /// What all started instances together may log, in bytes a second.
    #[serde(default)]
    pub log_rate: Option<u64>,
    /// What is used.
    pub used: Usage,
}

impl Quota {
    /// What it allows of something; `None` is without limit.
    pub(crate) fn limit(&self, what: QuotaKind) -> Option<u64> {
        match what {
            QuotaKind::Memory => self.memory_mb,
            QuotaKind::InstanceMemory => self.instance_memory_mb,
            QuotaKind::Instances => self.instances,
            QuotaKind::Routes => self.routes,
            QuotaKind::ReservedPorts => self.reserved_ports,
            QuotaKind::LogRate => self.log_rate,
        }
    }

    /// Takes a limit away.
    pub(crate) fn lift(&mut self, what: QuotaKind) {
        let limit = match what {
            QuotaKind::Memory => &mut self.memory_mb,
            QuotaKind::InstanceMemory => &mut self.instance_memory_mb,
            QuotaKind::Instances => &mut self.instances,
            QuotaKind::Routes => &mut self.routes,
            QuotaKind::ReservedPorts => &mut self.reserved_ports,
            QuotaKind::LogRate => &mut self.log_rate,
        };
        *limit = None;
    }
}

/// What a quota limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaKind {
    /// Memory of all started instances, in megabytes.
    Memory,
    /// Memory of one instance, in megabytes.
    InstanceMemory,
    /// Started instances.
    Instances,
    /// Routes.
    Routes,
    /// Routes that reserve a port.
    ReservedPorts,
    /// What all started instances may log, in bytes a second.
    LogRate,
}

impl QuotaKind {
    /// All of them, in the order in which they are told.
    pub(crate) const ALL: [Self; 6] =
        [Self::Memory, Self::InstanceMemory, Self::Instances, Self::Routes, Self::ReservedPorts, Self::LogRate];

    /// Its key wherever programs read it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Memory => "memory_mb",
            Self::InstanceMemory => "instance_memory_mb",
            Self::Instances => "instances",
            Self::Routes => "routes",
            Self::ReservedPorts => "reserved_ports",
            Self::LogRate => "log_rate",
        }
    }

    /// Its name in a list.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::InstanceMemory => "memory of an instance",
            Self::Instances => "app instances",
            Self::Routes => "routes",
            Self::ReservedPorts => "reserved ports",
            Self::LogRate => "log rate",
        }
    }
}

impl QuotaKind {
    /// So much of it, in words: `1 route`, `2 routes`.
    pub(crate) fn counted(self, count: u64) -> String {
        let unit = self.to_string();
        let is_one = count == 1 && matches!(self, Self::Instances | Self::Routes | Self::ReservedPorts);
        format!("{count} {}", if is_one { unit.trim_end_matches('s') } else { &unit })
    }
}

impl fmt::Display for QuotaKind {
    /// The unit, behind a count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "MB of memory",
            Self::InstanceMemory => "MB of memory for one instance",
            Self::Instances => "app instances",
            Self::Routes => "routes",
            Self::ReservedPorts => "reserved ports",
            Self::LogRate => "bytes of logs a second",
        })
    }
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
#[serde(default)]
pub struct Usage {
    /// The memory of all started instances and of the tasks that run or wait, in megabytes. CC: what is staged takes none of
    /// it (`quota_validating_staging_memory_calculator.rb`: a build for which cf asks for no size is given the smallest one,
    /// and compared with nothing).
    pub memory_mb: u64,
    /// The count of started instances.
    pub instances: u64,
    /// The count of routes.
    pub routes: u64,
    /// The count of routes that reserve a port.
    pub reserved_ports: u64,
    /// What the started instances may log, in bytes a second. Of the apps that are known here alone: the platform tells it of
    /// no others.
    pub log_rate: u64,
}

impl Usage {
    /// Each of its figures with that of another one.
    pub(crate) fn each(self, other: Self, with: fn(u64, u64) -> u64) -> Self {
        Self {
            memory_mb: with(self.memory_mb, other.memory_mb),
            instances: with(self.instances, other.instances),
            routes: with(self.routes, other.routes),
            reserved_ports: with(self.reserved_ports, other.reserved_ports),
            log_rate: with(self.log_rate, other.log_rate),
        }
    }

    /// What is used of something. The memory of one instance is no sum, and not told here.
    pub(crate) fn of(&self, what: QuotaKind) -> Option<u64> {
        match what {
            QuotaKind::Memory => Some(self.memory_mb),
            QuotaKind::InstanceMemory => None,
            QuotaKind::Instances => Some(self.instances),
            QuotaKind::Routes => Some(self.routes),
            QuotaKind::ReservedPorts => Some(self.reserved_ports),
            QuotaKind::LogRate => Some(self.log_rate),
        }
    }
}
