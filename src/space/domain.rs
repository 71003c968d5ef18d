//! A domain that routes can be made of.

use serde::{Deserialize, Serialize};

/// A domain that routes can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is something of its own, as the platform tells it")]
pub struct Domain {
    /// The guid.
    pub guid: String,
    /// The name, such as `apps.example.com`.
    pub name: String,
    /// Whether its routes are for container-to-container traffic only: no router serves them.
    pub internal: bool,
    /// Whether it belongs to an organization; else all organizations share it.
    #[serde(default)]
    pub private: bool,
    /// Whether its routes have a port, and neither host nor path.
    #[serde(default)]
    pub tcp: bool,
    /// Whether routers let in only the apps that the policies of a route name, by their certificates (CC:
    /// `enforce_route_policies`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_apps_only: bool,
}

impl Domain {
    /// Why its routes cannot be asked anything from outside; `None` where they can.
    pub(crate) fn is_closed(&self) -> Option<&'static str> {
        match (self.internal, self.for_apps_only) {
            (true, _) => Some("its domain is internal, so that no router serves it"),
            (false, true) => Some("its domain lets in only the apps that its route policies name"),
            (false, false) => None,
        }
    }
}
