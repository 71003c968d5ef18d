//! Service instances and their bindings.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{LastOperation, ToOne, Unreadable, parse_all};
use crate::space::ServiceInstance;

/// Reads service instances from `/v3/service_instances`.
pub(crate) fn services(path: &str, resources: &[Value]) -> Result<Vec<ServiceInstance>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
        last_operation: Option<LastOperation>,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let service = |raw: Raw| {
        // A failed update or deletion leaves the instance usable; only one that was never created, or is going, cannot be bound.
        let last = raw.last_operation.unwrap_or_default();
        let is_under_way = last.is_in_progress();
        let ready = !(last.is("create") && !last.succeeded() || last.is("delete") && is_under_way);
        let operation = if !ready || is_under_way { last.told() } else { None };
        ServiceInstance { guid: raw.guid, name: raw.name, ready, operation }
    };
    Ok(raw.into_iter().map(service).collect())
}

/// A service instance that stands beside its bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Included {
    /// Its name.
    pub(crate) name: String,
    /// Whether a broker has made it.
    pub(crate) is_managed: bool,
}

/// Reads the service instances that a page of bindings includes, by their guids.
pub(crate) fn included_services(path: &str, page: &Value) -> Result<BTreeMap<String, Included>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
        #[serde(rename = "type")]
        kind: String,
    }
    let listed = page["included"]["service_instances"].as_array().map(Vec::as_slice).unwrap_or_default();
    let raw: Vec<Raw> = parse_all(path, listed)?;
    let of = |raw: Raw| (raw.guid, Included { name: raw.name, is_managed: raw.kind == "managed" });
    Ok(raw.into_iter().map(of).collect())
}

/// A binding of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BindingOfApp {
    /// Its guid.
    pub(crate) guid: String,
    /// Its name, where it has one of its own.
    pub(crate) name: Option<String>,
    /// The guid of the app.
    pub(crate) app: String,
    /// The guid of the service instance.
    pub(crate) service: String,
}

/// Reads the bindings of apps from `/v3/service_credential_bindings`.
pub(crate) fn bindings(path: &str, resources: &[Value]) -> Result<Vec<BindingOfApp>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: Option<String>,
        relationships: Relationships,
        last_operation: Option<LastOperation>,
    }
    #[derive(Deserialize)]
    struct Relationships {
        app: Option<ToOne>,
        service_instance: Option<ToOne>,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let binding = |raw: Raw| {
        let bound = raw.last_operation.is_none_or(|last| last.succeeded() || !last.is("create"));
        let app = raw.relationships.app.and_then(ToOne::guid)?;
        let service = raw.relationships.service_instance.and_then(ToOne::guid)?;
        bound.then_some(BindingOfApp { guid: raw.guid, name: raw.name, app, service })
    };
    Ok(raw.into_iter().filter_map(binding).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_can_be_bound_is_told_by_the_last_operation() {
        for (last, ready, operation) in [
            (json!(null), true, None),
            (json!({"type": "create", "state": "succeeded"}), true, None),
            (json!({"type": "create", "state": "initial"}), false, Some("create initial")),
            (json!({"type": "create", "state": "in progress"}), false, Some("create in progress")),
            (json!({"type": "create", "state": "failed"}), false, Some("create failed")),
            (json!({"type": "update", "state": "in progress"}), true, Some("update in progress")),
            (json!({"type": "update", "state": "failed"}), true, None),
            (json!({"type": "delete", "state": "in progress"}), false, Some("delete in progress")),
            (json!({"type": "delete", "state": "failed"}), true, None),
        ] {
            let answer = json!({"guid": "g-1", "name": "db", "last_operation": last});
            let read = services("/v3/service_instances", &[answer]).unwrap();
            assert_eq!((read[0].ready, read[0].operation.as_deref()), (ready, operation), "{last}");
        }
    }
}
