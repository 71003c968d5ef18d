//! The API's JSON → the model.
//!
//! Every function here is pure: it takes the resources that `run::observe` fetched and returns a part of the model. A
//! field that is missing or of another type is an error that names it: a wrong picture of the space is worse than none.

pub mod rules;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::plan::Lifecycle;

use super::app::{App, AppState};
use super::domain::Domain;
use super::droplet::Droplet;
use super::package::Package;
use super::process::{Instance, InstanceState, Process};
use super::quota::{Quota, QuotaScope, Usage};
use super::route::{Destination, Route};
use super::service::ServiceInstance;

/// An answer of the API that does not have the shape which its documentation tells.
#[derive(Debug, Error)]
#[error("the API's answer to {path} cannot be read: {source}")]
pub struct Unreadable {
    /// The path that was asked.
    pub path: String,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

/// A page of a list (CC API 3: pagination).
#[derive(Debug, Deserialize)]
pub struct Page {
    /// Where the next page is.
    pub pagination: Pagination,
    /// The resources on this page.
    pub resources: Vec<Value>,
}

/// The part of a page's pagination that is of use.
#[derive(Debug, Deserialize)]
pub struct Pagination {
    /// The next page, if there is one.
    pub next: Option<Link>,
}

/// A link to another resource.
#[derive(Debug, Deserialize)]
pub struct Link {
    /// Its URL.
    pub href: String,
}

/// Reads a value of one type out of an answer to `path`.
pub fn parse<T: for<'de> Deserialize<'de>>(path: &str, value: &Value) -> Result<T, Unreadable> {
    T::deserialize(value).map_err(|source| Unreadable { path: path.to_owned(), source })
}

fn parse_all<T: for<'de> Deserialize<'de>>(path: &str, resources: &[Value]) -> Result<Vec<T>, Unreadable> {
    resources.iter().map(|resource| parse(path, resource)).collect()
}

#[derive(Deserialize)]
struct ToOne {
    data: Option<Guid>,
}

/// CC: an app without a droplet has `{"data":{"guid":null}}`.
#[derive(Deserialize)]
struct Guid {
    guid: Option<String>,
}

impl ToOne {
    fn guid(self) -> Option<String> {
        self.data.and_then(|data| data.guid)
    }
}

/// What was last done to a service instance or a binding (CC API 3: the last operation object).
#[derive(Deserialize)]
struct LastOperation {
    #[serde(rename = "type")]
    kind: Option<String>,
    state: Option<String>,
}

impl LastOperation {
    fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }

    fn succeeded(&self) -> bool {
        self.state.as_deref() == Some("succeeded")
    }
}

/// Reads apps from `/v3/apps`, without what other endpoints tell of them, each with whether the answer tells its
/// current droplet (older APIs do not).
pub fn apps(path: &str, resources: &[Value]) -> Result<Vec<(App, bool)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
        state: AppState,
        lifecycle: Option<RawLifecycle>,
        #[serde(default)]
        metadata: Metadata,
        #[serde(default)]
        relationships: Relationships,
    }
    #[derive(Deserialize, Default)]
    struct LifecycleData {
        stack: Option<String>,
    }
    #[derive(Deserialize)]
    struct RawLifecycle {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        data: LifecycleData,
    }
    #[derive(Deserialize, Default)]
    struct Metadata {
        #[serde(default)]
        annotations: BTreeMap<String, Option<String>>,
    }
    #[derive(Deserialize, Default)]
    struct Relationships {
        current_droplet: Option<ToOne>,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let app = |raw: Raw| {
        let knows_droplet = raw.relationships.current_droplet.is_some();
        let app = App {
            guid: raw.guid,
            name: raw.name,
            state: raw.state,
            lifecycle: raw
                .lifecycle
                .as_ref()
                .and_then(|has| Lifecycle::ALL.into_iter().find(|one| one.as_str() == has.kind)),
            annotations: raw.metadata.annotations.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
            processes: Vec::new(),
            package: None,
            droplet: raw.relationships.current_droplet.and_then(ToOne::guid),
            staged: None,
            bindings: Vec::new(),
            stack: raw.lifecycle.and_then(|has| has.data.stack),
        };
        (app, knows_droplet)
    };
    Ok(raw.into_iter().map(app).collect())
}

/// Reads the routes that the space of that guid may use from `/v3/routes`. CC: that list also has those that another
/// space shares with it.
pub fn routes(path: &str, space: &str, resources: &[Value]) -> Result<Vec<Route>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        url: String,
        #[serde(default)]
        destinations: Vec<To>,
        #[serde(default)]
        relationships: Relationships,
    }
    #[derive(Deserialize, Default)]
    struct Relationships {
        space: Option<ToOne>,
    }
    #[derive(Deserialize)]
    struct To {
        app: ToApp,
    }
    #[derive(Deserialize)]
    struct ToApp {
        guid: String,
        process: Option<ProcessType>,
    }
    #[derive(Deserialize)]
    struct ProcessType {
        #[serde(rename = "type")]
        kind: String,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let to = |to: To| Destination {
        app: to.app.guid,
        process: to.app.process.map_or_else(|| "web".to_owned(), |process| process.kind),
    };
    let route = |raw: Raw| Route {
        guid: raw.guid,
        url: raw.url,
        destinations: raw.destinations.into_iter().map(to).collect(),
        shared_by: raw.relationships.space.and_then(ToOne::guid).filter(|owner| owner != space),
    };
    Ok(raw.into_iter().map(route).collect())
}

