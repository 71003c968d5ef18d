//! Endpoints: instances on routes.

use std::net::SocketAddr;

use super::propagation::Routed;

/// An app instance on a route: what a `router.register` message tells a gorouter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The route's host with its domain, exact or a wildcard (`*.example.com`). Capitals do not count.
    pub host: String,
    /// The route's path with its leading slash, or empty. Capitals do not count.
    pub path: String,
    /// The guid of the app, as `X-Cf-App-Instance` names it.
    pub app_guid: String,
    /// The guid of the process, as `X-Cf-Process-Instance` names it.
    pub process_guid: String,
    /// The guid of this one instance, as `X-Cf-Instanceid` and `__VCAP_ID__` carry it.
    pub instance_guid: String,
    /// The index of the instance in its process.
    pub index: u32,
    /// Where the instance listens. Within one route, an address belongs to one instance only.
    pub addr: SocketAddr,
    /// The route service that the route is bound to.
    pub route_service_url: Option<String>,
}

impl Routed for Endpoint {
    type Key = (String, String, SocketAddr);

    fn key(&self) -> Self::Key {
        (self.host.to_lowercase(), self.path.to_lowercase(), self.addr)
    }
}

impl Endpoint {
    /// Whether it is the same instance on the same route, whatever else is told of it.
    pub fn is_at(&self, other: &Self) -> bool {
        self.key() == other.key() && self.instance_guid == other.instance_guid
    }
}
