//! An app, with what is known of its processes, its newest package and its droplets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::droplet::Droplet;
use super::package::Package;
use super::process::Process;
use super::task::Task;
use super::version::Version;
use crate::plan::Lifecycle;
use crate::settings::{Settings, WEB};

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
    /// Those before it, the newest first, as far as they are near: read where a deployment of the app is under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub older_packages: Vec<Package>,
    /// The guid of the droplet that it runs, or would run if it were started.
    pub droplet: Option<String>,
    /// The newest staged droplet, whether it is the current one or not.
    pub staged: Option<Droplet>,
    /// What binds it to service instances.
    pub bindings: Vec<Binding>,
    /// Its tasks that have not ended, and those of the deployment under way, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    /// The stack that it is staged on, where its lifecycle has one.
    #[serde(default)]
    pub stack: Option<String>,
    /// What it is set to beside that; `None` where that was not read, or is hidden from the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

impl App {
    /// An app without anything, stopped.
    pub(crate) fn new(guid: &str, name: &str) -> Self {
        Self {
            guid: guid.to_owned(),
            name: name.to_owned(),
            state: AppState::Stopped,
            lifecycle: None,
            annotations: BTreeMap::new(),
            processes: Vec::new(),
            package: None,
            older_packages: Vec::new(),
            droplet: None,
            staged: None,
            bindings: Vec::new(),
            tasks: Vec::new(),
            stack: None,
            settings: None,
        }
    }

    /// The same app as the platform has just told it, with all that it does not tell in one breath: processes, packages, the
    /// newest droplet, bindings, tasks.
    #[must_use]
    pub(crate) fn with_told(&self, now: Self) -> Self {
        Self {
            processes: self.processes.clone(),
            package: self.package.clone(),
            older_packages: self.older_packages.clone(),
            staged: self.staged.clone(),
            bindings: self.bindings.clone(),
            tasks: self.tasks.clone(),
            settings: self.settings.clone(),
            ..now
        }
    }

    /// The web process; of several the newest, which is the one that a scale or a manifest changes (CC:
    /// `newest_web_process`).
    pub(crate) fn web(&self) -> Option<&Process> {
        self.process(WEB)
    }

    /// The web process, to be changed by a step's effect.
    pub(crate) fn web_mut(&mut self) -> Option<&mut Process> {
        self.processes.iter_mut().find(|process| process.kind == WEB)
    }

    /// All processes of type `web`: a route leads to each of them.
    pub(crate) fn web_processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(|process| process.kind == WEB)
    }

    /// What routers can tell apart of it, the newest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = Version> {
        self.web_processes().map(|web| Version { app: self.name.clone(), process: web.guid.clone() })
    }

    /// The process of that guid.
    pub(crate) fn process_by_guid(&self, guid: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.guid == guid)
    }

    /// The process of that type; of several `web` ones the newest.
    pub(crate) fn process(&self, kind: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.kind == kind)
    }

    /// How many instances are wanted of the process of that type.
    pub(crate) fn instances_of(&self, kind: &str) -> u32 {
        self.process(kind).map_or(0, |process| process.instances)
    }

    /// How many instances are wanted of all web processes together.
    pub(crate) fn web_instances(&self) -> u32 {
        self.web_processes().map(|process| process.instances).sum()
    }

    /// How many instances of web processes run and are routable.
    pub(crate) fn running(&self) -> u32 {
        self.web_processes().map(Process::running).sum()
    }

    /// Whether it is started and at least one of its web instances runs.
    pub(crate) fn serves(&self) -> bool {
        self.state == AppState::Started && self.running() > 0
    }

    /// The memory that all its instances take when it is started, in megabytes.
    pub(crate) fn memory_mb(&self) -> u64 {
        self.processes.iter().map(|process| process.memory_mb * u64::from(process.instances)).sum()
    }

    /// The newest task of that name.
    pub(crate) fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// The tasks that have not ended, in words; `None` where there is none.
    pub(crate) fn open_tasks(&self) -> Option<String> {
        let open = self.tasks.iter().filter(|task| !task.state.is_over());
        let told: Vec<String> = open.map(|task| format!("{} ({})", task.id, task.name)).collect();
        match told.as_slice() {
            [] => None,
            [one] => Some(format!("task {one}")),
            several => Some(format!("{} tasks: {}", several.len(), several.join(", "))),
        }
    }

    /// The memory that its tasks take, whether it is started or not, in megabytes.
    pub(crate) fn tasks_memory_mb(&self) -> u64 {
        self.tasks.iter().filter(|task| task.counts()).map(|task| task.memory_mb).sum()
    }

    /// Whether the service instance of that name is bound to it.
    pub(crate) fn is_bound(&self, service: &str) -> bool {
        self.bindings.iter().any(|binding| binding.service == service)
    }

    /// The count of all its instances when it is started.
    pub(crate) fn instances(&self) -> u64 {
        self.processes.iter().map(|process| u64::from(process.instances)).sum()
    }
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
