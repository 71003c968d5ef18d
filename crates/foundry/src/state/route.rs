//! Routes and their destinations.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Guid, Metadata, State, resource};

/// How the router talks to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 in clear.
    Http2,
    /// Whatever the client and the app talk.
    Tcp,
}

impl Protocol {
    /// The API's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Tcp => "tcp",
        }
    }
}

/// A process of an app that serves a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
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

/// A route: domain, and host and path for HTTP or a port for TCP; unique on the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// Its guid.
    pub guid: Guid,
    /// Its host as it was given, capitals do not count; empty for the domain itself, `*` for a wildcard.
    pub host: String,
    /// Its domain.
    pub domain: Guid,
    /// Its path with the leading slash, or empty.
    pub path: String,
    /// Its port; only routes of a domain for TCP have one.
    pub port: Option<u16>,
    /// Where it belongs.
    pub space: Guid,
    /// Who serves it, in the order of mapping.
    pub destinations: Vec<Destination>,
    /// What the router is told besides, by name.
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
    pub(crate) fn fqdn(&self, route: &Route) -> String {
        let domain = self.domains.get(&route.domain).map_or("", |domain| domain.name.as_str());
        if route.host.is_empty() { domain.to_owned() } else { format!("{}.{domain}", route.host) }
    }

    /// The URL as the API shows it: `host.domain/path`, or `domain:port`.
    pub(crate) fn url_of(&self, route: &Route) -> String {
        match (route.port, self.domains.get(&route.domain)) {
            (Some(port), Some(domain)) => format!("{}:{port}", domain.name),
            _ => format!("{}{}", self.fqdn(route), route.path),
        }
    }

    /// The routes that lead to an app, in the order of their making.
    pub(crate) fn routes_of<'a>(&'a self, app: &'a Guid) -> impl Iterator<Item = &'a Route> + 'a {
        self.routes.values().filter(move |route| route.destinations.iter().any(|to| to.app == *app))
    }

    /// The route with this host, domain, path and port. Hosts and paths are compared without regard to capitals.
    pub(crate) fn route_at(&self, host: &str, domain: &Guid, path: &str, port: Option<u16>) -> Option<&Route> {
        self.routes.values().find(|route| {
            route.domain == *domain
                && route.port == port
                && route.host.eq_ignore_ascii_case(host)
                && route.path.eq_ignore_ascii_case(path)
        })
    }

    /// Where the requests of a route go first, where it is bound to a route service.
    pub(crate) fn route_service_of(&self, route: &Guid) -> Option<&str> {
        let binding = self.route_bindings.values().find(|binding| binding.route == *route)?;
        Some(&binding.route_service_url)
    }

    /// Removes routes with their bindings to services.
    pub(crate) fn remove_routes(&mut self, gone: impl Fn(&Route) -> bool) {
        self.routes.retain(|_, route| !gone(route));
        self.route_bindings.retain(|_, binding| self.routes.contains_key(&binding.route));
    }

    /// Whether a route of any domain of a router group has a port.
    pub(crate) fn port_taken(&self, group: &Guid, port: u16) -> bool {
        self.routes.values().any(|route| {
            route.port == Some(port)
                && self.domains.get(&route.domain).is_some_and(|domain| domain.router_group.as_ref() == Some(group))
        })
    }
}
