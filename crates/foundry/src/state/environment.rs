//! Environment variables that all apps see.

use indexmap::IndexMap;
use jiff::Timestamp;

/// A group of environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EnvironmentGroup {
    /// What an administrator has set.
    pub variables: IndexMap<String, String>,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
}
