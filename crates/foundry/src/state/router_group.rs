//! Router groups: what the routing API keeps. A domain of one of type `tcp` has routes with ports.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::{Domain, Guid, State};

/// The type of a group whose routes have ports.
pub const TCP: &str = "tcp";

/// The ports that routes of a router group can have: from the first to the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservablePorts {
    first: u16,
    last: u16,
}

impl ReservablePorts {
    /// The ports from one to another, both included.
    pub fn range(first: u16, last: u16) -> Self {
        Self { first, last }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }

    /// Whether a port is one of them.
    pub fn contains(&self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl fmt::Display for ReservablePorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// A router group: on a real foundation the name of some routers, which a load balancer stands before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterGroup {
    /// Its guid.
    pub guid: Guid,
    /// Unique for its type.
    pub name: String,
    /// `tcp`: there are no others.
    pub kind: String,
    /// The ports of its routes.
    pub ports: ReservablePorts,
    /// When it was made.
    pub created_at: Timestamp,
}

impl State {
    /// The router group of a domain, where it has one that is still there.
    pub fn router_group_of(&self, domain: &Domain) -> Option<&RouterGroup> {
        self.router_groups.get(domain.router_group.as_ref()?)
    }

    /// The one protocol of a domain's routes. (`cloud_controller_ng`: `SharedDomain#protocols`.)
    pub fn protocol_of(&self, domain: &Domain) -> &'static str {
        let tcp = self.router_group_of(domain).is_some_and(|group| group.kind == TCP);
        if tcp { TCP } else { "http" }
    }

    /// Whether the routes of a domain have ports.
    pub fn is_tcp(&self, domain: &Guid) -> bool {
        self.domains.get(domain).is_some_and(|domain| self.protocol_of(domain) == TCP)
    }
}
