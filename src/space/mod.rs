//! What is there: a model of one Cloud Foundry space, as far as a deployment plan is concerned with it.
//!
//! - this file: the model, its data and the questions that are asked of it
//! - [`read`]: the API's JSON → the model
//! - [`lock`]: who is deploying
//! - [`condition`]: what must be true of a space after a step
//! - [`difference`]: what somebody else has changed between two looks
//! - [`native`]: deployments of the platform's own that are under way
//! - [`rules`]: what the platform tells beforehand of what it will refuse
//!
//! All of it is pure; `run::observe` makes the `cf curl` calls. A [`Space`] serialises to the snapshot that
//! `cutover status --format json` writes and `cutover plan --space FILE` reads.

pub mod condition;
pub mod difference;
pub mod lock;
pub mod native;
pub mod read;
pub mod rules;

#[cfg(test)]
mod laws;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cf::invocation::RouteParts;
use crate::plan::{Lifecycle, RouteUrl};

use lock::Lock;
use native::NativeDeployment;
use rules::Rules;

/// The format number of a snapshot; a snapshot of another format is refused.
pub const SNAPSHOT_FORMAT: u32 = 1;

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
    /// The platform's own deployments that are under way on the plan's apps.
    #[serde(default)]
    pub deployments: Vec<NativeDeployment>,
    /// What the platform tells beforehand of what it will refuse.
    #[serde(default)]
    pub rules: Rules,
}

/// A domain that routes can be made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Domain {
    /// The guid.
    pub guid: String,
    /// The name, such as `apps.example.com`.
    pub name: String,
    /// Whether its routes are for container-to-container traffic only: no router serves them.
    pub internal: bool,
    /// Whether it belongs to an organization; else all organizations share it.
    #[serde(default)]
    pub private: bool,
    /// Whether its routes have a port, and neither host nor path.
    #[serde(default)]
    pub tcp: bool,
}

/// The desired state of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AppState {
    /// Its processes are to run.
    Started,
    /// Nothing of it is to run.
    Stopped,
}

/// An app of the space.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct App {
    /// The guid.
    pub guid: String,
    /// The name.
    pub name: String,
    /// The desired state.
    pub state: AppState,
    /// How its packages become something that runs; `None` where that is a way which is not known here.
    #[serde(default)]
    pub lifecycle: Option<Lifecycle>,
    /// The annotations on it.
    pub annotations: BTreeMap<String, String>,
    /// Its processes, `web` first, and of one type the newest first: while a deployment of the platform's own is under
    /// way there are several of type `web`.
    pub processes: Vec<Process>,
    /// Its newest package.
    pub package: Option<Package>,
    /// The guid of the droplet that it runs, or would run if it were started.
    pub droplet: Option<String>,
    /// The newest staged droplet, whether it is the current one or not.
    pub staged: Option<Droplet>,
    /// The names of the service instances that are bound to it.
    pub bindings: Vec<String>,
    /// The stack that it is staged on, where its lifecycle has one.
    #[serde(default)]
    pub stack: Option<String>,
}

/// A process of an app.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// The guid.
    pub guid: String,
    /// The type: `web`, `worker`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// How many instances are wanted.
    pub instances: u32,
    /// The memory of one instance, in megabytes.
    pub memory_mb: u64,
    /// What each instance does now; empty where that was not asked (a stopped app).
    pub states: Vec<Instance>,
}

/// One instance of a process, from the stats endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Instance {
    /// The index, from 0.
    pub index: u32,
    /// What tells this very instance from one that takes its place: its guid, or where it listens (an older API does
    /// not tell the guid).
    pub id: Option<String>,
    /// How long it has been running, in seconds.
    pub uptime: Option<u64>,
    /// The state.
    pub state: InstanceState,
    /// What the platform says of a state such as `DOWN`, for instance `insufficient resources: memory`.
    pub details: Option<String>,
}

/// The state of an instance (CC API 3: the process stats object).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InstanceState {
    /// It runs, and the platform does not say that it is not routable.
    Running,
    /// It runs, but its readiness check fails: the routers do not serve it.
    Unready,
    /// It is being started.
    Starting,
    /// It is being stopped.
    Stopping,
    /// It ended by itself.
    Crashed,
    /// It is not running, for a reason that the details tell.
    Down,
}

/// A package: the bits of an app as they were uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Package {
    /// The guid.
    pub guid: String,
    /// Whether the upload is complete and processed.
    pub ready: bool,
}

/// A droplet: the outcome of staging a package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Droplet {
    /// The guid.
    pub guid: String,
    /// The guid of the package it was staged from, where the platform still tells.
    pub package: Option<String>,
}

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

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Destination {
    /// The guid of the app.
    pub app: String,
    /// The type of the process that is reached, `web` if nothing else was asked for.
    pub process: String,
}

