//! Waits while an app ends the requests that it has begun.

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

/// Waits while the app ends the requests that it has begun.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drain {
    /// The app.
    pub(crate) app: AppName,
    /// How long.
    pub(crate) time: Duration,
}

impl Facts for Drain {
    fn kind(&self) -> &'static str {
        "drain"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("let {} finish the requests that it has begun ({})", self.app, format_duration(self.time))
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
        None
    }

    fn own_confirmation(&self) -> Option<String> {
        Some(format!("clock: {} have passed", format_duration(self.time)))
    }

    fn effect(&self, _space: &mut Space) {}

    fn traffic(&self) -> Traffic<'_> {
        Traffic::Drained
    }

    /// Once it is over, the app is let go.
    fn takes_away(&self) -> bool {
        true
    }

    fn limits(&self, _timeouts: &Timeouts) -> Limits {
        Limits::once(self.time)
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
