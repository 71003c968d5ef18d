//! Sets how many web instances an app has.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle};
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::{Facts, NeededFlag};
use super::model;

/// Sets how many web instances the app has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    /// The app.
    pub(crate) app: AppName,
    /// How many.
    pub(crate) instances: u32,
}

impl Facts for Scale {
    fn kind(&self) -> &'static str {
        "scale"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("give {} {} web instances", self.app, self.instances)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::scale(self.app.as_str(), self.instances))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Scaled { app: self.app.to_string(), instances: self.instances })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Scaled { instances: self.instances })
    }

    fn effect(&self, space: &mut Space) {
        if let Some(web) = model::app(space, self.app.as_str()).web_mut() {
            web.instances = self.instances;
        }
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Processes]
    }

    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::Instances { .. } => true,
            Facet::App(_) | Facet::State(_) | Facet::Droplet(_) | Facet::Annotation { .. } | Facet::Leads { .. } => {
                false
            }
        }
    }

    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, _space: &Space) -> &'static [NeededFlag] {
        const SCALES: &[NeededFlag] = &[NeededFlag::of_users("app_scaling")];
        SCALES
    }
}
