//! The space as a whole, and the questions that are asked of it.

use serde::{Deserialize, Serialize};

use super::app::App;
use super::domain::Domain;
use super::lock::Lock;
use super::native::NativeDeployment;
use super::process::MemoryInUse;
use super::quota::Quota;
use super::route::Route;
use super::rules::Rules;
use super::service::ServiceInstance;
use super::source::Source;
use crate::cf::dialect::CfVersion;
use crate::cf::invocation::RouteParts;
use crate::plan::{Protocol, RouteOptions, RouteUrl};

/// The format number of a snapshot; a snapshot of another format is refused.
pub(crate) const SNAPSHOT_FORMAT: u32 = 1;

/// A name with the guid that the Cloud Controller gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Named {
    /// The guid.
    pub guid: String,
    /// The name.
    pub name: String,
}

/// What a Cloud Foundry space holds, as far as a plan is concerned with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Space {
    /// [`SNAPSHOT_FORMAT`].
    pub format: u32,
    /// The version that `cf version` reported, such as `8.17.0`.
    pub cf: String,
    /// The URL of the targeted API.
    pub api: String,
    /// The targeted organization.
    pub org: Named,
    /// The targeted space.
    pub space: Named,
    /// The domains that the organization may use.
    pub domains: Vec<Domain>,
    /// The apps that the plan names, and those that hold a route that the plan names.
    pub apps: Vec<App>,
    /// The locks on the plan's apps.
    #[serde(default)]
    pub locks: Vec<Lock>,
    /// All routes of the space.
    pub routes: Vec<Route>,
    /// The service instances that the plan names, as far as they are there.
    pub services: Vec<ServiceInstance>,
    /// The quotas that bind the space: the organization's, and the space's own where it has one.
    pub quotas: Vec<Quota>,
    /// How much memory is in use, as far as that is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory_in_use: Vec<MemoryInUse>,
    /// The platform's own deployments that are under way on the plan's apps.
    #[serde(default)]
    pub deployments: Vec<NativeDeployment>,
    /// What the platform tells beforehand of what it will refuse.
    #[serde(default)]
    pub rules: Rules,
    /// The droplets of other apps that the plan deploys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

impl Space {
    /// The version of the cf that it is changed by.
    pub(crate) fn cf_version(&self) -> CfVersion {
        // A snapshot from elsewhere may tell a version that this one does not know: what it would run, it would refuse.
        CfVersion::parse(&format!("cf version {}", self.cf)).unwrap_or_else(|_| CfVersion::pinned())
    }

    /// The app of that name.
    pub fn app(&self, name: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.name == name)
    }

    /// The app of that name, to be changed by a step's effect.
    pub(crate) fn app_mut(&mut self, name: &str) -> Option<&mut App> {
        self.apps.iter_mut().find(|app| app.name == name)
    }

    /// Takes in an app as the platform has just told it.
    pub(crate) fn take_in(&mut self, app: App) {
        match self.apps.iter_mut().find(|known| known.guid == app.guid) {
            Some(known) => *known = known.with_told(app),
            None => self.apps.push(app),
        }
    }

    /// The lock on the app that the plan calls so, whether it still holds or has expired.
    pub(crate) fn lock(&self, plan_app: &str) -> Option<&Lock> {
        self.locks.iter().find(|lock| lock.app == plan_app)
    }

    /// The route of that URL.
    pub(crate) fn route(&self, url: &RouteUrl) -> Option<&Route> {
        self.routes.iter().find(|route| route.is(url))
    }

    /// Whether the route leads to the app's web process.
    pub(crate) fn is_mapped(&self, app: &str, url: &RouteUrl) -> bool {
        self.protocol(app, url).is_some()
    }

    /// What routers talk to the app's web process on the route; `None` where that does not lead there.
    pub(crate) fn protocol(&self, app: &str, url: &RouteUrl) -> Option<Protocol> {
        self.route(url)?.protocol(&self.app(app)?.guid)
    }

    /// What routers are told of the route; nothing where it is not there.
    pub(crate) fn options_of(&self, url: &RouteUrl) -> RouteOptions {
        self.route(url).and_then(|route| route.options.clone()).unwrap_or_default()
    }

    /// The name of the service instance that routers send the requests of a route through.
    pub(crate) fn route_service(&self, url: &RouteUrl) -> Option<&str> {
        let of_route = self.rules.route_services.iter().find(|one| url.is_written(&one.url));
        of_route.map(|one| one.service.as_str())
    }

    /// The names of the apps that the route leads to, in the order of the route's destinations. An app that is not in
    /// the model is told by its guid.
    pub(crate) fn holders(&self, url: &RouteUrl) -> Vec<&str> {
        let Some(route) = self.route(url) else { return Vec::new() };
        let mut names: Vec<&str> = Vec::new();
        for destination in &route.destinations {
            let app = self.apps.iter().find(|app| app.guid == destination.app);
            let name = app.map_or(destination.app.as_str(), |app| app.name.as_str());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The URLs of the routes that lead to the app.
    pub(crate) fn routes_of(&self, app: &str) -> Vec<&str> {
        let Some(app) = self.app(app) else { return Vec::new() };
        self.routes.iter().filter(|route| route.leads_to(&app.guid)).map(|route| route.url.as_str()).collect()
    }

    /// The domain of a route; `None` where none fits.
    pub(crate) fn domain_of(&self, url: &RouteUrl) -> Option<&Domain> {
        let name = self.address(url)?.domain;
        self.domains.iter().find(|domain| domain.name.eq_ignore_ascii_case(&name))
    }

    /// Takes a route URL apart into host and domain: the longest domain of the organization that fits, as the Cloud
    /// Controller does for the routes of a manifest. `None` where no domain fits.
    pub(crate) fn address(&self, url: &RouteUrl) -> Option<RouteParts> {
        let path = (!url.path().is_empty()).then(|| url.path().to_owned());
        let known = |name: &str| self.domains.iter().any(|domain| domain.name.eq_ignore_ascii_case(name));
        let (host, domain) = url.splits().find(|(_, domain)| known(domain))?;
        // CC: a host is one label.
        (!host.contains('.')).then(|| RouteParts {
            host: (!host.is_empty()).then(|| host.to_owned()),
            domain: domain.to_owned(),
            path,
        })
    }
}
