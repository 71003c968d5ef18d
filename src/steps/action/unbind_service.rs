//! Unbinds a service instance from an app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, ServiceName, Timeouts};
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::Facts;
use super::limits::Limits;
use super::model;

/// Unbinds a service instance from the app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnbindService {
    /// The app.
    pub(crate) app: AppName,
    /// The service instance.
    pub(crate) service: ServiceName,
    /// Why, as a phrase.
    pub(crate) why: &'static str,
}

impl Facts for UnbindService {
    fn kind(&self) -> &'static str {
        "unbind-service"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("unbind service instance {} from {}: {}", self.service, self.app, self.why)
    }

    fn invocation(&self, cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::unbind_service(self.app.as_str(), self.service.as_str(), cf))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Unbound { app: self.app.to_string(), service: self.service.to_string() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Unbound { service: self.service.to_string() })
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        app.bindings.retain(|bound| bound.service != self.service.as_str());
    }

    /// cf 8.17: `unbind-service --wait` polls the job.
    fn is_watched_by_cf(&self) -> bool {
        true
    }

    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits::once(timeouts.binding)
    }

    fn changes(&self) -> &'static [Section] {
        &[]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }
}
