//! What is used of a quota while a deployment goes on.

use std::collections::BTreeMap;

use crate::space::{Quota, QuotaKind, Usage};

/// What is used of a quota on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course<'s> {
    /// The quota, with what is used now.
    pub(crate) quota: &'s Quota,
    /// The most that is used at any point.
    pub(crate) peak: Usage,
    /// The ids of the steps at which that is reached, of what becomes more than it is now; none where several apps are on their
    /// way at the same time.
    pub(crate) reached_at: BTreeMap<QuotaKind, String>,
    /// What is used when all is done.
    pub(crate) after: Usage,
    /// The memory of the largest instance of the new versions, in megabytes.
    pub(crate) largest_instance_mb: Option<u64>,
}
