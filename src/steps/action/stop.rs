//! Stops an app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::AppName;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{AppState, Space};

use super::facts::Facts;
use super::model;

/// Stops the app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stop {
    /// The app.
    pub(crate) app: AppName,
}

impl Facts for Stop {
    fn kind(&self) -> &'static str {
        "stop"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("stop {}, to save resources", self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::stop(self.app.as_str()))
    }

    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::start_now(self.app.as_str()))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Stopped { app: self.app.to_string() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Stopped)
    }

    fn becomes_of_tasks(&self) -> Option<&'static str> {
        Some("a stop leaves them running")
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        app.state = AppState::Stopped;
        for process in &mut app.processes {
            process.states.clear();
        }
    }

    fn takes_away(&self) -> bool {
        true
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Apps, Section::Processes]
    }

    /// Where a deployment of the platform's own waits in the app, its web processes become one, as large as it was before (CC).
    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::State(_) | Facet::Instances { .. } => true,
            Facet::App(_) | Facet::Droplet(_) | Facet::Annotation { .. } | Facet::Leads { .. } => false,
        }
    }
}
