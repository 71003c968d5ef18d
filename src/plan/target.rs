//! The one space that a plan belongs to.

use serde::Serialize;

use super::api_url::ApiUrl;
use super::name::{OrgName, SpaceName};

/// The one space that a plan belongs to; a run against any other is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The Cloud Controller's address.
    pub api: ApiUrl,
    /// The organization.
    pub org: OrgName,
    /// The space within the organization.
    pub space: SpaceName,
}