/// A service instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServiceInstance {
    /// The guid.
    pub guid: String,
    /// The name.
    pub name: String,
    /// Whether it can be bound: false while it is being created, or where that failed.
    pub ready: bool,
}

/// A quota with what is used of it; `None` is without limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quota {
    /// The name.
    pub name: String,
    /// Whose it is.
    pub scope: QuotaScope,
    /// The memory of all started instances together, in megabytes.
    pub memory_mb: Option<u64>,
    /// The memory that one instance may have, in megabytes.
    pub instance_memory_mb: Option<u64>,
    /// The count of started instances.
    pub instances: Option<u64>,
    /// The count of routes.
    pub routes: Option<u64>,
    /// What is used.
    pub used: Usage,
}

/// Whether a quota is an organization's or a space's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuotaScope {
    /// All spaces of the organization together.
    Organization,
    /// The one space.
    Space,
}

/// What is used of a quota (CC API 3: the usage summary).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Usage {
    /// The memory of all started instances, in megabytes.
    pub memory_mb: u64,
    /// The count of started instances.
    pub instances: u64,
    /// The count of routes.
    pub routes: u64,
}

impl Space {
    /// The app of that name.
    pub fn app(&self, name: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.name == name)
    }

    /// The app of that name, to be changed by a step's effect.
    pub fn app_mut(&mut self, name: &str) -> Option<&mut App> {
        self.apps.iter_mut().find(|app| app.name == name)
    }

    /// The lock on the app that the plan calls so, whether it still holds or has expired.
    pub fn lock(&self, plan_app: &str) -> Option<&Lock> {
        self.locks.iter().find(|lock| lock.app == plan_app)
    }

    /// The route of that URL.
    pub fn route(&self, url: &RouteUrl) -> Option<&Route> {
        self.routes.iter().find(|route| route.is(url))
    }

    /// Whether the route leads to the app's web process.
    pub fn is_mapped(&self, app: &str, url: &RouteUrl) -> bool {
        match (self.app(app), self.route(url)) {
            (Some(app), Some(route)) => route.leads_to(&app.guid),
            (None, _) | (_, None) => false,
        }
    }

    /// The names of the apps that the route leads to, in the order of the route's destinations. An app that is not in
    /// the model is told by its guid.
    pub fn holders(&self, url: &RouteUrl) -> Vec<&str> {
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
    pub fn routes_of(&self, app: &str) -> Vec<&str> {
        let Some(app) = self.app(app) else { return Vec::new() };
        self.routes.iter().filter(|route| route.leads_to(&app.guid)).map(|route| route.url.as_str()).collect()
    }

    /// Takes a route URL apart into host and domain: the longest domain of the organization that fits, as the Cloud
    /// Controller does for the routes of a manifest. `None` where no domain fits.
    pub fn address(&self, url: &RouteUrl) -> Option<RouteParts> {
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

impl App {
    /// The web process; of several the newest, which is the one that a scale or a manifest changes (CC:
    /// `newest_web_process`).
    pub fn web(&self) -> Option<&Process> {
        self.web_processes().next()
    }

    /// The web process, to be changed by a step's effect.
    pub fn web_mut(&mut self) -> Option<&mut Process> {
        self.processes.iter_mut().find(|process| process.kind == "web")
    }

    /// All processes of type `web`: a route leads to each of them.
    pub fn web_processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(|process| process.kind == "web")
    }

    /// How many instances are wanted of all web processes together.
    pub fn web_instances(&self) -> u32 {
        self.web_processes().map(|process| process.instances).sum()
    }

    /// How many instances of web processes run and are routable.
    pub fn running(&self) -> u32 {
        self.web_processes().map(Process::running).sum()
    }

    /// Whether it is started and at least one of its web instances runs.
    pub fn serves(&self) -> bool {
        self.state == AppState::Started && self.running() > 0
    }

    /// The memory that all its instances take when it is started, in megabytes.
    pub fn memory_mb(&self) -> u64 {
        self.processes.iter().map(|process| process.memory_mb * u64::from(process.instances)).sum()
    }

    /// The count of all its instances when it is started.
    pub fn instances(&self) -> u64 {
        self.processes.iter().map(|process| u64::from(process.instances)).sum()
    }
}

impl Process {
    /// How many instances run and are routable.
    pub fn running(&self) -> u32 {
        let running = self.states.iter().filter(|instance| instance.state == InstanceState::Running).count();
        u32::try_from(running).unwrap_or(u32::MAX)
    }
}

impl Route {
    /// Whether it is the route of that URL.
    pub fn is(&self, url: &RouteUrl) -> bool {
        url.is_written(&self.url)
    }

    /// Whether it leads to the web process of the app of that guid.
    pub fn leads_to(&self, app_guid: &str) -> bool {
        self.destinations.iter().any(|to| to.app == app_guid && to.process == "web")
    }
}
