//! Stacks and buildpacks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::foundry::state::{Guid, Metadata, resource};

/// A stack: the file system that apps run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Its guid.
    pub guid: Guid,
    /// Unique.
    pub name: String,
    /// For a person.
    pub description: String,
    /// Whether apps that name none get it.
    pub default: bool,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Stack, labelled, named);

/// An installed buildpack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buildpack {
    /// Its guid.
    pub guid: Guid,
    /// Unique for a stack.
    pub name: String,
    /// Its stack.
    pub stack: Option<String>,
    /// Where it stands in the order of detection, from 1.
    pub position: u32,
    /// The name of the file that it was installed from.
    pub filename: String,
    /// Whether it is used.
    pub enabled: bool,
    /// Whether it cannot be replaced.
    pub locked: bool,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Buildpack, labelled, named);
