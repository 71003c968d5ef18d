//! What staging made of a package, or what was copied or uploaded in its place.

use serde::{Deserialize, Serialize};

/// A droplet: what an app runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Droplet {
    /// The guid.
    pub guid: String,
    /// The guid of the package it was staged from, where it was and the platform still tells.
    pub package: Option<String>,
    /// The digest of its content in hex, where the platform tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}
