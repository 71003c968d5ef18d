//! A service instance.

use serde::{Deserialize, Serialize};

/// A service instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServiceInstance {
    /// The guid.
    pub guid: String,
    /// The name.
    pub name: String,
    /// Whether it can be bound: false while it is being created, or where that failed.
    pub ready: bool,
}
