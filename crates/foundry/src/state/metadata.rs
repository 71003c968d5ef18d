//! Labels and annotations.

use indexmap::IndexMap;

/// Labels and annotations of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Labels: short, and what `label_selector` sees.
    pub labels: IndexMap<String, String>,
    /// Annotations: up to 5000 characters each.
    pub annotations: IndexMap<String, String>,
}
