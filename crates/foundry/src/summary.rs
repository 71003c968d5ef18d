//! What is in a foundry, told to whoever starts one: without calls, and without its records.

use indexmap::IndexMap;

use crate::platform::Platform;
use crate::runtime::{LrpKey, LrpState};
use crate::state::{App, DesiredState, Process, Route, State};

/// An app as it is desired to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSummary {
    /// Its guid.
    pub guid: String,
    /// Its name.
    pub name: String,
    /// Whether it is to run.
    pub started: bool,
    /// Its annotations.
    pub annotations: IndexMap<String, String>,
    /// Its processes, in the order of their making.
    pub processes: Vec<ProcessSummary>,
}

impl AppSummary {
    pub(crate) fn new(db: &State, app: &App) -> Self {
        Self {
            guid: app.guid.to_string(),
            name: app.name.clone(),
            started: app.state == DesiredState::Started,
            annotations: app.metadata.annotations.clone(),
            processes: db.processes_of(&app.guid).map(ProcessSummary::new).collect(),
        }
    }
}

/// A process of an app as it is desired to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSummary {
    /// Its type, such as `web`.
    pub kind: String,
    /// How many instances there are to be.
    pub instances: u32,
    /// The memory of each, in MB.
    pub memory_in_mb: u64,
}

impl ProcessSummary {
    fn new(process: &Process) -> Self {
        Self { kind: process.kind.clone(), instances: process.instances, memory_in_mb: process.memory_in_mb }
    }
}

/// A route and the apps that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSummary {
    /// Its guid.
    pub guid: String,
    /// Its host, without the domain.
    pub host: String,
    /// Host, domain, port and path.
    pub url: String,
    /// The names of the apps, in the order in which they were mapped.
    pub apps: Vec<String>,
}

impl RouteSummary {
    pub(crate) fn new(db: &State, route: &Route) -> Self {
        let apps = route.destinations.iter().filter_map(|to| db.apps.get(&to.app));
        Self {
            guid: route.guid.to_string(),
            host: route.host.clone(),
            url: db.url_of(route),
            apps: apps.map(|app| app.name.clone()).collect(),
        }
    }
}

/// An instance that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceSummary {
    /// Its guid, a new one with each start.
    pub guid: String,
    /// Whether it has a place and is not yet well.
    pub starting: bool,
}

/// The instances of all apps.
pub(crate) fn instances(platform: &Platform) -> Vec<InstanceSummary> {
    let keys: Vec<LrpKey> = platform.store.read(|db| {
        let keys = db.processes.values().map(|one| LrpKey { process: one.guid.clone(), version: one.version.clone() });
        keys.collect()
    });
    let reports = keys.iter().flat_map(|key| platform.cell.reports(key));
    reports
        .map(|report| InstanceSummary {
            guid: report.instance.to_string(),
            starting: report.state == LrpState::Claimed,
        })
        .collect()
}
