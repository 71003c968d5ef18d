//! A route, and the apps that it leads to.

use serde::{Deserialize, Serialize};

use crate::plan::{Protocol, RouteOptions, RouteUrl};
use crate::settings::WEB;

/// A route of the space.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    /// The guid.
    pub guid: String,
    /// The URL without a scheme, such as `shop.example.com/cart`.
    pub url: String,
    /// The apps it leads to.
    pub destinations: Vec<Destination>,
    /// The guid of the space that owns it, where that is another one which shares it with this one.
    #[serde(default)]
    pub shared_by: Option<String>,
    /// What routers are told of it beside that; `None` where the platform has no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<RouteOptions>,
}

impl Route {
    /// Whether it is the route of that URL.
    pub(crate) fn is(&self, url: &RouteUrl) -> bool {
        url.is_written(&self.url)
    }

    /// One that leads nowhere, as a step's effect makes it, on a platform that knows options of routes: nothing tells otherwise yet.
    pub(crate) fn to_nobody(url: &RouteUrl) -> Self {
        Self {
            guid: format!("route {url}"),
            url: url.to_string(),
            destinations: Vec::new(),
            shared_by: None,
            options: Some(RouteOptions::default()),
        }
    }

    /// Whether it leads to the web process of the app of that guid.
    pub(crate) fn leads_to(&self, app_guid: &str) -> bool {
        self.protocol(app_guid).is_some()
    }

    /// What routers talk to the web process of the app of that guid; `None` where it does not lead there.
    pub(crate) fn protocol(&self, app_guid: &str) -> Option<Protocol> {
        self.destinations.iter().find(|to| to.app == app_guid && to.process == WEB).map(|to| to.protocol)
    }

    /// The destinations of the app of that guid.
    pub(crate) fn of_app<'r>(&'r self, app_guid: &'r str) -> impl Iterator<Item = &'r Destination> {
        self.destinations.iter().filter(move |to| to.app == app_guid)
    }
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Destination {
    /// The guid of the app.
    pub app: String,
    /// The type of the process that is reached, `web` if nothing else was asked for.
    pub process: String,
    /// The port in the container; `None` where it is the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What routers talk there.
    #[serde(default, skip_serializing_if = "Protocol::is_usual")]
    pub protocol: Protocol,
}

impl Destination {
    /// The web process of the app of that guid, at its usual port.
    pub(crate) fn web(app_guid: &str, protocol: Protocol) -> Self {
        Self { app: app_guid.to_owned(), process: WEB.to_owned(), port: None, protocol }
    }

    /// Whether it is the web process.
    pub(crate) fn is_web(&self) -> bool {
        self.process == WEB
    }

    /// In words: `process worker on port 9000 (http2)`.
    pub(crate) fn told(&self) -> String {
        let port = self.port.map(|port| format!(" on port {port}")).unwrap_or_default();
        format!("process {}{port} ({})", self.process, self.protocol.as_str())
    }
}
