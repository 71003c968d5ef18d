//! Sets how many instances a process has that is handed over from one version to the other.

use std::time::Duration;

use serde_json::json;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{AppRequest, Body, Invocation, Method};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle, Timeouts};
use crate::shell;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{App, AppState, Instance, InstanceState, Process, Space};

use super::await_end;
use super::facts::{Facts, Handover, NeededFlag};
use super::limits::Limits;
use super::model;
use super::partial::PartialEffect;

/// Sets how many instances a process of the app has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScaleProcess {
    /// The app.
    pub(crate) app: AppName,
    /// The type of the process.
    pub(crate) process: String,
    /// How many.
    pub(crate) instances: u32,
    /// What that is for.
    pub(crate) aim: Aim,
    /// Whether only a droplet may bring the process: of a version whose droplet does not, nothing is scaled.
    pub(crate) is_optional: bool,
}

/// What a process is scaled for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Its version is to start without it.
    Hold,
    /// It ends.
    End {
        /// The app that runs it then; `None` where that does not have it.
        next: Option<AppName>,
    },
    /// It runs.
    Run,
}

/// What is found where it was cut off.
const PARTS: &[PartialEffect] = &[PartialEffect {
    when: "while its instances come or go",
    cut: |app, before, after| {
        let (Some(then), Some(now)) = (before.app(app), after.app_mut(app)) else { return };
        for process in &mut now.processes {
            let was = then.process(&process.kind);
            match was {
                Some(was) if was.instances > 0 && process.instances == 0 => process.states = ending(&was.states),
                Some(was) if was.states == process.states => {}
                Some(_) | None => {
                    for instance in &mut process.states {
                        instance.state = InstanceState::Starting;
                    }
                }
            }
        }
    },
}];

/// These instances, as they end.
fn ending(states: &[Instance]) -> Vec<Instance> {
    states.iter().map(|one| Instance { state: InstanceState::Stopping, ..one.clone() }).collect()
}

/// Sets how many instances a process has in the model.
fn rescale(app: &mut App, kind: &str, instances: u32) {
    if instances == 0 && !app.has_process(kind) {
        return;
    }
    let (name, runs) = (app.name.clone(), app.state == AppState::Started);
    let process: &mut Process = app.make_process(kind);
    process.instances = instances;
    let running = |index| Instance {
        index,
        id: Some(format!("{name} {kind} {index}")),
        uptime: None,
        state: InstanceState::Running,
        details: None,
    };
    process.states = match (runs, instances) {
        (false, _) => Vec::new(),
        (true, 0) if process.ends_unseen => ending(&process.states),
        (true, _) => (0..instances).map(running).collect(),
    };
}

impl Facts for ScaleProcess {
    fn kind(&self) -> &'static str {
        "scale-process"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let Self { app, process, instances, aim, is_optional } = self;
        match aim {
            Aim::Hold => format!("leave process {process} of {app} without instances until the switch"),
            Aim::End { next: Some(next) } => {
                format!("end process {process} of {app}; from here on none of it runs, until that of {next} does")
            }
            Aim::End { next: None } => format!("end process {process} of {app}"),
            Aim::Run if *is_optional => {
                format!("run process {process} of {app}, where its droplet brings one: {instances} instances")
            }
            Aim::Run => format!("run process {process} of {app}: {instances} instances"),
        }
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::app_request(&AppRequest {
            method: Method::Post,
            app: self.app.as_str(),
            path: &format!("/processes/{}/actions/scale", self.process),
            body: Body::Shown(json!({ "instances": self.instances })),
        }))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Json)
    }

    fn must(&self) -> Option<Must> {
        let Self { process, instances, is_optional, .. } = self;
        Some(Must::Process { process: process.clone(), instances: *instances, or_absent: *is_optional })
    }

    fn effect(&self, space: &mut Space) {
        rescale(model::app(space, self.app.as_str()), &self.process, self.instances);
    }

    fn partial_effects(&self) -> &'static [PartialEffect] {
        PARTS
    }

    /// Whether all instances come up is waited for with more patience.
    fn is_asked_for(&self, space: &Space) -> bool {
        let process = space.app(self.app.as_str()).and_then(|app| app.process(&self.process));
        process.is_some_and(|process| process.instances == self.instances)
    }

    fn takes_away(&self) -> bool {
        matches!(self.aim, Aim::End { .. })
    }

    /// No route leads to it.
    fn may_take_off(&self, _route: &str) -> bool {
        false
    }

    fn limits(&self, timeouts: &Timeouts) -> Limits {
        match self.aim {
            Aim::Run => Limits { attempt: timeouts.call.min(timeouts.start), within: timeouts.start },
            Aim::Hold | Aim::End { .. } => Limits::of_calls(timeouts.call),
        }
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Processes]
    }

    fn may_change(&self, facet: &Facet) -> bool {
        let Facet::Instances { process, .. } = facet else { return false };
        *process == self.process
    }

    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, _space: &Space) -> &'static [NeededFlag] {
        const SCALES: &[NeededFlag] = &[NeededFlag::of_users("app_scaling")];
        SCALES
    }

    fn handover(&self) -> Option<(&str, Handover)> {
        match self.aim {
            Aim::Hold => None,
            Aim::End { next: Some(_) } => Some((&self.process, Handover::Ends)),
            Aim::End { next: None } => Some((&self.process, Handover::Goes)),
            Aim::Run => Some((&self.process, Handover::Runs)),
        }
    }

    /// `cf scale` waits until the first instance of each process runs, and for none to end.
    fn script(&self, _within: Duration) -> Option<String> {
        let count = self.instances.to_string();
        let scale = shell::command(["cf", "scale", self.app.as_str(), "--process", &self.process, "-i", &count]);
        Some(match self.aim {
            Aim::End { next: Some(_) } => format!("{scale}\n{}", shell::sleep(await_end::TIME)),
            Aim::Hold | Aim::End { next: None } | Aim::Run => scale,
        })
    }
}
