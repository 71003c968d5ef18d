//! Starts an app.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, RouteUrl, Timeouts};
use crate::shell;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{App, AppState, Instance, InstanceState, Space};

use super::facts::{Answered, Facts};
use super::limits::Limits;
use super::model;
use super::partial::PartialEffect;
use super::question::RouterQuestion;
use super::traffic::Traffic;

/// Starts the app and waits for all its instances.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Start {
    /// The app.
    pub(crate) app: AppName,
    /// How many web instances are to run at the least.
    pub(crate) instances: u32,
    /// The route at which the router must reach them, where there is one already.
    pub(crate) reached_at: Option<RouteUrl>,
}

/// What is found where a start was cut off.
const PARTS: &[PartialEffect] = &[PartialEffect {
    when: "while the instances start",
    cut: |app, before, after| {
        // What runs already is not started again.
        if before.app(app).is_some_and(App::serves) {
            return;
        }
        let Some(now) = after.app_mut(app) else { return };
        for instance in now.processes.iter_mut().flat_map(|process| &mut process.states) {
            instance.state = InstanceState::Starting;
        }
    },
}];

impl Facts for Start {
    fn kind(&self) -> &'static str {
        "start"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("start {} and wait for all instances ({} of web)", self.app, self.instances)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::start_now(self.app.as_str()))
    }

    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::stop(self.app.as_str()))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::StartRequested { app: self.app.to_string() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Running { instances: self.instances })
    }

    fn router_question(&self) -> Option<RouterQuestion<'_>> {
        self.reached_at.as_ref().map(|url| RouterQuestion::Reached { app: &self.app, url })
    }

    /// Every instance of every process runs.
    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        app.state = AppState::Started;
        let name = &app.name;
        for process in &mut app.processes {
            let running = |index| Instance {
                index,
                id: Some(format!("{name} {index}")),
                uptime: None,
                state: InstanceState::Running,
                details: None,
            };
            process.states = (0..process.instances).map(running).collect();
        }
    }

    fn partial_effects(&self) -> &'static [PartialEffect] {
        PARTS
    }

    fn traffic(&self) -> Traffic<'_> {
        Traffic::Started
    }

    /// A start is done when it is asked for; whether all instances come up is waited for with more patience.
    fn is_asked_for(&self, space: &Space) -> bool {
        space.app(self.app.as_str()).is_some_and(|app| app.state == AppState::Started)
    }

    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits { attempt: timeouts.call.min(timeouts.start), within: timeouts.start }
    }

    fn answered_with(&self) -> Answered {
        Answered::App
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Apps, Section::Processes]
    }

    fn may_change(&self, facet: &Facet) -> bool {
        matches!(facet, Facet::State(_)) || facet.is_of_droplet()
    }

    /// A script has no eye of its own on the instances; `cf start` waits for the first one of each process.
    fn script(&self, _within: Duration) -> Option<String> {
        Some(shell::command(["cf", "start", self.app.as_str()]))
    }
}
