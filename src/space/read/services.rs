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
        // A failed update leaves the instance usable; only one that was never created, or is going, cannot be bound.
        let ready = raw.last_operation.is_none_or(|last| last.succeeded() || !(last.is("create") || last.is("delete")));
        ServiceInstance { guid: raw.guid, name: raw.name, ready }
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
