//! A route, and the apps that it leads to.

use serde::{Deserialize, Serialize};

use crate::plan::RouteUrl;
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
}

impl Route {
    /// Whether it is the route of that URL.
    pub(crate) fn is(&self, url: &RouteUrl) -> bool {
        url.is_written(&self.url)
    }

    /// Whether it leads to the web process of the app of that guid.
    pub(crate) fn leads_to(&self, app_guid: &str) -> bool {
        self.destinations.iter().any(|to| to.app == app_guid && to.process == WEB)
    }
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Destination {
    /// The guid of the app.
    pub app: String,
    /// The type of the process that is reached, `web` if nothing else was asked for.
    pub process: String,
}
