//! Organizations.

use jiff::Timestamp;

use crate::state::{Guid, Metadata, State, resource};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Org {
    /// Its guid.
    pub guid: Guid,
    /// Unique, without regard to capitals.
    pub name: String,
    /// Whether only administrators may change things in it.
    pub suspended: bool,
    /// Its quota.
    pub quota: Guid,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Org, labelled, named);

impl State {
    /// An organization by its name, without regard to capitals.
    pub(crate) fn org_named(&self, name: &str) -> Option<&Org> {
        self.orgs.values().find(|org| org.name.eq_ignore_ascii_case(name))
    }
}
