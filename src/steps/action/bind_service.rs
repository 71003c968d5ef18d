//! Binds a service instance to an app.

use serde_json::Value;

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::Invocation;
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, ServiceName, Timeouts};
use crate::secret::Sensitive;
use crate::settings::Is;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{Binding, Space};

use super::facts::Facts;
use super::limits::Limits;
use super::model;

/// Binds a service instance to the app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BindService {
    /// The app.
    pub(crate) app: AppName,
    /// The service instance.
    pub(crate) service: ServiceName,
    /// The app that is bound so, where that is why.
    pub(crate) like: Option<AppName>,
    /// The name of the binding, where it is to have one of its own.
    pub(crate) name: Option<String>,
    /// What it is made with.
    pub(crate) parameters: Option<Value>,
}

impl Facts for BindService {
    fn kind(&self) -> &'static str {
        "bind-service"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let Self { app, service, .. } = self;
        match &self.like {
            Some(like) => format!("bind service instance {service} to {app}, as to {like}"),
            None => format!("bind service instance {service} to {app}"),
        }
    }

    fn invocation(&self, cf: &CfVersion) -> Option<Invocation> {
        let parameters = self.parameters.as_ref().map(|parameters| Sensitive::new(parameters.to_string()));
        let (app, service) = (self.app.as_str(), self.service.as_str());
        Some(Invocation::bind_service_as(app, service, self.name.as_deref(), parameters, cf))
    }

    fn undo(&self, cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::unbind_service(self.app.as_str(), self.service.as_str(), cf))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Bound { app: self.app.to_string(), service: self.service.to_string() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Bound { service: self.service.to_string() })
    }

    fn effect(&self, space: &mut Space) {
        let app = model::app(space, self.app.as_str());
        if !app.is_bound(self.service.as_str()) {
            let parameters = self.parameters.clone().map_or(Is::Untold, Is::Set);
            app.bindings.push(Binding { service: self.service.to_string(), name: self.name.clone(), parameters });
        }
    }

    /// cf 8.17: `bind-service --wait` polls the job.
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