/// Reads domains from `/v3/organizations/GUID/domains`.
pub fn domains(path: &str, resources: &[Value]) -> Result<Vec<Domain>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
        #[serde(default)]
        internal: bool,
        #[serde(default)]
        supported_protocols: Vec<String>,
        #[serde(default)]
        relationships: Relationships,
    }
    #[derive(Deserialize, Default)]
    struct Relationships {
        organization: Option<ToOne>,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let domain = |raw: Raw| Domain {
        guid: raw.guid,
        name: raw.name,
        internal: raw.internal,
        private: raw.relationships.organization.and_then(ToOne::guid).is_some(),
        tcp: raw.supported_protocols.iter().any(|protocol| protocol == "tcp"),
    };
    Ok(raw.into_iter().map(domain).collect())
}

/// Reads processes from `/v3/processes`, each with the guid of its app; of two of one app and type the newer one comes
/// first. CC: of two of one second the one that is listed later is newer.
pub fn processes(path: &str, resources: &[Value]) -> Result<Vec<(String, Process)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        #[serde(rename = "type")]
        kind: String,
        instances: u32,
        memory_in_mb: u64,
        #[serde(default)]
        created_at: String,
        relationships: Relationships,
    }
    #[derive(Deserialize)]
    struct Relationships {
        app: ToOne,
    }
    let mut raw: Vec<Raw> = parse_all(path, resources)?;
    raw.reverse();
    raw.sort_by(|one, other| other.created_at.cmp(&one.created_at));
    let process = |raw: Raw| {
        let app = raw.relationships.app.guid()?;
        let process = Process {
            guid: raw.guid,
            kind: raw.kind,
            instances: raw.instances,
            memory_mb: raw.memory_in_mb,
            states: Vec::new(),
        };
        Some((app, process))
    };
    Ok(raw.into_iter().filter_map(process).collect())
}

/// Reads the instances from `/v3/processes/GUID/stats`.
pub fn stats(path: &str, answer: &Value) -> Result<Vec<Instance>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        resources: Vec<Stat>,
    }
    #[derive(Deserialize)]
    struct Stat {
        #[serde(default)]
        index: u32,
        instance_guid: Option<String>,
        host: Option<String>,
        #[serde(default)]
        instance_ports: Vec<Port>,
        uptime: Option<u64>,
        state: RawState,
        routable: Option<bool>,
        details: Option<String>,
    }
    #[derive(Deserialize)]
    struct Port {
        external: Option<u32>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    enum RawState {
        Running,
        Starting,
        Stopping,
        Crashed,
        Down,
    }
    let raw: Raw = parse(path, answer)?;
    let address = |stat: &Stat| {
        let port = stat.instance_ports.first().and_then(|port| port.external)?;
        Some(format!("{}:{port}", stat.host.as_deref()?))
    };
    let instance = |stat: Stat| Instance {
        index: stat.index,
        uptime: stat.uptime,
        id: stat.instance_guid.clone().filter(|guid| !guid.is_empty()).or_else(|| address(&stat)),
        state: match stat.state {
            RawState::Running if stat.routable == Some(false) => InstanceState::Unready,
            RawState::Running => InstanceState::Running,
            RawState::Starting => InstanceState::Starting,
            RawState::Stopping => InstanceState::Stopping,
            RawState::Crashed => InstanceState::Crashed,
            RawState::Down => InstanceState::Down,
        },
        details: stat.details.filter(|details| !details.is_empty()),
    };
    Ok(raw.resources.into_iter().map(instance).collect())
}

/// The links of a package or a droplet.
#[derive(Deserialize)]
struct Links {
    app: Link,
    package: Option<Link>,
}

impl Link {
    /// The guid that it ends with.
    fn guid(&self) -> String {
        self.href.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

/// Reads packages from `/v3/packages`, each with the guid of its app.
pub fn packages(path: &str, resources: &[Value]) -> Result<Vec<(String, Package)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        state: String,
        links: Links,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let package = |raw: Raw| (raw.links.app.guid(), Package { guid: raw.guid, ready: raw.state == "READY" });
    Ok(raw.into_iter().map(package).collect())
}

/// Reads the staged droplets from `/v3/droplets`, each with the guid of its app.
pub fn droplets(path: &str, resources: &[Value]) -> Result<Vec<(String, Droplet)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        state: String,
        links: Links,
    }
    let mut raw: Vec<Raw> = parse_all(path, resources)?;
    raw.retain(|raw| raw.state == "STAGED");
    let droplet = |raw: Raw| {
        (raw.links.app.guid(), Droplet { guid: raw.guid, package: raw.links.package.as_ref().map(Link::guid) })
    };
    Ok(raw.into_iter().map(droplet).collect())
}

/// Reads the guid of a single resource; null, where there is none, is `None`.
pub fn guid(path: &str, answer: &Value) -> Result<Option<String>, Unreadable> {
    Ok(parse::<Option<Guid>>(path, answer)?.and_then(|resource| resource.guid))
}

/// Reads service instances from `/v3/service_instances`.
pub fn services(path: &str, resources: &[Value]) -> Result<Vec<ServiceInstance>, Unreadable> {
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
pub fn bindings(path: &str, resources: &[Value]) -> Result<Vec<(String, String)>, Unreadable> {
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

/// Reads a quota from `/v3/organization_quotas/GUID` or `/v3/space_quotas/GUID`, and what is used of it.
pub fn quota(path: &str, scope: QuotaScope, quota: &Value, used: Usage) -> Result<Quota, Unreadable> {
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
pub fn usage(path: &str, answer: &Value) -> Result<Usage, Unreadable> {
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
pub fn quota_guid(path: &str, answer: &Value) -> Result<Option<String>, Unreadable> {
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
