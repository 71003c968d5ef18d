//! Quotas, and what is used of them.

use serde::Deserialize;
use serde_json::Value;

use super::answer::{ToOne, Unreadable, parse};
use crate::space::{Quota, QuotaScope, Usage};

/// Reads a quota from `/v3/organization_quotas/GUID` or `/v3/space_quotas/GUID`, and what is used of it.
pub(crate) fn quota(path: &str, scope: QuotaScope, quota: &Value, used: Usage) -> Result<Quota, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        name: String,
        apps: Apps,
        routes: Routes,
    }
    #[derive(Deserialize)]
    struct Apps {
        total_memory_in_mb: Option<u64>,
        per_process_memory_in_mb: Option<u64>,
        total_instances: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Routes {
        total_routes: Option<u64>,
    }
    let raw: Raw = parse(path, quota)?;
    Ok(Quota {
        name: raw.name,
        scope,
        memory_mb: raw.apps.total_memory_in_mb,
        instance_memory_mb: raw.apps.per_process_memory_in_mb,
        instances: raw.apps.total_instances,
        routes: raw.routes.total_routes,
        used,
    })
}

/// Reads what is used from `/v3/organizations/GUID/usage_summary` or `/v3/spaces/GUID/usage_summary`.
pub(crate) fn usage(path: &str, answer: &Value) -> Result<Usage, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        usage_summary: Summary,
    }
    #[derive(Deserialize)]
    struct Summary {
        started_instances: u64,
        memory_in_mb: u64,
        #[serde(default)]
        routes: u64,
    }
    let raw: Raw = parse(path, answer)?;
    let summary = raw.usage_summary;
    Ok(Usage { memory_mb: summary.memory_in_mb, instances: summary.started_instances, routes: summary.routes })
}

/// The guid of the quota that an organization or a space is bound to.
pub(crate) fn quota_guid(path: &str, answer: &Value) -> Result<Option<String>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        relationships: Relationships,
    }
    #[derive(Deserialize)]
    struct Relationships {
        quota: Option<ToOne>,
    }
    let raw: Raw = parse(path, answer)?;
    Ok(raw.relationships.quota.and_then(ToOne::guid))
}
