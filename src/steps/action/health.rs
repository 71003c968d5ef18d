//! Watches whether a new version goes on running.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Timeouts, format_duration};
use crate::shell;
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::Facts;
use super::limits::Limits;
use super::traffic::Traffic;
use super::work::Work;

/// Watches whether all instances of the new version go on running.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Health {
    /// The app.
    pub(crate) app: AppName,
    /// How long.
    pub(crate) time: Duration,
}

impl Facts for Health {
    fn kind(&self) -> &'static str {
        "health"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("watch {} for {}: all its instances run, and none crashes", self.app, format_duration(self.time))
    }

    fn work(&self) -> Work<'_> {
        Work::Wait(self.time)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        None
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        None
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Steady { instances: 0 })
    }

    fn own_confirmation(&self) -> Option<String> {
        Some(format!("clock: {} have passed", format_duration(self.time)))
    }

    fn effect(&self, _space: &mut Space) {}

    fn traffic(&self) -> Traffic<'_> {
        Traffic::Checked
    }

    /// What is found at its end has its own time.
    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits::once(self.time + timeouts.call)
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    fn script(&self, _within: Duration) -> Option<String> {
        Some(shell::sleep(self.time))
    }
}
