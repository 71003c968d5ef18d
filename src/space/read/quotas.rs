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
        // CC before 3.124 knows no rate.
        log_rate_limit_in_bytes_per_second: Option<u64>,
    }
    #[derive(Deserialize)]
    struct Routes {
        total_routes: Option<u64>,
        total_reserved_ports: Option<u64>,
    }
    let raw: Raw = parse(path, quota)?;
    Ok(Quota {
        name: raw.name,
        scope,
        memory_mb: raw.apps.total_memory_in_mb,
        instance_memory_mb: raw.apps.per_process_memory_in_mb,
        instances: raw.apps.total_instances,
        routes: raw.routes.total_routes,
        reserved_ports: raw.routes.total_reserved_ports,
        log_rate: raw.apps.log_rate_limit_in_bytes_per_second,
        used,
    })
}

/// Reads what is used from `/v3/organizations/GUID/usage_summary` or `/v3/spaces/GUID/usage_summary`. It tells
/// no log rate.
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
        #[serde(default)]
        reserved_ports: u64,
    }
    let raw: Raw = parse(path, answer)?;
    let summary = raw.usage_summary;
    Ok(Usage {
        memory_mb: summary.memory_in_mb,
        instances: summary.started_instances,
        routes: summary.routes,
        reserved_ports: summary.reserved_ports,
        log_rate: 0,
    })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quotas_of_an_older_api_have_fewer_limits() {
        let apps = json!({"total_memory_in_mb": 1024, "per_process_memory_in_mb": null, "total_instances": 4});
        let older = json!({"name": "small", "apps": apps, "routes": {"total_routes": 10}});
        let mut newer = older.clone();
        newer["apps"]["log_rate_limit_in_bytes_per_second"] = json!(4096);
        newer["routes"]["total_reserved_ports"] = json!(2);
        let used = usage("/usage_summary", &json!({"usage_summary": {"started_instances": 2, "memory_in_mb": 512}}));
        let used = used.unwrap();
        assert_eq!(used, Usage { memory_mb: 512, instances: 2, ..Usage::default() });
        for (told, ports, log_rate) in [(older, None, None), (newer, Some(2), Some(4096))] {
            let read = quota("/v3/space_quotas/g", QuotaScope::Space, &told, used).unwrap();
            assert_eq!((read.reserved_ports, read.log_rate), (ports, log_rate), "{told}");
            assert_eq!((read.memory_mb, read.instance_memory_mb, read.routes), (Some(1024), None, Some(10)));
        }
    }
}
