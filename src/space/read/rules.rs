//! The API's JSON → what the platform tells beforehand of what it will refuse.

use serde::Deserialize;
use serde_json::Value;

use super::answer::{RawDestination, ToOne, Unreadable, parse, parse_all};
use super::services::included_services;
use crate::plan::Lifecycle;
use crate::space::native::NativeDeployment;
use crate::space::rules::{Buildpack, Owner, Stack, StackState};

/// A route as `/v3/routes` tells it, whichever space it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnyRoute {
    /// The URL without a scheme.
    pub url: String,
    /// The guid of its domain.
    pub domain: String,
    /// The host; empty for the domain itself.
    pub host: String,
    /// The guid of the space that owns it.
    pub space: String,
    /// That space, where its name is told.
    pub owner: Option<Owner>,
    /// The guids of the apps that it leads to.
    pub apps: Vec<String>,
}

/// Reads deployments that are under way from `/v3/deployments`. Those that have ended are left out, also where the API
/// does not know the filter for that.
pub(crate) fn deployments(path: &str, resources: &[Value]) -> Result<Vec<NativeDeployment>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        strategy: Option<String>,
        created_at: String,
        status: Status,
        relationships: Relationships,
    }
    #[derive(Deserialize)]
    struct Status {
        value: Option<String>,
        reason: Option<String>,
    }
    #[derive(Deserialize)]
    struct Relationships {
        app: ToOne,
    }
    let mut raw: Vec<Raw> = parse_all(path, resources)?;
    raw.retain(|raw| raw.status.value.as_deref().is_none_or(|value| value == "ACTIVE"));
    let deployment = |raw: Raw| {
        Some(NativeDeployment {
            app: raw.relationships.app.guid()?,
            strategy: raw.strategy.unwrap_or_else(|| "rolling".to_owned()),
            reason: raw.status.reason.unwrap_or_else(|| "ACTIVE".to_owned()),
            since: raw.created_at,
        })
    };
    Ok(raw.into_iter().filter_map(deployment).collect())
}

/// Reads the names of the feature flags that are off from `/v3/feature_flags`.
pub(crate) fn flags_off(path: &str, resources: &[Value]) -> Result<Vec<String>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        name: String,
        enabled: bool,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    Ok(raw.into_iter().filter(|flag| !flag.enabled).map(|flag| flag.name).collect())
}

/// Reads stacks from `/v3/stacks`. An older API tells no state; a state that is not known is no reason to refuse.
pub(crate) fn stacks(path: &str, resources: &[Value]) -> Result<Vec<Stack>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        name: String,
        state: Option<String>,
        state_reason: Option<String>,
        #[serde(default)]
        default: bool,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let stack = |raw: Raw| Stack {
        name: raw.name,
        state: match raw.state.as_deref() {
            Some("DEPRECATED") => StackState::Deprecated,
            Some("RESTRICTED") => StackState::Restricted,
            Some("DISABLED") => StackState::Disabled,
            Some(_) | None => StackState::Active,
        },
        reason: raw.state_reason.filter(|reason| !reason.is_empty()),
        default: raw.default,
    };
    Ok(raw.into_iter().map(stack).collect())
}

/// Reads from `/v3/buildpacks` those that can be used: one whose bits were never uploaded counts as none (CC:
/// `Buildpack.list_admin_buildpacks`). An older API tells no lifecycle.
pub(crate) fn buildpacks(path: &str, resources: &[Value]) -> Result<Vec<Buildpack>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        name: String,
        stack: Option<String>,
        state: Option<String>,
        lifecycle: Option<String>,
    }
    let mut raw: Vec<Raw> = parse_all(path, resources)?;
    raw.retain(|raw| raw.state.as_deref() != Some("AWAITING_UPLOAD"));
    let buildpack = |raw: Raw| Buildpack {
        name: raw.name,
        stack: raw.stack,
        lifecycle: raw.lifecycle.as_deref().and_then(Lifecycle::parse),
    };
    Ok(raw.into_iter().map(buildpack).collect())
}

/// Reads roles in spaces from `/v3/roles`: guid of the space, and the role.
pub(crate) fn space_roles(path: &str, resources: &[Value]) -> Result<Vec<(String, String)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(rename = "type")]
        kind: String,
        relationships: Relationships,
    }
    #[derive(Deserialize)]
    struct Relationships {
        space: Option<ToOne>,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let role = |raw: Raw| Some((raw.relationships.space.and_then(ToOne::guid)?, raw.kind));
    Ok(raw.into_iter().filter_map(role).collect())
}

