//! Service instances and their bindings.

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
        // A failed update leaves the instance usable; only one that was never created, or is going, cannot be bound.
        let ready = raw.last_operation.is_none_or(|last| last.succeeded() || !(last.is("create") || last.is("delete")));
        ServiceInstance { guid: raw.guid, name: raw.name, ready }
    };
    Ok(raw.into_iter().map(service).collect())
}

/// Reads the bindings of apps from `/v3/service_credential_bindings`: guid of the app, guid of the service instance.
pub(crate) fn bindings(path: &str, resources: &[Value]) -> Result<Vec<(String, String)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
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
        bound.then_some((app, service))
    };
    Ok(raw.into_iter().filter_map(binding).collect())
}
