//! Users and roles.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Guid, Metadata, resource};

/// A user's account in UAA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// The name to log in with.
    pub name: String,
    /// Where it is kept: `uaa`, `ldap`, …
    pub origin: String,
}

/// A user as the Cloud Controller knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Its guid, UAA's too; of a client its id.
    pub guid: Guid,
    /// What UAA knows of it; `None` for clients.
    pub account: Option<Account>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(User, labelled);

impl User {
    /// A user that the Cloud Controller hears of now. An account is one that UAA itself keeps.
    pub(crate) fn new(guid: Guid, name: Option<String>) -> Self {
        let now = Timestamp::now();
        let account = name.map(|name| Account { name, origin: "uaa".to_owned() });
        Self { guid, account, metadata: Metadata::default(), created_at: now, updated_at: now }
    }

    /// What a person calls it. (CC API 3.195: `presentation_name`.)
    pub(crate) fn shown(&self) -> &str {
        self.account.as_ref().map_or(self.guid.as_str(), |account| account.name.as_str())
    }
}

/// What a role allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoleKind {
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
    pub(crate) const ALL: [Self; 8] = [
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
    pub(crate) fn as_str(self) -> &'static str {
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
    pub(crate) fn in_space(self) -> bool {
        matches!(self, Self::SpaceAuditor | Self::SpaceDeveloper | Self::SpaceManager | Self::SpaceSupporter)
    }
}

/// A user's role in an organization or a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
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
