//! Deletes an app, once its tasks have ended: a deletion would end them.

use std::time::Duration;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Timeouts, format_duration};
use crate::shell::quote;
use crate::space::Space;
use crate::space::condition::{Condition, Must};
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::{Facts, Proviso};
use super::limits::Limits;
use super::model;
use super::partial::PartialEffect;

/// Deletes the app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delete {
    /// The app.
    pub(crate) app: AppName,
    /// How long its tasks may go on; after that it is not deleted.
    pub(crate) patience: Duration,
}

/// What is found where a deletion was cut off: the app is still there.
const PARTS: &[PartialEffect] = &[PartialEffect {
    when: "when the routes are off",
    cut: |app, before, after| after.apps.extend(before.app(app).cloned()),
}];

impl Facts for Delete {
    fn kind(&self) -> &'static str {
        "delete"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("delete {}, once no task of it runs, or not at all", self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::delete(self.app.as_str()))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Deleted { app: self.app.to_string() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Deleted)
    }

    fn becomes_of_tasks(&self) -> Option<&'static str> {
        Some("the app is deleted once they have ended")
    }

    fn effect(&self, space: &mut Space) {
        let guid = model::app(space, self.app.as_str()).guid.clone();
        space.apps.retain(|app| app.guid != guid);
        model::take_off_routes(space, &guid);
    }

    fn own_confirmation(&self) -> Option<String> {
        Some(format!("clock: its tasks end within {}; it is kept else", format_duration(self.patience)))
    }

    fn proviso(&self) -> Option<Proviso> {
        let instead = format!(
            "it is kept, stopped; once they have ended, it is deleted with cf delete {} -f",
            quote(self.app.as_str())
        );
        Some(Proviso {
            condition: Condition { app: self.app.to_string(), must: Must::NoTasks },
            within: self.patience,
            instead,
        })
    }

    /// To wait for its tasks has its own time.
    fn limits(&self, timeouts: &Timeouts) -> Limits {
        let calls = Limits::of_calls(timeouts.call);
        Limits { within: calls.within + self.patience, ..calls }
    }

    fn partial_effects(&self) -> &'static [PartialEffect] {
        PARTS
    }

    fn takes_away(&self) -> bool {
        true
    }

    fn changes(&self) -> &'static [Section] {
        &Section::DESIRED
    }

    /// Whatever is told of the app goes with it.
    fn may_change(&self, _facet: &Facet) -> bool {
        true
    }
}
