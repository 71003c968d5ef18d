//! Spaces.

use jiff::Timestamp;

use crate::state::{Guid, Metadata, State, resource};

/// A space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Space {
    /// Its guid.
    pub guid: Guid,
    /// Unique in its organization, without regard to capitals.
    pub name: String,
    /// Where it belongs.
    pub org: Guid,
    /// Its quota, where it has one.
    pub quota: Option<Guid>,
    /// Whether `cf ssh` is allowed.
    pub ssh: bool,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Space, labelled, named);

impl Space {
    /// A space that nothing is known of but its name and its organization.
    pub(crate) fn new(name: &str, org: &Guid) -> Self {
        let now = Timestamp::now();
        Self {
            guid: Guid::random(),
            name: name.to_owned(),
            org: org.clone(),
            quota: None,
            ssh: true,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }
}

impl State {
    /// A space by its name in an organization, without regard to capitals.
    pub(crate) fn space_named(&self, org: &Guid, name: &str) -> Option<&Space> {
        self.spaces.values().find(|space| space.org == *org && space.name.eq_ignore_ascii_case(name))
    }

    /// The spaces of an organization.
    pub(crate) fn spaces_of<'a>(&'a self, org: &'a Guid) -> impl Iterator<Item = &'a Space> + 'a {
        self.spaces.values().filter(move |space| space.org == *org)
    }
}
