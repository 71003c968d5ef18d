//! Deletes an app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::AppName;
use crate::space::Space;
use crate::space::condition::Condition;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::Facts;
use super::model;
use super::partial::PartialEffect;

/// Deletes the app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delete {
    /// The app.
    pub(crate) app: AppName,
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
        format!("delete {}", self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::delete(self.app.as_str()))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Deleted { app: self.app.to_string() })
    }

    fn condition(&self) -> Option<Condition> {
        Some(Condition::Deleted { app: self.app.to_string() })
    }

    fn effect(&self, space: &mut Space) {
        let guid = model::app(space, self.app.as_str()).guid.clone();
        space.apps.retain(|app| app.guid != guid);
        model::take_off_routes(space, &guid);
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
