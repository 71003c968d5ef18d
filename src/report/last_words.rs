//! What is told where the process ends at once: where things stand, as far as is known.

use std::collections::BTreeMap;
use std::io;

use crate::event::{Event, Happening};
use crate::own_commands::OwnCommands;
use crate::steps::Verb;
use crate::steps::phase::Phase;

use super::reporter::Reporter;

/// What is told where the process ends at once.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    /// What the steps in flight are for, by their ids.
    in_flight: BTreeMap<String, String>,
    /// Who serves, by the plan's names of the apps.
    serving: BTreeMap<String, String>,
    /// Whether something is being taken back.
    goes_back: bool,
}

impl LastWords {
    /// In words, for the last moment.
    pub(crate) fn told(&self, own: Option<&OwnCommands>) -> String {
        if self.serving.is_empty() {
            return "ended at once; no step was begun".to_owned();
        }
        let steps: Vec<String> = self.in_flight.iter().map(|(id, purpose)| format!("step {id} ({purpose})")).collect();
        let step = if steps.is_empty() {
            "ended at once, between two steps".to_owned()
        } else {
            let steps = steps.join(" and ");
            format!("ended at once, in the midst of {steps}: the platform may still do what it was asked")
        };
        let verb = if self.goes_back { Verb::Rollback } else { Verb::Apply };
        let ways = own.map(|own| format!("\n{}", own.ways(verb))).unwrap_or_default();
        let serving = self.serving.values().map(String::as_str).collect::<Vec<_>>().join("; ");
        format!("{step}\n{serving}, as far as was last seen{ways}")
    }
}

impl Reporter for LastWords {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.what {
            Happening::StepStarted { step, purpose, phase, .. } => {
                self.goes_back |= *phase == Phase::FallBack;
                self.in_flight.insert(step.clone(), purpose.clone());
            }
            Happening::Serves { app, told } | Happening::Done { app, told, .. } => {
                self.serving.insert(app.clone(), told.clone());
            }
            Happening::StepConfirmed { step, .. }
            | Happening::StepFailed { step, .. }
            | Happening::Stopped { step, .. }
            | Happening::AwaitsApproval { step, .. }
            | Happening::Interrupted { step, .. } => {
                self.in_flight.remove(step);
            }
            Happening::Started { .. }
            | Happening::Output { .. }
            | Happening::Waiting { .. }
            | Happening::StepRepeated { .. }
            | Happening::Logs { .. }
            | Happening::RolledBack { .. }
            | Happening::Stands { .. }
            | Happening::Left { .. }
            | Happening::NotBegun { .. }
            | Happening::LeftAlone { .. }
            | Happening::Warning { .. }
            | Happening::Note { .. }
            | Happening::Hint { .. }
            | Happening::Refused { .. }
            | Happening::Ended { .. } => {}
        }
        Ok(())
    }
}
