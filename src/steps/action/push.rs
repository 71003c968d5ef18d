//! Applies the manifest and uploads the files.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{self, Invocation, PushedManifest};
use crate::cf::outcome::Expectation;
use crate::plan::{Lifecycle, Timeouts};
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{AppState, Package, Space};
use crate::steps::sizing::{Declared, Size};

use super::facts::{Facts, NeededFlag, SeenEarly};
use super::limits::Limits;
use super::model;
use super::partial::PartialEffect;
use super::traffic::Traffic;

/// Applies the manifest and uploads the files, without routes and without a start.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Push {
    /// What is pushed.
    pub(crate) call: invocation::Push,
    /// The image that it runs, where nothing is uploaded.
    pub(crate) image: Option<String>,
    /// What the manifest makes of the app.
    pub(crate) declared: Declared,
    /// The guid of the app's newest package before.
    pub(crate) before: Option<String>,
}

/// What the platform asks for, by the lifecycle of the app.
const DOCKER: &[NeededFlag] = &[NeededFlag::of_all("diego_docker")];
const CNB: &[NeededFlag] = &[NeededFlag::of_all("diego_cnb"), NeededFlag::of_users("app_bits_upload")];
const BUILDPACK: &[NeededFlag] = &[NeededFlag::of_users("app_bits_upload")];

/// What is found where a push was cut off.
const PARTS: &[PartialEffect] = &[
    PartialEffect {
        when: "when the manifest is applied",
        cut: |app, before, after| {
            if let (Some(now), Some(before)) = (after.app_mut(app), before.app(app)) {
                now.package.clone_from(&before.package);
                now.older_packages.clone_from(&before.older_packages);
            }
        },
    },
    PartialEffect {
        when: "during the upload",
        cut: |app, _, after| {
            if let Some(now) = after.app_mut(app) {
                now.package = now.package.take().map(|package| Package { ready: false, ..package });
            }
        },
    },
];

/// cf 8.17 prints one of these once it has made the package.
const UPLOADS: &[&str] = &["Uploading files...", "All files found in remote cache; nothing to upload."];

impl Facts for Push {
    fn kind(&self) -> &'static str {
        "push"
    }

    fn app(&self) -> &str {
        &self.call.app
    }

    fn purpose(&self) -> String {
        let app = &self.call.app;
        let what = match &self.image {
            Some(image) => format!("set image {image} for {app}"),
            None => format!("upload {app}"),
        };
        let Size { instances, memory_mb } = self.declared.size;
        let part = match &self.call.manifest {
            Some(PushedManifest::Part(part)) => format!("; of '{}' no other application is read", part.file),
            Some(PushedManifest::File(_)) | None => String::new(),
        };
        format!("{what}, {instances} × {memory_mb} MB, without routes and without starting it{part}")
    }

    fn invocation(&self, cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::push_no_start(&self.call, cf))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Pushed { app: self.call.app.clone() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Uploaded { before: self.before.clone() })
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, &self.call.app);
        let guid = format!("after {}", self.before.as_deref().unwrap_or("none"));
        app.package = Some(Package { guid, ready: true });
        // What others have uploaded before it is no matter any more.
        app.older_packages.clear();
        app.state = AppState::Stopped;
        model::apply_manifest(space, &self.call.app, &self.declared);
    }

    fn partial_effects(&self) -> &'static [PartialEffect] {
        PARTS
    }

    fn traffic(&self) -> Traffic<'_> {
        Traffic::NewVersion
    }

    fn may_take_off(&self, _route: &str) -> bool {
        true
    }

    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits::once(timeouts.upload)
    }

    /// cf 8.17: once its own package is there, the upload is the last thing that a push does which starts nothing, of an app
    /// that is stopped. It rests for a second then, so that its progress bar can be drawn to the end, and looks at the app from
    /// all sides to show it. An image is no such matter.
    fn seen_before_cf_ends(&self) -> SeenEarly {
        if self.image.is_some() { SeenEarly::Never } else { SeenEarly::Uploads { once_said: UPLOADS } }
    }

    fn changes(&self) -> &'static [Section] {
        &Section::DESIRED
    }

    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::App(_) | Facet::State(_) | Facet::Instances { .. } | Facet::Droplet(_) | Facet::Leads { .. } => true,
            Facet::Annotation { .. } => false,
        }
    }

    fn needed_flags(&self, lifecycle: Option<Lifecycle>, _space: &Space) -> &'static [NeededFlag] {
        match lifecycle {
            Some(Lifecycle::Docker) => DOCKER,
            Some(Lifecycle::Cnb) => CNB,
            Some(Lifecycle::Buildpack) | None => BUILDPACK,
        }
    }

    fn declared(&self) -> Option<&Declared> {
        Some(&self.declared)
    }
}
