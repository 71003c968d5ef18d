//! Creates an app without anything but what is written on it.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, Lifecycle as NewLifecycle};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle};
use crate::settings::Settings;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{DEFAULT_MEMORY_MB, Space};
use crate::steps::annotations::Annotations;
use crate::steps::sizing::Size;

use super::annotate;
use super::facts::{Answered, Facts};
use super::model;

/// Creates the app without anything but what is written on it: whatever happens from then on, it tells what it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateApp {
    /// The app.
    pub(crate) app: AppName,
    /// The guid of the space.
    pub(crate) space: String,
    /// What it is created as.
    pub(crate) kind: NewApp,
    /// What is written on it.
    pub(crate) annotations: Annotations,
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
        /// The buildpacks, in order; empty where they are to be detected.
        buildpacks: Vec<String>,
    },
}

impl Facts for CreateApp {
    fn kind(&self) -> &'static str {
        "create-app"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let what = match self.kind {
            NewApp::Default => "",
            NewApp::Docker => " as an app that runs an image",
            NewApp::Cnb { .. } => " as an app of Cloud Native Buildpacks",
        };
        let role =
            self.annotations.role().map(|role| format!(", and write on it that it is {role}")).unwrap_or_default();
        format!("create {}{what}{role}", self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        let lifecycle = match &self.kind {
            NewApp::Default => NewLifecycle::Default,
            NewApp::Docker => NewLifecycle::Docker,
            NewApp::Cnb { buildpacks } => NewLifecycle::Cnb { buildpacks },
        };
        Some(Invocation::create_app(self.app.as_str(), &self.space, lifecycle, self.annotations.iter()))
    }

    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::delete(self.app.as_str()))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        let annotations = self.annotations.to_map().into_iter().collect();
        Some(Expectation::Created { app: self.app.to_string(), annotations })
    }

    fn must(&self) -> Option<Must> {
        let annotations = self.annotations.to_map();
        Some(Must::Annotated { annotations, of_droplet: None })
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        app.lifecycle = Some(match self.kind {
            NewApp::Default => Lifecycle::Buildpack,
            NewApp::Docker => Lifecycle::Docker,
            NewApp::Cnb { .. } => Lifecycle::Cnb,
        });
        if app.web().is_none() {
            // CC: a new app has a web process with one instance.
            model::resize(app, Size { instances: 1, memory_mb: DEFAULT_MEMORY_MB });
        }
        app.settings.get_or_insert_with(Settings::of_new_app);
        annotate::write(app, &self.annotations);
    }

    fn answered_with(&self) -> Answered {
        Answered::App
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Apps, Section::Processes]
    }

    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::App(_) | Facet::State(_) | Facet::Instances { .. } => true,
            Facet::Annotation { key, .. } => self.annotations.has(key),
            Facet::Droplet(_) | Facet::Leads { .. } => false,
        }
    }
}
