//! Maps a route to an app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, RouteParts};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle, Protocol, RouteUrl, Timeouts};
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{Destination, Route, Space};

use super::facts::{Facts, NeededFlag};
use super::limits::Limits;
use super::model;
use super::question::RouterQuestion;
use super::traffic::Traffic;

/// Maps a route to the app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MapRoute {
    /// The app.
    pub(crate) app: AppName,
    /// The route.
    pub(crate) url: RouteUrl,
    /// The route as cf takes it.
    pub(crate) route: RouteParts,
    /// Whether the router is asked if it leads to the app; not where the app is not started yet.
    pub(crate) ask_router: bool,
    /// What routers are to talk to the app there.
    pub(crate) protocol: Protocol,
}

impl Facts for MapRoute {
    fn kind(&self) -> &'static str {
        "map-route"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        let how = if self.protocol.is_usual() { String::new() } else { format!(" by {}", self.protocol.as_str()) };
        format!("map {} to {}{how}", self.url, self.app)
    }

    fn invocation(&self, cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::map_route(self.app.as_str(), &self.route, self.protocol, cf))
    }

    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::unmap_route(self.app.as_str(), &self.route))
    }

    fn expectation(&self, cf: &CfVersion) -> Option<Expectation> {
        let protocol = self.protocol;
        Some(if Invocation::is_by_request(protocol, cf) {
            Expectation::DestinationAdded { protocol }
        } else {
            Expectation::Mapped { app: self.app.to_string(), route: self.route.clone(), protocol }
        })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::Mapped { url: self.url.clone(), protocol: self.protocol })
    }

    fn router_question(&self) -> Option<RouterQuestion<'_>> {
        self.ask_router.then_some(RouterQuestion::Reached { app: &self.app, url: &self.url })
    }

    fn effect(&self, space: &mut Space) {
        let guid = model::app(space, self.app.as_str()).guid.clone();
        let to = Destination::web(&guid, self.protocol);
        match space.routes.iter_mut().find(|route| route.is(&self.url)) {
            Some(route) if route.leads_to(&guid) => {}
            Some(route) => route.destinations.push(to),
            None => space.routes.push(Route { destinations: vec![to], ..Route::to_nobody(&self.url) }),
        }
    }

    fn traffic(&self) -> Traffic<'_> {
        Traffic::Leads { url: &self.url }
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

    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, space: &Space) -> &'static [NeededFlag] {
        const CREATES: &[NeededFlag] = &[NeededFlag::of_users("route_creation")];
        if space.route(&self.url).is_none() { CREATES } else { &[] }
    }
}
