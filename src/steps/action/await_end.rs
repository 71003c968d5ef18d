//! Waits while the instances of a process end, on a platform that does not tell of them.

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

use super::facts::{Facts, Handover};
use super::limits::Limits;
use super::model;
use super::work::Work;

/// How long an instance may take to end. Diego: 10 s between SIGTERM and SIGKILL (`graceful_shutdown_interval`), and what comes
/// before and after them.
pub(super) const TIME: Duration = Duration::from_secs(12);

/// Waits while the instances of a process end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AwaitEnd {
    /// The app.
    pub(crate) app: AppName,
    /// The type of the process.
    pub(crate) process: String,
}

impl Facts for AwaitEnd {
    fn kind(&self) -> &'static str {
        "await-end"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let (time, Self { app, process }) = (format_duration(TIME), self);
        format!(
            "let the instances of process {process} of {app} end ({time}): this platform does not tell when they have"
        )
    }

    fn work(&self) -> Work<'_> {
        Work::Wait(TIME)
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
        Some(format!("clock: {} have passed", format_duration(TIME)))
    }

    fn handover(&self) -> Option<(&str, Handover)> {
        Some((&self.process, Handover::Ends))
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        for process in app.processes.iter_mut().filter(|one| one.kind == self.process && one.instances == 0) {
            process.states.clear();
        }
    }

    fn limits(&self, _timeouts: &Timeouts) -> Limits {
        Limits::once(TIME)
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    fn script(&self, _within: Duration) -> Option<String> {
        Some(shell::sleep(TIME))
    }
}
