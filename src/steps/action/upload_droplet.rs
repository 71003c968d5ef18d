//! Uploads a droplet.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Timeouts};
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{AppState, Droplet, Space};

use super::facts::Facts;
use super::limits::Limits;
use super::model;
use super::partial::PartialEffect;
use super::traffic::Traffic;

/// Uploads a droplet, and makes it the one that the app runs from its next start on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UploadDroplet {
    /// The app.
    pub(crate) app: AppName,
    /// The file.
    pub(crate) file: String,
    /// The digest of its content in hex.
    pub(crate) checksum: String,
    /// The guid of the newest droplet of the app before.
    pub(crate) before: Option<String>,
}

/// cf 8.17 (`v7pushaction/sequence.go`): first it uploads it, then it sets it.
const PARTS: &[PartialEffect] = &[PartialEffect {
    when: "once the droplet is uploaded",
    cut: |app, before, after| {
        if let (Some(now), Some(before)) = (after.app_mut(app), before.app(app)) {
            now.droplet.clone_from(&before.droplet);
        }
    },
}];

impl Facts for UploadDroplet {
    fn kind(&self) -> &'static str {
        "upload-droplet"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let Self { app, file, checksum, .. } = self;
        format!("upload '{file}' (sha256 {checksum}) as the droplet that {app} runs; nothing is staged")
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::push_droplet(self.app.as_str(), &self.file))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Pushed { app: self.app.to_string() })
    }

    fn must(&self) -> Option<Must> {
        let (checksum, before) = (self.checksum.clone(), self.before.clone());
        Some(Must::Droplet { checksum, before })
    }

    fn effect(&self, space: &mut Space) {
        let guid = format!("droplet after {}", self.before.as_deref().unwrap_or("none"));
        let app = model::app(space, self.app.as_str());
        app.state = AppState::Stopped;
        app.droplet = Some(guid.clone());
        app.staged = Some(Droplet { guid, package: None, checksum: Some(self.checksum.clone()) });
        let guid = app.guid.clone();
        model::take_off_routes(space, &guid);
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

    fn changes(&self) -> &'static [Section] {
        &Section::DESIRED
    }

    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::App(_) | Facet::State(_) | Facet::Instances { .. } | Facet::Droplet(_) | Facet::Leads { .. } => true,
            Facet::Annotation { .. } => false,
        }
    }
}
