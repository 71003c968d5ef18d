//! Stages the newest package of an app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, Reference};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Timeouts};
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{Droplet, Space};

use super::facts::{Facts, SeenEarly};
use super::limits::Limits;
use super::model;

/// What a staging logs when nothing is left to do but to upload the droplet (buildpackapplifecycle, `builder`). cf 8.17 prints a
/// line of the log two seconds after it was written.
const LAST_WORDS: &[&str] = &["Uploading droplet"];

/// Stages the newest package.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stage {
    /// The app.
    pub(crate) app: AppName,
}

impl Facts for Stage {
    fn kind(&self) -> &'static str {
        "stage"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("stage the newest package of {}", self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        let app = self.app.as_str();
        Some(Invocation::stage_package(app, Reference::PackageGuid(app.to_owned())))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Staged { app: self.app.to_string() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Staged)
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        let package = app.package.as_ref().map(|package| package.guid.clone());
        let guid = format!("droplet of {}", package.as_deref().unwrap_or("none"));
        app.staged = Some(Droplet { guid, package, checksum: None });
    }

    /// cf 8.17: `stage-package` polls the build, every 3 s.
    fn is_watched_by_cf(&self) -> bool {
        true
    }

    fn seen_before_cf_ends(&self) -> SeenEarly {
        SeenEarly::AtOnce { last_words: LAST_WORDS }
    }

    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits::once(timeouts.staging)
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Apps, Section::Processes]
    }

    /// A droplet may bring processes of its own.
    fn may_change(&self, facet: &Facet) -> bool {
        facet.is_of_droplet()
    }
}
