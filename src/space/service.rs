//! A service instance.

use serde::{Deserialize, Serialize};

/// A service instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServiceInstance {
    /// The guid.
    pub guid: String,
    /// The name.
    pub name: String,
    /// Whether it is there: false while it is being created or deleted, or where its creation failed.
    pub ready: bool,
    /// What is being done to it, or has made it what it is where it is not there: `update in progress`, `create failed`. CC
    /// (`service_credential_binding_app_create.rb`) binds nothing to an instance meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
}
