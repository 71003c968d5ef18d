//! Creates a route that leads nowhere yet.

use crate::cf::dialect::CfVersion;
use crate::cf::invocation::{Invocation, RouteParts};
use crate::cf::outcome::Expectation;
use crate::plan::{AppName, Lifecycle, RouteUrl};
use crate::space::condition::Must;
use crate::space::difference::Facet;
use crate::space::section::Section;
use crate::space::{Route, Space};

use super::facts::{Facts, NeededFlag};

/// Creates a route that leads nowhere yet: where mapping it does not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CreateRoute {
    /// The app that it will lead to.
    pub(crate) app: AppName,
    /// The route.
    pub(crate) url: RouteUrl,
    /// The route as cf takes it.
    pub(crate) route: RouteParts,
}

impl Facts for CreateRoute {
    fn kind(&self) -> &'static str {
        "create-route"
    }

    fn app(&self) -> &str {
        self.app.as_str()
    }

    fn purpose(&self) -> String {
        format!("create {} for {}", self.url, self.app)
    }

    fn invocation(&self, _cf: &CfVersion) -> Option<Invocation> {
        Some(Invocation::create_route(&self.route))
    }

    fn expectation(&self, _cf: &CfVersion) -> Option<Expectation> {
        Some(Expectation::RouteCreated { route: self.route.clone() })
    }

    fn must(&self) -> Option<Must> {
        Some(Must::RouteThere { url: self.url.clone() })
    }

    fn effect(&self, space: &mut Space) {
        if space.route(&self.url).is_none() {
            space.routes.push(Route::to_nobody(&self.url));
        }
    }

    fn changes(&self) -> &'static [Section] {
        &[Section::Routes]
    }

    fn may_change(&self, _facet: &Facet) -> bool {
        false
    }

    fn needed_flags(&self, _lifecycle: Option<Lifecycle>, space: &Space) -> &'static [NeededFlag] {
        const CREATES: &[NeededFlag] = &[NeededFlag::of_users("route_creation")];
        if space.route(&self.url).is_none() { CREATES } else { &[] }
    }
}
