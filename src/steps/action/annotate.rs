//! Writes on an app what routes and states cannot tell.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::AppName;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{App, Space};
use crate::steps::annotations::Annotations;

use super::facts::{Answered, Facts};
use super::model;

/// Writes on the app what routes and states cannot tell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Annotate {
    /// The app.
    pub(crate) app: AppName,
    /// What is written.
    pub(crate) annotations: Annotations,
}

/// Writes on an app in the model.
pub(super) fn write(app: &mut App, annotations: &Annotations) {
    for (key, value) in annotations.iter() {
        match value {
            Some(value) => app.annotations.insert(key.to_owned(), value.to_owned()),
            None => app.annotations.remove(key),
        };
    }
    if let (Some(key), Some(droplet)) = (annotations.of_droplet(), &app.droplet) {
        app.annotations.insert(key.to_owned(), droplet.clone());
    }
}

impl Facts for Annotate {
    fn kind(&self) -> &'static str {
        "annotate"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        match self.annotations.role() {
            Some(role) => format!("write on {} that it is {role}", self.app),
            None => format!("write on {} how many instances its processes have", self.app),
        }
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        let Self { app, annotations } = self;
        Some(Invocation::set_annotations(app.as_str(), annotations.iter(), annotations.of_droplet()))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        let annotations = self.annotations.to_map().into_iter().collect();
        Some(Expectation::Annotated { app: self.app.to_string(), annotations })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Annotated {
            annotations: self.annotations.to_map(),
            of_droplet: self.annotations.of_droplet().map(ToOwned::to_owned),
        })
    }

    fn effect(&self, space: &mut Space) {
        write(model::app(space, self.app.as_str()), &self.annotations);
    }

    fn answered_with(&self) -> Answered {
        Answered::App
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Apps]
    }

    fn may_change(&self, facet: &Facet) -> bool {
        match facet {
            Facet::Annotation { key, .. } => self.annotations.has(key),
            Facet::App(_) | Facet::State(_) | Facet::Instances { .. } | Facet::Droplet(_) | Facet::Leads { .. } => {
                false
            }
        }
    }
}
