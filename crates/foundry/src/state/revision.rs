//! Revisions: what an app ran, to go back to.

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::state::{Guid, Metadata, Sidecar, State, resource};

/// What an app ran at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Its guid.
    pub guid: Guid,
    /// Whose it is.
    pub app: Guid,
    /// Its number, from 1.
    pub version: u32,
    /// What was new.
    pub description: String,
    /// What ran.
    pub droplet: Guid,
    /// What the user had set.
    pub environment: IndexMap<String, String>,
    /// The commands that the user had given, by process type.
    pub commands: IndexMap<String, Option<String>>,
    /// The sidecars as they were.
    pub sidecars: Vec<Sidecar>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Revision, labelled);

impl State {
    /// The newest revision of an app.
    pub(crate) fn latest_revision(&self, app: &Guid) -> Option<&Revision> {
        self.revisions.values().rev().find(|revision| revision.app == *app)
    }
}
