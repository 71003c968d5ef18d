//! Copies the droplet of another app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Timeouts};
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{Droplet, Space};

use super::facts::Facts;
use super::limits::Limits;
use super::model;
use super::traffic::Traffic;

/// Copies the droplet of another app to the app, which is then its newest one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CopyDroplet {
    /// The app.
    pub(crate) app: AppName,
    /// The guid of the droplet.
    pub(crate) droplet: String,
    /// The digest of its content in hex.
    pub(crate) checksum: String,
    /// Whose it is, and what it is, in words.
    pub(crate) told: String,
    /// The guid of the newest droplet of the app before.
    pub(crate) before: Option<String>,
}

impl Facts for CopyDroplet {
    fn kind(&self) -> &'static str {
        "copy-droplet"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let Self { app, droplet, told, .. } = self;
        format!("copy to {app} droplet {droplet} of {told}; nothing is staged")
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::copy_droplet(self.app.as_str(), &self.droplet))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::DropletCopied)
    }

    fn must(&self) -> Option<Must> {
        let (checksum, before) = (self.checksum.clone(), self.before.clone());
        Some(Must::Droplet { checksum, before })
    }

    fn effect(&self, space: &mut Space) {
        let guid = format!("droplet after {}", self.before.as_deref().unwrap_or("none"));
        let app = model::app(space, self.app.as_str());
        app.staged = Some(Droplet { guid, package: None, checksum: Some(self.checksum.clone()) });
    }

    fn traffic(&self) -> Traffic<'_> {
        Traffic::NewVersion
    }

    /// CC (`droplet_bits_copier.rb`): a job copies the content, and is asked for by one call.
    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits { attempt: timeouts.call, within: timeouts.staging }
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }
}
