//! Creates an app without anything.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle};
use crate::space::Space;
use crate::space::condition::{Condition, Section};
use crate::space::difference::Facet;
use crate::steps::sizing::{DEFAULT_MEMORY_MB, Size};

use super::facts::Facts;
use super::model;

/// Creates the app without anything, so that it can be written on before it is pushed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateApp {
    /// The app.
    pub(crate) app: AppName,
    /// What it is created as.
    pub(crate) kind: NewApp,
}

/// What an app is created as. CC: it keeps that for good, and a push of another kind is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewApp {
    /// Whatever the platform makes of apps that say nothing: on all known ones, of files and buildpacks.
    Default,
    /// One that runs an image.
    Docker,
    /// One of Cloud Native Buildpacks.
    Cnb {
        /// The guid of the space.
        space: String,
        /// The buildpacks, in order; empty where they are to be detected.
        buildpacks: Vec<String>,
    },
}

impl NewApp {
    /// The lifecycle that it will have.
    fn lifecycle(&self) -> Lifecycle {
        match self {
            Self::Default => Lifecycle::Buildpack,
            Self::Docker => Lifecycle::Docker,
            Self::Cnb { .. } => Lifecycle::Cnb,
        }
    }
}

impl Facts for CreateApp {
    fn kind(&self) -> &'static str {
        "create-app"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let app = &self.app;
        match self.kind {
            NewApp::Default => format!("create {app} without anything"),
            NewApp::Docker => format!("create {app} as an app that runs an image, without anything"),
            NewApp::Cnb { .. } => format!("create {app} as an app of Cloud Native Buildpacks, without anything"),
        }
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        let app = self.app.as_str();
        Some(match &self.kind {
            NewApp::Default => Invocation::create_app(app),
            NewApp::Docker => Invocation::create_docker_app(app),
            NewApp::Cnb { space, buildpacks } => Invocation::create_cnb_app(app, space, buildpacks),
        })
    }

    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::delete(self.app.as_str()))
    }

    fn expectation(&self) -> Option<Expectation> {
        let app = self.app.to_string();
        Some(match self.kind {
            NewApp::Default | NewApp::Docker => Expectation::Created { app },
            NewApp::Cnb { .. } => Expectation::MarkerCreated { app, annotations: Vec::new() },
        })
    }

    fn condition(&self) -> Option<Condition> {
        Some(Condition::Exists { app: self.app.to_string() })
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        app.lifecycle = Some(self.kind.lifecycle());
        if app.web().is_none() {
            // CC: a new app has a web process with one instance.
            model::resize(app, Size { instances: 1, memory_mb: DEFAULT_MEMORY_MB });
        }
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Apps, Section::Processes]
    }

    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::App(_) | Facet::State(_) | Facet::Instances { .. } => true,
            Facet::Droplet(_) | Facet::Annotation { .. } | Facet::Leads { .. } => false,
        }
    }
}
