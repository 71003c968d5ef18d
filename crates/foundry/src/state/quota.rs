//! Quotas of organizations and spaces: limits only; the enforcement stands in `controller::quotas`.

use jiff::Timestamp;

use crate::state::{Guid, resource};

/// The limits of a quota; `None` is unlimited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct QuotaLimits {
    /// Memory of all started processes and running tasks, in MB.
    pub total_memory_in_mb: Option<u64>,
    /// Memory of one instance, in MB.
    pub per_process_memory_in_mb: Option<u64>,
    /// What all instances may log, in bytes a second. Kept and shown; nothing logs so much here.
    pub log_rate_limit_in_bytes_per_second: Option<u64>,
    /// Instances of all started processes.
    pub total_instances: Option<u64>,
    /// Running tasks of one app.
    pub per_app_tasks: Option<u64>,
    /// Whether plans that cost something may be used.
    pub paid_services_allowed: bool,
    /// Service instances.
    pub total_service_instances: Option<u64>,
    /// Service keys.
    pub total_service_keys: Option<u64>,
    /// Routes.
    pub total_routes: Option<u64>,
    /// Routes with a reserved port.
    pub total_reserved_ports: Option<u64>,
    /// Private domains; an organization's only.
    pub total_domains: Option<u64>,
}

/// A quota for organizations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrgQuota {
    /// Its guid.
    pub guid: Guid,
    /// Unique.
    pub name: String,
    /// Its limits.
    pub limits: QuotaLimits,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(OrgQuota, named);

/// A quota for spaces of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpaceQuota {
    /// Its guid.
    pub guid: Guid,
    /// Unique in its organization.
    pub name: String,
    /// Whose spaces can have it.
    pub org: Guid,
    /// Its limits.
    pub limits: QuotaLimits,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(SpaceQuota, named);
