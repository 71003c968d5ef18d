//! Unmaps a route from an app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, RouteParts};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Protocol, RouteUrl, Timeouts};
use crate::space::Space;
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;

use super::facts::Facts;
use super::limits::Limits;
use super::model;
use super::question::RouterQuestion;
use super::traffic::Traffic;

/// Unmaps a route from the app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnmapRoute {
    /// The app.
    pub(crate) app: AppName,
    /// The route.
    pub(crate) url: RouteUrl,
    /// The route as cf takes it.
    pub(crate) route: RouteParts,
    /// Whether users are led there: what follows relies on it that none is any more, so the router is asked.
    pub(crate) serves_users: bool,
    /// What routers talk to the app there before it.
    pub(crate) protocol: Protocol,
}

impl Facts for UnmapRoute {
    fn kind(&self) -> &'static str {
        "unmap-route"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("unmap {} from {}", self.url, self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::unmap_route(self.app.as_str(), &self.route))
    }

    fn undo(&self, cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::map_route(self.app.as_str(), &self.route, self.protocol, cf))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::Unmapped { app: self.app.to_string(), route: self.route.clone() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Unmapped { url: self.url.clone() })
    }

    fn router_question(&self) -> Option<RouterQuestion<'_>> {
        self.serves_users.then_some(RouterQuestion::Gone { app: &self.app, url: &self.url })
    }

    fn effect(&self, space: &mut Space) {
        let guid = model::app(space, self.app.as_str()).guid.clone();
        for route in space.routes.iter_mut().filter(|route| route.is(&self.url)) {
            route.destinations.retain(|to| to.app != guid);
        }
    }

    fn traffic(&self) -> Traffic<'_> {
        Traffic::LeadsAway { url: &self.url }
    }

    /// A staging route on which nothing relies leads none of the app's users there.
    fn takes_away(&self) -> bool {
        self.serves_users
    }

    fn may_take_off(&self, route: &str) -> bool {
        self.url.is_written(route)
    }

    fn limits(&self, timeouts: &Timeouts) -> Limits {
        Limits { attempt: timeouts.call.min(timeouts.route), within: timeouts.route }
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Routes]
    }

    fn may_change(&self, facet: &Facet) -> bool {
        facet.is_of_route(&self.url)
    }
}