/// Whether an organization or a space is suspended. An older API does not tell it of spaces.
pub(crate) fn suspended(path: &str, answer: &Value) -> Result<bool, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(default)]
        suspended: bool,
    }
    Ok(parse::<Raw>(path, answer)?.suspended)
}

/// Reads `/v3/domains/GUID/route_reservations`: whether there is such a route, in whichever space.
pub(crate) fn matching_route(path: &str, answer: &Value) -> Result<bool, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        matching_route: bool,
    }
    Ok(parse::<Raw>(path, answer)?.matching_route)
}

/// Reads a page of `/v3/routes` that includes spaces and organizations.
pub(crate) fn any_routes(path: &str, page: &Value) -> Result<Vec<AnyRoute>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        resources: Vec<RawRoute>,
        #[serde(default)]
        included: Included,
    }
    #[derive(Deserialize)]
    struct RawRoute {
        url: String,
        #[serde(default)]
        host: String,
        #[serde(default)]
        destinations: Vec<RawDestination>,
        relationships: Relationships,
    }
    #[derive(Deserialize)]
    struct Relationships {
        space: ToOne,
        domain: ToOne,
    }
    #[derive(Deserialize, Default)]
    struct Included {
        #[serde(default)]
        spaces: Vec<RawSpace>,
        #[serde(default)]
        organizations: Vec<RawOrg>,
    }
    #[derive(Deserialize)]
    struct RawSpace {
        guid: String,
        name: String,
        relationships: OfSpace,
    }
    #[derive(Deserialize)]
    struct OfSpace {
        organization: ToOne,
    }
    #[derive(Deserialize)]
    struct RawOrg {
        guid: String,
        name: String,
    }
    let Raw { resources, included } = parse(path, page)?;
    let org = |guid: Option<&str>| {
        included.organizations.iter().find(|org| Some(org.guid.as_str()) == guid).map(|org| org.name.clone())
    };
    let owner = |guid: &str| {
        let space = included.spaces.iter().find(|space| space.guid == guid)?;
        let of = space.relationships.organization.data.as_ref().and_then(|data| data.guid.as_deref());
        Some(Owner { org: org(of), space: space.name.clone() })
    };
    let route = |raw: RawRoute| {
        let space = raw.relationships.space.guid()?;
        Some(AnyRoute {
            url: raw.url,
            domain: raw.relationships.domain.guid()?,
            host: raw.host,
            owner: owner(&space),
            space,
            apps: raw.destinations.into_iter().map(|to| to.app.guid).collect(),
        })
    };
    Ok(resources.into_iter().filter_map(route).collect())
}

/// Reads a page of `/v3/service_route_bindings` that includes service instances: the guid of each route with the name of its
/// service instance.
pub(crate) fn route_services(path: &str, page: &Value) -> Result<Vec<(String, String)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        relationships: Relationships,
    }
    #[derive(Deserialize)]
    struct Relationships {
        route: ToOne,
        service_instance: ToOne,
    }
    let names = included_services(path, page)?;
    let listed = page["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let raw: Vec<Raw> = parse_all(path, listed)?;
    let of = |raw: Raw| {
        let service = raw.relationships.service_instance.guid()?;
        // One of another space may not be told.
        let name = names.get(&service).map_or(service, |known| known.name.clone());
        Some((raw.relationships.route.guid()?, name))
    };
    Ok(raw.into_iter().filter_map(of).collect())
}

/// Reads the names of apps from `/v3/apps`, each with its guid.
pub(crate) fn app_names(path: &str, resources: &[Value]) -> Result<Vec<(String, String)>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
    }
    let raw: Vec<Raw> = parse_all(path, resources)?;
    Ok(raw.into_iter().map(|raw| (raw.guid, raw.name)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_route_service_is_told_by_its_name() {
        let to = |guid: &str| json!({ "data": { "guid": guid } });
        let binding = |route: &str, service: &str| json!({"relationships": {"route": to(route), "service_instance": to(service)}});
        let page = json!({
            "resources": [binding("r-1", "s-1"), binding("r-2", "s-2")],
            "included": {"service_instances": [{"guid": "s-1", "name": "sso", "type": "user-provided"}]},
        });
        let read = route_services("/v3/service_route_bindings", &page).unwrap();
        let of = |route: &str, service: &str| (route.to_owned(), service.to_owned());
        assert_eq!(read, [of("r-1", "sso"), of("r-2", "s-2")]);
    }
}
