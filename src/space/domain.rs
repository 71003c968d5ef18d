//! A domain that routes can be made of.

use serde::{Deserialize, Serialize};

/// A domain that routes can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
}
