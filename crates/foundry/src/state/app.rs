//! Apps.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Deployment, Droplet, Guid, Metadata, Process, State, resource};

/// Whether an app is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum DesiredState {
    /// It is to run.
    Started,
    /// It is not.
    Stopped,
}

/// The ways in which packages become something that runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LifecycleKind {
    /// Buildpacks make a droplet.
    #[default]
    Buildpack,
    /// The package is an image that runs as it is.
    Docker,
    /// Cloud Native Buildpacks make an image.
    Cnb,
}

impl LifecycleKind {
    /// All of them, in the order in which the Cloud Controller names them.
    pub(crate) const ALL: [Self; 3] = [Self::Buildpack, Self::Docker, Self::Cnb];

    /// The API's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Buildpack => "buildpack",
            Self::Docker => "docker",
            Self::Cnb => "cnb",
        }
    }

    /// The feature flag that an administrator must have switched on for it.
    pub(crate) fn flag(self) -> Option<&'static str> {
        match self {
            Self::Buildpack => None,
            Self::Docker => Some("diego_docker"),
            Self::Cnb => Some("diego_cnb"),
        }
    }
}

/// How a package becomes something that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lifecycle {
    /// The way.
    pub kind: LifecycleKind,
    /// The buildpacks that the user named; none means detection.
    pub buildpacks: Vec<String>,
    /// The stack that the user named.
    pub stack: Option<String>,
}

impl Lifecycle {
    /// Fails, with what the API says, where an app's lifecycle would become one of another kind.
    pub(crate) fn must_stay(&self, kind: LifecycleKind) -> Result<(), String> {
        if self.kind == kind {
            return Ok(());
        }
        Err(format!("Lifecycle type cannot be changed from {} to {}", self.kind.as_str(), kind.as_str()))
    }
}

/// The switches of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Features {
    pub ssh: bool,
    pub revisions: bool,
    pub service_binding_k8s: bool,
    pub file_based_vcap_services: bool,
}

impl Default for Features {
    /// (`cloud_controller_ng`: `default_app_ssh_access: true`, revisions on.)
    fn default() -> Self {
        Self { ssh: true, revisions: true, service_binding_k8s: false, file_based_vcap_services: false }
    }
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct App {
    /// Its guid.
    pub guid: Guid,
    /// Unique in its space, without regard to capitals.
    pub name: String,
    /// Where it lives.
    pub space: Guid,
    /// Whether it is to run.
    pub state: DesiredState,
    /// What the user set; not what the platform adds.
    pub environment: IndexMap<String, String>,
    /// How it is built.
    pub lifecycle: Lifecycle,
    /// What runs at the next start.
    pub droplet: Option<Guid>,
    /// Its switches.
    pub features: Features,
    /// Labels and annotations.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

resource!(App, labelled, named);

impl App {
    /// An app that nothing is known of but its name.
    pub(crate) fn new(name: &str, space: &Guid) -> Self {
        let now = Timestamp::now();
        Self {
            guid: Guid::random(),
            name: name.to_owned(),
            space: space.clone(),
            state: DesiredState::Stopped,
            environment: IndexMap::new(),
            lifecycle: Lifecycle::default(),
            droplet: None,
            features: Features::default(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }
}

impl State {
    /// An app by its name in a space, without regard to capitals.
    pub(crate) fn app_named(&self, space: &Guid, name: &str) -> Option<&App> {
        self.apps.values().find(|app| app.space == *space && app.name.eq_ignore_ascii_case(name))
    }

    /// The processes of an app, oldest first.
    pub(crate) fn processes_of<'a>(&'a self, app: &'a Guid) -> impl Iterator<Item = &'a Process> + 'a {
        self.processes.values().filter(move |process| process.app == *app)
    }

    /// The process of an app that a type names; of several web processes the newest.
    pub(crate) fn process_of_type(&self, app: &Guid, kind: &str) -> Option<&Process> {
        self.processes.values().rev().find(|process| process.app == *app && process.kind == kind)
    }

    /// The processes that are to run in the spaces that fit.
    pub(crate) fn started_processes<'a>(
        &'a self,
        fits: impl Fn(&Guid) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Process> + 'a {
        self.processes.values().filter(move |process| {
            process.state == DesiredState::Started && self.apps.get(&process.app).is_some_and(|app| fits(&app.space))
        })
    }

    /// The droplet that runs at the next start of an app.
    pub(crate) fn current_droplet(&self, app: &Guid) -> Option<&Droplet> {
        self.droplets.get(self.apps.get(app)?.droplet.as_ref()?)
    }

    /// The deployments of an app that are not over.
    pub(crate) fn active_deployments<'a>(&'a self, app: &'a Guid) -> impl Iterator<Item = &'a Deployment> + 'a {
        self.deployments.values().filter(move |deployment| deployment.app == *app && deployment.state.is_active())
    }

    /// Removes an app with all that is its own; routes stay, without it.
    pub(crate) fn remove_app(&mut self, app: &Guid) {
        for route in self.routes.values_mut() {
            route.destinations.retain(|to| to.app != *app);
        }
        self.service_bindings.retain(|_, binding| binding.app.as_ref() != Some(app));
        self.network_policies.retain(|policy| policy.source != *app && policy.destination != *app);
        self.packages.retain(|_, package| package.app != *app);
        self.builds.retain(|_, build| build.app != *app);
        self.droplets.retain(|_, droplet| droplet.app != *app);
        self.deployments.retain(|_, deployment| deployment.app != *app);
        self.revisions.retain(|_, revision| revision.app != *app);
        self.tasks.retain(|_, task| task.app != *app);
        self.sidecars.retain(|_, sidecar| sidecar.app != *app);
        self.processes.retain(|_, process| process.app != *app);
        self.apps.shift_remove(app);
    }
}
