//! Maps a route to an app.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, RouteParts};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle, RouteUrl, Timeouts};
use crate::settings::WEB;
use crate::space::condition::Condition;
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
}

impl Facts for MapRoute {
    fn kind(&self) -> &'static str {
        "map-route"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("map {} to {}", self.url, self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::map_route(self.app.as_str(), &self.route))
    }

    fn undo(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::unmap_route(self.app.as_str(), &self.route))
    }

    fn expectation(&self) -> Option<Expectation> {
        Some(Expectation::Mapped { app: self.app.to_string(), route: self.route.clone() })
    }

    fn condition(&self) -> Option<Condition> {
        Some(Condition::Mapped { app: self.app.to_string(), url: self.url.clone() })
    }

    fn router_question(&self) -> Option<RouterQuestion<'_>> {
        self.ask_router.then_some(RouterQuestion::Reached { app: &self.app, url: &self.url })
    }

    fn effect(&self, space: &mut Space) {
        let guid = model::app(space, self.app.as_str()).guid.clone();
        let to = Destination { app: guid.clone(), process: WEB.to_owned() };
        match space.routes.iter_mut().find(|route| route.is(&self.url)) {
            Some(route) if route.leads_to(&guid) => {}
            Some(route) => route.destinations.push(to),
            None => space.routes.push(Route {
                guid: format!("route {}", self.url),
                url: self.url.to_string(),
                destinations: vec![to],
                shared_by: None,
            }),
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
