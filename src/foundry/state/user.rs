//! Users and roles.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::foundry::state::{Guid, Metadata, resource};

/// A user as the Cloud Controller knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its guid, UAA's too.
    pub guid: Guid,
    /// Its name in UAA.
    pub name: String,
    /// Where it is kept: `uaa`, `ldap`, …
    pub origin: String,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(User, labelled);

/// What a role allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the Cloud Controller's own words")]
pub enum RoleKind {
    OrganizationUser,
    OrganizationAuditor,
    OrganizationManager,
    OrganizationBillingManager,
    SpaceAuditor,
    SpaceDeveloper,
    SpaceManager,
    SpaceSupporter,
}

impl RoleKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OrganizationUser,
        Self::OrganizationAuditor,
        Self::OrganizationManager,
        Self::OrganizationBillingManager,
        Self::SpaceAuditor,
        Self::SpaceDeveloper,
        Self::SpaceManager,
        Self::SpaceSupporter,
    ];

    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrganizationUser => "organization_user",
            Self::OrganizationAuditor => "organization_auditor",
            Self::OrganizationManager => "organization_manager",
            Self::OrganizationBillingManager => "organization_billing_manager",
            Self::SpaceAuditor => "space_auditor",
            Self::SpaceDeveloper => "space_developer",
            Self::SpaceManager => "space_manager",
            Self::SpaceSupporter => "space_supporter",
        }
    }

    /// Whether it is a role in a space.
    pub fn in_space(self) -> bool {
        matches!(self, Self::SpaceAuditor | Self::SpaceDeveloper | Self::SpaceManager | Self::SpaceSupporter)
    }
}

/// A user's role in an organization or a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its guid.
    pub guid: Guid,
    /// What it allows.
    pub kind: RoleKind,
    /// Who has it.
    pub user: Guid,
    /// Its organization; for a role in a space, that of the space.
    pub org: Guid,
    /// Its space.
    pub space: Option<Guid>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Role);
