//! Routes and their destinations.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::foundry::state::{Guid, Metadata, State, resource};

/// How the router talks to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 in clear.
    Http2,
}

impl Protocol {
    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
        }
    }
}

/// A process of an app that serves a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its guid.
    pub guid: Guid,
    /// The app.
    pub app: Guid,
    /// The type of the process.
    pub process: String,
    /// The port in the container; `None` is the app's `PORT`.
    pub port: Option<u16>,
    /// How the router talks to it.
    pub protocol: Protocol,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// A route: host, domain and path, unique on the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its guid.
    pub guid: Guid,
    /// Its host as it was given, capitals do not count; empty for the domain itself, `*` for a wildcard.
    pub host: String,
    /// Its domain.
    pub domain: Guid,
    /// Its path with the leading slash, or empty.
    pub path: String,
    /// Where it belongs.
    pub space: Guid,
    /// Who serves it, in the order of mapping.
    pub destinations: Vec<Destination>,
    /// What the router is told besides: `loadbalancing` is `round-robin` or `least-connection`.
    pub options: IndexMap<String, String>,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(Route, labelled);

impl State {
    /// The fully qualified name without the path: `host.domain`.
    pub fn fqdn(&self, route: &Route) -> String {
        let domain = self.domains.get(&route.domain).map_or("", |domain| domain.name.as_str());
        if route.host.is_empty() { domain.to_owned() } else { format!("{}.{domain}", route.host) }
    }

    /// The URL as the API shows it: `host.domain/path`.
    pub fn url_of(&self, route: &Route) -> String {
        format!("{}{}", self.fqdn(route), route.path)
    }

    /// The routes that lead to an app, in the order of their making.
    pub fn routes_of<'a>(&'a self, app: &'a Guid) -> impl Iterator<Item = &'a Route> + 'a {
        self.routes.values().filter(move |route| route.destinations.iter().any(|to| to.app == *app))
    }

    /// The route with this host, domain and path. Hosts and paths are compared without regard to capitals.
    pub fn route_at(&self, host: &str, domain: &Guid, path: &str) -> Option<&Route> {
        self.routes.values().find(|route| {
            route.domain == *domain && route.host.eq_ignore_ascii_case(host) && route.path.eq_ignore_ascii_case(path)
        })
    }
}
