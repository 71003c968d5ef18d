//! Routes, and the domains that they are made of.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{RawDestination, ToOne, Unreadable, parse_all};
use crate::plan::RouteOptions;
use crate::settings::WEB;
use crate::space::{Destination, Domain, Route};

/// The port of a destination for which none was asked (CC: `ProcessModel::DEFAULT_HTTP_PORT`).
const USUAL_PORT: u16 = 8080;

/// Reads the routes that the space of that guid may use from `/v3/routes`. CC: that list also has those that another
/// space shares with it.
pub(crate) fn routes(path: &str, space: &str, resources: &[Value]) -> Result<Vec<Route>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        url: String,
        #[serde(default)]
        destinations: Vec<RawDestination>,
        #[serde(default)]
        relationships: Relationships,
        options: Option<BTreeMap<String, Option<String>>>,
    }
    #[derive(Deserialize, Default)]
    struct Relationships {
        space: Option<ToOne>,
    }
    let set = |options: BTreeMap<String, Option<String>>| {
        RouteOptions(options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    };
    let raw: Vec<Raw> = parse_all(path, resources)?;
    let to = |to: RawDestination| Destination {
        app: to.app.guid,
        process: to.app.process.map_or_else(|| WEB.to_owned(), |process| process.kind),
        port: to.port.filter(|port| *port != USUAL_PORT),
        protocol: to.protocol.unwrap_or_default(),
    };
    let route = |raw: Raw| Route {
        guid: raw.guid,
        url: raw.url,
        destinations: raw.destinations.into_iter().map(to).collect(),
        shared_by: raw.relationships.space.and_then(ToOne::guid).filter(|owner| owner != space),
        options: raw.options.map(set),
    };
    Ok(raw.into_iter().map(route).collect())
}

/// Reads domains from `/v3/organizations/GUID/domains`.
pub(crate) fn domains(path: &str, resources: &[Value]) -> Result<Vec<Domain>, Unreadable> {
    #[derive(Deserialize)]
    struct Raw {
        guid: String,
        name: String,
        #[serde(default)]
        internal: bool,
        #[serde(default)]
        supported_protocols: Vec<String>,
        /// CC 3.228: told only where it is so.
        #[serde(default)]
        enforce_route_policies: bool,
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
        for_apps_only: raw.enforce_route_policies,
    };
    Ok(raw.into_iter().map(domain).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_route_that_another_space_shares_is_told_from_an_own_one() {
        let route = |guid: &str, relationships: Value| {
            json!({
                "guid": guid, "url": format!("{guid}.example.com/shop"), "relationships": relationships,
                "destinations": [{"app": {"guid": "a-1", "process": {"type": "worker"}}}, {"app": {"guid": "a-2"}}],
            })
        };
        let of = |space: &str| json!({ "space": { "data": { "guid": space } } });
        // An older API does not tell whose it is.
        let answer = [route("own", of("s-1")), route("shared", of("s-2")), route("untold", json!({}))];
        let read = routes("/v3/routes", "s-1", &answer).unwrap();
        let shared: Vec<Option<&str>> = read.iter().map(|route| route.shared_by.as_deref()).collect();
        assert_eq!(shared, [None, Some("s-2"), None]);
        let leads: Vec<(&str, &str)> =
            read[0].destinations.iter().map(|to| (to.app.as_str(), to.process.as_str())).collect();
        assert_eq!(leads, [("a-1", "worker"), ("a-2", "web")]);
    }

    #[test]
    fn a_domain_that_lets_in_only_apps_says_so() {
        let answer = [
            json!({"guid": "d-1", "name": "example.com", "supported_protocols": ["http"]}),
            json!({"guid": "d-2", "name": "mesh.example.com", "enforce_route_policies": true, "route_policies_scope": "org"}),
        ];
        let read = domains("/v3/domains", &answer).unwrap();
        let closed: Vec<Option<&str>> = read.iter().map(Domain::is_closed).collect();
        assert_eq!(closed, [None, Some("its domain lets in only the apps that its route policies name")]);
    }

    #[test]
    fn a_destination_is_read_with_what_it_has_of_its_own() {
        let answer = [json!({
            "guid": "r", "url": "shop.example.com",
            "destinations": [
                {"app": {"guid": "a"}, "port": 8080, "protocol": "http1"},
                {"app": {"guid": "b", "process": {"type": "api"}}, "port": 9000, "protocol": "http2"},
                {"app": {"guid": "c"}, "weight": null, "port": 7000, "protocol": "tcp"},
                {"app": {"guid": "d"}},
            ],
        })];
        let read = routes("/v3/routes", "s-1", &answer).unwrap();
        let told: Vec<String> = read[0].destinations.iter().map(Destination::told).collect();
        assert_eq!(
            told,
            [
                "process web (http1)",
                "process api on port 9000 (http2)",
                "process web on port 7000 (tcp)",
                "process web (http1)"
            ]
        );
    }
}
