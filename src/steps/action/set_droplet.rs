//! Makes the newest staged droplet of an app the one that is started.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, Reference};
use crate::cf::outcome::Expectation;
use crate::plan::AppName;
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::{Answered, Facts};
use super::model;

/// Makes the newest staged droplet the one that is started.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SetDroplet {
    /// The app.
    pub(crate) app: AppName,
}

impl Facts for SetDroplet {
    fn kind(&self) -> &'static str {
        "set-droplet"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("make the new droplet the one that {} runs", self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        let app = self.app.as_str();
        Some(Invocation::set_current_droplet(app, Reference::DropletGuid(app.to_owned())))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::DropletSet)
    }

    fn must(&self) -> Option<Must> {
        Some(Must::DropletSet)
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        app.droplet = app.staged.as_ref().map(|droplet| droplet.guid.clone());
    }

    fn answered_with(&self) -> Answered {
        Answered::CurrentDroplet
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Apps, Section::Processes]
    }

    /// A droplet may bring processes of its own.
    fn may_change(&self, facet: &Facet) -> bool {
        facet.is_of_droplet()
    }

    /// A script has no use for the answer; `cf set-droplet` reads better.
    fn script(&self, _within: Duration) -> Option<String> {
        let app = self.app.as_str();
        Some(Invocation::set_droplet(app, Reference::DropletGuid(app.to_owned())).shell())
    }
}
